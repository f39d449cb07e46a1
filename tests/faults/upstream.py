"""The ground truth: a relay that keeps its own journal of who asked for what when, and misbehaves by a seeded dice.

It knows an image by its size in pixels and a batch by its prompt, so it needs nothing that the service says of itself.
"""

import asyncio
import base64
import io
import os
import random
import socket
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from PIL import Image

from tests.fakes.pictures import data_url, png_for
from tests.fakes.relay import ImageRelay, completion, image_item, sent_images
from tests.fakes.vendor import error
from tests.fakes.wire import Answer, Received, json_answer

Work = tuple[str, int]
"""Prompt, and width of the image: one image of one batch."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How the relay behaves: each word is a share of the answers, what is left is good. Seconds are drawn evenly."""

    quickest: float = 0.05
    slowest: float = 0.3
    refusals: float = 0.0
    failures: float = 0.0
    limits: float = 0.0
    garbage: float = 0.0
    truncated: float = 0.0


_peer: ContextVar[asyncio.StreamWriter] = ContextVar("peer")


@dataclass(slots=True)
class Call:
    """One request, by the relay's own clock, and the connection it came on."""

    work: Work
    received: Received
    peer: asyncio.StreamWriter
    answered: str = ""

    @property
    def began(self) -> float:
        return self.received.started


@dataclass(slots=True)
class Journal:
    """All calls, and the most that were open at once: a connection that its client has closed is not open any more."""

    calls: list[Call] = field(default_factory=list)
    most_open: int = 0

    def of(self, prompt: str) -> list[Call]:
        return [call for call in self.calls if call.work[0] == prompt]

    def by_work(self) -> dict[Work, list[Call]]:
        found: dict[Work, list[Call]] = {}
        for call in self.calls:
            found.setdefault(call.work, []).append(call)
        return found


class FaultyRelay(ImageRelay):
    """Misbehaves as `manners` say, with `rng`'s luck. Every refusal repeats the key it was sent: nobody may keep that."""

    def __init__(self, rng: random.Random, manners: Manners | None = None) -> None:
        super().__init__()
        self.rng, self.manners = rng, manners or Manners()
        self.journal = Journal()
        self.spoilt: list[Answer] = []

    def spoil(self, answers: Iterable[Answer]) -> None:
        """Give these answers first, one each, whatever is asked."""
        self.spoilt += answers

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        _peer.set(writer)
        return await super()._exchange(reader, writer)

    async def answer(self, request: Received) -> Answer:
        if request.method != "POST" or not sent_images(request):
            return await super().answer(request)
        call = Call(work_of(request), request, _peer.get())
        self.journal.calls.append(call)
        self.journal.most_open = max(self.journal.most_open, self.open_calls())
        if self.spoilt:
            call.answered = "spoilt"
            return self.spoilt.pop(0)
        refused = self.checked(request, request.path)
        call.answered, answer = ("refused", refused) if refused else self._luck(request)
        return answer

    def open_calls(self) -> int:
        """Requests that wait for their answer and whose client is still there."""
        return sum(
            1 for call in self.journal.calls[-200:] if call.received.finished is None and not _hung_up(call.peer)
        )

    def _luck(self, request: Received) -> tuple[str, Answer]:
        manners, draw = self.manners, self.rng.random()
        latency = self.rng.uniform(manners.quickest, manners.slowest)
        whole = json_answer(completion(images=[image_item(data_url(png_for(request.body)))]), latency=latency)
        kinds = {
            "safety": (manners.refusals, error(400, f"your key {self.key}: rejected by the safety system", "safety")),
            "failure": (manners.failures, error(500, f"internal error for {self.key}", "server_error")),
            "limit": (manners.limits, error(429, "slow down", "rate_limit_exceeded", retry_after="1")),
            "garbage": (manners.garbage, json_answer(completion(f"no image for {self.key}"), latency=latency)),
            "truncated": (manners.truncated, Answer(200, whole.body, whole.headers, latency, cut_after=200)),
        }
        for name, (share, answer) in kinds.items():
            if draw < share:
                return name, answer
            draw -= share
        return "image", whole


def work_of(request: Received) -> Work:
    """Which image of which batch a request is for."""
    parts = request.json()["messages"][-1]["content"]
    prompt = next(part["text"] for part in parts if part["type"] == "text")
    url = next(part["image_url"]["url"] for part in parts if part["type"] == "image_url")
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        return str(prompt).split()[0], image.width


def _hung_up(peer: asyncio.StreamWriter) -> bool:
    """Whether the client's end is closed, asked of the kernel: the event loop hears of it a little later."""
    handle = peer.get_extra_info("socket")
    if peer.is_closing() or handle is None or handle.fileno() < 0:
        return True
    with socket.socket(fileno=os.dup(handle.fileno())) as copy:
        try:
            return copy.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
