"""The one client: what it refuses to call, and that no way of answering badly makes it wait, swallow or crash."""

import asyncio
import gzip
import json
import tracemalloc
import zlib
from collections.abc import AsyncIterator

import pytest

from backend.upstreams.addresses import AddressBook, host_port, is_public
from backend.upstreams.base import Outcome, UpstreamError
from backend.upstreams.bodies import LOOKS, is_whole
from backend.upstreams.http import Http
from tests.fakes.pictures import png
from tests.fakes.wire import Answer, Received, WireServer, html_answer, json_answer

KEY = {"authorization": "Bearer sk-secret-canary-0001"}


class Scripted(WireServer):
    """Gives the answer that the test sets."""

    def __init__(self) -> None:
        super().__init__()
        self.next = json_answer({"ok": True})

    async def answer(self, request: Received) -> Answer:
        return self.next


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    async with Scripted() as running:
        yield running


@pytest.fixture
async def http(server: Scripted) -> AsyncIterator[Http]:
    client = Http(timeout=5, trusted=[("127.0.0.1", server.port)], quiet_seconds=0.1, retry_delay=0)
    yield client
    await client.aclose()


async def failure_of(work: object) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await work  # type: ignore[misc]
    return caught.value


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.0.0.2",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:53aa:64c::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://x/",
        "ftp://8.8.8.8/x",
        "data:image/png;base64,AAAA",
        "//canary/x",
        "relative.png",
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://①②⑦.⓪.⓪.①/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/",
        "https://10.0.0.1/x.png",
        "http://[fd00:ec2::254]/",
        "https://user:pw@8.8.8.8/x.png",
        "http://8.8.8.8:22/",
        "http://8.8.8.8:3306/",
        "http://8.8.8.8:0/",
        "http://8.8.8.8:99999/",
        "http:///x",
        "https://",
    ],
)
async def test_result_addresses_that_are_refused_and_named(url: str) -> None:
    client = Http(timeout=5, retry_delay=0)
    error = await failure_of(client.download(url))
    await client.aclose()
    assert (error.outcome, error.error_code) == (Outcome.INPUT, "blocked_address")
    assert "not allowed" in error.detail
    assert "meta-data" not in error.detail


NAMED = [
    ("http://127.0.0.1/x.png?sig=1", "http://127.0.0.1:80"),
    ("http://169.254.169.254/latest/meta-data", "http://169.254.169.254:80"),
    ("http://[::1]/x.png", "http://[::1]:80"),
    ("https://[::ffff:10.0.0.1]/", "https://[::ffff:10.0.0.1]:443"),
    ("http://[64:ff9b::7f00:1]/", "http://[64:ff9b::7f00:1]:80"),
    ("http://0177.0.0.1/x.png", "http://0177.0.0.1"),
    ("http://me:secret@0177.0.0.1/x.png", "http://0177.0.0.1"),
    ("http://2130706433/", "http://2130706433:80"),
    ("http://0x7f000001/", "http://0x7f000001:80"),
    ("http://0.0.0.0/", "http://0.0.0.0:80"),
    ("http://localhost/x.png", "http://localhost:80"),
    ("file:///etc/passwd", "file:"),
]


@pytest.mark.parametrize(("url", "name"), NAMED, ids=[url for url, _ in NAMED])
@pytest.mark.parametrize("redirected", [False, True], ids=["straight", "redirected"])
async def test_the_refused_address_is_named_and_nothing_else_of_it(
    server: Scripted, http: Http, url: str, name: str, redirected: bool
) -> None:
    server.next = Answer(302, headers={"location": url})
    error = await failure_of(http.download(server.base_url if redirected else url))
    assert (error.outcome, error.error_code) == (Outcome.INPUT, "blocked_address")
    assert error.detail == f"the address {name} is not allowed"


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [(["127.0.0.2"], False), (["8.8.8.8", "10.0.0.5"], False), ([], False), (["8.8.8.8", "2606:4700::1111"], True)],
)
async def test_all_addresses_of_a_name_must_be_public(addresses: list[str], allowed: bool) -> None:
    asked = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return addresses

    book = AddressBook(resolve=resolve)
    if allowed:
        assert (await book.target("https", "images.example", None)).addresses == tuple(addresses)
    else:
        assert (await failure_of(book.target("https", "images.example", None))).error_code == "blocked_address"
    assert asked == ["images.example"]


