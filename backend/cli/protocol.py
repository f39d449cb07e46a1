"""HTTP on the wire: uvicorn's own protocol, but the head of a request has a size and a time in which to arrive.

Without that a stranger fills the memory with one endless header, or holds connections open by saying nothing.
"""

import asyncio
import secrets

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from backend.errors import MalformedRequest
from backend.web.problems import ProblemResponse

MOST_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30.0


class BoundedProtocol(HttpToolsProtocol):
    """One connection. What cannot be read as a request is answered with a problem document, as everything else is."""

    _head_bytes: int | None = None
    """Bytes of the head that is arriving; None while none is."""
    _too_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self._head_bytes
        super().data_received(data)
        if before is not None and self._head_bytes is not None and not self.transport.is_closing():
            self._head_bytes = before + len(data)
            if self._head_bytes > MOST_HEAD_BYTES:
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_arrived()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._head_arrived()
        super().on_headers_complete()

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
            self.transport.close()
