"""`.env.example` is the list of settings: every one, nothing else, and the defaults that are in force."""

import re

import pytest

from backend.settings import Settings
from backend.upstreams.config import models_from, upstreams_from
from tests.house.sources import ROOT

EXAMPLE = ROOT / ".env.example"
NAMES = re.findall(r"^([A-Z][A-Z0-9_]*)=", EXAMPLE.read_text(), re.MULTILINE)
COMPOSE_NAMES = set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / "docker-compose.yml").read_text()))
SETTINGS = {name.upper() for name in Settings.model_fields}


def test_it_lists_every_setting_once_and_nothing_else() -> None:
    assert sorted(NAMES) == sorted(set(NAMES))
    assert set(NAMES) >= SETTINGS
    assert set(NAMES) <= SETTINGS | COMPOSE_NAMES


def test_compose_asks_for_nothing_that_it_does_not_list() -> None:
    assert set(NAMES) >= COMPOSE_NAMES


def test_its_values_are_the_defaults() -> None:
    assert Settings(_env_file=EXAMPLE) == Settings(_env_file=None)


@pytest.mark.parametrize("name", NAMES)
def test_it_explains_in_both_languages(name: str) -> None:
    above = EXAMPLE.read_text().partition(f"\n{name}=")[0].rpartition("\n\n")[2]
    assert re.search(r"[\u4e00-\u9fff]", above)
    assert re.search(r"[a-z]{3,}", above)


def test_its_examples_are_taken() -> None:
    examples = dict(re.findall(r"^# (AI_[A-Z]+)=(.+)$", EXAMPLE.read_text(), re.MULTILINE))
    (upstream,) = upstreams_from(examples["AI_UPSTREAMS"].replace("…", "0"))
    (model,) = models_from(examples["AI_MODELS"])
    assert model.upstream == upstream.name
