"""Does the page stay quick? Frames while fifty photos of 10 MB come in, and while two thousand images are scrolled.

`python -m benchmarks.page [--photos 50] [--megabytes 10] [--images 2000]`

In real Chromium, against a real server on this machine: both share its processors. A frame is the time between two calls of
`requestAnimationFrame`; Chromium's own "long animation frames" name what a long one was spent on.
"""

import argparse
import sqlite3
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.e2e import chromium, server
from tests.e2e.conftest import enter, sign_up
from tests.e2e.orders import client_of, ended, order
from tests.e2e.photos import picture

MOST_MS = 600_000
WATCH = """
() => {
  window.frames_ = []; window.long_ = []; window.firstThumbnail_ = null; window.begin_ = performance.now()
  new PerformanceObserver(list => list.getEntries().forEach(entry => window.long_.push({
    took: entry.duration, rendered: entry.startTime + entry.duration - (entry.renderStart || entry.startTime),
    scripts: entry.scripts.map(s => `${s.invoker} ${Math.round(s.duration)}`),
  }))).observe({ type: 'long-animation-frame' })
  let last = performance.now()
  const frame = now => {
    window.frames_.push(now - last); last = now
    const seen = () => [...document.querySelectorAll('.tile img')].some(one => one.complete && one.naturalWidth)
    if (window.firstThumbnail_ === null && seen())
      window.firstThumbnail_ = performance.now() - window.begin_
    window.watching_ = requestAnimationFrame(frame)
  }
  window.watching_ = requestAnimationFrame(frame)
}
"""
SCROLL = """
async ([selector, seconds]) => {
  let box = document.querySelector(selector)
  while (box && box.scrollHeight <= box.clientHeight + 1) box = box.parentElement
  box = box || document.scrollingElement
  const end = performance.now() + seconds * 1000
  // as fast as a wheel that is turned hard: a screen every quarter of a second, down and up again
  let by = box.clientHeight / 15
  while (performance.now() < end) {
    const before = box.scrollTop
    box.scrollTop += by
    if (box.scrollTop === before) by = -by
    await new Promise(requestAnimationFrame)
  }
  return box.scrollHeight
}
"""


def photo(path: Path, seed: int, size: int) -> None:
    """A JPEG of about `size` bytes, as a camera of 12 megapixels makes it; what is missing is put behind its end."""
    grain = np.random.default_rng(seed).integers(-24, 24, (3000, 4000, 1), dtype=np.int16)
    smooth = np.asarray(picture(seed, (800, 600)).resize((4000, 3000)), dtype=np.int16)
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(path, quality=80)
    with path.open("ab") as file:
        file.write(bytes(max(0, size - path.stat().st_size)))


def told(page: Page, what: str) -> None:
    """Print the frames since the watching began."""
    frames: Sequence[float] = page.evaluate("cancelAnimationFrame(window.watching_), window.frames_.slice(1)")
    longest: list[dict[str, Any]] = page.evaluate("window.long_.sort((a, b) => b.took - a.took).slice(0, 3)")
    cuts = statistics.quantiles(frames, n=100)
    over = sum(1 for frame in frames if frame > 50)
    print(
        f"{what}: {len(frames)} frames, median {cuts[49]:.1f} ms, p95 {cuts[94]:.1f}, p99 {cuts[98]:.1f},"
        f" longest {max(frames):.0f}; {over} over 50 ms"
    )
    for one in longest:
        print(
            f"  {one['took']:.0f} ms, {one['rendered']:.0f} of them drawing: {', '.join(one['scripts']) or 'no script'}"
        )


def uploads(page: Page, photos: Sequence[Path]) -> None:
    page.goto("/")
    page.locator(".empty-card").wait_for()
    page.evaluate(WATCH)
    page.locator(".light-table input[type=file]").first.set_input_files(photos)
    page.locator(".tile .tile-done").nth(len(photos) - 1).wait_for(state="attached", timeout=MOST_MS)
    first = page.evaluate("window.firstThumbnail_")
    told(page, f"{len(photos)} photos of {sum(one.stat().st_size for one in photos) / len(photos) / 1e6:.1f} MB")
    print(f"  the first thumbnail after {first:.0f} ms")


def copy(database: sqlite3.Connection, table: str, times: int, **other: str) -> None:
    """`times` more rows like the last one, with these columns as SQL that may use `n`."""
    names = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] != "id"]
    values = ", ".join(other.get(name, f"{table}.{name}") for name in names)
    database.execute(
        f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {times}) "
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM numbers, {table} "
        f"WHERE {table}.id = (SELECT MAX(id) FROM {table}) ORDER BY n"
    )


def fill(database: Path, images: int) -> None:
    """So many batches of one image in the history; then the newest batch gets so many versions of its image."""
    with sqlite3.connect(database, timeout=30) as connection:
        copy(connection, "batch_queues", images - 1, idempotency_key="'copy-' || n", batch_name="'Batch ' || n")
        newest = "(SELECT MAX(id) FROM batch_queues)"
        copy(connection, "batch_tasks", images - 1, queue_id=f"{newest} - {images - 1} + n")
        copy(connection, "batch_tasks", images - 1, position="n", original_filename="'IMG_' || n || '.jpg'")
        connection.execute(
            f"UPDATE batch_queues SET total_images = {images}, completed_images = {images} WHERE id = {newest}"
        )
        connection.execute("UPDATE batch_tasks SET settled_token = hex(randomblob(16))")


def scrolling(page: Page, url: str, selector: str, row: str, what: str) -> None:
    page.goto(url)
    page.locator(row).first.wait_for()
    page.evaluate(WATCH)
    height = page.evaluate(SCROLL, [selector, 10])
    told(page, f"{what}, scrolled through {height} px")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=50)
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--images", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        photos = [folder / f"IMG_{number}.jpg" for number in range(options.photos)]
        for number, path in enumerate(photos):
            photo(path, number, int(options.megabytes * 1e6))
        browser = playwright.chromium.launch(
            args=chromium.flags(), executable_path=chromium.executable(playwright.chromium)
        )
        with server.running(folder / "service") as url:
            cookie = sign_up(url)[1]
            context = browser.new_context(base_url=url, locale="zh-CN", viewport={"width": 1440, "height": 900})
            enter(context, url, cookie)
            page = context.new_page()
            if photos:
                uploads(page, photos)
            page.goto("about:blank")
            with client_of(url, cookie) as client:
                history(page, client, folder, options.images)
        browser.close()


def history(page: Page, client: httpx.Client, folder: Path, images: int) -> None:
    one = folder / "one.jpg"
    picture(1).save(one)
    ended(client, order(client, [one]))
    fill(next((folder / "service").rglob("*.sqlite3")), images)
    newest = client.get("/api/batch/queues", params={"limit": 1}).json()["items"][0]["id"]
    scrolling(page, "/batches", ".queue-list", ".queue-row", f"a history of {images} batches")
    scrolling(page, f"/batches/{newest}", ".results", ".result", f"a batch of {images} images")


if __name__ == "__main__":
    main()
