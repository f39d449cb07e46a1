"""The history: search and filters in the address, what a row's menu and the keyboard do, and thousands of batches."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import server
from tests.e2e.conftest import Visit, sign_up
from tests.e2e.orders import client_of, ended, order, tasks_of
from tests.e2e.test_pages import LOOKS

Check = Callable[[Page], None]
COPIES = 2_000


@pytest.fixture
def two(base_url: str, album: Path) -> str:
    """The cookie of a user with two batches that have ended."""
    cookie = sign_up(base_url)[1]
    with client_of(base_url, cookie) as client:
        for name, prompt in (("海边", "make it blue"), ("山里", "make it green")):
            ended(client, order(client, [album / "IMG_1.jpg", album / "IMG_2.jpg"], batch_name=name, prompt=prompt))
    return cookie


def menu(page: Page, name: str, action: str) -> None:
    page.get_by_role("button", name=f"更多操作 {name}").click()
    page.get_by_role("menuitem", name=action).click()


def test_search_and_filter_are_in_the_address(visit: Visit, two: str) -> None:
    page = visit(two)
    page.goto("/batches")
    rows = page.locator(".queue-row")
    expect(rows).to_have_count(2)
    expect(rows.first.locator(".cover img")).to_have_count(2)
    page.get_by_role("searchbox").fill("green")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("q=green"))
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("button", name="按状态筛选").click()
    page.get_by_role("option", name="失败").click()
    expect(page.get_by_role("heading", name="没有符合条件的批次")).to_be_visible()
    expect(page).to_have_url(re.compile("status=failed"))
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("green")
    page.get_by_role("button", name="清除条件").click()
    expect(rows).to_have_count(2)
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_a_filter_holds_and_pictures_are_the_results_when_a_batch_goes_on(
    visit: Visit, base_url: str, pair: list[Path]
) -> None:
    cookie = sign_up(base_url)[1]
    with client_of(base_url, cookie) as client:
        queue_id = order(client, pair, sample_first="1")
        ended(client, queue_id, at={"awaiting_approval"})
        page = visit(cookie)
        page.goto("/batches")
        pictures = page.locator(".queue-row .cover img")
        expect(pictures).to_have_count(2)
        page.get_by_role("button", name="按状态筛选").click()
        page.get_by_role("option", name="等待确认").click()
        expect(page).to_have_url(re.compile("status=awaiting_approval"))
        expect(page.locator(".queue-row")).to_have_count(1)
        client.post(f"/api/batch/queues/{queue_id}/approve", json={}).raise_for_status()
        ended(client, queue_id)
        results = [task["generated_image"]["thumbnail_url"] for task in tasks_of(client, queue_id)]
    expect(page.locator(".queue-row")).to_have_count(0)
    page.get_by_role("button", name="清除条件").click()
    for number, result in enumerate(results):
        expect(pictures.nth(number)).to_have_attribute("src", result)


def test_a_batch_is_repeated_renamed_and_deleted_from_its_row(visit: Visit, two: str) -> None:
    page = visit(two)
    page.goto("/batches")
    menu(page, "海边", "重命名")
    page.get_by_label("批次名称", exact=True).fill("海边 2026")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("link", name="海边 2026")).to_be_visible()
    with page.expect_download() as download:
        menu(page, "海边 2026", "下载 ZIP")
    assert download.value.suggested_filename == "海边 2026.zip"
    menu(page, "海边 2026", "再来一批")
    expect(page.get_by_label("提示词")).to_have_value("make it blue")
    expect(page).to_have_url(re.compile(r"/$"))
    page.go_back()
    menu(page, "海边 2026", "删除批次")
    page.get_by_role("alertdialog").get_by_role("button", name="删除批次").click()
    expect(page.locator(".queue-row")).to_have_count(1)
    expect(page.get_by_role("link", name="海边 2026")).to_have_count(0)


def test_a_batch_is_repeated_with_its_references(visit: Visit, relayed_url: str, album: Path) -> None:
    cookie = sign_up(relayed_url)[1]
    with client_of(relayed_url, cookie) as client:
        queue_id = order(client, [album / "IMG_1.jpg"], [album / "IMG_2.jpg"])
        ended(client, queue_id)
        page = visit(cookie, base_url=relayed_url)
        page.goto(f"/batches/{queue_id}")
        page.get_by_role("button", name="更多操作").click()
        page.get_by_role("menuitem", name="再来一批").click()
        expect(page.get_by_label("提示词", exact=True)).to_have_value("make it blue")
        expect(page.locator(".references img")).to_have_count(1)
        page.locator(".light-table input[type=file]").first.set_input_files([album / "IMG_3.jpg"])
        expect(page.locator(".tile img")).to_have_count(1)
        page.keyboard.press("Control+Enter")
        expect(page).to_have_url(re.compile(rf"/batches/(?!{queue_id}$)\d+$"))
        again = int(page.url.rpartition("/")[2])
        pictures = [client.get(f"/api/batch/queues/{one}/references").json()["items"] for one in (queue_id, again)]
    assert pictures[0][0]["sha256"] == pictures[1][0]["sha256"]


def test_the_list_by_keyboard(visit: Visit, two: str) -> None:
    page = visit(two)
    page.goto("/batches")
    rows = page.locator(".queue-row")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("F2")
    expect(page.get_by_label("批次名称", exact=True)).to_have_value("海边")
    page.keyboard.press("Escape")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Delete")
    expect(page.get_by_role("alertdialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(rows.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="海边")).to_be_visible()


@pytest.mark.parametrize("look", LOOKS)
def test_the_list_in_every_look(visit: Visit, two: str, examine: Check, look: dict[str, object]) -> None:
    page = visit(two, **look)
    page.goto("/batches")
    expect(page.locator(".queue-row")).to_have_count(2)
    expect(page.locator(".cover img")).to_have_count(4)
    examine(page)
    page.get_by_role("button", name=re.compile("^更多操作|^More actions")).first.click()
    expect(page.get_by_role("menu")).to_be_visible()
    examine(page)


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory, album: Path) -> Iterator[tuple[str, str]]:
    """The address of a service, and the cookie of a user with two thousand batches there."""
    folder = tmp_path_factory.mktemp("crowded")
    with server.running(folder) as url:
        cookie = sign_up(url)[1]
        with client_of(url, cookie) as client:
            queue_id = int(ended(client, order(client, [album / "IMG_1.jpg"], batch_name="第一批"))["id"])
        with closing(sqlite3.connect(folder / "data/nano-banana.sqlite3", timeout=30)) as database, database:
            names = [row[1] for row in database.execute("PRAGMA table_info(batch_queues)")]
            kept = [name for name in names if name not in {"id", "idempotency_key", "batch_name"}]
            columns = ", ".join(kept)
            database.executemany(
                f"INSERT INTO batch_queues (idempotency_key, batch_name, {columns})"
                f" SELECT ?, ?, {columns} FROM batch_queues WHERE id = {queue_id}",
                [(f"copy {number}", f"第 {number} 份") for number in range(1, COPIES)],
            )
        yield url, cookie


def test_two_thousand_batches_are_a_few_rows_at_a_time(visit: Visit, crowded: tuple[str, str]) -> None:
    url, cookie = crowded
    page = visit(cookie, base_url=url)
    page.goto("/batches")
    grid = page.get_by_role("grid", name="批次")
    rows = page.locator(".queue-row")
    expect(rows.first).to_contain_text(f"第 {COPIES - 1} 份")
    while (known := grid.get_attribute("aria-rowcount")) != str(COPIES):
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        expect(grid).not_to_have_attribute("aria-rowcount", str(known))
        assert rows.count() < 40
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.get_by_role("link", name="第一批", exact=True)).to_be_visible()
    rows.last.focus()
    page.keyboard.press("Home")
    expect(rows.first).to_contain_text(f"第 {COPIES - 1} 份")
    expect(rows.first).to_be_focused()
