"""A browser, the real service, and what holds on every page: no console error, nothing from another host, no axe violation."""

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, BrowserType, ConsoleMessage, Page, expect

from tests import machine
from tests.e2e import server
from tests.e2e.photos import make_album

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP nano.test 127.0.0.1",
]
PASSWORD = "a long enough phrase"
# the browser's own line for an answer of the API that the page shows in its own words
EXPECTED = "Failed to load resource: the server responded with a status of"
BUILT = server.REPO / "frontend/dist/index.html"

# a machine that does much else at once is slow, not wrong
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

Visit = Callable[..., Page]
_numbers = count(1)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_type: BrowserType) -> dict[str, Any]:
    """Playwright's own browser if it was downloaded, else the machine's."""
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    arguments = {**browser_type_launch_args, "args": flags}
    if chosen := os.environ.get("E2E_CHROMIUM"):
        return {**arguments, "executable_path": chosen}
    if Path(browser_type.executable_path).exists():
        return arguments
    found = shutil.which("chromium-browser") or shutil.which("google-chrome") or machine.program("chromium", "chromium")
    return {**arguments, "executable_path": found}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "reduced_motion": "reduce",
        "viewport": {"width": 1440, "height": 900},
    }


@pytest.fixture(scope="session")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One service for the whole session; each test is a user of its own."""
    if not BUILT.is_file():
        pytest.fail("the page is not built: run `make install`", pytrace=False)
    with server.running(tmp_path_factory.mktemp("service")) as url:
        yield url


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ten photos, named 照片."""
    folder = tmp_path_factory.mktemp("album") / "照片"
    make_album(folder)
    return folder


@pytest.fixture
def watched() -> Iterator[Callable[[BrowserContext], BrowserContext]]:
    """Watch a context: whatever its pages complain about, or ask another host for, fails the test at its end."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        answered = EXPECTED in message.text and "/api/" in message.location["url"]
        if message.type == "error" and not answered:
            complaints.append(message.text)

    def watch(context: BrowserContext) -> BrowserContext:
        context.on("console", on_console)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        hosts: set[str] = set()

        def on_request(url: str) -> None:
            parts = urlsplit(url)
            if parts.scheme in ("http", "https", "ws", "wss"):
                hosts.add(parts.netloc)
                if len(hosts) > 1:
                    complaints.append(f"asked another host: {url}")

        context.on("request", lambda request: on_request(request.url))
        return context

    yield watch
    assert not complaints, complaints


@pytest.fixture
def context(context: BrowserContext, watched: Callable[[BrowserContext], BrowserContext]) -> BrowserContext:
    return watched(context)


def sign_up(base_url: str) -> tuple[str, str]:
    """A new user; its name and a session cookie's value."""
    account = {"username": f"lin-{next(_numbers)}", "password": PASSWORD}
    with httpx.Client(base_url=base_url, headers={"Origin": base_url}, trust_env=False) as client:
        client.post("/api/auth/register", json=account).raise_for_status()
        return account["username"], sign_in(client, account)


def sign_in(client: httpx.Client, account: dict[str, str]) -> str:
    client.post("/api/auth/session", json=account).raise_for_status()
    return client.cookies["sid"]


def enter(context: BrowserContext, url: str, cookie: str) -> None:
    """Let the context's pages be those of a signed-in user."""
    context.add_cookies([{"name": "sid", "value": cookie, "url": url, "httpOnly": True, "sameSite": "Lax"}])
    context.add_init_script("try { localStorage.setItem('nb.signed-in', '1') } catch {}")


@pytest.fixture
def user_page(context: BrowserContext, page: Page, base_url: str) -> Page:
    """The workspace of a new user."""
    enter(context, base_url, sign_up(base_url)[1])
    page.goto("/")
    return page


@pytest.fixture
def visit(
    browser: Browser,
    browser_context_args: dict[str, Any],
    watched: Callable[[BrowserContext], BrowserContext],
    base_url: str,
) -> Iterator[Visit]:
    """`visit(cookie, **context options)`: a page of another browser window."""
    opened: list[BrowserContext] = []

    def open_page(cookie: str | None = None, **options: Any) -> Page:
        context = watched(browser.new_context(**{**browser_context_args, **options}))
        opened.append(context)
        if cookie:
            enter(context, base_url, cookie)
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()


@pytest.fixture
def admin_cookie(base_url: str) -> str:
    with httpx.Client(base_url=base_url, headers={"Origin": base_url}, trust_env=False) as client:
        return sign_in(client, {"username": "admin", "password": server.ADMIN_PASSWORD})


@pytest.fixture
def check_a11y() -> Callable[[Page], None]:
    """Axe's WCAG A and AA rules on the page as it is now."""

    def check(page: Page) -> None:
        result = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert result.violations_count == 0, f"{page.url}\n{result.generate_report()}"

    return check
