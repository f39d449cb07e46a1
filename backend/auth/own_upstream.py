"""A user's own upstream: keeping its key secret, and refusing addresses that a stranger must not make the server call."""

import base64
import re
import socket
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from backend.errors import UrlNotAllowed
from backend.upstreams.addresses import PORTS, HostPort, is_public

MAX_URL = 500

_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?")
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])")
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


class KeyLost(Exception):
    """The stored key cannot be read with this server's ENCRYPTION_KEY."""


class KeyCipher:
    """Encrypts users' keys with a key of its own, derived from ENCRYPTION_KEY."""

    def __init__(self, encryption_key: str) -> None:
        derived = HKDF(SHA256(), 32, salt=None, info=b"nano-banana/user-upstream-keys").derive(encryption_key.encode())
        self._fernet = Fernet(base64.urlsafe_b64encode(derived))

    def seal(self, api_key: str) -> str:
        """What is stored in place of the key."""
        return self._fernet.encrypt(api_key.encode()).decode()

    def open(self, sealed: str) -> str:
        """The key again. Raises KeyLost."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise KeyLost from error


def checked_url(url: str, trusted: Collection[HostPort] = ()) -> str:
    """The address without a trailing slash. Raises UrlNotAllowed unless it may belong to a public host (what its name
    resolves to is checked again at every call) or the operator named its host and port."""
    if len(url) > MAX_URL or not _PLAIN_URL.fullmatch(url):
        raise UrlNotAllowed("Use a plain http:// or https:// address without user name, query or fragment.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port if parts.port is not None else PORTS[parts.scheme]
    except ValueError as error:
        raise UrlNotAllowed from error
    if (host, port) not in trusted and (port not in PORTS.values() or not _may_be_public(host)):
        raise UrlNotAllowed("This host or port is not open to users' own upstreams.")
    return url.rstrip("/")


def _may_be_public(host: str) -> bool:
    if (literal := _literal(host)) is not None:
        return is_public(literal)
    return _NAME.fullmatch(host) is not None and not host.endswith(_PRIVATE_SUFFIXES)


def _literal(host: str) -> str | None:
    """The IP address that the system would make of the host without asking anyone: `127.1` and `0x7f000001` are some."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None
