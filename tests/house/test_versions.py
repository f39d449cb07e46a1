"""No package below the version that mended what is known against it, neither installed nor in the lock."""

import re
import tomllib
from importlib.metadata import version

import pytest

from tests.house.sources import ROOT

# the first version without any of the vulnerabilities in the comment
FLOORS = {
    "python-multipart": "0.0.31",  # CVE-2026-53537 to -53540: smuggling, quadratic time, negative length
    "starlette": "1.3.1",  # CVE-2026-48710 Host poisons request.url; -54282, -54283 form limits bypassed
    "fastapi": "0.115.3",  # allows the starlette above
    "pillow": "12.3.0",  # CVE-2026-59199 to -59205: crop, paste, ImageCms, JPEG 2000
    "pyjwt": "2.13.0",  # CVE-2026-48522 to -48526: JWK taken for an HMAC key, algorithm allow-list
    "aiomysql": "0.3.0",  # CVE-2025-62611 a rogue server reads our files
    "pymysql": "1.1.1",  # CVE-2024-36039 SQL injection by dictionary keys
    "h11": "0.16.0",  # CVE-2025-43859 request smuggling
    "httpx": "0.28",  # CVE-2021-41945 URL parsing
    "uvicorn": "0.11.7",  # CVE-2020-7694, -7695 log injection, response splitting
}
LOCK = {package["name"]: package["version"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}


def parts(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_above_the_floor(package: str, floor: str) -> None:
    assert parts(version(package)) >= parts(floor)
    assert parts(LOCK[package]) >= parts(floor)
