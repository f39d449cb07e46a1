"""Makes the sample photos of the page, and the pictures beside its sign-in: `python -m scripts.samples`, about two minutes."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backend.upstreams.local.engine import filtered
from backend.upstreams.local.words import understood
from scripts.samples import figure, landscape, still_life

FOLDER = Path(__file__).resolve().parents[2] / "frontend/src/assets/samples"
FINER = 1.5
"""How much larger a picture is drawn than it is kept: edges come out smooth."""

SIZES: dict[str, tuple[Callable[[int, int], NDArray[np.uint8]], int, int]] = {
    "bottle": (still_life.render, 1280, 960),
    "lake": (landscape.render, 1280, 960),
    "portrait": (figure.render, 960, 1200),
}
WELCOME = {"bottle": "油画", "lake": "水彩画风", "portrait": "动漫风格"}
WELCOME_EDGE = 720


def drawn(name: str, scale: float = 1.0) -> Image.Image:
    """A sample photo, at a part of its size."""
    render, width, height = SIZES[name]
    size = (round(width * scale), round(height * scale))
    return Image.fromarray(render(round(size[0] * FINER), round(size[1] * FINER))).resize(
        size, Image.Resampling.LANCZOS
    )


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in SIZES:
        photo = drawn(name)
        photo.save(FOLDER / f"{name}.jpg", quality=88, optimize=True)
        small = photo.copy()
        small.thumbnail((WELCOME_EDGE, WELCOME_EDGE))
        data = io.BytesIO()
        small.save(data, "PNG")
        # the service's own local filters, so the pair shows what it really does without a key
        edited = Image.open(io.BytesIO(filtered(data.getvalue(), understood(WELCOME[name])))).convert("RGB")
        small.save(FOLDER / f"{name}-small.webp", quality=78, method=6)
        edited.resize(small.size).save(FOLDER / f"{name}-edited.webp", quality=78, method=6)


if __name__ == "__main__":
    main()
