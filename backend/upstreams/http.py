"""The one HTTP client. What it calls is checked and pinned, how long and how much it reads is bounded, nothing is followed
or remembered: no redirects with credentials, no proxies from the environment, no cookies, no compressed images."""

import asyncio
import contextlib
import json
import socket
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NoReturn

import httpx
from pydantic_core import to_json

from backend.upstreams.addresses import AddressBook, HostPort, Resolver, Target, blocked, named, resolved
from backend.upstreams.base import ERROR_CODES, Outcome, UpstreamError
from backend.upstreams.bodies import MAX_IMAGE_BYTES, Incoming, decoded, is_pulse, unreadable

CONNECT_SECONDS = 10.0
QUIET_SECONDS = 2.0
"""How long a complete answer may stay silent before it is taken as over, though the connection is not closed."""
DOWNLOAD_SECONDS = 120.0
MAX_HOPS = 3
DOWNLOAD_TRIES = 3

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.WriteError, httpx.WriteTimeout)
_UNSENT = ("http11.send_request_headers.failed", "http11.send_request_body.failed")
# a port out of range surfaces as an ExceptionGroup, and a hostile answer as errors that are not httpx's
_BROKEN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError, ExceptionGroup)
_HEADERS = {"accept": "*/*", "accept-encoding": "identity", "user-agent": "nano-banana"}
_TIMEOUT = httpx.Timeout(None, connect=CONNECT_SECONDS, write=120.0).as_dict()
_KEEP_ALIVE = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15))
        if hasattr(socket, name)
    ),
]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of any status, read to its end; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytearray = field(repr=False)
    seconds: float = 0.0

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


class Http:
    """Calls one upstream's API with credentials, and downloads results from anywhere public without them.

    `trusted` are the addresses that need not be public. `timeout` bounds a whole call, from the first byte sent to the
    last one read. Everything that goes wrong is an `UpstreamError`.
    """

    def __init__(
        self,
        *,
        timeout: float,
        trusted: Iterable[HostPort] = (),
        resolve: Resolver = resolved,
        quiet_seconds: float = QUIET_SECONDS,
        retry_delay: float = 1.0,
    ) -> None:
        self.timeout = timeout
        self._book = AddressBook(trusted, resolve=resolve)
        self._quiet = quiet_seconds
        self._retry_delay = retry_delay
        # a transport without the client around it: nothing that follows redirects, keeps cookies or reads the environment.
        # And a fresh connection for each call: one left idle for minutes is often dead, and a call that dies on it may
        # have been billed.
        self._transport = httpx.AsyncHTTPTransport(
            verify=_tls(),
            trust_env=False,
            retries=0,
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=0),
            socket_options=_KEEP_ALIVE,
        )

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        json_body: Any = None,
        form: Mapping[str, str] | None = None,
        files: list[tuple[str, tuple[str, bytes, str]]] | None = None,
        secrets: Iterable[str] = (),
    ) -> Reply:
        """The API's answer, whatever its status below 300 or from 400 on; a redirect is refused, never followed."""
        started = time.monotonic()
        body: dict[str, Any] = {"data": form, "files": files} if files else {}
        if json_body is not None:
            body = {"content": _json(json_body)}
            headers = {**headers, "content-type": "application/json"}
        try:
            async with asyncio.timeout(self.timeout), self._opened(method, url, headers=headers, **body) as response:
                if 300 <= response.status_code < 400:
                    self._refuse_redirect(response, secrets)
                read = _plain(response, await self._read_answer(response))
        except TimeoutError as error:
            detail = f"no complete answer within {self.timeout:g} seconds"
            raise UpstreamError(Outcome.AMBIGUOUS, detail, billed=True) from error
        except UpstreamError as error:
            if error.error_code == "blocked_address":
                raise UpstreamError(Outcome.AUTH, error.detail, error_code="blocked_address") from error
            raise
        except _BROKEN as error:
            raise _broken(error, secrets) from error
        return Reply(response.status_code, dict(response.headers), read, time.monotonic() - started)

    async def download(self, url: str) -> bytes:
        """A result's bytes. The download alone is repeated when it fails; the work behind it may be billed already."""
        failure: UpstreamError | None = None
        for attempt in range(DOWNLOAD_TRIES):
            if attempt:
                await asyncio.sleep(self._retry_delay * attempt)
            try:
                async with asyncio.timeout(min(self.timeout, DOWNLOAD_SECONDS)):
                    return await self._downloaded(url)
            except UpstreamError as error:
                if error.error_code != ERROR_CODES[Outcome.BACKOFF]:
                    raise
                failure = error
            except (TimeoutError, *_BROKEN) as error:
                failure = UpstreamError(Outcome.BACKOFF, _words(error))
        detail = failure.detail if failure else ""
        raise UpstreamError(Outcome.AMBIGUOUS, f"the result could not be fetched: {detail}", billed=True)

    async def _downloaded(self, url: str) -> bytes:
        for _ in range(MAX_HOPS + 1):
            async with self._opened("GET", url, headers={}) as response:
                if response.status_code in {301, 302, 303, 307, 308}:
                    url = _next_hop(url, response.headers.get("location", ""))
                    continue
                if response.status_code != 200:
                    raise UpstreamError(Outcome.BACKOFF, f"HTTP {response.status_code} for the result")
                encoding = response.headers.get("content-encoding", "identity").lower()
                if encoding not in {"", "identity"}:
                    raise unreadable(f"the result is sent as {encoding}")
                return bytes(await _collected(response.aiter_raw(), MAX_IMAGE_BYTES))
        raise unreadable("the result's address redirects too often")

    @contextlib.asynccontextmanager
    async def _opened(
        self, method: str, url: str, *, headers: Mapping[str, str], **body: Any
    ) -> AsyncIterator[httpx.Response]:
        """The response to a request that went to an address which was checked and is the one connected to."""
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise blocked(named(str(url))) from error
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                target = await self._book.target(
                    parsed.scheme, parsed.host, parsed.port, userinfo=bool(parsed.userinfo)
                )
        except TimeoutError as error:
            raise UpstreamError(Outcome.BACKOFF, f"cannot resolve {parsed.host}") from error
        response = await self._sent(target, method, parsed, headers, body)
        try:
            yield response
        finally:
            await response.aclose()

    async def _sent(
        self, target: Target, method: str, url: httpx.URL, headers: Mapping[str, str], body: Mapping[str, Any]
    ) -> httpx.Response:
        """The first response that one of the target's addresses gives; only a failure to connect moves on to the next."""
        failure: httpx.HTTPError = httpx.ConnectError("no address")
        unsent = False

        async def watch(event: str, _: Mapping[str, Any]) -> None:
            nonlocal unsent
            unsent = unsent or event in _UNSENT

        for address in target.addresses:
            request = httpx.Request(
                method,
                url.copy_with(host=address.split("%", maxsplit=1)[0]),
                headers={**_HEADERS, **headers, "host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": target.host, "timeout": _TIMEOUT, "trace": watch},
                **body,
            )
            try:
                return await self._transport.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
            except (httpx.ReadError, httpx.RemoteProtocolError) as error:
                if not unsent:
                    raise
                # it would not hear the request to its end, and hung up without a word
                raise httpx.WriteError("it hung up while the request was being sent") from error
        raise failure

    async def _read_answer(self, response: httpx.Response) -> bytearray:
        """The body as it came. One that is whole counts even when its connection breaks, or stays open and says nothing."""
        incoming = Incoming(_encoding(response))
        stream = response.aiter_raw()
        while True:
            piece = asyncio.ensure_future(anext(stream, b""))
            try:
                while not (await asyncio.wait({piece}, timeout=self._quiet))[0]:
                    if await incoming.is_over():
                        return incoming.body
                data = piece.result()
            except _BROKEN:
                if response.status_code >= 400 or await incoming.is_whole():
                    return incoming.body
                raise
            finally:
                if not piece.done():
                    piece.cancel()
                    await asyncio.wait({piece})
            if not data:
                return incoming.body
            incoming.add(data)
            if is_pulse(data) and time.monotonic() - incoming.spoken >= self._quiet and await incoming.is_over():
                return incoming.body

    def _refuse_redirect(self, response: httpx.Response, secrets: Iterable[str]) -> NoReturn:
        where = response.headers.get("location", "elsewhere").split("?")[0]
        detail = f"HTTP {response.status_code}: the address redirects to {where}; set the final address as base URL"
        raise UpstreamError(Outcome.AUTH, detail, secrets=secrets)


