"""The options of the limits: what a source, or an image, may ask of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.cli.values import file_size, positive, rate, shown
from builder.limits import LIMITS, OF_IMAGES, RATE_WINDOW, Limits

if TYPE_CHECKING:
    import argparse

LIMIT_NAMES = ("max_file_size", "min_rate", *OF_IMAGES)


def add_source_limits(parser: argparse._ActionsContainer) -> None:
    """Add the limits of what is read, or fetched."""
    add = parser.add_argument
    add("--max-file-size", type=file_size, metavar="SIZE",
        help="bytes that a file of the source may have, or a member of a zip; default:"
        f" {shown(LIMITS.max_file_size)}")  # fmt: skip
    add("--min-rate", type=rate, metavar="SIZE",
        help="bytes a second that a server must send, taken over"
        f" {RATE_WINDOW:.0f} s; default: {shown(LIMITS.min_rate)}")  # fmt: skip


def add_image_limits(parser: argparse._ActionsContainer) -> None:
    """Add the limits of images that are opened."""
    add = parser.add_argument
    add("--max-pixels", type=positive, metavar="N",
        help="pixels of an image; one that has more is broken; default:"
        f" {LIMITS.max_pixels}")  # fmt: skip
    add("--max-scans", type=positive, metavar="N",
        help="scans of a progressive JPEG, likewise; default:"
        f" {LIMITS.max_scans}")  # fmt: skip


def given_limits(args: argparse.Namespace) -> Limits:
    """Return the limits that the options stand for."""
    given = {name: getattr(args, name, None) for name in LIMIT_NAMES}
    return Limits(**{name: value for name, value in given.items() if value})
