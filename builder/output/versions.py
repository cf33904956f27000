"""The versions that decide the bytes of a build."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

from builder.version import __version__

# The last two decide the figures.
_PACKAGES = ("datasets", "pyarrow", "numpy", "pandas", "matplotlib", "pillow")
_version_of = cache(version)  # every shard asks, and each answer parses a file


def versions() -> dict[str, str]:
    """Return the versions that may decide the bytes of a build."""
    return {"trimset": __version__, **{name: _version_of(name) for name in _PACKAGES}}
