"""Starting with something wrong: one clear line, a status that is not 0, and no secret in what is said."""

import asyncio
import json
import os
import signal
import socket
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backend.settings import Settings
from tests.processes import REPO

CANARY = "canary-canary-canary-canary-1234"
MYSQL = "mysql+aiomysql://somebody:" + CANARY
SECRETS = {"JWT_SECRET": "0123456789abcdef" * 2, "ENCRYPTION_KEY": "fedcba9876543210" * 2}


def holding(statement: str) -> Callable[[Path], None]:
    """A data folder whose database holds a table."""

    def fill(folder: Path) -> None:
        folder.mkdir()
        with closing(sqlite3.connect(folder / "nano-banana.sqlite3")) as database:
            database.executescript(statement)

    return fill


def not_a_database(folder: Path) -> None:
    folder.mkdir()
    (folder / "nano-banana.sqlite3").write_bytes(b"not a database " * 100)


def a_file(folder: Path) -> None:
    folder.write_text("in the way")


@dataclass(frozen=True)
class Case:
    """A way to start it wrongly, and what the one line must name."""

    named: str
    settings: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], None] = lambda _folder: None


CASES = {
    "p01_spaces_with_mysql": Case("JWT_SECRET", {"JWT_SECRET": "  ", "DATABASE_URL": f"{MYSQL}@127.0.0.1/x"}),
    "p02_placeholder": Case("JWT_SECRET", {"JWT_SECRET": f"changeme-{CANARY}"}),
    "p02_short": Case("JWT_SECRET", {"JWT_SECRET": CANARY[:20]}),
    "p02_the_same_twice": Case(
        "ENCRYPTION_KEY", {"JWT_SECRET": "0123456789abcdef" * 2, "ENCRYPTION_KEY": "0123456789abcdef" * 2}
    ),
    "p02_comment": Case("JWT_SECRET", {"JWT_SECRET": f"# {CANARY} made by openssl"}),
    "p02_comment_behind_it": Case("ENCRYPTION_KEY", {"ENCRYPTION_KEY": f"{CANARY}  # made by openssl"}),
    "p06_no_async_driver": Case("DATABASE_URL", {"DATABASE_URL": f"mysql://a:{CANARY}@h/x"}),
    "p06_port_is_no_number": Case("DATABASE_URL", SECRETS | {"DATABASE_URL": f"{MYSQL}@127.0.0.1:{CANARY}/x"}),
    "p06_no_database_named": Case("DATABASE_URL", SECRETS | {"DATABASE_URL": f"{MYSQL}@127.0.0.1/"}),
    "p06_nobody_listens": Case("127.0.0.1", SECRETS | {"DATABASE_URL": f"{MYSQL}@127.0.0.1:1/x"}),
    "p08_not_a_database": Case("not a database", prepare=not_a_database),
    "p08_p09_data_dir_is_a_file": Case("DATA_DIR", prepare=a_file),
    "p14_tables_without_a_revision": Case("table users", prepare=holding("CREATE TABLE users (id INTEGER)")),
    "p14_half_made": Case(
        "table users",
        prepare=holding("CREATE TABLE users (id INTEGER); CREATE TABLE alembic_version (version_num TEXT)"),
    ),
    "p14_unknown_revision": Case(
        "revision zzzz",
        prepare=holding("CREATE TABLE alembic_version (version_num TEXT); INSERT INTO alembic_version VALUES ('zzzz')"),
    ),
    "p25_no_such_provider": Case("AI_PROVIDER", {"AI_PROVIDER": CANARY}),
    "p25_models_unreadable": Case("AI_MODELS", {"AI_MODELS": "{" + CANARY}),
    "p25_no_name_for_an_administrator": Case("ADMIN_USERNAME", {"ADMIN_USERNAME": "a b"}),
}


async def serve(folder: Path, **settings: str) -> asyncio.subprocess.Process:
    """`nano-banana serve` on any free port."""
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder), "PORT": "0", "LOG_LEVEL": "ERROR"}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "backend.cli", "serve"),
        cwd=REPO,
        env=environment | settings,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def last_words(process: asyncio.subprocess.Process) -> str:
    """All that it wrote before it ended with a status that is not 0."""
    out, err = await process.communicate()
    assert process.returncode not in (0, None)
    assert out == b""
    return err.decode()


async def test_what_an_operator_can_mend_is_one_line(tmp_path: Path) -> None:
    at_once = asyncio.Semaphore(2)

    async def attempt(name: str, case: Case) -> tuple[str, str]:
        async with at_once:
            case.prepare(tmp_path / name)
            return name, await last_words(await serve(tmp_path / name, **case.settings))

    said = dict(await asyncio.gather(*(attempt(name, case) for name, case in CASES.items())))
    for name, words in said.items():
        line, *more = words.splitlines()
        assert more == [], (name, words)
        assert line.startswith("nano-banana: "), name
        assert CASES[name].named in line, (name, line)
        assert CANARY[:20] not in line, name


async def test_a_server_of_ones_own_logs_as_ours_does(tmp_path: Path) -> None:
    program = (
        "import logging, uvicorn; uvicorn.Config('backend.main:application', factory=True).load();"
        "logging.getLogger('uvicorn.error').info('Bearer " + CANARY + "');"
        "logging.getLogger('backend').info('said')"
    )
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "LOG_FORMAT": "json", "LOG_LEVEL": "INFO"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), cwd=REPO, env=environment, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["Bearer …", "said"]


def test_p03_what_is_made_is_the_services_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    settings = Settings(data_dir=folder).resolve_secrets()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "jwt_secret.txt": 0o600,
        "encryption_key.txt": 0o600,
    }
    assert Settings(data_dir=folder).resolve_secrets().jwt_secret == settings.jwt_secret


@contextmanager
def listening() -> Iterator[int]:
    """A port that somebody has, who accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


async def test_p25_a_port_in_use_is_named(tmp_path: Path) -> None:
    with listening() as port:
        words = await last_words(await serve(tmp_path, PORT=str(port)))
    assert words == f"nano-banana: cannot listen on 127.0.0.1, port {port}: Address already in use\n"
    assert not (tmp_path / "nano-banana.sqlite3").exists()


async def test_p06_a_database_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    with listening() as port:
        url = f"{MYSQL}@127.0.0.1:{port}/x"
        words = await last_words(await serve(tmp_path, DATABASE_URL=url, **SECRETS))
    assert words == "nano-banana: The database server does not answer; check DATABASE_URL.\n"


async def test_p06_a_wrong_password_is_not_repeated(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("mariadb_server")
    port = server.url("x").rpartition("/")[0].rpartition(":")[2]
    words = await last_words(await serve(tmp_path, DATABASE_URL=f"{MYSQL}@127.0.0.1:{port}/x", **SECRETS))
    assert words.startswith("nano-banana: The database cannot be used: Access denied")
    assert words.count("\n") == 1
    assert CANARY not in words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_p18_a_signal_before_it_has_started_stops_it(tmp_path: Path, number: signal.Signals) -> None:
    connected = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as database:
        port = database.sockets[0].getsockname()[1]
        process = await serve(tmp_path, DATABASE_URL=f"{MYSQL}@127.0.0.1:{port}/x", **SECRETS)
        await connected.wait()
        process.send_signal(number)
        await process.communicate()
    assert process.returncode == 0
