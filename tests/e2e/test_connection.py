"""A connection that breaks, a machine that sleeps, tabs nobody looks at: what they say, and that nothing is missed."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, TimeoutError, expect

from tests.e2e import server
from tests.e2e.conftest import PATIENCE_MS, Visit, enter, sign_up
from tests.e2e.orders import client_of, ended, order, tasks_of
from tests.fakes.pictures import data_url, png
from tests.fakes.relay import ImageRelay, completion, image_item
from tests.fakes.wire import json_answer
from tests.ports import free_port

# the browser's own lines for a service that is not there are what these tests are about: their pages are not watched
LOOK = {"locale": "zh-CN", "reduced_motion": "reduce", "viewport": {"width": 1440, "height": 900}}
UNSEEN = "Object.defineProperty(document, 'hasFocus', { value: () => false })"
NOTED = """
window.noted = []
Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' })
window.Notification = class {
  static permission = 'granted'
  static requestPermission = async () => 'granted'
  constructor(title, options) { window.noted.push({ title, ...options }) }
  close() {}
}
"""


@pytest.fixture
def unwatched(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(**LOOK)
    yield context
    context.close()


def icon(page: Page) -> str:
    return str(page.locator("link[rel=icon]").get_attribute("href"))


def test_a_service_that_restarts_is_found_again_and_nothing_was_missed(
    unwatched: BrowserContext, tmp_path: Path, album: Path
) -> None:
    settings = {"PORT": str(free_port())}
    with server.running(tmp_path, settings) as url:
        cookie = sign_up(url)[1]
        enter(unwatched, url, cookie)
        with client_of(url, cookie) as client:
            queue_id = order(client, [album / "IMG_1.jpg"], sample_first="1", batch_name="海边")
            page = unwatched.new_page()
            page.goto(f"{url}/batches/{queue_id}")
            other = unwatched.new_page()
            other.goto(f"{url}/batches")
            expect(page.locator("h1 .badge")).to_have_text("已完成")
            expect(other.locator(".queue-row .badge")).to_have_text("已完成")
    for tab in (page, other):
        expect(tab.locator(".strip")).to_contain_text(re.compile(r"连接断开，\d+ 秒后重连"))
        expect(tab.get_by_role("status").get_by_text("正在重连")).to_have_count(1)
    with server.running(tmp_path, settings), client_of(url, cookie) as client:
        client.patch(f"/api/batch/queues/{queue_id}", json={"batch_name": "山里"}).raise_for_status()
        with contextlib.suppress(TimeoutError):  # it may find the way by itself meanwhile
            page.get_by_role("button", name="立即重连").click(timeout=5000)
        for tab in (page, other):
            expect(tab.locator(".strip")).to_have_count(0)
        expect(page.get_by_role("heading", name=re.compile("山里"))).to_be_visible()
        expect(other.get_by_role("link", name="山里")).to_be_visible()
        # and the feed is alive, in both
        client.patch(f"/api/batch/queues/{queue_id}", json={"batch_name": "湖边"}).raise_for_status()
        expect(page.get_by_role("heading", name=re.compile("湖边"))).to_be_visible()
        expect(other.get_by_role("link", name="湖边")).to_be_visible()
        client.delete(f"/api/batch/queues/{queue_id}").raise_for_status()
        expect(other.get_by_role("heading", name="还没有批次")).to_be_visible()


def sampled(base_url: str, album: Path) -> tuple[str, int]:
    """A user's cookie, and a batch of theirs whose sample waits for approval."""
    cookie = sign_up(base_url)[1]
    with client_of(base_url, cookie) as client:
        queue_id = order(client, [album / "IMG_1.jpg", album / "IMG_2.jpg"], sample_first="1", batch_name="海边")
        ended(client, queue_id, at=["awaiting_approval"])
    return cookie, queue_id


def approve(base_url: str, cookie: str, queue_id: int) -> None:
    with client_of(base_url, cookie) as client:
        client.post(f"/api/batch/queues/{queue_id}/approve").raise_for_status()


