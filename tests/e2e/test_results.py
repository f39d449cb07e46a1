"""Results: a grid for the keyboard and the mouse, comparison in three ways, versions, several at once, the receipt."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Visit, loaded, sign_up
from tests.e2e.orders import client_of, order
from tests.e2e.photos import picture
from tests.e2e.test_pages import LOOKS
from tests.fakes.relay import ImageRelay, error

Check = Callable[[Page], None]
REFUSED = error(400, "Your request was rejected by our safety system.", "moderation_blocked")
TRANSFORM = "layer => layer.style.transform"


@pytest.fixture
def cookie(base_url: str) -> str:
    return sign_up(base_url)[1]


@pytest.fixture
def finished(base_url: str, cookie: str, album: Path) -> int:
    """A batch of seven images."""
    with client_of(base_url, cookie) as client:
        return order(client, [album / f"IMG_{number}.jpg" for number in (1, 2, 3, 10, 11, 12, 13)])


def relayed(visit: Visit, url: str, *photos: Path, **look: object) -> tuple[Page, int]:
    """A page of a new user of the relayed service, and a batch of theirs."""
    cookie = sign_up(url)[1]
    with client_of(url, cookie) as client:
        queue_id = order(client, photos)
    return visit(cookie, base_url=url, **look), queue_id


def show(page: Page, url: str, queue_id: int, ends: str = "已完成") -> None:
    page.goto(f"{url}/batches/{queue_id}")
    expect(page.locator("h1 .badge")).to_have_text(ends)
    expect(page.locator(".result").first).to_be_visible()


def at(page: Page, number: int) -> Locator:
    return page.locator(f".result[aria-rowindex='{number}']")


def selected(page: Page) -> Locator:
    return page.locator(".result[aria-selected=true]")


def test_the_grid_by_keyboard(visit: Visit, base_url: str, cookie: str, finished: int) -> None:
    page = visit(cookie)
    show(page, base_url, finished)
    at(page, 1).focus()
    page.keyboard.press("End")
    expect(at(page, 7)).to_be_focused()
    page.keyboard.press("Home")
    expect(at(page, 1)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(at(page, 4)).to_be_focused()
    page.keyboard.press("Space")
    expect(selected(page)).to_have_count(1)
    page.keyboard.press("Shift+ArrowRight")
    expect(selected(page)).to_have_count(2)
    expect(page.get_by_role("toolbar").get_by_text("已选 2 张")).to_be_visible()
    page.keyboard.press("Control+a")
    expect(page.get_by_role("toolbar").get_by_text("已选 7 张")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("slider", name="原图与结果的分界线")).to_be_focused()
    page.keyboard.press("Escape")
    expect(at(page, 5)).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("toolbar")).to_have_count(0)


def test_what_is_selected_is_downloaded_and_edited(visit: Visit, base_url: str, cookie: str, finished: int) -> None:
    page = visit(cookie)
    show(page, base_url, finished)
    for number in (2, 3):
        at(page, number).hover()
        at(page, number).locator(".result-check").click()
    bar = page.get_by_role("toolbar")
    with page.expect_download() as download:
        bar.get_by_role("button", name="下载 2 张").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        names = {Path(name).stem for name in archive.namelist() if name != "manifest.csv"}
    assert names == {"IMG_2", "IMG_3"}
    bar.get_by_role("button", name="再改 2 张").click()
    dialog = page.get_by_role("dialog", name="再改 2 张")
    expect(dialog.get_by_text("费用 2 积分")).to_be_visible()
    dialog.get_by_label("想怎么改").fill("an oil painting")
    dialog.get_by_role("button", name="开始", exact=True).click()
    expect(bar).to_have_count(0)
    expect(page.get_by_role("progressbar", name="结果")).to_have_attribute("aria-valuetext", "9/9")
    expect(at(page, 3)).to_contain_text("第 2 版")


def test_comparing_slides_stands_side_by_side_and_holds(
    visit: Visit, base_url: str, cookie: str, finished: int
) -> None:
    page = visit(cookie)
    show(page, base_url, finished)
    at(page, 1).locator(".pair").click()
    expect(page).to_have_url(re.compile("image="))
    expect(page.get_by_role("button", name="上一张")).to_be_disabled()
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowLeft")
    layers = page.locator(".compare-layer")
    expect(page.get_by_role("button", name="恢复原大")).to_have_text("150%")
    assert layers.nth(0).evaluate(TRANSFORM) == layers.nth(1).evaluate(TRANSFORM) == "translate(10%, 0%) scale(1.5)"
    page.keyboard.press("m")
    expect(page.locator(".compare-frame")).to_have_count(2)
    page.locator(".compare-frame").nth(1).dblclick()
    expect(page.get_by_role("button", name="恢复原大")).to_have_text("100%")
    page.locator(".compare-frame").nth(1).dblclick(position={"x": 10, "y": 10})
    expect(page.get_by_role("button", name="恢复原大")).to_have_text("250%")
    assert layers.nth(0).evaluate(TRANSFORM) == layers.nth(1).evaluate(TRANSFORM)
    page.keyboard.press("m")
    hold = page.get_by_role("button", name="按住看之前的样子")
    expect(hold).to_be_focused()
    page.keyboard.down("Space")
    expect(hold).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("img", name="原图", exact=True)).to_be_visible()
    page.keyboard.up("Space")
    expect(page.get_by_role("img", name="结果", exact=True)).to_be_visible()
    page.keyboard.press("j")
    expect(page.get_by_text("2 / 7")).to_be_visible()
    expect(page.get_by_role("button", name="恢复原大")).to_have_text("100%")
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_closed_comparison_leaves_no_step_behind(visit: Visit, cookie: str, finished: int) -> None:
    page = visit(cookie)
    page.goto("/batches")
    page.locator(".queue-link").click()
    for number in (1, 2):
        at(page, number).locator(".pair").click()
        expect(page.get_by_text(f"{number} / 7", exact=True)).to_be_visible()
        page.keyboard.press("j")
        expect(page.get_by_text(f"{number + 1} / 7", exact=True)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page).to_have_url(re.compile(rf"/batches/{finished}$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/batches$"))
    page.goto(f"/batches/{finished}?image=1")  # no page of ours to go back to
    expect(at(page, 1)).to_be_visible()


def test_pictures_of_other_proportions_fit_or_fill(visit: Visit, relayed_url: str, tmp_path: Path) -> None:
    """The relay's pictures are square; a wide original stands whole in that frame, or fills it."""
    picture(5, (900, 300)).save(tmp_path / "wide.jpg")
    page, queue_id = relayed(visit, relayed_url, tmp_path / "wide.jpg")
    show(page, relayed_url, queue_id)
    at(page, 1).locator(".pair").click()
    loaded(page, ".compare-track img")
    original = page.get_by_role("img", name="原图", exact=True)
    frame = page.locator(".compare-track").bounding_box()
    whole = original.bounding_box()
    assert frame is not None
    assert whole is not None
    assert whole["width"] == pytest.approx(frame["width"], abs=1)
    assert whole["height"] < frame["height"] / 2
    page.get_by_role("button", name="铺满对齐").click()
    expect(original).to_have_attribute("data-fit", "cover")
    filled = original.bounding_box()
    assert filled is not None
    assert filled["height"] == pytest.approx(frame["height"], abs=1)
    assert "conic-gradient" in original.evaluate("picture => getComputedStyle(picture).backgroundImage")


