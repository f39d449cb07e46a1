"""All the places where a chat answer may hide its picture. Each was met in the wild; the order is the order of trust."""

import re
from collections.abc import Iterator
from typing import Any

from backend.upstreams.base import WORDS

_MARKDOWN = re.compile(r"!\[[^\]\n]{0,500}\]\(\s*<?((?:data:image/|https?://)[^)\s>]+)", re.I)
_HTML = re.compile(r"<img\b[^>]{0,500}?\bsrc=[\"']((?:data:image/|https?://)[^\"'\s>]+)", re.I)
_DATA_URL = re.compile(r"data:image/[\w.+-]{1,40};base64,[A-Za-z0-9+/=_-]+")
_ADDRESS = re.compile(r"https?://[^\s)\"'<>\]]+", re.I)
_IMAGE_PATH = re.compile(r"\.(?:png|jpe?g|webp|gif|avif|bmp)$", re.I)
_BEGINNINGS = ("data:image/", "http://", "https://", "iVBORw0KGgo", "/9j/", "UklGR")
_MOST_BEGINNINGS = 10_000
_PICTURE_KEYS = ("b64_json", "image_base64", "base64", "data", "url", "image", "result")


def pictures_in(document: Any) -> list[str]:
    """Every picture of a completion, each once: base64, data URLs or addresses, drafts before the final one."""
    found: list[str] = []
    for message in _messages(document):
        for name in ("images", "content", "multi_mod_content", "multi_modal_content", "parts"):
            value = message.get(name)
            items = [value] if name == "images" and isinstance(value, (str, dict)) else _list(value)
            found += (picture for item in items for picture in _in_item(item))
        custom = message.get("custom_content")
        attachments = custom.get("attachments") if isinstance(custom, dict) else None
        found += (picture for item in _list(attachments) for picture in _in_item(item))
        if not found:
            found += pictures_in_text(message.get("content"))
            found += (
                [] if found else (p for item in _list(message.get("content")) for p in pictures_in_text(_text_of(item)))
            )
    if not found and isinstance(document, dict):
        for name in ("data", "images"):
            found += (picture for item in _list(document.get(name)) for picture in _in_item(item))
    return list(dict.fromkeys(found))


def words_in(document: Any) -> str:
    """What the answer says beside the picture; a picture written into the text is not words."""
    words: list[str] = []
    for message in _messages(document):
        content = message.get("content")
        texts = [content] if isinstance(content, str) else [_text_of(item) for item in _list(content)]
        texts += [message.get("refusal")]
        words += (_DATA_URL.sub("[image]", text[:WORDS]) for text in texts[:WORDS] if isinstance(text, str))
    return " ".join(" ".join(words).split())


def finish_of(document: Any) -> str:
    """Why the model stopped: its own reason when a gateway passes it on, else the gateway's word for it."""
    for choice in _choices(document):
        for name in ("native_finish_reason", "finish_reason"):
            reason = choice.get(name)
            if isinstance(reason, str) and reason.lower() not in {"", "stop", "length", "max_tokens", "completed"}:
                return reason
    return ""


def merged(events: list[Any]) -> dict[str, Any]:
    """The completion that a stream of deltas amounts to; an error event becomes its error."""
    content: list[str] = []
    message: dict[str, Any] = {}
    choice: dict[str, Any] = {}
    whole: dict[str, Any] = {}
    for event in events:
        if not isinstance(event, dict):
            continue
        if event.get("error"):
            return {"error": event["error"]}
        whole |= {name: event[name] for name in ("data", "images") if isinstance(event.get(name), list)}
        for piece in _choices(event):
            choice |= {name: value for name, value in piece.items() if name != "delta" and value is not None}
            delta = piece.get("delta")
            for name, value in (delta if isinstance(delta, dict) else {}).items():
                if name == "content" and isinstance(value, str):
                    content.append(value)
                elif isinstance(value, list):
                    kept = message.get(name)
                    message[name] = kept if isinstance(kept, list) else []
                    message[name] += value
                elif value is not None:
                    message[name] = value
    last = choice.get("message")
    if isinstance(last, dict):
        message |= last
    message.setdefault("content", "".join(content))
    return {**whole, "choices": [{**choice, "message": message}]}


def _messages(document: Any) -> Iterator[dict[str, Any]]:
    for choice in _choices(document):
        for name in ("message", "delta"):
            if isinstance(choice.get(name), dict):
                yield choice[name]


def _choices(document: Any) -> Iterator[dict[str, Any]]:
    choices = document.get("choices") if isinstance(document, dict) else None
    return (choice for choice in _list(choices)[:1] if isinstance(choice, dict))


def _in_item(item: Any) -> Iterator[str]:
    """The picture of one element of a list, in any of its spellings; a draft (`thought`) is none."""
    if isinstance(item, str):
        if item.startswith(_BEGINNINGS):
            yield item
        return
    if not isinstance(item, dict) or item.get("thought") is True:
        return
    for name in ("image_url", "inline_data", "inlineData", "source", "image", "file"):
        inner = item.get(name)
        if isinstance(inner, dict):
            yield from _value_of(inner)
            return
        if isinstance(inner, str) and inner:
            yield inner
            return
    if str(item.get("type")) not in {"text", "input_text", "output_text", "reasoning"}:
        yield from _value_of(item)


def _value_of(item: dict[str, Any]) -> Iterator[str]:
    for name in _PICTURE_KEYS:
        value = item.get(name)
        if isinstance(value, str) and value:
            yield value
            return


def pictures_in_text(text: Any) -> list[str]:
    """Pictures written into text: markdown, HTML, a bare data URL, a bare address."""
    if not isinstance(text, str):
        return []
    shown = _found(_MARKDOWN, "![", text) or _found(_HTML, "<", text) or _found(_DATA_URL, "data:image/", text)
    if shown:
        return shown
    addresses = [address.rstrip(".,;") for address in _found(_ADDRESS, "://", text)]
    if len(addresses) == 1 and text.strip() == addresses[0]:
        return addresses
    return [address for address in addresses if _IMAGE_PATH.search(re.split(r"[?#]", address, maxsplit=1)[0])]


def _found(pattern: re.Pattern[str], beginning: str, text: str) -> list[str]:
    """All that `pattern` finds. A text that begins it ten thousand times is no answer, and 64 MB of it would take minutes."""
    return [] if text.count(beginning) > _MOST_BEGINNINGS else pattern.findall(text)


def _text_of(item: Any) -> Any:
    return item.get("text") if isinstance(item, dict) else item


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