def rename(base_url: str, cookie: str, queue_id: int, name: str) -> None:
    with client_of(base_url, cookie) as client:
        client.patch(f"/api/batch/queues/{queue_id}", json={"batch_name": name}).raise_for_status()


def test_a_start_waits_for_the_network(unwatched: BrowserContext, base_url: str, album: Path) -> None:
    enter(unwatched, base_url, sign_up(base_url)[1])
    page = unwatched.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'onLine', { get: () => !window.away })")
    page.clock.install()
    page.goto(base_url)
    page.get_by_label("提示词").fill("one")
    uploads: list[str] = []
    page.on("request", lambda request: uploads.append(request.url) if request.url.endswith("/batch/images") else None)
    page.route("**/api/batch/images", lambda route: route.abort("internetdisconnected"))
    page.evaluate("window.away = true; dispatchEvent(new Event('offline'))")
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/batch/images")):
        page.locator(".light-table input[type=file]").first.set_input_files(album / "IMG_1.jpg")
    page.get_by_role("button", name="开始处理 1 张").click()
    # longer than between one try and the next; what was asked before this answer has been seen
    page.clock.run_for(2000)
    page.evaluate("fetch('/api/health').then((answer) => answer.text())")
    assert len(uploads) == 1
    page.unroute("**/api/batch/images")
    page.evaluate("window.away = false; dispatchEvent(new Event('online'))")
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))


def test_more_tabs_than_a_browser_has_connections(visit: Visit, base_url: str, album: Path) -> None:
    cookie, queue_id = sampled(base_url, album)
    first = visit(cookie)
    tabs = [first, *(first.context.new_page() for _ in range(7))]
    for tab in tabs:
        tab.goto(f"/batches/{queue_id}")
        expect(tab.locator(".sample-panel")).to_be_visible()
    approve(base_url, cookie, queue_id)
    for tab in tabs:
        expect(tab.locator("h1 .badge")).to_have_text("已完成")


def test_a_tab_tells_from_afar_how_it_ended(visit: Visit, base_url: str, album: Path) -> None:
    cookie, queue_id = sampled(base_url, album)
    page = visit(cookie)
    page.add_init_script(UNSEEN)
    page.add_init_script(NOTED)
    page.goto(f"/batches/{queue_id}")
    expect(page).to_have_title("! 海边 · Nano-Banana")
    assert icon(page).startswith("data:image/svg+xml")
    approve(base_url, cookie, queue_id)
    expect(page).to_have_title("✓ 海边 · Nano-Banana")
    noted = page.evaluate("noted.filter(note => note.body.includes('全部完成'))")
    assert [(note["title"], note["tag"]) for note in noted] == [("海边", f"batch-{queue_id}")]
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page).to_have_title("海边 · Nano-Banana")
    assert icon(page) == "/favicon.svg"


def test_somebody_on_another_page_is_told(visit: Visit, base_url: str, album: Path) -> None:
    cookie, queue_id = sampled(base_url, album)
    page = visit(cookie)
    page.goto("/account")
    expect(page.get_by_role("heading", name="账户")).to_be_visible()
    approve(base_url, cookie, queue_id)
    expect(page.get_by_role("status").get_by_text("海边：全部完成：2 张")).to_be_visible()


