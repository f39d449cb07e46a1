"""D30, T5, T16: which addresses a user may name, and how their key is kept."""

import pytest

from backend.auth.own_upstream import KeyCipher, KeyLost, checked_url
from backend.errors import UrlNotAllowed


@pytest.mark.parametrize(
    "url",
    ["https://api.openai.com/v1", "http://relay.example.cn/openai", "https://93.184.216.34/v1", "https://a.example.com:443/v1",
     "https://[2606:4700::1111]/v1", "https://xn--fiqs8s.example.com"],
)  # fmt: skip
def test_public(url: str) -> None:
    assert checked_url(url) == url


def test_no_slash_is_left_at_the_end() -> None:
    assert checked_url("https://api.example.com/v1/") == "https://api.example.com/v1"


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "api.example.com", "//api.example.com", "javascript:alert(1)", "file:///etc/passwd", "ftp://example.com",
        "HTTPS//x.com", "https://", "https:///v1", " https://example.com", "https://example.com ", "https://exam\tple.com",
        "https://example.com\n", "https://user:pw@example.com", "https://example.com@127.0.0.1", "https://example.com/#x",
        "https://example.com/?k=v", "https://example.com\\@127.0.0.1", "https://例子.cn", "https://example.com./v1",
        "https://example.com:0", "https://example.com:99999", "https://example.com:8443", "https://example.com:22",
        "https://" + "a" * 500 + ".com", "https://localhost/v1", "https://db/v1",
        "https://a.localhost", "https://printer.local", "https://metadata.google.internal", "http://127.0.0.1", "http://127.1",
        "http://0x7f000001", "http://2130706433", "http://0177.0.0.1", "http://0", "http://[::1]", "http://[::ffff:127.0.0.1]",
        "http://[::ffff:7f00:1]", "http://169.254.169.254", "http://100.100.100.200", "http://10.0.0.1", "http://192.168.1.1",
        "http://224.0.0.1", "http://[64:ff9b::7f00:1]", "http://[2002:7f00:1::]", "http://[fe80::1%25eth0]", "http://1.2.3.4.5",
        "http://[", "http://[::1", "http://a..b.com", "http://-a.com",
    ],
)  # fmt: skip
def test_refused(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        checked_url(url)


def test_what_the_operator_named_is_trusted_with_its_port_only() -> None:
    trusted = {("relay.local", 8080)}
    assert checked_url("http://relay.local:8080/v1", trusted) == "http://relay.local:8080/v1"
    with pytest.raises(UrlNotAllowed):
        checked_url("http://relay.local:8081/v1", trusted)


def test_a_key_comes_back_only_with_the_same_secret() -> None:
    cipher = KeyCipher("fedcba9876543210" * 4)
    sealed = cipher.seal("sk-0123456789")
    assert "0123456789" not in sealed
    assert cipher.open(sealed) == "sk-0123456789"
    assert cipher.seal("sk-0123456789") != sealed
    for other, text in ((KeyCipher("x" * 64), sealed), (cipher, sealed[:-8] + "AAAAAAA="), (cipher, "nothing")):
        with pytest.raises(KeyLost):
            other.open(text)


def test_the_longest_key_fits_its_column() -> None:
    assert len(KeyCipher("x" * 64).seal("k" * 500)) <= 2000
