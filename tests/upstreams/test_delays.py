"""How long to wait, as upstreams say it."""

import pytest

from backend.upstreams.delays import duration, from_headers, from_words
from tests.upstreams.cases import not_frozen


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("38s", 38),
        ("3.299376739s", 3.3),
        ("0.2s", 0.2),
        ("65205s", 900),
        ("1m30s", 90),
        ("1h", 900),
        ("20ms", 0.1),
        ("1500 milliseconds", 1.5),
        (7, 7),
        ("", None),
        ("soon", None),
        ("-5s", 5),
        (None, None),
        (True, None),
        ([], None),
        (float("nan"), None),
        (-3, None),
        pytest.param(10**400, 900, id="more digits than a float takes"),
        pytest.param(-(10**400), None, id="as many below zero"),
        (1e308, 900),
    ],
)
def test_durations(text: object, seconds: float | None) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please retry in 47.434392449s.", 47.5),
        ("please slow down and try again after 51.84 seconds", 51.9),
        ("Your rate limit resets in ~30s.", 30),
        ("Please try again in 1m30s. Visit https://x", 90),
        ("Try again in 20ms", 0.1),
        ("retry after 5", 5),
        ("try again later", None),
        ("model gpt-4 in 3 regions", None),
        ("wait \n  for   ~  1m \t 30s", 90),
        ("wait" + " " * 3990, None),
        ("wait in" + " ~" * 1995, None),
    ],
)
def test_sentences(text: str, seconds: float | None) -> None:
    with not_frozen():
        assert from_words(text) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.3),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 1),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "-1"}, 1),
        ({"retry-after": "-inf"}, None),
        ({"retry-after-ms": "0", "retry-after": "7"}, 1),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 +99999999999999"}, None),
        ({"retry-after": "1e9"}, 900),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "garbage"}, None),
    ],
)
def test_headers(headers: dict[str, str], seconds: float | None) -> None:
    assert from_headers(headers) == seconds
