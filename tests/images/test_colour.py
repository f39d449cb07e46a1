"""What leaves the house of an image: upright, sRGB, the right colours, and nothing but pixels."""

from collections.abc import Callable

import pytest
from PIL import ExifTags, Image

from backend.images import imaging
from tests.images.samples import (
    BLUE,
    RED,
    assert_halves,
    examine,
    half_transparent,
    halves,
    near,
    opened,
    png_chunk,
    png_with,
    saved,
    swapped_profile,
    wide,
)

MODES: dict[str, Callable[[], bytes]] = {
    "cmyk jpeg": lambda: saved(halves().convert("CMYK"), "JPEG", quality=95),
    "cmyk tiff": lambda: saved(halves().convert("CMYK"), "TIFF"),
    "palette": lambda: saved(halves().quantize(8), "PNG"),
    "palette bmp": lambda: saved(halves().quantize(8), "BMP"),
    "rgba": lambda: saved(halves().convert("RGBA"), "PNG"),
    "ycbcr tiff": lambda: saved(halves().convert("YCbCr"), "TIFF"),
    "lab tiff": lambda: saved(
        Image.merge("LAB", [halves().convert("L")] + [Image.new("L", (48, 32), 128)] * 2), "TIFF"
    ),
    "grey": lambda: saved(halves().convert("L"), "JPEG"),
    "grey + alpha": lambda: saved(halves().convert("LA"), "PNG"),
    "1 bit": lambda: saved(halves().convert("1"), "PNG"),
}


@pytest.mark.parametrize("name", MODES)
async def test_c30_every_kind_of_pixels_keeps_its_colours(name: str) -> None:
    data = MODES[name]()
    prepared = await imaging.prepare(data, 2048)
    assert prepared.mime_type == "image/jpeg"
    assert opened(prepared.data).mode == "RGB"
    grey = "grey" in name or name == "lab tiff"
    if name == "1 bit":
        assert {*opened((await examine(data)).thumbnail).convert("L").resize((1, 1)).tobytes()} < {*range(20, 236)}
    elif grey:
        left, right = (halves().convert("L").getpixel((x, 5)) for x in (12, 36))
        assert_halves(opened(prepared.data), (left,) * 3, (right,) * 3, by=25)
    else:
        assert_halves(opened(prepared.data), by=16)
        assert_halves(opened((await examine(data)).thumbnail), by=16)


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "PNG"), ("I;16", "TIFF"), ("I", "TIFF"), ("F", "TIFF")])
async def test_c30_more_than_8_bits_are_scaled_not_clipped(mode: str, kind: str) -> None:
    data = saved(wide(mode), kind)
    assert_halves(opened((await imaging.prepare(data, 2048)).data), (0, 0, 0), (128, 128, 128), by=4)


async def test_floating_point_of_any_range_is_shown_whole() -> None:
    image = Image.new("F", (48, 32), -3.0)
    image.paste(17.0, (24, 0, 48, 32))
    assert_halves(opened((await imaging.prepare(saved(image, "TIFF"), 2048)).data), (0, 0, 0), (255, 255, 255), by=4)


TRANSPARENT: dict[str, Callable[[], bytes]] = {
    "rgba": lambda: saved(half_transparent(), "PNG"),
    "webp": lambda: saved(half_transparent(), "WEBP", lossless=True),
    "grey + alpha": lambda: saved(half_transparent().convert("LA"), "PNG"),
    "palette": lambda: saved(half_transparent().quantize(8), "PNG"),
    "palette + colour key": lambda: saved(halves().quantize(2), "PNG", transparency=0),
    "rgb + colour key": lambda: saved(halves(), "PNG", transparency=RED),
    "gif": lambda: saved(half_transparent(), "GIF"),
}


@pytest.mark.parametrize("name", TRANSPARENT)
async def test_what_shows_through_stays_so(name: str) -> None:
    data = TRANSPARENT[name]()
    prepared = await imaging.prepare(data, 2048)
    assert prepared.mime_type == "image/png"
    for shown in (opened(prepared.data), opened((await examine(data)).thumbnail)):
        assert shown.mode == "RGBA"
        assert sorted(alpha for _, alpha in shown.getchannel("A").getcolors() or []) == [0, 255]


