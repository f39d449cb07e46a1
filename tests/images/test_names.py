"""File names from strangers, made safe to show, store and extract."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.images import names


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("照片.png", "照片.png"),
        ("a/b/c.jpg", "a/b/c.jpg"),
        (r"a\b\c.jpg", "a/b/c.jpg"),
        ("my photo (1).JPG", "my photo (1).JPG"),
        ("cafe\u0301.png", "café.png"),
        ("👩‍👩‍👧.png", "👩‍👩‍👧.png"),
    ],
)
def test_good_names_and_folders_stay(given: str, kept: str) -> None:
    assert names.clean(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../x.png", "x.png"),
        ("..\\..\\x.png", "x.png"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\x.png", "x.png"),
        ("C:x.png", "x.png"),
        ("c:/a/C:/x.png", "a/x.png"),
        ("....//x.png", "x.png"),
        ("a/./b/../c.png", "a/b/c.png"),
        ("%2e%2e%2fx.png", "%2e%2e%2fx.png"),
        ("file:///x", "file_/x"),
        ("a//b.png", "a/b.png"),
    ],
)
def test_c16_no_name_leads_out(given: str, kept: str) -> None:
    assert names.clean(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("CON.png", "_CON.png"),
        ("nul", "_nul"),
        ("aux.jpg", "_aux.jpg"),
        ("com1/LPT9.tar.gz", "_com1/_LPT9.tar.gz"),
        ("console.png", "console.png"),
        (".htaccess", "htaccess"),
        ("-rf.png", "_rf.png"),
        ("a.png.", "a.png"),
        (" a.png ", "a.png"),
        ("a. /b.png", "a/b.png"),
    ],
)
def test_c17_every_system_can_extract_it(given: str, kept: str) -> None:
    assert names.clean(given) == kept


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\0b.png", "ab.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie_ x.png"),
        ("\x1b[31mred.png", "[31mred.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\ufeffa\u2028b.png", "ab.png"),
        ("\ud800x.png", "x.png"),
        ('a"; x="b.png', "a_; x=_b.png"),
        ("<img onerror=1>.png", "_img onerror=1_.png"),
        ("a\u00a0b\u3000c.png", "a b c.png"),
    ],
)
def test_c18_nothing_invisible_or_special_stays(given: str, kept: str) -> None:
    assert names.clean(given) == kept


@pytest.mark.parametrize("given", ["", " ", ".", "..", "/", "\\", "\0", "C:", "\u202e", "... ", "././."])
def test_a_name_is_never_empty(given: str) -> None:
    assert names.clean(given, "image/jpeg") == "image.jpg"
    assert names.clean(given) == "image.png"


def test_long_names_are_cut_and_keep_their_extension() -> None:
    assert names.clean("x" * 5000 + ".png") == "x" * 146 + ".png"
    chinese = names.clean("照" * 300 + ".jpeg")
    assert chinese.endswith("照.jpeg")
    assert len(chinese.encode()) <= names.MAX_PART_BYTES


def test_of_too_many_folders_the_last_stay() -> None:
    cut = names.clean("/".join(["folder" * 10] * 50) + "/photo.png")
    assert cut.endswith("folder/photo.png")
    assert 300 < len(cut) <= names.MAX_CHARS


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from(string.printable + "/\\.\0\u202e")), max_size=600))
def test_any_name_becomes_a_safe_one_that_stays(name: str) -> None:
    safe = names.clean(name)
    parts = safe.split("/")
    assert 0 < len(safe) <= names.MAX_CHARS
    assert all(part and part not in (".", "..") and part == part.strip(" ").rstrip(".") for part in parts)
    assert all(len(part) <= names.MAX_PART_CHARS and len(part.encode()) <= names.MAX_PART_BYTES for part in parts)
    assert not set(safe) & set('\\\0\r\n<>:"|?*\u202e')
    assert names.clean(safe) == safe


@pytest.mark.parametrize(
    ("name", "mime_type", "named"),
    [
        ("photos/a.jpg", "image/png", "photos/a.png"),
        ("a.JPEG", "image/jpeg", "a.JPEG"),
        ("a.tar.gz", "image/webp", "a.tar.webp"),
        ("no extension", "image/png", "no extension.png"),
        ("v1.2 final", "image/png", "v1.2 final.png"),
        ("folder.d/a", "image/png", "folder.d/a.png"),
        ("照片.heic", "image/jpeg", "照片.jpg"),
        ("a.png", "", "a.bin"),
    ],
)
def test_a_result_has_its_own_types_extension(name: str, mime_type: str, named: str) -> None:
    assert names.with_type(name, mime_type) == named


def test_c20_o09_no_name_is_given_twice() -> None:
    wanted = ["a.png", "a.png", "A.PNG", "a (2).png", "b/a.png", "B/A.png", "Straße.png", "STRASSE.png"]
    taken = names.Taken(wanted)
    given = [taken.give(name) for name in wanted]
    assert given == [
        "a.png",
        "a (2).png",
        "A (3).PNG",
        "a (2) (2).png",
        "b/a.png",
        "B/A (2).png",
        "Straße.png",
        "STRASSE (2).png",
    ]


def test_a_file_is_never_named_as_a_folder() -> None:
    wanted = ["a.png", "a.png/b.png", "A.PNG/c/d.png"]
    taken = names.Taken(wanted)
    assert [taken.give(name) for name in wanted] == ["a (2).png", "a.png/b.png", "A.PNG/c/d.png"]
