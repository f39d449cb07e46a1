"""The main job, as a person does it: sign in, drop a folder, choose a style, start, watch, compare, download."""

import csv
import io
import re
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PASSWORD, loaded
from tests.e2e.gestures import drop, tab_to
from tests.e2e.photos import make_album, make_rubbish

LONG = 90_000
PICTURES = (
    "cards => Object.fromEntries(cards.map(card => [card.ariaRowIndex, card.querySelectorAll('.pair img').length]))"
)


@pytest.fixture
def sizes(tmp_path: Path) -> dict[str, tuple[int, int]]:
    """The album's paths and upright sizes."""
    return make_album(tmp_path / "again")


def finish(page: Page, images: int) -> None:
    """Wait for the batch to end, and see every result: only cards near the screen are in the page, so walk down it."""
    expect(page.locator("h1 .badge")).to_have_text("已完成", timeout=LONG)
    seen: dict[str, int] = {}
    for top in range(0, page.evaluate("document.documentElement.scrollHeight"), 400):
        page.evaluate(f"scrollTo(0, {top})")
        loaded(page, ".pair img")
        seen |= page.evaluate(f"({PICTURES})([...document.querySelectorAll('.result[data-status=completed]')])")
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator(".result").first).to_have_attribute("aria-rowindex", "1")
    assert seen == {str(number): 2 for number in range(1, images + 1)}


def proportion(size: tuple[int, int]) -> float:
    return round(size[0] / size[1], 2)


def entries(archive: zipfile.ZipFile) -> dict[str, float]:
    """Each image's path without its extension, and its proportion: an engine may enlarge, but it must not turn."""
    found = {}
    for name in archive.namelist():
        if name != "manifest.csv":
            with Image.open(io.BytesIO(archive.read(name))) as image:
                found[str(PurePosixPath(name).with_suffix(""))] = proportion(image.size)
    return found


def test_a_folder_becomes_watercolours_in_one_zip(page: Page, album: Path, sizes: dict[str, tuple[int, int]]) -> None:
    page.goto("/")
    expect(page).to_have_url(re.compile("/sign-in$"))
    page.get_by_role("link", name="注册").click()
    expect(page.get_by_role("heading", name="注册")).to_be_visible()
    page.get_by_label("用户名").fill("林-first")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="注册").click()
    expect(page.get_by_role("heading", name="批量图生图")).to_be_visible()

    drop(page, album)
    expect(page.get_by_text("10 / 50 张")).to_be_visible()
    expect(page.locator(".tile img")).to_have_count(10)
    expect(page.locator(".tile").first).to_contain_text("咖啡.webp")
    page.get_by_role("radio", name="水彩画风").click()
    expect(page.get_by_label("提示词")).to_have_value(re.compile("水彩"))
    expect(page.get_by_text("本地滤镜(非 AI)")).to_be_visible()
    expect(page.get_by_text("10 张 × 1 = 10 积分")).to_be_visible()
    expect(page.get_by_text("余额 50，完成后剩 40")).to_be_visible()
    page.get_by_role("button", name="开始处理 10 张").click()

    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    finish(page, 10)
    expect(page.get_by_role("progressbar", name="结果")).to_have_attribute("aria-valuetext", "10/10")
    expect(page.get_by_role("link", name="余额 40 积分")).to_be_visible()

    compare_by_keyboard(page)

    with page.expect_download() as download:
        page.get_by_role("link", name="下载 ZIP").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        expected = {str(PurePosixPath("照片", path).with_suffix("")): proportion(size) for path, size in sizes.items()}
        assert entries(archive) == expected
        assert len(archive.namelist()) == len(set(archive.namelist())) == 11
        with archive.open("照片/旅行/透明.png") as entry:
            assert Image.open(entry).mode == "RGBA"
        rows = list(csv.DictReader(io.TextIOWrapper(archive.open("manifest.csv"), "utf-8-sig")))
        assert len(rows) == 10


