"""Local filters (not AI): edits images with OpenCV on this machine, so that everything works without a key or network."""

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import cv2
import numpy as np

from backend.upstreams.base import EditRequest, EditResult, Outcome, UpstreamError
from backend.upstreams.local import looks, paint, tone
from backend.upstreams.local.planes import Image, as_bytes
from backend.upstreams.local.strokes import as_float
from backend.upstreams.local.words import Look, Style, Wish, understood

JPEG_QUALITY = 92

STYLES: dict[Style, Callable[[Image], Image]] = {
    Style.ENHANCE: tone.enhanced,
    Style.PHOTO: tone.photographic,
    Style.OIL: lambda image: paint.at_working_size(paint.oil, image),
    Style.WATERCOLOUR: lambda image: paint.at_working_size(paint.watercolour, image),
    Style.CARTOON: lambda image: paint.at_working_size(paint.cartoon, image),
    Style.SKETCH: lambda image: paint.at_working_size(paint.sketch, image),
}

LOOKS: dict[Look, Callable[[Image], Image]] = {
    Look.MONOCHROME: looks.monochrome,
    Look.VINTAGE: looks.vintage,
    Look.WARM: looks.warmer,
    Look.COOL: looks.cooler,
    Look.VIVID: looks.vivid,
    Look.BRIGHT: looks.brighter,
    Look.DARK: looks.darker,
    Look.SOFT_BACKGROUND: looks.soft_background,
}


class LocalUpstream:
    """Filters in threads of their own, at most one for each processor; a cancelled edit that waits never starts."""

    kind = "local"

    def __init__(self, name: str = "local", *, workers: int | None = None) -> None:
        self.name = name
        self._pool = ThreadPoolExecutor(workers or os.cpu_count() or 1, thread_name_prefix="local-filter")

    async def edit(self, request: EditRequest) -> EditResult:
        started = time.monotonic()
        wish = understood(request.prompt)
        work = partial(filtered, request.image.data, wish, lossless=request.image.lossless)
        data = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        return EditResult(data, upstream_seconds=time.monotonic() - started, note=described(wish))

    async def probe(self) -> tuple[str, ...]:
        return ("local",)

    async def aclose(self) -> None:
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)


def filtered(data: bytes, wish: Wish, *, lossless: bool = False) -> bytes:
    """The encoded image `data`, edited: PNG when it has transparency or is to be `lossless`, else JPEG."""
    colour, alpha = _decoded(data)
    if wish.style is not None:
        colour = STYLES[wish.style](colour)
    for look in wish.looks:
        colour = LOOKS[look](colour)
    if alpha is None and not lossless:
        return _encoded(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if alpha is not None:
        size = (colour.shape[1], colour.shape[0])
        alpha = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
        colour = np.dstack([colour, alpha])
    return _encoded(".png", colour, [cv2.IMWRITE_PNG_COMPRESSION, 4])


def described(wish: Wish) -> str:
    """What was done, for the record: `local filter: watercolour, warm`."""
    parts = [*([wish.style.value] if wish.style else []), *(look.value for look in wish.looks)]
    return f"local filter: {', '.join(parts)}"


def _decoded(data: bytes) -> tuple[Image, Image | None]:
    """8-bit BGR, and alpha when some pixel is transparent; colour reaches under the transparent parts."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        image = None
    if image is None:
        raise UpstreamError(Outcome.INPUT, "the image cannot be decoded")
    pixels = np.asarray(image // 257 if image.dtype == np.uint16 else image, dtype=np.uint8)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), dtype=np.uint8), None
    if pixels.shape[2] == 3:
        return pixels, None
    colour, alpha = np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])
    if alpha.min() == 255:
        return colour, None
    return _filled_under(colour, alpha), alpha


def _filled_under(colour: Image, alpha: Image) -> Image:
    """Colour where nothing is visible, taken from what is nearby: a filter must not drag hidden black into the edges."""
    weight = as_float(alpha)[..., None] / 255
    reach = max(2.0, max(alpha.shape) / 50)
    spread = as_float(cv2.GaussianBlur(as_float(colour) * weight, (0, 0), reach))
    around = as_float(cv2.GaussianBlur(weight, (0, 0), reach))[..., None]
    near = np.where(around > 1e-3, spread / np.maximum(around, 1e-3), 255)
    return as_bytes(colour * weight + near * (1 - weight))


def _encoded(suffix: str, image: Image, options: list[int]) -> bytes:
    done, buffer = cv2.imencode(suffix, image, options)
    if not done:
        raise UpstreamError(Outcome.BACKOFF, "the result cannot be encoded", max_retries=0)
    return buffer.tobytes()
