"""Files and functions a person can hold in mind, and no drawer for what has no name."""

import ast
import re

from tests.house.sources import BACKEND, OURS, ROOT, at

MODULE_LINES = 300
TEST_MODULE_LINES = 500  # a table of cases is one noun, too
FUNCTION_LINES = 40
COMPONENT_LINES = 250
DRAWERS = {"utils", "util", "helpers", "helper", "common", "constants", "misc", "shared"}
UNFINISHED = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "NotImplemented" + "Error")))
PAGE = [
    path for path in (ROOT / "frontend/src").rglob("*") if path.suffix in {".ts", ".tsx"} and ".gen." not in path.name
]


def test_a_module_is_one_noun() -> None:
    lengths = {module.name: len(module.text.splitlines()) for module in OURS}
    limits = {name: TEST_MODULE_LINES if name.startswith("tests.") else MODULE_LINES for name in lengths}
    assert not {name: lines for name, lines in lengths.items() if lines > limits[name]}


def test_a_function_fits_on_a_screen() -> None:
    long = {}
    for module in BACKEND:
        for function in module.nodes(ast.FunctionDef, ast.AsyncFunctionDef):
            lines = function.end_lineno - function.lineno + 1
            if lines > FUNCTION_LINES:
                long[at(module, function)] = lines
    assert not long


def test_a_component_is_one_thing() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in PAGE}
    long = {
        name: lines
        for name, lines in lengths.items()
        if lines > (COMPONENT_LINES if name.endswith(".tsx") else MODULE_LINES)
    }
    assert not long


def test_everything_has_a_name() -> None:
    paths = [*(module.path for module in OURS), *PAGE]
    assert not [str(path) for path in paths if {path.stem.lower(), path.parent.name.lower()} & DRAWERS]


def test_a_module_says_what_it_is() -> None:
    assert not [module.name for module in OURS if module.text.strip() and not ast.get_docstring(module.tree)]


def test_nothing_is_left_for_later() -> None:
    paths = [*(module.path for module in OURS), *PAGE]
    assert not [str(path) for path in paths if UNFINISHED.search(path.read_text())]


def test_alembic_does_not_shadow_its_library() -> None:
    assert not (ROOT / "alembic/__init__.py").exists()
