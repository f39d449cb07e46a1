"""`/v1/chat/completions` with images: OpenRouter, and the relays that put any model behind this one door."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

from backend.upstreams.adapter import Adapter, Order, data_url
from backend.upstreams.base import EditRequest
from backend.upstreams.chat_pictures import finish_of, merged, pictures_in, words_in
from backend.upstreams.classify import SAFETY_FINISHES, complained, refused
from backend.upstreams.config import UpstreamConfig
from backend.upstreams.http import Http
from backend.upstreams.shapes import RATIOS, nearest_ratio


class OpenAIChat(Adapter):
    """Takes the last picture, wherever the answer hides it: models behind relays send their drafts first."""

    kind = "openai-chat"

    def __init__(self, config: UpstreamConfig, http: Http) -> None:
        super().__init__(config, http)
        if urlsplit(self.api).hostname == "openrouter.ai":
            self.probe_path = "/key"  # its list of models is open to anybody, and proves nothing

    def order_for(self, request: EditRequest) -> Order:
        if self.config.image_order == "auto" and "gpt-" in request.model:
            return "image-first"
        return super().order_for(request)

    async def _edited(self, request: EditRequest) -> tuple[str, str]:
        document = await self.post(
            "/chat/completions", self._body(request), optional=frozenset({"modalities", "image_config"})
        )
        return await asyncio.to_thread(self._result, document)

    def _result(self, document: Any) -> tuple[str, str]:
        if isinstance(document, list):
            document = merged(document)
            error = complained(document, self.secrets)
            if error is not None:
                raise error
        pictures, words, finish = pictures_in(document), words_in(document), finish_of(document)
        if not pictures or finish.lower() in SAFETY_FINISHES:
            raise refused(finish, words, secrets=self.secrets)
        return pictures[-1], words[:500]

    def _body(self, request: EditRequest) -> dict[str, Any]:
        pictures = [{"type": "image_url", "image_url": {"url": data_url(image)}} for image in self.images(request)]
        content = [{"type": "text", "text": self.prompt(request)}, *pictures]
        options = {}
        if request.aspect_ratio or request.references:
            options["aspect_ratio"] = request.aspect_ratio or nearest_ratio(request.image, RATIOS)
        if request.image_size:
            options["image_size"] = request.image_size
        return {
            "model": request.model,
            "stream": False,
            "modalities": ["image", "text"],
            **({"image_config": options} if options else {}),
            "messages": [{"role": "user", "content": content}],
        }
