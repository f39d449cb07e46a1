"""One image, from its claim to its settle: read, prepare, edit, prove, store, write down how it ended.

Whatever happens in between, every claimed lease ends in exactly one settle by somebody: here, or by whoever rescues it.
"""

import asyncio
import contextlib
import random
import uuid

from backend import clock, failpoints, logs
from backend.batch import policy, queries
from backend.batch.ahead import Ahead, Wanted
from backend.batch.keeper import Attempt, Keeper, Stop
from backend.batch.lease import Lease
from backend.batch.outcomes import Cancelled, Delivered, Failed, Outcome, Released
from backend.batch.queries import Job
from backend.batch.results import NotRead, ResultStore
from backend.batch.service.claim import claim, claimed
from backend.batch.service.jobs import note_job
from backend.batch.service.settle import Settled, settle
from backend.batch.service.turns import anything_due, upcoming
from backend.batch.switchboard import NotConnected, Switchboard
from backend.db import TROUBLE, CommitUnknown, Database
from backend.dispatcher import Nothing
from backend.errors import Unavailable
from backend.upstreams.base import EditRequest, ModelSpec, Upstream, UpstreamError
from backend.upstreams.base import Outcome as Kind

log = logs.get(__name__)

STORAGE_WAIT = 5.0
TROUBLE_WAIT = 1.0
SETTLE_WAIT_MOST = 5.0