async def test_a_name_is_resolved_once_and_its_address_is_the_one_connected_to(server: Scripted) -> None:
    answers = [["127.0.0.1"], ["10.9.9.9"]]

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    client = Http(timeout=5, trusted=[("relay.example", server.port)], resolve=resolve)
    reply = await client.call("GET", f"http://relay.example:{server.port}/v1", headers=KEY)
    await client.aclose()
    assert reply.status == 200
    assert server.requests[0].headers["host"] == f"relay.example:{server.port}"
    assert len(answers) == 1


async def test_the_next_address_is_tried_when_one_does_not_answer(server: Scripted) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.3", "127.0.0.1"]

    client = Http(timeout=5, trusted=[("relay.example", server.port)], resolve=resolve)
    reply = await client.call("GET", f"http://relay.example:{server.port}/", headers={})
    await client.aclose()
    assert reply.status == 200


async def test_the_environment_has_no_say(server: Scripted, http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    client = Http(timeout=5, trusted=[("127.0.0.1", server.port)])
    assert (await client.call("GET", server.base_url, headers={})).status == 200
    await client.aclose()


async def test_a_private_base_url_is_a_matter_of_configuration() -> None:
    client = Http(timeout=5)
    error = await failure_of(client.call("POST", "http://127.0.0.1:9/v1", headers=KEY, json_body={}))
    await client.aclose()
    assert (error.outcome, error.error_code) == (Outcome.AUTH, "blocked_address")


async def test_an_answer_of_any_status_is_read(server: Scripted, http: Http) -> None:
    for status in (200, 400, 429, 500, 503):
        server.next = json_answer({"status": status}, status)
        reply = await http.call("POST", server.base_url + "/v1", headers=KEY, json_body={"prompt": "照片 😀"})
        assert (reply.status, json.loads(reply.body)) == (status, {"status": status})
    sent = server.requests[0]
    assert sent.json() == {"prompt": "照片 😀"}
    assert sent.headers["accept-encoding"] == "identity"
    assert sent.headers["authorization"] == KEY["authorization"]


async def test_half_a_character_in_an_operators_field_is_sent_as_a_question_mark(server: Scripted, http: Http) -> None:
    await http.call("POST", server.base_url, headers={}, json_body={"style": "a\ud800b", "n": 1})
    assert server.requests[0].json() == {"style": "a?b", "n": 1}


async def test_nothing_is_remembered_between_calls(server: Scripted, http: Http) -> None:
    server.next = json_answer({}, headers={"set-cookie": "session=1; Path=/"})
    for _ in range(2):
        await http.call("GET", server.base_url, headers={})
    assert "cookie" not in server.requests[1].headers


async def test_a_redirect_is_refused_and_nothing_goes_there(server: Scripted, http: Http) -> None:
    async with Scripted() as elsewhere:
        server.next = Answer(302, headers={"location": elsewhere.base_url + "/login?token=x"})
        error = await failure_of(http.call("POST", server.base_url, headers=KEY, json_body={}))
        assert error.outcome is Outcome.AUTH
        assert elsewhere.netloc in error.detail
        assert not elsewhere.requests


async def test_connection_refused_costs_nothing() -> None:
    async with Scripted() as server:
        port = server.port
    client = Http(timeout=5, trusted=[("127.0.0.1", port)])
    error = await failure_of(client.call("POST", f"http://127.0.0.1:{port}/", headers=KEY, json_body={}))
    await client.aclose()
    assert (error.outcome, error.billed) == (Outcome.BACKOFF, False)


async def test_a_name_that_does_not_resolve_can_be_tried_again() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    client = Http(timeout=5, resolve=resolve)
    error = await failure_of(client.call("GET", "https://no-such-host.example/", headers={}))
    await client.aclose()
    assert (error.outcome, error.error_code) == (Outcome.BACKOFF, "upstream_unavailable")


WHOLE = json_answer({"data": "x" * 20_000})


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=WHOLE.body, content_length=30_000, fin=True),
        Answer(body=WHOLE.body, chunked=True, fin=True),
        Answer(body=WHOLE.body, chunked=True, stall=True),
        Answer(body=WHOLE.body, content_length=30_000, stall=True),
        Answer(body=gzip.compress(WHOLE.body), headers={"content-encoding": "gzip"}),
        Answer(body=zlib.compress(WHOLE.body), headers={"content-encoding": "deflate"}),
        Answer(body=gzip.compress(WHOLE.body), headers={"content-encoding": "gzip"}, chunked=True, stall=True),
        Answer(body=WHOLE.body, piece=1000, drip=0.001),
    ],
    ids=["long length", "no end", "tail stall chunked", "tail stall", "gzip", "deflate", "gzip stall", "drip"],
)
async def test_a_whole_answer_counts_however_it_ends(server: Scripted, http: Http, answer: Answer) -> None:
    server.next = answer
    reply = await http.call("POST", server.base_url, headers=KEY, json_body={})
    assert json.loads(reply.body) == json.loads(WHOLE.body)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=WHOLE.body, cut_after=12_000),
        Answer(body=WHOLE.body, chunked=True, cut_after=12_000),
        Answer(body=WHOLE.body[:-5], content_length=30_000, fin=True),
        Answer(hang=True),
        Answer(body=WHOLE.body[:100], chunked=True, stall=True),
        Answer(body=WHOLE.body, piece=1, drip=0.2),
    ],
    ids=["reset", "reset chunked", "short", "hang", "stall in the middle", "endless drip"],
)
async def test_a_lost_answer_is_ambiguous(server: Scripted, answer: Answer) -> None:
    server.next = answer
    client = Http(timeout=1, trusted=[("127.0.0.1", server.port)], quiet_seconds=0.05)
    error = await failure_of(client.call("POST", server.base_url, headers=KEY, json_body={}))
    await client.aclose()
    assert (error.outcome, error.error_code, error.billed) == (Outcome.AMBIGUOUS, "upstream_timeout", True)


