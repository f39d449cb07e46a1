"""A browser, the real service, and what holds on every page: no console error, nothing from another host, no axe violation."""

import contextlib
from collections.abc import Callable, Generator, Iterator
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    BrowserType,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Route,
    expect,
)

from tests.e2e import chromium, server
from tests.e2e.photos import make_album
from tests.e2e.relay import relaying, settings_for
from tests.fakes.relay import ImageRelay

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PASSWORD = "a long enough phrase"
# the browser's own line for an answer of the API that the page shows in its own words
EXPECTED = "Failed to load resource: the server responded with a status of"
BUILT = server.REPO / "frontend/dist/index.html"

# a machine that does much else at once is slow, not wrong
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)

Visit = Callable[..., Page]
OPENED = pytest.StashKey[list[BrowserContext]]()
_numbers = count(1)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any], browser_type: BrowserType) -> dict[str, Any]:
    found = chromium.executable(browser_type)
    return {**browser_type_launch_args, "args": chromium.flags(), **({"executable_path": found} if found else {})}


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
def common_relay() -> Iterator[ImageRelay]:
    with relaying() as relay:
        yield relay


@pytest.fixture(scope="session")
def common_service(common_relay: ImageRelay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server.running(tmp_path_factory.mktemp("relayed"), settings_for(common_relay)) as url:
        yield url


@pytest.fixture
def relay(common_relay: ImageRelay) -> Iterator[ImageRelay]:
    """A relay that answers at once; what a test makes it do ends with the test."""
    yield common_relay
    common_relay.latency = 0
    common_relay.scripted.clear()


@pytest.fixture
def relayed_url(relay: ImageRelay, common_service: str) -> Iterator[str]:
    """A service whose images are edited by the relay. What a test leaves open is cancelled: tried again much later, it
    would take a slot, or an answer that is meant for another test."""
    yield common_service
    with signed_in_admin(common_service) as admin:
        for status in ("pending", "processing", "paused"):
            for queue in admin.get("/api/admin/batch/queues", params={"status": status}).json()["items"]:
                admin.post(f"/api/admin/batch/queues/{queue['id']}/cancel")


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ten photos, named 照片."""
    folder = tmp_path_factory.mktemp("album") / "照片"
    make_album(folder)
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure tells what the pages said."""
    report = yield
    if report.when == "call" and report.failed:
        for page in (page for context in item.stash.get(OPENED, []) for page in context.pages):
            with contextlib.suppress(Error):
                report.sections.append((page.url, page.locator("body").inner_text(timeout=1000)))
    return report


@pytest.fixture
def pair(album: Path) -> list[Path]:
    return [album / "IMG_1.jpg", album / "IMG_2.jpg"]


@pytest.fixture
def watched(request: pytest.FixtureRequest) -> Iterator[Callable[[BrowserContext], BrowserContext]]:
    """Watch a context: whatever its pages complain about, or ask another host for, fails the test at its end."""
    complaints: list[str] = []
    opened = request.node.stash.setdefault(OPENED, [])

    def on_console(message: ConsoleMessage) -> None:
        answered = EXPECTED in message.text and "/api/" in message.location["url"]
        if message.type == "error" and not answered:
            complaints.append(message.text)

    def watch(context: BrowserContext) -> BrowserContext:
        opened.append(context)
        context.set_default_timeout(PATIENCE_MS)
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


@contextlib.contextmanager
def signed_in_admin(url: str) -> Iterator[httpx.Client]:
    """Talks to the API of the service at `url` as its administrator."""
    with httpx.Client(base_url=url, headers={"Origin": url}, trust_env=False, timeout=60) as client:
        sign_in(client, {"username": "admin", "password": server.ADMIN_PASSWORD})
        yield client


def enter(context: BrowserContext, url: str, cookie: str) -> None:
    """Let the context's pages be those of a signed-in user."""
    context.add_cookies([{"name": "sid", "value": cookie, "url": url, "httpOnly": True, "sameSite": "Lax"}])
    context.add_init_script("try { localStorage.setItem('nb.signed-in', '1') } catch {}")


def press(button: Locator) -> None:
    """Click it once it is not busy with an earlier click: until then it does nothing."""
    expect(button).not_to_have_attribute("data-busy", "")
    button.click()


def loaded(page: Page, pictures: str) -> None:
    """Wait until there are pictures of this selector, and all of them have come."""
    page.evaluate(  # not wait_for_function: from its second look on it evaluates text, which the page's policy forbids
        """async (pictures) => {
          for (;;) {
            const images = [...document.querySelectorAll(pictures)]
            if (images.length && images.every((image) => image.complete && image.naturalWidth)) return
            await new Promise((resolve) => setTimeout(resolve, 50))
          }
        }""",
        pictures,
    )


def lose(route: Route) -> None:
    """The server does it, and nobody hears of it."""
    route.fetch()
    route.fulfill(status=502)


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
    """`visit(cookie, **context options)`: a page of another browser window; of another service with its `base_url`."""
    opened: list[BrowserContext] = []

    def open_page(cookie: str | None = None, **options: Any) -> Page:
        context = watched(browser.new_context(**{**browser_context_args, **options}))
        opened.append(context)
        if cookie:
            enter(context, str(options.get("base_url", base_url)), cookie)
        return context.new_page()

    yield open_page
    for context in opened:
        context.close()


@pytest.fixture
def admin_cookie(base_url: str) -> str:
    with signed_in_admin(base_url) as client:
        return client.cookies["sid"]


@pytest.fixture
def check_a11y() -> Callable[[Page], None]:
    """Axe's WCAG A and AA rules on the page as it is now."""

    def check(page: Page) -> None:
        result = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        assert result.violations_count == 0, f"{page.url}\n{result.generate_report()}"

    return check


@pytest.fixture
def examine(check_a11y: Callable[[Page], None]) -> Callable[[Page], None]:
    """Axe finds nothing, and nothing reaches beyond the window."""

    def look(page: Page) -> None:
        check_a11y(page)
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert beyond <= 0, f"{page.url} is {beyond} px wider than the window"

    return look
