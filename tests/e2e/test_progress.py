"""Where a batch stands, in words: its turn, the time left, and why it waits."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e import server
from tests.e2e.conftest import Visit, press, sign_up, signed_in_admin
from tests.e2e.orders import client_of, order, tasks_of
from tests.e2e.relay import relaying, settings_for
from tests.e2e.test_pages import LOOKS
from tests.fakes.relay import ImageRelay

Check = Callable[[Page], None]
SHIFTS = """
window.shifted = 0
new PerformanceObserver(list => list.getEntries().forEach(entry => { window.shifted += entry.value }))
  .observe({ type: 'layout-shift', buffered: true })
"""


@pytest.fixture(scope="module")
def upstream() -> Iterator[ImageRelay]:
    """An upstream of this file's own: what it is made to do must disturb no other test."""
    with relaying() as relay:
        yield relay


@pytest.fixture(scope="module")
def service(upstream: ImageRelay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with server.running(tmp_path_factory.mktemp("progress"), settings_for(upstream)) as url:
        yield url


@pytest.fixture
def ten(album: Path) -> list[Path]:
    photos = sorted(path for path in album.rglob("*") if path.is_file())
    assert len(photos) == 10
    return photos


@pytest.fixture
def stuck(upstream: ImageRelay, service: str) -> Iterator[list[tuple[httpx.Client, int]]]:
    """The upstream answers nobody; batches noted here are cancelled at the end."""
    upstream.latency = 3600
    begun: list[tuple[httpx.Client, int]] = []
    yield begun
    upstream.latency = 0
    for client, queue_id in begun:
        client.post(f"/api/batch/queues/{queue_id}/cancel").raise_for_status()
        client.close()


def test_the_images_of_others_before_ones_own(
    visit: Visit, service: str, stuck: list[tuple[httpx.Client, int]], ten: list[Path]
) -> None:
    first, second = sign_up(service)[1], sign_up(service)[1]
    for cookie, photos in ((first, ten[:5]), (second, ten[:2])):
        client = client_of(service, cookie)
        stuck.append((client, order(client, photos)))
    page = visit(second, base_url=service)
    page.goto(f"/batches/{stuck[1][1]}")
    expect(page.locator("h1 .badge")).to_have_text("排队中")
    expect(page.get_by_text("前面还有 1 张")).to_be_visible()
    assert page.title().startswith("(0%) ")
    client, queue_id = stuck[0]
    client.post(f"/api/batch/queues/{queue_id}/cancel").raise_for_status()
    expect(page.locator("h1 .badge")).to_have_text("处理中")
    expect(page.get_by_text("前面还有")).to_have_count(0)


def test_the_time_left_is_known_after_two_and_the_end_is_said(
    visit: Visit, service: str, upstream: ImageRelay, ten: list[Path]
) -> None:
    cookie = sign_up(service)[1]
    with client_of(service, cookie) as client:
        queue_id = order(client, ten, sample_first="2")
        page = visit(cookie, base_url=service)
        page.goto(f"/batches/{queue_id}")
        expect(page.locator(".sample-panel")).to_be_visible()
        expect(page.get_by_text("预计还要")).to_have_count(0)
        upstream.latency = 3600
        client.post(f"/api/batch/queues/{queue_id}/approve").raise_for_status()
        expect(page.get_by_text(re.compile("预计还要 不到 1 分钟"))).to_be_visible()
        expect(page.get_by_role("status").get_by_text("已完成 20%")).to_be_attached()
        upstream.latency = 0
        for task in tasks_of(client, queue_id):
            if task["status"] == "processing":  # whatever is not at the upstream yet may end by itself meanwhile
                assert client.post(f"/api/batch/tasks/{task['id']}/cancel").status_code in (200, 409)
        expect(page.locator("h1 .badge")).to_have_text("已完成")
        delivered = [task for task in tasks_of(client, queue_id) if task["status"] == "completed"]
    expect(page.get_by_role("status").get_by_text(f"全部完成：{len(delivered)} 张")).to_be_attached()


def test_an_upstream_that_refuses_the_key_is_explained_and_waited_for(
    visit: Visit, service: str, upstream: ImageRelay, ten: list[Path]
) -> None:
    key, upstream.key = upstream.key, "another key"
    try:
        cookie = sign_up(service)[1]
        with client_of(service, cookie) as client:
            queue_id = order(client, ten[:2])
        page = visit(cookie, base_url=service)
        page.goto(f"/batches/{queue_id}")
        expect(page.get_by_text("上游拒绝了密钥，已暂停，不会扣费")).to_be_visible()
        expect(page).to_have_title(re.compile("^! "))
    finally:
        upstream.key = key
    press(page.get_by_role("button", name="继续"))
    expect(page.locator("h1 .badge")).to_have_text("已完成")
    expect(page.get_by_text("上游拒绝了密钥")).to_have_count(0)


def test_an_administrator_holds_everything_and_it_is_said(visit: Visit, service: str, ten: list[Path]) -> None:
    cookie = sign_up(service)[1]
    page = visit(cookie, base_url=service)
    with signed_in_admin(service) as admin:
        admin.post("/api/admin/batch/pause").raise_for_status()
        try:
            with client_of(service, cookie) as client:
                queue_id = order(client, ten[:2])
            page.goto(f"/batches/{queue_id}")
            expect(page.get_by_text("管理员暂停了处理")).to_be_visible()
        finally:
            admin.post("/api/admin/batch/resume").raise_for_status()
    expect(page.locator("h1 .badge")).to_have_text("已完成")
    expect(page.get_by_text("管理员暂停了处理")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
def test_a_batch_at_work_in_every_look(
    visit: Visit,
    service: str,
    stuck: list[tuple[httpx.Client, int]],
    ten: list[Path],
    examine: Check,
    look: dict[str, object],
) -> None:
    cookie = sign_up(service)[1]
    client = client_of(service, cookie)
    stuck.append((client, order(client, ten[:5], batch_name="海边")))
    page = visit(cookie, base_url=service, **look)
    page.add_init_script(SHIFTS)
    page.goto(f"/batches/{stuck[0][1]}")
    expect(page.locator(".result[data-status=processing]")).to_have_count(3)
    expect(page.locator(".pair img").first).to_be_visible()
    assert page.evaluate("shifted") < 0.02
    examine(page)
    page.goto("/batches")
    expect(page.locator(".cover img")).to_have_count(4)
    assert page.evaluate("shifted") < 0.02
    examine(page)


@pytest.mark.parametrize(
    "look",
    [
        pytest.param({"viewport": {"width": 320, "height": 256}}, id="zoomed to 400 %"),
        pytest.param({"forced_colors": "active"}, id="forced colours"),
    ],
)
def test_a_batch_is_all_there_for_other_eyes(
    visit: Visit, service: str, ten: list[Path], examine: Check, look: dict[str, object]
) -> None:
    cookie = sign_up(service)[1]
    with client_of(service, cookie) as client:
        queue_id = order(client, ten[:3])
    page = visit(cookie, base_url=service, **look)
    page.goto(f"/batches/{queue_id}")
    expect(page.locator("h1 .badge")).to_have_text("已完成")
    examine(page)
    page.locator(".result").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("toolbar")).to_be_visible()
    examine(page)
    page.keyboard.press("Enter")
    picture = page.locator(".compare-track").bounding_box()
    assert picture is not None
    assert picture["height"] >= 150
    if "forced_colors" not in look:  # there axe measures the colours of the style sheet, which nobody sees
        examine(page)
