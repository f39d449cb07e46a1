"""How long a batch waits, told without counting everybody's images with each look."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from backend import clock
from backend.batch import queries
from backend.batch.lease import Lease
from backend.batch.queries import queues
from backend.batch.service.claim import claim
from backend.batch.service.settle import settle
from backend.db import Database
from tests.batch.conftest import MODEL, delivered

MakeUser = Callable[..., Awaitable[int]]
MakeOrder = Callable[..., Awaitable[int]]


async def position(db: Database, user_id: int, queue_id: int) -> int:
    return (await db.read(queries.queue_of, user_id, queue_id)).queue_position


async def test_everybody_s_images_are_counted_once_a_second_and_one_s_own_at_once(
    db: Database, make_user: MakeUser, order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(clock, "monotonic", lambda: now)
    lin, mei = await make_user(), await make_user()
    first = await order(lin, 2)
    assert await position(db, lin, first) == 0
    await order(mei, 3)
    assert await position(db, lin, first) == 0
    now += queues.FRESH_SECONDS
    assert await position(db, lin, first) == 1
    second = await order(lin, 1)
    assert await position(db, lin, second) == 3


async def test_an_estimate_looks_only_at_the_last_images(
    db: Database, make_user: MakeUser, order: MakeOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "LATELY", 3)
    lin = await make_user()
    for model, known in ((MODEL, True), (replace(MODEL, id="other"), False)):
        await order(lin, 3, model=model)
        while isinstance(lease := await db.write(claim, "me", 60.0), Lease):
            await db.write(settle, lease, delivered(lease.task_id))
        assert (await db.read(queries.estimate, "m", 1) is not None) is known
