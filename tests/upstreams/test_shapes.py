"""Sizes in each vendor's terms."""

import pytest

from backend.upstreams.base import SourceImage
from backend.upstreams.shapes import nearest_ratio, pixels

VENDORS = {"gpt-image-2": (3840, 3840 * 2160, 3.0), "ark": (8192, 16_777_216, 16.0)}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("tier", ["1K", "2K", "4K"])
def test_no_size_is_more_than_the_vendor_takes(vendor: str, tier: str) -> None:
    longest, area, extreme = VENDORS[vendor]
    for power in range(-500, 501):
        ratio = extreme ** (power / 500)
        width, height = pixels(ratio, tier, longest=longest, area=area)
        assert width * height <= area, f"{width}x{height}"
        assert max(width, height) <= longest
        assert max(width / height, height / width) <= extreme, f"{width}x{height}"
        assert width % 16 == height % 16 == 0
        assert width / height == pytest.approx(ratio, rel=0.1)


def test_no_side_is_less_than_a_step() -> None:
    assert pixels(1.0, "1K", area=100) == (16, 16)


def test_the_nearest_ratio() -> None:
    assert nearest_ratio(SourceImage(b"", "image/png", 900, 1600), ("1:1", "9:16", "16:9")) == "9:16"
