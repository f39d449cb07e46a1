"""The images API: OpenAI's multipart edits, and the vendors that edit through `/images/generations` with an `image`."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from backend.upstreams.adapter import Adapter, Order, data_url
from backend.upstreams.base import EditRequest
from backend.upstreams.chat_pictures import pictures_in
from backend.upstreams.classify import complained, refused
from backend.upstreams.config import UpstreamConfig
from backend.upstreams.http import Http, Reply
from backend.upstreams.shapes import nearest_ratio, pixels, ratio_of

_OPTIONAL = frozenset(
    {"size", "quality", "input_fidelity", "output_format", "n", "response_format", "watermark", "stream"}
)
_OPTIONAL_GENERATION = _OPTIONAL | {"sequential_image_generation"}
_FIXED_SIZES = {"1:1": "1024x1024", "3:2": "1536x1024", "2:3": "1024x1536"}
_HOSTS = {
    "volces.com": "ark",
    "bytepluses.com": "ark",
    "siliconflow.cn": "siliconflow",
    "siliconflow.com": "siliconflow",
}
_SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class OpenAIImages(Adapter):
    """The image to edit goes first: prompts count from "image 1", and a mask would apply to it."""

    kind = "openai-images"
    order: Order = "image-first"

    def __init__(self, config: UpstreamConfig, http: Http) -> None:
        host = urlsplit(config.base_url).hostname or ""
        known = next(
            (dialect for name, dialect in _HOSTS.items() if host == name or host.endswith(f".{name}")), "openai"
        )
        self.dialect = known if config.dialect == "auto" else config.dialect
        self.version = "api/v3" if self.dialect == "ark" else "v1"
        super().__init__(config, http)

    async def _edited(self, request: EditRequest) -> tuple[str, str]:
        if self.dialect == "ark":
            document = await self.post("/images/generations", self._ark(request), optional=_OPTIONAL_GENERATION)
        elif self.dialect == "siliconflow":
            document = await self.post("/images/generations", self._siliconflow(request), optional=_OPTIONAL_GENERATION)
        else:
            document = await self.exchange(
                lambda fields: self._send_form(request, fields), self._openai(request), _OPTIONAL
            )
        return await asyncio.to_thread(self._result, document)

    def _result(self, document: Any) -> tuple[str, str]:
        if isinstance(document, list):
            document = self._completed(document)
        pictures = _pictures(document)
        if not pictures:
            error = _item_error(document)
            raise complained(error, self.secrets) or refused("", _words(document), secrets=self.secrets)
        return pictures[0], _words(document)[:500]

    async def _send_form(self, request: EditRequest, fields: Mapping[str, Any]) -> Reply:
        images = self.images(request)
        name = "image" if len(images) == 1 else "image[]"
        files = [
            (name, (f"image{number}.{_SUFFIXES.get(image.mime_type, 'png')}", image.data, image.mime_type))
            for number, image in enumerate(images, start=1)
        ]
        form = {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()}
        url = f"{self.api}/images/edits"
        return await self._http.call("POST", url, headers=self.headers(), form=form, files=files, secrets=self.secrets)

    def _openai(self, request: EditRequest) -> dict[str, Any]:
        # no response_format: the GPT models always answer base64, and call that field unknown
        fields: dict[str, Any] = {"model": request.model, "prompt": self.prompt(request), "n": 1}
        if request.aspect_ratio or request.image_size or request.references:
            fields["size"] = self._size(request)
        if request.model.startswith(("gpt-image-1", "chatgpt-image")) and "-mini" not in request.model:
            fields["input_fidelity"] = "high"
        return fields

    def _size(self, request: EditRequest) -> str:
        """Any multiple of 16 within 3:1 for the second generation; the nearest of three shapes for the first."""
        if not request.model.startswith("gpt-image-2"):
            if request.aspect_ratio is None:
                return _FIXED_SIZES[nearest_ratio(request.image, tuple(_FIXED_SIZES))]
            wanted = ratio_of(request.aspect_ratio)
            return _FIXED_SIZES["1:1" if 0.8 < wanted < 1.25 else "3:2" if wanted > 1 else "2:3"]
        ratio = ratio_of(request.aspect_ratio or f"{max(1, request.image.width)}:{max(1, request.image.height)}")
        width, height = pixels(min(3.0, max(1 / 3, ratio)), request.image_size, longest=3840, area=3840 * 2160)
        return f"{width}x{height}"

    def _ark(self, request: EditRequest) -> dict[str, Any]:
        images = [data_url(image) for image in self.images(request)]
        size = request.image_size or "2K"
        if request.aspect_ratio or request.references:
            ratio = ratio_of(request.aspect_ratio or f"{max(1, request.image.width)}:{max(1, request.image.height)}")
            width, height = pixels(min(16.0, max(1 / 16, ratio)), size, longest=8192, area=16_777_216)
            size = f"{width}x{height}"
        return {
            "model": request.model,
            "prompt": self.prompt(request),
            "image": images[0] if len(images) == 1 else images,
            "size": size,
            "response_format": "b64_json",
            "watermark": False,
            "sequential_image_generation": "disabled",
            "stream": False,
        }

    def _siliconflow(self, request: EditRequest) -> dict[str, Any]:
        names = ("image", "image2", "image3", "image4")
        images = {name: data_url(image) for name, image in zip(names, self.images(request), strict=False)}
        return {"model": request.model, "prompt": self.prompt(request), **images}

    def _completed(self, events: list[Any]) -> Any:
        """What a stream ends with; the pictures before the end are previews."""
        last: Any = {}
        shown = False
        for event in (event for event in events if isinstance(event, dict)):
            error = complained(event, self.secrets)
            if error is not None:
                raise error
            kind = str(event.get("type", ""))
            if "partial" in kind and "partial_succeeded" not in kind:
                continue
            # each event is looked through once: one can be 30 MB, and a hundred thousand can follow it
            pictured = bool(_pictures(event))
            if pictured or not shown:
                last, shown = event, pictured
        return last


def _pictures(document: Any) -> list[str]:
    """`data[]` or `images[]` items, one bare item, MiniMax's lists, or a chat answer on the wrong path."""
    if not isinstance(document, dict):
        return []
    data = document.get("data")
    if isinstance(data, dict):
        lists = [data.get(name) for name in ("image_base64", "image_urls", "images")]
        listed = [
            item for values in lists if isinstance(values, list) for item in values if isinstance(item, str) and item
        ]
        return listed or _pictures({name: data[name] for name in ("b64_json", "url", "images") if name in data})
    if isinstance(data, str):
        return pictures_in({"images": [data]})
    bare = [value for name in ("b64_json", "url") if isinstance(value := document.get(name), str) and value]
    return bare or pictures_in(document)


def _item_error(document: Any) -> Any:
    """The error that stands where a picture should."""
    items = document.get("data") if isinstance(document, dict) else None
    errors = (
        item for item in (items if isinstance(items, list) else []) if isinstance(item, dict) and item.get("error")
    )
    return next(errors, None)


def _words(document: Any) -> str:
    items = document.get("data") if isinstance(document, dict) else None
    first = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    prompt = first.get("revised_prompt")
    return prompt if isinstance(prompt, str) else ""
