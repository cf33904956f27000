"""What goes wrong with a folder that is written to, local or a store, in one line."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from fsspec.spec import AbstractBufferedFile

from builder.errors import OutputError, is_full

# Whose errors are those of a store: refused credentials, no such bucket or host.
_CLIENTS = {"botocore", "aiobotocore", "aiohttp", "gcsfs", "google", "azure", "adlfs"}


def abandon(file: Any) -> None:
    """Close a file so that a half-written object does not appear in a store."""
    if isinstance(file, AbstractBufferedFile):
        with suppress(Exception):  # the error that led here counts
            file.discard()
        file.closed = True
    else:
        with suppress(OSError):  # as above; on a full disk closing fails, too
            file.close()


def is_of_store(err: BaseException) -> bool:
    """Tell whether an error is one of a disk or of the client of a store."""
    return isinstance(err, OSError) or type(err).__module__.split(".")[0] in _CLIENTS


def describe(err: BaseException, url: str, name: str, verb: str) -> OutputError:
    """Return the error that says what could not be done, and the next step."""
    if is_full(err):
        return OutputError(
            f"{url}: no room left for {name}; what is finished stays: free some space"
            " and run the same command again"
        )
    words = " ".join(str(getattr(err, "strerror", None) or err).split())
    return OutputError(
        f"{url}: cannot {verb}: {words}; check the folder and its permissions, then"
        " run the same command again"
    )
