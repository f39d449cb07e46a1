"""What happens while a batch runs: failures and retries, pause and cancel, another tab, a session that ends."""

import contextlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, BrowserContext, Error, Page, Route, expect

from tests.e2e.conftest import PASSWORD, Visit, enter, lose, press, sign_up
from tests.e2e.orders import client_of, ended, order
from tests.fakes.relay import ImageRelay, error

Check = Callable[[Page], None]
UNAVAILABLE = '{"code": "unavailable", "status": 503}'


@pytest.fixture
def relayed_page(context: BrowserContext, page: Page, relayed_url: str) -> Page:
    """The workspace of a new user of that service."""
    enter(context, relayed_url, sign_up(relayed_url)[1])
    page.goto(relayed_url)
    return page


def begin(page: Page, *photos: Path) -> None:
    """Start a batch of these photos and wait for its page."""
    expect(page.get_by_role("button", name="选择文件", exact=True)).to_be_visible()
    page.locator(".light-table input[type=file]").first.set_input_files(photos)
    expect(page.locator(".tile img")).to_have_count(len(photos))
    page.get_by_label("提示词").fill("make it blue")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".result")).to_have_count(len(photos))


def ends(page: Page, status: str) -> None:
    expect(page.locator("h1 .badge")).to_have_text(status, timeout=60_000)


def choose(page: Page, action: str) -> None:
    page.get_by_role("button", name="更多操作").click()
    page.get_by_role("menuitem", name=action).click()


def test_a_refused_image_says_why_and_can_be_tried_again(
    relayed_page: Page, relay: ImageRelay, album: Path, check_a11y: Check
) -> None:
    page = relayed_page
    relay.script(error(400, "Your request was rejected by our safety system.", "moderation_blocked"))
    begin(page, album / "IMG_1.jpg", album / "IMG_2.jpg")
    ends(page, "已完成")
    failed = page.locator(".result[data-status=failed]")
    expect(failed).to_contain_text("被上游的安全策略拦下")
    expect(page.get_by_role("progressbar", name="结果")).to_have_attribute("aria-valuetext", "1/2，失败 1")
    expect(page.get_by_text("退回 1 积分")).to_be_visible()
    expect(page.get_by_role("link", name="余额 49 积分")).to_be_visible()
    check_a11y(page)
    page.get_by_role("radio", name="失败 1").click()
    expect(page).to_have_url(re.compile("show=failed"))
    expect(page.locator(".result")).to_have_count(1)
    press(page.get_by_role("button", name="重试失败 (1)"))
    expect(page.get_by_role("progressbar", name="结果")).to_have_attribute("aria-valuetext", "2/2", timeout=60_000)
    expect(page.get_by_role("link", name="余额 48 积分")).to_be_visible()


def test_pause_resume_cancel_delete(relayed_page: Page, relay: ImageRelay, album: Path, check_a11y: Check) -> None:
    page = relayed_page
    relay.latency = 3600
    try:
        begin(page, *(album / f"IMG_{number}.jpg" for number in (1, 2, 3, 10)))
        expect(page.locator(".result[data-status=processing]")).to_have_count(3)
        check_a11y(page)
        press(page.get_by_role("button", name="暂停"))
        ends(page, "已暂停")
        expect(page.get_by_text("正在处理的图片会做完")).to_be_visible()
        press(page.get_by_role("button", name="继续"))
        ends(page, "处理中")
        page.get_by_role("button", name="取消这张").last.click()
        expect(page.locator(".result[data-status=cancelled]")).to_have_count(1)
        choose(page, "取消批次")
        check_a11y(page)
        page.get_by_role("alertdialog").get_by_role("button", name="取消批次").click()
        ends(page, "已取消")
    finally:
        relay.latency = 0
    expect(page.get_by_role("link", name="余额 50 积分")).to_be_visible()
    choose(page, "删除批次")
    page.get_by_role("alertdialog").get_by_role("button", name="删除批次").click()
    expect(page).to_have_url(re.compile("/batches$"))
    expect(page.get_by_role("heading", name="还没有批次")).to_be_visible()


