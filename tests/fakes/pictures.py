"""Small real images, made without ceremony."""

import base64
import hashlib
import io
import struct
import zlib

from PIL import Image

from backend.upstreams.base import SourceImage


def png(width: int = 64, height: int = 64, colour: tuple[int, int, int] = (200, 120, 40)) -> bytes:
    """A PNG of one colour, built by hand: fast enough for a benchmark's upstream."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes(colour) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def png_for(data: bytes) -> bytes:
    """A PNG whose colour depends on `data`: the same input always comes back as the same picture."""
    red, green, blue = hashlib.sha256(data).digest()[:3]
    return png(colour=(red, green, blue))


def jpeg(width: int = 64, height: int = 64, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (40, 120, 200)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def source(width: int = 64, height: int = 64) -> SourceImage:
    return SourceImage(jpeg(width, height), "image/jpeg", width, height)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def data_url(data: bytes, mime_type: str = "image/png") -> str:
    return f"data:{mime_type};base64,{b64(data)}"
