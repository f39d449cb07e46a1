"""The local filters: what a prompt means to them, and that each does visibly what its name says to any picture."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

from backend.upstreams.base import EditRequest, Outcome, SourceImage, UpstreamError
from backend.upstreams.local import LocalUpstream
from backend.upstreams.local.engine import LOOKS, STYLES, described, filtered
from backend.upstreams.local.planes import Image, noise_level
from backend.upstreams.local.words import Look, Style, Wish, understood


def scene(height: int = 240, width: int = 360) -> Image:
    """Sky, ground, a sun and some noise: edges, gradients and flat parts in colour."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    image = np.dstack([220 - y / height * 90, 120 + x / width * 60, 70 + y / height * 120])
    image[int(height * 0.65) :] = (40, 110, 60)
    image[(x - width * 0.3) ** 2 + (y - height * 0.35) ** 2 < (min(height, width) * 0.2) ** 2] = (30, 200, 250)
    image += np.random.default_rng(1).normal(0, 3, image.shape)
    return np.asarray(np.clip(image, 0, 255), dtype=np.uint8)


def encoded(image: np.ndarray, suffix: str = ".png") -> bytes:
    return cv2.imencode(suffix, image)[1].tobytes()


def decoded(data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert image is not None
    return image


@pytest.mark.parametrize(
    ("prompt", "style", "looks"),
    [
        ("水彩画风", Style.WATERCOLOUR, ()),
        ("Turn it into a soft watercolor painting with fine details", Style.WATERCOLOUR, ()),
        ("an oil painting on canvas, not watercolour", Style.OIL, ()),
        ("梵高风格的油画", Style.OIL, ()),
        ("painting", Style.OIL, ()),
        ("动漫风格", Style.CARTOON, ()),
        ("make an ANIME portrait, enhance the eyes", Style.CARTOON, ()),
        ("写实风格,不要卡通", Style.PHOTO, ()),
        ("photorealistic, sharp and detailed, 4k", Style.PHOTO, ()),
        ("realistic photo, without any cartoon look", Style.PHOTO, ()),
        ("高清增强", Style.ENHANCE, ()),
        ("去噪并锐化", Style.ENHANCE, ()),
        ("铅笔素描", Style.SKETCH, ()),
        ("please do something nice", Style.ENHANCE, ()),
        ("", Style.ENHANCE, ()),
        ("变成黑白", None, (Look.MONOCHROME,)),
        ("black and white", None, (Look.MONOCHROME,)),
        ("水彩画,暖色", Style.WATERCOLOUR, (Look.WARM,)),
        ("vintage film look, brighter", None, (Look.VINTAGE, Look.BRIGHT)),
        ("模糊背景", None, (Look.SOFT_BACKGROUND,)),
        ("enhance, but not black and white", Style.ENHANCE, ()),
        ("the partial moment", Style.ENHANCE, ()),
    ],
)
def test_words_choose_the_filters(prompt: str, style: Style | None, looks: tuple[Look, ...]) -> None:
    assert understood(prompt) == Wish(style, looks)


def test_every_seeded_preset_means_its_own_style() -> None:
    path = Path(__file__).parents[2] / "alembic/versions/0001_first.py"
    spec = importlib.util.spec_from_file_location("first_migration", path)
    assert spec is not None
    assert spec.loader is not None
    migration = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(migration)
    chosen = {title: understood(content) for title, _, content in migration.PRESETS}
    assert chosen == {
        "高清增强": Wish(Style.ENHANCE),
        "艺术风格": Wish(Style.OIL),
        "写实风格": Wish(Style.PHOTO),
        "动漫风格": Wish(Style.CARTOON),
        "水彩画风": Wish(Style.WATERCOLOUR),
    }


@pytest.mark.parametrize("style", Style)
def test_each_style_changes_the_picture_and_keeps_what_it_shows(style: Style) -> None:
    source = scene()
    result = decoded(filtered(encoded(source), Wish(style)))
    height, width = source.shape[:2]
    assert result.shape[1] / result.shape[0] == pytest.approx(width / height, rel=0.02)
    same_size = cv2.resize(result, (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(same_size.astype(int) - source).mean() > 1.0
    bright, dark = same_size[60:100, 90:120].mean(), same_size[190:230, 20:80].mean()
    assert bright > dark + 20


def test_styles_differ_from_one_another() -> None:
    results = [cv2.resize(decoded(filtered(encoded(scene()), Wish(style))), (360, 240)) for style in Style]
    for index, first in enumerate(results):
        for second in results[index + 1 :]:
            assert np.abs(first.astype(int) - second).mean() > 1.5


def test_the_same_picture_gives_the_same_bytes() -> None:
    data = encoded(scene())
    for style in Style:
        assert filtered(data, Wish(style)) == filtered(data, Wish(style))


def test_enhancement_doubles_small_pictures_only_and_does_not_amplify_noise() -> None:
    small = decoded(filtered(encoded(scene(100, 150)), Wish(Style.ENHANCE)))
    large = decoded(filtered(encoded(scene(900, 1200)), Wish(Style.ENHANCE)))
    assert small.shape[:2] == (200, 300)
    assert large.shape[:2] == (900, 1200)
    noisy = np.full((1100, 1100, 3), 128, np.uint8)
    noisy = np.clip(noisy + np.random.default_rng(2).normal(0, 6, noisy.shape), 0, 255).astype(np.uint8)
    result = decoded(filtered(encoded(noisy), Wish(Style.ENHANCE)))
    assert noise_level(result[..., 1]) < noise_level(noisy[..., 1])


@pytest.mark.parametrize(
    ("look", "holds"),
    [
        (Look.MONOCHROME, lambda before, after: np.ptp(after.mean(axis=(0, 1))) < 1),
        (
            Look.WARM,
            lambda before, after: (
                after[..., 2].mean() - after[..., 0].mean() > before[..., 2].mean() - before[..., 0].mean()
            ),
        ),
        (
            Look.COOL,
            lambda before, after: (
                after[..., 2].mean() - after[..., 0].mean() < before[..., 2].mean() - before[..., 0].mean()
            ),
        ),
        (Look.BRIGHT, lambda before, after: after.mean() > before.mean() + 10),
        (Look.DARK, lambda before, after: after.mean() < before.mean() - 10),
        (Look.VIVID, lambda before, after: np.ptp(after, axis=2).mean() > np.ptp(before, axis=2).mean()),
        (Look.VINTAGE, lambda before, after: np.ptp(after, axis=2).mean() < np.ptp(before, axis=2).mean()),
        (Look.SOFT_BACKGROUND, lambda before, after: noise_level(after[:20, :, 1]) < noise_level(before[:20, :, 1])),
    ],
)
def test_each_look_does_what_it_says(look: Look, holds: object) -> None:
    before = scene()
    after = decoded(filtered(encoded(before), Wish(None, (look,))))
    assert after.shape == before.shape
    assert callable(holds)
    assert holds(before, after)


def test_every_style_and_look_has_a_filter() -> None:
    assert set(STYLES) == set(Style)
    assert set(LOOKS) == set(Look)


@pytest.mark.parametrize("style", Style)
def test_transparency_is_kept_and_hidden_colour_does_not_leak(style: Style) -> None:
    image = np.zeros((160, 200, 4), np.uint8)
    image[40:120, 50:150] = (200, 220, 240, 255)
    data = filtered(encoded(image), Wish(style))
    assert data.startswith(b"\x89PNG")
    result = cv2.resize(decoded(data), (200, 160), interpolation=cv2.INTER_AREA)
    assert result[5, 5, 3] == 0
    assert result[80, 100, 3] == 255
    assert result[44:116, 54:146, :3].min() > 90, "the black under the transparent part came in"


def test_an_opaque_alpha_channel_is_not_worth_a_png() -> None:
    image = np.dstack([scene(), np.full((240, 360), 255, np.uint8)])
    assert filtered(encoded(image), Wish(Style.PHOTO)).startswith(b"\xff\xd8")


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 3), (7, 2000), (31, 17)])
@pytest.mark.parametrize("wish", [*(Wish(style) for style in Style), Wish(None, tuple(Look))])
def test_no_size_is_too_odd(shape: tuple[int, int], wish: Wish) -> None:
    image = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    result = decoded(filtered(encoded(image), wish))
    assert min(result.shape[:2]) >= 1


