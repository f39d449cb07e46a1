"""A17-A24: an access token is good only if we signed exactly it, for exactly this, not long ago."""

import base64
import json
import math
from typing import Any

import jwt
import pytest

from backend import clock
from backend.auth import tokens

SECRET = "0123456789abcdef" * 4
NOW = int(clock.now().timestamp())
DAY = 24 * 3600
"""A token of these tests outlives the run: it is made when they are collected."""
GOOD: dict[str, Any] = {"sub": "7", "ver": 3, "typ": "access", "jti": "j", "iat": NOW, "exp": NOW + DAY}
signer = tokens.Signer(SECRET)


def kind(value: object) -> str:
    """The name of a case: by the time it would have another in each process that collects it."""
    return type(value).__name__


def signed(algorithm: str = "HS256", secret: str = SECRET, header: dict[str, Any] | None = None, **changes: Any) -> str:
    claims = {name: value for name, value in (GOOD | changes).items() if value is not ...}
    return jwt.api_jws.encode(json.dumps(claims).encode(), secret, algorithm=algorithm, headers=header)


def unsigned(algorithm: str) -> str:
    parts = [{"alg": algorithm, "typ": "JWT"}, GOOD]
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."


def test_a_token_says_who_and_as_of_when() -> None:
    assert signer.read(signer.issue(7, 3)) == tokens.Claim(7, 3)
    assert signer.read(signed()) == tokens.Claim(7, 3)


def test_two_tokens_are_never_the_same() -> None:
    assert signer.issue(7, 3) != signer.issue(7, 3)


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "HS256", "RS256", "PS256", ""])
def test_unsigned(algorithm: str) -> None:
    assert signer.read(unsigned(algorithm)) is None


def test_signed_by_another_hand_or_in_another_way() -> None:
    head, body, signature = signed().split(".")
    other_body = signed(sub="8").split(".")[1]
    for forged in (
        signed(secret="f" * 64),
        signed("HS512"),
        signed("HS384"),
        signed(header={"crit": ["x"], "x": 1}),
        f"{head}.{other_body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature[:-4]}AAAA",
    ):
        assert signer.read(forged) is None


@pytest.mark.parametrize(
    "expires",
    [..., None, "abc", str(NOW + 600), NOW + 600.5, True, math.nan, math.inf, -math.inf, 10**400, 2**63, NOW - 60, 0, -1,
     NOW + 50 * 365 * 86400, [NOW + 600], {}],
    ids=kind,
)  # fmt: skip
def test_no_token_is_eternal(expires: Any) -> None:
    """A21"""
    assert signer.read(signed(exp=expires)) is None


@pytest.mark.parametrize(
    "issued", [..., None, "abc", str(NOW), NOW + 3600, NOW + 0.5, math.nan, -(10**30), 0], ids=kind
)
def test_no_token_is_without_a_beginning(issued: Any) -> None:
    assert signer.read(signed(iat=issued)) is None


@pytest.mark.parametrize("subject", [..., None, 7, "", "0", "-7", "07", "7 OR 1=1", "７", "9" * 30, " 7", ["7"], True])
def test_no_token_is_without_a_user(subject: Any) -> None:
    """A22"""
    assert signer.read(signed(sub=subject)) is None


@pytest.mark.parametrize("changes", [{"typ": ...}, {"typ": "refresh"}, {"typ": ["access"]}, {"jti": ...}, {"jti": 5},
                                     {"ver": ...}, {"ver": "3"}, {"ver": True}, {"ver": None}])  # fmt: skip
def test_a_token_for_something_else(changes: dict[str, Any]) -> None:
    """A24"""
    assert signer.read(signed(**changes)) is None


@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a", "a.b.c", "é.é.é", "\ud800", "e30.W10.", "x" * 100_000, "[" * 2000]
)
def test_no_token_at_all(text: str) -> None:
    assert signer.read(text) is None


def test_a_claims_set_that_is_none() -> None:
    for payload in (b"[]", b"1", b"null", b"{", b'{"sub":' * 200, b"\xff"):
        assert signer.read(jwt.api_jws.encode(payload, SECRET, algorithm="HS256")) is None


def test_a_short_secret_signs_nothing() -> None:
    with pytest.raises(jwt.InvalidKeyError):
        tokens.Signer("too short").issue(7, 3)


def test_opaque_secrets() -> None:
    session_id, token = tokens.new_session_id(), tokens.new_api_token()
    assert tokens.is_opaque(session_id)
    assert token.startswith("nb_")
    assert tokens.is_opaque(token.removeprefix("nb_"))
    assert not any(tokens.is_opaque(value) for value in ("", session_id + "x", session_id[:-1] + "\n", "é" * 43))
    assert session_id not in tokens.digest(session_id)
