"""Where a URL may lead, and what of it is shown."""

from pathlib import Path

import pytest

from builder.errors import FetchError, SourceError
from builder.sources.urls import follow, host_of, local_path, scheme_of, shown


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("/data/a.zip", ""),
        ("a.zip", ""),
        ("C:\\data\\a.zip", ""),
        ("C:/data/a.zip", ""),
        ("S3://bucket/a.zip", "s3"),
        ("http://host/a.zip", "http"),
        ("memory://a.zip", "memory"),
    ],
)
def test_schemes(url, scheme):
    assert scheme_of(url) == scheme


@pytest.mark.parametrize(
    "url",
    [
        "ftp://host/a",
        "github://a:b@/c",
        "zip://a::http://h/b.zip",
        "simplecache::https://h/b.zip",
        "memory::https://h/b.zip",
    ],
)
def test_other_schemes_are_refused(url):
    with pytest.raises(SourceError, match="trimset reads local paths and"):
        scheme_of(url)


def test_local_paths():
    assert local_path("file:///data/a.zip") == Path("/data/a.zip")
    assert local_path("data/a.zip") == Path("data/a.zip")
    assert local_path("s3://bucket/a.zip") is None


def test_secrets_are_not_shown():
    url = "https://user:pass@host:1/a?token=secret#pass"
    assert shown(url) == "https://host:1/a"
    assert shown("https://us%40er:p@ss@host/a") == "https://host/a"
    assert host_of(url) == "host"


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://host/a", "http://host/b"),
        ("http://host/a", "https://elsewhere/a"),
        ("https://host/a", "https://elsewhere/a"),
        ("http://host:80/a", "http://host/b"),
        ("https://host/a", "https://host:8443/a"),
        ("http://127.0.0.1:8000/a", "https://10.0.0.1/a"),
        ("https://me:pw@host/a", "https://me:pw@host/b"),
    ],
)
def test_redirects_that_are_followed(url, target):
    assert follow(url, target) == target


@pytest.mark.parametrize(
    ("url", "target", "reason"),
    [
        ("https://host/a", "http://host/a", "from https to http"),
        ("http://host/a", "http://169.254.169.254/a", "another host without https"),
        ("http://host/a", "file:///etc/passwd", "the scheme 'file'"),
        ("https://host/a", "ftp://host/a", "the scheme 'ftp'"),
        ("https://host/a?key=k", "HTTP://host/a", "from https to http"),
        ("http://host/a", "http://[::1/a", "to no address"),
        ("http://host/a", "http://host:99999/a", "to no address"),
        ("http://host/a", "/a\x1b]0;x", "to no address"),
        ("http://host/a", "/" + "a" * 9000, "to no address"),
        ("http://host:80/a", "http://host:8080/a", "another port without https"),
        ("https://host/a", "https://127.0.0.1/a", "of this machine or network"),
        ("https://host/a", "https://0x7f.1/a", "of this machine or network"),
        ("https://host/a", "https://[::ffff:10.0.0.1]/a", "of this machine"),
        ("https://host/a", "https://LOCALHOST./a", "of this machine"),
        ("https://host/a", "https://me:pw@host/a", "with a user of its own"),
        ("https://me:pw@host/a", "https://me:pw@elsewhere/a", "a user of its own"),
    ],
)
def test_redirects_that_are_refused(url, target, reason):
    with pytest.raises(FetchError, match=reason) as caught:
        follow(url, target)
    assert "key=k" not in str(caught.value)


def test_relative_redirects():
    assert follow("https://host/a/b.zip", "../c.zip") == "https://host/c.zip"
    assert follow("https://host/a", "//elsewhere/b") == "https://elsewhere/b"
    assert follow("https://user:pass@host/a", "//host/b") == "https://host/b"


@pytest.mark.parametrize("url", ["http://[::1/a", "https://key@[::1/a", "http:///a"])
def test_addresses_that_are_none(url):
    with pytest.raises(FetchError, match=r"is no address|names no host") as caught:
        scheme_of(url)
    assert "key" not in str(caught.value)
