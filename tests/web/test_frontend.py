"""The page's files and addresses, from a folder as the build leaves it."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from backend.web import frontend, problems
from backend.web.edge import RequestEdge


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    for name, text in {
        "index.html": "<!doctype html><title>page</title>",
        "docs.html": "<!doctype html><title>console</title>",
        "theme.js": "theme",
        "assets/app-1234.js": "app",
        ".stamp": "digest",
    }.items():
        (folder / name).write_text(text)
    (tmp_path / "secret.txt").write_text("secret")
    return folder


@pytest.fixture
async def client(dist: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI(docs_url=None)
    problems.install(app)

    @app.post("/api/thing")
    async def thing() -> None:
        """A route of the API that only takes POST."""

    frontend.install(app, dist)
    app.add_middleware(RequestEdge)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/batches", "/batches/7", "/admin", "/admin/", "/api/admin/panel", "/sign-in"])
async def test_every_address_of_the_page_is_the_page(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert "<title>page</title>" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    assert (await client.head(path)).status_code == 200


async def test_docs_is_the_console(client: httpx.AsyncClient) -> None:
    assert "<title>console</title>" in (await client.get("/docs")).text


@pytest.mark.parametrize("path", ["/", "/docs", "/index.html", "/api/admin/panel"])
async def test_o17_a_page_runs_only_what_is_ours(client: httpx.AsyncClient, path: str) -> None:
    policy = (await client.get(path)).headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_named_files_are_cached_for_ever_and_others_never_unasked(client: httpx.AsyncClient) -> None:
    asset = await client.get("/assets/app-1234.js")
    assert "connect-src 'self'" in asset.headers["content-security-policy"]  # it may be a worker that asks the API
    assert asset.text == "app"
    assert "immutable" in asset.headers["cache-control"]
    script = await client.get("/theme.js")
    assert script.headers["cache-control"] == "no-cache"
    again = await client.get("/theme.js", headers={"If-None-Match": script.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone.js",
        "/picture.png",
        "/.stamp",
        "/.git/config",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/assets/%00.js",
        "//etc/passwd.txt",
    ],
)
async def test_what_is_no_file_of_the_page_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"
    assert "secret" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_o20_an_unknown_address_of_the_api_is_no_page(client: httpx.AsyncClient, method: str) -> None:
    for path in ("/api/unknown", "/api/", "/api"):
        answer = await client.request(method, path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_method_stays_one(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/thing")).json()["code"] == "method_not_allowed"
    assert (await client.post("/batches")).json()["code"] == "method_not_allowed"


async def test_without_a_built_page_the_answer_says_what_to_do(client: httpx.AsyncClient, dist: Path) -> None:
    (dist / "index.html").unlink()
    answer = await client.get("/")
    assert answer.status_code == 503
    assert "make install" in answer.text
    assert "页面尚未构建" in answer.text


def test_the_one_style_that_the_policy_allows_is_the_one_that_the_page_writes() -> None:
    built = frontend.PACKAGE.parent / "frontend" / "dist" / "assets"
    scripts = [path.read_text() for path in built.glob("*.js")]
    assert scripts, "the page is not built: make install"
    styles = [found for text in scripts for found in re.findall(r"\.textContent=`\s*(@layer \{[^`]*?)\s*`\.trim", text)]
    assert styles
    for style in styles:
        text = re.sub(r"\$\{\w+\}", "data-react-aria-pressable", style)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"sha256-{digest}" == frontend.ARIA_STYLE