def test_a_tab_of_its_own_sleeps_rests_and_catches_up(visit: Visit, base_url: str, album: Path) -> None:
    """Where the browser has no shared workers, each tab listens for itself, and not while nobody sees it."""
    cookie, queue_id = sampled(base_url, album)
    page = visit(cookie)
    page.add_init_script("delete window.SharedWorker; window.seen = 'visible'")
    page.add_init_script("Object.defineProperty(document, 'visibilityState', { get: () => window.seen })")
    page.clock.install()
    page.goto(f"/batches/{queue_id}")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("海边")

    with page.expect_request("**/api/batch/events"):
        page.clock.fast_forward("05:00")  # the clock jumps, as after a sleep: the connection is made anew
    rename(base_url, cookie, queue_id, "山里")
    expect(heading).to_contain_text("山里")

    page.evaluate("window.seen = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(65_000)
    rename(base_url, cookie, queue_id, "湖边")
    with page.expect_request("**/api/batch/events"):
        page.evaluate("window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
    expect(heading).to_contain_text("湖边")
    expect(page.locator(".strip")).to_have_count(0)


def half_done(relay: ImageRelay, url: str, cookie: str, album: Path) -> int:
    """A batch with one image that is done and one that the relay never answers."""
    picture = json_answer(completion(images=[image_item(data_url(png()))]))
    relay.script(picture, replace(picture, hang=True))
    with client_of(url, cookie) as client:
        return order(client, [album / "IMG_1.jpg", album / "IMG_2.jpg"], batch_name="海边")


def end(url: str, cookie: str, queue_id: int) -> None:
    """What still waits for the relay is given up: the batch ends with what was delivered."""
    with client_of(url, cookie) as client:
        delivered = [task["status"] for task in tasks_of(client, queue_id)].index("completed")
        client.post(f"/api/batch/tasks/{tasks_of(client, queue_id)[1 - delivered]['id']}/cancel").raise_for_status()
        assert ended(client, queue_id)["status"] == "completed"


def told_elsewhere(page: Page) -> None:
    expect(page.get_by_role("status").get_by_text("海边：全部完成：1 张")).to_be_visible()
    expect(page.get_by_role("link", name="余额 49 积分")).to_be_visible()


def test_what_ended_while_nobody_listened_is_told_afterwards(
    visit: Visit, relayed_url: str, relay: ImageRelay, album: Path
) -> None:
    cookie = sign_up(relayed_url)[1]
    page = visit(cookie, base_url=relayed_url)
    page.add_init_script("delete window.SharedWorker; window.seen = 'visible'")
    page.add_init_script("Object.defineProperty(document, 'visibilityState', { get: () => window.seen })")
    page.clock.install()
    page.goto("/batches")
    expect(page.get_by_role("heading", name="还没有批次")).to_be_visible()
    queue_id = half_done(relay, relayed_url, cookie, album)
    expect(page.locator(".queue-row")).to_contain_text("1/2")
    page.get_by_role("link", name="余额 48 积分").click()
    page.evaluate("window.seen = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))")
    page.clock.run_for(65_000)
    end(relayed_url, cookie, queue_id)
    page.evaluate("window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")
    told_elsewhere(page)


@pytest.mark.parametrize("swallow", [lambda route: route.abort(), lambda route: None], ids=["cut", "kept back"])
def test_a_proxy_that_swallows_the_stream_delays_the_news_and_loses_none(
    unwatched: BrowserContext,
    relayed_url: str,
    relay: ImageRelay,
    album: Path,
    swallow: Callable[[Route], None],
) -> None:
    cookie = sign_up(relayed_url)[1]
    enter(unwatched, relayed_url, cookie)
    page = unwatched.new_page()
    page.add_init_script("delete window.SharedWorker")
    page.route("**/api/batch/events", swallow)
    page.clock.install()
    page.goto(f"{relayed_url}/batches")
    expect(page.get_by_role("heading", name="还没有批次")).to_be_visible()
    queue_id = half_done(relay, relayed_url, cookie, album)
    row = page.locator(".queue-row").filter(has_text="1/2")
    until = time.monotonic() + PATIENCE_MS / 1000
    while not row.is_visible() and time.monotonic() < until:
        page.clock.run_for(5_000)
    expect(row).to_be_visible()
    with page.expect_response("**/api/batch/queues?limit=100"):
        page.clock.run_for(5_000)
    page.get_by_role("link", name="余额 48 积分").click()
    end(relayed_url, cookie, queue_id)
    with page.expect_response("**/api/batch/queues?limit=100"):
        page.clock.run_for(5_000)
    told_elsewhere(page)
