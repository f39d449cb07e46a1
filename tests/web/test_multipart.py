"""The streaming reader of multipart bodies: what is sent arrives whole, in small pieces, or is refused."""

import os
import random
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.requests import ClientDisconnect

from backend.errors import MalformedRequest, TooManyFiles, UnsupportedMediaType, ValidationFailed
from backend.web import multipart
from backend.web.multipart import FieldPart, FilePart, read_multipart
from tests.fakes.pictures import png
from tests.service import Register, problem

TYPE = "multipart/form-data; boundary=xyz"
BINARY = os.urandom(200_000) + b"\r\n--xy\r\n--xyzz--\r\n\r\n"


def part(name: str, value: bytes, filename: str | bytes | None = None, extra: bytes = b"") -> bytes:
    shown = filename.encode() if isinstance(filename, str) else filename
    tail = b'; filename="' + shown + b'"' if shown is not None else b""
    return (
        b'--xyz\r\nContent-Disposition: form-data; name="'
        + name.encode()
        + b'"'
        + tail
        + b"\r\n"
        + extra
        + b"\r\n"
        + value
        + b"\r\n"
    )


END = b"--xyz--\r\n"


async def pieces(body: bytes, size: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def read(
    body: bytes | AsyncIterator[bytes], content_type: str = TYPE, **limits: int
) -> list[tuple[str, str | None, bytes]]:
    """(name, filename, content) of every part."""
    stream = pieces(body) if isinstance(body, bytes) else body
    found: list[tuple[str, str | None, bytes]] = []
    async for each in read_multipart(stream, content_type, **limits):
        if isinstance(each, FieldPart):
            found.append((each.name, None, each.value.encode()))
        else:
            found.append((each.name, each.filename, b"".join([chunk async for chunk in each.chunks()])))
    return found


@pytest.mark.parametrize("size", [1, 7, 64, 1000, 1 << 20])
async def test_parts_arrive_as_they_were_sent_however_they_are_cut(size: int) -> None:
    content = BINARY[-400:] if size < 64 else BINARY
    body = (
        part("prompt", "水彩".encode())
        + part("images", content, "照片.png")
        + part("empty", b"")
        + part("images", b"", "0.png")
        + END
    )
    assert await read(pieces(body, size)) == [
        ("prompt", None, "水彩".encode()),
        ("images", "照片.png", content),
        ("empty", None, b""),
        ("images", "0.png", b""),
    ]


async def test_an_empty_form_has_no_parts() -> None:
    assert await read(END) == []


async def test_c45_fields_may_come_after_files() -> None:
    assert [name for name, _, _ in await read(part("images", b"x", "a") + part("prompt", b"y") + END)] == [
        "images",
        "prompt",
    ]


async def test_c12_what_surrounds_the_parts_is_skipped() -> None:
    body = b"\r\n" * 1000 + part("a", b"1") + END + os.urandom(3_000_000)
    assert await read(body) == [("a", None, b"1")]


WHOLE = part("prompt", b"hello") + part("images", b"content" * 10, "a.png") + END


@pytest.mark.parametrize("kept", range(0, len(WHOLE) - 4))
async def test_c08_a_body_that_was_cut_off_is_refused(kept: int) -> None:
    with pytest.raises(MalformedRequest):
        await read(WHOLE[:kept])


async def test_c09_a_closed_connection_is_a_malformed_request() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield WHOLE[:120]
        raise ClientDisconnect

    with pytest.raises(MalformedRequest):
        await read(broken())


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "a" * 300,
        'multipart/form-data; boundary="' + "\\" * 10_000 + '"',
        "multipart/form-data; boundary=x\xe9z",
    ],
)
async def test_c13_a_useless_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(MalformedRequest):
        await read(WHOLE, content_type)


@pytest.mark.parametrize("content_type", ["", "multipart/mixed; boundary=xyz", "application/json"])
async def test_another_kind_of_body_is_refused_as_such(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        await read(WHOLE, content_type)


@pytest.mark.parametrize(
    "body",
    [
        b"hello",
        b"--abc\r\n\r\n",
        b"--xyz\r\n\r\nno headers\r\n--xyz--\r\n",
        b"--xyz\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--xyz--\r\n",
        b'--xyz\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--xyz--\r\n',
        b'--xyz\r\nContent-Disposition: form-data; name=""\r\n\r\nx\r\n--xyz--\r\n',
        b"--xyz\r\nbad header\r\n\r\nx\r\n--xyz--\r\n",
        part("a", b"\xff\xfe") + END,
        b"".join(part(f"f{n}", b"") for n in range(multipart.MAX_FIELDS + 1)) + END,
        part("a", b"x", extra=b"X-Many: 1\r\n" * multipart.MAX_HEADERS) + END,
        part("a", b"x", "n" * multipart.MAX_HEADER_BYTES) + END,
    ],
)
async def test_c14_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest):
        await read(body)


