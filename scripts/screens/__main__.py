"""`python -m scripts.screens`: every page, light and dark, on a desktop and a phone, in Chinese and English."""

import argparse
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from scripts.screens.story import Teller
from tests.e2e import chromium, server
from tests.e2e.conftest import enter

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "frontend/src/assets/samples"
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 820}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
LOOKS: dict[str, dict[str, Any]] = {
    "desktop-light-zh": {**DESKTOP, "color_scheme": "light", "locale": "zh-CN"},
    "desktop-dark-en": {**DESKTOP, "color_scheme": "dark", "locale": "en-US"},
    "phone-light-en": {**PHONE, "color_scheme": "light", "locale": "en-US"},
    "phone-dark-zh": {**PHONE, "color_scheme": "dark", "locale": "zh-CN"},
}
COLOURS = 256
SHOWN = """Promise.all([...document.images].map(async image => {
  const { top, bottom } = image.getBoundingClientRect()
  if (image.src && bottom > 0 && top < innerHeight) await image.decode().catch(() => null)
}))"""
"""Whatever pictures are in the window have been drawn."""

WISH = {
    "zh-CN": "水彩画风,留白通透,保留人物的样子",
    "en": "Watercolour on rough paper, soft light; keep the people as they are",
}
BUSY = re.compile("正在上传|Uploading|正在保存|Saving")

Prepare = Callable[[Page, Path], None]


def _nothing(_page: Page, _album: Path) -> None: ...


@dataclass(frozen=True)
class Screen:
    """One picture: whose page at which address, what must be there, and what is done before."""

    path: str
    landmark: str
    who: str = "user"
    prepare: Prepare = _nothing


def _pick(page: Page, album: Path) -> None:
    page.locator(".light-table input[type=file]").first.set_input_files(sorted(album.iterdir())[:8])
    expect(page.locator(".tile img")).to_have_count(8)
    page.locator("textarea").first.fill(WISH[page.evaluate("document.documentElement.lang")])
    expect(page.get_by_text(BUSY)).to_have_count(0)
    page.evaluate("scrollTo(0, 0)")


def _compare(page: Page, _album: Path) -> None:
    page.locator(".result .pair").first.click()
    expect(page.get_by_role("slider").first).to_be_visible()


def _scroll_to(selector: str) -> Prepare:
    return lambda page, _album: page.locator(selector).first.evaluate("node => node.scrollIntoView()")


def _shortcuts(page: Page, _album: Path) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


SCREENS = {
    "sign-in": Screen("/sign-in", "form", who="nobody"),
    "register": Screen("/register", "form", who="nobody"),
    "first-run": Screen("/", "main h1, main h2", who="newcomer"),
    "workspace": Screen("/", ".light-table input[type=file]", prepare=_pick),
    "history": Screen("/batches", ".queue-row"),
    "batch": Screen("/batches/{batch}", ".result"),
    "compare": Screen("/batches/{batch}", ".result", prepare=_compare),
    "account": Screen("/account", ".balance"),
    "account-key": Screen("/account", ".facts", who="owner", prepare=_scroll_to(".facts")),
    "shortcuts": Screen("/account", ".balance", prepare=_shortcuts),
    "admin-config": Screen("/admin", ".preset-row", who="admin"),
    "admin-monitor": Screen("/admin/monitor", "tbody tr", who="admin"),
    "admin-failed": Screen("/admin/monitor?of=tasks&status=failed", "tbody tr", who="admin"),
    "admin-trends": Screen("/admin/monitor", ".plot canvas", who="admin", prepare=_scroll_to("#trends")),
    "admin-users": Screen("/admin/users", "tbody tr", who="admin"),
    "admin-system": Screen("/admin/system", "tbody tr", who="admin"),
}
"""What is in `docs/screens`, by name."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make screens", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*SCREENS, []], help="only these")
    parser.add_argument("--look", action="append", choices=list(LOOKS), help="only these looks")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/screens", help="the folder they go to")
    parser.add_argument("--samples", type=Path, default=SAMPLES, help="a folder of photos (JPEG) to begin with")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screens-") as folder, server.running(Path(folder)) as url:
        teller = Teller(url, Path(folder) / "data/nano-banana.sqlite3", chosen.samples)
        user, admin = teller.tell()
        cookies = {
            "nobody": None,
            "user": user,
            "admin": admin,
            "owner": teller.client("chen.yu", "a long enough phrase").cookies["sid"],
            "newcomer": teller.register("new-here").cookies["sid"],
        }
        album = Path(folder) / "album"
        album.mkdir()
        for name, data in teller.photos:
            (album / name).write_bytes(data)
        with sync_playwright() as playwright:
            found = chromium.executable(playwright.chromium)
            browser = playwright.chromium.launch(executable_path=found, args=chromium.flags())
            for look in chosen.look or LOOKS:
                for name in chosen.names or SCREENS:
                    picture = take(browser, url, SCREENS[name], LOOKS[look], cookies, album)
                    file = chosen.out / f"{name}.{look}.png"
                    file.write_bytes(picture)
                    print(
                        f"{file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}: {len(picture) // 1024} kB"
                    )
            browser.close()


def take(
    browser: Browser, url: str, screen: Screen, look: dict[str, Any], cookies: dict[str, str | None], album: Path
) -> bytes:
    """The picture, as a PNG with a palette: a third of the size, and nobody sees it."""
    context = browser.new_context(base_url=url, timezone_id="Asia/Shanghai", reduced_motion="reduce", **look)
    if cookie := cookies[screen.who]:
        enter(context, url, cookie)
    page = context.new_page()
    page.goto(screen.path.format(batch=_newest_batch(page, url) if "{batch}" in screen.path else ""))
    expect(page.locator(screen.landmark).first).to_be_attached()
    settle(page)
    screen.prepare(page, album)
    settle(page)
    page.mouse.move(0, 0)
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    context.close()
    small = io.BytesIO()
    picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.FLOYDSTEINBERG).save(small, "PNG", optimize=True)
    return small.getvalue()


def settle(page: Page) -> None:
    """Nothing is loading or moving any more."""
    expect(page.locator(".skeleton, [data-entering]")).to_have_count(0)
    page.evaluate(SHOWN)


def _newest_batch(page: Page, url: str) -> int:
    batches = page.request.get(f"{url}/api/batch/queues").json()["items"]
    return int(next(batch["id"] for batch in batches if batch["status"] == "completed"))


if __name__ == "__main__":
    main()
