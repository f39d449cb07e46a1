"""The real service in a process of its own, for a browser to talk to."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

REPO = Path(__file__).resolve().parents[2]
ADMIN_PASSWORD = "correct horse battery"
STOP_SECONDS = 30


@contextmanager
def running(folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    """`nano-banana serve` on a free port with its data in `folder`; yields its address."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ},
        "DATA_DIR": str(folder / "data"),
        "ADMIN_PASSWORD": ADMIN_PASSWORD,
        "LOG_FORMAT": "json",
        "PORT": "0",
        "DRAIN_SECONDS": "1",
        **(settings or {}),
    }
    command = [sys.executable, "-m", "backend.cli", "serve"]
    with subprocess.Popen(
        command, cwd=REPO, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        port = _listening(process.stdout)
        # an unread pipe would fill up and stop the server
        reader = threading.Thread(target=process.stdout.read, daemon=True)
        reader.start()
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            reader.join()


def _listening(output: IO[str]) -> int:
    """The port that the log names. Raises RuntimeError with what was logged when the process ends before that."""
    lines: list[str] = []
    for line in output:
        lines.append(line)
        with suppress(ValueError):
            event = json.loads(line)
            if event.get("event") == "listening":
                return int(event["port"])
    raise RuntimeError("".join(lines[-40:]))
