"""Starts servers by forking: the service is imported once, so a killed process is back in a tenth of a second.

Each server is a real process that runs the real command line. One line of JSON on stdin starts one; a line on stdout says
that it started, and another when it ended. When this process ends, so does every server.
"""

import ctypes
import importlib
import json
import os
import random
import select
import signal
import sys
from pathlib import Path
from typing import Any

PRELOADED = (
    "backend.cli.server",
    "aiomysql",
    "alembic.command",
    "alembic.autogenerate",
    "httptools",
    "sqlalchemy.dialects.mysql.aiomysql",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.protocols.http.httptools_impl",
)
PR_SET_PDEATHSIG = 1


def main() -> None:
    for name in PRELOADED:
        importlib.import_module(name)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, str] = {}
    say({"ready": os.getpid()})
    waiting = b""
    while True:
        readable, _, _ = select.select([sys.stdin.fileno(), woken], [], [])
        if woken in readable:
            os.read(woken, 4096)
            reap(children)
        if sys.stdin.fileno() in readable:
            piece = os.read(sys.stdin.fileno(), 1 << 20)
            if not piece:
                for pid in children:
                    os.kill(pid, signal.SIGKILL)
                return
            *lines, waiting = (waiting + piece).split(b"\n")
            for line in lines:
                order = json.loads(line)
                pid = fork(order)
                children[pid] = order["id"]
                say({"started": order["id"], "pid": pid})


def reap(children: dict[int, str]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            return
        say({"ended": children.pop(pid), "status": os.waitstatus_to_exitcode(status)})


def fork(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        status = serve(order)
    finally:
        os._exit(status)


def serve(order: dict[str, Any]) -> int:
    """In the child: become the process that was ordered."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.closerange(3, log)
    os.closerange(log + 1, 256)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(Path(order["log"]).parent)
    random.seed()
    command = importlib.import_module("backend.cli").main
    try:
        command(order["arguments"], standalone_mode=True)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def say(what: dict[str, Any]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    main()
