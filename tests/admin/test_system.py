"""What an operator asks for first."""

import httpx
import pytest
from fastapi import FastAPI

from backend import __version__
from tests.fakes.pictures import jpeg
from tests.service import ADMIN_PASSWORD, Register, Visitor, access_token

SYSTEM = "/api/admin/system"


async def test_versions_machine_and_what_is_stored(
    admin: httpx.AsyncClient, register: Register, database_kind: str
) -> None:
    before = (await admin.get(SYSTEM)).json()
    assert (before["version"], before["https"]) == (__version__, False)
    assert before["server"]["cpus"] >= 1
    assert (before["database"]["kind"], before["database"]["bytes"] > 0) == (database_kind, True)
    assert before["database"]["version"][0].isdigit()
    assert (before["storage"]["kind"], before["storage"]["images"], before["storage"]["bytes"]) == ("local", 0, 0)
    assert 0 < before["storage"]["free_bytes"] <= before["storage"]["total_bytes"]
    lin, photo = await register("lin"), jpeg(32, 32)
    for name in ("a.jpg", "same-bytes.jpg"):
        assert (await lin.post("/api/batch/images", files={"file": (name, photo, "image/jpeg")})).status_code == 201
    after = (await admin.get(SYSTEM)).json()["storage"]
    assert after["images"] == 2
    assert 0 < after["bytes"] < 2 * len(photo)


@pytest.mark.parametrize("site", ["https://photos.test", "http://photos.test"])
async def test_https_is_what_the_browser_used(visitor: Visitor, site: str) -> None:
    admin = visitor(token=await access_token(visitor(), "admin", ADMIN_PASSWORD), site=site)
    assert (await admin.get(SYSTEM)).json()["https"] == site.startswith("https")


async def test_an_address_in_the_settings_says_so_too(app: FastAPI, admin: httpx.AsyncClient) -> None:
    """Behind a proxy that is not trusted the scheme of a request says nothing."""
    app.state.settings = app.state.settings.model_copy(update={"public_url": "https://photos.example"})
    assert (await admin.get(SYSTEM)).json()["https"] is True
