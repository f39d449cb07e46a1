"""Any pixels that Pillow can hold, as upright RGB or RGBA in sRGB without anything else attached."""

import io
from typing import Literal

from PIL import ExifTags, Image, ImageCms

MAX_PROFILE = 4 * 1024 * 1024
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WIDE = ("I", "I;16", "I;16B", "I;16L", "I;16N")


def fitted(image: Image.Image, edge: int) -> Image.Image:
    """`image` decoded, upright, in sRGB, plain RGB or RGBA (only when something shows through), no side longer than `edge`.

    It is made smaller first, so the steps after that cost little memory. It is never made larger.
    """
    profile = image.info.get("icc_profile")
    small = _direct(image)
    if max(small.size) > edge:
        small.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    turn = _UPRIGHT.get(orientation(image))
    plain = _opaque(_in_srgb(small.transpose(turn) if turn is not None else small, profile))
    plain.info = {}
    return plain


def orientation(image: Image.Image) -> int:
    """How the camera was held (1 to 8, 1 is upright), of a decoded image: decoders that turn it by themselves have done so."""
    try:
        found = image.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # noqa: BLE001  metadata are a stranger's bytes: whatever is wrong with them, the picture is still good
        return 1
    return found if found in _UPRIGHT else 1


def _direct(image: Image.Image) -> Image.Image:
    """The same picture in a mode that can be resized and keeps what shows through: L, RGB, RGBA, CMYK or LAB."""
    image.load()
    if image.mode in _WIDE:
        made = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode == "F":
        made = _scaled(image)
    elif image.mode in _ALPHA or image.has_transparency_data:
        made = _with_alpha(image)
    elif image.mode == "1":
        made = image.convert("L")
    elif image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image
    else:
        made = image.convert("RGB")
    return made


def _with_alpha(image: Image.Image) -> Image.Image:
    if image.mode == "La":
        image = image.convert("LA")
    return image if image.mode == "RGBA" else image.convert("RGBA")


def _scaled(image: Image.Image) -> Image.Image:
    """Floating point: 0 to 1 as it is usual, and whatever else there is from its darkest to its brightest."""
    extrema = image.getextrema()
    low, high = float(extrema[0]), float(extrema[1])  # type: ignore[arg-type]  # one band
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    factor = 255 / (high - low) if high > low else 1.0
    return image.point(lambda value: value * factor + -low * factor).convert("L")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours as a screen shows them; a profile that is no use is left out of account."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colours = image.convert("RGB") if alpha is not None else image
    managed = _managed(colours, profile) or colours.convert("RGB")
    if alpha is not None:
        managed.putalpha(alpha)
    return managed


def _managed(image: Image.Image, profile: bytes | None) -> Image.Image | None:
    if image.mode != "LAB" and (not profile or len(profile) > MAX_PROFILE):
        return None
    try:
        lab = ImageCms.createProfile("LAB") if image.mode == "LAB" else None
        source = lab or ImageCms.ImageCmsProfile(io.BytesIO(profile or b""))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except Exception:  # noqa: BLE001  profiles are a stranger's bytes: whatever is wrong with one, the picture is still good
        return None


def _opaque(image: Image.Image) -> Image.Image:
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return image.convert("RGB")
    return image


def encoded(image: Image.Image, kind: Literal["WEBP", "JPEG", "PNG"]) -> bytes:
    """The plain picture as a file without metadata."""
    out = io.BytesIO()
    # a slot is held until the thumbnail is made: half the time for three bytes in a hundred more
    options = {"WEBP": {"quality": 80, "method": 2}, "JPEG": {"quality": 92}, "PNG": {"compress_level": 4}}[kind]
    image.save(out, kind, **options)
    return out.getvalue()
