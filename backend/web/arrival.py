"""A body on its way in: counted as it comes, not waited for too long, and not read to its end when nobody wants it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from backend.errors import AppError, BodyTooLarge, FileTooLarge, MalformedRequest
from backend.web.problems import ProblemResponse

SLOWEST = 16 * 1024
"""Bytes a second. A body that comes slower, a byte now and then, would hold its connection for days."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many bytes a body may have; and its file, when all it is for is to carry one."""

    body: int
    file: int | None = None

    def exceeded(self) -> AppError:
        """What is said of a larger body."""
        if self.file is not None:
            return FileTooLarge(f"A file may have at most {self.file:,} bytes.", limit=self.file)
        return BodyTooLarge(f"The body may have at most {self.body:,} bytes.", limit=self.body)


class Arrival:
    """The body of one request: no more than `limit`, whatever its headers promised, and no pause longer than
    `silence_seconds`, nor more in all than that and what `SLOWEST` would take. Only waiting counts, not what is done between.

    FastAPI answers 400 to whatever is raised while it reads a body, so what was raised here is said on the way out.
    """

    def __init__(
        self,
        receive: Receive,
        limit: Limit,
        silence_seconds: float,
        *,
        expected: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._receive, self._limit, self._silence, self._clock = receive, limit, silence_seconds, clock
        self._seen, self._waited, self._complete = 0, 0.0, not expected
        self._failure: AppError | None = None

    async def receive(self) -> Message:
        """The next ASGI message. Raises what the limit says of more, and MalformedRequest when none comes."""
        if self._complete:  # what comes now is the end of the connection, and may take as long as it likes
            return await self._receive()
        began, patience = self._clock(), self._silence + self._seen / SLOWEST - self._waited
        try:
            async with asyncio.timeout(min(self._silence, patience)):
                message = await self._receive()
        except TimeoutError as error:
            self._failure = MalformedRequest("The body stopped arriving.")
            raise self._failure from error
        self._waited += self._clock() - began
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit.body:
            self._failure = self._limit.exceeded()
            raise self._failure
        self._complete = not message.get("more_body", False)
        return message

    def answering(self, scope: Scope, send: Send) -> Send:
        """`send`, but an answer that is given before the body is complete closes the connection: what is still to come would
        be swallowed for nothing."""
        replaced = False

        async def closing(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and not self._complete:
                if self._failure is not None:
                    replaced = True
                    await ProblemResponse(self._failure, {"Connection": "close"})(scope, self._receive, send)
                MutableHeaders(scope=message)["Connection"] = "close"
            if not replaced:
                await send(message)

        return closing
