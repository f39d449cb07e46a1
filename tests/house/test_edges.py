"""What may be done in one place only. Who may import whom is the import contract's; `make lint` proves that."""

import ast

from tests.house.sources import BACKEND, at

ROUTERS = [module for module in BACKEND if module.path.stem == "router"]


def test_the_database_package_alone_owns_transactions() -> None:
    outside = [module for module in BACKEND if not module.name.startswith("backend.db.")]
    assert len(outside) < len(BACKEND)
    assert not [at(module, call) for module in outside for call in module.calls("commit", "begin")]


def test_a_route_parses_calls_and_returns() -> None:
    """No SQL, no `try`, no exception of the framework's."""
    assert not [at(module, node) for module in ROUTERS for node in module.nodes(ast.Try)]
    assert not [at(module, call) for module in ROUTERS for call in module.calls("execute", "scalar", "scalars")]
    assert not [module.name for module in BACKEND if "HTTPException(" in module.text]


def test_a_task_has_a_holder() -> None:
    """The loop holds tasks weakly: one whose handle is thrown away may vanish half-way."""
    dropped = [
        at(module, statement)
        for module in BACKEND
        for statement in module.nodes(ast.Expr)
        if isinstance(call := statement.value, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in {"create_task", "ensure_future"}
        and ast.unparse(call.func.value) in {"asyncio", "loop"}
    ]
    assert not dropped


def test_images_are_opened_only_as_what_we_allow() -> None:
    """Pillow by itself opens dozens of formats; most of its vulnerabilities are in those nobody needs."""
    opened = [
        (module, call) for module in BACKEND for call in module.calls("open") if "Image.open" in ast.unparse(call)
    ]
    assert not [at(module, call) for module, call in opened if "formats" not in {word.arg for word in call.keywords}]


def test_no_client_follows_redirects_or_trusts_strangers() -> None:
    forbidden = {"follow_redirects": {"True"}, "verify": {"False"}, "trust_env": {"True"}}
    assert not [
        at(module, call)
        for module in BACKEND
        for call in module.nodes(ast.Call)
        for word in call.keywords
        if ast.unparse(word.value) in forbidden.get(word.arg or "", set())
    ]
