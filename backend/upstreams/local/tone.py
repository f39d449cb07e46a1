"""Photographic filters: they work at full size on 8-bit BGR and keep the picture a photograph."""

import cv2
import numpy as np

from backend.upstreams.local.planes import Image, as_bytes, by_bands, guided, noise_level
from backend.upstreams.local.strokes import Array, as_float, saturated, smoothstep

SMALL_EDGE = 1024
STRONGEST_DETAIL = 26.0


def enhanced(image: Image) -> Image:
    """More detail and less noise: denoise, local contrast, edge-aware sharpening; small pictures are doubled first."""
    if max(image.shape[:2]) < SMALL_EDGE:
        size = (image.shape[1] * 2, image.shape[0] * 2)
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_LANCZOS4), dtype=np.uint8)
    lab = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2LAB), dtype=np.uint8)
    light = as_float(lab[..., 0])
    grain = noise_level(lab[..., 0])
    scale = max(1.0, max(image.shape[:2]) / 1600)
    for channel in (1, 2):
        smooth = guided(light, as_float(lab[..., channel]), 3 * scale, (grain * 2 + 3) ** 2)
        lab[..., channel] = by_bands(lambda band: as_bytes(128 + (band - 128) * 1.1), smooth)
    fine_base = guided(light, light, 2 * scale, (grain * 2 + 2) ** 2)
    broad_base = guided(light, light, 12 * scale, 14.0**2)
    broad = by_bands(lambda fine, wide: as_bytes(wide + 1.22 * (fine - wide)), fine_base, broad_base)
    local = cv2.createCLAHE(clipLimit=1.8, tileGridSize=(8, 8)).apply(broad)

    def detailed(light: Array, base: Array, broad: Image, local: Image) -> Image:
        # what is weaker than the noise is not detail: it is let through weakened, never amplified
        fine = light - base
        fine *= 0.4 + 1.45 * smoothstep(np.abs(fine), 1.2 * grain, 3.2 * grain + 1.5)
        fine = as_float(STRONGEST_DETAIL * np.tanh(fine / STRONGEST_DETAIL))
        return as_bytes(0.62 * broad + 0.38 * local + fine)

    lab[..., 0] = by_bands(detailed, light, fine_base, broad, local)
    return np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), dtype=np.uint8)


def photographic(image: Image) -> Image:
    """White balance, open shadows, held highlights, a gentle S-curve and natural colour."""
    lab = np.asarray(cv2.cvtColor(_white_balanced(image), cv2.COLOR_BGR2LAB), dtype=np.uint8)
    low, high = (float(value) / 255 for value in np.percentile(lab[::4, ::4, 0], (0.4, 99.6)))
    # levels only come part of the way: fog and night should stay fog and night
    low, high = (low * 0.7, 1 - (1 - high) * 0.7) if high - low > 0.2 else (0.0, 1.0)
    light = as_float(lab[..., 0])
    light -= low * 255
    light /= (high - low) * 255
    base = guided(light, light, max(image.shape[:2]) / 40, 0.02)

    def toned(light: Array, base: Array) -> Image:
        shadows, highlights = 1 - smoothstep(base, 0.0, 0.5), smoothstep(base, 0.6, 1.0)
        tone = as_float(np.clip(base + 0.20 * shadows * base - 0.09 * highlights + 1.15 * (light - base), 0, 1))
        return as_bytes((tone + 0.15 * (smoothstep(tone, 0.0, 1.0) - tone)) * 255)

    lab[..., 0] = by_bands(toned, light, base)
    result = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2BGR), dtype=np.uint8)
    blurred = cv2.GaussianBlur(result, (0, 0), max(1.0, max(image.shape[:2]) / 1600))
    result = np.asarray(cv2.addWeighted(result, 1.18, blurred, -0.18, 0), dtype=np.uint8)
    return vibrant(result, 1.16)


def vibrant(image: Image, factor: float) -> Image:
    """More colour, where there is little of it first."""
    return by_bands(lambda band: as_bytes(saturated(as_float(band / 255), factor) * 255), image)


def _white_balanced(image: Image) -> Image:
    """Shades-of-grey balance, a third of the way and never more than 5 %: a sunset keeps its colour."""
    sample = as_float(image[::4, ::4]).reshape(-1, 3)
    usable = sample[(sample.max(axis=1) < 250) & (sample.min(axis=1) > 5)]
    if len(usable) < 64:
        return image
    norm = np.power(np.power(usable, 6).mean(axis=0), 1 / 6)
    gains = as_float(np.clip(1 + 0.35 * (norm.mean() / np.maximum(norm, 1) - 1), 0.95, 1.05))
    return by_bands(lambda band: as_bytes(band * gains), image)