@pytest.mark.parametrize(
    "image",
    [
        np.full((50, 60), 90, np.uint8),
        np.full((50, 60, 3), 40000, np.uint16),
        np.zeros((50, 60, 3), np.uint8),
        np.full((50, 60, 3), 255, np.uint8),
        np.full((50, 60, 4), 0, np.uint8),
    ],
    ids=["grey", "16 bit", "black", "white", "invisible"],
)
def test_every_kind_of_pixel_is_taken(image: np.ndarray) -> None:
    for style in Style:
        assert decoded(filtered(encoded(image), Wish(style))).dtype == np.uint8


@pytest.mark.parametrize("data", [b"", b"not an image", encoded(scene())[:40]])
def test_what_is_no_image_is_refused_as_input(data: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        filtered(data, Wish(Style.PHOTO))
    assert caught.value.outcome is Outcome.INPUT


async def test_the_upstream_edits_and_says_what_it_did() -> None:
    upstream = LocalUpstream(workers=1)
    source = scene()
    request = EditRequest("水彩画风", "local", SourceImage(encoded(source, ".jpg"), "image/jpeg", 360, 240))
    try:
        result = await upstream.edit(request)
    finally:
        await upstream.aclose()
    assert result.data.startswith(b"\xff\xd8")
    assert result.note == "local filter: watercolour"
    assert result.upstream_seconds is not None
    assert described(Wish(None, (Look.WARM, Look.VIVID))) == "local filter: warm, vivid"


async def test_it_closes_while_nothing_runs_and_twice() -> None:
    upstream = LocalUpstream()
    await upstream.aclose()
    await upstream.aclose()
