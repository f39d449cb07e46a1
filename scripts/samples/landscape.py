"""Mountains behind mountains at a lake, shortly after sunrise."""

import numpy as np
from numpy.typing import NDArray

from scripts.samples.rays import Array, developed, noise, vector

HORIZON = 0.62
SUN = (0.66, 0.4)


def _sky(x: Array, y: Array) -> Array:
    """The light of the sky at these places of the picture, 0 at the top and left."""
    fall = np.clip(y / HORIZON, 0, 1)[..., None]
    base = (
        vector(0.1, 0.25, 0.5) * (1 - fall) ** 1.2
        + vector(0.95, 0.5, 0.28) * fall**2.2
        + vector(0.2, 0.22, 0.24) * fall
    )
    away = np.hypot((x - SUN[0]) * 1.33, y - SUN[1])[..., None]
    glow = vector(1.6, 1.0, 0.5) * np.exp(-away * 7) + vector(3, 2.4, 1.6) * np.clip((0.035 - away) * 160, 0, 1)
    clouds = noise(x * 3.2 + 4, y * 15 + 2, 31) * 0.7 + noise(x * 8 + 1, y * 34, 32) * 0.3
    veil = np.clip((clouds - 0.52) * 3.4, 0, 1)[..., None] * (0.25 + 0.75 * fall)
    return np.asarray((base + glow) * (1 - 0.45 * veil) + vector(1.0, 0.62, 0.46) * veil * 0.6, dtype=np.float32)


def _ridge(x: Array, layer: int) -> Array:
    """The height of a range of mountains, from the horizon up."""
    rough = noise(x * (1.7 + layer * 0.9) + layer * 9.1, np.full_like(x, 3.0 + layer), 40 + layer)
    fine = noise(x * (14 + 6 * layer) + layer, np.full_like(x, 9.0), 50 + layer)
    return (0.36 - 0.062 * layer) * np.clip(rough - 0.12, 0, 1) ** 1.15 + 0.018 * fine


def _world(x: Array, y: Array) -> Array:
    """Sky and mountains above the horizon."""
    light = _sky(x, y)
    for layer in range(5):
        top = HORIZON - _ridge(x, layer)
        inside = np.clip((y - top) * 900, 0, 1)[..., None]
        depth = np.clip((y - top) / 0.2, 0, 1)[..., None]
        relief = noise(x * 11 + layer * 3, (y - top) * 16 + x * 5, 60 + layer)[..., None] - 0.5
        near = layer / 4
        rock = vector(0.3, 0.25, 0.36) * (1 - near) + vector(0.018, 0.045, 0.05) * near
        lit_side = vector(0.75, 0.36, 0.2) * np.clip(relief * 2.2, 0, 1) * (1 - near) * 0.6
        snow = np.clip(0.42 - depth * 1.9 + relief * 1.1, 0, 1) * (0.55 if layer < 2 else 0.0)
        mist = depth**1.6 * (0.62 - 0.42 * near)
        colour = (rock * (1 + 0.5 * relief) + lit_side) * (1 - snow) + vector(0.95, 0.72, 0.62) * snow
        light = light * (1 - inside) + inside * (colour * (1 - mist) + vector(0.86, 0.55, 0.42) * mist)
    return np.asarray(light, dtype=np.float32)


def _firs(light: Array, x: Array, y: Array) -> Array:
    """Firs on the near shore, dark against the water."""
    rng = np.random.default_rng(77)
    dark = vector(0.006, 0.014, 0.013)
    shore = 0.93 + 0.05 * noise(x * 2.2, np.full_like(x, 5.0), 70) - 0.13 * np.clip(0.3 - x, 0, 1)
    cover = np.clip((y - shore) * 300, 0, 1)
    for _ in range(46):
        at = rng.choice([rng.uniform(-0.02, 0.3), rng.uniform(0.8, 1.02)])
        edge = 0.3 - at if at < 0.5 else at - 0.8
        tall, foot = 0.1 + 0.5 * max(edge, 0) + rng.uniform(0, 0.12), 0.97
        down = np.clip((y - (foot - tall)) / tall, 0, 1)
        branches = 0.55 + 0.45 * np.abs(((down * 13 + at * 40) % 1) - 0.35)
        width = 0.19 * tall * down * branches
        cover = np.maximum(cover, np.clip((width - np.abs(x - at)) * 700, 0, 1) * (down > 0) * (y < foot + 0.05))
    return np.asarray(light * (1 - cover[..., None]) + dark * cover[..., None], dtype=np.float32)


def render(width: int, height: int) -> NDArray[np.uint8]:
    """The picture, RGB."""
    across = np.linspace(0, 1, width, dtype=np.float32)
    down = np.linspace(0, 1, height, dtype=np.float32)
    x, y = (np.ascontiguousarray(plane) for plane in np.meshgrid(across, down))
    depth = np.clip((y - HORIZON) / (1 - HORIZON), 0, 1)
    ripple = (noise(x * 5 / (0.06 + depth), 16 * np.log(depth + 0.04) + 60, 80) - 0.5) * (0.004 + 0.05 * depth)
    mirrored_y = np.where(y > HORIZON, np.clip(2 * HORIZON - y * 1.0 + ripple, 0, HORIZON - 0.002), y).astype(
        np.float32
    )
    light = _world((x + np.where(y > HORIZON, ripple * 0.4, 0)).astype(np.float32), mirrored_y)
    water = (y > HORIZON)[..., None]
    light = np.where(
        water, light * vector(0.62, 0.7, 0.78) * (1 - 0.35 * depth[..., None]) + vector(0.006, 0.012, 0.02), light
    )
    return developed(_firs(light.astype(np.float32), x, y) * 0.55, width, height)
