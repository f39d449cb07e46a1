"""A MariaDB server of our own: private folder, socket and loopback port, gone when the tests are."""

import getpass
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pymysql
from pymysql.constants import CLIENT

from tests.machine import program

PACKAGE = "mariadb-server-core"
START_SECONDS = 60
# speed over safety: nothing here outlives the run
CARELESS = (
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-doublewrite=0",
    "--innodb-file-per-table=0",
    "--innodb-log-file-size=32M",
    "--innodb-buffer-pool-size=96M",
    "--performance-schema=OFF",
)


@dataclass(frozen=True)
class Server:
    """A running server and the account that may do everything in it."""

    port: int
    password: str
    user: str = "nano"

    def url(self, database: str) -> str:
        return f"mysql+aiomysql://{self.user}:{self.password}@127.0.0.1:{self.port}/{database}"

    def run(self, sql: str, database: str | None = None) -> tuple[tuple[Any, ...], ...]:
        """Run one statement, or several parted by `;`; the rows of the first."""
        connection = pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=self.user,
            password=self.password,
            database=database,
            charset="utf8mb4",
            autocommit=True,
            client_flag=CLIENT.MULTI_STATEMENTS,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            rows = tuple(cursor.fetchall())
            while cursor.nextset():
                pass
            return rows


@contextmanager
def running() -> Iterator[Server]:
    """Start a server, yield it, stop it. Skips the test where MariaDB is not installed."""
    install, daemon = program("mariadb-install-db", PACKAGE), program("mariadbd", PACKAGE)
    with tempfile.TemporaryDirectory(prefix="nano-mariadb-", ignore_cleanup_errors=True) as folder:
        home, server = Path(folder), Server(port=_free_port(), password=secrets.token_hex(16))
        shared = ["--no-defaults", f"--datadir={home / 'data'}", f"--user={getpass.getuser()}", *CARELESS]
        subprocess.run([install, *shared, "--skip-test-db"], check=True, capture_output=True)
        process = _start([daemon, *shared], home, server)
        try:
            _wait_until_ready(process)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _start(command: list[str], home: Path, server: Server) -> subprocess.Popen[str]:
    accounts = home / "accounts.sql"
    accounts.write_text(
        f"CREATE USER '{server.user}'@'127.0.0.1' IDENTIFIED BY '{server.password}';\n"
        f"GRANT ALL PRIVILEGES ON *.* TO '{server.user}'@'127.0.0.1' WITH GRANT OPTION;\n"
    )
    # the server must not outlive us, even when we are killed outright
    with_us = [setpriv, "--pdeathsig", "TERM"] if (setpriv := shutil.which("setpriv")) else []
    return subprocess.Popen(
        [
            *with_us,
            *command,
            f"--socket={home / 'socket'}",
            f"--pid-file={home / 'pid'}",
            f"--init-file={accounts}",
            "--bind-address=127.0.0.1",
            f"--port={server.port}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--max-connections=500",
        ],
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )


def _wait_until_ready(process: subprocess.Popen[str]) -> None:
    ready, words = threading.Event(), deque[str](maxlen=20)

    def read(log: IO[str]) -> None:
        with log:
            for line in log:
                words.append(line)
                if "ready for connections" in line:
                    ready.set()
        ready.set()  # it ended: there is nothing to wait for

    assert process.stderr
    threading.Thread(target=read, args=(process.stderr,), daemon=True).start()
    if not ready.wait(START_SECONDS) or process.poll() is not None:
        raise RuntimeError(f"MariaDB did not start:\n{''.join(words)}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
