"""A09, A42: no two names that look alike, and nothing in a name that could be more than a name."""

import pytest

from backend.auth import names


@pytest.mark.parametrize("name", ["bob", "Bob-2.x_y", "a" * 32, "小林", "张三丰", "かたカナー", "홍길동", "々〇々"])
def test_a_name_of_the_contract(name: str) -> None:
    if len(name) < 3:
        with pytest.raises(ValueError, match="3 to 32"):
            names.checked(name)
    else:
        assert names.checked(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", "ab", "a" * 33, "admin ", " admin", "ad min", "ádmin", "ａdmin", "аdmin", "admin\u200b", "admin\0", "admin\n",
        "a\u202enimda", "<script>", "a/b", "a@b", "😀😀😀", "ﷺﷺﷺ", "ⅷⅷⅷ", "adm\u0131n", "金\ufe00金金", "⼈⼈⼈",
    ],
)  # fmt: skip
def test_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="character"):
        names.checked(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Admin", "aDMIN"),
        ("ａｄｍｉｎ", "admin"),
        ("二口力", "ニロカ"),
        ("へりへ", "ヘリヘ"),
        ("がぎぐ", "か\u3099き\u3099く\u3099"),
    ],
)
def test_the_same_name(one: str, other: str) -> None:
    assert names.key(one) == names.key(other)


def test_two_spellings_of_one_letter_are_kept_as_one() -> None:
    assert names.checked("か\u3099き\u3099く\u3099") == "がぎぐ"


@pytest.mark.parametrize("email", ["a@b.cn", "first.last+tag@mail.example.com", "x" * 64 + "@example.org"])
def test_an_address(email: str) -> None:
    assert names.checked_email(email) == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a",
        "a@b",
        "@b.cn",
        "a@.cn",
        "a@b..cn",
        "a b@c.cn",
        "a@b.cn\r\nBcc: c@d.cn",
        "<script>@b.cn",
        "a@b.cn" + "n" * 300,
    ],
)
def test_no_address(email: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        names.checked_email(email)


def test_an_address_in_another_case_is_the_same() -> None:
    assert names.email_key("Lin@Example.COM") == names.email_key("lin@example.com")
