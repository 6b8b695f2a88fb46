"""Which URLs and addresses a blob is fetched from, decided without a network."""

import pytest

from atomic_verify.storage.blobs import parse_digest
from atomic_verify.storage.errors import DigestMalformed, FetchRefused
from atomic_verify.storage.fetch import digest_in_url, is_global

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("100.64.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.7", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
        *("255.255.255.255", "192.0.0.8", "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254"),
        *("ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a00:1::1", "64:ff9b:1::1", "::7f00:1"),
    ],
)
def test_addresses_that_are_not_global(address: str) -> None:
    assert not is_global(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_that_are_global(address: str) -> None:
    assert is_global(address)


@pytest.mark.parametrize("url", [f"http://a/{DIGEST}", f"https://a:8443/v1/blobs/{DIGEST}?sig=1#x"])
def test_a_blobs_url_ends_in_its_digest(url: str) -> None:
    assert digest_in_url(url) == DIGEST


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/v1/blobs/" + DIGEST,
        "http://a/",
        "http://a/" + DIGEST.upper(),
        f"http://a/{DIGEST}/",
        f"http://a/x{DIGEST}",
        f"ftp://a/{DIGEST}",
        f"file:///{DIGEST}",
        f"http:///{DIGEST}",
        f"http://user:pw@a/{DIGEST}",
        f"http://user@a/{DIGEST}",
        f"http://a:0/{DIGEST}",
        f"http://a:99999/{DIGEST}",
        f"http://a:x/{DIGEST}",
        f"http://[::1/{DIGEST}",
        f"http://a/\r\nHost: b/{DIGEST}",
        f"http://a b/{DIGEST}",
        f"http://ä/{DIGEST}",
        f"http://a/\x00/{DIGEST}",
        "http://a/" + "x" * 3000 + DIGEST,
    ],
)
def test_urls_that_are_not_fetched(url: str) -> None:
    with pytest.raises(FetchRefused):
        digest_in_url(url)


@pytest.mark.parametrize(
    "text",
    [
        *("", "ab", DIGEST + "0", DIGEST[1:], DIGEST.upper(), "0x" + DIGEST, "g" * 64, DIGEST + "\n", "\n" + DIGEST),
        *("../" + "a" * 61, "a" * 32 + "/" + "a" * 31, "٣" * 64, "." * 64, DIGEST[:-1] + "\0"),
    ],
)
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(DigestMalformed):
        parse_digest(text)


@pytest.mark.parametrize("value", [None, 7, b"ab" * 32])
def test_what_is_not_even_text(value: object) -> None:
    with pytest.raises(DigestMalformed):
        parse_digest(value)
