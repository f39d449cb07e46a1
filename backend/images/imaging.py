"""Pictures of strangers: what is one, what is in it, and how it looks small. In threads of its own, a few at a time.

Only a full decode proves that bytes are an image; what they or their name claim does not count.
"""

import asyncio
import contextlib
import io
import mmap
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

import pi_heif  # type: ignore[import-untyped]
from PIL import Image, UnidentifiedImageError

from backend.errors import AppError, ImageTooManyPixels, UnreadableImage, UnsupportedImage
from backend.images.colour import encoded, fitted, orientation
from backend.upstreams.base import SourceImage

T = TypeVar("T")
Source = Path | bytes

THUMBNAIL_EDGE = 512
AT_ONCE = 3
PIXELS_AT_ONCE = 100_000_000  # about 400 MB decoded, the same again while its mode is changed
MOST_PIXELS = 500_000_000
MOST_SCANS = 500
"""A JPEG in steps has about ten. Each goes over all pixels, and takes no more than a few bytes of the file."""
BYTES_A_PIXEL = 1.6
"""Of the largest picture that a model takes: with the usual 2,048 pixels that is 6.7 MB, and the strictest vendor takes 7."""
LYING = 5  # from this orientation on, width and height change places

FORMATS = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
    "AVIF": "image/avif",
}
_OPENED = tuple(name for name in FORMATS if name != "MPO")  # a JPEG is found to be one
LOSSLESS = frozenset({"PNG", "GIF", "BMP", "TIFF"})
ACCEPTED_TYPES = (*dict.fromkeys(FORMATS.values()), "image/heif")
_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis")
_BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_SCAN = re.compile(rb"\xff\xda\0(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")

pi_heif.register_heif_opener()
# pixels in blocks that the allocator takes from the system and gives back at once; smaller ones each thread would keep
Image.core.set_block_size(64 * 1024 * 1024)  # type: ignore[attr-defined]  # Pillow's own way, from its manual
Image.MAX_IMAGE_PIXELS = None  # Pillow's own bound only warns; ours is checked before anything is decoded


@dataclass(frozen=True, slots=True)
class Facts:
    """What an image is: by its content, and as it is looked at (upright)."""

    mime_type: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Examined:
    """A proved image, and how it looks small (WebP)."""

    facts: Facts
    thumbnail: bytes = field(repr=False)


async def examine(path: Path, max_pixels: int) -> Examined:
    """Prove that the file is an image, by decoding all of it. Raises UnsupportedImage, UnreadableImage or
    ImageTooManyPixels."""
    return await _in_thread(_examine, path, max_pixels)


async def examine_bytes(data: bytes, max_pixels: int) -> Examined:
    """As `examine`, for bytes."""
    return await _in_thread(_examine, data, max_pixels)


async def prepare(source: Source, max_edge: int) -> SourceImage:
    """A proved image as it may leave the house: first frame, upright, sRGB, without metadata, no side longer than
    `max_edge`, no file larger than vendors take; PNG when something shows through, else JPEG. Raises as `examine` does."""
    return await _in_thread(_prepare, source, max_edge)


def _examine(source: Source, max_pixels: int) -> Examined:
    with _decoding(source, max_pixels) as image:
        if image.format == "PNG":
            _check_sums(source)
        image.load()
        width, height = reversed(image.size) if orientation(image) >= LYING else image.size
        facts = Facts(FORMATS[image.format or ""], width, height)
        return Examined(facts, encoded(fitted(image, THUMBNAIL_EDGE), "WEBP"))


def _prepare(source: Source, max_edge: int) -> SourceImage:
    with _decoding(source, MOST_PIXELS) as image:
        image.draft(None, (2 * max_edge, 2 * max_edge))  # a JPEG is decoded at half or quarter size when that is enough
        plain, lossless = fitted(image, max_edge), image.format in LOSSLESS
    kind: Literal["PNG", "JPEG"] = "PNG" if plain.mode == "RGBA" else "JPEG"
    while len(data := encoded(plain, kind)) > max_edge * max_edge * BYTES_A_PIXEL:
        plain.thumbnail((plain.width * 3 // 4, plain.height * 3 // 4), Image.Resampling.LANCZOS)
    return SourceImage(data, FORMATS[kind], *plain.size, lossless)


@contextlib.contextmanager
def _decoding(source: Source, max_pixels: int) -> Iterator[Image.Image]:
    """The opened image, while there is room to decode it. Whatever goes wrong with its bytes becomes one of our errors:
    damaged files raise nearly anything."""
    try:
        with _opened(source) as image:
            pixels = image.width * image.height
            if pixels > max_pixels:
                raise ImageTooManyPixels(
                    f"The image has {image.width} × {image.height} pixels; at most {max_pixels:,} are allowed."
                )
            if image.format in {"JPEG", "MPO"} and _has_too_many_scans(source):
                raise UnreadableImage
            with _room.held(pixels), contextlib.closing(image):  # its pixels are gone before others take their room
                yield image
    except AppError:
        raise
    except Exception as error:
        raise UnreadableImage from error


def _opened(source: Source) -> Image.Image:
    try:
        return Image.open(_readable(source), formats=_OPENED)
    except UnidentifiedImageError as error:
        if _claims_to_be_ours(source):
            raise UnreadableImage from error
        raise UnsupportedImage("This is not a JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF image.") from error


def _has_too_many_scans(source: Source) -> bool:
    """Whether decoding it would take minutes, whatever its size."""
    with contextlib.ExitStack() as stack:
        data: bytes | mmap.mmap
        if isinstance(source, bytes):
            data = source
        else:
            file = stack.enter_context(source.open("rb"))
            data = stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return any(number > MOST_SCANS for number, _ in enumerate(_SCAN.finditer(data), start=1))


def _check_sums(source: Source) -> None:
    """Pillow decodes a PNG without looking at its check sums; only `verify` does."""
    with Image.open(_readable(source), formats=("PNG",)) as image:
        image.verify()


def _claims_to_be_ours(source: Source) -> bool:
    """Whether it begins as one of our formats does: then it is damaged, not something else."""
    if isinstance(source, bytes):
        head = source[:12]
    else:
        with source.open("rb") as file:
            head = file.read(12)
    boxed = head[4:8] == b"ftyp" and head[8:12] in _BRANDS
    return not head or boxed or head.startswith(_BEGINNINGS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def _readable(source: Source) -> Path | io.BytesIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source


class _Room:
    """How many pixels are decoded at the same time: at most `most`, or one image that has more."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self._next = threading.Lock()  # so that a large image is not overtaken for ever
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def held(self, pixels: int) -> Iterator[None]:
        with self._next, self._changed:
            self._changed.wait_for(lambda: not self._taken or self._taken + pixels <= self._most)
            self._taken += pixels
        try:
            yield
        finally:
            with self._changed:
                self._taken -= pixels
                self._changed.notify_all()


_room = _Room(PIXELS_AT_ONCE)
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="imaging")


async def _in_thread(work: Callable[[Source, int], T], source: Source, bound: int) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, work, source, bound)
