"""Every page in both themes and languages, on a desktop and a phone: axe finds nothing, nothing overflows, budgets hold."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit, sign_up
from tests.e2e.gestures import drop
from tests.e2e.photos import make_rubbish
from tests.e2e.server import REPO

Check = Callable[[Page], None]
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
LOOKS = [
    pytest.param({**DESKTOP, "color_scheme": "light", "locale": "zh-CN"}, id="desktop-light-zh"),
    pytest.param({**DESKTOP, "color_scheme": "dark", "locale": "en-US"}, id="desktop-dark-en"),
    pytest.param({**PHONE, "color_scheme": "dark", "locale": "zh-CN"}, id="phone-dark-zh"),
    pytest.param({**PHONE, "color_scheme": "light", "locale": "en-US"}, id="phone-light-en"),
]
JS_BUDGET, CSS_BUDGET = 220_000, 20_000


@pytest.fixture(scope="session")
def someone(base_url: str) -> str:
    """The session cookie of a user with nothing yet."""
    return sign_up(base_url)[1]


@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_a_stranger(visit: Visit, examine: Check, look: dict[str, object]) -> None:
    page = visit(**look)
    page.goto("/sign-in")
    expect(page.get_by_role("button").first).to_be_visible()
    examine(page)
    page.locator("input[name=username]").fill("nobody")
    page.locator("input[name=password]").fill("wrong password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    examine(page)
    page.goto("/register")
    expect(page.locator("input[name=email]")).to_be_visible()
    examine(page)


def test_a_field_says_what_is_wrong_in_the_page_s_language(visit: Visit) -> None:
    page = visit(locale="en-US")
    page.goto("/register")
    page.get_by_role("button", name="中文").click()
    page.get_by_label("密码", exact=True).fill("short")
    page.get_by_label("邮箱（可不填）").fill("nobody")
    page.get_by_role("button", name="注册").click()
    expect(page.locator(".field-error")).to_have_text(["请填写", "至少 8 个字符", "格式不对"])


@pytest.mark.parametrize("look", LOOKS)
def test_pages_with_nothing_in_them(visit: Visit, examine: Check, someone: str, look: dict[str, object]) -> None:
    page = visit(someone, **look)
    for path, landmark in (
        ("/", ".empty-card"),
        ("/batches", ".empty"),
        ("/account", ".balance"),
        ("/batches/999999", ".empty"),
        ("/nowhere", ".empty"),
        ("/admin", ".empty"),
    ):
        page.goto(path)
        expect(page.locator(landmark)).to_be_visible()
        examine(page)


@pytest.mark.parametrize("look", LOOKS)
def test_the_job_in_every_state(
    visit: Visit, examine: Check, base_url: str, album: Path, tmp_path: Path, look: dict[str, object]
) -> None:
    page = visit(sign_up(base_url)[1], **look)
    page.goto("/")
    make_rubbish(tmp_path / "mixed")
    files = [*(tmp_path / "mixed").glob("*.*"), album / "IMG_2.jpg"]
    page.locator(".light-table input[type=file]").first.set_input_files(
        [file for file in files if not file.name.startswith(".")]
    )
    expect(page.locator(".tile img")).to_have_count(3)
    expect(page.locator(".bad-list li")).to_have_count(3)
    page.get_by_role("radio").first.click()
    examine(page)
    page.get_by_role("button", name=re.compile("开始处理 2|Start 2")).click()
    expect(page.locator(".result")).to_have_count(2)
    expect(page.locator("h1 .badge")).to_have_text(re.compile("已完成|Completed"), timeout=60_000)
    examine(page)
    page.locator(".result .pair").first.click()
    divider = page.get_by_role("dialog").get_by_role("slider")
    expect(divider).to_be_visible()
    examine(page)
    page.keyboard.press("m")
    expect(divider).to_have_count(0)
    examine(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("^再改一次|^Edit again")).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    examine(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("更多操作|More actions")).click()
    expect(page.get_by_role("menu")).to_be_visible()
    examine(page)
    page.keyboard.press("Escape")
    page.goto("/batches")
    expect(page.locator(".queue-row")).to_have_count(1)
    examine(page)


@pytest.mark.parametrize("look", LOOKS)
def test_pages_of_an_administrator(visit: Visit, examine: Check, admin_cookie: str, look: dict[str, object]) -> None:
    page = visit(admin_cookie, **look)
    for path, landmark in (
        ("/admin", ".preset-row"),
        ("/admin/monitor", ".dispatcher"),
        ("/admin/monitor?of=tasks", ".dispatcher"),
        ("/admin/users", "tbody tr"),
        ("/admin/system", ".meter"),
    ):
        page.goto(path)
        expect(page.locator(landmark).first).to_be_visible()
        expect(page.locator(".skeleton")).to_have_count(0)
        examine(page)
    page.goto("/api/admin/panel")
    expect(page).to_have_url(re.compile("/admin$"))


def test_the_first_load_is_within_its_budget(user_page: Page) -> None:
    expect(user_page.get_by_role("button", name="选择文件", exact=True)).to_be_visible()
    names = user_page.evaluate("performance.getEntriesByType('resource').map(entry => new URL(entry.name).pathname)")
    sizes = {
        name: len(gzip.compress((REPO / "frontend/dist" / name.lstrip("/")).read_bytes()))
        for name in names
        if "/assets/" in name
    }
    scripts = sum(size for name, size in sizes.items() if name.endswith(".js"))
    styles = sum(size for name, size in sizes.items() if name.endswith(".css"))
    assert 0 < scripts <= JS_BUDGET, sizes
    assert 0 < styles <= CSS_BUDGET, sizes


def test_the_api_console_loads_our_own_document(user_page: Page) -> None:
    user_page.goto("/docs")
    expect(user_page.get_by_text("/api/batch/queues/{queue_id}/archive")).to_be_visible()
    expect(user_page.get_by_role("button", name="Authorize")).to_be_visible()


def test_a_drop_beside_the_workspace_leaves_the_page_as_it_is(user_page: Page, album: Path) -> None:
    user_page.goto("/account")
    expect(user_page.get_by_role("heading", name="账户")).to_be_visible()
    data = {"items": [], "files": [str(album / "IMG_1.jpg")], "dragOperationsMask": 1}
    devtools = user_page.context.new_cdp_session(user_page)
    for step in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": step, "x": 400, "y": 400, "data": data})
    expect(user_page.get_by_role("heading", name="账户")).to_be_visible()
    user_page.goto("/")
    expect(user_page.get_by_role("button", name="选择文件夹")).to_be_visible()
    drop(user_page, album / "IMG_1.jpg")
    expect(user_page.get_by_text("1 / 50 张")).to_be_visible()
