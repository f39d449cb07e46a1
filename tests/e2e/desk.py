"""What tests of the workspace do with it, and what this browser keeps of a draft."""

import re
from pathlib import Path

from playwright.sync_api import Page, Request, Route, expect

UPLOADS = "**/api/batch/images"
MADE = "**/api/batch/queues"
SAVED = "草稿已自动保存"


def ready(page: Page) -> None:
    expect(page.get_by_role("button", name=re.compile("^(选择文件|Choose files)$"))).to_be_visible()


def choose(page: Page, *photos: Path) -> None:
    page.locator(".light-table input[type=file]").first.set_input_files(photos)


def uploaded(page: Page, count: int) -> None:
    expect(page.locator(".tile-done")).to_have_count(count)


def saved(page: Page) -> None:
    expect(page.get_by_text(SAVED)).to_be_visible()


def sent(page: Page) -> list[Request]:
    """The uploads that the page begins from now on."""
    seen: list[Request] = []
    page.on("request", lambda request: seen.append(request) if request.url.endswith("/api/batch/images") else None)
    return seen


def is_made(request: Request) -> bool:
    return request.method == "POST" and request.url.endswith("/api/batch/queues")


def away_and_back(page: Page) -> None:
    page.get_by_role("link", name="批次", exact=True).click()
    expect(page).to_have_url(re.compile("/batches$"))
    page.get_by_role("link", name="工作台", exact=True).click()


def busy(route: Route) -> None:
    route.fulfill(status=503, content_type="application/problem+json", body='{"code": "unavailable", "status": 503}')


PASTE = """async () => {
  const canvas = new OffscreenCanvas(40, 30)
  canvas.getContext('2d').fillRect(0, 0, 20, 20)
  const transfer = new DataTransfer()
  transfer.items.add(new File([await canvas.convertToBlob()], 'image.png', { type: 'image/png' }))
  document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, bubbles: true }))
}"""


def kept(page: Page, store: str, holds: str) -> None:
    """Waits until what this browser keeps, `found`, is as wanted."""
    page.evaluate(
        f"""async () => {{
          const open = indexedDB.open('nano-banana')
          const database = await new Promise((resolve) => (open.onsuccess = () => resolve(open.result)))
          for (let round = 0; round < 600; round += 1) {{
            const all = database.transaction('{store}').objectStore('{store}').getAll()
            const found = await new Promise((resolve) => (all.onsuccess = () => resolve(all.result)))
            if ({holds}) return database.close()
            await new Promise((resolve) => setTimeout(resolve, 50))
          }}
          throw new Error(`never came to {holds}`)
        }}"""
    )


def kept_files(page: Page, count: int) -> None:
    kept(page, "files", f"found.length === {count}")


def kept_prompt(page: Page, prompt: str) -> None:
    kept(page, "drafts", f"found.some((draft) => draft.content.prompt === '{prompt}')")


def kept_references(page: Page, count: int) -> None:
    """So many of them stand in the draft as uploaded."""
    kept(
        page, "drafts", f"found.some((draft) => draft.content.references.filter((one) => one.image).length === {count})"
    )
