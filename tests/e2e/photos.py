"""Ten photos as people have them: numbered JPEGs, one taken upright, one with alpha, a WebP, Chinese names, folders."""

from pathlib import Path

import numpy as np
from PIL import Image

ORIENTATION = 0x0112
ROTATED = 6  # "turn me 90 degrees clockwise to see me upright"


def picture(seed: int, size: tuple[int, int] = (640, 480)) -> Image.Image:
    """A picture with slopes, edges and grain, another one for each seed."""
    width, height = size
    rng = np.random.default_rng(seed)
    across, down = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    planes = [255 * (across * rng.random() + down * rng.random()) / 2 for _ in range(3)]
    pixels = np.stack(planes, axis=-1) + rng.normal(0, 6, (height, width, 3))
    for _ in range(6):
        x, y, radius = rng.random(), rng.random(), 0.05 + 0.2 * rng.random()
        pixels[(across - x) ** 2 + (down - y) ** 2 < radius**2] = rng.integers(0, 256, 3)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def make_album(folder: Path) -> dict[str, tuple[int, int]]:
    """Write the ten photos below `folder`. Each path with its upright size."""
    inner = folder / "旅行/第1天"
    inner.mkdir(parents=True)
    sizes: dict[str, tuple[int, int]] = {}
    for number in (1, 2, 3, 10, 11, 12, 13):
        picture(number).save(folder / f"IMG_{number}.jpg", quality=90)
        sizes[f"IMG_{number}.jpg"] = (640, 480)
    exif = Image.Exif()
    exif[ORIENTATION] = ROTATED
    picture(20).save(inner / "竖拍.jpg", exif=exif)
    sizes["旅行/第1天/竖拍.jpg"] = (480, 640)
    picture(21).save(inner / "咖啡.webp")
    sizes["旅行/第1天/咖啡.webp"] = (640, 480)
    see_through = picture(22)
    see_through.putalpha(Image.linear_gradient("L").resize(see_through.size))
    see_through.save(folder / "旅行/透明.png")
    sizes["旅行/透明.png"] = (640, 480)
    return sizes


def make_rubbish(folder: Path) -> None:
    """Files that must be left out, each for a reason of its own, and one picture twice."""
    folder.mkdir(parents=True)
    picture(1).save(folder / "good.jpg", quality=90)
    (folder / "twice.jpg").write_bytes((folder / "good.jpg").read_bytes())
    (folder / "words.png").write_text("not an image")
    (folder / "half.jpg").write_bytes((folder / "good.jpg").read_bytes()[:700])
    (folder / "nothing.jpg").touch()
    (folder / ".DS_Store").write_text("junk")
