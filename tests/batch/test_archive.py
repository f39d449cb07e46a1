"""A batch's results as one ZIP: every name safe and its own, nothing lost without a word, never whole in memory."""

import csv
import io
import os
import subprocess
import tracemalloc
import zipfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from backend.batch import archive
from backend.errors import NothingToDownload, Unavailable, ValidationFailed
from backend.storage import LocalStorage
from tests import machine


@dataclass(frozen=True)
class Line:
    """One image of a batch."""

    filename: str
    storage_key: str | None = None
    position: int = 1
    status: str = "completed"
    prompt: str = "水彩画风"
    model: str = "local"
    error_code: str | None = None
    mime_type: str | None = "image/png"


@pytest.fixture
async def storage(tmp_path: Path) -> LocalStorage:
    made = LocalStorage(tmp_path / "objects")
    for number in range(10):
        await made.put_bytes(f"results/{number}/x.png", f"result {number}".encode())
    return made


async def packed(entries: Sequence[Line], storage: LocalStorage) -> zipfile.ZipFile:
    data = b"".join([piece async for piece in archive.archive(entries, storage)])
    made = zipfile.ZipFile(io.BytesIO(data))
    assert made.testzip() is None
    return made


def results(*filenames: str) -> list[Line]:
    return [Line(name, f"results/{number}/x.png", number + 1) for number, name in enumerate(filenames)]


def manifest(made: zipfile.ZipFile) -> list[dict[str, str]]:
    data = made.read(archive.MANIFEST)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


async def test_results_keep_names_and_folders_and_get_their_own_extension(storage: LocalStorage) -> None:
    made = await packed(results("photos/a.jpg", "photos/夏/照片.heic", "b.png"), storage)
    assert made.namelist() == ["photos/a.png", "photos/夏/照片.png", "b.png", "manifest.csv"]
    assert made.read("photos/夏/照片.png") == b"result 1"
    assert all(info.compress_type == zipfile.ZIP_STORED for info in made.infolist())
    assert all(info.flag_bits & 0x800 for info in made.infolist() if not info.filename.isascii())


async def test_c20_no_name_twice(storage: LocalStorage) -> None:
    made = await packed(results("same.png", "same.jpg", "SAME.PNG", "manifest.csv", "x/same.png"), storage)
    assert made.namelist() == [
        "same.png",
        "same (2).png",
        "SAME (3).PNG",
        "manifest.png",
        "x/same.png",
        "manifest.csv",
    ]
    assert [made.read(name) for name in made.namelist()[:3]] == [b"result 0", b"result 1", b"result 2"]


HOSTILE = ("../../evil", "/abs.png", "C:\\x.png", "a\0b.png", "con.png", "😀.png", "n" * 300, "\u202e", "..\\..\\x.png")


async def test_o09_no_unsafe_name(storage: LocalStorage, tmp_path: Path) -> None:
    entries = results(*HOSTILE)
    made = await packed(entries, storage)
    for name in made.namelist():
        assert not set(name) & set('\\\0:"<>|?*\u202e')
        assert all(part.strip(". ") and len(part.encode()) < 255 for part in name.split("/"))
    target = tmp_path / "target" / "inner"
    made.extractall(target)
    assert {path for path in tmp_path.glob("target/*")} == {target}
    assert sum(path.is_file() for path in target.rglob("*")) == len(HOSTILE) + 1


