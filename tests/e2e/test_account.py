"""A user's own affairs: balance and ledger, tokens, a key of their own, password, sessions."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e import server
from tests.e2e.conftest import PASSWORD, Visit, enter, sign_in, sign_up
from tests.e2e.orders import client_of, ended, order
from tests.e2e.relay import relaying
from tests.e2e.test_live import begin, ends
from tests.e2e.test_pages import LOOKS
from tests.fakes.relay import ImageRelay

Check = Callable[[Page], None]


@pytest.fixture
def account(user_page: Page) -> Page:
    user_page.goto("/account")
    expect(user_page.locator(".balance")).to_be_visible()
    return user_page


def test_every_line_of_the_ledger_leads_to_its_batch(user_page: Page, album: Path) -> None:
    page = user_page
    begin(page, album / "IMG_1.jpg", album / "IMG_2.jpg")
    ends(page, "已完成")
    page.goto("/account")
    expect(page.locator(".balance strong")).to_have_text("48")
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="赠送")).to_contain_text("注册赠送")
    expect(rows.filter(has_text="预扣")).to_contain_text("-2")
    rows.filter(has_text="预扣").get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/batches/\d+$"))


def test_a_name_the_server_refuses_is_told_in_words_of_the_page(visit: Visit) -> None:
    page = visit()
    page.goto("/register")
    page.get_by_label("用户名").fill("a b c")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="注册").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("用户名: 3–32 个字符")
    expect(alert).not_to_contain_text("String")


def test_a_token_is_shown_once_and_revoked(account: Page, base_url: str, check_a11y: Check) -> None:
    page = account
    page.get_by_label("用途").fill("backup script")
    page.get_by_role("button", name="创建令牌").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("只显示这一次")).to_be_visible()
    check_a11y(page)
    token = dialog.locator("code").inner_text()
    me = {"base_url": base_url, "headers": {"Authorization": f"Bearer {token}"}, "trust_env": False}
    with httpx.Client(**me) as program:  # type: ignore[arg-type]
        assert program.get("/api/auth/me").status_code == 200
        dialog.get_by_role("button", name="复制").click()
        expect(page.get_by_role("status").get_by_text("已复制")).to_be_visible()
        dialog.get_by_role("button", name="我已保存").click()
        expect(page.locator(".token")).to_contain_text("backup script")
        expect(page.get_by_text(token)).to_have_count(0)
        page.get_by_role("button", name="撤销 backup script").click()
        confirm = page.get_by_role("alertdialog")
        expect(confirm).to_contain_text("backup script")
        confirm.get_by_role("button", name="撤销").click()
        expect(page.get_by_text("还没有令牌")).to_be_visible()
        assert program.get("/api/auth/me").status_code == 401


@pytest.fixture(scope="module")
def relay() -> Iterator[ImageRelay]:
    with relaying() as relay:
        yield relay


@pytest.fixture(scope="module")
def trusting_url(relay: ImageRelay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service whose users may bring a key for the relay, although it is on loopback."""
    settings = {"UPSTREAM_ALLOWED_HOSTS": relay.base_url.removeprefix("http://")}
    with server.running(tmp_path_factory.mktemp("trusting"), settings) as url:
        yield url


def test_a_key_of_ones_own_is_tested_used_and_deleted(
    context: BrowserContext, page: Page, trusting_url: str, relay: ImageRelay, check_a11y: Check
) -> None:
    enter(context, trusting_url, sign_up(trusting_url)[1])
    page.goto(f"{trusting_url}/account")
    page.get_by_role("button", name="添加密钥").click()
    expect(page.get_by_label("密钥", exact=True)).to_be_focused()
    check_a11y(page)
    page.get_by_label("接口地址").fill(f"{relay.base_url}/v1")
    page.get_by_label("密钥", exact=True).fill("sk-a-wrong-key-9999")
    page.get_by_label("模型").fill("some-model")
    page.get_by_role("button", name="保存").click()
    mine = page.locator(".facts")
    expect(mine).to_contain_text("•••• 9999")
    page.get_by_role("button", name="测试").click()
    expect(page.get_by_text("上游拒绝了这个密钥")).to_be_visible()
    check_a11y(page)
    page.get_by_role("button", name="修改", exact=True).click()
    page.get_by_label("密钥", exact=True).fill(relay.key)
    page.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="测试").click()
    expect(page.get_by_text("连接正常")).to_be_visible()
    page.reload()
    expect(mine).to_contain_text(f"•••• {relay.key[-4:]}")
    assert relay.key not in page.content()
    page.get_by_role("button", name="删除").click()
    page.get_by_role("alertdialog").get_by_role("button", name="删除").click()
    expect(page.get_by_role("button", name="添加密钥")).to_be_visible()


