"""Event streams, in the ways that gateways write them."""

import pytest

from backend.upstreams.http import Reply
from backend.upstreams.streams import events, is_stream


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b'data: {"a": 1}\n\ndata: {"a": 2}\n\ndata: [DONE]\n\n', [{"a": 1}, {"a": 2}]),
        (b'data: {"a": 1}\r\n\r\ndata: [DONE]\r\n\r\n', [{"a": 1}]),
        (b'data:{"a": 1}\n\n', [{"a": 1}]),
        (b'event: x\nid: 7\ndata: {"a": 1}\n\n', [{"a": 1}]),
        (b': keep-alive\n\ndata: {"a":\ndata: 1}\n\n', [{"a": 1}]),
        (b'data: {"a": 1}', [{"a": 1}]),
        (b"data: {broken\n\ndata: 7\n\n", [7]),
        (b"data\n\ndata:\n\n\n\n", []),
        (b"", []),
    ],
)
def test_events(body: bytes, values: list[object]) -> None:
    assert events(body) == values
    assert events(bytearray(body)) == values


@pytest.mark.parametrize(
    ("content_type", "body", "stream"),
    [
        ("text/event-stream; charset=utf-8", b"", True),
        ("application/json", b"data: {}", True),
        ("application/json", b'{"data": 1}', False),
        ("", b": comment\n\ndata: 1", True),
    ],
)
def test_a_stream_is_known_by_its_name_or_its_look(content_type: str, body: bytes, stream: bool) -> None:
    assert is_stream(Reply(200, {"content-type": content_type}, bytearray(body))) is stream
