"""Running the service: uvicorn, but the first signal begins the drain while requests are still answered.

The application's lifespan is entered here and not by uvicorn, which would make a log full of traces of whatever an operator
can mend, and would not stop before it has started.
"""

import asyncio
import contextlib
import ctypes
import gc
import signal
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI

from backend import logs
from backend.app import create_app
from backend.cli.protocol import BoundedProtocol
from backend.settings import Settings

log = logs.get(__name__)

GRACE_SECONDS = 5
"""How long open connections (live events) may take to end once the server stops listening."""
BACKLOG = 2048
LARGE_BLOCK = 4 * 1024 * 1024
_M_MMAP_THRESHOLD = -3


def run(settings: Settings, *, api: bool) -> None:
    """Serve until a signal. Raises OSError when the port cannot be had."""
    give_large_blocks_back()
    app = create_app(settings, api=api)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
    )
    with (
        _bound(settings) as listener,
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
        contextlib.suppress(asyncio.CancelledError),  # a signal came before it had started
    ):
        runner.run(DrainingServer(config, app).live(listener))


def give_large_blocks_back() -> None:
    """Have the system's allocator return large blocks as soon as they are free. Left alone, glibc learns from the first
    answer of 30 MB to keep such blocks, and holes between them, for ever; elsewhere this does nothing."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BLOCK)


def leave_alone_what_stays() -> None:
    """Keep the collector from walking through every imported module for the rest of the process's life: it stands still for
    a tenth of a second each time, and with it every request and every slot."""
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def _bound(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        try:
            listener.bind((settings.host, settings.port))
            listener.listen(BACKLOG)
        except OSError as error:
            raise OSError(f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}") from error
        yield listener
    finally:
        listener.close()


class DrainingServer(uvicorn.Server):
    """First signal: claim nothing more, finish what is in flight, then stop. Second signal: put it back and stop now."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app
        self._stopping: asyncio.Task[None] | None = None
        self._living: asyncio.Task[Any] | None = None

    async def live(self, listener: socket.socket) -> None:
        """Start the service, serve until a signal, stop. Raises whatever its start raises, and CancelledError for a signal
        before that is done."""
        self._living = asyncio.current_task()
        with self._heard():
            async with self._app.router.lifespan_context(self._app):
                await self.serve(sockets=[listener])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: they are heard from before the start until after the end."""
        yield

    @contextlib.contextmanager
    def _heard(self) -> Iterator[None]:
        """Signals are a request to stop, not a death: the process ends with status 0."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self._on_signal)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        leave_alone_what_stays()
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            log.info("listening", url=f"http://{shown}:{port}", port=port)

    def _on_signal(self) -> None:
        service: Any = getattr(self._app.state, "service", None)
        if service is None:
            assert self._living is not None
            self._living.cancel()
        elif self._stopping is None:
            log.info("draining", in_flight=service.dispatcher.in_flight)
            self._stopping = asyncio.create_task(self._stop(service.stop()))
        else:
            log.warning("stopping_now", in_flight=service.dispatcher.in_flight)
            service.hurry()

    async def _stop(self, stopping: Any) -> None:
        try:
            await stopping
        finally:
            self.should_exit = True
