"""A multipart request for a batch: its fields, and its files on their way through the door."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from backend.batch.schemas import MAX_REFERENCES
from backend.errors import AppError, FileTooLarge, TooManyFiles, ValidationFailed
from backend.images.ingest import Ingest, Staged
from backend.settings import Settings
from backend.web.multipart import FilePart, read_multipart

IMAGES, REFERENCES = "images", "reference_images"


@dataclass(slots=True)
class Upload:
    """What was read: text fields, and files that are proved to be images but not yet kept."""

    fields: dict[str, str] = field(default_factory=dict)
    images: list[Staged] = field(default_factory=list)
    references: list[Staged] = field(default_factory=list)


@contextlib.asynccontextmanager
async def reading(
    body: AsyncIterator[bytes], content_type: str, ingest: Ingest, settings: Settings
) -> AsyncIterator[Upload]:
    """Read the whole request; the staged files exist only while this is open.

    Every file that is no good is named in one error, and then nothing is made of any of them. Raises TooManyFiles and
    FileTooLarge as soon as that is clear.
    """
    upload = Upload()
    refused: list[tuple[AppError, dict[str, object]]] = []
    most = {IMAGES: settings.batch_max_files, REFERENCES: MAX_REFERENCES}
    lists = {IMAGES: upload.images, REFERENCES: upload.references}
    seen = dict.fromkeys(lists, 0)
    async with contextlib.AsyncExitStack() as files:
        async for part in read_multipart(body, content_type):
            if not isinstance(part, FilePart):
                _add_field(upload, part.name, part.value)
                continue
            if part.name not in lists:
                raise _unexpected(part.name)
            seen[part.name] += 1
            if seen[part.name] > most[part.name]:
                raise TooManyFiles(
                    f"There may be at most {most[part.name]} files in {part.name}.", limit=most[part.name]
                )
            try:
                lists[part.name].append(await files.enter_async_context(ingest.staged(part.filename, part.chunks())))
            except FileTooLarge:
                raise
            except AppError as error:
                loc = ["body", part.name, seen[part.name] - 1]
                refused.append((error, {"loc": loc, "msg": error.detail, "type": error.code}))
        if refused:
            raise _refusal(refused)
        yield upload


def _add_field(upload: Upload, name: str, value: str) -> None:
    if name in upload.fields or name in (IMAGES, REFERENCES):
        raise _unexpected(name)
    upload.fields[name] = value


def _unexpected(name: str) -> ValidationFailed:
    return ValidationFailed(
        errors=[{"loc": ["body", name], "msg": "not expected here, or given twice", "type": "extra_forbidden"}]
    )


def _refusal(refused: list[tuple[AppError, dict[str, object]]]) -> AppError:
    """One error for all refused files, of the class of the first."""
    first = refused[0][0]
    detail = first.detail if len(refused) == 1 else f"{len(refused)} files cannot be used. The first: {first.detail}"
    return type(first)(detail, errors=[finding for _, finding in refused])
