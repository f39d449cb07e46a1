"""The judge is judged: builds with one guard taken out are found out, and the service as it is passes the same runs."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.faults import broken, trials
from tests.faults.arena import Arena, arena
from tests.faults.checker import Broken
from tests.faults.conftest import SIZES
from tests.faults.fleet import Zygote

Trial = Callable[[Arena], Awaitable[None]]
FINDS: dict[str, tuple[Trial, str]] = {
    "no token guard": (trials.late_settle, "S(5|7|10)"),
    "a limit that counts": (trials.crowd, "S7"),
    "a ledger without its unique key": (trials.calm, "S3"),
    "the application's clock": (trials.one_clock_ahead, "S1[01]"),
    "a heartbeat longer than the lease": (trials.calm, "S11"),
}
SERIAL = {"a limit that counts"}
"""What SQLite makes right by itself: its writers take turns, so a count is as good as a slot."""


@pytest.fixture(params=list(broken.BUILDS))
def build(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_broken_build_is_found_out(
    build: str, tmp_path: Path, empty_database_url: str, database_kind: str
) -> None:
    trial, invariant = FINDS[build]
    tree = broken.tree(tmp_path / "tree", broken.BUILDS[build])
    async with (
        Zygote(tree) as zygote,
        arena(zygote, tmp_path / "run", empty_database_url, size=SIZES[database_kind], users=4) as made,
    ):
        if database_kind == "sqlite" and build in SERIAL:
            await trial(made)
            return
        with pytest.raises((Broken, TimeoutError)) as found:
            await trial(made)
    if isinstance(found.value, Broken):
        assert found.match(invariant)


@pytest.mark.thorough
@pytest.mark.parametrize("trial", [trials.calm, trials.crowd, trials.late_settle, trials.one_clock_ahead])
async def test_the_service_as_it_is_passes(
    trial: Trial, zygote: Zygote, tmp_path: Path, database_url: str, database_kind: str
) -> None:
    make = partial(arena, zygote, tmp_path, database_url, size=SIZES[database_kind], users=4)
    async with make() as made:
        await trial(made)
