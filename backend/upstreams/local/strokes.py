"""What brushes, pens and paper are made of. Images are float32 in 0..1, BGR or one channel; noise is the same each time."""

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
DIRECTIONS = 12


def blurred(image: Array, sigma: float) -> Array:
    return as_float(cv2.GaussianBlur(image, (0, 0), sigma))


def as_float(image: Any) -> Array:
    return np.asarray(image, dtype=np.float32)


def unit(image: Array) -> float:
    """The length that strokes are measured in: one pixel of a picture 1024 pixels long."""
    return max(0.3, max(float(side) for side in image.shape[:2]) / 1024)


def luminance(image: Array) -> Array:
    return as_float(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))


def smoothstep(values: Array, low: float, high: float) -> Array:
    """0 below `low`, 1 above `high`, and a soft S between."""
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return as_float(t * t * (3 - 2 * t))


def noise(height: int, width: int, grain: float, seed: int) -> Array:
    """Smooth random relief, mean 0 and deviation 1, whose bumps are about `grain` pixels wide."""
    scale = max(1.0, grain)
    rows, columns = max(2, round(height / scale)), max(2, round(width / scale))
    coarse = np.random.default_rng(seed).standard_normal((rows, columns), dtype=np.float32)
    relief = as_float(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))
    return as_float((relief - relief.mean()) / (relief.std() + 1e-6))


def painted(image: Array, radius: int, sharpness: int = 8) -> Array:
    """The generalised Kuwahara filter: each pixel takes the mean of its calmest neighbourhoods, as a brush would."""
    total = np.zeros_like(image)
    weights = np.zeros(image.shape[:2], np.float32)
    squared = image * image
    for kernel in _sectors(max(1, radius)):
        mean = as_float(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REFLECT))
        spread = as_float(cv2.filter2D(squared, -1, kernel, borderType=cv2.BORDER_REFLECT)) - mean * mean
        deviation = np.sqrt(np.maximum(spread.sum(axis=2), 0)) * 255
        weight = as_float(1 / (1 + deviation**sharpness))
        total += mean * weight[..., None]
        weights += weight
    return as_float(total / np.maximum(weights, 1e-30)[..., None])


@lru_cache(maxsize=8)
def _sectors(radius: int) -> tuple[Array, ...]:
    """Eight overlapping pie slices of a Gaussian disc, each summing to 1."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    disc = np.exp(-(x * x + y * y) / (2 * (radius / 2) ** 2)) * (x * x + y * y <= (radius + 0.5) ** 2)
    slices = []
    for index in range(8):
        turn = np.angle(np.exp(1j * (np.arctan2(y, x) - index * np.pi / 4)))
        part = disc * np.clip(1.5 - np.abs(turn) / (np.pi / 8), 0, 1)
        part[radius, radius] = disc[radius, radius] / 8
        slices.append(as_float(part / part.sum()))
    return tuple(slices)


def flow(gray: Array, sigma: float) -> Array:
    """The angle (0..π) along which the picture changes least at each pixel: the way a stroke would go."""
    gx = as_float(cv2.Sobel(gray, cv2.CV_32F, 1, 0, ksize=3))
    gy = as_float(cv2.Sobel(gray, cv2.CV_32F, 0, 1, ksize=3))
    xx, yy, xy = blurred(gx * gx, sigma), blurred(gy * gy, sigma), blurred(gx * gy, sigma)
    return as_float((0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2) % np.pi)


def along(values: Array, angle: Array, length: int) -> Array:
    """`values` smeared over `length` pixels along `angle`, blending between a dozen fixed directions."""
    total = np.zeros_like(values)
    position = angle * (DIRECTIONS / np.pi)
    for index in range(DIRECTIONS):
        distance = np.abs(position - index)
        weight = np.clip(1 - np.minimum(distance, DIRECTIONS - distance), 0, 1)
        kernel = _line(length, index * np.pi / DIRECTIONS)
        smeared = as_float(cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_REFLECT))
        total += smeared * (weight if values.ndim == 2 else weight[..., None])
    return as_float(total)


def _line(length: int, angle: float) -> Array:
    """A soft line through the middle of a square kernel, summing to 1."""
    half = max(1, length // 2)
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(np.float32)
    lengthwise = x * np.cos(angle) + y * np.sin(angle)
    across = -x * np.sin(angle) + y * np.cos(angle)
    kernel = np.exp(-((lengthwise / (half * 0.6)) ** 2) / 2) * np.clip(1 - np.abs(across), 0, 1)
    return as_float(kernel / kernel.sum())


def ink(gray: Array, sigma: float, threshold: float, softness: float) -> Array:
    """Pen lines where the picture has edges: 1 is paper, 0 is ink (a difference of Gaussians, smoothed along its flow)."""
    edges = blurred(gray, sigma) - 0.985 * blurred(gray, sigma * 1.6)
    edges = along(as_float(edges), flow(gray, sigma * 3), max(5, round(sigma * 7)))
    return as_float(np.where(edges > threshold, 1.0, 1 + np.tanh((edges - threshold) * softness)))


def lit(relief: Array) -> Array:
    """Light from the upper left on a surface: about -1..1, 0 where it is flat."""
    slope = as_float(cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3)) + as_float(
        cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3)
    )
    return as_float(np.tanh(-slope / 4))


def saturated(image: Array, factor: float) -> Array:
    """Colours further from grey by `factor`, pale ones a little more than strong ones."""
    gray = luminance(image)[..., None]
    chroma = image - gray
    strength = np.abs(chroma).max(axis=2, keepdims=True)
    gain = 1 + (factor - 1) * (1 - np.clip(strength * 1.2, 0, 0.8))
    return as_float(np.clip(gray + chroma * gain, 0, 1))
