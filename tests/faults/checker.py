"""The judge: looks every second while the faults go on, and at everything when all is quiet again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from backend.db import Database
from backend.images.ingest import Ingest
from backend.settings import Settings
from backend.storage import open_storage
from tests.faults import evidence, shelves
from tests.faults.books import Books
from tests.faults.fleet import Fleet
from tests.faults.load import Load
from tests.faults.upstream import FaultyRelay

LOOK_SECONDS = 1.0


class Broken(AssertionError):
    """An invariant does not hold."""


class Checker:
    """Judges one run. `lease` is the fleet's LEASE_SECONDS, `limit` the most images that may be at the upstream."""

    def __init__(self, books: Books, fleet: Fleet, relay: FaultyRelay, load: Load, *, lease: float, limit: int) -> None:
        self.books, self.fleet, self.relay, self.load = books, fleet, relay, load
        self.lease, self.limit = lease, limit
        self.forced = False
        """Whether somebody took leases away by hand: then work at the upstream may be doubled, but nothing else."""
        self.found: list[str] = []
        self.looks = 0
        self._ended: dict[tuple[int, int], tuple[str, str]] = {}

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look every second while this is open; whatever was found is raised at the end."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        self.verdict()

    async def final(self, *, most_calls: int, grace: float = 2.0) -> None:
        """Everything, once all batches have ended and nothing disturbs any more."""
        await asyncio.to_thread(self._look, at_rest=True)
        if not self.forced:
            self._at_the_upstream(evidence.attempts(self.fleet.passes(), self.fleet.diary))
        self.found += evidence.too_often(self.relay.journal.by_work(), most_calls)
        self.found += evidence.after_the_cancel(self.load.promises, self.relay.journal.calls, grace)
        self.found += evidence.ordered_twice(self.load.promises)
        self.found += await asyncio.to_thread(self._secrets)
        self.found += await self._storage()
        await asyncio.to_thread(self._ledger_key)
        self.verdict()

    def _at_the_upstream(self, found: Sequence[evidence.Attempt]) -> None:
        """S7, S10: never more calls than the limit, and never two for one image while the first one's lease stood."""
        passes = self.fleet.passes()
        still = evidence.freezes(passes, self.fleet.diary)
        self.found += evidence.doubled_too_early(found, passes, self.lease)
        if (most := evidence.most_at_once(found, still)) > self.limit:
            self.found.append(f"S7 {most} calls at once")
        if not still and self.relay.journal.most_open > self.limit:
            self.found.append(f"S7 {self.relay.journal.most_open} open at the upstream")

    def verdict(self) -> None:
        """Raises Broken with all that was found."""
        if self.found:
            raise Broken("\n".join(dict.fromkeys(self.found)))

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(OSError, *_database_errors()):  # it may be down on purpose
                await asyncio.to_thread(self._look, at_rest=False)
            await asyncio.sleep(LOOK_SECONDS)

    def _look(self, *, at_rest: bool) -> None:
        self.found += self.books.violations(at_rest=at_rest)
        ended = self.books.ended()
        for charge, end in self._ended.items():
            if ended.get(charge, end) != end:
                self.found.append(f"S8 task {charge}: {end} became {ended[charge]}")
        self._ended |= ended
        self.looks += 1

    def _secrets(self) -> list[str]:
        """S14: nothing that an upstream said may carry the key into a log or a row."""
        key = self.relay.key
        logs = [member.log for member in self.fleet.members if member.log.exists()]
        wrong = [f"S14 the key is in {log.name}" for log in logs if key.encode() in log.read_bytes()]
        told = self.books.rows("SELECT id, error_message FROM batch_tasks WHERE error_message IS NOT NULL")
        return wrong + [f"S14 the key is in task {task}" for task, message in told if key in message]

    async def _storage(self) -> list[str]:
        """S8, and S9 after the sweep that the service itself does."""
        settings = self._settings()
        in_bucket = bool(settings.storage_url)
        root = self.fleet.folder / "bucket" if in_bucket else self.fleet.data_dir() / shelves.UPLOADS
        if in_bucket:
            await shelves.fetch(settings, root)
        wrong = await asyncio.to_thread(shelves.violations, self.books, root)
        await self._sweep(settings)
        if in_bucket:
            await shelves.fetch(settings, root)
        return wrong + [f"S9 nobody's: {key}" for key in await asyncio.to_thread(shelves.strays, self.books, root)]

    def _settings(self) -> Settings:
        """The fleet's, for what is asked of the service's own code: where its storage is, and the sweep."""
        environment = self.fleet.environment
        given = {name: environment[name.upper()] for name in Settings.model_fields if name.upper() in environment}
        return Settings(_env_file=None, data_dir=self.fleet.data_dir(), **given)  # type: ignore[arg-type]

    async def _sweep(self, settings: Settings) -> None:
        db = Database(settings.resolved_database_url)
        try:
            await Ingest(db, open_storage(settings), settings).sweep(older_than=-1)
        finally:
            await db.close()

    def _ledger_key(self) -> None:
        """S3: a second line for a charge is refused by the database itself, whoever writes it."""
        line = self.books.rows("SELECT MIN(id) FROM credit_entries WHERE phase = 'hold'")[0][0]
        columns = "user_id, kind, phase, delta, amount, balance, queue_id, task_id, charge_no, reason"
        again = f"INSERT INTO credit_entries ({columns}) SELECT {columns} FROM credit_entries WHERE id = {line}"
        if line is not None and not self.books.refuses(again):
            self.found.append("S3 the ledger takes a second line for the same charge")


def _database_errors() -> tuple[type[Exception], ...]:
    import sqlite3

    import pymysql

    return sqlite3.OperationalError, pymysql.MySQLError
