"""An S3 server of our own on loopback, gone when the tests are; and a door before it that misbehaves."""

import asyncio
import itertools
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import httpx
import pytest

from tests.fakes.wire import Answer, Received, WireServer

START_SECONDS = 60
REGION = "eu-central-1"
PAGE = 3
"""Keys that the server lists at once, so that every list is one of several pages."""
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket on the server at `url`."""

    url: str
    name: str

    def settings(self, prefix: str = "", *, door: str = "") -> dict[str, Any]:
        """What the service is told to use it; `door` is the address of whatever stands before the server."""
        return {
            "storage_url": f"s3://{self.name}/{prefix}".rstrip("/"),
            "aws_endpoint_url": door or self.url,
            "aws_region": REGION,
            "aws_access_key_id": "AKIDNANOBANANA",
            "aws_secret_access_key": "not a secret of anybody",
        }


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of the run's own S3 server, started when the first test asks for it."""
    with_us = [setpriv, "--pdeathsig", "TERM"] if (setpriv := shutil.which("setpriv")) else []
    command = [*with_us, sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    environment = os.environ | {"MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    found: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(process.stderr, found), daemon=True).start()
    try:
        if not (url := found.get(timeout=START_SECONDS)):
            raise RuntimeError("the S3 server did not start")
        yield url
    finally:
        process.terminate()
        process.wait(timeout=30)


@pytest.fixture
def bucket(s3_server: str) -> Bucket:
    """An empty bucket of this test's own."""
    made = Bucket(s3_server, f"bucket-{os.getpid()}-{next(_numbers)}")
    where = f"<LocationConstraint>{REGION}</LocationConstraint>"
    with httpx.Client(trust_env=False, timeout=30) as client:
        client.put(
            f"{s3_server}/{made.name}", content=f"<CreateBucketConfiguration>{where}</CreateBucketConfiguration>"
        ).raise_for_status()
    return made


@dataclass(frozen=True, slots=True)
class Mischief:
    """What happens to a request that `hits` it: an `answer` instead of the server's, a wait before it (`slow`), no answer at
    all (`hang`), or the connection cut once the server has done it (`lost`). At most `times` times."""

    answer: tuple[int, str] | None = None
    slow: float = 0.0
    hang: bool = False
    lost: bool = False
    methods: str = "PUT GET HEAD DELETE"
    times: int | None = None
    happened: list[str] = field(default_factory=list)

    def hits(self, request: Received) -> bool:
        if request.method not in self.methods.split() or (self.times is not None and len(self.happened) >= self.times):
            return False
        self.happened.append(f"{request.method} {request.path}")
        return True


class Door(WireServer):
    """Passes requests on to the server at `behind`, with the `mischief` in force."""

    def __init__(self, behind: str) -> None:
        super().__init__()
        self.mischief: Mischief | None = None
        self._behind = behind
        self._client = httpx.AsyncClient(trust_env=False, timeout=60)

    async def __aexit__(self, *exc_info: object) -> None:
        await super().__aexit__(*exc_info)
        await self._client.aclose()

    async def answer(self, request: Received) -> Answer:
        wrong = self.mischief if self.mischief is not None and self.mischief.hits(request) else None
        if wrong is not None:
            await asyncio.sleep(wrong.slow)
            if wrong.answer:
                status, code = wrong.answer
                body = f"<Error><Code>{code}</Code><Message>{code} on purpose</Message></Error>"
                return Answer(status, body.encode(), {"content-type": "application/xml"})
            if wrong.hang:
                return Answer(hang=True)
        headers = {name: value for name, value in request.headers.items() if name != "connection"}
        said = await self._client.request(
            request.method, self._behind + request.path, content=request.body, headers=headers
        )
        if wrong is not None and wrong.lost:
            raise ConnectionResetError("the answer is lost on its way")
        length = int(said.headers["content-length"]) if request.method == "HEAD" else None
        kept = {name: value for name, value in said.headers.items() if name not in ("connection", "transfer-encoding")}
        return Answer(said.status_code, said.content, kept, content_length=length)


def _read(log: IO[str], found: "queue.Queue[str]") -> None:
    with log:
        for line in log:
            if address := re.search(r"Running on (http://\S+)", line):
                found.put(address[1])
    found.put("")  # it ended
