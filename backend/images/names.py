"""Names of files, from strangers to strangers: text that shows well, lies in no wrong folder, and extracts everywhere."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

MAX_PART_CHARS = 150
MAX_PART_BYTES = 200  # file systems end at 255; a number and another extension must still fit
MAX_CHARS = 400

EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/heic": "heic",
    "image/avif": "avif",
}

_JOINERS = "\u200c\u200d"  # part of words and of emoji
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_DRIVE = re.compile(r"^[A-Za-z]:")
_DEVICE = re.compile(r"(?i)^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=\.|\s*$)")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}$")


def clean(name: str, mime_type: str = "") -> str:
    """A name as it is stored and shown: folders apart by `/`, no way out of them, never empty."""
    name = unicodedata.normalize("NFC", "".join(filter(_shows, name)))
    parts = [part for piece in re.split(r"[/\\]", name) if (part := _clean_part(piece))]
    kept: list[str] = []
    room = MAX_CHARS
    for part in reversed(parts):  # the file's own name matters most
        room -= len(part) + 1
        if room < -1:
            break
        kept.insert(0, part)
    return "/".join(kept) or f"image.{EXTENSIONS.get(mime_type, 'png')}"


def with_type(name: str, mime_type: str) -> str:
    """The same name with the extension of `mime_type`; a right one stays as it is spelt."""
    wanted = EXTENSIONS.get(mime_type, "bin")
    found = _EXTENSION.search(name)
    spelt = found.group()[1:].lower() if found else ""
    if {"jpeg": "jpg", "tif": "tiff", "heif": "heic"}.get(spelt, spelt) == wanted:
        return name
    stem = name[: found.start()] if found and found.start() and name[found.start() - 1] != "/" else name
    return f"{stem}.{wanted}"


class Taken:
    """Names given out in one archive: no two alike, be it in other letters' case, and none that is a folder of another."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are all that will be asked for, so that their folders are known."""
        self._taken = {_folded(folder.as_posix()) for name in names for folder in PurePosixPath(name).parents}

    def give(self, name: str) -> str:
        """`name`, or `name (2)` and so on when it is taken."""
        found = _EXTENSION.search(name)
        stem, extension = (name[: found.start()], found.group()) if found else (name, "")
        candidate, number = name, 1
        while _folded(candidate) in self._taken:
            number += 1
            candidate = f"{stem} ({number}){extension}"
        self._taken.add(_folded(candidate))
        return candidate


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _shows(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _clean_part(part: str) -> str:
    part = _FORBIDDEN.sub("_", _DRIVE.sub("", part))
    part = "".join(" " if unicodedata.category(char) == "Zs" else char for char in part)
    part = part.strip(" ").lstrip(". ").rstrip(". ")
    if part.startswith("-"):  # else a command takes the name for an option
        part = f"_{part[1:]}"
    if _DEVICE.match(part):
        part = f"_{part}"
    return _cut(part)


def _cut(part: str) -> str:
    """Short enough, with its extension."""
    if len(part) <= MAX_PART_CHARS and len(part.encode()) <= MAX_PART_BYTES:
        return part
    found = _EXTENSION.search(part)
    extension = found.group() if found else ""
    stem = part[: len(part) - len(extension)][: MAX_PART_CHARS - len(extension)]
    stem = stem.encode()[: MAX_PART_BYTES - len(extension)].decode(errors="ignore")
    return stem.rstrip(". ") + extension