class Runner:
    """What the dispatcher pumps: `claim` takes a lease, `run` sees it through."""

    def __init__(
        self,
        db: Database,
        results: ResultStore,
        switchboard: Switchboard,
        keeper: Keeper,
        *,
        lease_seconds: float,
        deadline: float,
        ahead: int,
        suspect_after: int,
    ) -> None:
        self._db, self._results, self._switchboard, self._keeper = db, results, switchboard, keeper
        self._lease_seconds, self._deadline, self._suspect_after = lease_seconds, deadline, suspect_after
        self._in_work: dict[str, Lease] = {}
        self._ahead = Ahead(self._upcoming, results.prepared, most=ahead)

    async def close(self) -> None:
        """Forget what was made ready for images that were not claimed."""
        await self._ahead.close()

    async def claim(self) -> Lease | Nothing:
        """The next lease; nothing while the storage is full, the database is away, or something is to be worked on alone."""
        if any(lease.alone for lease in self._in_work.values()):
            return Nothing()
        try:
            if not await self._results.has_room():
                return Nothing(due_in=STORAGE_WAIT)
            got = await self._claim(uuid.uuid4().hex)
        except TROUBLE as error:
            log.warning("claim_failed", error=type(error).__name__)
            return Nothing(due_in=TROUBLE_WAIT)
        if isinstance(got, Lease):
            self._in_work[got.token] = got
        return got

    async def _claim(self, token: str) -> Lease | Nothing:
        idle, owner = not self._in_work, self._keeper.owner
        try:
            return await self._db.write(
                claim, owner, self._lease_seconds, token=token, suspect_after=self._suspect_after, idle=idle
            )
        except CommitUnknown:
            return await self._db.read(claimed, token, self._suspect_after) or Nothing(due_in=TROUBLE_WAIT)

    async def probe(self) -> bool:
        """Whether there is work that nobody woke us for."""
        try:
            return await self._db.read(anything_due)
        except TROUBLE as error:
            log.warning("probe_failed", error=type(error).__name__)
            return False

    async def run(self, lease: Lease) -> None:
        """Work on the lease and settle it."""
        try:
            with self._ahead.at_work():
                await self._see_through(lease)
        finally:
            del self._in_work[lease.token]

    async def _see_through(self, lease: Lease) -> None:
        failpoints.hit("runner.claimed", task=lease.task_id, slot=lease.slot_no, token=lease.token)
        started = clock.monotonic()
        work = asyncio.create_task(self._work(lease))
        async with self._keeper.tracking(lease, work) as attempt:
            await asyncio.wait({work})
            attempt.settling = True
            outcome = _outcome_of(work, attempt)
            if outcome is None:
                return  # someone else's by now
            failpoints.hit("runner.settling", task=lease.task_id, outcome=type(outcome).__name__)
            result = await self._settle(lease, outcome)
        took = round(clock.monotonic() - started, 3)
        log.info("attempt", task_id=lease.task_id, outcome=type(outcome).__name__, settled=result.value, seconds=took)
        if result is Settled.FENCED and isinstance(outcome, Delivered):
            await self._results.discard(outcome)

    async def _work(self, lease: Lease) -> Outcome:
        try:
            job = await self._db.read(queries.job, lease)
        except TROUBLE as error:
            return _not_looked_up(lease, error)
        if job is None:
            return Cancelled()  # deleted meanwhile
        if job.source_key is None:
            return Failed("upstream_bad_request", "The original image is no longer there.")
        try:
            return await self._made(lease, job, job.source_key)
        except NotConnected as error:
            return Failed(error.error_code, str(error))
        except UpstreamError as error:
            log.info(
                "upstream_error",
                task_id=job.task_id,
                upstream=job.upstream,
                code=error.error_code,
                outcome=error.outcome.value,
                detail=error.detail,
            )
            return policy.decide(error, _budget(job, error), self._standbys(job, error))
        except Unavailable as error:
            log.error("not_stored", task_id=job.task_id, error=type(error).__name__)
            return Released(STORAGE_WAIT)

    async def _made(self, lease: Lease, job: Job, source_key: str) -> Outcome:
        async with contextlib.AsyncExitStack() as stack:
            try:
                working = self._switchboard.working(job.upstream, job.model)
                model, upstream = await stack.enter_async_context(working)
            except TROUBLE as error:
                return _not_looked_up(lease, error)
            request = await self._prepared(lease, job, source_key, model)
            data = await self._edited(lease, upstream, request)
        return await self._results.keep(lease, data)

    def _standbys(self, job: Job, error: UpstreamError) -> policy.Standbys:
        if isinstance(error, NotRead):
            return policy.NOBODY  # another upstream could not read it either
        return self._switchboard.standbys(job.model, job.chosen_model, job.upstream)

    async def _prepared(self, lease: Lease, job: Job, source_key: str, model: ModelSpec) -> EditRequest:
        image = await self._ahead.take(source_key, model.max_edge)
        references = [await self._results.prepared(key, model.max_edge) for key in job.reference_keys]

        async def note(upstream_job: str) -> None:
            try:
                await self._db.write_known(note_job, lease, upstream_job)
            except TROUBLE as error:  # only a crash would need it; giving up here would order the work again
                log.warning("job_not_noted", task_id=lease.task_id, job=upstream_job, error=type(error).__name__)

        return EditRequest(
            prompt=job.prompt,
            model=model.upstream_model,
            image=image,
            references=tuple(references),
            # a standby may have fewer options than the model that was chosen
            aspect_ratio=job.aspect_ratio if job.aspect_ratio in model.aspect_ratios else None,
            image_size=job.image_size if job.image_size in model.sizes else None,
            job=job.upstream_job,
            on_job=note,
        )

    async def _upcoming(self, limit: int) -> list[Wanted]:
        return self._switchboard.inputs(await self._db.read(upcoming, limit))

    async def _edited(self, lease: Lease, upstream: Upstream, request: EditRequest) -> bytes:
        failpoints.hit("runner.calling", task=lease.task_id, token=lease.token)
        try:
            with self._ahead.waiting():
                async with asyncio.timeout(self._deadline):
                    return (await upstream.edit(request)).data
        except TimeoutError as error:
            detail = f"No answer within {self._deadline:.0f} s."
            raise UpstreamError(Kind.AMBIGUOUS, detail, billed=True) from error
        finally:
            failpoints.hit("runner.called", task=lease.task_id, token=lease.token)

    async def _settle(self, lease: Lease, outcome: Outcome) -> Settled:
        """Until it is known how it ended: giving up would lose an image or a credit."""
        pause = 0.1
        while True:
            try:
                return await self._db.write_known(settle, lease, outcome)
            except TROUBLE as error:
                log.warning("settle_repeated", task_id=lease.task_id, error=type(error).__name__)
            except Exception as error:
                # never to succeed: the lease runs out, and rescues are counted, so the work is not ordered without end
                log.error("settle_impossible", task_id=lease.task_id, outcome=type(outcome).__name__, exc_info=error)
                raise
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311
            pause = min(SETTLE_WAIT_MOST, pause * 2)


def _not_looked_up(lease: Lease, error: Exception) -> Released:
    """What the database could not say is not the image's fault."""
    log.warning("job_not_read", task_id=lease.task_id, error=type(error).__name__)
    return Released(TROUBLE_WAIT)


def _budget(job: Job, error: UpstreamError) -> policy.Budget:
    return policy.Budget(
        attempts=job.attempts,
        max_retries=job.max_retries,
        soft=job.soft_attempts,
        ambiguous=job.ambiguous_attempts,
        same=job.same_errors + 1 if job.error_code == error.error_code else 1,
        waited=job.waited,
    )


def _outcome_of(work: asyncio.Task[Outcome], attempt: Attempt) -> Outcome | None:
    """What the finished work means; None when its lease is not ours any more."""
    if work.cancelled():
        stops: dict[Stop | None, Outcome | None] = {Stop.CANCELLED: Cancelled(), Stop.LOST: None}
        return stops.get(attempt.stopped, Released())
    if (error := work.exception()) is not None:
        log.error("attempt_crashed", exc_info=error)
        return Failed("internal", "Something went wrong on the server.")
    return work.result()
