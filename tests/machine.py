"""What the suite needs of the machine beyond Python, and what is said when it is not there."""

import os
import shutil
from typing import NoReturn

import pytest

missing: set[str] = set()


def program(name: str, package: str) -> str:
    """The path of a program, found also where only root's PATH looks; skips the test (fails it in CI) without one."""
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which(name, path=places) or lacks(package)


def lacks(package: str) -> NoReturn:
    """Skip the test, or fail it where `CI=true`; the run's last lines name the package."""
    missing.add(package)
    if os.environ.get("CI") == "true":
        pytest.fail(f"the package {package} is not installed", pytrace=False)
    pytest.skip(f"needs the package {package}")
