"""What is said of a failure, wherever it stands in an answer."""

from typing import Any

import pytest

from backend.upstreams.complaints import complaint_in, has_result


def nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def test_lists_in_lists_without_end_are_no_result() -> None:
    deep = {"data": nested("https://x.example/a.png", 100_000), "message": "none today", "code": "odd"}
    assert not has_result(deep)
    found = complaint_in(deep)
    assert found is not None
    assert found.message == "none today"


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_result_in_lists_is_one(depth: int) -> None:
    assert has_result({"data": nested("https://x.example/a.png", depth)})


@pytest.mark.parametrize(
    ("output", "codes"),
    [
        ({"task_status": "FAILED", "code": "InvalidParameter"}, ["invalidparameter"]),
        ({"task_status": "FAILED", "code": "InvalidParameter", "message": "x"}, ["invalidparameter"]),
        ({"task_status": "FAILED", "code": 17}, ["17"]),
        ({"task_status": "RUNNING", "code": "InvalidParameter"}, None),
        ({"task_status": "FAILED"}, None),
    ],
)
def test_a_task_that_failed_says_so_by_its_code(output: dict[str, Any], codes: list[str] | None) -> None:
    found = complaint_in({"output": output})
    assert (found.codes if found else None) == codes
