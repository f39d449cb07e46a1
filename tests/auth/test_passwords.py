"""Hashing and weakness of passwords."""

import asyncio
import threading

import pytest
from argon2 import extract_parameters
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from backend.auth import passwords
from backend.errors import WeakPassword


async def test_a_password_matches_its_hash_and_nothing_else_does() -> None:
    stored = await passwords.hashed("horse-battery-staple")
    assert await passwords.matches("horse-battery-staple", stored)
    assert not await passwords.matches("horse-battery-stapl", stored)
    assert not await passwords.matches("horse-battery-staple ", stored)
    assert not await passwords.matches("horse-battery-staple", None)


async def test_no_password_is_cut_short() -> None:
    """A06"""
    stored = await passwords.hashed("x" * 72 + "a")
    assert not await passwords.matches("x" * 72 + "b", stored)


async def test_one_letter_sent_as_two_characters_is_one_letter() -> None:
    assert await passwords.matches("cafe\u0301-au-lait", await passwords.hashed("caf\u00e9-au-lait"))


async def test_an_unknown_user_costs_what_a_known_one_does() -> None:
    known, unknown = (extract_parameters(h) for h in (await passwords.hashed("whatever it is"), passwords._unmatched()))
    assert known == unknown
    assert known.memory_cost >= 19 * 1024
    assert known.time_cost >= 2


async def test_the_loop_goes_on_while_passwords_are_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A40"""
    let_go = threading.Event()
    monkeypatch.setattr(passwords._HASH, "hash", lambda _: "hash" if let_go.wait(30) else "the loop was blocked")
    hashing = [asyncio.create_task(passwords.hashed("x")) for _ in range(10)]
    await asyncio.sleep(0)
    let_go.set()
    assert await asyncio.gather(*hashing) == ["hash"] * 10


@pytest.mark.parametrize(
    "password",
    [
        "password", "Password", "PASSWORD123", "12345678", "123456789", "87654321", "admin123", "qwertyuiop", "qwerty123",
        "11111111", "aaaaaaaaaaaa", "abababab", "abcabcabc", "12341234", "abcdefgh", "hgfedcba", "1q2w3e4r", "1qaz2wsx",
        "p@ssw0rd", "iloveyou1", "a1b2c3d4", "lin-chen", "LIN-CHEN", "lin@example.com", "ｐａｓｓｗｏｒｄ", "密码12345678",
    ],
)  # fmt: skip
def test_weak(password: str) -> None:
    """A08"""
    with pytest.raises(WeakPassword):
        passwords.refuse_weak(password, "lin-chen", "lin@example.com")


def test_a08_the_three_thousand_most_used_of_all_are_weak() -> None:
    long_enough = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= passwords.MIN_PASSWORD]
    for password in long_enough[:3000]:
        with pytest.raises(WeakPassword):
            passwords.refuse_weak(password.capitalize(), "lin-chen")


@pytest.mark.parametrize(
    "password",
    [
        "horse-battery-staple",
        "Str0ng-Pass-1",
        "a1b2c3d4e5f6g7",
        "我家的猫叫小白",
        "password of the day",
        "lin-chen's cat",
        "🐱🐶🐭🐹🐰🦊🐻🐼",
    ],
)
def test_not_weak(password: str) -> None:
    passwords.refuse_weak(password, "lin-chen")
