"""An administrator's day: settings, presets, everybody's work, users, the system."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e import server
from tests.e2e.conftest import PASSWORD, Visit, enter, lose, press, sign_in
from tests.e2e.orders import ended
from tests.e2e.relay import relaying
from tests.fakes.pictures import jpeg
from tests.fakes.relay import ImageRelay, error

Check = Callable[[Page], None]
Ask = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def relay() -> Iterator[ImageRelay]:
    with relaying() as relay:
        yield relay


@pytest.fixture(scope="module")
def url(relay: ImageRelay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of its own: what an administrator changes here concerns no other test."""
    settings = {
        "AI_PROVIDER": "openai-chat", "AI_API_BASE_URL": f"{relay.base_url}/v1", "AI_API_KEY": relay.key,
    }  # fmt: skip
    with server.running(tmp_path_factory.mktemp("administered"), settings) as url:
        yield url


@pytest.fixture
def ask(url: str) -> Iterator[Ask]:
    """`ask("lin")`: the client of a user of that name, made if need be; `ask("admin")` the administrator's."""
    clients: list[httpx.Client] = []

    def make(username: str) -> httpx.Client:
        client = httpx.Client(base_url=url, headers={"Origin": url}, trust_env=False, timeout=60)
        clients.append(client)
        password = server.ADMIN_PASSWORD if username == "admin" else PASSWORD
        if username != "admin":
            client.post("/api/auth/register", json={"username": username, "password": password})
        sign_in(client, {"username": username, "password": password})
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def admin(visit: Visit, url: str, ask: Ask) -> Iterator[Callable[..., Page]]:
    """`admin("/admin", …)`: that page, seen by the administrator, who holds nobody up at the end."""
    client = ask("admin")

    def open_page(path: str, **options: Any) -> Page:
        page = visit(**options)
        enter(page.context, url, client.cookies["sid"])
        page.goto(url + path)
        return page

    yield open_page
    client.post("/api/admin/batch/resume").raise_for_status()


def order(client: httpx.Client, name: str, images: int = 1) -> int:
    files = [("images", (f"{name}-{n}.jpg", jpeg(32, 33 + n), "image/jpeg")) for n in range(images)]
    answer = client.post("/api/batch/queues", data={"prompt": "blue", "batch_name": name}, files=files)
    answer.raise_for_status()
    return int(answer.json()["id"])


def test_settings_take_hold_and_the_slider_knows_the_server(
    admin: Callable[..., Page], ask: Ask, check_a11y: Check
) -> None:
    page = admin("/admin")
    expect(page.get_by_role("navigation", name="批量功能").get_by_role("link")).to_have_text(
        ["批量配置", "任务监控", "用户", "系统"]
    )
    expect(page.get_by_text(re.compile("本服务器 \\d+ 核"))).to_be_visible()
    save = page.get_by_role("button", name="保存配置")
    expect(save).to_be_disabled()
    slider = page.get_by_role("slider", name="并发数")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".advice")).to_contain_text("比推荐的多")
    page.keyboard.press("Home")
    expect(page.locator(".advice")).to_contain_text("比推荐的少")
    page.keyboard.press("ArrowRight")
    page.get_by_label("自动重试次数").fill("4")
    page.get_by_label("自动重试次数").blur()
    page.get_by_label("注册赠送积分").fill("80")
    page.get_by_label("注册赠送积分").blur()
    check_a11y(page)
    save.click()
    expect(page.get_by_text("已保存，立即生效")).to_be_visible()
    expect(save).to_be_disabled()
    config = ask("admin").get("/api/admin/config").json()
    assert (config["concurrency"], config["max_retries"], config["signup_credits"]) == (2, 4, 80)
    ask("admin").put("/api/admin/config", json={"concurrency": 3, "max_retries": 0})