def test_versions_are_a_chain(visit: Visit, base_url: str, cookie: str, album: Path) -> None:
    with client_of(base_url, cookie) as client:
        queue_id = order(client, [album / "IMG_1.jpg"])
    page = visit(cookie)
    show(page, base_url, queue_id)
    for number, source in ((2, "从这次的结果接着改"), (3, "从原图重新改")):
        at(page, 1).get_by_role("button", name=re.compile("再改一次")).click()
        page.get_by_role("radio", name=source).check(force=True)
        page.get_by_label("想怎么改").fill(f"version {number}")
        page.get_by_role("button", name="开始", exact=True).click()
        expect(page.get_by_role("progressbar", name="结果")).to_have_attribute("aria-valuetext", f"{number}/{number}")
    expect(at(page, 2).get_by_text("第 1 版")).to_be_visible()
    at(page, 2).locator(".pair").click()
    chain = page.get_by_role("list", name="这一版的来历").get_by_role("listitem")
    expect(chain).to_have_text(["原图", "第 1 版", "第 2 版"])
    expect(page.locator(".compare-label").first).to_have_text("第 1 版")
    page.get_by_role("button", name="与原图对比").click()
    expect(page.locator(".compare-label").first).to_have_text("原图")
    page.get_by_role("radio", name="第 3 版").click()
    expect(chain).to_have_text(["原图", "第 3 版"])


def test_only_what_is_new_since_the_last_download(visit: Visit, base_url: str, cookie: str, finished: int) -> None:
    page = visit(cookie)
    show(page, base_url, finished)
    with page.expect_download():
        page.get_by_role("link", name="下载 ZIP").click()
    page.get_by_role("button", name="再改一次 IMG_3.jpg").click()
    page.get_by_role("button", name="开始", exact=True).click()
    expect(page.get_by_role("progressbar", name="结果")).to_have_attribute("aria-valuetext", "8/8")
    page.reload()
    page.get_by_role("button", name="更多操作").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="只下载新的 1 张").click()
    with zipfile.ZipFile(Path(download.value.path())) as archive:
        assert {Path(name).stem for name in archive.namelist()} == {"IMG_3", "manifest"}
    page.get_by_role("button", name="更多操作").click()
    expect(page.get_by_role("menuitem", name="费用明细")).to_be_visible()
    expect(page.get_by_role("menuitem", name="只下载新的")).to_have_count(0)


