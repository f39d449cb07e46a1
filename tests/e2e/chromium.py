"""Which browser, and how it is started."""

import os
import shutil
from pathlib import Path

from playwright.sync_api import BrowserType

from tests import machine

_FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP nano.test 127.0.0.1",
]


def flags() -> list[str]:
    return [*_FLAGS, "--no-sandbox"] if os.geteuid() == 0 else _FLAGS


def executable(browser_type: BrowserType) -> str | None:
    """What `E2E_CHROMIUM` names, else the machine's own browser; None: Playwright's own, which was downloaded."""
    if chosen := os.environ.get("E2E_CHROMIUM"):
        return chosen
    if Path(browser_type.executable_path).exists():
        return None
    return shutil.which("chromium-browser") or shutil.which("google-chrome") or machine.program("chromium", "chromium")
