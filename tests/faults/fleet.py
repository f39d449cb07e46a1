"""Several servers on one database, started, killed, frozen and respawned; and a diary of all that was done to them."""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.ports import free_port
from tests.processes import PASSWORD, REPO

START_SECONDS = 60.0


@dataclass(slots=True)
class Diary:
    """What was done to which process when (`time.monotonic()`): deaths by pid, and times during which it was frozen."""

    deaths: dict[int, float] = field(default_factory=dict)
    freezes: list[tuple[int, float, float]] = field(default_factory=list)


class Zygote:
    """The process that forks servers of the source tree `tree`."""

    def __init__(self, tree: Path = REPO, **environment: str) -> None:
        self._tree, self._environment = tree, environment
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._started: dict[str, asyncio.Future[int]] = {}
        self._ended: dict[str, asyncio.Future[int]] = {}

    async def __aenter__(self) -> Self:
        single = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(self._tree)}
        script = Path(__file__).with_name("zygote.py")
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(script)),
            cwd=self._tree,
            env={**os.environ, **single, **self._environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout
        async with asyncio.timeout(START_SECONDS):
            assert b"ready" in await self._process.stdout.readline(), "the service cannot be imported"
        self._reader = asyncio.create_task(self._read(self._process.stdout))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()
        if self._reader is not None:
            await self._reader

    async def fork(
        self, name: str, arguments: list[str], environment: Mapping[str, str], log: Path
    ) -> tuple[int, asyncio.Future[int]]:
        """Start one; its pid, and its exit status once it has ended."""
        loop = asyncio.get_running_loop()
        started = self._started[name] = loop.create_future()
        ended = self._ended[name] = loop.create_future()
        order = {"id": name, "arguments": arguments, "environment": dict(environment), "log": str(log)}
        assert self._process is not None
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()
        return await started, ended

    async def _read(self, lines: asyncio.StreamReader) -> None:
        while line := await lines.readline():
            said = json.loads(line)
            if "started" in said:
                self._started.pop(said["started"]).set_result(said["pid"])
            elif "ended" in said:
                ended = self._ended.pop(said["ended"])
                if not ended.done():
                    ended.set_result(said["status"])


class Member:
    """One server, and those that took its place. It keeps its port; each life has a name of its own in the logs."""

    def __init__(self, fleet: "Fleet", number: int, command: str) -> None:
        self.fleet, self.number, self.command = fleet, number, command
        self.zygote = fleet.zygote
        self.port = free_port()
        self.lives = 0
        self.serving = False
        self.pid = 0
        self.ended: asyncio.Future[int] | None = None
        self.frozen_since: float | None = None
        self.log = fleet.folder / f"server-{number}.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def alive(self) -> bool:
        return self.ended is not None and not self.ended.done()

    async def start(self, **more: str) -> None:
        """Start it and wait until it serves; it may die meanwhile (failpoints)."""
        self.log.touch()
        offset = self.log.stat().st_size
        self.lives += 1
        environment = {**self.fleet.environment, **self.fleet.own(self.number), "PORT": str(self.port), **more}
        name = f"{self.number}.{self.lives}"
        self.pid, self.ended = await self.zygote.fork(name, [self.command], environment, self.log)
        self.ended.add_done_callback(self._died)
        async with asyncio.timeout(START_SECONDS):
            while not self.ended.done() and b'"listening"' not in self._said(offset):
                await asyncio.sleep(0.02)
        self.serving = not self.ended.done()

    def _said(self, offset: int) -> bytes:
        with self.log.open("rb") as file:
            file.seek(offset)
            return file.read()

    def _died(self, _: asyncio.Future[int]) -> None:
        self.serving = False
        self.fleet.diary.deaths.setdefault(self.pid, time.monotonic())
        if self.frozen_since is not None:
            self.fleet.diary.freezes.append((self.pid, self.frozen_since, time.monotonic()))
            self.frozen_since = None

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM; its exit status."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: int) -> int:
        assert self.ended is not None
        if self.alive:
            if number == signal.SIGKILL:
                self.fleet.diary.deaths[self.pid] = time.monotonic()
            self.signal(number)
        return await asyncio.shield(self.ended)

    async def freeze(self, seconds: float) -> None:
        """SIGSTOP, and SIGCONT after that time."""
        self.frozen_since = time.monotonic()
        self.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.signal(signal.SIGCONT)
        if self.frozen_since is not None:
            self.fleet.diary.freezes.append((self.pid, self.frozen_since, time.monotonic()))
            self.frozen_since = None


class Fleet:
    """`size` servers on `database_url`, the last `workers` of them without page and API. They share a data folder, as processes
    of one machine do, unless `apart`."""

    def __init__(
        self,
        zygote: Zygote,
        folder: Path,
        database_url: str,
        size: int,
        *,
        apart: bool = False,
        workers: int = 0,
        **settings: object,
    ) -> None:
        self.zygote, self.folder, self.apart = zygote, folder, apart
        self.trace = folder / "trace.jsonl"
        self.diary = Diary()
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
            "DATABASE_URL": database_url,
            "JWT_SECRET": "0123456789abcdef" * 4,
            "ENCRYPTION_KEY": "fedcba9876543210" * 4,
            "ADMIN_PASSWORD": PASSWORD,
            "LOG_FORMAT": "json",
            "FAILPOINTS_TRACE": str(self.trace),
            **{name.upper(): str(value) for name, value in settings.items()},
        }
        folder.mkdir(parents=True, exist_ok=True)
        commands = ["serve"] * (size - workers) + ["worker"] * workers
        self.members = [Member(self, number, command) for number, command in enumerate(commands)]
        self._respawning: asyncio.Task[None] | None = None
        self._resting = asyncio.Event()
        self._failpoints: Callable[[Member], str] = _nothing

    @property
    def servers(self) -> list[Member]:
        return [member for member in self.members if member.command == "serve"]

    @property
    def workers(self) -> list[Member]:
        return [member for member in self.members if member.command == "worker"]

    def own(self, number: int) -> dict[str, str]:
        """The settings of one member alone."""
        return {"DATA_DIR": str(self.data_dir(number))}

    def data_dir(self, number: int = 0) -> Path:
        return self.folder / (f"data-{number}" if self.apart else "data")

    async def __aenter__(self) -> Self:
        await self.members[0].start()  # the first makes the administrator
        await asyncio.gather(*(member.start() for member in self.members[1:]))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop_respawning()
        await asyncio.gather(*(member.kill() for member in self.members))

    def some(self, rng: random.Random) -> Member:
        """Any of those with an API that are alive, or any of them at all."""
        return rng.choice([m for m in self.servers if m.serving and m.frozen_since is None] or self.servers)

    def respawn(self, failpoints: Callable[[Member], str] | None = None) -> None:
        """From now on whoever dies is started again, each life with the failpoints that the call answers."""
        self._failpoints = failpoints or _nothing
        self._resting.clear()
        self._respawning = asyncio.create_task(self._respawn())

    async def stop_respawning(self) -> None:
        """Let starts that are under way end: a process that nobody waits for would be nobody's."""
        if self._respawning is not None:
            self._resting.set()
            await self._respawning
            self._respawning = None

    async def _respawn(self) -> None:
        async with asyncio.TaskGroup() as group:
            for member in self.members:
                group.create_task(self._keep(member))

    async def _keep(self, member: Member) -> None:
        resting = asyncio.create_task(self._resting.wait())
        while True:
            assert member.ended is not None
            await asyncio.wait({member.ended, resting}, return_when=asyncio.FIRST_COMPLETED)
            if resting.done():
                return
            await member.start(FAILPOINTS=self._failpoints(member))

    async def restart(self) -> None:
        """Everybody anew, without failpoints: the time of faults is over."""
        await self.stop_respawning()
        await asyncio.gather(*(member.kill() for member in self.members))
        await asyncio.gather(*(member.start() for member in self.members))

    def passes(self) -> list[dict[str, Any]]:
        """Every place passed by any process, in order of time."""
        if not self.trace.exists():
            return []
        found = []
        for line in self.trace.read_bytes().splitlines():
            with suppress(ValueError):
                found.append(json.loads(line))
        return sorted(found, key=lambda each: float(each["t"]))

    def events(self, *names: str) -> list[dict[str, Any]]:
        """Lines of all logs with one of these events."""
        found = []
        for member in self.members:
            for line in member.log.read_bytes().splitlines() if member.log.exists() else ():
                with suppress(ValueError):
                    said = json.loads(line)
                    if isinstance(said, dict) and said.get("event") in names:
                        found.append(said)
        return found


def _nothing(_member: Member) -> str:
    return ""
