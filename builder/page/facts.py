"""What the first view of the page says, from the manifest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.page.shortcuts import told_shortcuts
from builder.page.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from builder.output.records import Manifest

# Names of images that were left out, as many as anybody reads.
_LISTED = 1_000
_ODD = (
    "The pictures most unlike the others, in light, colour, sharpness, shape or bytes a"
    " pixel"
)
# Of a flag: what its pictures are, and where they are shown.
_FOUND = {
    "broken": "that cannot be shown",
    "same": "in several rows of a config",
    "grey": "without colour",
    "turned": "turned by EXIF",
    "mode": "of an unusual mode, such as CMYK, 16 bit or a palette",
    "plain": "too plain to be compared",
}


def size_of(size: int) -> str:
    """Return a size for people, in units of 1,000.

    >>> size_of(1_234_567_890), size_of(40_000_000), size_of(999)
    ('1.2 GB', '40 MB', '999 bytes')
    """
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.{1 if size < 10 * unit else 0}f} {name}"
    return f"{size} bytes"


def configs_of(manifest: Manifest) -> list[dict[str, Any]]:
    """Return each config, with its rows in each split that any config has, and bytes.

    Rows are None in a split that a config does not have.
    """
    names = dict.fromkeys(n for splits in manifest.configs.values() for n in splits)
    return [
        {
            "name": config,
            "shown": visible(config),
            "bytes": sum(split.download_size for split in splits.values()),
            "splits": [
                {
                    "name": name,
                    "shown": visible(name),
                    "rows": splits[name].num_examples if name in splits else None,
                }
                for name in names
            ],
        }
        for config, splits in manifest.configs.items()
    ]


def about_of(manifest: Manifest, terms: str) -> list[tuple[str, str, str]]:
    """Return what is said of the dataset: name, text, address if it is one.

    Parameters
    ----------
    manifest : Manifest
    terms : str
        The licence that its card states; empty if it states none.
    """
    said = manifest.about
    rows = [("dataset", manifest.dataset)]
    if not said.get("license"):
        rows.append(("license", terms or "none stated"))
    shown = {"title", "description", "citation"}  # elsewhere
    rows += [(key, value) for key, value in said.items() if key not in shown]
    return [
        (visible(str(key)).replace("_", " "), visible(text), _address(value))
        for key, value in rows
        if (text := _text(value))
    ]


def _text(value: Any) -> str:
    """Return a text, or several, as one; nothing else is told here."""
    parts = value if isinstance(value, list) else [value]
    return ", ".join(parts) if all(isinstance(part, str) for part in parts) else ""


def _address(value: Any) -> str:
    """Return an address that may be followed: of the web, and without tricks.

    >>> _address("https://doi.org/10"), _address("javascript:alert(1)")
    ('https://doi.org/10', '')
    """
    text = value if isinstance(value, str) else ""
    is_plain = text.isascii() and text.isprintable() and " " not in text
    return text if is_plain and text.startswith(("https://", "http://")) else ""


def found_of(
    told: Mapping[str, Any], flags: Sequence[str], shortcuts: Any
) -> list[tuple[str, str]]:
    """Return what to look at first, and where it is on the page.

    Parameters
    ----------
    told : dict
        What `builder.page.render.tell` returns.
    flags : sequence of str
        In the order of their bits.
    shortcuts : dict or None
        The manifest's ``audit["shortcuts"]``, from anybody.
    """
    found = []
    pairs = told["pairs"]
    for key, words in (
        ("across", "in two splits"),
        ("differ", "with different labels"),
    ):
        number = sum(bool(pair[key]) for pair in pairs)
        if number:
            noun = "pair" if number == 1 else "pairs"
            said = f"{number:,} {noun} of equal pictures or look-alikes {words}"
            found.append((said, f"#duplicates?pairs={key}"))
    found += told_shortcuts(shortcuts, told["configs"])
    bits = told["pictures"]["flags"]
    for flag, words in _FOUND.items():
        number = sum(bool(held & 1 << flags.index(flag)) for held in bits)
        if number:
            noun = "picture" if number == 1 else "pictures"
            found.append((f"{number:,} {noun} {words}", f"#pictures?flag={flag}"))
    found.append((_ODD, "#pictures?sort=odd&down=1"))
    if any(c["kind"] in {"label", "labels"} for c in told["configs"][0]["columns"]):
        found.append(("How often each label is, and what gives it away", "#labels"))
    return found


def left_out_of(manifest: Manifest) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the images that the build left out, under a heading for each reason."""
    lists = []
    for words, items in (
        ("broken and left out", [(e.image, e.reason) for e in manifest.broken]),
        ("nowhere to be found and left out", [(name, "") for name in manifest.missing]),
    ):
        if items:
            shown = [(visible(name), visible(why)) for name, why in items[:_LISTED]]
            noun = "image is" if len(items) == 1 else "images are"
            more = f", the first {_LISTED:,} are" if len(items) > _LISTED else ""
            lists.append((f"{len(items):,} {noun} {words}{more}", shown))
    return lists
