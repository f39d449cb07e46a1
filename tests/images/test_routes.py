"""`/api/batch/images` over HTTP: giving, getting back, and who may."""

import asyncio
import hashlib
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from backend.images.imaging import ACCEPTED_TYPES
from backend.images.models import Image
from backend.settings import Settings
from backend.storage import ours
from tests.fakes.pictures import png
from tests.images.samples import FORMATS, halves, opened, saved
from tests.service import Register, problem

PNG = saved(halves(), "PNG")
SHA = hashlib.sha256(PNG).hexdigest()


async def give(client: httpx.AsyncClient, name: str = "照片.png", data: bytes = PNG) -> dict[str, Any]:
    answer = await client.post("/api/batch/images", files={"file": (name, data, "image/png")})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def test_an_image_given_is_described(register: Register) -> None:
    lin = await register("lin")
    answer = await lin.post("/api/batch/images", files={"file": ("照片.png", PNG, "text/plain")})
    assert answer.status_code == 201
    image = answer.json()
    created_at = image.pop("created_at")
    assert created_at.endswith("Z")
    assert image == {
        "id": image["id"],
        "filename": "照片.png",
        "mime_type": "image/png",
        "width": 48,
        "height": 32,
        "size_bytes": len(PNG),
        "sha256": SHA,
        "url": f"/api/batch/images/{image['id']}",
        "thumbnail_url": f"/api/batch/images/{image['id']}/thumbnail",
    }


async def test_the_same_again_is_200_and_the_same(register: Register) -> None:
    lin = await register("lin")
    first = await give(lin)
    again = await lin.post("/api/batch/images", files={"file": ("照片.png", PNG, "image/png")})
    assert (again.status_code, again.json()) == (200, first)
    other = await lin.post("/api/batch/images", files={"file": ("other.png", PNG, "image/png")})
    assert other.status_code == 201
    assert other.json()["id"] != first["id"]


async def test_what_is_given_comes_back_to_the_byte(register: Register) -> None:
    lin = await register("lin")
    for mime_type, make in FORMATS.items():
        data = make()
        image = await give(lin, "a.bin", data)
        answer = await lin.get(image["url"])
        assert answer.content == data
        assert answer.headers["content-type"] == image["mime_type"] == mime_type
        assert opened((await lin.get(image["thumbnail_url"])).content).format == "WEBP"


async def test_o01_a_file_is_cached_by_its_owner_and_never_a_page(register: Register) -> None:
    lin = await register("lin")
    image = await give(lin)
    for which in ("url", "thumbnail_url"):
        answer = await lin.get(image[which])
        headers = answer.headers
        assert headers["content-type"] in (*ACCEPTED_TYPES,)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cache-control"] == "private, max-age=31536000, immutable"
        assert headers["content-length"] == str(len(answer.content))
        assert "content-disposition" not in headers


async def test_an_etag_saves_the_bytes(register: Register) -> None:
    lin = await register("lin")
    image = await give(lin)
    tag = (await lin.get(image["url"])).headers["etag"]
    assert (await lin.get(image["thumbnail_url"])).headers["etag"] != tag
    for value in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = await lin.get(image["url"], headers={"If-None-Match": value})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await lin.get(image["url"], headers={"If-None-Match": '"x"'})).status_code == 200


PARTS = {
    "bytes=0-": (0, len(PNG)),
    "bytes=0-0": (0, 1),
    "bytes=5-9": (5, 10),
    "bytes=10-": (10, len(PNG)),
    "bytes=-7": (len(PNG) - 7, len(PNG)),
    "bytes=-99999": (0, len(PNG)),
    "bytes=3-99999999": (3, len(PNG)),
}
NOT_ONE_PART = (
    "bytes=99999-",
    "bytes=-0",
    f"bytes={len(PNG)}-",
    "bytes=",
    "bytes=-",
    "bytes=5-3",
    "bytes=a-b",
    "items=0-1",
    "bytes=0-1,3-4",
    f"bytes={'9' * 30}-",
)


