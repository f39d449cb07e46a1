"""Passwords: argon2id in threads, and refusing those that everybody tries first."""

import asyncio
import base64
import functools
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from backend.auth import names
from backend.auth.common_passwords import ROWS, WHOLE, WORDS
from backend.errors import WeakPassword

MIN_PASSWORD, MAX_PASSWORD = 8, 128
AT_ONCE = 2

_MEMORY_KIB, _PASSES = 19 * 1024, 2
_HASH = PasswordHash((Argon2Hasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=1),))
# each holds 19 MiB while it works; more at once would only make all of them slower
_THREADS = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")


def _unmatched() -> str:
    """A hash that no password has and that costs as much to compare as a real one."""
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (16, 32))
    return f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p=1${salt}${digest}"


async def hashed(password: str) -> str:
    """The password's hash, to be stored."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASH.hash, _composed(password))


async def matches(password: str, stored: str | None) -> bool:
    """Whether the password has this hash. Without a hash (an unknown user) the same time passes."""
    known = stored if stored is not None else _unmatched()
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_THREADS, _HASH.verify, _composed(password), known) and stored is not None


def _composed(password: str) -> str:
    """An é is an é, whether the keyboard sent one character or two."""
    return unicodedata.normalize("NFC", password)


def refuse_weak(password: str, *identity: str) -> None:
    """Raises WeakPassword for what a guesser tries first: the common ones, and the user's own name or address. The first
    call reads a long list, so it belongs into a thread."""
    folded = names.key(password)
    if folded in {names.key(own) for own in identity} or _is_common(folded):
        raise WeakPassword


def _is_common(folded: str) -> bool:
    core = folded.rstrip("0123456789")
    return (
        len(set(folded)) <= 2
        or core in WORDS
        or folded in WHOLE
        or folded in _leaked()
        or any(folded in row or folded in row[::-1] for row in ROWS)
        or _repeats(folded)
    )


@functools.cache
def _leaked() -> frozenset[str]:
    """The most used of all leaked passwords, without those that are too short to be one here: more than 10,000."""
    # only where a password is chosen: a process that never sees one is spared 15 MB
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]  # noqa: PLC0415

    return frozenset(names.key(word) for word in FREQUENCY_LISTS["passwords"] if len(word) >= MIN_PASSWORD)


def _repeats(folded: str) -> bool:
    """`abcabcabc`, `12341234`: a few characters over and over."""
    return any(
        folded == (folded[:size] * len(folded))[: len(folded)] for size in range(1, min(4, len(folded) // 2) + 1)
    )
