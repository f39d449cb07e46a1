"""The service as a process of its own, for tests and benchmarks that kill it, watch it or measure it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.ports import free_port

REPO = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery"
START_SECONDS = 60


class Server:
    """`async with Server(folder) as server`: `nano-banana serve` on a free port, signed in as its administrator."""

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.settings = {name.upper(): str(value) for name, value in settings.items()}
        self.log = folder / "server.log"
        self.process: asyncio.subprocess.Process | None = None
        self.client = httpx.AsyncClient(timeout=60, trust_env=False)
        self.port = free_port()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.aclose()
        if self.process is not None and self.process.returncode is None:
            await self.kill()

    async def start(self) -> None:
        """Start it and sign in; a second time on the port it had before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
            "DATA_DIR": str(self.folder / "data"),
            "ADMIN_PASSWORD": PASSWORD,
            "LOG_FORMAT": "json",
            "PORT": str(self.port),
            **self.settings,
        }
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "backend.cli", "serve", cwd=REPO, env=environment, stdout=log, stderr=log
            )
        self.port = await self._listening(offset)
        self.client.base_url = httpx.URL(f"http://127.0.0.1:{self.port}")
        answer = await self.client.post("/api/auth/token", data={"username": "admin", "password": PASSWORD})
        answer.raise_for_status()
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def _listening(self, offset: int) -> int:
        async with asyncio.timeout(START_SECONDS):
            while True:
                for line in self.log.read_bytes()[offset:].splitlines():
                    with suppress(ValueError):
                        event: Mapping[str, Any] = json.loads(line)
                        if event.get("event") == "listening":
                            return int(event["port"])
                if self.process is None or self.process.returncode is not None:
                    raise RuntimeError(self.log.read_text()[-3000:])
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.process.wait(), 0.05)

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM; the exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> int:
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await self.process.wait()

    async def get(self, path: str) -> Any:
        """The JSON at `path`."""
        answer = await self.client.get(path)
        answer.raise_for_status()
        return answer.json()

    async def until_ended(self, queue_id: int, seconds: float = 120) -> Any:
        """The batch, once it has ended: its live events are listened to, nothing is polled."""
        path, name = f"/api/batch/queues/{queue_id}/events", ""
        async with asyncio.timeout(seconds), self.client.stream("GET", path) as events:
            async for line in events.aiter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: ") and name == "queue":
                    queue = json.loads(line.removeprefix("data: "))
                    if queue["status"] in ("completed", "failed", "cancelled"):
                        return queue
        raise AssertionError("the stream of events ended before the batch")
