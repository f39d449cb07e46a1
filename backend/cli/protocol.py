"""HTTP on the wire: uvicorn's own protocol, but the head of a request has a size and a time in which to arrive, and so
much as a head may stand around its body.

Without that a stranger fills the memory with one endless header or trailer, or holds connections open by saying nothing.
"""

import asyncio
import secrets
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from backend.cli.ending import Ending
from backend.errors import MalformedRequest
from backend.web.problems import ProblemResponse

MOST_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0


class BoundedProtocol(HttpToolsProtocol):
    """One connection. What cannot be read as a request is answered with a problem document, as everything else is."""

    _head_bytes: int | None = None
    """Bytes of the head that is arriving; None while none is."""
    _around_bytes = 0
    """Bytes that came since a part of a body, or its end, was among them: trailers, and what tells chunks apart."""
    _progress = False
    _too_late: asyncio.TimerHandle | None = None
    _ending: Ending

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._ending = Ending(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self._ending))
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        self._ending.close_now()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._ending.waits:
            self._ending.heard()
            return
        before, self._progress = self._head_bytes, False
        super().data_received(data)
        if self.transport.is_closing():
            return
        if before is None:
            self._around_bytes = 0 if self._progress else self._around_bytes + len(data)
            if self._around_bytes > MOST_HEAD_BYTES:
                self.send_400_response("There is too much around the body of the request.")
        elif self._head_bytes is not None:
            self._head_bytes = before + len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        self._progress = True
        super().on_message_begin()
        self._ending.sending = True
        self._head_arrived()
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_bytes is not None:  # nobody reads trailers, and they would join the headers that were judged
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head_arrived()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._progress = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._progress = True
        self._ending.sending = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """The answer to what is no request; the connection ends with it."""
        more = {"Connection": "close", "X-Request-ID": secrets.token_hex(8), "X-Content-Type-Options": "nosniff"}
        response = ProblemResponse(MalformedRequest(msg), headers=more)
        head = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"\r\n" + bytes(response.body))
        self.transport.close()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._too_late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _head_arrived(self) -> None:
        self._head_bytes = None
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self._ending.close_now()