def test_a_decision_shows_at_once_and_goes_when_the_server_refuses(
    relayed_page: Page, relay: ImageRelay, album: Path
) -> None:
    page = relayed_page
    relay.latency = 3600
    try:
        begin(page, album / "IMG_1.jpg", album / "IMG_2.jpg")
        # word of the second one's start would be newer than what is foreseen
        expect(page.locator(".result[data-status=processing]")).to_have_count(2)
        ends(page, "处理中")
        for path, decide, shown, busy in (
            ("queues/*/pause", lambda: press(page.get_by_role("button", name="暂停")), "已暂停", "继续"),
            ("queues/*/cancel", lambda: cancel_batch(page), "已取消", ""),
        ):
            with held(page, path) as refuse:
                decide()
                ends(page, shown)
                expect(page.locator(".page-head [data-busy]")).to_have_text([busy] if busy else [])
                hear_again(page)
                ends(page, shown)
                refuse()
            ends(page, "处理中")
            expect(page.get_by_role("alert")).to_contain_text("服务暂时不可用")
        cancelled = page.locator(".result[data-status=cancelled]")
        with held(page, "tasks/*/cancel") as refuse:
            press(page.get_by_role("button", name="取消这张 IMG_2.jpg"))
            expect(cancelled).to_have_count(1)
            refuse()
        expect(cancelled).to_have_count(0)
        # and what the server agrees to stays
        press(page.get_by_role("button", name="取消这张 IMG_2.jpg"))
        expect(cancelled).to_have_count(1)
        cancel_batch(page)
        ends(page, "已取消")
    finally:
        relay.latency = 0
    expect(page.get_by_role("link", name="余额 50 积分")).to_be_visible()


def hear_again(page: Page) -> None:
    """The page is told once more how things stand, by an answer and by its stream."""
    with page.expect_response("**/api/batch/queues?limit=100"):
        page.evaluate("dispatchEvent(new Event('online'))")
    page.evaluate("fetch('/api/health').then((answer) => answer.text())")


def cancel_batch(page: Page) -> None:
    choose(page, "取消批次")
    page.get_by_role("alertdialog").get_by_role("button", name="取消批次").click()


@contextmanager
def held(page: Page, path: str) -> Iterator[Callable[[], None]]:
    """The next request to this path of the API is not answered until the function is called, and then with a no."""
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    def refuse() -> None:
        while not asked:
            page.evaluate("new Promise(requestAnimationFrame)")
        asked.pop().fulfill(status=503, content_type="application/problem+json", body=UNAVAILABLE)

    page.route(f"**/api/batch/{path}", hold, times=1)
    with page.expect_request(f"**/api/batch/{path}"):
        yield refuse


def test_another_version_of_one_image(user_page: Page, album: Path) -> None:
    page = user_page
    begin(page, album / "IMG_1.jpg")
    ends(page, "已完成")
    page.get_by_role("button", name="再改一次 IMG_1.jpg").click()
    page.get_by_role("radio", name="从原图重新改").check(force=True)
    page.get_by_label("想怎么改").fill("oil painting")
    page.get_by_role("button", name="开始", exact=True).click()
    expect(page.locator(".result[data-status=completed]")).to_have_count(2, timeout=60_000)
    expect(page.locator(".result").nth(1)).to_contain_text("第 2 版")
    page.locator(".result .pair").nth(1).click()
    page.get_by_role("radio", name="第 1 版").click()
    expect(page.get_by_role("dialog").get_by_text("make it blue")).to_be_visible()


def test_an_edit_whose_answer_was_lost_is_ordered_once(user_page: Page, album: Path) -> None:
    page = user_page
    begin(page, album / "IMG_1.jpg")
    ends(page, "已完成")

    page.route("**/api/batch/tasks/*/edit", lose, times=1)
    page.get_by_role("button", name="再改一次 IMG_1.jpg").click()
    page.get_by_label("想怎么改").fill("oil painting")
    start = page.get_by_role("dialog").get_by_role("button", name="开始", exact=True)
    start.click()
    expect(page.get_by_role("alert")).to_be_visible()
    press(start)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".result[data-status=completed]")).to_have_count(2)
    expect(page.get_by_role("link", name="余额 48 积分")).to_be_visible()


