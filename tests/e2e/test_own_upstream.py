"""Work for a user's own upstream: what stops it is said to the one who can mend it."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import enter, sign_up
from tests.e2e.orders import client_of, order
from tests.fakes.relay import ImageRelay


def test_a_rejected_own_key_is_a_matter_for_its_owner(
    context: BrowserContext, page: Page, relay: ImageRelay, relayed_url: str, album: Path
) -> None:
    cookie = sign_up(relayed_url)[1]
    own = {"provider": "openai-chat", "base_url": relay.base_url, "api_key": "sk-not-the-right-one", "model": "x"}
    with client_of(relayed_url, cookie) as client:
        client.put("/api/auth/upstream", json=own).raise_for_status()
        queue_id = order(client, [album / "IMG_1.jpg"], model="own")
        enter(context, relayed_url, cookie)
        page.goto(f"{relayed_url}/batches/{queue_id}")
        expect(page.locator("h1 .badge")).to_have_text("已暂停")
        expect(page.get_by_text("你自己的上游拒绝了你的密钥，已暂停。请在“账户”里更新密钥或地址")).to_be_visible()
        client.delete("/api/auth/upstream").raise_for_status()
        expect(page.locator("h1 .badge")).to_have_text("失败")
        expect(page.locator(".result[data-status=failed]")).to_contain_text("你自己的上游拒绝了你的密钥，或者已被移除")
        page.evaluate("localStorage.setItem('nb.locale', 'en')")
        page.reload()
        expect(page.locator(".result[data-status=failed]")).to_contain_text("Your own upstream rejected your key")
