"""The running service: its parts put together, its background work, and the order in which they start and stop."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Self

from backend import failpoints, logs
from backend.auth import service as auth
from backend.auth.accounts import Accounts
from backend.auth.gate import Gate
from backend.batch.audit import Audit
from backend.batch.events import Feed
from backend.batch.housekeeping import Housekeeping
from backend.batch.intake import Intake
from backend.batch.keeper import Keeper
from backend.batch.lease import Lease
from backend.batch.owners import Owners
from backend.batch.recovery import Recovery
from backend.batch.results import ResultStore
from backend.batch.runner import Runner
from backend.batch.service import ENDED, FEED, WORK
from backend.batch.service.claim import SUSPECT_AFTER, ensure_slots
from backend.batch.switchboard import Switchboard
from backend.db import Database
from backend.db.migrate import upgrade
from backend.dispatcher import Dispatcher
from backend.errors import UsernameTaken
from backend.images.ingest import Ingest
from backend.settings import Settings
from backend.storage import Storage, open_storage
from backend.upstreams.registry import Registry

log = logs.get(__name__)

RESTART_SECONDS = 1.0


@dataclass(slots=True)
class Service:
    """Everything that runs. `stop` may be called before the end, by whoever hears the signal first."""

    settings: Settings
    db: Database
    beats: Database
    storage: Storage
    registry: Registry
    gate: Gate
    accounts: Accounts
    switchboard: Switchboard
    recovery: Recovery
    ingest: Ingest
    intake: Intake
    housekeeping: Housekeeping
    audit: Audit
    feed: Feed
    keeper: Keeper
    results: ResultStore
    runner: Runner
    dispatcher: Dispatcher[Lease]
    owners: Owners

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, settings: Settings) -> AsyncIterator[Self]:
        """Bring the database up to date, start, and at the end stop in order."""
        settings = settings.resolve_secrets()
        await upgrade(settings.resolved_database_url)
        service = cls._assembled(settings)
        try:
            await service._begin()
            async with service._background():
                yield service
                await service.stop()
        finally:
            await service._close()

    def parts(self) -> dict[str, Any]:
        """What routes ask for, by name."""
        names = "settings db storage registry gate accounts switchboard recovery ingest intake housekeeping feed keeper"
        return {name: getattr(self, name) for name in [*names.split(), "results", "dispatcher"]}

    async def stop(self) -> None:
        """Claim nothing more, let what is in flight finish within the drain time, put the rest back in the line."""
        failpoints.hit("service.draining")
        if not await self.dispatcher.drain(self.settings.drain_seconds):
            log.warning("drain_time_over", in_flight=self.dispatcher.in_flight)
            self.keeper.stop_all()
        await self.dispatcher.finish()
        self.feed.close()

    def hurry(self) -> None:
        """Put everything in flight back in the line now; whoever waits in `stop` is done as soon as that is written."""
        self.keeper.stop_all()

    @classmethod
    def _assembled(cls, settings: Settings) -> Self:
        url = settings.resolved_database_url
        db = Database(url)
        beats = db if settings.is_sqlite else Database(url, pool_size=2)  # a heartbeat never waits for a busy pool
        storage = open_storage(settings)
        registry = Registry.from_settings(settings)
        accounts = Accounts(db, settings)
        switchboard = Switchboard(registry, accounts.own_upstreams)
        owners = Owners(settings.data_dir / "owners")
        keeper = Keeper(beats, owners, lease_seconds=settings.lease_seconds, max_rescues=settings.max_rescues)
        results = ResultStore(storage, max_pixels=settings.image_max_pixels)
        runner = _runner(settings, db, results, switchboard, keeper, registry.patience)
        ingest = Ingest(db, storage, settings)
        return cls(
            settings=settings,
            db=db,
            beats=beats,
            storage=storage,
            registry=registry,
            gate=Gate(db, settings),
            accounts=accounts,
            switchboard=switchboard,
            recovery=Recovery(db, switchboard),
            ingest=ingest,
            intake=Intake(db, ingest, switchboard, settings),
            housekeeping=Housekeeping(db, ingest),
            audit=Audit(db, storage),
            feed=Feed(db),
            keeper=keeper,
            results=results,
            runner=runner,
            dispatcher=Dispatcher(runner.claim, runner.run, runner.probe, at_most=settings.concurrency_ceiling),
            owners=owners,
        )

    async def _begin(self) -> None:
        self.db.on(WORK, self.dispatcher.wake)
        self.beats.on(WORK, self.dispatcher.wake)
        self.db.on(FEED, self.feed.wake)
        self.beats.on(FEED, self.feed.wake)
        self.db.on(ENDED, self.feed.hurry)
        self.beats.on(ENDED, self.feed.hurry)
        await self.storage.probe()
        await self._first_admin()
        concurrency = await self.db.write(ensure_slots, self.settings.concurrency_ceiling)
        await asyncio.to_thread(self.owners.enter)
        rescued = await self.keeper.rescue_dead()
        log.info(
            "dispatcher_ready",
            concurrency=concurrency,
            rescued=rescued,
            database="sqlite" if self.settings.is_sqlite else "mysql",
            provider=self.settings.ai_provider,
        )

    async def _first_admin(self) -> None:
        name, password = self.settings.admin_username, self.settings.admin_password or secrets.token_urlsafe(12)
        try:
            made = await auth.first_admin(self.db, name, password)
        except (ValueError, UsernameTaken) as error:
            raise ValueError(f"ADMIN_USERNAME: {error}") from error
        if made:
            shown = "(ADMIN_PASSWORD)" if self.settings.admin_password else password
            log.warning("first_admin_created", username=name, password=shown, note="shown only this once")

    @contextlib.asynccontextmanager
    async def _background(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_always(name, work))
                for name, work in {
                    "dispatcher": self.dispatcher.serve,
                    "keeper": self.keeper.run,
                    "feed": self.feed.run,
                    "housekeeping": self.housekeeping.run,
                    "audit": self.audit.run,
                    "recovery": self.recovery.run,
                }.items()
            ]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    async def _close(self) -> None:
        await asyncio.to_thread(self.owners.leave)
        await self.runner.close()
        await self.registry.aclose()
        await self.db.close()
        if self.beats is not self.db:
            await self.beats.close()


def _runner(
    settings: Settings, db: Database, results: ResultStore, switchboard: Switchboard, keeper: Keeper, deadline: float
) -> Runner:
    return Runner(
        db,
        results,
        switchboard,
        keeper,
        lease_seconds=settings.lease_seconds,
        deadline=deadline,
        ahead=settings.concurrency_ceiling,
        suspect_after=max(1, min(SUSPECT_AFTER, settings.max_rescues)),
    )


async def _always(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run background work until it ends by itself; a fault in it is logged and it begins again."""
    while True:
        try:
            await work()
        except Exception as error:
            log.exception("background_work_failed", work=name, exc_info=error)
            await asyncio.sleep(RESTART_SECONDS)
        else:
            return
