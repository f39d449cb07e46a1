"""What the guides tell people to type exists, and both languages tell the same."""

import re
from pathlib import Path

import pytest

from backend.cli.commands import main
from backend.db import migrate
from tests import mariadb
from tests.house.sources import ROOT

GUIDES = [ROOT / name for name in ("README.md", "DEPLOYMENT.md", "CONTRIBUTING.md", "AGENTS.md", "CHANGELOG.md")]
TRANSLATED = [(ROOT / f"{name}.md", ROOT / f"{name}.zh-CN.md") for name in ("README", "DEPLOYMENT")]
EVERY_GUIDE = [*GUIDES, *(chinese for _, chinese in TRANSLATED)]

each_guide = pytest.mark.parametrize("guide", EVERY_GUIDE, ids=lambda guide: guide.name)


def blocks(guide: Path, language: str) -> list[str]:
    """The guide's code in one language, without its comments."""
    found = re.findall(rf"```{language}\n(.*?)```", guide.read_text(), re.DOTALL)
    return [re.sub(r"^ *#.*\n|(?<=\S) +#.*$", "", block, flags=re.MULTILINE) for block in found]


@each_guide
def test_every_make_command_exists(guide: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make (?:-C \S+ )?([a-z]+)", guide.read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("readme", TRANSLATED[0], ids=lambda guide: guide.name)
def test_the_readme_lists_the_commands(readme: Path) -> None:
    listed = re.findall(r"^\| `nano-banana ([a-z-]+)", readme.read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(main.commands)


@each_guide
def test_every_command_line_is_understood(guide: Path) -> None:
    for name, rest in re.findall(
        r"nano-banana (serve|worker|migrate|create-admin|doctor)((?: --[a-z-]+)*)", guide.read_text()
    ):
        options = {option for parameter in main.commands[name].params for option in parameter.opts}
        assert set(rest.split()) <= options


@each_guide
def test_every_linked_file_exists(guide: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", guide.read_text())
    assert not [link for link in links if not (ROOT / link).exists()]


@pytest.mark.parametrize(("english", "chinese"), TRANSLATED, ids=lambda guide: guide.name)
def test_both_languages_tell_the_same(english: Path, chinese: Path) -> None:
    first, second = english.read_text(), chinese.read_text()
    assert len(re.findall(r"^#+ ", first, re.MULTILINE)) == len(re.findall(r"^#+ ", second, re.MULTILINE))
    assert len(re.findall(r"^\|", first, re.MULTILINE)) == len(re.findall(r"^\|", second, re.MULTILINE))
    for language in ("sh", "sql", "ini", "nginx"):
        translated = [block.replace("<本仓库地址>", "<this repository>") for block in blocks(chinese, language)]
        assert translated == blocks(english, language)


def test_every_setting_the_guides_name_is_one() -> None:
    settings = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    shell = {"DATABASE", "CI", "NANO_BANANA_SKIP_FRONTEND"}
    for guide in EVERY_GUIDE:
        named = set(re.findall(r"(?:^|`)([A-Z]+(?:_[A-Z]+)+)=?(?=`|=|\S*$)", guide.read_text(), re.MULTILINE))
        assert named <= settings | shell, guide.name


async def test_the_guides_sql_is_enough_for_the_service(mariadb_server: mariadb.Server) -> None:
    """An account made word for word as the guide says can make every table."""
    (sql,) = blocks(ROOT / "DEPLOYMENT.md", "sql")
    mariadb_server.run(sql)
    account = mariadb.Server(port=mariadb_server.port, user="nano_banana", password="the-password")
    await migrate.upgrade(account.url("nano_banana"))
    assert ("batch_tasks",) in account.run("SHOW TABLES", "nano_banana")


async def test_the_service_needs_no_more_than_rows_where_a_person_keeps_the_schema(
    mariadb_server: mariadb.Server,
) -> None:
    """The SQL of `nano-banana migrate --sql`, taken by the server, then a start with the account that the guide names."""
    text = (ROOT / "DEPLOYMENT.md").read_text()
    (rights,) = re.findall(r"account then needs only `([A-Z, ]+)`", " ".join(text.split()))
    mariadb_server.run("CREATE DATABASE kept CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    mariadb_server.run(migrate.as_sql(), "kept")
    mariadb_server.run(
        f"CREATE USER 'rows'@'127.0.0.1' IDENTIFIED BY 'x'; GRANT {rights} ON kept.* TO 'rows'@'127.0.0.1'"
    )
    account = mariadb.Server(port=mariadb_server.port, user="rows", password="x")
    await migrate.upgrade(account.url("kept"))
    assert account.run("SELECT COUNT(*) FROM preset_prompts", "kept") == ((5,),)


def test_nginx_lets_uploads_through_and_holds_no_stream_back() -> None:
    """P22: sizes, timeouts, no buffering of events, forwarded headers written and not appended."""
    (config,) = blocks(ROOT / "DEPLOYMENT.md", "nginx")
    locations = dict(re.findall(r"location (?:[=~] )?(\S+) \{(.*?)\n    \}", config, re.DOTALL))
    assert "client_max_body_size 540m" in locations["/api/batch/queues"]
    assert config.count("client_max_body_size") == 3
    events = next(body for path, body in locations.items() if "events" in path)
    assert "proxy_buffering off" in events
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in config
    assert "$proxy_add_x_forwarded_for" not in config
    assert "client_header_timeout 10s" in config
    assert "autoindex" not in config
