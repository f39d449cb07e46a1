"""What surrounds every page: when something breaks, when the network goes, by keyboard alone, zoomed in, without colours."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.e2e.conftest import Visit, enter, sign_up
from tests.e2e.gestures import tab_to

Check = Callable[[Page], None]
PAGES = ["/", "/batches", "/account", "/admin", "/admin/monitor", "/admin/users", "/admin/system"]
REFLOWED = {"viewport": {"width": 320, "height": 256}}
"""A window of 1280 × 1024 at 400 %."""
COVERED = """() => {
  const node = document.activeElement
  const { left, top, width, height } = node.getBoundingClientRect()
  if (!width || !height) return null
  const x = left + width / 2, y = Math.min(Math.max(top + height / 2, 1), innerHeight - 1)
  const there = document.elementFromPoint(Math.min(Math.max(x, 1), innerWidth - 1), y)
  const bar = there && !node.contains(there) && !there.contains(node) && there.closest('.bar, .toasts, .strip')
  return bar ? node.outerHTML.slice(0, 200) + ' under ' + bar.className : null
}"""
ONCE_MORE = 60


def settle(page: Page) -> None:
    expect(page.locator("main")).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)


def refuse(route: Route) -> None:
    problem = {"type": "about:blank", "title": "Internal", "status": 500, "detail": "It failed.", "code": "internal"}
    headers = {"X-Request-ID": "abcdef0123456789"}
    route.fulfill(status=500, json=problem, headers=headers, content_type="application/problem+json")


def test_an_error_says_what_happened_and_can_be_handed_on(
    context: BrowserContext, user_page: Page, check_a11y: Check
) -> None:
    page = user_page
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.route("**/api/auth/tokens*", refuse)
    page.goto("/account")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("服务器出错了")
    expect(alert).to_contain_text("abcdef0123456789")
    check_a11y(page)
    alert.get_by_role("button", name="复制详情").click()
    expect(page.get_by_role("status").get_by_text("已复制")).to_be_visible()
    details = page.evaluate("navigator.clipboard.readText()")
    for line in ("code: internal", "status: 500", "request_id: abcdef0123456789", "page: /account"):
        assert line in details
    page.unroute("**/api/auth/tokens*")
    alert.get_by_role("button", name="重试").click()
    expect(page.get_by_text("还没有令牌")).to_be_visible()
    expect(alert).to_have_count(0)


def test_a_page_that_breaks_takes_nothing_else_with_it(
    browser: Browser, browser_context_args: dict[str, Any], base_url: str, check_a11y: Check
) -> None:
    """A file of the page is gone, as after an upgrade: the menu still works, and loading anew mends it."""
    context = browser.new_context(**browser_context_args)  # not watched: the browser itself complains of the lost file
    enter(context, base_url, sign_up(base_url)[1])
    page = context.new_page()
    page.route("**/assets/AccountPage-*.js", lambda route: route.abort())
    page.goto("/batches")
    settle(page)
    page.locator(".credits").click()
    expect(page.get_by_role("heading", name="新版本已发布")).to_be_visible()
    check_a11y(page)
    page.get_by_role("link", name="批次", exact=True).click()
    expect(page.get_by_role("heading", name="还没有批次")).to_be_visible()
    page.unroute("**/assets/AccountPage-*.js")
    page.goto("/account")
    expect(page.locator(".balance")).to_be_visible()
    context.close()


def test_without_a_network_the_page_says_so_and_goes_on(
    context: BrowserContext, user_page: Page, check_a11y: Check
) -> None:
    page = user_page
    page.goto("/account")
    settle(page)
    context.set_offline(True)
    strip = page.locator(".strip")
    expect(strip).to_contain_text("网络已断开")
    check_a11y(page)
    context.set_offline(False)
    expect(strip).to_have_count(0)


def test_shortcuts_are_listed_and_single_keys_can_be_switched_off(user_page: Page, check_a11y: Check) -> None:
    page = user_page
    page.goto("/account")
    settle(page)
    page.keyboard.press("b")
    expect(page).to_have_url(re.compile("/batches$"))
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="键盘快捷键")
    expect(dialog).to_be_visible()
    check_a11y(page)
    dialog.locator(".switch").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("w")
    page.keyboard.press("?")
    expect(page).to_have_url(re.compile("/batches$"))
    expect(dialog).to_have_count(0)
    page.locator(".avatar-button").click()
    page.get_by_role("menuitem", name="键盘快捷键").click()
    dialog.locator(".switch").click()
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile("/$"))


def test_toasts_are_few_and_bad_news_stays(user_page: Page) -> None:
    page = user_page
    page.goto("/account")
    page.route("**/api/auth/session", refuse)
    page.locator(".avatar-button").click()
    page.get_by_role("menuitem", name="退出登录").click()
    bad = page.locator(".toast[data-tone=bad]")
    expect(bad).to_have_count(1)
    expect(bad).to_contain_text("abcdef0123456789")
    expect(bad.get_by_role("button", name="复制详情")).to_be_visible()
    page.get_by_label("用途").fill("a script")
    page.get_by_role("button", name="创建令牌").click()
    dialog = page.get_by_role("dialog")
    for _ in range(4):
        dialog.get_by_role("button", name="复制").click()
    expect(page.locator(".toast")).to_have_count(3)
    expect(bad).to_have_count(1)
    dialog.get_by_role("button", name="我已保存").click()
    bad.get_by_role("button", name="关闭").click()
    expect(bad).to_have_count(0)


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_at_400_percent_everything_flows_in_one_column(visit: Visit, admin_cookie: str, locale: str) -> None:
    page = visit(admin_cookie, **REFLOWED, locale=locale)
    for path in PAGES:
        page.goto(path)
        settle(page)
        beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert beyond <= 0, f"{path} is {beyond} px wider than the window"


def test_without_colours_nothing_is_lost(visit: Visit, admin_cookie: str, check_a11y: Check) -> None:
    page = visit(admin_cookie, forced_colors="active")
    for path in PAGES:
        page.goto(path)
        settle(page)
        check_a11y(page)
    chosen = page.locator(".tab[aria-current=page]")
    other = page.locator(".tab:not([aria-current=page])").first
    style = "node => JSON.stringify([getComputedStyle(node).backgroundColor, getComputedStyle(node).borderBottomColor])"
    assert chosen.evaluate(style) != other.evaluate(style)


@pytest.mark.parametrize("path", ["/account", "/admin/system"])
def test_bars_never_cover_what_has_the_focus(visit: Visit, admin_cookie: str, path: str) -> None:
    page = visit(admin_cookie, viewport={"width": 360, "height": 560})
    page.goto(path)
    settle(page)
    for key in ("Tab", "Shift+Tab"):
        for _ in range(ONCE_MORE):
            page.keyboard.press(key)
            assert page.evaluate(COVERED) is None


def test_the_skip_link_leads_past_the_menu(user_page: Page) -> None:
    page = user_page
    page.goto("/account")
    settle(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("radio", name="简体中文"))


def test_account_and_admin_are_loaded_when_they_are_asked_for(user_page: Page) -> None:
    page = user_page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/batches")
    settle(page)
    loaded = " ".join(asked)
    for name in ("AccountPage", "AdminPage", "MonitorPanel", "ConfigPanel", "SystemPanel", "Plot"):
        assert f"/{name}-" not in loaded


def test_the_policy_is_strict(base_url: str) -> None:
    for path in ("/", "/admin", "/api/admin/panel", "/docs"):
        policy = httpx.get(base_url + path, trust_env=False).headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy


def test_with_reduced_motion_nothing_moves(user_page: Page) -> None:
    page = user_page
    page.goto("/account")
    settle(page)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    moving = "document.getAnimations().filter(one => one.effect.getComputedTiming().duration > 1).length"
    assert page.evaluate(moving) == 0
