"""The repository's own Python files, as the house tests read them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def name(self) -> str:
        """`backend.batch.service` for `backend/batch/service.py`."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for node in ast.walk(self.tree) if isinstance(node, kinds))

    def calls(self, *names: str) -> list[ast.Call]:
        """Calls of `anything.<name>(…)`."""
        called = [node for node in ast.walk(self.tree) if isinstance(node, ast.Call)]
        return [call for call in called if isinstance(call.func, ast.Attribute) and call.func.attr in names]


def modules(*folders: str) -> list[Module]:
    """Every Python file below these folders; each folder has some."""
    found = [[Module(path) for path in sorted((ROOT / folder).rglob("*.py"))] for folder in folders]
    assert all(found), "a folder without Python files proves nothing"
    return [module for folder in found for module in folder]


def at(module: Module, node: ast.AST) -> str:
    """`backend/batch/service.py:12`, for the message of a failed test."""
    return f"{module.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


BACKEND = modules("backend")
OURS = [*BACKEND, *modules("tests", "scripts"), Module(ROOT / "hatch_build.py")]
