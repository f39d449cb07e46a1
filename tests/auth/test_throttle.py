"""A10, A12: guessing is slow from anywhere, and hurts nobody but the guesser."""

import asyncio

import pytest
from limits import RateLimitItemPerHour, RateLimitItemPerMinute

from backend.auth.throttle import Limits, Throttle
from backend.errors import InvalidCredentials, NotFound, RateLimited

HERE, THERE = "192.0.2.1", "198.51.100.1"


def throttle(**limits: object) -> Throttle:
    chosen = {
        "failures_per_name": RateLimitItemPerMinute(3, 5),
        "failures_per_address": RateLimitItemPerMinute(5, 5),
        "registrations_per_address": RateLimitItemPerHour(2),
    }
    return Throttle(Limits(**(chosen | limits)))  # type: ignore[arg-type]


async def fail(guard: Throttle, name: str, address: str = HERE) -> None:
    with pytest.raises(InvalidCredentials):
        async with guard.attempt(name, address):
            raise InvalidCredentials


async def succeed(guard: Throttle, name: str, address: str = HERE) -> None:
    async with guard.attempt(name, address):
        pass


async def test_failures_against_a_name_end_there_and_not_elsewhere() -> None:
    guard = throttle()
    for _ in range(3):
        await fail(guard, "lin")
    with pytest.raises(RateLimited) as refused:
        await succeed(guard, "lin")
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 301
    await succeed(guard, "lin", THERE)
    await succeed(guard, "chen")


async def test_an_address_cannot_try_one_password_on_every_name() -> None:
    guard = throttle()
    for n in range(5):
        await fail(guard, f"user{n}")
    with pytest.raises(RateLimited):
        await succeed(guard, "another")
    await succeed(guard, "another", THERE)


async def test_success_forgives_the_name() -> None:
    guard = throttle()
    for _ in range(2):
        await fail(guard, "lin")
        await fail(guard, "lin")
        await succeed(guard, "lin")
    await fail(guard, "lin")


async def test_other_errors_are_no_failures() -> None:
    guard = throttle()
    for _ in range(10):
        with pytest.raises(NotFound):
            async with guard.attempt("lin", HERE):
                raise NotFound
    await succeed(guard, "lin")


async def test_a_burst_counts_like_a_row() -> None:
    guard = throttle()
    tried = 0

    async def guess() -> None:
        nonlocal tried
        async with guard.attempt("lin", HERE):
            tried += 1
            await asyncio.sleep(0)
            raise InvalidCredentials

    results = await asyncio.gather(*(guess() for _ in range(20)), return_exceptions=True)
    assert tried == 3
    assert [type(result) for result in results].count(RateLimited) == 17


async def test_the_line_of_one_address_is_not_endless() -> None:
    guard = throttle(waiting_per_address=2)
    go_on = asyncio.Event()

    async def slow() -> None:
        async with guard.attempt("lin", HERE):
            await go_on.wait()

    waiting = [asyncio.create_task(slow()) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await succeed(guard, "chen")
    go_on.set()
    await asyncio.gather(*waiting)
    await succeed(guard, "chen")


async def test_a_whole_ipv6_network_is_one_address() -> None:
    guard = throttle()
    for n in range(3):
        await fail(guard, "lin", f"2001:db8::{n + 1}")
    with pytest.raises(RateLimited):
        await succeed(guard, "lin", "2001:db8::ffff")
    await succeed(guard, "lin", "2001:db8:0:1::1")


def test_only_accounts_that_were_made_are_counted() -> None:
    guard = throttle()
    for _ in range(5):
        with pytest.raises(NotFound), guard.registering(HERE):
            raise NotFound
    for _ in range(2):
        with guard.registering(HERE):
            pass
    for _ in range(2):
        with pytest.raises(RateLimited), guard.registering(HERE):
            pytest.fail("was let in")
    with guard.registering(THERE):
        pass
