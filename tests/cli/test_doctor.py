"""`nano-banana doctor`: one cheap call to each upstream, and what to do about what it says."""

import json
import os
from pathlib import Path

import pytest

from backend.batch.service.audit import Oddity
from backend.cli.doctor import ODDITIES, Finding, examine
from backend.db import migrate
from backend.settings import Settings
from tests.fakes.relay import ImageRelay, error
from tests.fakes.wire import Answer


def settings_for(folder: Path, *relays: ImageRelay, model: str = "fake-image-model") -> Settings:
    upstreams = [
        {"name": f"relay{n}", "provider": "openai-chat", "base_url": relay.base_url, "api_key": relay.key}
        for n, relay in enumerate(relays)
    ]
    models = [{"id": f"m{n}", "upstream": f"relay{n}", "upstream_model": model} for n in range(len(relays))]
    folder.mkdir(exist_ok=True)
    return Settings(
        _env_file=None,
        data_dir=folder,
        ai_provider="openai-chat",
        ai_upstreams=json.dumps(upstreams),
        ai_models=json.dumps(models),
    )


async def upstream_findings(settings: Settings) -> list[Finding]:
    return [finding for finding in await examine(settings) if finding.what.startswith("upstream")]


async def test_each_upstream_is_called_once_and_for_nothing(tmp_path: Path) -> None:
    async with ImageRelay() as well, ImageRelay() as ill:
        settings = settings_for(tmp_path, well, ill)
        ill.key = "sk-rotated-by-the-vendor"
        first, second = await upstream_findings(settings)
    assert first == Finding("upstream relay0 (openai-chat)", True, "answers; models: fake-image-model")
    assert (second.what, second.well) == ("upstream relay1 (openai-chat)", False)
    assert "Incorrect API key provided" in second.text
    assert "api_key" in second.text
    assert [request.method for request in [*well.requests, *ill.requests]] == ["GET", "GET"]


@pytest.mark.parametrize(
    ("answer", "advice"),
    [
        (error(402, "Insufficient credits"), "top it up"),
        (error(503, "down for maintenance"), "status page"),
        (error(429, "slow", "rate_limit_exceeded", retry_after="5"), "try again in a while"),
        (Answer(302, headers={"location": "https://elsewhere.example/"}), "base_url"),
    ],
    ids=["no money", "down", "busy", "moved"],
)
async def test_it_says_what_to_do(tmp_path: Path, answer: Answer, advice: str) -> None:
    async with ImageRelay() as relay:
        relay.script(answer)
        (finding,) = await upstream_findings(settings_for(tmp_path, relay))
    assert not finding.well
    assert advice in finding.text
    assert relay.key not in finding.text


async def test_a_model_that_is_not_listed_is_named(tmp_path: Path) -> None:
    async with ImageRelay() as relay:
        (finding,) = await upstream_findings(settings_for(tmp_path, relay, model="retired-model"))
    assert finding.well
    assert "retired-model" in finding.text


async def test_what_could_not_be_looked_at_is_not_called_good(tmp_path: Path) -> None:
    async with ImageRelay() as relay:
        relay.script(error(404, "no such page"))
        (finding,) = await upstream_findings(settings_for(tmp_path, relay))
    assert finding.well
    assert "lists no models" in finding.text


async def test_the_local_filters_need_nothing(tmp_path: Path) -> None:
    (finding,) = await upstream_findings(Settings(_env_file=None, data_dir=tmp_path))
    assert finding.well
    assert "not AI" in finding.what


async def test_it_audits_in_words(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path)
    await migrate.upgrade(settings.resolved_database_url)
    (audit,) = [finding for finding in await examine(settings) if finding.what == "audit"]
    assert audit == Finding("audit", True, "rows and files agree; 0 images and 0 files were looked at")
    stray = tmp_path / "uploads/batch/results/1/stray"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    os.utime(stray, (0, 0))
    (audit,) = [finding for finding in await examine(settings) if finding.what == "audit"]
    assert not audit.well
    assert "1 files belong to no image (results/1/stray)" in audit.text
    assert "restore a newer one" in audit.text


async def test_without_tables_there_is_nothing_to_audit(tmp_path: Path) -> None:
    (audit,) = [
        finding for finding in await examine(Settings(_env_file=None, data_dir=tmp_path)) if finding.what == "audit"
    ]
    assert "nano-banana migrate" in audit.text


def test_every_oddity_has_words() -> None:
    assert set(ODDITIES) == set(Oddity)
