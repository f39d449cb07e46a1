"""Which addresses the server may call on someone's word: public ones, and those that the operator named."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from backend.upstreams.base import Outcome, UpstreamError

PORTS = {"http": 80, "https": 443}
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))
_GLOBAL_V6 = ip_network("2000::/3")

HostPort = tuple[str, int]
Resolver = Callable[[str, int], Awaitable[list[str]]]

# of its own: a name server that takes half a minute must not hold up what else is done in threads
_THREADS = ThreadPoolExecutor(max_workers=16, thread_name_prefix="dns")
_under_way: dict[HostPort, Future[list[str]]] = {}


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet: not this machine, not its networks, in none of the disguises
    that `ipaddress.is_global` lets through (multicast, mapped, NAT64, 6to4, Teredo, site-local)."""
    ip = ip_address(address.split("%", maxsplit=1)[0])
    if ip.version == 6:
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        if ip.sixtofour or ip.teredo or any(ip in network for network in _NAT64) or ip not in _GLOBAL_V6:
            return False
    special = ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local
    return ip.is_global and not special


async def resolved(host: str, port: int) -> list[str]:
    """All addresses of `host`, in the system's order of preference, each once.

    Who asks while the same is asked for already waits for that answer: one slow host has one thread, however many images
    want it, and the others' hosts have the rest.
    """
    key = (host, port)
    asked = _under_way.get(key)
    if asked is None:
        asked = _under_way[key] = _THREADS.submit(_looked_up, host, port)
        asked.add_done_callback(lambda _: _under_way.pop(key, None))
    answer = asyncio.wrap_future(asked)
    # whoever gives up waiting neither ends the look-up for the others, nor leaves an error that nobody saw
    answer.add_done_callback(lambda done: None if done.cancelled() else done.exception())
    return await asyncio.shield(answer)


def _looked_up(host: str, port: int) -> list[str]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(info[4][0]) for info in infos))


def host_port(value: str) -> HostPort:
    """`host:port` or a URL as a pair; the port of a URL without one is its scheme's. ValueError when it is neither."""
    url = urlsplit(value if "://" in value else f"//{value}")
    port = url.port or PORTS.get(url.scheme)
    if not url.hostname or not port:
        raise ValueError(f"{value!r} is not host:port")
    return url.hostname.lower(), port


@dataclass(frozen=True, slots=True)
class Target:
    """A URL's host, and the checked addresses to connect to: nothing is resolved again after the check."""

    host: str
    port: int
    addresses: tuple[str, ...]


class AddressBook:
    """Resolves hosts once and refuses what is not public, unless `trusted` names its host and port."""

    def __init__(self, trusted: Iterable[HostPort] = (), *, resolve: Resolver = resolved) -> None:
        self._trusted = frozenset((host.lower(), port) for host, port in trusted)
        self._resolve = resolve

    async def target(self, scheme: str, host: str, port: int | None, *, userinfo: bool = False) -> Target:
        """Where a URL leads, or UpstreamError: `blocked_address` when it may not be called, BACKOFF when it has none."""
        port = PORTS.get(scheme, 0) if port is None else port
        trusted = (host.lower(), port) in self._trusted
        shown = f"//[{host}]" if ":" in host else f"//{host}" if host else ""
        where = f"{scheme}:{shown}" + (f":{port}" if host and port else "")
        if scheme not in PORTS or not host or userinfo or not (trusted or port in PORTS.values()):
            raise blocked(where)
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise UpstreamError(Outcome.BACKOFF, f"cannot resolve {host}") from error
        # one private address among public ones is enough to refuse: which of them is used is not ours to say
        if not addresses or not (trusted or all(is_public(address) for address in addresses)):
            raise blocked(where)
        return Target(host, port, tuple(addresses))


def named(url: str) -> str:
    """As much of anything that was given as an address as may be shown: its scheme and host, no path, no signature."""
    found = re.match(r"[a-z][a-z0-9+.-]{0,20}:(?://(?:[^/?#@\s]*@)?[^/?#@\s]{0,100})?", url.strip(), re.I)
    return re.sub(r"//.*@", "//", found.group()) if found else "given, which is not a URL,"


def blocked(where: str) -> UpstreamError:
    """The refusal to call an address; `where` is shown, so it must not carry a path or a signature."""
    return UpstreamError(Outcome.INPUT, f"the address {where} is not allowed", error_code="blocked_address")
