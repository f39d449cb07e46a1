"""Painted and drawn styles. They work at a bounded size, in float32 BGR 0..1, and are brought to full size at the end."""

from collections.abc import Callable

import cv2
import numpy as np

from backend.upstreams.local.planes import Image, as_bytes
from backend.upstreams.local.strokes import (
    Array,
    along,
    as_float,
    blurred,
    flow,
    ink,
    lit,
    luminance,
    noise,
    painted,
    saturated,
    smoothstep,
    unit,
)
from backend.upstreams.local.tone import SMALL_EDGE

WORK_EDGE = 1400


def at_working_size(paint: Callable[[Array], Array], image: Image) -> Image:
    """Run `paint` on a copy whose long edge is between SMALL_EDGE and WORK_EDGE; the result has the image's own size,
    or twice that when the image is small."""
    height, width = image.shape[:2]
    edge = max(height, width)
    scale = min(max(edge, SMALL_EDGE), WORK_EDGE) / edge
    scale = min(scale, 2.0)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shrinking = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    work = as_float(cv2.resize(image, size, interpolation=shrinking) / 255)
    result = as_bytes(np.clip(paint(work), 0, 1) * 255)
    if scale >= 1:
        return result
    return np.asarray(cv2.resize(result, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def oil(image: Array) -> Array:
    """Oil on canvas: flat dabs, finer where there is detail, bristle marks along the forms, light on thick paint."""
    height, width = image.shape[:2]
    px = unit(image)
    gray = luminance(image)
    energy = blurred(np.abs(gray - blurred(gray, 2 * px)), 6 * px)
    busy = smoothstep(energy, 0.008, 0.035)[..., None]
    broad, narrow = painted(image, round(8 * px)), painted(image, round(4 * px))
    dabs = narrow * busy + broad * (1 - busy)
    angle = flow(luminance(dabs), 11 * px)
    dabs = along(as_float(dabs), angle, round(9 * px))
    bristles = along(noise(height, width, 1.5 * px, 11), angle, round(30 * px))
    bristles = bristles / (bristles.std() + 1e-6)
    relief = 0.55 * bristles + 5.0 * luminance(as_float(dabs))
    colour = saturated(as_float(dabs), 1.38)
    colour = colour + 0.12 * (smoothstep(colour, 0.0, 1.0) - colour)
    thickness = 0.35 + 0.65 * luminance(as_float(colour))
    return as_float(colour * (1 + 0.022 * bristles[..., None]) + (0.085 * lit(as_float(relief)) * thickness)[..., None])


def watercolour(image: Array) -> Array:
    """Transparent washes: pale, granulating pigment, darker wet edges, and the paper showing through."""
    height, width = image.shape[:2]
    px = unit(image)
    wash = _trembling(painted(image, round(6 * px)), px)
    wash = along(as_float(wash), flow(luminance(wash), 5 * px), round(7 * px))
    wash = saturated(as_float(0.14 + 0.86 * np.power(np.clip(wash, 0, 1), 0.64)), 1.42)
    gray = luminance(wash)
    # pigment gathers where a wash ends: on the darker side of each boundary
    edge = np.maximum(blurred(gray, 3.2 * px) - blurred(gray, 0.9 * px), 0)
    paper = 0.6 * noise(height, width, 1.6 * px, 3) + 0.4 * noise(height, width, 3.5 * px, 4)
    pools = 0.6 * noise(height, width, 70 * px, 5) + 0.4 * noise(height, width, 18 * px, 6)
    density = 1 + 5.5 * edge + 0.19 * pools + 0.045 * paper
    wash = _pigment(wash, as_float(density))
    line = ink(luminance(image), 1.1 * px, -0.012, 38)[..., None]
    wash = wash * (0.72 + 0.28 * line)
    sheet = np.array([0.965, 0.985, 0.992], np.float32)
    return as_float(wash * sheet + 0.014 * lit(as_float(paper * 1.6))[..., None])


def cartoon(image: Array) -> Array:
    """Drawn animation: even fields of bright colour in a few steps of light, and clean dark outlines."""
    px = unit(image)
    flat = image
    for _ in range(3):
        flat = as_float(cv2.bilateralFilter(flat, max(5, round(9 * px)), 0.09, 6 * px))
    flat = painted(flat, max(2, round(6 * px)))
    lab = as_float(cv2.cvtColor(flat, cv2.COLOR_BGR2LAB))
    lab[..., 0] = _stepped(as_float(lab[..., 0] / 100), 7) * 100
    colour = as_float(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR))
    colour = saturated(as_float(np.power(np.clip(colour, 0, 1), 0.84)), 1.65)
    gray = luminance(as_float(cv2.bilateralFilter(image, max(5, round(7 * px)), 0.07, 4 * px)))
    line = ink(gray, 1.6 * px, -0.010, 60)[..., None]
    pen = np.array([0.16, 0.10, 0.12], np.float32)
    return as_float(colour * line + pen * (1 - line))


def sketch(image: Array) -> Array:
    """Pencil on paper: outlines, hatching that follows the form, and the tooth of the paper."""
    height, width = image.shape[:2]
    px = unit(image)
    gray = luminance(image)
    soft = blurred(gray, 9 * px)
    shade = np.clip(gray / np.maximum(soft, 1e-3), 0, 1) ** 1.6
    tone = luminance(painted(image, round(4 * px)))
    hatch = along(noise(height, width, 1.2 * px, 21), flow(tone, 13 * px), round(24 * px))
    hatch = hatch / (hatch.std() + 1e-6)
    dark = 1 - smoothstep(tone, 0.05, 0.85)
    paper = noise(height, width, 1.5 * px, 22)
    strokes = np.clip(1 - 0.55 * dark * (0.75 + 0.35 * hatch), 0, 1)
    line = ink(gray, 1.0 * px, -0.006, 45)
    drawing = np.clip(shade * strokes * (0.45 + 0.55 * line) + 0.018 * paper, 0.12, 0.985)
    return as_float(np.repeat(drawing[..., None], 3, axis=2) * np.array([0.97, 0.99, 1.0], np.float32))


def _stepped(light: Array, steps: int) -> Array:
    """Light (0..1) in `steps` bands whose borders are soft enough not to tear."""
    nearest = np.round(light * steps) / steps
    return as_float(nearest + np.tanh((light - nearest) * steps * 3.2) / (2 * steps) * 0.9)


def _pigment(colour: Array, density: Array) -> Array:
    """Paint laid on more or less thickly (Bousseau et al. 2006): density 1 leaves it, more darkens, less shows paper."""
    return as_float(np.clip(colour - (colour - colour * colour) * (density[..., None] - 1), 0, 1))


def _trembling(image: Array, px: float) -> Array:
    """The picture as an unsteady wet brush follows it: every contour wanders by a pixel or two."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx = 1.1 * noise(height, width, 45 * px, 7) + 0.5 * noise(height, width, 14 * px, 17)
    dy = 1.1 * noise(height, width, 45 * px, 8) + 0.5 * noise(height, width, 14 * px, 18)
    moved_x, moved_y = as_float(x + px * dx), as_float(y + px * dy)
    return as_float(cv2.remap(image, moved_x, moved_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT))