def _json(document: Any) -> bytes:
    """The document as UTF-8. Images in it are megabytes of base64, which `json` would look at letter by letter, three times,
    while every other slot waits."""
    try:
        return to_json(document)
    except ValueError:  # half a character in the operator's own fields: sent as "?"
        return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _plain(response: httpx.Response, body: bytearray) -> bytearray:
    """The body without its compression. Of an error that cannot be read, the status still says enough."""
    try:
        return decoded(body, _encoding(response))
    except UpstreamError:
        if response.status_code < 400:
            raise
        return bytearray()


def _encoding(response: httpx.Response) -> str:
    return str(response.headers.get("content-encoding", "")).strip().lower()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


def _next_hop(url: str, location: str) -> str:
    """Where a redirect leads; it may not leave encryption. The address itself is checked when it is opened."""
    try:
        there = httpx.URL(url).join(location)
    except httpx.InvalidURL as error:
        raise blocked(named(location)) from error
    if httpx.URL(url).scheme == "https" and there.scheme != "https":
        raise blocked(named(str(there)))
    return str(there)


async def _collected(stream: AsyncIterator[bytes], limit: int) -> bytearray:
    body = bytearray()
    async for piece in stream:
        body += piece
        if len(body) > limit:
            raise unreadable(f"the result is larger than {limit >> 20} MB")
    return body


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _broken(error: BaseException, secrets: Iterable[str]) -> UpstreamError:
    """A failed exchange: harmless before the request was out, ambiguous after."""
    if isinstance(error, _NOT_SENT):
        return UpstreamError(Outcome.BACKOFF, f"cannot reach the upstream: {_words(error)}", secrets=secrets)
    detail = f"the connection broke before the answer was complete: {_words(error)}"
    return UpstreamError(Outcome.AMBIGUOUS, detail, billed=True, secrets=secrets)
