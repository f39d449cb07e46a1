"""A small ray marcher: scenes are distances to their surfaces, light is a soft box, everything is an array of points."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Scene = Callable[[Array], tuple[Array, NDArray[np.int8]]]
"""Points (n, 3) to their distances (n,) and the number of the nearest surface (n,)."""

STEPS, FAR, NEAR = 72, 14.0, 0.002
SHADOW_STEPS, OCCLUSION_STEPS = 20, 4
ROW = 1024


def vector(*values: float) -> Array:
    return np.array(values, dtype=np.float32)


def unit(v: Array) -> Array:
    return np.asarray(v / np.sqrt(np.maximum(np.sum(v * v, axis=-1, keepdims=True), 1e-12)), dtype=np.float32)


def length(v: Array) -> Array:
    return np.asarray(np.sqrt(np.einsum("...i,...i->...", v, v)), dtype=np.float32)


def ellipsoid(points: Array, centre: Array, radii: Array) -> Array:
    """A good estimate of the distance to an ellipsoid, exact on its surface."""
    offset = points - centre
    near, far = length(offset / radii), length(offset / (radii * radii))
    return near * (near - 1.0) / np.maximum(far, 1e-6)


def drum(points: Array, centre: Array, radius: float, half: float, edge: float) -> Array:
    """An upright cylinder with rounded edges."""
    offset = points - centre
    out = np.hypot(offset[:, 0], offset[:, 2]) - (radius - edge)
    up = np.abs(offset[:, 1]) - (half - edge)
    outside = np.hypot(np.maximum(out, 0.0), np.maximum(up, 0.0))
    return np.asarray(outside + np.minimum(np.maximum(out, up), 0.0) - edge, dtype=np.float32)


def ring(points: Array, centre: Array, radius: float, tube: float, axis: int) -> Array:
    """A torus around the axis of that number."""
    offset = points - centre
    flat = [offset[:, other] for other in range(3) if other != axis]
    return np.asarray(np.hypot(np.hypot(flat[0], flat[1]) - radius, offset[:, axis]) - tube, dtype=np.float32)


def melt(a: Array, b: Array, softness: float) -> Array:
    """The union of two bodies with a soft seam."""
    mix = np.maximum(softness - np.abs(a - b), 0.0) / softness
    return np.minimum(a, b) - mix * mix * softness * 0.25


def nearest(*distances: Array) -> tuple[Array, NDArray[np.int8]]:
    best, which = distances[0], np.zeros(distances[0].shape, np.int8)
    for number, distance in enumerate(distances[1:], start=1):
        closer = distance < best
        which[closer] = number
        best = np.where(closer, distance, best)
    return best, which


@dataclass(frozen=True)
class Camera:
    eye: Array
    target: Array
    zoom: float

    def rays(self, width: int, height: int) -> Array:
        """A direction for each pixel, row by row."""
        ahead = unit(self.target - self.eye)
        right = unit(np.cross(ahead, vector(0, 1, 0)).astype(np.float32))
        up = np.cross(right, ahead).astype(np.float32)
        x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / (height / 2)
        y = (height / 2 - np.arange(height, dtype=np.float32) - 0.5) / (height / 2)
        across, down = np.meshgrid(x, y)
        directions = across[..., None] * right + down[..., None] * up + self.zoom * ahead
        return unit(directions.reshape(-1, 3).astype(np.float32))


def march(scene: Scene, eye: Array, rays: Array) -> tuple[Array, NDArray[np.bool_]]:
    """How far each ray goes, and whether it hits something."""
    travelled = np.full(len(rays), 0.1, dtype=np.float32)
    hit = np.zeros(len(rays), dtype=np.bool_)
    going = np.arange(len(rays))
    for _ in range(STEPS):
        distance, _which = scene(eye + rays[going] * travelled[going, None])
        arrived = distance < NEAR * travelled[going]
        hit[going[arrived]] = True
        travelled[going] += np.where(arrived, 0.0, distance * 0.95)
        going = going[~arrived & (travelled[going] < FAR)]
        if not len(going):
            break
    return travelled, hit


def normals(scene: Scene, points: Array) -> Array:
    corners = (vector(1, -1, -1), vector(-1, -1, 1), vector(-1, 1, -1), vector(1, 1, 1))
    total = np.zeros_like(points)
    for corner in corners:
        total += corner * scene(points + corner * 0.003)[0][:, None]
    return unit(total)


def lit(scene: Scene, points: Array, towards: Array, softness: float) -> Array:
    """How much of a large lamp each point sees, from 0 to 1."""
    seen = np.ones(len(points), dtype=np.float32)
    travelled = np.full(len(points), 0.03, dtype=np.float32)
    for _ in range(SHADOW_STEPS):
        distance = scene(points + towards * travelled[:, None])[0]
        seen = np.minimum(seen, softness * distance / travelled)
        travelled += np.clip(distance, 0.03, 0.45)
    seen = np.clip(seen, 0.0, 1.0)
    return seen * seen * (3.0 - 2.0 * seen)


def openness(scene: Scene, points: Array, normal: Array) -> Array:
    """How freely light from all around reaches each point: creases and contacts are darker."""
    closed = np.zeros(len(points), dtype=np.float32)
    for step in range(1, OCCLUSION_STEPS + 1):
        reach = 0.07 * step
        closed += (reach - scene(points + normal * reach)[0]) / (1.6**step)
    return np.clip(1.0 - 2.2 * closed, 0.0, 1.0)


def noise(across: Array, down: Array, seed: int) -> Array:
    """Smooth noise from 0 to 1: four octaves of value noise."""
    # OpenCV looks up at most 32,767 places a row
    rows = -(-across.size // ROW)
    places = [np.resize(plane, rows * ROW).reshape(rows, ROW) for plane in (across, down)]
    total, weight = np.zeros((rows, ROW), dtype=np.float32), 0.0
    rng = np.random.default_rng(seed)
    for octave in range(4):
        lattice = rng.random((64, 64), dtype=np.float32)
        scale, share = 2.0**octave, 0.5**octave
        x, y = (np.mod(plane * scale, 63).astype(np.float32) for plane in places)
        total += share * cv2.remap(lattice, x, y, cv2.INTER_CUBIC)
        weight += share
    return np.asarray((total / weight).ravel()[: across.size].reshape(across.shape), dtype=np.float32)


def developed(light: Array, width: int, height: int) -> NDArray[np.uint8]:
    """Linear light to the pixels of a photograph: a film-like curve, sRGB, a little vignette and grain."""
    picture = light.reshape(height, width, 3)
    x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    picture = picture * (1.0 - 0.16 * (x[None, :] ** 2 + y[:, None] ** 2))[..., None]
    curved = (picture * (2.51 * picture + 0.03)) / (picture * (2.43 * picture + 0.59) + 0.14)
    encoded = np.clip(curved, 0, 1) ** (1 / 2.2)
    grain = np.random.default_rng(7).normal(0, 0.006, (height, width, 1))
    return np.asarray(np.clip((encoded + grain) * 255 + 0.5, 0, 255), dtype=np.uint8)
