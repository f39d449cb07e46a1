"""The sample photos of the page are what `python -m scripts.samples` draws, and each is a picture of something."""

import numpy as np
import pytest
from PIL import Image

from scripts.samples.__main__ import FOLDER, SIZES, drawn

SMALL = 0.1
NEARLY = 12.0  # of 255: edges are finer in the shipped picture, and JPEG takes its share


@pytest.mark.parametrize("name", SIZES)
def test_a_shipped_photo_is_the_one_that_is_drawn(name: str) -> None:
    again = drawn(name, SMALL)
    with Image.open(FOLDER / f"{name}.jpg") as image:
        assert image.size == SIZES[name][1:]
        shipped = np.asarray(image.resize(again.size, Image.Resampling.BOX), dtype=float)
    assert np.abs(shipped - np.asarray(again, dtype=float)).mean() < NEARLY
    assert shipped.std() > 30