def compare_by_keyboard(page: Page) -> None:
    card = page.locator(".result").first
    card.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".result").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    divider = page.get_by_role("slider", name="原图与结果的分界线")
    expect(divider).to_be_focused()
    expect(divider).to_have_value("50")
    page.keyboard.press("ArrowRight")
    expect(divider).to_have_value("51")
    page.keyboard.press("End")
    expect(divider).to_have_value("100")
    page.keyboard.press("j")
    expect(page.get_by_text("3 / 10")).to_be_visible()
    page.keyboard.press("m")
    expect(page.locator(".compare-side img")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_whole_job_without_a_mouse(user_page: Page, album: Path) -> None:
    page = user_page
    choose = page.get_by_role("button", name="选择文件", exact=True)
    expect(choose).to_be_visible()
    # the browser must know that its dialog is taken over well before the key that opens it
    with page.expect_file_chooser() as chooser:
        tab_to(page, choose)
        page.keyboard.press("Enter")
    chooser.value.set_files([album / "IMG_1.jpg", album / "IMG_2.jpg"])
    expect(page.locator(".tile img")).to_have_count(2)

    tab_to(page, page.get_by_role("radio", name="高清增强"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="艺术风格")).to_be_checked()
    page.keyboard.press("Control+Enter")

    expect(page).to_have_url(re.compile(r"/batches/\d+$"))
    expect(page.locator("h1 .badge")).to_have_text("已完成", timeout=LONG)
    tab_to(page, page.locator(".result").first)
    page.keyboard.press("Enter")
    divider = page.get_by_role("slider", name="原图与结果的分界线")
    expect(divider).to_be_focused()
    page.keyboard.press("PageUp")
    expect(divider).not_to_have_value("50")
    page.keyboard.press("Escape")
    expect(page.locator(".result").first).to_be_focused()
    page.evaluate("scrollTo(0, 0)")
    page.reload()
    download = page.get_by_role("link", name="下载 ZIP")
    expect(download).to_be_visible()
    tab_to(page, download)
    with page.expect_download():
        page.keyboard.press("Enter")


def test_bad_files_are_named_and_left_out(user_page: Page, tmp_path: Path) -> None:
    page = user_page
    make_rubbish(tmp_path / "mixed")
    expect(page.get_by_role("button", name="选择文件夹")).to_be_visible()
    drop(page, tmp_path / "mixed")
    expect(page.get_by_text("3 个文件不能用")).to_be_visible()
    listed = page.locator(".bad-list")
    expect(listed).to_contain_text(re.compile("half.jpg.*图片损坏或不完整"))
    expect(listed).to_contain_text(re.compile("nothing.jpg.*空文件"))
    expect(listed).to_contain_text(re.compile("words.png.*不是支持的图片"))
    expect(page.get_by_text("1 张与前面的内容相同")).to_be_visible()
    expect(page.get_by_text("1 / 50 张")).to_be_visible()
    page.get_by_role("button", name="仍然加入").click()
    expect(page.get_by_text("2 / 50 张")).to_be_visible()
    page.get_by_role("button", name="全部移除").click()
    expect(page.get_by_text("个文件不能用")).to_have_count(0)


def test_what_is_over_fifty_waits_for_the_next_batch(user_page: Page, tmp_path: Path) -> None:
    page = user_page
    for number in range(53):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / f"p{number}.png")
    expect(page.get_by_role("button", name="选择文件夹")).to_be_visible()
    drop(page, tmp_path)
    expect(page.get_by_text("50 / 50 张")).to_be_visible()
    expect(page.get_by_text("还有 3 张没有加入")).to_be_visible()
    expect(page.locator(".rest-list")).to_contain_text("p50.png")
    expect(page.locator(".tile img")).to_have_count(50)
    page.get_by_role("button", name=re.compile(r"移除 .*p0\.png")).press("Enter")
    page.get_by_role("button", name="加入 1 张").click()
    expect(page.get_by_text("还有 2 张没有加入")).to_be_visible()


def test_on_plain_http_where_the_browser_withholds_its_better_half(page: Page, base_url: str, album: Path) -> None:
    """A host name on plain http is no secure context: no digest, no clipboard, no randomUUID. The job still works."""
    page.goto(base_url.replace("127.0.0.1", "nano.test") + "/register")
    assert not page.evaluate("isSecureContext")
    page.get_by_label("用户名").fill("plain-http")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="注册").click()
    expect(page.get_by_role("button", name="选择文件夹")).to_be_visible()
    drop(page, album / "IMG_1.jpg", album / "IMG_2.jpg")
    expect(page.get_by_text("2 / 50 张")).to_be_visible()
    page.get_by_role("radio", name="写实风格").click()
    page.get_by_role("button", name="开始处理 2 张").click()
    finish(page, 2)
