"""A relay that speaks `/v1/chat/completions` with images: by default it answers a picture made from the one it got.

`python -m tests.fakes.relay --port 9000 --latency 1.0` runs one by itself.
"""

import argparse
import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable

from tests.fakes.pictures import data_url, png_for
from tests.fakes.wire import Answer, Received, WireServer, json_answer

KEY = "sk-relay-0123456789abcdef"


class ImageRelay(WireServer):
    """Answers each request after `latency` seconds. Scripted answers come first, one a request, in order; then `default`.

    A request that the real thing would refuse (no key, no image, no prompt) is refused here too.
    """

    def __init__(
        self,
        *,
        latency: float = 0.0,
        key: str = KEY,
        host: str = "127.0.0.1",
        port: int = 0,
        max_body: int = 50_000_000,
    ) -> None:
        super().__init__(host=host, port=port)
        self.latency = latency
        self.key = key
        self.max_body = max_body
        self.scripted: deque[Answer] = deque()
        self.default: Callable[[Received], Answer] = edited
        self.files: dict[str, Answer] = {}

    def script(self, *answers: Answer) -> None:
        """The next requests get these answers, whatever they ask."""
        self.scripted.extend(answers)

    def serve_file(self, path: str, answer: Answer) -> str:
        """Publish a result at `path`; its URL. No key may be sent there."""
        self.files[path] = answer
        return self.base_url + path

    async def answer(self, request: Received) -> Answer:
        path = request.path.split("?")[0]
        if path in self.files:
            return self.files[path] if "authorization" not in request.headers else error(403, "SignatureDoesNotMatch")
        answer = self.scripted.popleft() if self.scripted else self.checked(request, path) or self.default(request)
        await asyncio.sleep(self.latency)
        return answer

    def checked(self, request: Received, path: str) -> Answer | None:
        """The refusal that this request deserves, if any."""
        if path != "/v1/chat/completions" or request.method != "POST":
            return error(404, f"Invalid URL ({request.method} {path})", "invalid_url")
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return error(401, "Incorrect API key provided", "invalid_api_key")
        if len(request.body) > self.max_body:
            return error(413, "Request Entity Too Large", "request_too_large")
        try:
            parts = request.json()["messages"][-1]["content"]
            texts = [part["text"] for part in parts if part["type"] == "text"]
        except (ValueError, LookupError, TypeError) as bad:
            return error(400, f"malformed request: {bad!r}", "invalid_request")
        if not any(text.strip() for text in texts) or not sent_images(request):
            return error(400, "a prompt and an image are needed", "invalid_request")
        return None


def sent_images(request: Received) -> list[bytes]:
    """The images of a chat request, decoded, in the order of the wire."""
    parts = request.json()["messages"][-1]["content"]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(",")[2], validate=True) for url in urls]


def edited(request: Received) -> Answer:
    """An OpenRouter-shaped answer with a picture that depends on the prompt and on the last image sent."""
    prompt = json.dumps(request.json()["messages"], ensure_ascii=False) if request.body else ""
    return json_answer(completion(images=[image_item(data_url(png_for(prompt.encode())))]))


def image_item(url: str) -> dict[str, object]:
    return {"type": "image_url", "image_url": {"url": url}}


def completion(content: object = "", finish_reason: str | None = "stop", **message: object) -> dict[str, object]:
    """A chat completion whose message has `content` and whatever else is given."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "fake-image-model",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish_reason,
                "message": {"role": "assistant", "content": content, **message},
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1290, "total_tokens": 1300},
    }


def error(
    status: int, message: str, code: object = None, kind: str = "invalid_request_error", **headers: str
) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return json_answer(body, status, headers=named)


async def _serve(port: int, latency: float) -> None:
    async with ImageRelay(port=port, latency=latency) as relay:
        print(f"{relay.base_url} key {relay.key}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=1.0)
    options = parser.parse_args()
    asyncio.run(_serve(options.port, options.latency))
