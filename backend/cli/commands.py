"""The commands. Each reads the environment and `.env`, and says in one line what is wrong when something is."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from backend import __version__, failpoints, logs
from backend.auth import service as auth
from backend.batch.housekeeping import Housekeeping
from backend.batch.service.forgetting import Forgotten
from backend.cli import doctor as checks
from backend.cli import server
from backend.config import service as config
from backend.db import Database, migrate
from backend.errors import AppError
from backend.images.ingest import Ingest
from backend.settings import Settings
from backend.storage import open_storage


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Nano-Banana: batch image-to-image. Settings come from the environment and from .env."""


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where everything is kept.")
@click.option("--reload", is_flag=True, help="Restart when the code changes (for developers).")
def serve(host: str | None, port: int | None, data_dir: Path | None, *, reload: bool) -> None:
    """Serve the page and the API, and process images."""
    overrides = {"host": host, "port": port, "data_dir": data_dir}
    if reload:
        _serve_reloading({name: str(value) for name, value in overrides.items() if value is not None})
        return
    with _plainly():
        server.run(_settings(**overrides), api=True)


@main.command()
@click.option("--host", help="Address on which health is told.")
@click.option("--port", type=click.IntRange(0, 65535), help="Its port.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where everything is kept.")
def worker(host: str | None, port: int | None, data_dir: Path | None) -> None:
    """Process images beside a server, and tell nothing but health."""
    with _plainly():
        server.run(_settings(host=host, port=port, data_dir=data_dir), api=False)


@main.command(name="migrate")
@click.option("--sql", is_flag=True, help="Print the SQL for MySQL/MariaDB instead of running it.")
def migrate_command(*, sql: bool) -> None:
    """Create or upgrade the database's tables (serve does so by itself)."""
    with _plainly():
        if sql:
            click.echo(migrate.as_sql())
            return
        settings = _settings().resolve_secrets()
        asyncio.run(migrate.upgrade(settings.resolved_database_url))
        click.echo("The database is up to date.")


@main.command()
@click.argument("name")
@click.password_option(help="At least 8 characters; asked for when not given.")
def create_admin(name: str, password: str) -> None:
    """Make NAME an administrator; a user of that name gets the role and the password."""

    async def run(settings: Settings) -> None:
        await migrate.upgrade(settings.resolved_database_url)
        db = Database(settings.resolved_database_url)
        try:
            await auth.make_admin(db, name, password)
        finally:
            await db.close()

    with _plainly():
        asyncio.run(run(_settings().resolve_secrets()))
        click.echo(f"{name} is an administrator.")


@main.command()
@click.option("--older-than-days", type=click.IntRange(0), help="Instead of the retention that is set in the panel.")
@click.option("--dry-run", is_flag=True, help="Only count.")
def cleanup(older_than_days: int | None, *, dry_run: bool) -> None:
    """Delete batches that ended long ago, with their files (serve does so by itself)."""

    async def run(settings: Settings) -> Forgotten:
        db = Database(settings.resolved_database_url)
        try:
            days = older_than_days if older_than_days is not None else (await db.read(config.read)).retention_days
            house = Housekeeping(db, Ingest(db, open_storage(settings), settings))
            keeps_for_ever = older_than_days is None and days == 0
            if keeps_for_ever:
                return Forgotten()
            return await (house.count if dry_run else house.clean)(days)
        finally:
            await db.close()

    with _plainly():
        gone = asyncio.run(run(_settings().resolve_secrets()))
        word = "would go" if dry_run else "gone"
        click.echo(f"{gone.queues} batches, {gone.tasks} tasks, {gone.images} images, {gone.bytes} bytes {word}.")


@main.command()
def doctor() -> None:
    """Check database, storage, disk and upstreams, and say what to do."""
    with _plainly():
        findings = asyncio.run(checks.examine(_settings().resolve_secrets()))
    for finding in findings:
        click.secho(
            f"{'ok ' if finding.well else 'BAD'}  {finding.what}: {finding.text}", fg=None if finding.well else "red"
        )
    if not all(finding.well for finding in findings):
        sys.exit(1)


def _settings(**overrides: Any) -> Settings:
    settings = Settings(**{name: value for name, value in overrides.items() if value is not None})
    logs.configure(settings.log_format, settings.log_level)
    failpoints.arm(os.environ.get("FAILPOINTS", ""), os.environ.get("FAILPOINTS_TRACE", ""))
    return settings


def _serve_reloading(overrides: dict[str, str]) -> None:
    import os  # noqa: PLC0415  only developers come here

    import uvicorn  # noqa: PLC0415

    os.environ.update({name.upper(): value for name, value in overrides.items()})
    settings = _settings()
    uvicorn.run("backend.main:application", factory=True, reload=True, host=settings.host, port=settings.port)


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """What an operator can mend is one line on stderr, not a stack trace."""
    try:
        yield
    except ValidationError as error:
        for item in error.errors():
            name = ".".join(str(part) for part in item["loc"]).upper()
            click.echo(f"nano-banana: {name} {item['msg'].removeprefix('Value error, ')}".replace("  ", " "), err=True)
        sys.exit(2)
    except (AppError, OSError, ValueError) as error:
        click.echo(f"nano-banana: {error}", err=True)
        sys.exit(1)
