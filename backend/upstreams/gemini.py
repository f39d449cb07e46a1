"""Gemini's own `generateContent`: Google itself, and the relays that speak it."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

from backend.upstreams.adapter import Adapter, b64
from backend.upstreams.base import WORDS, EditRequest, UpstreamError
from backend.upstreams.chat_pictures import pictures_in_text
from backend.upstreams.classify import SAFETY_FINISHES, blocked_prompt, complained, refused
from backend.upstreams.shapes import RATIOS, nearest_ratio

_GOOD_FINISHES = frozenset({"", "STOP", "MAX_TOKENS", "FINISH_REASON_UNSPECIFIED"})


class Gemini(Adapter):
    """The image to edit goes last, and the last image that is no thought is the result."""

    kind = "gemini"
    version = "v1beta"
    probe_path = "/models?pageSize=1000"

    def headers(self) -> dict[str, str]:
        """Google wants its own header; relays on the same path want a bearer token."""
        host = urlsplit(self.api).hostname or ""
        if self.config.auth == "auto" and (host == "googleapis.com" or host.endswith(".googleapis.com")):
            return {"x-goog-api-key": self.config.key, **self.config.extra_headers}
        return super().headers()

    async def _edited(self, request: EditRequest) -> tuple[str, str]:
        model = quote(request.model.removeprefix("models/"), safe="-._~")
        document = await self.post(f"/models/{model}:generateContent", self._body(request))
        return await asyncio.to_thread(self._result, document)

    def _result(self, document: Any) -> tuple[str, str]:
        chunks = [
            chunk for chunk in (document if isinstance(document, list) else [document]) if isinstance(chunk, dict)
        ]
        for chunk in chunks if isinstance(document, list) else []:
            if error := complained(chunk, self.secrets):
                raise error
        parts = [part for chunk in chunks for part in _parts(chunk)]
        pictures = [picture for part in parts for picture in _pictures(part)]
        reason, words = _finish(chunks), _words(chunks, parts)
        if not pictures or reason.lower() in SAFETY_FINISHES:
            raise self._refusal(chunks, reason, words)
        return pictures[-1], words[:500]

    def _refusal(self, chunks: list[dict[str, Any]], reason: str, words: str) -> UpstreamError:
        for chunk in chunks:
            feedback = chunk.get("promptFeedback") or chunk.get("prompt_feedback")
            block = _field(feedback, "blockReason", "block_reason")
            if isinstance(block, str) and block:
                message = _field(feedback, "blockReasonMessage", "block_reason_message")
                return blocked_prompt(block, message if isinstance(message, str) else words, secrets=self.secrets)
        return refused("" if reason in _GOOD_FINISHES else reason, words, secrets=self.secrets)

    def _body(self, request: EditRequest) -> dict[str, Any]:
        # camelCase throughout: at relays snake_case is ignored without a word
        images = [{"inlineData": {"mimeType": image.mime_type, "data": b64(image)}} for image in self.images(request)]
        return {
            "contents": [{"role": "user", "parts": [{"text": self.prompt(request)}, *images]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"], **_image_config(request)},
        }


def _image_config(request: EditRequest) -> dict[str, Any]:
    """Ratio and size as this model takes them: the 2.5 generation refuses a size, and K is a capital."""
    config = {}
    if request.aspect_ratio or request.references:
        config["aspectRatio"] = request.aspect_ratio or nearest_ratio(request.image, RATIOS)
    if request.image_size and "2.5" not in request.model:
        config["imageSize"] = "512" if request.image_size.upper() == "0.5K" else request.image_size.upper()
    return {"imageConfig": config} if config else {}


def _candidates(chunk: dict[str, Any]) -> Iterator[dict[str, Any]]:
    candidates = chunk.get("candidates")
    return (one for one in (candidates if isinstance(candidates, list) else [])[:1] if isinstance(one, dict))


def _parts(chunk: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of the answer; `content` and `parts` may each be missing or null, and thoughts are no answer."""
    for candidate in _candidates(chunk):
        parts = _field(candidate.get("content"), "parts")
        yield from (
            part
            for part in (parts if isinstance(parts, list) else [])
            if isinstance(part, dict) and part.get("thought") is not True
        )


def _pictures(part: dict[str, Any]) -> Iterator[str]:
    data = _field(_field(part, "inlineData", "inline_data"), "data")
    address = _field(_field(part, "fileData", "file_data"), "fileUri", "file_uri")
    for picture in (data, address):
        if isinstance(picture, str) and picture:
            yield picture
    yield from pictures_in_text(part.get("text"))


def _finish(chunks: list[dict[str, Any]]) -> str:
    reasons = [
        _field(candidate, "finishReason", "finish_reason") for chunk in chunks for candidate in _candidates(chunk)
    ]
    return next((reason for reason in reversed(reasons) if isinstance(reason, str)), "")


def _words(chunks: list[dict[str, Any]], parts: list[dict[str, Any]]) -> str:
    """What the model wrote, and what Google says about how it ended."""
    said = [text for part in parts if not pictures_in_text(text := str(part.get("text") or "")[:WORDS])]
    said += [
        _field(candidate, "finishMessage", "finish_message") for chunk in chunks for candidate in _candidates(chunk)
    ]
    return " ".join(" ".join(text for text in said if isinstance(text, str)).split())


def _field(value: Any, *names: str) -> Any:
    """The first of `names` that the object has, camelCase or snake_case; None when it is no object."""
    return next((value[name] for name in names if name in value), None) if isinstance(value, dict) else None
