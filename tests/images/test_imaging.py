"""What counts as an image, and what is found out about it."""

import contextlib
import io
import os
import random
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Lock

import pytest
from PIL import Image

from backend.errors import AppError, ImageTooManyPixels, UnreadableImage, UnsupportedImage
from backend.images import imaging
from tests.images.samples import (
    FORMATS,
    HEIC,
    PIXELS,
    assert_halves,
    examine,
    halves,
    opened,
    png_chunk,
    png_with,
    saved,
)


@pytest.mark.parametrize("mime_type", FORMATS)
async def test_c22_c33_the_type_is_what_the_bytes_are(mime_type: str, tmp_path: Path) -> None:
    data = FORMATS[mime_type]()
    path = tmp_path / "named.txt"
    path.write_bytes(data)
    examined = await imaging.examine(path, PIXELS)
    assert examined == await examine(data)
    assert examined.facts == imaging.Facts(mime_type, 48, 32)
    assert mime_type in imaging.ACCEPTED_TYPES
    assert_halves(opened(examined.thumbnail))
    assert_halves(opened((await imaging.prepare(path, 2048)).data))


NOT_IMAGES = {
    "text": b"hello",
    "blank": b"  \n ",
    "html": b"<!doctype html><script>alert(1)</script>",
    "php": b"<?php echo 1;",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04" + bytes(40),
    "exe": b"MZ" + bytes(100),
    "mp4": b"\0\0\0\x18ftypmp42" + bytes(40),
    "json": b'{"a": 1}',
    "random": random.Random(3).randbytes(5000),
    "psd": b"8BPS\0\1" + bytes(60),
    "ico": saved(halves(), "ICO"),
    "jpeg2000": saved(halves(), "JPEG2000"),
    "pcx": saved(halves(), "PCX"),
    "tga": saved(halves(), "TGA"),
    "ppm": saved(halves(), "PPM"),
    "dds": saved(halves(), "DDS"),
    "icns": saved(Image.new("RGB", (64, 64)), "ICNS"),
}


@pytest.mark.parametrize("data", NOT_IMAGES.values(), ids=NOT_IMAGES.keys())
async def test_c21_c33_anything_else_is_not_supported(data: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="JPEG"):
        await examine(data)


