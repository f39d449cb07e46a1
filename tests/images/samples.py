"""Images of every kind that the tests need, made on the spot (but for HEIC: nothing here can write it)."""

import base64
import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image, ImageCms

from backend.images import imaging

PIXELS = 100_000_000
RED, BLUE = (200, 60, 20), (20, 60, 200)
HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAa1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRt"
    "AAAAAAACAAAAEGlkYXQAAAAAADAAIAAAADhpbG9jAQAAAERAAAIAAQAAAAAAAAHRAAEAAAAAAAAALgACAAEAAAAAAAAAAQAAAAAAAAAIAAAA"
    "OGlpbmYAAAAAAAIAAAAVaW5mZQIAAAEAAQAAaHZjMQAAAAAVaW5mZQIAAAAAAgAAZ3JpZAAAAADYaXBycAAAALZpcGNvAAAAdmh2Y0MBA3AA"
    "AAAAAAAAAAAe8AD8/fj4AAAPAyAAAQAYQAEMAf//A3AAAAMAkAAAAwAAAwAeugJAIQABACpCAQEDcAAAAwCQAAADAAADAB6gIIEFlurkprm4"
    "EBAwIAAAAwAgAAADACEiAAEABkQBwXPAiQAAABRpc3BlAAAAAAAAAEAAAABAAAAAFGlzcGUAAAAAAAAAMAAAACAAAAAQcGl4aQAAAAADCAgI"
    "AAAAGmlwbWEAAAAAAAAAAgABAoECAAICA4QAAAAaaXJlZgAAAAAAAAAOZGltZwACAAEAAQAAADZtZGF0AAAAKigBrxOA5TH3/5kk/6f5P71k"
    "sEs/tJPul/v5yLvllFraLAqbRyRKY9wR4A=="
)


def halves(width: int = 48, height: int = 32) -> Image.Image:
    """Left red, right blue."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def wide(mode: str) -> Image.Image:
    """Left black, right half bright, with more than 8 bits a pixel."""
    if mode == "I;16":
        return Image.frombytes(mode, (48, 32), struct.pack("<48H", *[0] * 24, *[32768] * 24) * 32)
    image = Image.new(mode, (48, 32))
    image.paste(0.5 if mode == "F" else 32768, (24, 0, 48, 32))
    return image


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(chunk: bytes) -> bytes:
    """A good PNG with one more chunk behind its header."""
    data = saved(halves(), "PNG")
    return data[:33] + chunk + data[33:]


def swapped_profile() -> bytes:
    """A colour profile whose red is blue and whose blue is red: whoever heeds it sees the halves exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", profile, 128)[0]
    entries = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, blue = entries[b"rXYZ"], entries[b"bXYZ"]
    profile[red + 4 : red + 12], profile[blue + 4 : blue + 12] = (
        profile[blue + 4 : blue + 12],
        profile[red + 4 : red + 12],
    )
    return bytes(profile)


def half_transparent() -> Image.Image:
    image = halves().convert("RGBA")
    image.putalpha(Image.eval(halves().getchannel("R"), lambda red: 0 if red > 100 else 255))
    return image


def near(pixel: object, colour: tuple[int, ...], by: int = 12) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= by for a, b in zip(pixel, colour, strict=False))


def assert_halves(image: Image.Image, left: tuple[int, ...] = RED, right: tuple[int, ...] = BLUE, by: int = 12) -> None:
    shown = image.convert("RGB")
    assert near(shown.getpixel((shown.width // 4, shown.height // 2)), left, by)
    assert near(shown.getpixel((shown.width * 3 // 4, shown.height // 2)), right, by)


async def examine(data: bytes) -> imaging.Examined:
    return await imaging.examine_bytes(data, PIXELS)


FORMATS: dict[str, Callable[[], bytes]] = {
    "image/jpeg": lambda: saved(halves(), "JPEG", quality=95),
    "image/png": lambda: saved(halves(), "PNG"),
    "image/webp": lambda: saved(halves(), "WEBP", quality=95),
    "image/gif": lambda: saved(halves(), "GIF"),
    "image/bmp": lambda: saved(halves(), "BMP"),
    "image/tiff": lambda: saved(halves(), "TIFF"),
    "image/heic": lambda: HEIC,
    "image/avif": lambda: saved(halves(), "AVIF", quality=90),
}
