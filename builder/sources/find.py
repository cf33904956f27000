"""What lies at a path or URL: told apart here, once, into local and remote."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, cast

from builder.errors import FetchError, MissingError, SourceError
from builder.sources.directories import keep, open_zip
from builder.sources.http_answers import Stat
from builder.sources.links import check_within, open_within
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.range_file import RangeFile
from builder.sources.regular import found_at, too_large
from builder.sources.urls import HTTP_SCHEMES, host_of, local_path, shown
from builder.sources.zips import read_directory

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from builder.sources.member import Member
    from builder.sources.remote import Remote

# Of the first question to a server, so that without a network the answer is an error
# within seconds.
_FIRST_ATTEMPTS = 4


def stat(remote: Remote, url: str) -> Stat:
    """Return size (-1 where it is not told) and version of a local or remote file.

    Raises
    ------
    MissingError
        There is no such file, or it may not be read.
    FetchError
        It could not be asked for.
    """
    path = local_path(url)
    if path is None:
        return remote.stat(url)
    if not os.path.isfile(path):  # noqa: PTH113 (a name may be too long for it)
        raise _not_there(path)
    return Stat(path.stat().st_size, "")


def exists(remote: Remote, url: str) -> bool:
    """Return whether there is a file at a local path or URL that may be read.

    Fewer attempts are made than later, when there was an answer.
    """
    path = local_path(url)
    if path is not None:
        return os.path.isfile(path)  # noqa: PTH113 (a name may be too long for it)
    try:
        remote.stat(url, attempts=_FIRST_ATTEMPTS)
    except MissingError:
        return False
    return True


def find_file(remote: Remote, url: str, root: str = "") -> Member:
    """Return the whole file at a local path or URL, of the version that it has now.

    Raises
    ------
    MissingError
        There is no such file, or it may not be read.
    SourceError
        It is larger than it may be, or a link leads out of `root`.
    FetchError
        It could not be asked for.
    """
    size, etag = stat(remote, url)
    path = local_path(url)
    if path is None:
        return RemoteMember(url, url, size, etag)
    check_within(str(path), root)
    most = remote.limits.max_file_size
    if size > most:
        raise SourceError(too_large(str(path), size, most))
    return LocalMember(path.name, str(path), size, root=root)


def open_seekable(remote: Remote, url: str, root: str = "") -> BinaryIO:
    """Return a seekable, read-only file: local, or over range requests."""
    path = local_path(url)
    if path is None:
        return cast("BinaryIO", RangeFile(remote, url))
    if not os.path.isfile(path):  # noqa: PTH113 (a name may be too long for it)
        raise _not_there(path)
    try:
        return cast("BinaryIO", open_within(str(path), root))
    except OSError as err:
        raise SourceError(
            f"{path}: cannot be read: {err.strerror}; check its permissions"
        ) from err


def read_zip(remote: Remote, url: str, root: str = "") -> dict[str, Member]:
    """Return the members of a local or remote zip by name.

    As `builder.sources.zips.read_directory`, of which it is the edge: over HTTP it
    moves the directory and 128 KiB at most, in two requests, or nothing where
    `remote.directories` has it. No link of a local one may lead out of `root`, unless
    that is empty.
    """
    path = local_path(url)
    most = remote.limits.max_file_size
    if path is None:
        with open_zip(remote, url) as end:
            there = partial(RemoteMember, url=url, etag=end.etag)
            file = cast("BinaryIO", end)
            found: dict[str, Member] = read_directory(
                file, where=shown(url), make=there, max_size=most
            )
            keep(remote, url, end)
            return found
    with open_seekable(remote, url, root) as file:
        here = partial(LocalMember, path=str(path), root=root)
        return read_directory(file, where=str(path), make=here, max_size=most)


def members_from_urls(
    names: Sequence[str],
    urls: Sequence[str],
    remote: Remote,
    *,
    allowed_hosts: Collection[str],
) -> list[RemoteMember | None]:
    """Return members that are files of their own, with sizes asked from the servers.

    None stands for one that is not there, or may not be read.

    Parameters
    ----------
    names : sequence of str
        Keys of the images.
    urls : sequence of str
        The http or https URL of each, as a metadata file may give it.
    remote : Remote
    allowed_hosts : collection of str
        Hosts that may be asked; all others are refused before anything is sent.

    Raises
    ------
    FetchError
        A URL is of another scheme or host, or cannot be read.
    """
    hosts = {host.lower() for host in allowed_hosts}
    for name, url in zip(names, urls, strict=True):
        if url.partition("://")[0].lower() not in HTTP_SCHEMES:
            raise FetchError(f"{name!r} has the URL {shown(url)!r}; expected http(s)")
        if host_of(url) not in hosts:
            raise FetchError(
                f"{name!r} has the URL {shown(url)}, of a host that was not named: "
                f"expected {', '.join(sorted(hosts))}; add --allow-host {host_of(url)} "
                "if you trust it"
            )
    return members_at(names, urls, remote)


def members_at(
    names: Sequence[str], urls: Sequence[str], remote: Remote
) -> list[RemoteMember | None]:
    """Return members at remote URLs that the user gave, whatever their scheme.

    None stands for one that is not there, or may not be read. An error closes `remote`,
    so that the requests in flight end with it.

    Raises
    ------
    FetchError
        One cannot be asked for its size.
    """

    def ask(url: str) -> Stat | None:
        try:
            return remote.stat(url)
        except MissingError:
            return None

    with ThreadPoolExecutor(remote.concurrency) as pool:
        try:
            stats = list(pool.map(ask, urls))
        except BaseException:
            remote.close()
            pool.shutdown(cancel_futures=True)
            raise
    return [
        None if told is None else RemoteMember(name, url, told.size, told.etag)
        for name, url, told in zip(names, urls, stats, strict=True)
    ]


def _not_there(path: Path) -> MissingError:
    found = found_at(path)
    told = "no such file" if found == "none" else f"expected a file, found {found}"
    return MissingError(f"{path}: {told}; check the path")
