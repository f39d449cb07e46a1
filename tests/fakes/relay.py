"""A relay that speaks `/v1/chat/completions` with images: by default it answers a picture made from the one it got.

`python -m tests.fakes.relay --port 9000 --latency 1.0` runs one by itself.
"""

import argparse
import asyncio
import base64

from tests.fakes.pictures import data_url, png_for
from tests.fakes.vendor import KEY, MODELS, Vendor, error, refused_image
from tests.fakes.wire import Answer, Received, json_answer

__all__ = ["KEY", "ImageRelay", "completion", "error", "image_item", "sent_images"]


class ImageRelay(Vendor):
    """Answers each request after `latency` seconds. Scripted answers come first, one a request, in order; then `default`.

    A request that the real thing would refuse (no key, no image, no prompt) is refused here too. With `openrouter`, an
    answer has no picture unless `modalities` asks for one.
    """

    openrouter = False

    def checked(self, request: Received, path: str) -> Answer | None:
        if (request.method, path) not in {("POST", "/v1/chat/completions"), ("GET", "/v1/models")}:
            return error(404, f"Invalid URL ({request.method} {path})", "invalid_url")
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return error(401, "Incorrect API key provided", "invalid_api_key")
        if request.method == "GET":
            return MODELS
        try:
            body = request.json()
            parts = body["messages"][-1]["content"]
            texts = [part["text"] for part in parts if part["type"] == "text"]
        except (ValueError, LookupError, TypeError) as bad:
            return error(400, f"malformed request: {bad!r}", "invalid_request")
        images = sent_images(request)
        if not any(text.strip() for text in texts) or not images:
            return error(400, "a prompt and an image are needed", "invalid_request")
        if complaint := refused_image(images):
            return error(400, complaint, "invalid_image_file")
        if self.openrouter and "image" not in body.get("modalities", []):
            return json_answer(completion("A text answer."))
        return None

    def default(self, request: Received) -> Answer:
        """An OpenRouter-shaped answer with a picture that depends on the prompt and the images sent."""
        return json_answer(completion(images=[image_item(data_url(png_for(request.body)))]))


def sent_images(request: Received) -> list[bytes]:
    """The images of a chat request, decoded, in the order of the wire."""
    parts = request.json()["messages"][-1]["content"]
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [base64.b64decode(url.partition(",")[2], validate=True) for url in urls]


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