async def test_a_field_that_is_too_long_is_named() -> None:
    most = multipart.MAX_FIELD_BYTES
    assert await read(part("a", b"x" * most) + END) == [("a", None, b"x" * most)]
    with pytest.raises(ValidationFailed) as refused:
        await read(part("a", b"x" * (most + 1)) + END)
    assert refused.value.errors[0]["loc"] == ["body", "a"]


async def test_c15_a_prompt_of_any_length_is_refused_as_a_prompt(register: Register) -> None:
    lin = await register("lin")
    for length in (5000, 70_000):
        body = {"data": {"prompt": "x" * length}, "files": {"images": ("a.png", png(), "image/png")}}
        answer = await lin.post("/api/batch/queues", **body)
        assert problem(answer) == (422, "validation_failed")
        (found,) = answer.json()["errors"]
        assert found["loc"] == ["body", "prompt"]


async def test_c02_files_are_counted() -> None:
    body = part("images", b"x", "a.png") * 3 + END
    assert len(await read(body, max_files=3)) == 3
    with pytest.raises(TooManyFiles):
        await read(body, max_files=2)


@pytest.mark.parametrize(
    ("sent", "read_as"),
    [
        ("照片 1.png", "照片 1.png"),
        ("a/b/c.jpg", "a/b/c.jpg"),
        ("x" * 5000 + ".png", "x" * 5000 + ".png"),
        (b"caf\xe9.png", "café.png"),
        ("", ""),
        (r"a\"b.png", 'a"b.png'),
        ("a;b.png", "a;b.png"),
    ],
)
async def test_c18_names_arrive_as_they_are(sent: str | bytes, read_as: str) -> None:
    assert (await read(part("images", b"x", sent) + END))[0][1] == read_as


async def test_an_extended_filename_is_not_read() -> None:
    body = (
        b'--xyz\r\nContent-Disposition: form-data; name="f"; filename="a.png"; filename*=UTF-8\'\'evil.exe\r\n\r\nx\r\n'
        + END
    )
    assert (await read(body))[0][1] == "a.png"


async def test_c46_a_transfer_encoding_is_not_undone() -> None:
    body = part("images", b"aGVsbG8=", "a.png", b"Content-Transfer-Encoding: base64\r\n") + END
    assert (await read(body))[0][2] == b"aGVsbG8="


async def test_what_is_not_read_of_a_file_is_skipped() -> None:
    body = part("images", BINARY, "a.png") + part("prompt", b"after") + END
    seen = [each.name async for each in read_multipart(pieces(body), TYPE)]
    assert seen == ["images", "prompt"]


async def test_the_end_of_an_unread_file_is_looked_for() -> None:
    with pytest.raises(MalformedRequest):
        [each async for each in read_multipart(pieces(part("images", BINARY, "a.png")), TYPE)]


async def test_large_files_are_never_in_memory() -> None:
    size, chunk = 64 << 20, os.urandom(64 << 10)

    async def body() -> AsyncIterator[bytes]:
        yield part("images", b"", "big.png")[:-2]
        for _ in range(size // len(chunk)):
            yield chunk
        yield b"\r\n" + END

    seen = 0
    tracemalloc.start()
    try:
        async for each in read_multipart(body(), TYPE):
            assert isinstance(each, FilePart)
            async for piece in each.chunks():
                assert len(piece) <= multipart.PIECE
                seen += len(piece)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert seen == size
    assert peak < 4 << 20


def mutations(seed: int, count: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    for _ in range(count):
        body = bytearray(WHOLE)
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(body))
            choice = rng.randrange(3)
            if choice == 0:
                body[at] = rng.randrange(256)
            elif choice == 1:
                del body[at : at + rng.randint(1, 20)]
            else:
                body[at:at] = rng.choice([b"\r\n", b"--xyz", b"--xyz--", b"\0", b":", b'"', b";", b"\xff"])
        yield bytes(body)


async def test_damaged_bodies_are_read_or_refused_and_never_surprise() -> None:
    refused = 0
    for body in mutations(seed=7, count=400):
        try:
            await read(pieces(body, 33))
        except MalformedRequest:
            refused += 1
    assert 50 < refused < 400
