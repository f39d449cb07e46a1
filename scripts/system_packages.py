"""Brings what the tests need beyond Python: a database server, a browser, fonts for Chinese and English.

As root on Debian or Ubuntu it installs what is missing; anywhere else it says in one line what to install, and the tests
that need it are skipped. Runs with any Python 3.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# without root's login shell the last places are not on PATH, and the server's program is there
PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def has(*programs: str) -> bool:
    """Whether one of these programs is there."""
    return any(shutil.which(program, path=PLACES) for program in programs)


def has_font(files: str) -> bool:
    """Whether any font with files of such names is installed; a Mac brings its own for every language."""
    if sys.platform == "darwin":
        return True
    places = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]
    return any(place.is_dir() and next(place.rglob(files), None) for place in places)


def missing() -> list[str]:
    """The Debian packages to install."""
    found = {
        # the server's programs alone: the full package would also start a service on this machine
        "mariadb-server-core": has("mariadbd") and has("mariadb-install-db"),
        "mariadb-client-core": has("my_print_defaults"),
        "chromium": bool(os.environ.get("E2E_CHROMIUM")) or has("chromium", "chromium-browser", "google-chrome"),
        "fonts-noto-cjk": has_font("*CJK*"),
        "fonts-inter": has_font("Inter*"),  # as wide as what most people read English in
        "unzip": has("unzip"),  # another reader of our archives
        "libfaketime": any(Path("/").glob("usr/lib/*/faketime/libfaketime.so.1")),  # a server whose clock is set
    }
    return [package for package, there in found.items() if not there]


def install(packages: list[str]) -> bool:
    """Install with apt; False when this machine or this user cannot."""
    if not (shutil.which("apt-get") and os.geteuid() == 0):
        return False
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": PLACES}
    print(f"installing {' '.join(packages)} for the tests", flush=True)
    return all(
        subprocess.run(["apt-get", *command], env=quiet, check=False).returncode == 0
        for command in (["update", "-q"], ["install", "-qy", "--no-install-recommends", *packages])
    )


def main() -> int:
    packages = missing()
    if not packages or install(packages):
        return 0
    needed = os.environ.get("CI") == "true"
    outcome = "CI tests everything, so this is a failure" if needed else "the tests that need them are skipped"
    print(f"!!! NOT INSTALLED: {' '.join(packages)}; {outcome}", file=sys.stderr)
    return int(needed)


if __name__ == "__main__":
    sys.exit(main())
