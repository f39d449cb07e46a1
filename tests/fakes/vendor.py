"""What all fake vendors share: a script, files to download, and eyes for what a real one would refuse."""

import asyncio
import io
import time
from abc import ABC, abstractmethod
from collections import deque

from PIL import Image

from tests.fakes.wire import Answer, Received, WireServer, json_answer

KEY = "sk-relay-0123456789abcdef"
ORIENTATION = 0x0112
CREDENTIALS = ("authorization", "x-goog-api-key", "cookie", "proxy-authorization")


class Vendor(WireServer, ABC):
    """Answers `latency` seconds after a request is there: what is scripted first, one a request, in order; else a refusal of
    what is wrong with the request (`checked`), else a good answer (`default`). Files are served to whoever sends no
    credentials."""

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
        self.files: dict[str, Answer] = {}

    def script(self, *answers: Answer) -> None:
        """The next requests get these answers, whatever they ask."""
        self.scripted.extend(answers)

    def serve_file(self, path: str, answer: Answer) -> str:
        """Publish a result at `path`; its URL."""
        self.files[path] = answer
        return self.base_url + path

    async def answer(self, request: Received) -> Answer:
        path = request.path.split("?")[0]
        if path in self.files:
            leaked = [name for name in CREDENTIALS if name in request.headers]
            return error(403, f"SignatureDoesNotMatch: {leaked}") if leaked else self.files[path]
        due = time.monotonic() + self.latency
        answer = self.scripted.popleft() if self.scripted else self._judged(request, path)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        return answer

    def _judged(self, request: Received, path: str) -> Answer:
        if len(request.body) > self.max_body:
            return error(413, "Request Entity Too Large", "request_too_large")
        return self.checked(request, path) or self.default(request)

    @abstractmethod
    def checked(self, request: Received, path: str) -> Answer | None:
        """The refusal that this request deserves, if any."""

    @abstractmethod
    def default(self, request: Received) -> Answer:
        """A good answer in the vendor's own form."""


MODELS = json_answer({"object": "list", "data": [{"id": "fake-image-model", "object": "model"}]})


def refused_image(images: list[bytes]) -> str:
    """What a vendor says of the first image that is not plain, upright and of a format that it takes; else nothing."""
    for number, data in enumerate(images, start=1):
        try:
            with Image.open(io.BytesIO(data)) as image:
                if image.format not in {"JPEG", "PNG", "WEBP"} or image.mode == "CMYK":
                    return f"Invalid image file or mode for image {number}, please check your image file."
                if image.getexif().get(ORIENTATION, 1) != 1:
                    return f"image {number} is not upright"
                image.load()
        except (OSError, SyntaxError):
            return f"Unable to process input image {number}."
    return ""


def error(
    status: int, message: str, code: object = None, kind: str = "invalid_request_error", **headers: str
) -> Answer:
    """An error in OpenAI's form; further arguments are headers."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return json_answer(body, status, headers=named)
