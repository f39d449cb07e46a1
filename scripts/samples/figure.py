"""A little clay person before a window: a portrait that belongs to nobody."""

import numpy as np
from numpy.typing import NDArray

from scripts.samples.rays import (
    Array,
    Camera,
    developed,
    ellipsoid,
    lit,
    march,
    melt,
    nearest,
    noise,
    normals,
    openness,
    ring,
    unit,
    vector,
)

CAMERA = Camera(vector(0.35, 0.5, 5.2), vector(0.0, 0.12, 0.0), 2.6)
LAMP = unit(vector(-0.75, 0.62, 0.62))
SKIN, HAIR, EYE, LIPS, SCARF, COAT = range(6)


def _mirrored(points: Array) -> Array:
    return np.stack([np.abs(points[:, 0]), points[:, 1], points[:, 2]], axis=-1)


def _scene(points: Array) -> tuple[Array, NDArray[np.int8]]:
    both = _mirrored(points)
    head = ellipsoid(points, vector(0, 0.5, 0), vector(0.56, 0.68, 0.58))
    head = melt(head, ellipsoid(points, vector(0, 0.2, 0.12), vector(0.4, 0.36, 0.42)), 0.25)
    head = melt(head, ellipsoid(points, vector(0, 0.4, 0.58), vector(0.085, 0.13, 0.1)), 0.09)
    head = melt(head, ellipsoid(both, vector(0.57, 0.42, -0.02), vector(0.09, 0.15, 0.09)), 0.06)
    head = melt(head, ellipsoid(points, vector(0, -0.3, -0.04), vector(0.2, 0.5, 0.2)), 0.12)
    hair = ellipsoid(points, vector(0, 0.66, -0.1), vector(0.64, 0.66, 0.64))
    face = ellipsoid(points, vector(0.1, 0.32, 0.68), vector(0.6, 0.56, 0.6))
    hair = np.maximum(hair, -face)
    hair = melt(hair, ellipsoid(points, vector(-0.2, 1.06, 0.3), vector(0.44, 0.2, 0.3)), 0.16)
    hair = melt(hair, ellipsoid(points, vector(0.02, 1.34, -0.3), vector(0.27, 0.25, 0.27)), 0.06)
    hair += (
        noise(points[:, 0] * 9 + points[:, 1] * 2 + 20, points[:, 1] * 1.5 + points[:, 2] * 3 + 20, 11) - 0.5
    ) * 0.03
    eye = ellipsoid(both, vector(0.21, 0.5, 0.51), vector(0.062, 0.078, 0.05))
    brow = ellipsoid(both, vector(0.22, 0.7, 0.52), vector(0.11, 0.02, 0.05))
    smile = ring(points, vector(0, 0.33, 0.585), 0.18, 0.03, 2)
    lips = np.maximum(smile, points[:, 1] - 0.215)
    scarf = ring(points, vector(0, -0.4, 0.02), 0.33, 0.19, 1)
    scarf = np.minimum(scarf, ellipsoid(points, vector(0.24, -0.78, 0.42), vector(0.16, 0.42, 0.1)))
    coat = melt(
        ellipsoid(points, vector(0, -1.75, -0.05), vector(1.02, 1.3, 0.6)),
        ellipsoid(both, vector(0.72, -1.3, -0.05), vector(0.42, 0.75, 0.42)),
        0.25,
    )
    return nearest(head, np.minimum(hair, brow), eye, lips, scarf, coat)


def _paint(points: Array, which: NDArray[np.int8]) -> Array:
    colours = np.array(
        [
            (0.78, 0.47, 0.33),
            (0.07, 0.03, 0.018),
            (0.012, 0.009, 0.008),
            (0.5, 0.12, 0.1),
            (0.82, 0.5, 0.03),
            (0.05, 0.12, 0.2),
        ],
        dtype=np.float32,
    )[which]
    both = _mirrored(points)
    blush = np.exp(-(((both[:, 0] - 0.31) / 0.13) ** 2) - ((points[:, 1] - 0.3) / 0.09) ** 2)
    skin = (which == SKIN) & (points[:, 2] > 0)
    colours[skin] += (vector(0.12, -0.12, -0.09) * blush[:, None])[skin]
    knit = which == SCARF
    turn = np.arctan2(points[knit, 0], points[knit, 2])
    colours[knit] *= (0.78 + 0.22 * np.sin(turn * 46) * np.sin(points[knit, 1] * 60))[:, None]
    weave = which == COAT
    colours[weave] *= (0.8 + 0.4 * noise(points[weave, 0] * 26 + 40, points[weave, 1] * 26 + 40, 13))[:, None]
    return colours


def _room(width: int, height: int) -> Array:
    """Out of focus: evening lights behind a window, as soft discs."""
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :] * (width / height)
    y = np.linspace(1, -1, height, dtype=np.float32)[:, None]
    base = (
        vector(0.05, 0.075, 0.1)
        + (0.5 + 0.5 * y)[..., None] * vector(0.06, 0.085, 0.1)
        + np.zeros((height, width, 1), np.float32)
    )
    rng = np.random.default_rng(21)
    for _ in range(34):
        cx, cy, radius = rng.uniform(-1.5, 1.5), rng.uniform(-0.6, 1), rng.uniform(0.07, 0.2)
        tint = (vector(0.9, 0.5, 0.16), vector(0.85, 0.62, 0.36), vector(0.25, 0.42, 0.55))[rng.integers(3)]
        away = np.hypot(x - cx, y - cy) / radius
        disc = np.clip((1 - away) * 9, 0, 1) * (0.7 + 0.3 * np.clip(away, 0, 1) ** 3)
        base += disc[..., None] * tint * rng.uniform(0.1, 0.32)
    return np.asarray(base.reshape(-1, 3), dtype=np.float32)


GLOSS = np.array([0.14, 0.3, 0.9, 0.3, 0.03, 0.05], dtype=np.float32)
SHARP = np.array([14, 22, 160, 30, 8, 10], dtype=np.float32)


def render(width: int, height: int) -> NDArray[np.uint8]:
    """The picture, RGB."""
    rays = CAMERA.rays(width, height)
    travelled, hit = march(_scene, CAMERA.eye, rays)
    light = _room(width, height)
    points, ways = CAMERA.eye + rays[hit] * travelled[hit, None], rays[hit]
    which = _scene(points)[1]
    normal = normals(_scene, points)
    key = np.clip(normal @ LAMP * 0.85 + 0.15, 0, 1) * lit(_scene, points + normal * 0.012, LAMP, 5.0)
    open_sky = openness(_scene, points, normal)
    rim = np.clip(normal @ unit(vector(0.85, 0.3, -0.6)), 0, 1) ** 2
    mirrored = ways - 2 * np.sum(ways * normal, axis=-1, keepdims=True) * normal
    shine = np.clip(mirrored @ LAMP, 0, 1) ** SHARP[which]
    sky = vector(0.2, 0.23, 0.29) * (0.6 + 0.4 * normal[:, 1:2]) * open_sky[:, None]
    body = _paint(points, which) * (vector(1.35, 1.2, 1.02) * key[:, None] + sky)
    edge = vector(0.9, 0.6, 0.32) * (rim * open_sky * 0.35)[:, None]
    light[hit] = body + edge * (0.3 + _paint(points, which)) + (GLOSS[which] * shine)[:, None] * vector(1, 0.95, 0.85)
    return developed(light, width, height)
