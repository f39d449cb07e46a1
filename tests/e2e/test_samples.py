"""Samples first: they stand beside their originals and wait for a word, with a prompt that can still change."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit, sign_up
from tests.e2e.gestures import tab_to
from tests.e2e.orders import client_of, order, tasks_of
from tests.e2e.test_pages import LOOKS
from tests.fakes.relay import ImageRelay, error

Check = Callable[[Page], None]
Sampled = Callable[..., tuple[Page, int, str]]


@pytest.fixture
def sampled(visit: Visit, base_url: str, album: Path) -> Sampled:
    """A page with a batch of four whose first two are samples; its id and its owner's cookie."""

    def make(**look: object) -> tuple[Page, int, str]:
        cookie = sign_up(base_url)[1]
        photos = [album / f"IMG_{number}.jpg" for number in (1, 2, 3, 10)]
        with client_of(base_url, cookie) as client:
            queue_id = order(client, photos, sample_first="2")
        page = visit(cookie, **look)
        page.goto(f"/batches/{queue_id}")
        expect(page.locator(".sample-panel")).to_be_visible()
        return page, queue_id, cookie

    return make


def test_the_rest_goes_with_better_words(sampled: Sampled, base_url: str) -> None:
    page, queue_id, cookie = sampled()
    expect(page.locator("h1 .badge")).to_have_text("等待确认")
    assert page.title().startswith("! ")
    expect(page.get_by_text("已预扣 2 积分")).to_be_visible()
    samples = page.locator(".sample")
    expect(samples).to_have_count(2)
    expect(samples.first.locator("img")).to_have_count(2)
    tab_to(page, samples.first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("slider", name="原图与结果的分界线")).to_be_focused()
    page.keyboard.press("Escape")
    expect(samples.first).to_be_focused()
    tab_to(page, page.get_by_label("其余图片的提示词"))
    page.keyboard.press("Control+a")
    page.keyboard.type("black and white")
    tab_to(page, page.get_by_role("button", name="用新提示词处理剩余 2 张"))
    page.keyboard.press("Enter")
    expect(page.locator("h1 .badge")).to_have_text("已完成")
    expect(page.locator(".sample-panel")).to_have_count(0)
    expect(page.locator(".results:focus-within")).to_have_count(1)
    with client_of(base_url, cookie) as client:
        prompts = [task["prompt"] for task in tasks_of(client, queue_id)]
    assert prompts == ["make it blue", "make it blue", "black and white", "black and white"]
    expect(page.get_by_role("link", name="余额 46 积分")).to_be_visible()


def test_what_is_written_for_one_batch_is_not_there_for_another(visit: Visit, base_url: str, pair: list[Path]) -> None:
    cookie = sign_up(base_url)[1]
    with client_of(base_url, cookie) as client:
        ids = [order(client, pair, sample_first="1", prompt=prompt) for prompt in ("make it blue", "make it green")]
    page = visit(cookie)
    page.goto(f"/batches/{ids[0]}")
    words = page.get_by_label("其余图片的提示词")
    expect(words).to_have_value("make it blue")
    page.evaluate("address => history.pushState(null, '', address)", f"/batches/{ids[1]}")  # as a notification does
    expect(words).to_have_value("make it green")
    words.fill("make it red")
    page.go_back()
    expect(words).to_have_value("make it blue")
    page.go_forward()
    expect(words).to_have_value("make it green")


def test_the_rest_is_left_and_its_credits_come_back(sampled: Sampled) -> None:
    page, _, _ = sampled()
    page.get_by_role("button", name="取消剩余 2 张").click()
    asked = page.get_by_role("alertdialog")
    expect(asked.get_by_text("预扣的 2 积分全部退回")).to_be_visible()
    asked.get_by_role("button", name="取消剩余 2 张").click()
    expect(page.locator("h1 .badge")).to_have_text("已取消")
    expect(page.get_by_role("link", name="余额 48 积分")).to_be_visible()
    expect(page.locator(".result[data-status=completed]")).to_have_count(2)


def test_a_sample_that_failed_is_not_called_ready(
    visit: Visit, relayed_url: str, relay: ImageRelay, album: Path
) -> None:
    relay.script(error(400, "Your request was rejected by our safety system.", "moderation_blocked"))
    cookie = sign_up(relayed_url)[1]
    with client_of(relayed_url, cookie) as client:
        queue_id = order(client, [album / "IMG_1.jpg", album / "IMG_2.jpg"], sample_first="1")
    page = visit(cookie, base_url=relayed_url)
    page.goto(f"/batches/{queue_id}")
    expect(page.locator(".sample-panel")).to_contain_text("1 张样张失败了，其余 1 张还没有开始")


@pytest.mark.parametrize("look", LOOKS)
def test_samples_in_every_look(sampled: Sampled, examine: Check, look: dict[str, object]) -> None:
    page, _, _ = sampled(**look)
    examine(page)
    page.get_by_role("button", name=re.compile("^取消剩余|^Cancel the other")).click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    examine(page)
