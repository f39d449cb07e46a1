"""Preparing a batch: uploads that begin by themselves and survive what happens to them, and what helps to say what is wanted."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, Route, expect

from backend.upstreams.local.words import Style, understood
from tests.e2e import server
from tests.e2e.conftest import Visit, enter, sign_up
from tests.e2e.desk import (
    MADE,
    PASTE,
    UPLOADS,
    busy,
    choose,
    kept_references,
    ready,
    sent,
    uploaded,
)
from tests.e2e.gestures import drop, tab_to
from tests.e2e.orders import client_of, order
from tests.e2e.photos import picture
from tests.e2e.relay import relaying
from tests.e2e.test_pages import LOOKS, PHONE
from tests.fakes.relay import sent_images

Check = Callable[[Page], None]
LEAVE = "() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))"


def test_photos_are_uploaded_before_anybody_starts(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    uploads = sent(page)
    choose(page, *pair)
    uploaded(page, 2)
    page.get_by_role("radio", name="高清增强").click()
    with page.expect_request(MADE) as asked:
        page.get_by_role("button", name="开始处理 2 张").click()
    assert asked.value.headers["content-type"] == "application/json"
    assert asked.value.headers["idempotency-key"]
    assert len(asked.value.post_data_json["image_ids"]) == 2
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    assert len(uploads) == 2


def test_whoever_went_elsewhere_stays_there_and_is_asked_before_leaving(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    held: list[Route] = []
    page.route(UPLOADS, lambda route: held.append(route))  # noqa: PLW0108  Playwright marks its handlers
    choose(page, *pair)
    expect(page.locator(".tile img")).to_have_count(2)
    page.get_by_label("提示词").fill("make it blue")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("button", name="先不开始")).to_be_visible()
    page.get_by_role("link", name="批次", exact=True).click()
    expect(page.get_by_role("heading", name="还没有批次")).to_be_visible()
    assert page.evaluate(LEAVE)
    for route in held:
        route.continue_()
    expect(page.get_by_text("已开始处理 2 张")).to_be_visible()
    expect(page.locator(".queue-row")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/batches$"))
    assert not page.evaluate(LEAVE)


def test_presets_that_came_along_speak_english(visit: Visit, base_url: str) -> None:
    page = visit(sign_up(base_url)[1], locale="en-US")
    page.goto("/")
    chips = page.get_by_role("radiogroup", name="Presets").get_by_role("radio")
    expect(chips).to_have_text(["HD enhance", "Artistic", "Photorealistic", "Anime", "Watercolour"])
    prompt = page.get_by_label("Prompt", exact=True)
    meant = []
    for number in range(5):
        chips.nth(number).click()
        expect(prompt).to_have_value(re.compile("^[ -~’]+$"))
        meant.append(understood(prompt.input_value()).style)
    assert meant == [Style.ENHANCE, Style.OIL, Style.PHOTO, Style.CARTOON, Style.WATERCOLOUR]


def test_somebody_chooses_which_photo_is_tried_first(user_page: Page, album: Path, check_a11y: Check) -> None:
    page = user_page
    ready(page)
    choose(page, *(album / f"IMG_{number}.jpg" for number in (1, 2, 3)))
    uploaded(page, 3)
    tiles = page.locator(".tile")
    expect(tiles).to_have_text([re.compile(rf"0{at}IMG_{at}\.jpg") for at in (1, 2, 3)])
    tab_to(page, tiles.first)
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    tab_to(page, page.get_by_role("button", name="把 IMG_3.jpg 排到最前，先试它"))
    page.keyboard.press("Enter")
    expect(tiles).to_have_text([re.compile(rf"0{at}IMG_{name}\.jpg") for at, name in ((1, 3), (2, 1), (3, 2))])
    expect(tiles.first).to_be_focused()
    expect(page.get_by_role("button", name=re.compile("^把 IMG_3"))).to_have_count(0)
    expect(page.locator(".toast")).to_contain_text("IMG_3.jpg 已排到最前")
    check_a11y(page)
    page.get_by_role("radio", name="高清增强").click()
    page.get_by_role("button", name="先试 1 张").click()
    expect(page.get_by_role("button", name="对比 IMG_3.jpg")).to_be_visible()
    expect(page.locator(".sample")).to_have_count(1)


def test_an_upload_that_fails_is_tried_three_times_and_then_by_hand(
    user_page: Page, pair: list[Path], check_a11y: Check
) -> None:
    page = user_page
    ready(page)
    page.route(UPLOADS, busy)
    uploads = sent(page)
    choose(page, pair[0])
    expect(page.get_by_role("alert")).to_contain_text("1 张上传失败")
    assert len(uploads) == 3
    check_a11y(page)
    page.unroute(UPLOADS)
    again = page.get_by_role("button", name="重试上传 IMG_1.jpg")
    tab_to(page, again)
    page.keyboard.press("Enter")
    uploaded(page, 1)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_photo_that_the_server_refuses_says_why_and_can_be_removed(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    refused = '{"code": "image_too_many_pixels", "status": 422}'
    page.route(UPLOADS, lambda route: route.fulfill(status=422, content_type="application/problem+json", body=refused))
    choose(page, pair[0])
    expect(page.locator(".bad-list")).to_contain_text(re.compile("IMG_1.jpg.*图片像素太多"))
    tab_to(page, page.get_by_role("button", name="全部移除"))
    page.keyboard.press("Enter")
    expect(page.locator(".empty-card")).to_be_visible()
    expect(page.locator(".light-table")).to_be_focused()


def test_start_and_stop_hand_on_the_focus(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    page.get_by_label("提示词").fill("one")
    page.route(UPLOADS, lambda route: None)
    choose(page, pair[0])
    start = page.get_by_role("button", name="开始处理 1 张")
    expect(start).to_be_enabled()
    tab_to(page, start)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="先不开始")).to_be_focused()
    page.keyboard.press("Enter")
    expect(start).to_be_focused()


def test_on_a_phone_nothing_stays_under_a_start_bar_that_says_what_is_wrong(
    visit: Visit, base_url: str, pair: list[Path]
) -> None:
    page = visit(sign_up(base_url)[1], **PHONE)
    page.goto("/")
    page.get_by_label("提示词").fill("one")
    page.route(UPLOADS, busy)
    page.route(MADE, busy)
    choose(page, pair[0])
    bar = page.locator(".start-bar")
    expect(bar.get_by_role("alert")).to_be_visible()
    page.unroute(UPLOADS)
    bar.get_by_role("button", name="重试上传").click()
    expect(bar.get_by_text("没有收到服务器的答复")).to_be_visible()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    beneath = page.get_by_role("button", name="更多设置").bounding_box()
    above = bar.bounding_box()
    assert beneath is not None
    assert above is not None
    assert beneath["y"] + beneath["height"] <= above["y"]


def test_a_photo_too_large_for_a_proxy_says_so(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    page.route(UPLOADS, lambda route: route.fulfill(status=413, content_type="text/html", body="<h1>413</h1>"))
    choose(page, pair[0])
    expect(page.get_by_text("内容太大，服务器没有接收").first).to_be_visible()


def test_one_is_tried_first(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    choose(page, *pair)
    uploaded(page, 2)
    page.get_by_role("radio", name="高清增强").click()
    expect(page.get_by_role("button", name="先试 1 张")).to_be_enabled()
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator(".sample")).to_have_count(1)
    expect(page.locator("h1 .badge")).to_have_text("等待确认")


def test_reference_images_go_along(
    context: BrowserContext, page: Page, tmp_path: Path, pair: list[Path], album: Path, check_a11y: Check
) -> None:
    with relaying() as relay:
        settings = {"AI_PROVIDER": "openai-chat", "AI_API_BASE_URL": f"{relay.base_url}/v1", "AI_API_KEY": relay.key}
        with server.running(tmp_path, settings) as url:
            enter(context, url, sign_up(url)[1])
            page.goto(url)
            ready(page)
            choose(page, pair[0])
            with page.expect_file_chooser() as chooser:
                page.get_by_role("button", name="添加参考图").click()
            chooser.value.set_files([pair[1], album / "IMG_3.jpg"])
            expect(page.locator(".reference img")).to_have_count(2)
            uploaded(page, 1)
            check_a11y(page)
            kept_references(page, 2)
            page.reload()
            expect(page.locator(".reference img")).to_have_count(2)
            page.get_by_role("button", name="移除 IMG_3.jpg").click()
            page.get_by_label("提示词").fill("make it like the other")
            page.keyboard.press("Control+Enter")
            expect(page.locator("h1 .badge")).to_have_text("已完成")
            edits = [sent_images(request) for request in relay.requests if request.method == "POST"]
            assert [len(images) for images in edits] == [2]


def test_sample_photos_are_one_press_away(user_page: Page, check_a11y: Check) -> None:
    page = user_page
    samples = page.get_by_role("button", name="没有合适的照片？用示例试一试")
    expect(samples).to_be_visible()
    tab_to(page, samples)
    page.keyboard.press("Enter")
    uploaded(page, 3)
    expect(page.get_by_label("提示词")).to_have_value(re.compile("水彩"))
    start = page.get_by_role("button", name="开始处理 3 张")
    expect(start).to_be_focused()
    check_a11y(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))


def test_presets_are_found_by_their_words(user_page: Page, check_a11y: Check) -> None:
    page = user_page
    page.get_by_label("提示词").fill("my own words")
    page.get_by_role("button", name="全部预设").click()
    search = page.get_by_role("searchbox", name="搜索预设的名称或内容")
    expect(search).to_be_focused()
    expect(page.get_by_role("option")).to_have_count(5)
    page.keyboard.type("湿纸")
    expect(page.get_by_role("option")).to_have_count(1)
    check_a11y(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_label("提示词")).to_have_value(re.compile("水彩"))
    expect(page.get_by_role("radio", name="水彩画风")).to_be_checked()
    page.get_by_role("button", name="撤销替换").click()
    expect(page.get_by_label("提示词")).to_have_value("my own words")


def test_earlier_prompts_come_back(user_page: Page, base_url: str, album: Path, check_a11y: Check) -> None:
    page = user_page
    cookie = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "sid")
    with client_of(base_url, cookie) as client:
        for prompt in ("the older", "the newer"):
            order(client, [album / "IMG_1.jpg"], prompt=prompt)
    box = page.get_by_label("提示词")
    box.fill("unfinished")
    page.keyboard.press("Alt+ArrowUp")
    expect(box).to_have_value("the newer")
    page.keyboard.press("Alt+ArrowUp")
    expect(box).to_have_value("the older")
    page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Alt+ArrowDown")
    expect(box).to_have_value("unfinished")
    page.get_by_role("button", name="历史").click()
    expect(page.get_by_role("menuitem")).to_have_count(2)
    check_a11y(page)
    page.get_by_role("menuitem", name="the older").click()
    expect(box).to_have_value("the older")


def test_a_prompt_that_is_too_long_is_kept_and_said(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    choose(page, pair[0])
    page.get_by_label("提示词").fill("字" * 4003)
    expect(page.get_by_text("提示词超出 3 个字符")).to_be_visible()
    expect(page.get_by_text("4,003 / 4,000")).to_be_visible()
    expect(page.get_by_role("button", name="开始处理 1 张")).to_be_disabled()


def test_without_credits_the_start_says_what_is_missing(
    user_page: Page, base_url: str, admin_cookie: str, pair: list[Path]
) -> None:
    page = user_page
    ready(page)
    with client_of(base_url, admin_cookie) as client:
        name = page.get_by_role("button", name=re.compile("的菜单$")).get_attribute("aria-label") or ""
        found = client.get("/api/admin/users", params={"q": name.removesuffix(" 的菜单")}).json()["items"]
        user_id = next(user["id"] for user in found if f"{user['username']} 的菜单" == name)
        client.post(f"/api/admin/users/{user_id}/credits", json={"delta": -49, "note": "test"}).raise_for_status()
    page.reload()
    ready(page)
    choose(page, *pair)
    page.get_by_role("radio", name="高清增强").click()
    expect(page.get_by_text("还差 1 积分")).to_be_visible()
    expect(page.get_by_text("积分不足：减少照片")).to_be_visible()
    expect(page.get_by_role("button", name="开始处理 2 张")).to_be_disabled()
    expect(page.get_by_role("button", name="先试 1 张")).to_be_disabled()


def test_one_credit_is_said_in_the_singular(visit: Visit, base_url: str, pair: list[Path]) -> None:
    page = visit(sign_up(base_url)[1], locale="en-US")
    page.goto("/")
    choose(page, pair[0])
    expect(page.get_by_text("1 photo × 1 = 1 credit", exact=True)).to_be_visible()


def test_thousands_of_files_are_cut_politely(user_page: Page, tmp_path: Path) -> None:
    page = user_page
    ready(page)
    page.route(UPLOADS, lambda route: None)
    one = tmp_path / "one.png"
    Image.new("RGB", (8, 8)).save(one)
    deep = tmp_path / "disk/photos"
    deep.mkdir(parents=True)
    for number in range(2105):
        (deep / f"p{number}.png").write_bytes(one.read_bytes() + number.to_bytes(2, "big"))
    drop(page, tmp_path / "disk")
    expect(page.get_by_text("一次最多读取 2,000 个文件")).to_be_visible()
    expect(page.get_by_text("50 / 50 张")).to_be_visible()
    expect(page.get_by_text("还有 1950 张没有加入")).to_be_visible()


def test_a_pasted_picture_joins_the_batch(user_page: Page) -> None:
    page = user_page
    ready(page)
    page.evaluate(PASTE)
    expect(page.locator(".tile")).to_contain_text(re.compile(r"粘贴-\d{8}-\d{6}\.png"))
    uploaded(page, 1)


def test_a_copy_takes_the_place_of_the_one_that_is_removed(user_page: Page, pair: list[Path], tmp_path: Path) -> None:
    page = user_page
    ready(page)
    copy = tmp_path / "twice.jpg"
    copy.write_bytes(pair[0].read_bytes())
    choose(page, pair[0])
    uploaded(page, 1)
    choose(page, copy)
    expect(page.get_by_text("1 张与前面的内容相同")).to_be_visible()
    page.get_by_role("button", name="移除 IMG_1.jpg").click()
    expect(page.locator(".tile")).to_contain_text("twice.jpg")
    uploaded(page, 1)
    expect(page.get_by_text("内容相同")).to_have_count(0)


def test_a_copy_takes_the_place_of_the_one_that_the_server_refuses(
    user_page: Page, pair: list[Path], tmp_path: Path
) -> None:
    page = user_page
    ready(page)
    copy = tmp_path / "twice.jpg"
    copy.write_bytes(pair[0].read_bytes())
    held: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    page.route(UPLOADS, hold_the_first)
    with page.expect_request(UPLOADS):
        choose(page, pair[0])
    choose(page, copy)
    expect(page.get_by_text("1 张与前面的内容相同")).to_be_visible()
    refused = '{"code": "unreadable_image", "status": 422}'
    held[0].fulfill(status=422, content_type="application/problem+json", body=refused)
    expect(page.locator(".bad-list")).to_contain_text("IMG_1.jpg")
    expect(page.locator(".tile")).to_contain_text("twice.jpg")
    uploaded(page, 1)


def test_duplicates_that_are_kept_do_not_make_a_batch_too_large(user_page: Page, tmp_path: Path) -> None:
    page = user_page
    ready(page)
    page.route(UPLOADS, lambda route: None)
    page.get_by_label("提示词").fill("one")
    for number in range(50):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"p{number:02}.png")
    (tmp_path / "p00b.png").write_bytes((tmp_path / "p00.png").read_bytes())
    choose(page, *sorted(tmp_path.iterdir()))
    # its place went to the last of them
    start = page.get_by_role("button", name="开始处理 50 张")
    expect(start).to_be_enabled()
    page.get_by_role("button", name="仍然加入").click()
    expect(page.get_by_text("一批最多 50 张，请再移除 1 张")).to_be_visible()
    expect(page.get_by_role("button", name="开始处理 51 张")).to_be_disabled()
    page.get_by_role("button", name="移除 p00b.png").click()
    expect(start).to_be_enabled()


def test_a_photo_that_could_not_be_checked_is_named(user_page: Page, pair: list[Path]) -> None:
    page = user_page
    ready(page)
    workers = "**/inspect.worker*.js"
    page.route(workers, lambda route: route.fulfill(content_type="text/javascript", body="<html>"))
    choose(page, pair[0])
    expect(page.locator(".bad-list")).to_contain_text(re.compile("IMG_1.jpg.*没能完成检查"))
    # and the next one is looked at by another worker
    page.unroute(workers)
    choose(page, pair[1])
    uploaded(page, 1)


@pytest.mark.parametrize("look", LOOKS)
def test_every_look_of_a_draft(
    visit: Visit, base_url: str, tmp_path: Path, check_a11y: Check, look: dict[str, object]
) -> None:
    page = visit(sign_up(base_url)[1], **look)
    page.goto("/")
    ready(page)
    check_a11y(page)
    page.route(UPLOADS, busy)
    for number in range(3):
        picture(number).save(tmp_path / f"p{number}.jpg")
    (tmp_path / "twice.jpg").write_bytes((tmp_path / "p0.jpg").read_bytes())
    (tmp_path / "bad.png").write_text("no")
    choose(page, *sorted(tmp_path.iterdir()))
    expect(page.locator(".tile-upload")).to_have_count(3)
    expect(page.locator(".bad-list li")).to_have_count(1)
    check_a11y(page)
    page.unroute(UPLOADS)
    page.get_by_role("radio").first.click()
    page.locator(".start-row .btn[data-kind=main]").click()
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