def test_an_address_that_is_not_public_is_refused_in_words(account: Page) -> None:
    page = account
    page.get_by_role("button", name="添加密钥").click()
    page.get_by_label("接口地址").fill("http://169.254.169.254/v1")
    page.get_by_label("密钥", exact=True).fill("sk-0123456789")
    page.get_by_label("模型").fill("m")
    page.get_by_role("button", name="保存").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("不允许使用这个地址")
    expect(page.get_by_label("接口地址")).to_have_value("http://169.254.169.254/v1")
    expect(alert.get_by_role("button", name="复制详情")).to_be_visible()


def test_a_new_password_ends_other_sessions(visit: Visit, base_url: str, check_a11y: Check) -> None:
    name, cookie = sign_up(base_url)
    page = visit(cookie)
    page.goto("/account")
    with httpx.Client(base_url=base_url, headers={"Origin": base_url}, trust_env=False) as elsewhere:
        sign_in(elsewhere, {"username": name, "password": PASSWORD})
        page.reload()
        expect(page.get_by_text("登录过的设备")).to_be_visible()
        expect(page.locator(".device")).to_have_count(2)
        current = page.get_by_label("当前密码")
        current.fill("not this one")
        page.get_by_label("新密码").fill("quite another phrase")
        page.get_by_role("button", name="修改密码").click()
        expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确")
        check_a11y(page)
        current.fill(PASSWORD)
        page.get_by_role("button", name="修改密码").click()
        expect(page.get_by_text("密码已修改")).to_be_visible()
        assert elsewhere.get("/api/auth/me").status_code == 401
    page.reload()
    expect(page.locator(".device")).to_have_count(1)


def test_another_browser_is_signed_out(visit: Visit, base_url: str) -> None:
    name, cookie = sign_up(base_url)
    page = visit(cookie)
    with httpx.Client(base_url=base_url, headers={"Origin": base_url}, trust_env=False) as elsewhere:
        elsewhere.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
        sign_in(elsewhere, {"username": name, "password": PASSWORD})
        page.goto("/account")
        page.get_by_role("button", name="撤销 Firefox, Windows").click()
        expect(page.locator(".device")).to_have_count(1)
        expect(page.get_by_text("当前设备")).to_be_visible()
        assert elsewhere.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize("look", LOOKS)
def test_the_account_in_every_look(
    visit: Visit, base_url: str, album: Path, examine: Check, look: dict[str, object]
) -> None:
    """With everything in it: a ledger, a token just made and one that is there, a key that was refused."""
    cookie = sign_up(base_url)[1]
    with client_of(base_url, cookie) as client:
        ended(client, order(client, [album / "IMG_1.jpg"]))
    page = visit(cookie, **look)
    page.goto("/account")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label(re.compile("^(用途|What it is for)$")).fill("backup script")
    page.get_by_role("button", name=re.compile("^(创建令牌|Create token)$")).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    examine(page)
    page.get_by_role("button", name=re.compile("^(我已保存|I have saved it)$")).click()
    page.get_by_role("button", name=re.compile("^(添加密钥|Add a key)$")).click()
    page.get_by_label(re.compile("^(接口地址|Address)$")).fill("http://169.254.169.254/v1")
    page.get_by_label(re.compile("^(密钥|Key)$")).fill("sk-0123456789")
    page.get_by_label(re.compile("^(模型|Model)$")).fill("m")
    page.get_by_role("button", name=re.compile("^(保存|Save)$")).click()
    expect(page.get_by_role("alert")).to_be_visible()
    examine(page)
    page.get_by_role("button", name=re.compile("^(撤销|Revoke) backup script$")).click()
    expect(page.get_by_role("alertdialog")).to_be_visible()
    examine(page)