UPRIGHT = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
async def test_pictures_are_upright(orientation: int, kind: str) -> None:
    seen = halves(60, 20)
    seen.paste((0, 200, 0), (0, 0, 20, 10))  # green at the upper left
    turn = UPRIGHT[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = saved(seen.transpose(turn) if turn is not None else seen, kind, exif=exif)
    examined = await examine(data)
    prepared = await imaging.prepare(data, 2048)
    assert (examined.facts.width, examined.facts.height) == (prepared.width, prepared.height) == (60, 20)
    for shown in (opened(examined.thumbnail), opened(prepared.data)):
        assert shown.size == (60, 20)
        assert near(shown.getpixel((8, 4)), (0, 200, 0), 40)
        assert near(shown.getpixel((8, 16)), RED, 40)
        assert near(shown.getpixel((50, 16)), BLUE, 40)


@pytest.mark.parametrize("value", [0, 9, 99, 65535])
async def test_f15_a_senseless_orientation_is_upright(value: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    assert (await examine(saved(halves(), "JPEG", exif=exif))).facts.width == 48


async def test_c34_colour_profiles_are_heeded() -> None:
    data = saved(halves(), "PNG", icc_profile=swapped_profile())
    for shown in (opened((await imaging.prepare(data, 2048)).data), opened((await examine(data)).thumbnail)):
        assert_halves(shown, BLUE, RED, by=40)
    transparent = saved(half_transparent(), "PNG", icc_profile=swapped_profile())
    prepared = opened((await imaging.prepare(transparent, 2048)).data)
    assert near(prepared.getpixel((40, 5)), (*RED, 255), 40)


@pytest.mark.parametrize("profile", [b"junk", bytes(200), swapped_profile()[:-300], bytes(5_000_000)])
async def test_c34_a_broken_profile_is_left_out_of_account(profile: bytes) -> None:
    assert_halves(opened((await imaging.prepare(saved(halves(), "JPEG", icc_profile=profile), 2048)).data))


async def test_c32_nothing_but_pixels_leaves_the_house() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "CANARY"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSMapDatum] = "CANARY"
    jpeg = saved(halves(), "JPEG", exif=exif, comment=b"CANARY", xmp=b"<x>CANARY</x>", icc_profile=swapped_profile())
    webp = saved(halves().convert("RGBA"), "WEBP", exif=exif, xmp=b"<x>CANARY</x>")
    text = png_with(png_chunk(b"tEXt", b"Comment\0CANARY"))
    see_through = saved(half_transparent(), "PNG", exif=exif)
    for data in (jpeg, webp, text, see_through, jpeg + b"<script>CANARY</script>"):
        assert b"CANARY" in data
        for out in ((await imaging.prepare(data, 2048)).data, (await examine(data)).thumbnail):
            assert b"CANARY" not in out
            assert not {"exif", "icc_profile", "xmp", "comment"} & opened(out).info.keys()


@pytest.mark.parametrize(
    ("size", "edge", "expected"),
    [
        ((48, 32), 2048, (48, 32)),
        ((400, 100), 200, (200, 50)),
        ((100, 400), 200, (50, 200)),
        ((4000, 2), 1000, (1000, 1)),
    ],
)
async def test_a_prepared_image_is_made_smaller_and_never_larger(
    size: tuple[int, int], edge: int, expected: tuple[int, int]
) -> None:
    for kind in ("PNG", "JPEG"):
        prepared = await imaging.prepare(saved(halves(*size), kind), edge)
        assert (prepared.width, prepared.height) == opened(prepared.data).size == expected


async def test_a_thumbnail_is_small_webp() -> None:
    thumbnail = opened((await examine(saved(halves(3000, 1500), "JPEG"))).thumbnail)
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (512, 256))
    line = opened((await examine(saved(halves(9000, 1), "PNG"))).thumbnail)
    assert line.size == (512, 1)
