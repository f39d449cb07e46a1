"""F11: an upstream that lies, stalls, drips and floods, under load."""

import asyncio
import time
from email.utils import formatdate

from tests.fakes.vendor import error
from tests.fakes.wire import Answer, html_answer, json_answer
from tests.faults.conftest import MakeArena
from tests.faults.upstream import Manners

DEADLINE = 3
BOMB = b'{"choices": [' + b" " * 4_000_000
BAD = {
    "never a byte": Answer(hang=True),
    "a byte at a time": Answer(body=b"{" * 600, drip=0.5, piece=1),
    "whole, and never said to be over": Answer(body=b"{}", content_length=10_000, stall=True),
    "cut off": json_answer({"choices": []}, cut_after=5),
    "broken pieces": Answer(body=b'{"choices": [', chunked=True, fin=True),
    "a page": html_answer("<html>Bad Gateway</html>", 502),
    "an error that says well": json_answer({"error": {"message": "overloaded", "code": "overloaded"}}),
    "words": json_answer({"choices": [{"message": {"content": "I would rather not."}}]}),
    "nothing": Answer(204),
    "a flood": Answer(body=BOMB, content_length=2_000_000_000, fin=True),
    "compressed nonsense": Answer(body=b"\x1f\x8b\x08broken", headers={"content-encoding": "gzip"}),
    "round in circles": Answer(302, headers={"location": "/v1/chat/completions"}),
    "to this machine": Answer(302, headers={"location": "http://169.254.169.254/latest"}),
    "to a file": Answer(302, headers={"location": "file:///etc/passwd"}),
}
WAITS = ["1", "0", "-5", "soon", formatdate(time.time() + 2, usegmt=True), ""]


async def test_whatever_an_upstream_answers_every_image_ends_and_the_books_balance(make_arena: MakeArena) -> None:
    async with make_arena(manners=Manners(0.02, 0.1), ai_timeout_seconds=DEADLINE, size=2) as arena:
        await arena.load.admin("PUT", "/config", json={"max_retries": 0})
        arena.relay.spoil(BAD.values())
        async with arena.checker.watching():
            await asyncio.gather(*(arena.load.order(images=5) for _ in range(3)))
            await arena.load.until_ended(90)
        assert not arena.relay.spoilt
        assert not arena.fleet.events("attempt_crashed", "job_crashed")
        await arena.settle()


async def test_every_way_to_ask_for_patience_is_heard(make_arena: MakeArena) -> None:
    """Being told to wait costs no attempt; what cannot be read as a time is a short wait."""
    async with make_arena(manners=Manners(0.02, 0.1), size=2) as arena:
        await arena.load.admin("PUT", "/config", json={"max_retries": 0})
        arena.relay.spoil(error(429, "slow down", "rate_limit_exceeded", retry_after=wait) for wait in WAITS)
        async with arena.checker.watching():
            await arena.load.order(images=4)
            ended = await arena.load.until_ended(90)
        assert [queue["completed_images"] for queue in ended] == [4] or arena.relay.spoilt
        await arena.settle()
