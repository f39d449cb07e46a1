"""What can be wrong with an installation, looked at one thing at a time."""

import asyncio
import shutil
from dataclasses import dataclass

from backend import logs
from backend.batch.audit import SHOWN, Audit
from backend.batch.service.audit import Finding as Oddities
from backend.batch.service.audit import Oddity
from backend.db import TROUBLE, Database
from backend.errors import AppError
from backend.settings import Settings
from backend.storage import open_storage
from backend.upstreams.base import Outcome, Upstream, UpstreamError
from backend.upstreams.registry import Registry

log = logs.get(__name__)

LOW_DISK_BYTES = 1024**3
CALL_SECONDS = 20.0
ADVICE = {
    Outcome.AUTH: "check its api_key and base_url (AI_API_KEY, AI_API_BASE_URL, AI_UPSTREAMS)",
    Outcome.QUOTA: "its account has nothing left: top it up",
    Outcome.AFTER: "it is busy or limits how often it is called: try again in a while",
    Outcome.BACKOFF: "check its base_url, this machine's network, and the vendor's status page",
}
AUDITED_IMAGES = 10_000
BY_ITSELF = "a running service puts that right by itself within two leases (LEASE_SECONDS)"
BY_HAND = "a backup was restored, or rows were changed by hand: compare them with a backup before you change any"
ODDITIES = {
    Oddity.RUNNING_WITHOUT_SLOT: ("images are said to be in work, and nobody works on them: tasks", BY_ITSELF),
    Oddity.SLOT_WITHOUT_RUNNING: ("places are taken by images that are not in work: slots", BY_ITSELF),
    Oddity.OPEN_WITHOUT_HOLD: ("images wait or run without their price being held: tasks", BY_HAND),
    Oddity.HOLD_OF_NOTHING: ("images have ended or are gone while their price is still held: tasks", BY_HAND),
    Oddity.HELD_UNLIKE_HOLDS: ("accounts hold other sums than their ledger says: users", BY_HAND),
    Oddity.IMAGE_WITHOUT_FILE: ("images have lost their file: images", "bring the files back from a backup"),
    Oddity.FILE_WITHOUT_IMAGE: (
        "files belong to no image",
        "what a crash left is deleted a day after it was written; if you restored an older database, stop the service and "
        "restore a newer one before that",
    ),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    well: bool
    text: str


async def examine(settings: Settings) -> list[Finding]:
    """Every check, whatever the others found."""
    database, storage = await _database(settings), await _storage(settings)
    audit = await _audit(settings) if database.well and storage.well else []
    return [database, storage, *audit, _disk(settings), *await _upstreams(settings)]


async def _database(settings: Settings) -> Finding:
    db = Database(settings.resolved_database_url)
    try:
        await db.ping()
    except TROUBLE as error:
        return Finding(
            "database", False, f"does not answer ({type(error).__name__}); check DATABASE_URL and the server"
        )
    finally:
        await db.close()
    return Finding("database", True, "SQLite in the data folder" if settings.is_sqlite else "MySQL/MariaDB answers")


async def _storage(settings: Settings) -> Finding:
    try:
        await open_storage(settings).probe()
    except AppError as error:
        return Finding("storage", False, f"cannot be written: {error.detail}")
    return Finding("storage", True, "can be written")


async def _audit(settings: Settings) -> list[Finding]:
    """Whether rows and files agree; nothing is changed."""
    db = Database(settings.resolved_database_url)
    try:
        report = await Audit(db, open_storage(settings)).look(AUDITED_IMAGES)
    except (*TROUBLE, AppError) as error:
        return [Finding("audit", False, f"could not be made ({type(error).__name__}); run `nano-banana migrate` first")]
    finally:
        await db.close()
    looked = f"{report.images} images and {report.files} files were looked at"
    if report.young:
        looked += f"; {report.young} files of the last minutes have no image yet"
    if not report.findings:
        return [Finding("audit", True, f"rows and files agree; {looked}")]
    return [Finding("audit", False, _in_words(finding)) for finding in report.findings]


def _in_words(finding: Oddities) -> str:
    count, some = len(finding.things), ", ".join(map(str, finding.things[:SHOWN]))
    more = ", …" if count > SHOWN else ""
    what, advice = ODDITIES[finding.oddity]
    return f"{count} {what} ({some}{more}); {advice}"


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.data_dir).free
    text = f"{free / 1024**3:.1f} GiB free in {settings.data_dir}"
    return Finding("disk", free >= LOW_DISK_BYTES, text if free >= LOW_DISK_BYTES else f"{text}; make room")


async def _upstreams(settings: Settings) -> list[Finding]:
    """One cheap call to each, all at once; nothing that could be billed."""
    registry = Registry.from_settings(settings)
    try:
        return list(await asyncio.gather(*(_upstream(registry, each) for each in registry.upstreams)))
    finally:
        await registry.aclose()


async def _upstream(registry: Registry, upstream: Upstream) -> Finding:
    kind = "local filters, not AI" if upstream.kind == "local" else upstream.kind
    what = f"upstream {upstream.name} ({kind})"
    wanted = [model.upstream_model for model in registry.models if model.upstream == upstream.name]
    try:
        async with asyncio.timeout(CALL_SECONDS):
            listed = await upstream.probe()
    except TimeoutError:
        return Finding(what, False, f"does not answer within {CALL_SECONDS:g} seconds; {ADVICE[Outcome.BACKOFF]}")
    except UpstreamError as error:
        return Finding(what, False, f"{error.detail or error.error_code}; {_advice(error)}")
    if wanted and not listed:
        return Finding(
            what, True, f"answers, but lists no models: whether it has {', '.join(wanted)}, the first image will show"
        )
    unknown = [model for model in wanted if model not in listed]
    if unknown:
        return Finding(what, True, f"answers, but does not list {', '.join(unknown)}; check AI_MODELS if images fail")
    return Finding(what, True, f"answers; models: {', '.join(wanted) or 'none'}")


def _advice(error: UpstreamError) -> str:
    if error.error_code == "blocked_address":
        return "name its host and port in UPSTREAM_ALLOWED_HOSTS if it is yours"
    return ADVICE.get(error.outcome, "see what it said")