async def test_a_part_can_be_asked_for(register: Register) -> None:
    lin = await register("lin")
    url = (await give(lin))["url"]
    for wanted, (start, end) in PARTS.items():
        answer = await lin.get(url, headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (206, PNG[start:end]), wanted
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(PNG)}"
    for wanted in NOT_ONE_PART:
        answer = await lin.get(url, headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (200, PNG), wanted
        assert "content-range" not in answer.headers


async def test_a_part_of_what_it_was_before_is_the_whole(register: Register) -> None:
    lin = await register("lin")
    image = await give(lin)
    tag = (await lin.get(image["url"])).headers["etag"]
    for if_range, status in ((tag, 206), ('"other"', 200)):
        answer = await lin.get(image["url"], headers={"Range": "bytes=0-3", "If-Range": if_range})
        assert answer.status_code == status


async def test_head_tells_and_sends_nothing(register: Register) -> None:
    lin = await register("lin")
    image = await give(lin)
    answer = await lin.head(image["url"])
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", str(len(PNG)))
    assert (await lin.head(image["thumbnail_url"])).headers["content-type"] == "image/webp"
    assert (await lin.head(image["url"], headers={"Range": "bytes=0-3"})).headers["content-length"] == "4"


SAVED_AS = {
    "照片 😀.png": "照片 😀.png",
    "folder/a.png": "a.png",
    "../../x.png": "x.png",
    "a%0d%0aSet-Cookie: x=1.png": "a%0d%0aSet-Cookie_ x=1.png",
    "a\u202egnp.exe": "agnp.exe",
    "50% & 'off'.png": "50% & 'off'.png",
    "x" * 5000 + ".png": "x" * 146 + ".png",
}


async def test_o02_it_can_be_saved_under_its_name(register: Register) -> None:
    lin = await register("lin")
    for name, saved_as in SAVED_AS.items():
        image = await give(lin, name)
        disposition = (await lin.get(image["url"], params={"download": "1"})).headers["content-disposition"]
        kind, plain, extended = disposition.split("; ")
        assert kind == "attachment"
        assert plain.startswith('filename="')
        assert plain.isascii()
        assert extended == f"filename*=UTF-8''{quote(saved_as, safe='')}"


async def test_a_thumbnail_is_saved_under_the_images_name_and_its_own_type(register: Register) -> None:
    lin = await register("lin")
    url = (await give(lin, "folder/照片.png"))["thumbnail_url"]
    assert "content-disposition" not in (await lin.get(url)).headers
    disposition = (await lin.get(url, params={"download": "1"})).headers["content-disposition"]
    assert disposition.endswith(f"filename*=UTF-8''{quote('照片.webp')}")


async def test_a_result_is_saved_with_its_own_types_extension(register: Register, app: FastAPI) -> None:
    lin = await register("lin")
    image = await give(lin, "a.jpg")

    async def make_it_a_result(session: AsyncSession) -> None:
        row = await session.get_one(Image, image["id"])
        row.upload_key = None

    saved_as = "filename*=UTF-8''{}".format
    for name in ("a.jpg", "a.png"):
        answer = await lin.get(image["url"], params={"download": "1"})
        assert answer.headers["content-disposition"].endswith(saved_as(name))
        await app.state.db.write(make_it_a_result)


async def test_b05_o08_others_images_do_not_exist(
    register: Register, admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    lin, wei = await register("lin"), await register("wei")
    image = await give(lin)
    for which in ("url", "thumbnail_url"):
        tag = (await lin.get(image[which])).headers["etag"]
        never_used = (await wei.get(image[which].replace(str(image["id"]), "999999"))).json()
        for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": tag}, {"If-None-Match": "*"}):
            answer = await wei.get(image[which], headers=headers)
            assert problem(answer) == (404, "not_found")
            assert answer.json() == never_used
            assert (await wei.head(image[which], headers=headers)).status_code == 404
            assert problem(await client.get(image[which], headers=headers)) == (401, "not_authenticated")
        assert (await admin.get(image[which])).status_code == 200


async def test_an_id_is_a_number(register: Register) -> None:
    lin = await register("lin")
    for image_id in ("0", "-1", "abc", "9" * 30, "1.5"):
        assert problem(await lin.get(f"/api/batch/images/{image_id}")) == (422, "validation_failed")


BAD = {
    b"": (422, "unreadable_image"),
    b"<svg/>": (415, "unsupported_image"),
    PNG[:-30]: (422, "unreadable_image"),
    saved(halves(), "ICO"): (415, "unsupported_image"),
}


async def test_c21_a_bad_file_is_named(register: Register) -> None:
    lin = await register("lin")
    for data, expected in BAD.items():
        answer = await lin.post("/api/batch/images", files={"file": ("bad.png", data, "image/png")})
        assert problem(answer) == expected
        assert answer.json()["detail"].startswith("bad.png: ")


async def test_c01_a_file_that_is_too_large_is_named(register: Register, settings: Settings) -> None:
    lin = await register("lin")
    data = PNG + bytes(settings.batch_max_file_bytes - len(PNG))
    assert (await lin.post("/api/batch/images", files={"file": ("fits.png", data)})).status_code == 201
    answer = await lin.post("/api/batch/images", files={"file": ("big.png", data + b"\0")})
    assert problem(answer) == (413, "file_too_large")
    assert "big.png" in answer.json()["detail"]


async def objects(app: FastAPI) -> int:
    return len([key async for key, _age in ours(app.state.storage)])


async def test_l14_t17_uploads_that_nothing_uses_are_counted(
    register: Register, app: FastAPI, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.ingest, "_most_unused", 3)
    lin, mei = await register("lin"), await register("mei")
    first = await give(lin, "0.png")
    for number in (1, 2):
        await give(lin, f"{number}.png", png(9, 9 + number))

    async def refused(name: str, data: bytes) -> bool:
        answer = await lin.post("/api/batch/images", files={"file": (name, data)})
        return problem(answer) == (429, "queue_full") and answer.headers["retry-after"] == "60"

    assert await refused("3.png", png(9, 20))
    assert await refused("3.png", PNG)
    assert await give(lin, "0.png") == first
    assert await objects(app) == 6
    assert not list(settings.scratch_dir.glob("*"))
    await give(mei)
    batch = {"prompt": "x"}
    by_file = await lin.post("/api/batch/queues", data=batch, files={"images": ("4.png", png(9, 21))})
    assert by_file.status_code == 201  # they are used at once
    assert await refused("3.png", PNG)
    by_id = await lin.post("/api/batch/queues", json=batch | {"image_ids": [first["id"]]})
    assert by_id.status_code == 201
    await give(lin, "3.png")
    assert await refused("5.png", PNG)


async def test_l14_uploads_that_come_at_once_are_counted(
    register: Register, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.ingest, "_most_unused", 3)
    lin = await register("lin")
    several = [("file", (f"{number}.png", png(9, 9 + number))) for number in range(12)]
    answers = await asyncio.gather(*(lin.post("/api/batch/images", files=[each]) for each in several))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 9
    assert await objects(app) == 6


async def test_two_files_are_one_too_many(register: Register, settings: Settings) -> None:
    lin = await register("lin")
    files = [("file", ("a.png", PNG)), ("file", ("b.png", PNG))]
    assert problem(await lin.post("/api/batch/images", files=files)) == (413, "too_many_files")
    assert not list(settings.scratch_dir.glob("*"))


async def test_c08_a_body_without_its_end_is_refused(register: Register) -> None:
    lin = await register("lin")
    body = b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PNG
    headers = {"Content-Type": "multipart/form-data; boundary=xyz"}
    assert problem(await lin.post("/api/batch/images", content=body, headers=headers)) == (400, "malformed_request")
    another = {"Content-Type": "application/x-www-form-urlencoded"}
    assert problem(await lin.post("/api/batch/images", content=body, headers=another)) == (
        415,
        "unsupported_media_type",
    )
    nothing = {"Content-Type": "multipart/form-data"}
    assert problem(await lin.post("/api/batch/images", content=body, headers=nothing)) == (400, "malformed_request")
