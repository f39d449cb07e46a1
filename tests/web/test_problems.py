"""Error documents: whatever a client sent, what is said of it is a document."""

import json

import httpx
import pytest

from backend.errors import ValidationFailed
from backend.web.problems import ProblemResponse
from tests.service import problem

CHANGES = (
    ("PUT", "/api/admin/config"),
    ("PUT", "/api/admin/presets/1"),
    ("PATCH", "/api/admin/users/2"),
)
HALF = r'"\ud800"'


@pytest.mark.parametrize("body", [f"{{{HALF}:null}}", f"{{{HALF}:1}}", f"{{{HALF}:{{{HALF}:{HALF}}}}}"])
async def test_a_name_that_has_no_utf8_is_a_name_that_nobody_knows(admin: httpx.AsyncClient, body: str) -> None:
    for method, path in CHANGES:
        answer = await admin.request(method, path, content=body, headers={"Content-Type": "application/json"})
        assert problem(answer) == (422, "validation_failed")
        assert answer.json()["errors"]


def test_no_message_is_too_odd_to_be_said() -> None:
    odd = "a\ud800b"
    document = json.loads(bytes(ProblemResponse(ValidationFailed(odd, errors=[{"loc": [odd]}], named=odd)).body))
    assert (document["detail"], document["errors"], document["named"]) == ("a?b", [{"loc": ["a?b"]}], "a?b")


@pytest.mark.parametrize(("method", "path", "name"), [(*CHANGES[0], "concurrency"), (*CHANGES[1], "title")])
async def test_null_is_no_value_for_a_field(admin: httpx.AsyncClient, method: str, path: str, name: str) -> None:
    answer = await admin.request(method, path, json={name: None})
    assert problem(answer) == (422, "validation_failed")
    assert name in answer.json()["errors"][0]["msg"]