def test_presets_are_made_previewed_ordered_and_deleted(admin: Callable[..., Page], ask: Ask) -> None:
    page = admin("/admin")
    names = page.locator(".preset-row strong")
    expect(names.first).to_be_visible()
    before = names.all_inner_texts()
    page.get_by_role("button", name="新增预设").click()
    page.get_by_label("名称").fill("胶片")
    page.get_by_label("提示词").fill("模拟柯达胶片的颗粒与色彩")
    preview = page.get_by_role("figure")
    expect(preview).to_contain_text("胶片")
    expect(preview).to_contain_text("模拟柯达胶片的颗粒与色彩")
    page.get_by_role("button", name="保存", exact=True).click()
    expect(names).to_have_text([*before, "胶片"])
    page.get_by_role("button", name="上移 胶片").click()
    expect(names).to_have_text([*before[:-1], "胶片", before[-1]])
    offered = [preset["title"] for preset in ask("lin").get("/api/batch/presets").json()["items"]]
    assert offered == [*before[:-1], "胶片", before[-1]]
    up = page.get_by_role("button", name="上移 胶片")
    expect(up).to_be_focused()
    expect(page.locator(".preset-order")).to_have_attribute("aria-busy", "false")
    page.keyboard.press("Enter")
    expect(names).to_have_text([*before[:-2], "胶片", *before[-2:]])
    expect(up).to_be_focused()
    page.get_by_role("button", name="删除 胶片").click()
    page.get_by_role("alertdialog").get_by_role("button", name="删除").click()
    expect(names).to_have_text(before)


def test_everybodys_work_is_seen_filtered_stopped_and_held(
    admin: Callable[..., Page], ask: Ask, relay: ImageRelay, url: str, check_a11y: Check
) -> None:
    page = admin("/admin/monitor")
    page.get_by_role("button", name="暂停全部").click()
    expect(page.get_by_text("已暂停派发")).to_be_visible()
    lin, chen = ask("lin"), ask("chen")
    order(lin, "summer", 2)
    order(chen, "winter")
    rows = page.locator("tbody tr")
    expect(rows.filter(has_text="summer")).to_contain_text("管理员暂停派发")
    expect(rows.filter(has_text="winter")).to_be_visible()
    page.get_by_role("button", name="只看 chen").first.click()
    expect(rows.filter(has_text="summer")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"user=\d+"))
    check_a11y(page)
    page.reload()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="看所有用户").click()
    expect(rows.filter(has_text="summer")).to_be_visible()
    page.get_by_role("searchbox").fill("SUMMER")
    page.keyboard.press("Enter")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("summer")
    rows.get_by_role("button", name=re.compile("^取消")).click()
    confirm = page.get_by_role("alertdialog")
    expect(confirm).to_contain_text("积分退还给用户")
    confirm.get_by_label("原因").fill("机房今晚断电")
    check_a11y(page)
    confirm.get_by_role("button", name="取消", exact=True).click()
    expect(rows).to_contain_text("已取消")
    relay.script(error(400, "Your request was rejected by our safety system.", "moderation_blocked"))
    page.get_by_role("button", name="恢复派发").click()
    expect(page.get_by_text("正在派发任务")).to_be_visible()
    page.get_by_role("radio", name="图片任务").click()
    page.get_by_role("searchbox").fill("")
    page.keyboard.press("Enter")
    failed = rows.filter(has_text="winter-0.jpg")
    expect(failed).to_contain_text("safety_blocked")
    expect(failed).to_contain_text("被上游的安全策略拦下")
    expect(page.get_by_text("正常", exact=True)).to_be_visible()
    page.goto(f"{url}/admin/system")
    log = page.get_by_role("region", name="操作记录").last
    expect(log.locator("tr").filter(has_text="机房今晚断电")).to_contain_text("admin")


def test_charts_are_tables_too(admin: Callable[..., Page], ask: Ask, check_a11y: Check) -> None:
    client = ask("lin")
    ended(client, order(client, "charted", 2))
    page = admin("/admin/monitor?days=1")
    chart = page.get_by_role("region", name="完成数量")
    expect(chart.get_by_role("img", name="完成数量")).to_be_visible()
    expect(chart.locator("canvas")).to_have_count(1)
    check_a11y(page)
    for name in ("完成数量", "处理耗时"):
        region = page.get_by_role("region", name=name).first
        region.get_by_role("button", name="看表格").click()
        expect(region.locator("tbody tr").first).to_be_visible()
        expect(region.locator("canvas")).to_have_count(0)
    check_a11y(page)
    page.get_by_role("radio", name="30 天").click()
    expect(page).to_have_url(re.compile("days=30"))
    expect(page.locator(".stat").first).to_contain_text("已完成")


