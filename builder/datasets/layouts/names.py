"""What names of files and folders tell. Pure."""

from __future__ import annotations

import re
import unicodedata

_IMAGES = (
    ".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".jp2", ".avif",
    ".heic", ".heif",
)  # fmt: skip
_SPLITS = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation",
    "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip


def is_image(name: str) -> bool:
    """Whether a file is an image, by the ending of its name."""
    return name.lower().endswith(_IMAGES)


def split_of(name: str) -> str | None:
    """Return the split that a name of a file or folder says, if it says one.

    >>> split_of("instances_val2017.json"), split_of("ISIC2018_Training_Input")
    ('validation', 'train')
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    said = {_SPLITS[word.lower()] for word in words if word.lower() in _SPLITS}
    return said.pop() if len(said) == 1 else None


def split_of_path(path: str) -> str | None:
    """Return the split that a file's name says, or else the nearest folder's."""
    for part in reversed(re.split(r"/|::", path)):
        found = split_of(part)
        if found:
            return found
    return None


def as_split(name: str) -> str:
    """Return a name that a split may have, as near to `name` as can be."""
    made = re.sub(r"\W+", "_", _plain(name), flags=re.ASCII)[:64].strip("_") or "train"
    return "all_of_it" if made.lower() == "all" else made  # `all` is none to `datasets`


def as_name(name: str) -> str:
    """Return a name that a dataset may have, as near to `name` as can be.

    >>> as_name("My photos (2)"), as_name("...")
    ('My_photos_2', 'dataset')
    """
    made = re.sub(r"[^0-9A-Za-z_.-]+", "_", _plain(name)).strip("_.-")
    return made[:96] or "dataset"


def escaped(name: str) -> str:
    r"""Return a name as a terminal may show it, all on one line.

    >>> escaped("a\nb")
    'a\\nb'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in name
    )


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
