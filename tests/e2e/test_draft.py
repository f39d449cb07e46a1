"""A draft and its start: what survives a reload, a sign-out, a lost answer; and that nothing is ordered twice."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Request, Route, expect

from tests.e2e.conftest import Visit, sign_up
from tests.e2e.desk import (
    MADE,
    PASTE,
    SAVED,
    UPLOADS,
    away_and_back,
    busy,
    choose,
    is_made,
    kept_files,
    kept_prompt,
    ready,
    saved,
    sent,
    uploaded,
)

Check = Callable[[Page], None]


def test_a_draft_survives_a_reload_and_nothing_is_sent_twice(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    page.get_by_label("提示词").fill("把天空换成晚霞")
    choose(page, pair[0])
    uploaded(page, 1)
    # the second one never arrives before the reload
    page.route(UPLOADS, lambda route: None)
    choose(page, pair[1])
    expect(page.locator(".tile img")).to_have_count(2)
    page.get_by_role("button", name="更多设置").click()
    page.get_by_label("批次名称").fill("晚霞")
    saved(page)
    kept_files(page, 1)
    page.once("dialog", lambda dialog: dialog.accept())
    page.unroute(UPLOADS)
    uploads = sent(page)
    page.reload()
    uploaded(page, 2)
    assert len(uploads) == 1
    expect(page.get_by_label("提示词")).to_have_value("把天空换成晚霞")
    expect(page.locator(".tile").first).to_contain_text("IMG_1.jpg")
    kept_files(page, 0)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="晚霞")).to_be_visible()
    page.goto("/")
    expect(page.locator(".empty-card")).to_be_visible()


def test_each_tab_has_a_draft_of_its_own_and_a_closed_one_is_taken_over(user_page: Page, pair: list[Path]) -> None:
    first = user_page
    ready(first)
    choose(first, pair[0])
    first.get_by_label("提示词").fill("one")
    uploaded(first, 1)
    saved(first)
    second = first.context.new_page()
    second.goto("/")
    expect(second.locator(".empty-card")).to_be_visible()
    choose(second, pair[1])
    second.get_by_label("提示词").fill("two")
    uploaded(second, 1)
    saved(second)
    first.reload()
    expect(first.get_by_label("提示词")).to_have_value("one")
    expect(first.locator(".tile")).to_contain_text("IMG_1.jpg")
    second.close()
    third = first.context.new_page()
    third.goto("/")
    expect(third.get_by_label("提示词")).to_have_value("two")
    expect(third.locator(".tile")).to_contain_text("IMG_2.jpg")
    uploaded(third, 1)


def test_a_draft_survives_on_plain_http_too(visit: Visit, base_url: str, pair: list[Path]) -> None:
    cookie = sign_up(base_url)[1]
    page = visit()
    plain = base_url.replace("127.0.0.1", "nano.test")
    page.context.add_cookies([{"name": "sid", "value": cookie, "url": plain, "httpOnly": True, "sameSite": "Lax"}])
    page.context.add_init_script("localStorage.setItem('nb.signed-in', '1')")
    page.goto(plain)
    ready(page)
    choose(page, *pair)
    uploaded(page, 2)
    # no digest there: name, size and time tell
    choose(page, pair[0])
    expect(page.get_by_text("1 张与前面的内容相同")).to_be_visible()
    page.get_by_label("提示词").fill("one")
    saved(page)
    page.reload()
    uploaded(page, 2)
    expect(page.get_by_label("提示词")).to_have_value("one")


def test_uploads_go_on_after_signing_in_in_place(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    page.get_by_label("提示词").fill("one")
    page.context.clear_cookies()
    choose(page, *pair)
    dialog = page.get_by_role("dialog", name="请重新登录")
    expect(dialog).to_be_visible()
    dialog.get_by_label("密码").fill("a long enough phrase")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    uploaded(page, 2)
    expect(page.get_by_label("提示词")).to_have_value("one")


def test_signing_out_leaves_nothing_for_the_next_person(user_page: Page, base_url: str, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    choose(page, pair[0])
    uploaded(page, 1)
    saved(page)
    page.get_by_role("button", name=re.compile("的菜单$")).click()
    page.get_by_role("menuitem", name="退出登录").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    kept_files(page, 0)
    username, _cookie = sign_up(base_url)
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill("a long enough phrase")
    page.keyboard.press("Enter")
    expect(page.locator(".empty-card")).to_be_visible()


def test_who_signs_out_and_in_again_finds_the_draft(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    page.get_by_label("提示词").fill("one")
    choose(page, pair[0])
    uploaded(page, 1)
    saved(page)
    menu = page.get_by_role("button", name=re.compile("的菜单$"))
    username = (menu.get_attribute("aria-label") or "").removesuffix(" 的菜单")
    menu.click()
    page.get_by_role("menuitem", name="退出登录").click()
    page.get_by_label("用户名").fill(username)
    page.get_by_label("密码").fill("a long enough phrase")
    page.keyboard.press("Enter")
    expect(page.get_by_label("提示词")).to_have_value("one")
    expect(page.locator(".tile")).to_contain_text("IMG_1.jpg")
    uploaded(page, 1)


def test_a_lost_answer_makes_no_second_batch(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    choose(page, *pair)
    uploaded(page, 2)
    page.get_by_role("radio", name="高清增强").click()
    made: list[int] = []

    def lose_the_first(route: Route) -> None:
        answer = route.fetch()
        made.append(answer.json()["id"])
        if len(made) == 1:
            route.fulfill(status=502, body="the proxy lost it")
        else:
            route.fulfill(response=answer)

    page.route(MADE, lose_the_first)
    page.get_by_role("button", name="开始处理 2 张").click()
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    assert len(made) == 2
    assert made[0] == made[1]
    expect(page.get_by_role("link", name="余额 48 积分")).to_be_visible()


def test_what_was_not_answered_is_not_sent_again_once_it_was_changed(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    choose(page, pair[0])
    uploaded(page, 1)
    box = page.get_by_label("提示词")
    box.fill("one")
    asked: list[str] = []

    def answer_nothing(route: Route) -> None:
        asked.append(route.request.post_data_json["prompt"])
        busy(route)

    page.route(MADE, answer_nothing)
    page.get_by_role("button", name="开始处理 1 张").click()
    expect(page.get_by_text("没有收到服务器的答复")).to_be_visible()
    page.unroute(MADE)
    page.on("request", lambda request: asked.append(request.post_data_json["prompt"]) if is_made(request) else None)
    box.fill("two")
    saved(page)
    # neither coming back nor loading the page anew sends anything, and nothing is lost
    for come_back in (lambda: away_and_back(page), page.reload):
        come_back()
        expect(box).to_have_value("two")
        uploaded(page, 1)
    page.get_by_role("button", name="开始处理 1 张").click()
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    assert asked == [*["one"] * 4, "two"]


def test_what_was_not_answered_is_asked_for_after_a_reload(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    choose(page, *pair)
    uploaded(page, 2)
    page.get_by_label("提示词").fill("one")
    page.route(MADE, busy)
    page.get_by_role("button", name="先试 1 张").click()
    expect(page.get_by_text("没有收到服务器的答复")).to_be_visible()
    page.unroute(MADE)
    page.reload()
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))


def test_what_a_full_queue_turned_away_waits_for_a_press(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    choose(page, pair[0])
    uploaded(page, 1)
    page.get_by_label("提示词").fill("one")
    full = '{"code": "queue_full", "status": 429}'
    page.route(MADE, lambda route: route.fulfill(status=429, content_type="application/problem+json", body=full))
    page.get_by_role("button", name="开始处理 1 张").click()
    expect(page.locator(".start-bar").get_by_role("alert")).to_be_visible()
    expect(page.get_by_text("没有收到服务器的答复")).to_have_count(0)
    page.unroute(MADE)
    saved(page)
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if is_made(request) else None)
    page.reload()
    uploaded(page, 1)
    page.get_by_role("button", name="开始处理 1 张").click()
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    assert len(asked) == 1


def test_what_joins_while_the_batch_is_submitted_is_not_lost(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    choose(page, pair[0])
    uploaded(page, 1)
    page.get_by_label("提示词").fill("one")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(MADE, hold)
    with page.expect_request(MADE):
        page.get_by_role("button", name="开始处理 1 张").click()
    page.evaluate(PASTE)
    choose(page, pair[1])
    expect(page.locator(".tile")).to_have_count(2)
    held[0].continue_()
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    page.get_by_role("link", name="工作台", exact=True).click()
    expect(page.locator(".tile")).to_have_text(re.compile("IMG_2.jpg"))


FULL = """
window.full = true
const put = IDBObjectStore.prototype.put
IDBObjectStore.prototype.put = function (value) {
  if (window.full && this.name === 'files') throw new DOMException('no room', 'QuotaExceededError')
  return put.call(this, value)
}
"""


def test_a_draft_counts_as_saved_only_with_its_photos(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    page.add_init_script(FULL)
    page.reload()
    ready(page)
    page.route(UPLOADS, lambda route: None)
    choose(page, pair[0])
    unkept = page.get_by_text("浏览器不允许保存草稿")
    expect(unkept).to_be_visible()
    page.get_by_label("提示词").fill("one")
    kept_prompt(page, "one")
    expect(page.get_by_text(SAVED)).to_have_count(0)
    expect(unkept).to_be_visible()
    # room again: what was left out is tried again
    page.evaluate("window.full = false")
    page.get_by_label("提示词").fill("two")
    kept_files(page, 1)
    saved(page)


SLOW = """
let begin
window.begun = new Promise((resolve) => (begin = resolve))
const put = IDBObjectStore.prototype.put
IDBObjectStore.prototype.put = function (value) {
  if (!window.slow || this.name !== 'files') return put.call(this, value)
  begin()
  const wait = () => (window.slow ? (this.get('').onsuccess = wait) : put.call(this, value))
  wait()
}
const later = window.setTimeout
window.setTimeout = (work, ms, ...more) => (window.unsaved && ms === 400 ? 0 : later(work, ms, ...more))
"""
"""While `slow`, a file takes its time to be written; while `unsaved`, the moment has not come to write the draft itself."""


def test_a_file_is_kept_until_it_is_written_down_that_the_server_has_it(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    page.add_init_script(SLOW)
    page.reload()
    ready(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(UPLOADS, hold)
    choose(page, pair[0])
    kept_files(page, 1)
    saved(page)
    page.evaluate("window.slow = true")
    choose(page, pair[1])
    page.evaluate("window.begun")
    expect(page.get_by_text(SAVED)).to_have_count(0)
    page.evaluate("window.unsaved = true")
    held[0].continue_()
    uploaded(page, 1)
    page.evaluate("window.slow = false")
    kept_files(page, 2)
    kept_files(page, 2)  # nor is one of them dropped when the other is there
    page.once("dialog", lambda dialog: dialog.accept())
    page.unroute(UPLOADS)
    page.reload()
    uploaded(page, 2)