async def test_o09_another_program_reads_it(storage: LocalStorage, tmp_path: Path) -> None:
    program = machine.program("unzip", package="unzip")
    file = tmp_path / "a.zip"
    file.write_bytes(b"".join([piece async for piece in archive.archive(results(*HOSTILE, "照片.png"), storage)]))
    done = subprocess.run([program, "-t", file], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


async def test_o13_the_manifest_tells_what_is_not_there(storage: LocalStorage) -> None:
    entries = [
        Line("a.jpg", "results/0/x.png", 1),
        Line("b.jpg", "results/99/gone.png", 2),
        Line("c.jpg", None, 3, "failed", error_code="safety_blocked", mime_type=None),
        Line("d.jpg", None, 4, "processing", mime_type=None),
    ]
    made = await packed(entries, storage)
    assert made.namelist() == ["a.png", "manifest.csv"]
    assert [(row["position"], row["file"], row["status"], row["error_code"]) for row in manifest(made)] == [
        ("1", "a.png", "completed", ""),
        ("2", "", "completed", "file_missing"),
        ("3", "", "failed", "safety_blocked"),
        ("4", "", "processing", ""),
    ]
    assert {row["prompt"] for row in manifest(made)} == {"水彩画风"}


FORMULAS = ("=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", '=HYPERLINK("http://x")')


@pytest.mark.parametrize("text", FORMULAS)
async def test_t24_no_cell_is_a_formula(storage: LocalStorage, text: str) -> None:
    entry = Line("a.png", "results/0/x.png", prompt=text)
    assert manifest(await packed([entry], storage))[0]["prompt"] == f"'{text}"


async def test_quotes_and_lines_stay_in_their_cell(storage: LocalStorage) -> None:
    text = 'say "hi",\nthen; go'
    assert manifest(await packed([Line("a.png", "results/0/x.png", prompt=text)], storage))[0]["prompt"] == text


@pytest.mark.parametrize("entries", [[], [Line("a.png", None, status="failed")]])
async def test_o14_nothing_to_download_is_said_before_anything_is_sent(
    storage: LocalStorage, entries: list[Line]
) -> None:
    with pytest.raises(NothingToDownload):
        await archive.response(storage, "batch", entries)


class Endless(LocalStorage):
    """Objects of 32 MiB that lie nowhere."""

    def __init__(self, pieces: int) -> None:
        super().__init__(Path("/nonexistent"))
        self.pieces, self.closed = pieces, 0

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        try:
            for _ in range(self.pieces):
                yield bytes(256 << 10)
        finally:
            self.closed += 1


async def test_o12_it_is_never_whole_in_memory() -> None:
    size = 0
    tracemalloc.start()
    try:
        async for piece in archive.archive(results("a.png", "b.png"), Endless(pieces=128)):
            size += len(piece)
            assert len(piece) < 1 << 20
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size > 64 << 20
    assert peak < 4 << 20


async def test_a_client_that_leaves_ends_the_reading() -> None:
    storage = Endless(pieces=128)
    stream = archive.archive(results("a.png", "b.png"), storage)
    await anext(stream)
    await anext(stream)
    await stream.aclose()
    assert storage.closed == 1


async def test_a_storage_that_fails_half_way_leaves_no_archive_that_looks_whole() -> None:
    class Failing(Endless):
        async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
            yield os.urandom(1000)
            raise Unavailable

    sent = bytearray()

    async def send() -> None:
        async for piece in archive.archive(results("a.png"), Failing(0)):
            sent.extend(piece)

    with pytest.raises(Unavailable):
        await send()
    assert sent
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(sent))


async def test_it_is_saved_under_the_batchs_name(storage: LocalStorage) -> None:
    answer = await archive.response(storage, "夏季/新品\r\nx", results("a.png"))
    assert answer.headers["content-type"] == "application/zip"
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith('attachment; filename="')
    assert disposition.endswith("filename*=UTF-8''%E5%A4%8F%E5%AD%A3_%E6%96%B0%E5%93%81x.zip")


class Away(LocalStorage):
    """What is under `away` cannot be reached for the moment."""

    away = "results/0/x.png"

    async def stream(self, key: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        if key == self.away:
            raise Unavailable
        async for piece in super().stream(key, start, end):
            yield piece


async def test_a_storage_that_is_away_is_said_before_anything_is_sent(storage: LocalStorage) -> None:
    with pytest.raises(Unavailable):
        await archive.response(Away(storage.root), "batch", results("a.png", "b.png"))


async def test_what_cannot_be_reached_is_not_called_missing(storage: LocalStorage) -> None:
    answer = await archive.response(Away(storage.root), "batch", results("a.png", "b.png")[::-1])
    sent = bytearray()

    async def send() -> None:
        async for piece in answer.body_iterator:
            sent.extend(cast("bytes", piece))

    with pytest.raises(Unavailable):
        await send()
    assert sent
    with pytest.raises(zipfile.BadZipFile):
        zipfile.ZipFile(io.BytesIO(sent))


async def test_the_answer_is_the_archive(storage: LocalStorage) -> None:
    entries = results("a.png", "b.png")
    answer = await archive.response(storage, "batch", entries)
    made = zipfile.ZipFile(io.BytesIO(b"".join([cast("bytes", piece) async for piece in answer.body_iterator])))
    assert made.testzip() is None
    assert [made.read(name) for name in made.namelist()[:2]] == [b"result 0", b"result 1"]


def test_ids_are_read_from_a_list() -> None:
    assert archive.parse_task_ids(None) is None
    assert archive.parse_task_ids("3, 1,2") == (3, 1, 2)
    for bad in ("", "a", "1,,2", "-1", "0", "1;2", "٣", "9" * 30):
        with pytest.raises(ValidationFailed):
            archive.parse_task_ids(bad)
