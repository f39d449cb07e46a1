"""Simple wishes about colour, light and focus, on 8-bit BGR at full size."""

import cv2
import numpy as np

from backend.upstreams.local.planes import Image, as_bytes, by_bands, distance_from_middle, softened
from backend.upstreams.local.strokes import as_float, smoothstep
from backend.upstreams.local.tone import vibrant

_GREY = np.array([[0.16, 0.52, 0.32]], np.float32)
_FADED = np.array([[0.68, 0.12, 0.10], [0.06, 0.74, 0.16], [0.06, 0.18, 0.80]], np.float32)
_PAPER = np.array([0.80, 0.93, 1.0], np.float32)
_HAZE = np.array([24, 16, 14], np.float32)
_WARM = np.array([0.88, 1.0, 1.09], np.float32)
_COOL = np.array([1.10, 1.01, 0.90], np.float32)


def monochrome(image: Image) -> Image:
    """Black and white with the depth of a darkroom print."""
    grey = np.asarray(cv2.transform(image, _GREY), dtype=np.uint8)
    steps = as_float(np.arange(256) / 255)
    curve = as_bytes((steps + 0.3 * (smoothstep(steps, 0.02, 0.98) - steps)) * 255)
    return np.asarray(cv2.cvtColor(cv2.LUT(grey, curve), cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def vintage(image: Image) -> Image:
    """Faded blacks, warm paper, muted colour and darker corners, as an old print has them."""
    corners = 1 - 0.28 * smoothstep(distance_from_middle(*image.shape[:2]), 0.6, 1.45)

    def faded(band: Image, light: Image) -> Image:
        return as_bytes((as_float(cv2.transform(band, _FADED)) * _PAPER + _HAZE) * light[..., None])

    return by_bands(faded, image, as_float(corners))


def warmer(image: Image) -> Image:
    return by_bands(lambda band: as_bytes(band * _WARM), image)


def cooler(image: Image) -> Image:
    return by_bands(lambda band: as_bytes(band * _COOL), image)


def vivid(image: Image) -> Image:
    return vibrant(image, 1.45)


def brighter(image: Image) -> Image:
    return _through_curve(image, 0.76)


def darker(image: Image) -> Image:
    return _through_curve(image, 1.35)


def soft_background(image: Image) -> Image:
    """Sharp in the middle, as out of focus as a wide lens towards the borders."""
    height, width = image.shape[:2]
    mask = smoothstep(distance_from_middle(height, width), 0.45, 1.0)
    far = softened(image, max(1.0, max(height, width) / 70))
    return by_bands(lambda near, blur, m: as_bytes(near * (1 - m[..., None]) + blur * m[..., None]), image, far, mask)


def _through_curve(image: Image, gamma: float) -> Image:
    curve = as_bytes(np.power(np.arange(256) / 255, gamma) * 255)
    return np.asarray(cv2.LUT(image, curve), dtype=np.uint8)
