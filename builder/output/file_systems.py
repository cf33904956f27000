"""What holds a folder that is written to: this machine's disks, or a store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fsspec


def file_system(url: str) -> tuple[Any, str]:
    """Return what holds a folder, and its path there.

    A local path is taken as it is: `::`, a leading ``~name`` or ``file:`` are names.
    """
    # Listings are not kept: workers write what this process has not seen.
    if "://" in url:
        fs, path = fsspec.core.url_to_fs(url, use_listings_cache=False)
        return fs, str(path)
    files = fsspec.filesystem("file", use_listings_cache=False)
    home = url == "~" or url.startswith("~/")
    local = Path(url).expanduser() if home else Path(url)
    return files, str(files._strip_protocol(str(local.absolute())))
