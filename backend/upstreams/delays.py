"""How long an upstream asks to be left alone, in whichever of its ways it says so."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LEAST_DELAY, MAX_DELAY = 1.0, 900.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_AMOUNT = re.compile(
    r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|h(?:ours?)?|m(?:in(?:utes?)?)?|s(?:ec(?:onds?)?)?)?(?![a-z])", re.I
)
_SENTENCE = re.compile(
    r"(?:retry|try again|resets?|available again|wait) (?:in|after|for)? ?~? ?((?:\d[\d.]* ?[a-z]* ?){1,3})", re.I
)
"""For words one blank apart: where each part may take any number of blanks, thousands of them are tried in every way."""


def from_headers(headers: Mapping[str, str]) -> float | None:
    """`retry-after-ms`, else `retry-after` in seconds or as a date (measured against the answer's own `date`)."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _asked(milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or not value:
        return _asked(seconds)
    until, now = _date(value), _date(headers.get("date")) or datetime.now(UTC)
    return _asked((until - now).total_seconds()) if until else None


def from_words(text: str) -> float | None:
    """`Please retry in 47.4s`, `try again after 51.84 seconds`, `resets in ~30s`, `try again in 1m30s`."""
    found = _SENTENCE.search(" ".join(text.split()))
    return duration(found.group(1)) if found else None


def duration(text: object) -> float | None:
    """`38s`, `3.299376739s`, `1m30s`, `20ms` or a bare number of seconds."""
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        return _clamped(text)
    if not isinstance(text, str):
        return None
    total, found = 0.0, False
    for amount, unit in _AMOUNT.findall(text[:64]):
        key = "ms" if unit.lower().startswith(("ms", "mil")) else (unit[:1].lower() or "s")
        total, found = total + float(amount) * _UNITS[key], True
    return _clamped(total) if found else None


def _clamped(seconds: float | None) -> float | None:
    """Rounded up to a tenth, at most a quarter of an hour; nothing when it makes no sense."""
    # compared first: an integer may have more digits than a float takes
    if seconds is None or not 0 < seconds < math.inf:
        return None
    return math.ceil(round(min(MAX_DELAY, seconds) * 10, 3)) / 10


def _asked(seconds: float | None) -> float | None:
    """As `_clamped`, but a wait of nothing or less is the least one: whoever names it wants to be asked again."""
    return LEAST_DELAY if seconds is not None and -math.inf < seconds <= 0 else _clamped(seconds)


def _number(value: str | None) -> float | None:
    try:
        return float(value) if value is not None and len(value) < 32 else None
    except ValueError:
        return None


def _date(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value) if value else None
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
