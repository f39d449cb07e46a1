"""The seam: an error says one thing, and nothing foreign or secret gets through it."""

import pytest

from backend.upstreams.base import DETAIL_LIMIT, ERROR_CODES, Outcome, UpstreamError, sanitise


def test_every_outcome_has_an_error_code() -> None:
    assert set(ERROR_CODES) == set(Outcome)


def test_an_error_names_its_outcome_and_may_name_a_closer_code() -> None:
    assert UpstreamError(Outcome.SOFT).error_code == "no_image_returned"
    error = UpstreamError(Outcome.SOFT, "blocked: violence", error_code="safety_blocked", billed=True)
    assert (error.outcome, error.error_code, error.billed) == (Outcome.SOFT, "safety_blocked", True)
    assert str(error) == "safety_blocked: blocked: violence"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one\r\ntwo\tthree   four", "one two three four"),
        ("a\x00b\x1b[31mc", "ab[31mc"),
        ("abc\u202edef\u2066ghi\u200b", "abcdefghi"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("用户额度不足 😀", "用户额度不足 😀"),
        ("bad \ud800 surrogate", "bad surrogate"),
        ("Incorrect API key provided: sk-proj-abcdef123456.", "Incorrect API key provided: [key]."),
        ("key AIzaSyA1234567890abcdefghijklmnopqrstuv is bad", "[key] is bad"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: [key]"),
        ("token eyJhbGciOiJI.eyJzdWIiOiIx.sig", "[key]"),
        ("my-own-secret-9 leaked", "[key] leaked"),
    ],
)
def test_foreign_text_is_made_harmless(text: str, shown: str) -> None:
    assert " ".join(sanitise(text, ["my-own-secret-9"]).split()) == shown


def test_long_text_is_cut() -> None:
    assert len(sanitise("x" * 10_000_000)) == DETAIL_LIMIT
