"""A batch's results as one ZIP, sent while it is built: no more than a piece of one file is ever in memory."""

import contextlib
import csv
import io
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Protocol

from backend import clock, logs
from backend.errors import NothingToDownload, ValidationFailed
from backend.images import names
from backend.storage import NotStored, Storage
from backend.web.files import Streamed, streamed

log = logs.get(__name__)

MANIFEST = "manifest.csv"
COLUMNS = ("position", "original_filename", "file", "status", "prompt", "model", "error_code")
MISSING = "file_missing"
MAX_TITLE = 80
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")


class Entry(Protocol):
    """One image of a batch; `storage_key` is where its result is, if it has one."""

    @property
    def position(self) -> int: ...
    @property
    def filename(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def prompt(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def error_code(self) -> str | None: ...
    @property
    def storage_key(self) -> str | None: ...
    @property
    def mime_type(self) -> str | None: ...


def archive(entries: Sequence[Entry], storage: Storage) -> AsyncGenerator[bytes, None]:
    """The ZIP: each result under its original's name and folders with its own type's extension, and a manifest of all
    entries. A result that the storage has lost is named there. Raises NothingToDownload when there is no result at all."""
    if not any(entry.storage_key for entry in entries):
        raise NothingToDownload
    return _pieces(entries, storage)


async def response(storage: Storage, title: str, entries: Sequence[Entry]) -> Streamed:
    """The archive as an answer, to be saved under the batch's name. Raises NothingToDownload, and Unavailable when the storage
    does not even give the first result: once the answer has begun, it can only be cut short."""
    content = archive(entries, storage)
    first = await anext(content)
    name = names.clean(title.replace("/", "_").replace("\\", "_")[:MAX_TITLE])
    return streamed(_begun(first, content), f"{name}.zip", "application/zip")


def parse_task_ids(text: str | None) -> tuple[int, ...] | None:
    """Ids that stand apart by commas; None when nothing is asked for. Raises ValidationFailed."""
    if text is None:
        return None
    found = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and len(word) <= 18 and int(word) for word in found):
        raise ValidationFailed(errors=[{"loc": ["query", "task_ids"], "msg": "ids, comma-separated", "type": "ids"}])
    return tuple(map(int, found))


async def _begun(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncIterator[bytes]:
    async with contextlib.aclosing(rest):
        yield first
        async for piece in rest:
            yield piece


async def _pieces(entries: Sequence[Entry], storage: Storage) -> AsyncGenerator[bytes, None]:
    sink = _Sink()
    wanted = [names.with_type(names.clean(entry.filename), entry.mime_type or "") for entry in entries]
    taken = names.Taken([MANIFEST, *wanted])
    taken.give(MANIFEST)
    rows: list[tuple[object, ...]] = [COLUMNS]
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as target:  # images do not get smaller
        for entry, name in zip(entries, wanted, strict=True):
            file, error_code = "", entry.error_code
            if entry.storage_key:
                async with contextlib.aclosing(storage.stream(entry.storage_key)) as content:
                    first = await _first(content, entry.storage_key)
                    if first is None:
                        error_code = MISSING
                    else:
                        file = taken.give(name)
                        with target.open(_info(file), "w") as member:
                            member.write(first)
                            yield sink.taken()
                            async for piece in content:
                                member.write(piece)
                                yield sink.taken()
            rows.append(
                (entry.position, entry.filename, file, entry.status, entry.prompt, entry.model, error_code or "")
            )
        target.writestr(_info(MANIFEST), _csv(rows))
    yield sink.taken()


async def _first(content: AsyncIterator[bytes], key: str) -> bytes | None:
    """The first piece of an object, None when the storage has lost it. One that is away for a moment has lost nothing."""
    try:
        return await anext(content, b"")
    except NotStored:
        log.error("result_missing", key=key)
        return None


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, clock.now().timetuple()[:6])
    info.external_attr = 0o644 << 16
    return info


def _csv(rows: Sequence[tuple[object, ...]]) -> bytes:
    """For spreadsheets: with the mark that says UTF-8, and no cell that one would take for a formula."""
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([[_cell(value) for value in row] for row in rows])
    return out.getvalue().encode("utf-8-sig")


def _cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


class _Sink(io.RawIOBase):
    """What the archive is written to, and taken away from again. It cannot go back."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # zipfile writes bytes only
        self._written += data
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._written)
        self._written.clear()
        return taken
