"""F14: two versions on one database, as in the middle of an upgrade that stops nobody's work."""

import asyncio
import shutil
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.faults.conftest import MakeArena
from tests.faults.fleet import Zygote
from tests.faults.upstream import Manners
from tests.processes import REPO

NEXT = '''"""What the next version adds: a column that this one does not know."""

import sqlalchemy as sa

from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("batch_tasks", sa.Column("of_the_next_version", sa.Integer(), server_default="7", nullable=False))


def downgrade() -> None:
    op.drop_column("batch_tasks", "of_the_next_version")
'''


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """This source tree with one more migration."""
    tree = tmp_path / "next"
    for part in ("backend", "alembic"):
        shutil.copytree(REPO / part, tree / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tree / "frontend").symlink_to(REPO / "frontend")
    config = Config()
    config.set_main_option("script_location", str(REPO / "alembic"))
    head = ScriptDirectory.from_config(config).get_current_head()
    (tree / "alembic/versions/9999_next.py").write_text(NEXT.format(head=head))
    return tree


async def test_two_versions_serve_one_database(make_arena: MakeArena, next_version: Path) -> None:
    """The new one migrates under a load of the old one; both go on; the old one is not started on it again."""
    async with (
        Zygote(next_version) as newer,
        make_arena(manners=Manners(quickest=0.1, slowest=0.3), lease=10.0) as arena,
    ):
        first, *others = arena.fleet.members
        async with arena.checker.watching():
            load = asyncio.create_task(arena.load.run(5))
            await asyncio.sleep(1)
            await first.terminate()
            first.zygote = newer
            await first.start()
            assert first.alive, first.log.read_text()[-2000:]
            await load
            await arena.load.until_ended(120)
        rows = arena.books.rows("SELECT COUNT(*), MIN(of_the_next_version), MAX(of_the_next_version) FROM batch_tasks")
        assert rows[0][0] > 0
        assert rows[0][1:] == (7, 7), "tasks of both versions"

        old = others[0]
        await old.terminate()
        await old.start()
        assert not old.alive, "the old version started on the newer database"
        assert "newer than this version of the service" in old.log.read_text()
        for member in others:
            member.zygote = newer
        await arena.settle()