async def test_an_error_that_breaks_off_still_has_its_status(server: Scripted, http: Http) -> None:
    server.next = Answer(503, b'{"error": {"mess', content_length=500, fin=True)
    assert (await http.call("POST", server.base_url, headers=KEY, json_body={})).status == 503


async def test_a_finished_event_stream_is_not_waited_for(server: Scripted, http: Http) -> None:
    body = b'data: {"a": 1}\n\ndata: [DONE]\n\n'
    server.next = Answer(body=body, headers={"content-type": "text/event-stream"}, chunked=True, stall=True)
    assert (await http.call("POST", server.base_url, headers=KEY, json_body={})).body == body


async def test_pulses_after_half_an_answer_are_not_worth_a_look_each(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def counted(body: bytearray, encoding: str) -> bool:
        nonlocal looks
        looks += 1
        return is_whole(body, encoding)

    monkeypatch.setattr("backend.upstreams.bodies.is_whole", counted)
    half = b'{"data":['
    server.next = Answer(body=half + b" " * 30 * len(half), piece=len(half), drip=0.02, chunked=True, fin=True)
    client = Http(timeout=20, trusted=[("127.0.0.1", server.port)], quiet_seconds=0.01)
    error = await failure_of(client.call("POST", server.base_url, headers=KEY, json_body={}))
    await client.aclose()
    assert error.outcome is Outcome.AMBIGUOUS
    # and once more when the connection broke
    assert looks <= LOOKS + 1


async def test_a_pulse_may_close_what_was_said(server: Scripted, http: Http) -> None:
    said = b'data: {"type": "image_edit.completed"}\n'
    body = said + b"\n".ljust(len(said), b"\n") * 3
    server.next = Answer(body=body, piece=len(said), drip=0.15, chunked=True, stall=True)
    assert (await http.call("POST", server.base_url, headers=KEY, json_body={})).body.startswith(said + b"\n")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "nonsense"])
async def test_other_encodings_are_not_attempted(server: Scripted, http: Http, encoding: str) -> None:
    server.next = Answer(body=b"xxxx", headers={"content-encoding": encoding})
    error = await failure_of(http.call("POST", server.base_url, headers=KEY, json_body={}))
    assert (error.outcome, error.error_code) == (Outcome.BACKOFF, "unreadable_result")