DAMAGED = {
    "empty": b"",
    "png magic": b"\x89PNG\r\n\x1a\n",
    "jpeg magic": b"\xff\xd8\xff\xe0" + random.Random(1).randbytes(500),
    "gif magic": b"GIF89a" + bytes(20),
    "polyglot gif": b"GIF89a/*<svg onload=alert(1)>*/",
    "webp magic": b"RIFF\x10\0\0\0WEBPVP8 " + bytes(20),
    "bmp magic": b"BM" + bytes(60),
    "tiff magic": b"II*\0" + bytes(60),
    "heic magic": HEIC[:40],
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
async def test_c25_what_only_begins_like_an_image_is_damaged(data: bytes) -> None:
    with pytest.raises(UnreadableImage):
        await examine(data)


@pytest.mark.parametrize("mime_type", FORMATS)
async def test_c26_half_an_image_is_none(mime_type: str) -> None:
    data = FORMATS[mime_type]()
    with pytest.raises(UnreadableImage):
        await examine(data[: len(data) // 2])


async def test_c26_a_large_photo_that_was_cut_off_is_damaged() -> None:
    """A decoder that scales while it reads would not notice."""
    noise = Image.frombytes("RGB", (3000, 2000), os.urandom(3000 * 2000 * 3))
    data = saved(noise, "JPEG")
    await examine(data)
    with pytest.raises(UnreadableImage):
        await examine(data[:-5000])


@pytest.mark.parametrize("kind", [b"IDAT", b"IHDR"])
async def test_c26_a_png_with_a_wrong_check_sum_is_damaged(kind: bytes) -> None:
    data = bytearray(saved(halves(), "PNG"))
    at = data.index(kind)
    length = struct.unpack_from(">I", data, at - 4)[0]
    data[at + 4 + length] ^= 0xFF
    with pytest.raises(UnreadableImage):
        await examine(bytes(data))


async def test_c25_mutations_are_read_or_refused_and_never_surprise() -> None:
    rng = random.Random(11)
    originals = [make() for make in FORMATS.values()]
    outcomes = {True: 0, False: 0}
    for turn in range(400):
        data = bytearray(originals[turn % len(originals)])
        for _ in range(rng.randint(1, 12)):
            at = rng.randrange(len(data))
            if rng.random() < 0.8:
                data[at] = rng.randrange(256)
            else:
                del data[at : at + rng.randint(1, 30)]
        try:
            await examine(bytes(data))
            outcomes[True] += 1
        except (UnreadableImage, UnsupportedImage, ImageTooManyPixels):
            outcomes[False] += 1
    assert min(outcomes.values()) > 20


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
async def test_too_many_pixels_are_refused_before_they_are_decoded(kind: str) -> None:
    bomb = saved(Image.new("1", (13_000, 13_000)), kind)
    assert len(bomb) < 400_000
    with pytest.raises(ImageTooManyPixels, match="13000 × 13000"):
        await examine(bomb)


async def test_the_bound_is_exact() -> None:
    data = saved(halves(50, 40), "PNG")
    assert (await imaging.examine_bytes(data, 2000)).facts.width == 50
    with pytest.raises(ImageTooManyPixels):
        await imaging.examine_bytes(data, 1999)


@pytest.mark.parametrize(("scans", "good"), [(imaging.MOST_SCANS - 20, True), (imaging.MOST_SCANS + 1, False)])
async def test_a_jpeg_of_endless_scans_is_refused(scans: int, good: bool, tmp_path: Path) -> None:
    data = saved(halves(), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    path = tmp_path / "photo"
    path.write_bytes(data[:-2] + last * scans + data[-2:])
    for look in (lambda: imaging.examine(path, PIXELS), lambda: imaging.examine_bytes(path.read_bytes(), PIXELS)):
        with contextlib.nullcontext() if good else pytest.raises(UnreadableImage):
            await look()


async def test_c29_a_frame_larger_than_its_gif_counts() -> None:
    data = bytearray(saved(Image.new("L", (10, 10)), "GIF"))
    at = data.index(b",\0\0\0\0")
    data[at + 5 : at + 9] = struct.pack("<HH", 20_000, 20_000)
    with pytest.raises(ImageTooManyPixels):
        await examine(bytes(data))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF", "MPO"])
async def test_c29_of_many_frames_the_first_counts(kind: str) -> None:
    others = [Image.new("RGB", (48, 32), (0, 200, 0)) for _ in range(20)]
    data = saved(halves(), kind, save_all=True, append_images=others)
    examined = await examine(data)
    assert (examined.facts.width, examined.facts.height) == (48, 32)
    assert examined.facts.mime_type == ("image/jpeg" if kind == "MPO" else f"image/{kind.lower()}")
    assert_halves(opened(examined.thumbnail), by=20)
    assert_halves(opened((await imaging.prepare(data, 2048)).data), by=20)


BOMBS = {
    "ztxt": png_with(png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
    "iccp": png_with(png_chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(50_000_000)))),
    "itxt": png_with(png_chunk(b"iTXt", b"k\0\1\0\0\0" + zlib.compress(bytes(50_000_000)))),
    "many": png_with(png_chunk(b"tEXt", b"k\0v") * 10_000),
    "exif": png_with(png_chunk(b"eXIf", b"MM\0*" + os.urandom(1_000_000))),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
async def test_c28_metadata_bombs_are_refused_or_left_out(data: bytes) -> None:
    with contextlib.suppress(UnreadableImage):
        assert len((await examine(data)).thumbnail) < 10_000


def test_s18_only_so_many_pixels_are_decoded_at_once() -> None:
    room, lock, together = imaging._Room(100), Lock(), Barrier(8)
    taken = peak = 0

    def decode(pixels: int) -> None:
        nonlocal taken, peak
        together.wait()
        for _ in range(50):
            with room.held(pixels):
                with lock:
                    taken += pixels
                    peak = max(peak, taken)
                with lock:
                    taken -= pixels

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(decode, [30, 40, 50, 60, 30, 40, 99, 250]))
    assert taken == 0
    assert peak == 250  # alone, though it is more than there is room for
    assert room._taken == 0


async def test_decoding_keeps_no_file_open(tmp_path: Path) -> None:
    path = tmp_path / "a"
    before = len(list(Path("/proc/self/fd").iterdir()))
    for data in (saved(halves(), "PNG"), b"\x89PNG\r\n\x1a\n", b"hello", saved(halves(), "TIFF")[:400]):
        path.write_bytes(data)
        with contextlib.suppress(AppError):
            await imaging.examine(path, PIXELS)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


@pytest.mark.parametrize(("mode", "mime_type"), [("RGBA", "image/png"), ("RGB", "image/jpeg")])
async def test_what_leaves_the_house_is_never_larger_than_vendors_take(mode: str, mime_type: str) -> None:
    noise = Image.frombytes(mode, (2048, 1900), os.urandom(2048 * 1900 * len(mode)))
    data = io.BytesIO()
    noise.save(data, "PNG", compress_level=1)
    prepared = await imaging.prepare(data.getvalue(), 2048)
    assert (prepared.mime_type, len(prepared.data) < 7_000_000) == (mime_type, True)
    assert opened(prepared.data).size == (prepared.width, prepared.height)
    assert prepared.width / prepared.height == pytest.approx(2048 / 1900, rel=0.01)
