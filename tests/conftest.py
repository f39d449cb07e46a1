"""What every test has: databases, an environment without surprises, and a last word on what did not run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.settings import Settings
from tests import machine

pytest_plugins = ["tests.databases", "tests.s3", "tests.service", "tests.turns"]


@pytest.fixture(autouse=True, scope="session")
def no_settings_from_outside() -> Iterator[None]:
    """The developer's own environment must not decide what a test sees."""
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        yield


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a server of this test's own, on each kind of database."""
    return Settings(
        _env_file=None,
        data_dir=tmp_path / "data",
        database_url=database_url,
        jwt_secret="0123456789abcdef" * 4,
        encryption_key="fedcba9876543210" * 4,
        admin_password="correct horse battery",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests last: Playwright leaves an event loop running in the main thread."""
    items.sort(key=lambda item: "e2e" in item.path.parts)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """One of several workers tells the others' head what it missed."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["missing"] = sorted(machine.missing)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    machine.missing.update(getattr(node, "workeroutput", {}).get("missing", ()))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """The last word, right above pytest's own: what this machine could not test."""
    yield
    for package in sorted(machine.missing):
        terminalreporter.write_line(
            f"!!! NOT TESTED: install {package} to run the tests that need it", red=True, bold=True
        )
