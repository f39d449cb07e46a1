"""How often one address may guess passwords and make accounts, and one user have us call their upstream. Counted in this
process's memory: a restart forgives."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from weakref import WeakValueDictionary

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from backend.errors import InvalidCredentials, RateLimited


@dataclass(frozen=True)
class Limits:
    """What one address may do. Failures against one name are counted by (name, address), so that nobody can lock
    somebody else out from elsewhere."""

    failures_per_name: RateLimitItem = field(default_factory=lambda: RateLimitItemPerMinute(10, 5))
    failures_per_address: RateLimitItem = field(default_factory=lambda: RateLimitItemPerMinute(100, 5))
    registrations_per_address: RateLimitItem = field(default_factory=lambda: RateLimitItemPerHour(120))
    upstream_tests_per_user: RateLimitItem = field(default_factory=lambda: RateLimitItemPerMinute(10))
    waiting_per_address: int = 100


class _Line:
    """Attempts from one address take turns, so that a burst cannot slip in before its failures are counted."""

    def __init__(self) -> None:
        self.turn, self.waiting = asyncio.Lock(), 0


class Throttle:
    """One for the process."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._counters = MemoryStorage()
        self._limiter = FixedWindowRateLimiter(self._counters)
        self._lines: WeakValueDictionary[str, _Line] = WeakValueDictionary()

    @asynccontextmanager
    async def attempt(self, name: str, address: str) -> AsyncIterator[None]:
        """Around the check of a password. InvalidCredentials from inside is a failure and is counted; anything else but
        success is neither. Raises RateLimited when there were too many."""
        network = _network(address)
        per_name, per_address = self._limits.failures_per_name, self._limits.failures_per_address
        line = self._lines.setdefault(network, _Line())
        if line.waiting >= self._limits.waiting_per_address:
            raise RateLimited(retry_after=1)
        line.waiting += 1
        try:
            async with line.turn:
                self._check(per_address, "sign-in", network)
                self._check(per_name, "sign-in", network, name)
                try:
                    yield
                except InvalidCredentials:
                    self._limiter.hit(per_address, "sign-in", network)
                    self._limiter.hit(per_name, "sign-in", network, name)
                    raise
                self._limiter.clear(per_name, "sign-in", network, name)
        finally:
            line.waiting -= 1

    @contextmanager
    def registering(self, address: str) -> Iterator[None]:
        """Around the making of an account: only those that were made count. Raises RateLimited when it is one too many."""
        limit, network = self._limits.registrations_per_address, _network(address)
        try:
            if not self._limiter.hit(limit, "register", network):
                raise self._refusal(limit, "register", network)
            yield
        except BaseException:
            self._counters.decr(limit.key_for("register", network))
            raise

    def testing_upstream(self, user_id: int) -> None:
        """A call to the outside on a user's word. Raises RateLimited when it is one too many."""
        limit = self._limits.upstream_tests_per_user
        if not self._limiter.hit(limit, "upstream-test", str(user_id)):
            raise self._refusal(limit, "upstream-test", str(user_id))

    def _check(self, limit: RateLimitItem, *keys: str) -> None:
        if not self._limiter.test(limit, *keys):
            raise self._refusal(limit, *keys)

    def _refusal(self, limit: RateLimitItem, *keys: str) -> RateLimited:
        reset = self._limiter.get_window_stats(limit, *keys).reset_time
        return RateLimited(retry_after=int(reset - time.time()) + 1)


def _network(address: str) -> str:
    """Whoever has one IPv6 address has a whole /64 of them."""
    try:
        ip = ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return address
    if ip.version == 6 and ip.ipv4_mapped is None:
        return str(ip_network((ip, 64), strict=False))
    return str(ip)
