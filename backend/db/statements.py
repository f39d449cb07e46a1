"""Statements that are built once. To build one anew for every image takes three times as long as to run it, and nothing else
runs in the meantime."""

from collections.abc import Callable
from functools import cached_property
from inspect import signature
from typing import Any, Generic, TypeVar

from sqlalchemy import bindparam
from sqlalchemy.sql.base import Executable

S = TypeVar("S", bound=Executable)


class Prepared(Generic[S]):
    """`@Prepared` above a function that builds a statement from values: `session.execute(*that(name=value))` runs it.

    The function is called once, with a parameter of SQL in the place of each value, so it must not look at them. `built` is
    the function itself, for variants that are rare.
    """

    def __init__(self, build: Callable[..., S]) -> None:
        self.built = build

    @cached_property
    def _statement(self) -> S:
        # a prefix: in an UPDATE, the names of columns are taken
        return self.built(*(bindparam(f"the_{name}") for name in signature(self.built).parameters))

    def __call__(self, **values: Any) -> tuple[S, dict[str, Any]]:
        """The statement, and its parameters. Running it raises StatementError when one is missing."""
        return self._statement, {f"the_{name}": value for name, value in values.items()}
