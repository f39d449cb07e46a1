"""Numbers and texts in addresses: what only looks like one is refused, on every database alike."""

import httpx
import pytest

from tests.service import Register, problem


@pytest.mark.parametrize("value", ["%205", "%2B5", "1_0", "%D9%A5", "5.0", "0x5", "true", ""])
async def test_d17_f5_a_number_is_written_in_digits(admin: httpx.AsyncClient, value: str) -> None:
    for path in (
        "/api/batch/queues?limit=",
        "/api/admin/users?limit=",
        "/api/admin/batch/tasks?user_id=",
        "/api/auth/credits?queue_id=",
    ):
        assert problem(await admin.get(path + value)) == (422, "validation_failed"), path


@pytest.mark.parametrize("value", ["%201", "%2B1", "1_0", "%D9%A1", "1.0", "-1", "0", "9223372036854775808"])
async def test_d18_an_id_is_written_in_digits(register: Register, value: str) -> None:
    lin = await register("lin")
    for path in ("/api/batch/queues/", "/api/batch/tasks/", "/api/batch/images/"):
        assert problem(await lin.get(path + value)) == (422, "validation_failed"), path


@pytest.mark.parametrize("path", ["/api/admin/users", "/api/admin/batch/queues", "/api/admin/batch/tasks"])
async def test_d10_d21_a_search_for_nul_does_not_find_everything(admin: httpx.AsyncClient, path: str) -> None:
    assert problem(await admin.get(path, params={"q": "\0"})) == (422, "validation_failed")
