"""The fakes are the ground truth of other tests, so they are tested too."""

import asyncio
from collections.abc import Callable

import pytest

from backend.upstreams.base import EditResult, SourceImage, UpstreamError
from tests.fakes.pictures import jpeg, png, source
from tests.fakes.relay import ImageRelay
from tests.fakes.vendor import Vendor
from tests.fakes.vendors import FakeDashScope, FakeGemini, FakeImages
from tests.fakes.wire import Answer
from tests.upstreams.cases import a_request, result_of, upstream_at

FAKES: list[tuple[str, Callable[[], Vendor]]] = [
    ("openai-chat", ImageRelay),
    ("openai-images", FakeImages),
    ("gemini", FakeGemini),
    ("dashscope", FakeDashScope),
]


async def test_the_relay_counts_what_is_in_flight() -> None:
    async with ImageRelay() as relay:
        upstream = upstream_at(relay, "openai-chat")
        relay.script(*(Answer(hang=True) for _ in range(4)))
        calls = [asyncio.create_task(upstream.edit(a_request())) for _ in range(4)]
        await relay.until(lambda: relay.in_flight == 4)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await relay.until(lambda: relay.in_flight == 0)
        assert relay.max_in_flight == 4
        assert all(request.cancelled for request in relay.requests)
        await upstream.aclose()


async def test_one_after_the_other_is_never_two_at_once() -> None:
    async with ImageRelay() as relay:
        upstream = upstream_at(relay, "openai-chat")
        for _ in range(30):
            await upstream.edit(a_request())
        await upstream.aclose()
        assert relay.max_in_flight == 1
        assert [request.status for request in relay.requests] == [200] * 30


async def test_the_same_request_gives_the_same_picture_and_another_one_another() -> None:
    async with ImageRelay() as relay:
        upstream = upstream_at(relay, "openai-chat")
        first, again, other = [await upstream.edit(a_request(prompt=prompt)) for prompt in ("a", "a", "b")]
        await upstream.aclose()
    assert first.data == again.data != other.data


@pytest.mark.parametrize(("provider", "fake"), FAKES, ids=[kind for kind, _ in FAKES])
@pytest.mark.parametrize("kind", ["good", "no image", "sideways", "GIF", "CMYK"])
async def test_what_a_vendor_would_refuse_is_refused(provider: str, fake: Callable[[], Vendor], kind: str) -> None:
    import io

    from PIL import Image

    exif = Image.Exif()
    exif[0x0112] = 6
    buffers = {"GIF": io.BytesIO(), "CMYK": io.BytesIO()}
    Image.new("P", (8, 8)).save(buffers["GIF"], "GIF")
    Image.new("CMYK", (8, 8)).save(buffers["CMYK"], "JPEG")
    data = {
        "good": jpeg(),
        "no image": b"nothing",
        "sideways": jpeg(exif=exif.tobytes()),
        **{name: buffer.getvalue() for name, buffer in buffers.items()},
    }[kind]
    async with fake() as vendor:
        upstream = upstream_at(vendor, provider)
        result = await result_of(upstream.edit(a_request(image=SourceImage(data, "image/jpeg", 64, 64))))
        await upstream.aclose()
    assert isinstance(result, EditResult) == (kind == "good"), result
    if isinstance(result, UpstreamError):
        assert result.error_code == "upstream_bad_request"


@pytest.mark.parametrize(("provider", "fake"), FAKES, ids=[kind for kind, _ in FAKES])
async def test_a_body_that_is_too_large_is_refused(provider: str, fake: Callable[[], Vendor]) -> None:
    async with fake() as vendor:
        vendor.max_body = 100
        upstream = upstream_at(vendor, provider)
        result = await result_of(upstream.edit(a_request()))
        await upstream.aclose()
    assert isinstance(result, UpstreamError)
    assert result.error_code == "upstream_bad_request"


async def test_openrouter_gives_text_to_whoever_does_not_ask_for_images() -> None:
    async with ImageRelay() as relay:
        relay.openrouter = True
        upstream = upstream_at(relay, "openai-chat")
        assert isinstance(await result_of(upstream.edit(a_request())), EditResult)
        await upstream.aclose()
        upstream = upstream_at(relay, "openai-chat", extra_params={"modalities": ["text"]})
        result = await result_of(upstream.edit(a_request()))
        await upstream.aclose()
    assert isinstance(result, UpstreamError)
    assert result.error_code == "no_image_returned"


def test_pictures_are_real() -> None:
    import io

    from PIL import Image

    for data in (png(3, 5), jpeg(3, 5), source(3, 5).data):
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.size == (3, 5)
