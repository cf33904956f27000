"""What a URL may be, where it may lead, and how it is shown; no network here."""

from __future__ import annotations

import re
import socket
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from builder.errors import FetchError, SourceError
from builder.limits import MAX_URL

HTTP_SCHEMES = frozenset({"http", "https"})
SCHEMES = HTTP_SCHEMES | {"s3", "gs", "gcs", "memory", "file", "local"}

# "C:\data" and "C:/data" are Windows paths, so a scheme has two letters at least.
# "a::b://" is how fsspec chains file systems; none of them is in SCHEMES.
# Characters of what a stranger wrote: of a value, and of a sentence.
_SHOWN, _LONGEST = 80, 300
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)(://|::)")


def scheme_of(url: str) -> str:
    """Return the scheme of `url` in lower case; empty for a plain local path.

    Raises
    ------
    SourceError
        The scheme is none that trimset reads from, or an address of HTTP is none.

    Examples
    --------
    >>> scheme_of("HTTPS://host/train2017.zip"), scheme_of("/data/train2017.zip")
    ('https', '')
    """
    match = _SCHEME.match(url)
    if match is None:
        return ""
    scheme = match[1].lower()
    if scheme not in SCHEMES or match[2] == "::":
        raise SourceError(
            f"{shown(url)} has the scheme {scheme!r}; trimset reads local paths and "
            f"{', '.join(sorted(SCHEMES))}: download it first or name another source"
        )
    if scheme in HTTP_SCHEMES:
        check_address(url)
    return scheme


def local_path(url: str) -> Path | None:
    """Return the local path that `url` means, or None where it is remote.

    Examples
    --------
    >>> local_path("https://host/a.zip") is None
    True
    """
    if is_remote(url):
        return None
    return Path(url.split("://", 1)[1] if "://" in url else url)


def is_remote(url: str) -> bool:
    """Return whether `url` is not a path on this machine.

    Examples
    --------
    >>> is_remote("s3://bucket/a.zip"), is_remote("file:///a.zip"), is_remote("a.zip")
    (True, False, False)
    """
    return scheme_of(url) not in {"", "file", "local"}


def host_of(url: str) -> str:
    """Return the host of `url` in lower case, without port, user or password.

    Examples
    --------
    >>> host_of("http://user:secret@Images.Example.org:80/zips/a.zip")
    'images.example.org'
    """
    return (_split(url).hostname or "").lower()


def shown(url: str) -> str:
    """Return `url` without what could be a secret: user, password, query, fragment.

    Examples
    --------
    >>> shown("https://me:token@host:8443/a.zip?X-Amz-Signature=abc")
    'https://host:8443/a.zip'
    """
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:  # no telling what is secret in it
        return f"{url.partition('://')[0]}://..."
    return urlunsplit(
        (parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")
    )


@lru_cache(maxsize=1024)  # the same few are asked for again and again
def check_address(url: str) -> None:
    """Refuse what is no http or https address before anything is sent.

    Raises
    ------
    FetchError
        It has characters that cannot be printed (control characters, line breaks,
        turns of the writing direction), no host, no possible port, or is too long.

    Examples
    --------
    >>> check_address("http://host:80/a.zip")
    """
    if len(url) > MAX_URL:
        raise FetchError(
            f"{quoted(url)} is no address: it has {len(url)} characters, expected "
            f"{MAX_URL} at most; check how it is written"
        )
    if not url.isprintable():
        raise FetchError(
            f"{quoted(shown(url))} is no address: it has characters that cannot be "
            "printed; check how it is written"
        )
    if not host_of(url):
        raise FetchError(f"{shown(url)} names no host; check the address")
    if "\\" in _split(url).netloc:  # where others see a slash, and another host
        raise _no_address(url, "a backslash in its host")
    origin_of(url)


def origin_of(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an http or https URL.

    Examples
    --------
    >>> origin_of("http://Host/a") == origin_of("HTTP://me:secret@host:80/b")
    True
    """
    parts = _split(url)
    scheme = parts.scheme.lower()
    try:
        port = parts.port
    except ValueError as err:
        raise _no_address(url, err) from err
    if port == 0:
        raise _no_address(url, "port 0")
    return scheme, host_of(url), port or {"https": 443}.get(scheme, 80)


def follow(url: str, location: str) -> str:
    """Return where the Location header `location`, in an answer of `url`, leads.

    A redirect may change the path at the same origin (scheme, host and port), or lead
    to any public host over https, which is how object stores and mirrors hand out
    their own addresses. It may not go from https to http, not to another host or port
    over plain http (a name the user never gave, and nobody vouches for the answer),
    not from a public host to one of this machine or network, not to one with a user
    or password that are not the user's own, and to no other scheme.

    Raises
    ------
    FetchError
        The redirect is one of those.

    Examples
    --------
    >>> follow("http://host/zips/a.zip", "/b.zip")
    'http://host/b.zip'
    """
    try:
        target = urljoin(url, location)
        check_address(target) if _is_http(target) else _split(target)
    except (ValueError, FetchError) as err:
        told = quoted(location)
        msg = f"{shown(url)} redirects to no address ({told}); check the source"
        raise FetchError(msg) from err
    reason = _why_not(url, target)
    if not reason:
        return target
    raise FetchError(
        f"{shown(url)} redirects {reason} ({one_line(shown(target))}), which is not "
        "followed: name the final address as the source if you trust it"
    )


def _why_not(url: str, target: str) -> str:
    """Return why a redirect is not followed; empty if it is."""
    if not _is_http(target):
        return f"to the scheme {quoted(_split(target).scheme)}"
    (before, host, port), (scheme, other, other_port) = map(origin_of, (url, target))
    user, given = (_split(each).netloc.rpartition("@")[0] for each in (target, url))
    is_same = (before, host, port) == (scheme, other, other_port)
    if (scheme, before) == ("http", "https"):
        return "from https to http"
    if scheme == "http" and host != other:
        return "to another host without https"
    if scheme == "http" and not is_same:
        return "to another port without https"
    if user and not (is_same and user == given):
        return "to an address with a user of its own"
    if host != other and _is_inner(other) and not _is_inner(host):
        return "from a public host to one of this machine or network"
    return ""


def _is_http(url: str) -> bool:
    return url.partition("://")[0].lower() in HTTP_SCHEMES


def _is_inner(host: str) -> bool:
    """Tell whether a host is written as one of this machine or of a private network.

    By how it is written; a name may still lead anywhere.
    """
    host = host.rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        try:  # 127.1, 0x7f000001 and the like mean 127.0.0.1, too
            address = ip_address(socket.inet_aton(host))
        except (OSError, UnicodeError):
            return False
    return not (getattr(address, "ipv4_mapped", None) or address).is_global


def quoted(text: str) -> str:
    """Return text of a stranger as it may stand in a message: short, on one line.

    Examples
    --------
    >>> quoted(chr(10)) == repr(chr(10)), quoted("x" * 100)[-5:]
    (True, 'xx...')
    """
    found = repr(text[:_SHOWN])
    return found if len(text) <= _SHOWN else f"{found[:-1]}..."


def one_line(text: str) -> str:
    """Return what a stranger says, on one line; quoted if that is not enough.

    Examples
    --------
    >>> one_line("<Error> " + chr(10) + " <Code>")
    '<Error> <Code>'
    """
    line = " ".join(text.split())
    return line if line.isprintable() and len(line) <= _LONGEST else quoted(line)


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as err:
        raise _no_address(url, err) from err


def _no_address(url: str, err: object) -> FetchError:
    return FetchError(f"{shown(url)} is no address ({err}); check how it is written")
