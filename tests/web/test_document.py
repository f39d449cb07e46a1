"""The API's document: every route says what it does, what it answers, every error that it can return, and shows an example."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from backend.app import OPEN_ROUTES, create_app
from backend.settings import Settings
from backend.web.problems import MEDIA_TYPE
from backend.web.samples import fits

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return create_app(Settings(_env_file=None)).openapi()


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def codes(operation: Json, status: int) -> set[str]:
    answer = operation["responses"].get(str(status), {})
    return set(answer.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}))


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from references(inner)


def test_every_route_says_what_it_does(document: Json) -> None:
    names = []
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert re.fullmatch(rf"{operation['tags'][0]}-[a-z_]+", operation["operationId"]), (method, path)
        names.append(operation["operationId"])
    assert len(names) == len(set(names)) > 50


def test_every_success_has_a_model_and_an_example(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for method, path, operation in operations(document):
        successes = {status: each for status, each in operation["responses"].items() if status[0] == "2"}
        assert successes, (method, path)
        for status, answer in successes.items():
            content = answer.get("content", {})
            assert content or status in ("204", "206"), (method, path, status)
            assert "text" not in str(content.get("application/json", {}).get("example")), (method, path)
            if "application/json" in content:
                assert content["application/json"]["schema"], (method, path)
                assert fits(content["application/json"]["example"], content["application/json"]["schema"], schemas)


def test_every_json_body_has_an_example_that_fits(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            if kind in content:
                assert fits(content[kind]["example"], content[kind]["schema"], schemas), (method, path)


def test_every_error_that_a_kind_of_route_can_return_is_there(document: Json) -> None:
    for method, path, operation in operations(document):
        where = (method, path)
        if where not in OPEN_ROUTES:
            assert "not_authenticated" in codes(operation, 401), where
            assert operation["security"], where
        if method != "GET":
            assert "cross_origin" in codes(operation, 403), where
        if path.startswith("/api/admin"):
            assert "admin_only" in codes(operation, 403), where
        if "requestBody" in operation:
            assert "malformed_request" in codes(operation, 400), where
            assert "body_too_large" in codes(operation, 413), where
            assert "unsupported_media_type" in codes(operation, 415), where
        if "requestBody" in operation or operation.get("parameters"):
            assert "validation_failed" in codes(operation, 422), where
        assert "internal" in codes(operation, 500), where
        assert "503" in operation["responses"], where


def test_what_a_route_declares_is_kept(document: Json) -> None:
    paths = document["paths"]
    assert codes(paths["/api/auth/register"]["post"], 422) == {"validation_failed", "weak_password"}
    assert codes(paths["/api/auth/token"]["post"], 401) == {"invalid_credentials"}
    assert codes(paths["/api/auth/password"]["post"], 401) == {"invalid_credentials", "not_authenticated"}
    assert codes(paths["/api/batch/queues"]["post"], 402) == {"insufficient_credits"}
    assert codes(paths["/api/admin/users/{user_id}/credits"]["post"], 409) == {"insufficient_credits"}
    assert "application/json" in paths["/api/health"]["get"]["responses"]["503"]["content"]


def test_every_error_is_a_problem_document(document: Json) -> None:
    for method, path, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status[0] in "45" and "content" in answer and path != "/api/health":
                assert list(answer["content"]) == [MEDIA_TYPE], (method, path, status)
                content = answer["content"][MEDIA_TYPE]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
                assert all(each["value"]["status"] == int(status) for each in content["examples"].values())


def test_every_reference_leads_somewhere(document: Json) -> None:
    for reference in references(document):
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
