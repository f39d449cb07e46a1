"""How hosts are looked up: apart from all other work, and each once at a time."""

import asyncio
import socket
import threading
from typing import Any

import pytest

from backend.upstreams.addresses import resolved

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 443))]


async def test_a_host_is_looked_up_in_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's own threads store and open pictures: a slow name server must not stop that."""
    names: list[str] = []

    def look(*_: Any, **__: Any) -> Any:
        names.append(threading.current_thread().name)
        return FOUND * 2

    monkeypatch.setattr(socket, "getaddrinfo", look)
    assert await resolved("images.example", 443) == ["192.0.2.7"]
    assert [name.partition("_")[0] for name in names] == ["dns"]


async def test_one_slow_host_leaves_room_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    asked: list[str] = []

    def look(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        if host == "slow.example":
            answered.wait(60)
        return FOUND

    monkeypatch.setattr(socket, "getaddrinfo", look)
    slow = [asyncio.create_task(resolved("slow.example", 443)) for _ in range(100)]
    try:
        async with asyncio.timeout(20):
            assert await resolved("quick.example", 443) == ["192.0.2.7"]
        # one of them gives up, which does not end the look-up for the rest
        slow[0].cancel()
        await asyncio.wait({slow[0]})
    finally:
        answered.set()
    results = await asyncio.gather(*slow, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [["192.0.2.7"]] * 99
    assert asked.count("slow.example") == 1


async def test_every_failure_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def look(host: str, *_: Any, **__: Any) -> Any:
        asked.append(host)
        raise socket.gaierror("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look)
    for _ in range(2):
        with pytest.raises(socket.gaierror):
            await resolved("no-such-host.example", 443)
    assert len(asked) == 2
