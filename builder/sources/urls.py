"""What a URL may be, where it may lead, and how it is shown; no network here."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from builder.errors import FetchError, SourceError

HTTP_SCHEMES = frozenset({"http", "https"})
SCHEMES = HTTP_SCHEMES | {"s3", "gs", "gcs", "memory", "file", "local"}

# "C:\data" and "C:/data" are Windows paths, so a scheme has two letters at least.
# "a::b://" is how fsspec chains file systems; none of them is in SCHEMES.
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]+)(://|::)")


def scheme_of(url: str) -> str:
    """Return the scheme of `url` in lower case; empty for a plain local path.

    Raises
    ------
    SourceError
        The scheme is none that trimset reads from.

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
    if scheme in HTTP_SCHEMES and not host_of(url):
        raise FetchError(f"{shown(url)} names no host; check the address")
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


def follow(url: str, location: str) -> str:
    """Return where the Location header `location`, in an answer of `url`, leads.

    A redirect may change the path on the same host, or lead to any host over
    https, which is how object stores and mirrors hand out their own addresses. It
    may not go from https to http, not to another host over plain http (a name the
    user never gave, and nobody vouches for the answer), and to no other scheme.

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
    except ValueError as err:
        raise FetchError(f"{shown(url)} redirects to no address ({err})") from err
    scheme = _split(target).scheme.lower()
    if scheme not in HTTP_SCHEMES:
        reason = f"to the scheme {scheme!r}"
    elif scheme == "http" and _split(url).scheme.lower() == "https":
        reason = "from https to http"
    elif scheme == "http" and host_of(target) != host_of(url):
        reason = "to another host without https"
    else:
        return target
    raise FetchError(
        f"{shown(url)} redirects {reason} ({shown(target)}), which is not followed: "
        "name the final address as the source if you trust it"
    )


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as err:
        raise FetchError(
            f"{shown(url)} is no address ({err}); check how it is written"
        ) from err