async def test_a_compression_bomb_stays_small(server: Scripted, http: Http) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000, compresslevel=1)
    server.next = Answer(body=bomb, headers={"content-encoding": "gzip"})
    tracemalloc.start()
    error = await failure_of(http.call("POST", server.base_url, headers=KEY, json_body={}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.error_code == "unreadable_result"
    assert peak < 200_000_000


async def test_cancelling_a_call_closes_it(server: Scripted, http: Http) -> None:
    server.next = Answer(hang=True)
    call = asyncio.create_task(http.call("POST", server.base_url, headers=KEY, json_body={}))
    await server.until(lambda: server.in_flight == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await server.until(lambda: server.in_flight == 0)
    assert server.requests[0].cancelled


async def test_a_key_in_an_error_is_hidden(http: Http) -> None:
    error = await failure_of(
        http.call("POST", "http://sk-secret-canary-0001@[broken", headers={}, secrets=["sk-secret-canary-0001"])
    )
    assert "canary" not in str(error)


class TestDownloads:
    async def test_the_bytes_come_back_and_no_key_goes_out(self, server: Scripted, http: Http) -> None:
        server.next = Answer(body=png(), headers={"content-type": "text/plain"})
        assert await http.download(server.base_url + "/x.png?sig=a%2Fb&e=1") == png()
        assert server.requests[0].path == "/x.png?sig=a%2Fb&e=1"
        assert not {"authorization", "cookie", "x-goog-api-key"} & set(server.requests[0].headers)

    @pytest.mark.parametrize("status", [403, 404, 410, 500, 503])
    async def test_only_the_download_is_repeated(self, server: Scripted, http: Http, status: int) -> None:
        server.next = html_answer("gone", status)
        error = await failure_of(http.download(server.base_url + "/x.png"))
        assert (error.outcome, error.billed) == (Outcome.AMBIGUOUS, True)
        assert len(server.requests) == 3
        assert str(status) in error.detail

    async def test_a_truncated_result_is_fetched_again(self, server: Scripted, http: Http) -> None:
        server.next = Answer(body=png(), content_length=10_000, fin=True)
        fetch = asyncio.create_task(http.download(server.base_url + "/x.png"))
        await server.until(lambda: len(server.requests) >= 1)
        server.next = Answer(body=png())
        assert await fetch == png()

    async def test_redirects_are_followed_as_far_as_they_stay_allowed(self, server: Scripted, http: Http) -> None:
        async def hops(request: Received) -> Answer:
            count = int(request.path.strip("/"))
            return Answer(body=png()) if count == 0 else Answer(302, headers={"location": f"/{count - 1}"})

        server.answer = hops  # type: ignore[method-assign]
        assert await http.download(server.base_url + "/3") == png()
        error = await failure_of(http.download(server.base_url + "/4"))
        assert error.error_code == "unreadable_result"

    @pytest.mark.parametrize(
        "location",
        [
            "file:///etc/passwd",
            "http://169.254.169.254/latest",
            "http://127.0.0.1:1/",
            "//localhost/x",
            "data:,x",
            "gopher://x",
        ],
    )
    async def test_a_redirect_cannot_leave_what_is_allowed(self, server: Scripted, http: Http, location: str) -> None:
        server.next = Answer(302, headers={"location": location})
        error = await failure_of(http.download(server.base_url + "/x.png"))
        assert error.error_code == "blocked_address"

    async def test_compressed_or_oversized_results_are_refused(
        self, server: Scripted, http: Http, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.next = Answer(body=gzip.compress(png()), headers={"content-encoding": "gzip"})
        assert (await failure_of(http.download(server.base_url))).error_code == "unreadable_result"
        monkeypatch.setattr("backend.upstreams.http.MAX_IMAGE_BYTES", 1000)
        server.next = Answer(body=b"x" * 1001)
        assert (await failure_of(http.download(server.base_url))).error_code == "unreadable_result"


@pytest.mark.parametrize(
    ("value", "pair"),
    [
        ("localhost:9000", ("localhost", 9000)),
        ("http://Relay.Example/v1", ("relay.example", 80)),
        ("https://relay.example", ("relay.example", 443)),
        ("https://[::1]:8443/x", ("::1", 8443)),
    ],
)
def test_hosts_that_an_operator_writes(value: str, pair: tuple[str, int]) -> None:
    assert host_port(value) == pair


@pytest.mark.parametrize("value", ["localhost", "", ":80", "host:99999", "host:port", "ftp://x"])
def test_hosts_that_make_no_sense(value: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        host_port(value)