def test_failed_and_kept_images_are_shown_apart_and_paid_apart(
    visit: Visit, relayed_url: str, relay: ImageRelay, album: Path
) -> None:
    relay.script(REFUSED)
    page, queue_id = relayed(visit, relayed_url, album / "IMG_1.jpg", album / "IMG_2.jpg")
    show(page, relayed_url, queue_id)
    page.get_by_role("radio", name="失败 1").click()
    expect(page).to_have_url(re.compile("show=failed"))
    page.reload()
    expect(page.locator(".result")).to_have_count(1)
    page.locator(".result").focus()
    page.keyboard.press("Space")
    page.get_by_role("toolbar").get_by_role("button", name="重试失败 (1)").click()
    expect(page.get_by_role("progressbar", name="结果")).to_have_attribute("aria-valuetext", "2/2")
    page.get_by_role("button", name="更多操作").click()
    page.get_by_role("menuitem", name="费用明细").click()
    receipt = page.get_by_role("dialog", name="费用明细")
    lines = receipt.get_by_role("row")
    expect(lines).to_have_count(3)
    tried_twice = lines.filter(has_text="被上游的安全策略拦下")
    expect(tried_twice).to_contain_text(re.compile(r"预扣 -1.*退回 \+1 · 被上游的安全策略拦下.*预扣 -1 · 重试.*已交付"))
    expect(tried_twice.get_by_role("cell").last).to_have_text("1")


def test_one_that_has_ended_meanwhile_does_not_keep_the_others_from_being_cancelled(
    visit: Visit, relayed_url: str, relay: ImageRelay, album: Path
) -> None:
    relay.latency = 3600
    try:
        page, queue_id = relayed(visit, relayed_url, *(album / f"IMG_{number}.jpg" for number in (1, 2, 3)))
        show(page, relayed_url, queue_id, ends="处理中")
        at(page, 1).focus()
        page.keyboard.press("Control+a")
        gone = '{"code": "invalid_state", "status": 409}'
        page.route("**/tasks/*/cancel", lambda route: route.fulfill(status=409, body=gone), times=1)
        page.get_by_role("toolbar").get_by_role("button", name="取消 3 张").click()
        expect(page.locator(".result[data-status=cancelled]")).to_have_count(2)
        expect(page.locator(".toast[data-tone=bad]")).to_have_count(0)
    finally:
        relay.latency = 0


def test_what_leaves_the_filter_stays_open(visit: Visit, relayed_url: str, relay: ImageRelay, album: Path) -> None:
    relay.script(REFUSED)
    page, queue_id = relayed(visit, relayed_url, album / "IMG_1.jpg", album / "IMG_2.jpg")
    show(page, relayed_url, queue_id)
    page.get_by_role("radio", name="失败 1").click()
    expect(page.locator(".result")).to_have_count(1)
    page.locator(".result .pair").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="重试").click()
    expect(page.get_by_role("progressbar", name="结果", include_hidden=True)).to_have_attribute("aria-valuetext", "2/2")
    expect(dialog.get_by_role("slider", name="原图与结果的分界线")).to_be_visible()
    expect(dialog.get_by_text("1 / 1")).to_be_visible()


def test_a_button_that_goes_passes_the_focus_on(visit: Visit, relayed_url: str, relay: ImageRelay, album: Path) -> None:
    relay.script(REFUSED)
    page, queue_id = relayed(visit, relayed_url, album / "IMG_1.jpg")
    show(page, relayed_url, queue_id, ends="失败")
    relay.script(
        error(400, "Unsupported image.", "invalid_image_file")
    )  # so that this failure is not taken for the first
    page.get_by_role("button", name="重试 IMG_1.jpg").press("Enter")
    expect(at(page, 1)).to_be_focused()
    expect(at(page, 1)).to_contain_text("上游不接受这张图")
    page.get_by_role("button", name="重试失败 (1)").press("Enter")
    expect(page.locator("h1 .badge")).to_have_text("已完成")
    expect(page.locator(".results:focus-within")).to_have_count(1)


@pytest.mark.parametrize("look", LOOKS)
def test_every_state_of_the_results(
    visit: Visit,
    examine: Check,
    relayed_url: str,
    relay: ImageRelay,
    album: Path,
    look: dict[str, object],
) -> None:
    relay.script(REFUSED)
    page, queue_id = relayed(visit, relayed_url, *(album / f"IMG_{number}.jpg" for number in (1, 2, 3)), **look)
    page.goto(f"/batches/{queue_id}")
    expect(page.locator("h1 .badge")).to_have_text(re.compile("已完成|Completed"))
    examine(page)
    refused = page.locator(".result[data-status=failed]")
    refused.focus()
    page.keyboard.press("Control+a")
    expect(page.get_by_role("toolbar")).to_be_visible()
    examine(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    examine(page)
    page.keyboard.press("Escape")
    expect(refused).to_be_focused()
    page.locator(".result[data-status=completed]").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("radio", name=re.compile("按住|Hold")).click()
    examine(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("更多操作|More actions")).click()
    page.get_by_role("menuitem", name=re.compile("费用明细|Receipt")).click()
    expect(page.get_by_role("dialog").get_by_role("row")).to_have_count(4)
    examine(page)
