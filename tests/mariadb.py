"""A MariaDB server of our own: private folder, socket and loopback port, gone when the tests are."""

import getpass
import os
import secrets
import shutil
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
from tests.ports import free_port

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


class Daemon:
    """A server's process, over a data folder of its own: it can be stopped, killed and started again."""

    def __init__(self, home: Path, *options: str, **environment: str) -> None:
        install, self._program = program("mariadb-install-db", PACKAGE), program("mariadbd", PACKAGE)
        self.server = Server(port=free_port(), password=secrets.token_hex(16))
        self._home = home
        self._environment = environment
        self._options = ["--no-defaults", f"--datadir={home / 'data'}", f"--user={getpass.getuser()}", *options]
        self._process: subprocess.Popen[str] | None = None
        subprocess.run([install, *self._options, "--skip-test-db"], check=True, capture_output=True)
        accounts = home / "accounts.sql"
        accounts.write_text(
            f"CREATE USER IF NOT EXISTS '{self.server.user}'@'127.0.0.1' IDENTIFIED BY '{self.server.password}';\n"
            f"GRANT ALL PRIVILEGES ON *.* TO '{self.server.user}'@'127.0.0.1' WITH GRANT OPTION;\n"
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        # the server must not outlive us, even when we are killed outright
        with_us = [setpriv, "--pdeathsig", "TERM"] if (setpriv := shutil.which("setpriv")) else []
        self._process = subprocess.Popen(
            [
                *with_us,
                self._program,
                *self._options,
                f"--socket={self._home / 'socket'}",
                f"--pid-file={self._home / 'pid'}",
                f"--init-file={self._home / 'accounts.sql'}",
                "--bind-address=127.0.0.1",
                f"--port={self.server.port}",
                "--skip-name-resolve",
                "--skip-log-bin",
                "--max-connections=500",
            ],
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **self._environment},
        )
        _wait_until_ready(self._process)

    def stop(self) -> None:
        """As an operator stops it."""
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()

    def signal(self, number: int) -> None:
        """Such as SIGSTOP: it keeps every connection and answers none."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@contextmanager
def running(*options: str, **environment: str) -> Iterator[Daemon]:
    """Start a server, yield it, stop it; careless unless there are `options`. Skips the test where MariaDB is not
    installed."""
    with tempfile.TemporaryDirectory(prefix="nano-mariadb-", ignore_cleanup_errors=True) as folder:
        daemon = Daemon(Path(folder), *(options or CARELESS), **environment)
        daemon.start()
        try:
            yield daemon
        finally:
            daemon.stop()


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
