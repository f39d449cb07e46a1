"""Photographic filters: they work at full size on 8-bit BGR and keep the picture a photograph."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.upstreams.local.strokes import Array, as_float, saturated, smoothstep

Image = NDArray[np.uint8]
SMALL_EDGE = 1024


def as_bytes(image: Any) -> Image:
    """0..255 of any number type, rounded and clipped to 8 bits."""
    return np.asarray(np.clip(np.rint(image), 0, 255), dtype=np.uint8)


def enhanced(image: Image) -> Image:
    """More detail and less noise: denoise, local contrast, edge-aware sharpening; small pictures are doubled first."""
    if max(image.shape[:2]) < SMALL_EDGE:
        image = _doubled(image)
    lab = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2LAB))
    light = as_float(lab[..., 0])
    grain = noise_level(lab[..., 0])
    scale = max(1.0, max(image.shape[:2]) / 1600)

    fine_base = _guided(light, light, 2 * scale, (grain * 2 + 2) ** 2)
    broad_base = _guided(light, light, 12 * scale, 14.0**2)
    fine, middle = light - fine_base, fine_base - broad_base
    # what is weaker than the noise is not detail: it is let through weakened, never amplified
    fine *= 0.4 + 1.45 * smoothstep(np.abs(fine), 1.2 * grain, 3.2 * grain + 1.5)
    limit = 26.0
    fine = as_float(limit * np.tanh(fine / limit))
    broad = broad_base + 1.22 * middle
    local = cv2.createCLAHE(clipLimit=1.8, tileGridSize=(8, 8)).apply(as_bytes(broad))
    lab[..., 0] = as_bytes(0.62 * broad + 0.38 * as_float(local) + fine)
    for channel in (1, 2):
        colour = as_float(lab[..., channel])
        smooth = _guided(light, colour, 3 * scale, (grain * 2 + 3) ** 2)
        lab[..., channel] = as_bytes(128 + (smooth - 128) * 1.1)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), dtype=np.uint8)


def photographic(image: Image) -> Image:
    """White balance, open shadows, held highlights, a gentle S-curve and natural colour."""
    balanced = _white_balanced(image)
    lab = np.asarray(cv2.cvtColor(balanced, cv2.COLOR_BGR2LAB))
    light = as_float(lab[..., 0] / 255)
    low, high = (float(value) for value in np.percentile(light[::4, ::4], (0.4, 99.6)))
    if high - low > 0.2:
        # levels only come part of the way: fog and night should stay fog and night
        low, high = low * 0.7, 1 - (1 - high) * 0.7
        light = as_float(np.clip((light - low) / (high - low), 0, 1))
    radius = max(image.shape[:2]) / 40
    base = _guided(light, light, radius, 0.02)
    shadows, highlights = 1 - smoothstep(base, 0.0, 0.5), smoothstep(base, 0.6, 1.0)
    toned = base + 0.10 * shadows * base * 2 - 0.05 * highlights + 1.15 * (light - base)
    toned = np.clip(toned, 0, 1)
    curve = toned + 0.11 * (smoothstep(as_float(toned), 0.0, 1.0) - toned) * 2
    lab[..., 0] = as_bytes(curve * 255)
    result = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), dtype=np.uint8)
    crisp = cv2.GaussianBlur(result, (0, 0), max(1.0, max(image.shape[:2]) / 1600))
    result = np.asarray(cv2.addWeighted(result, 1.18, crisp, -0.18, 0), dtype=np.uint8)
    return _vibrant(result, 1.16)


def monochrome(image: Image) -> Image:
    """Black and white with the depth of a darkroom print."""
    gray = cv2.transform(image, np.array([[0.16, 0.52, 0.32]], np.float32))
    light = as_float(gray / 255)
    light = light + 0.3 * (smoothstep(light, 0.02, 0.98) - light)
    return np.asarray(cv2.cvtColor(as_bytes(light * 255), cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def vintage(image: Image) -> Image:
    """Faded blacks, warm paper, muted colour and darker corners, as an old print has them."""
    tint = np.array([[0.68, 0.12, 0.10], [0.06, 0.74, 0.16], [0.06, 0.18, 0.80]], np.float32)
    faded = as_float(cv2.transform(image, tint)) * np.array([0.80, 0.93, 1.0], np.float32) + np.array([24, 16, 14])
    return as_bytes(as_float(faded) * _corners(image.shape[0], image.shape[1], 0.28)[..., None])


def warmer(image: Image) -> Image:
    return as_bytes(as_float(image) * np.array([0.88, 1.0, 1.09], np.float32))


def cooler(image: Image) -> Image:
    return as_bytes(as_float(image) * np.array([1.10, 1.01, 0.90], np.float32))


def vivid(image: Image) -> Image:
    return _vibrant(image, 1.45)


def brighter(image: Image) -> Image:
    return _through_curve(image, 0.76)


def darker(image: Image) -> Image:
    return _through_curve(image, 1.35)


def soft_background(image: Image) -> Image:
    """Sharp in the middle, as out of focus as a wide lens towards the borders."""
    height, width = image.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    distance = np.hypot((x - width / 2) / (width * 0.5), (y - height / 2) / (height * 0.55))
    mask = smoothstep(as_float(distance), 0.45, 1.0)[..., None]
    far = cv2.GaussianBlur(image, (0, 0), max(1.0, max(height, width) / 70))
    return as_bytes(as_float(image) * (1 - mask) + as_float(far) * mask)


def noise_level(gray: Any) -> float:
    """Deviation of the noise in 8-bit steps (Immerkær's estimate; the median keeps real texture out of it)."""
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(as_float(gray), -1, kernel))
    return float(min(12.0, np.median(response) / 0.6745 / 6))


def _doubled(image: Image) -> Image:
    size = (image.shape[1] * 2, image.shape[0] * 2)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LANCZOS4), dtype=np.uint8)


def _guided(guide: Array, values: Array, radius: float, epsilon: float) -> Array:
    return as_float(cv2.ximgproc.guidedFilter(guide, values, max(1, round(radius)), epsilon))


def _white_balanced(image: Image) -> Image:
    """Shades-of-grey balance, a third of the way and never more than 8 %: a sunset keeps its colour."""
    sample = as_float(image[::4, ::4]).reshape(-1, 3)
    usable = sample[(sample.max(axis=1) < 250) & (sample.min(axis=1) > 5)]
    if len(usable) < 64:
        return image
    norm = np.power(np.power(usable, 6).mean(axis=0), 1 / 6)
    gains = np.clip(1 + 0.35 * (norm.mean() / np.maximum(norm, 1) - 1), 0.92, 1.08)
    return as_bytes(as_float(image) * as_float(gains))


def _vibrant(image: Image, factor: float) -> Image:
    return as_bytes(saturated(as_float(image / 255), factor) * 255)


def _through_curve(image: Image, gamma: float) -> Image:
    curve = as_bytes(np.power(np.arange(256) / 255, gamma) * 255)
    return np.asarray(cv2.LUT(image, curve), dtype=np.uint8)


def _corners(height: int, width: int, depth: float) -> Array:
    """A lens's light: 1 in the middle, `depth` less in the corners."""
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return as_float(1 - depth * smoothstep(as_float(np.hypot(x, y)), 0.6, 1.45))
