"""How much the door lets in, and what it says of more."""

from collections.abc import AsyncIterator

from backend.settings import Settings
from tests.service import Register, problem

UPLOAD, BATCH = "/api/batch/images", "/api/batch/queues"
FORM = {"Content-Type": "multipart/form-data; boundary=xyz"}
PIECE = bytes(1024 * 1024)


async def growing(size: int) -> AsyncIterator[bytes]:
    """A form without a length, whose one file is of this size."""
    yield b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="big.png"\r\n\r\n'
    for _ in range(0, size, len(PIECE)):
        yield PIECE


async def test_c01_more_than_a_file_may_have_is_a_file_that_is_too_large(
    register: Register, settings: Settings
) -> None:
    lin, most = await register("lin"), settings.batch_max_file_bytes
    announced = await lin.post(UPLOAD, files={"file": ("big.png", bytes(most + len(PIECE)))})
    unannounced = await lin.post(UPLOAD, content=growing(most + len(PIECE)), headers=FORM)
    for answer in (announced, unannounced):
        assert problem(answer) == (413, "file_too_large")
        assert answer.json()["limit"] == most
        assert answer.headers["connection"] == "close"


async def test_c04_other_bodies_are_bodies(register: Register, settings: Settings) -> None:
    lin, most = await register("lin"), settings.batch_max_file_bytes
    whole = str(settings.batch_max_files * 2 * most)
    answers = [
        await lin.post(UPLOAD, content=b"", headers={"Content-Type": "application/json", "Content-Length": str(most)}),
        await lin.post(BATCH, content=b"", headers=FORM | {"Content-Length": whole}),
    ]
    assert [problem(answer) for answer in answers] == [(413, "body_too_large")] * 2
