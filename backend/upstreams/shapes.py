"""Aspect ratios and sizes, in the words of each vendor."""

import math
import re

from backend.upstreams.base import SourceImage

RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
TIERS = {"512": 512, "0.5K": 512, "1K": 1024, "2K": 2048, "4K": 4096}


def ratio_of(text: str) -> float:
    """`3:2` as a number; ValueError when it is not a ratio."""
    found = re.fullmatch(r"([1-9]\d{0,4}):([1-9]\d{0,4})", text)
    if not found:
        raise ValueError(f"{text!r} is not an aspect ratio")
    return int(found.group(1)) / int(found.group(2))


def nearest_ratio(image: SourceImage, allowed: tuple[str, ...]) -> str:
    """The ratio of `allowed` closest to the image's own: sent along with references, whose shape would decide else."""
    own = max(1, image.width) / max(1, image.height)
    return min(allowed, key=lambda ratio: abs(math.log(own / ratio_of(ratio))))


def pixels(
    ratio: float, tier: str | None, *, step: int = 16, longest: int = 4096, area: int | None = None
) -> tuple[int, int]:
    """Width and height of about a tier's area in the given ratio: multiples of `step`, no side above `longest`, and together
    no more than `area`."""
    edge = TIERS.get((tier or "1K").upper(), 1024)
    target = min(edge * edge, area) if area else edge * edge
    width = math.sqrt(target * ratio)
    scale = min(1.0, longest / width, longest / (width / ratio))
    sides = [_stepped(width * scale, step), _stepped(width * scale / ratio, step)]
    # both may have been rounded up; the longer one gives way, so that the shape never becomes more extreme
    while area and sides[0] * sides[1] > area and max(sides) > step:
        sides[sides.index(max(sides))] -= step
    return (sides[0], sides[1])


def _stepped(side: float, step: int) -> int:
    return max(step, round(side / step) * step)