def test_an_upstream_that_rejects_the_key_is_seen_and_resumed(
    admin: Callable[..., Page], ask: Ask, relay: ImageRelay, check_a11y: Check
) -> None:
    relay.script(error(401, "Incorrect API key provided.", "invalid_api_key"))
    order(ask("lin"), "locked out")
    page = admin("/admin/monitor")
    upstreams = page.get_by_role("region", name="上游状态")
    expect(upstreams).to_contain_text("密钥被拒绝")
    expect(page.locator("tbody tr").filter(has_text="locked out")).to_contain_text("上游拒绝密钥")
    check_a11y(page)
    upstreams.get_by_role("button", name="现在重试").click()
    expect(upstreams).to_contain_text("正常")
    expect(page.locator("tbody tr").filter(has_text="locked out")).to_contain_text("已完成")


def test_users_are_found_given_credits_and_disabled(admin: Callable[..., Page], ask: Ask, check_a11y: Check) -> None:
    wang = ask("wang.fang")
    before = wang.get("/api/auth/me").json()["credits"]
    page = admin("/admin/users")
    page.get_by_role("searchbox").fill("WANG")
    page.keyboard.press("Enter")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("q=WANG"))
    menu = page.get_by_role("button", name="wang.fang 的操作")
    menu.click()
    page.get_by_role("menuitem", name="调整积分").click()
    page.get_by_label("增减数量").fill("25")
    page.get_by_label("增减数量").blur()
    page.get_by_label("原因").fill("秋季目录")
    expect(page.get_by_text(f"调整后余额 {before + 25}")).to_be_visible()
    check_a11y(page)
    page.route("**/api/admin/users/*/credits", lose, times=1)
    give = page.get_by_role("button", name="确认调整")
    give.click()
    expect(page.get_by_role("alert")).to_be_visible()
    press(give)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows).to_contain_text(str(before + 25))
    [gift, earlier, *_] = wang.get("/api/auth/credits").json()["items"]
    assert (gift["delta"], gift["reason"]) == (25, "秋季目录")
    assert earlier["kind"] != "adjust"
    menu.click()
    page.get_by_role("menuitem", name="停用").click()
    confirm = page.get_by_role("alertdialog")
    check_a11y(page)
    confirm.get_by_role("button", name="停用").click()
    expect(rows).to_contain_text("已停用")
    assert wang.get("/api/auth/me").status_code == 401
    menu.click()
    page.get_by_role("menuitem", name="启用").click()
    expect(rows).to_contain_text("可用")


def test_the_last_administrator_stays_and_the_page_says_why(admin: Callable[..., Page]) -> None:
    page = admin("/admin/users?q=admin")
    page.get_by_role("button", name="admin 的操作").click()
    page.get_by_role("menuitem", name="改为普通用户").click()
    expect(page.get_by_role("alert")).to_contain_text("至少要保留一位有效的管理员")


def test_the_system_is_cleaned_after_a_look_and_every_change_is_told(
    admin: Callable[..., Page], ask: Ask, check_a11y: Check
) -> None:
    client = ask("lin")
    queue_id = order(client, "to be cleaned")
    client.post(f"/api/batch/queues/{queue_id}/cancel")
    page = admin("/admin/system")
    expect(page.get_by_text("运行正常")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("SQLite")
    expect(page.get_by_role("meter", name="磁盘已用")).to_be_visible()
    page.get_by_label("结束超过几天").fill("0")
    page.get_by_label("结束超过几天").blur()
    page.get_by_role("button", name="先看看会删多少").click()
    expect(page.get_by_text(re.compile(r"会删除 [1-9]\d* 个批次"))).to_be_visible()
    check_a11y(page)
    assert client.get(f"/api/batch/queues/{queue_id}").status_code == 200
    page.get_by_role("button", name="删除", exact=True).click()
    confirm = page.get_by_role("alertdialog")
    expect(confirm).to_contain_text("无法恢复")
    check_a11y(page)
    confirm.get_by_role("button", name="删除").click()
    expect(page.get_by_text(re.compile("已删除 [1-9]"))).to_be_visible()
    assert client.get(f"/api/batch/queues/{queue_id}").status_code == 404
    log = page.get_by_role("region", name="操作记录").last
    expect(log.locator("tbody tr").first).to_contain_text("清理旧批次")
    expect(log).to_contain_text(re.compile("并发数：\\d+ → \\d+"))
    check_a11y(page)


def test_over_plain_http_the_system_page_warns(visit: Visit, url: str) -> None:
    site = url.replace("127.0.0.1", "nano.test")
    page = visit()
    page.goto(f"{site}/sign-in?next=/admin/system")
    page.get_by_label("用户名").fill("admin")
    page.get_by_label("密码").fill(server.ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_text("密码和图片在网络上是明文")).to_be_visible()
