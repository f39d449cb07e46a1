"""The end of a connection whose client is still sending: it is told so, and what it still says is thrown away for a while.

A socket that is closed with bytes unread resets the connection, and the reset takes the answer away before the client has
read it: whoever sends a large body would hear of a broken network instead of what is wrong.
"""

import asyncio
from typing import Any

SILENCE_SECONDS = 5.0
MOST_SECONDS = 30.0


class Ending:
    """A transport whose `close` waits, at most `MOST_SECONDS`, until a client that is `sending` has stopped."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop = transport, loop
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.sending = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def waits(self) -> bool:
        """Whether it is closed but for the client, who may still be sending."""
        return self._until is not None

    def is_closing(self) -> bool:
        return self.waits or self._transport.is_closing()

    def close(self) -> None:
        if self.is_closing() or not self.sending or not self._transport.can_write_eof():
            self.close_now()
            return
        self._until = self._loop.time() + MOST_SECONDS
        self._transport.write_eof()
        self._transport.resume_reading()
        self.heard()

    def heard(self) -> None:
        """The client said something that nobody wants."""
        assert self._until is not None
        now = self._loop.time()
        if now >= self._until:  # a timer would be put off by each piece that comes
            self.close_now()
            return
        self._stop()
        self._timer = self._loop.call_at(min(self._until, now + SILENCE_SECONDS), self.close_now)

    def close_now(self) -> None:
        """Whatever the client still has to say."""
        self._stop()
        self._transport.close()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