def test_word_that_overtakes_the_first_answer_is_not_lost(visit: Visit, base_url: str, pair: list[Path]) -> None:
    cookie = sign_up(base_url)[1]
    late: list[tuple[Route, APIResponse]] = []

    def first_late(route: Route) -> None:
        if late:
            route.continue_()
        else:
            late.append((route, route.fetch()))

    with client_of(base_url, cookie) as client:
        queue_id = order(client, pair, sample_first="1")
        ended(client, queue_id, at={"awaiting_approval"})
        page = visit(cookie)
        page.route("**/tasks?*", first_late)
        page.goto(f"/batches/{queue_id}")
        expect(page.locator("h1 .badge")).to_have_text("等待确认")
        client.post(f"/api/batch/queues/{queue_id}/approve", json={}).raise_for_status()
        ended(client, queue_id)
    ends(page, "已完成")
    [(route, answer)] = late
    with contextlib.suppress(Error):  # the page has asked anew and may have given this one up
        route.fulfill(response=answer)
    expect(page.locator(".result[data-status=completed]")).to_have_count(2)


def test_two_tabs_and_the_history_tell_the_same(visit: Visit, base_url: str, album: Path) -> None:
    cookie = sign_up(base_url)[1]
    page, history = visit(cookie), visit(cookie)
    history.goto("/batches")
    expect(history.get_by_role("heading", name="还没有批次")).to_be_visible()
    page.goto("/")
    begin(page, album / "IMG_1.jpg")
    expect(history.locator(".queue-row")).to_have_count(1)
    ends(page, "已完成")
    expect(history.locator(".queue-row .badge")).to_have_text("已完成")
    choose(page, "重命名")
    page.get_by_label("批次名称").fill("海边旅行")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", name=re.compile("海边旅行"))).to_be_visible()
    expect(history.get_by_role("link", name="海边旅行")).to_be_visible()
    history.get_by_role("searchbox").fill("山")
    history.keyboard.press("Enter")
    expect(history.get_by_role("heading", name="没有符合条件的批次")).to_be_visible()
    expect(history).to_have_url(re.compile("q="))
    history.get_by_role("button", name="清除条件").click()
    expect(history.locator(".queue-row")).to_have_count(1)


def test_a_session_that_ends_costs_no_work(context: BrowserContext, user_page: Page, album: Path) -> None:
    page = user_page
    expect(page.get_by_role("button", name="选择文件", exact=True)).to_be_visible()
    page.locator(".light-table input[type=file]").first.set_input_files([album / "IMG_1.jpg"])
    expect(page.locator(".tile-done")).to_have_count(1)
    page.get_by_label("提示词").fill("watercolour, please")
    context.clear_cookies()
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="请重新登录")
    dialog.get_by_label("密码").fill(PASSWORD)
    dialog.get_by_role("button", name="登录").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("提示词")).to_have_value("watercolour, please")
    page.keyboard.press("Control+Enter")
    ends(page, "已完成")


def test_language_and_theme_stay_as_chosen(user_page: Page) -> None:
    page = user_page
    page.goto("/account")
    page.get_by_role("radio", name="English").click()
    page.get_by_role("radio", name="Dark").click()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Account")).to_be_visible()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("document.documentElement.lang") == "en"


def test_signing_out_ends_the_session_and_the_way_back_leads_on(user_page: Page) -> None:
    page = user_page
    name = page.locator(".avatar-button")
    name.click()
    page.get_by_role("menuitem", name="退出登录").click()
    expect(page).to_have_url(re.compile("/sign-in$"))
    page.goto("/batches?q=beach")
    expect(page).to_have_url(re.compile("/sign-in"))
