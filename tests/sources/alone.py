"""The functions of the room, each call with a `Remote` of its own."""

from pathlib import Path

from builder.limits import LIMITS
from builder.sources import fetch as fetching
from builder.sources import find
from builder.sources.remote import CONCURRENCY, Remote


def read_zip(url, **options):
    with Remote(**options) as remote:
        return find.read_zip(remote, url)


def find_file(url, **options):
    with Remote(**options) as remote:
        return find.find_file(remote, url)


def exists(url, **options):
    with Remote(**options) as remote:
        return find.exists(remote, url)


def stat(url, **options):
    with Remote(**options) as remote:
        return find.stat(remote, url)


def members_from_urls(names, urls, *, allowed_hosts, **options):
    with Remote(**options) as remote:
        return find.members_from_urls(names, urls, remote, allowed_hosts=allowed_hosts)


def fetch(
    members, *, cache, concurrency=CONCURRENCY, retry=None, limits=LIMITS, **options
):
    with Remote(concurrency=concurrency, retry=retry, limits=limits) as remote:
        return fetching.fetch(members, cache=cache, remote=remote, **options)


def fetch_file(url, cache, **options):
    return Path(fetch([find_file(url)], cache=cache, **options)[0].path)
