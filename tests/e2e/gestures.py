"""What hands do: drop a folder, walk by Tab."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

MOST_TABS = 120


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders from the desktop onto the page, as the browser itself receives it."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for step in ("dragEnter", "dragOver"):
        devtools.send("Input.dispatchDragEvent", {"type": step, "x": 400, "y": 400, "data": data})
    expect(page.get_by_text("松手放下")).to_be_visible()
    devtools.send("Input.dispatchDragEvent", {"type": "drop", "x": 400, "y": 400, "data": data})
    devtools.detach()


def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus, as somebody without a mouse does."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if target.count() and target.first.evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"{MOST_TABS} tabs did not reach {target}")
