"""A batch in the hand, in English: tapped, pinched, selected with a thumb."""

import re
import zipfile
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visit, sign_up
from tests.e2e.orders import client_of, ended, order
from tests.e2e.test_pages import PHONE
from tests.fakes.relay import ImageRelay, error


def pinch(page: Page, selector: str) -> None:
    """Two fingers on an element, drawn apart."""
    box = page.locator(selector).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    devtools = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 30), ("touchMove", 60)):
        points = [{"x": x - apart, "y": y + 60, "id": 0}, {"x": x + apart, "y": y + 60, "id": 1}]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    devtools.detach()


def test_results_on_a_phone(visit: Visit, base_url: str, album: Path) -> None:
    cookie = sign_up(base_url)[1]
    with client_of(base_url, cookie) as client:
        queue_id = order(client, [album / f"IMG_{number}.jpg" for number in (1, 2, 3)], batch_name="Seaside")
    page = visit(cookie, **{**PHONE, "locale": "en-US"})
    page.goto(f"/batches/{queue_id}")
    expect(page.locator("h1 .badge")).to_have_text("Completed")

    page.locator(".result-check").nth(0).tap()
    page.locator(".result-check").nth(1).tap()
    bar = page.get_by_role("toolbar", name="Selected images")
    expect(bar.get_by_text("2 selected")).to_be_visible()
    with page.expect_download() as download:
        bar.get_by_role("button", name="Download 2").tap()
    with zipfile.ZipFile(Path(download.value.path())) as archive:
        assert len(archive.namelist()) == 3
    bar.get_by_role("button", name="Clear selection").tap()
    expect(bar).to_have_count(0)

    page.locator(".pair").first.tap()
    divider = page.get_by_role("slider", name="Divider between original and result")
    expect(divider).to_have_value("50")
    track = page.locator(".compare-track").bounding_box()
    assert track is not None
    page.touchscreen.tap(track["x"] + track["width"] * 0.2, track["y"] + 30)
    expect(divider).to_have_value(re.compile("^(19|20|21)$"))
    pinch(page, ".compare-track")
    expect(page.get_by_role("button", name="Actual fit")).not_to_have_text("100%")
    page.get_by_role("radio", name="Hold to compare").tap()
    page.get_by_role("button", name="Next").tap()
    expect(page.get_by_text("2 / 3")).to_be_visible()
    page.get_by_role("button", name="Close").tap()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_bad_news_leaves_the_thumb_its_buttons(visit: Visit, base_url: str) -> None:
    page = visit(sign_up(base_url)[1], **{**PHONE, "locale": "en-US"})
    page.goto("/account")
    page.route("**/api/auth/session", lambda route: route.fulfill(status=500))
    page.locator(".avatar-button").tap()
    page.get_by_role("menuitem", name="Sign out").tap()
    toast = page.locator(".toast[data-tone=bad]")
    expect(toast).to_be_visible()
    box, bar = toast.bounding_box(), page.locator(".bar").bounding_box()
    assert box is not None
    assert bar is not None
    assert bar["height"] <= box["y"] < PHONE["viewport"]["height"] / 2  # type: ignore[index]


def test_the_history_on_a_phone_says_what_failed(
    visit: Visit, relayed_url: str, relay: ImageRelay, pair: list[Path]
) -> None:
    relay.script(error(400, "Your request was rejected by our safety system.", "moderation_blocked"))
    cookie = sign_up(relayed_url)[1]
    with client_of(relayed_url, cookie) as client:
        ended(client, order(client, pair))
        ended(client, order(client, pair[:1]))
    page = visit(cookie, base_url=relayed_url, **{**PHONE, "locale": "en-US"})
    page.goto("/batches")
    rows = page.locator(".queue-row")
    expect(rows.nth(1).get_by_text("1/2, 1 failed")).to_be_visible()
    expect(rows.nth(0).get_by_text("1/1")).to_be_hidden()


def test_the_history_on_a_phone(visit: Visit, base_url: str, album: Path) -> None:
    cookie = sign_up(base_url)[1]
    with client_of(base_url, cookie) as client:
        order(client, [album / "IMG_1.jpg"], batch_name="Seaside")
    page = visit(cookie, **{**PHONE, "locale": "en-US"})
    page.goto("/batches")
    expect(page.locator(".queue-row .badge")).to_have_text("Completed")
    page.get_by_role("button", name="More actions Seaside").tap()
    page.get_by_role("menuitem", name="Rename").tap()
    page.get_by_label("Batch name", exact=True).fill("Mountains")
    page.get_by_role("button", name="Save").tap()
    page.get_by_role("link", name="Mountains").tap()
    expect(page.get_by_role("heading", name="Mountains")).to_be_visible()
