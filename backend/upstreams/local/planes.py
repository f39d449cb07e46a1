"""Work on whole photographs without needing ten times their memory: by rows where pixels stand alone, small where blur does."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.upstreams.local.strokes import Array, as_float

Image = NDArray[np.uint8]
BAND_PIXELS = 500_000
SAMPLE_EDGE = 1500


def as_bytes(image: Any) -> Image:
    """0..255 of any number type, rounded and clipped to 8 bits."""
    return np.asarray(np.clip(np.rint(image), 0, 255), dtype=np.uint8)


def by_bands(work: Callable[..., Image], *layers: NDArray[Any]) -> Image:
    """`work` on a few rows of all layers at a time; it must look at each pixel by itself."""
    height, width = layers[0].shape[:2]
    rows = max(1, BAND_PIXELS // width)
    bands = [work(*(layer[top : top + rows] for layer in layers)) for top in range(0, height, rows)]
    return np.concatenate(bands)


def guided(guide: Array, values: Array, radius: float, epsilon: float) -> Array:
    """`values` smoothed, but not across the edges of `guide`: the fast guided filter (He & Sun 2015), whose coefficients
    are found on a smaller copy when the radius is large."""
    step = max(1, round(radius / 4))
    small_guide, small_values = _shrunk(guide, step), _shrunk(values, step)
    box = (2 * max(1, round(radius / step)) + 1,) * 2
    mean_guide, mean_values = _mean(small_guide, box), _mean(small_values, box)
    covariance = _mean(small_guide * small_values, box) - mean_guide * mean_values
    variance = _mean(small_guide * small_guide, box) - mean_guide * mean_guide
    slope = covariance / (np.maximum(variance, 0) + epsilon)
    offset = mean_values - slope * mean_guide
    size = (guide.shape[1], guide.shape[0])
    result = as_float(cv2.resize(_mean(as_float(slope), box), size, interpolation=cv2.INTER_LINEAR))
    result *= guide
    result += as_float(cv2.resize(_mean(as_float(offset), box), size, interpolation=cv2.INTER_LINEAR))
    return result


def softened(image: Image, sigma: float) -> Image:
    """A Gaussian blur; a wide one is done on a smaller copy, where nobody can tell."""
    step = max(1, round(sigma / 4))
    height, width = image.shape[:2]
    small = cv2.GaussianBlur(_shrunk(image, step), (0, 0), sigma / step)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def distance_from_middle(height: int, width: int) -> Array:
    """0 in the middle, 1 at the middle of each side, 1.4 in the corners."""
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    return as_float(cv2.resize(as_float(np.hypot(x, y)), (width, height), interpolation=cv2.INTER_CUBIC))


def noise_level(gray: NDArray[Any]) -> float:
    """Deviation of the noise in 8-bit steps, from the middle of the picture (Immerkær's estimate; the median keeps real
    texture out of it)."""
    top, left = (max(0, (side - SAMPLE_EDGE) // 2) for side in gray.shape[:2])
    sample = as_float(gray[top : top + SAMPLE_EDGE, left : left + SAMPLE_EDGE])
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(sample, -1, kernel))
    return float(min(12.0, np.median(response) / 0.6745 / 6))


def _shrunk(image: NDArray[Any], step: int) -> Any:
    if step == 1:
        return image
    size = (max(1, round(image.shape[1] / step)), max(1, round(image.shape[0] / step)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _mean(values: Array, box: tuple[int, int]) -> Array:
    return as_float(cv2.blur(values, box, borderType=cv2.BORDER_REFLECT))
