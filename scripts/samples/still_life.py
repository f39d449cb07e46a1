"""A bottle, two lemons and a cup on a wooden table: what a shop photographs."""

import numpy as np
from numpy.typing import NDArray

from scripts.samples.rays import (
    Array,
    Camera,
    developed,
    drum,
    ellipsoid,
    length,
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

CAMERA = Camera(vector(0.15, 1.75, 4.7), vector(0.02, 0.66, 0.0), 2.5)
LAMP = unit(vector(-0.62, 0.85, 0.5))
TABLE, BOTTLE, CAP, LEMON, CUP, COFFEE = range(6)


def _scene(points: Array) -> tuple[Array, NDArray[np.int8]]:
    body = drum(points, vector(-0.42, 0.62, -0.1), 0.44, 0.62, 0.16)
    neck = drum(points, vector(-0.42, 1.36, -0.1), 0.15, 0.2, 0.03)
    cap = drum(points, vector(-0.42, 1.6, -0.1), 0.19, 0.17, 0.04)
    lemon = melt(
        ellipsoid(points, vector(0.34, 0.27, 0.62), vector(0.36, 0.27, 0.27)),
        ellipsoid(points, vector(0.7, 0.27, 0.62), vector(0.08, 0.06, 0.06)),
        0.12,
    )
    lemon = np.minimum(lemon, ellipsoid(points, vector(-0.95, 0.25, 0.72), vector(0.26, 0.25, 0.33)))
    outer = drum(points, vector(0.95, 0.38, -0.25), 0.42, 0.38, 0.06)
    inner = drum(points, vector(0.95, 0.5, -0.25), 0.36, 0.42, 0.05)
    handle = ring(points, vector(1.4, 0.4, -0.25), 0.2, 0.055, 2)
    cup = np.maximum(np.minimum(outer, handle), -inner)
    coffee = drum(points, vector(0.95, 0.3, -0.25), 0.36, 0.32, 0.01)
    return nearest(points[:, 1], melt(body, neck, 0.2), cap, lemon, cup, coffee)


def _wood(points: Array) -> Array:
    across, along = points[:, 2], points[:, 0]
    board = np.floor(across * 1.15 + 20)
    grain = noise(along * 0.9 + board * 7.3, across * 13 + board * 3.1, 3)
    rings = 0.5 + 0.5 * np.sin((across * 5 + noise(along * 0.5 + board * 5, across * 2, 4) * 5) * 6.0)
    seam = np.clip(np.abs(across * 1.15 + 20 - np.round(across * 1.15 + 20)) * 60, 0.25, 1)
    tone = (0.55 + 0.35 * grain + 0.14 * rings + 0.07 * np.sin(board * 12.9))[:, None] * seam[:, None]
    return np.asarray(vector(0.5, 0.27, 0.125) * tone, dtype=np.float32)


def _paint(points: Array, which: NDArray[np.int8]) -> Array:
    """The colour of each surface by itself."""
    colours = np.array(
        [
            (0, 0, 0),
            (0.045, 0.16, 0.145),
            (0.62, 0.42, 0.16),
            (0.86, 0.58, 0.02),
            (0.84, 0.8, 0.72),
            (0.05, 0.02, 0.01),
        ],
        dtype=np.float32,
    )[which]
    table = which == TABLE
    colours[table] = _wood(points[table])
    offset = points - vector(-0.42, 0.6, -0.1)
    turn = np.arctan2(offset[:, 0], offset[:, 2])
    label = (which == BOTTLE) & (np.abs(points[:, 1] - 0.6) < 0.3) & (np.abs(turn - 0.1) < 1.05)
    colours[label] = vector(0.86, 0.83, 0.75)
    frame = np.maximum(np.abs(points[:, 1] - 0.6) / 0.3, np.abs(turn - 0.1) / 1.05)
    colours[label & (frame > 0.86) & (frame < 0.9)] = vector(0.045, 0.16, 0.145)
    sun = length(np.stack([turn - 0.1, (points[:, 1] - 0.68) * 2.1], axis=-1).astype(np.float32))
    colours[label & (sun < 0.22)] = vector(0.9, 0.55, 0.03)
    for line, half in ((0.47, 0.5), (0.4, 0.34)):
        colours[label & (np.abs(points[:, 1] - line) < 0.014) & (np.abs(turn - 0.1) < half)] = vector(0.05, 0.16, 0.145)
    peel = which == LEMON
    colours[peel] *= (0.9 + 0.2 * noise(points[peel, 0] * 22 + 9, points[peel, 1] * 22 + points[peel, 2] * 17, 5))[
        :, None
    ]
    stripe = (which == CUP) & (np.abs(points[:, 1] - 0.5) < 0.05)
    colours[stripe] = vector(0.09, 0.24, 0.36)
    return colours


GLOSS = np.array([0.05, 0.5, 0.55, 0.16, 0.32, 0.5], dtype=np.float32)
SHARP = np.array([18, 110, 60, 26, 70, 90], dtype=np.float32)


def _room(rays: Array) -> Array:
    """What is around: a warm wall, brighter where the lamp stands, and a window that shines in glazed surfaces."""
    up = np.clip(rays[:, 1:2], -0.3, 1)
    glow = np.exp(-((rays[:, 0:1] + 0.25) ** 2) * 2.2 - (rays[:, 1:2] - 0.05) ** 2 * 3)
    wall = vector(0.4, 0.375, 0.34) * (0.55 + 0.35 * up) + vector(0.36, 0.3, 0.22) * glow
    return np.asarray(wall, dtype=np.float32)


def render(width: int, height: int) -> NDArray[np.uint8]:
    """The picture, RGB."""
    rays = CAMERA.rays(width, height)
    travelled, hit = march(_scene, CAMERA.eye, rays)
    light = _room(rays)
    points, ways = CAMERA.eye + rays[hit] * travelled[hit, None], rays[hit]
    which = _scene(points)[1]
    normal = normals(_scene, points)
    start = points + normal * 0.01
    key = np.clip(normal @ LAMP, 0, 1) * lit(_scene, start, LAMP, 5.0)
    open_sky = openness(_scene, points, normal)
    mirrored = ways - 2 * np.sum(ways * normal, axis=-1, keepdims=True) * normal
    fresnel = 0.04 + 0.96 * (1 - np.clip(-np.sum(ways * normal, axis=-1), 0, 1)) ** 5
    shine = np.clip(mirrored @ LAMP, 0, 1) ** SHARP[which] * (key > 0)
    window = np.exp(-(((mirrored[:, 0] + 0.55) / 0.16) ** 4) - ((mirrored[:, 1] - 0.35) / 0.3) ** 4)
    colours = _paint(points, which)
    sky = vector(0.24, 0.26, 0.3) * (0.55 + 0.45 * normal[:, 1:2]) * open_sky[:, None]
    bounce = vector(0.22, 0.12, 0.06) * np.clip(-normal[:, 1:2] + 0.35, 0, 1) * open_sky[:, None]
    body = colours * (vector(1.75, 1.6, 1.4) * key[:, None] + sky + bounce)
    gloss = GLOSS[which][:, None]
    mirror = gloss * (
        _room(mirrored) * fresnel[:, None] * 1.6 + (shine * 1.6 + window * 1.1)[:, None] * open_sky[:, None]
    )
    fog = np.clip((travelled[hit, None] - 5.5) / 5.5, 0, 1) ** 1.4
    light[hit] = (body + mirror) * (1 - fog) + _room(ways) * fog
    return developed(light, width, height)
