"""What blocks of the card are made of, each a function of the manifest. Pure.

A dataset makes its blocks of these, and gives what only it knows as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from builder.card.markdown import code, count_of, megabytes, plain, table
from builder.card.place import repo_of, tell_part, tell_place
from builder.card.sizes import tell_sizes
from builder.errors import first_of

Manifest = Mapping[str, Any]


def summary(manifest: Manifest, *notes: str) -> str:
    """Return what a reader has to know first, and the facts of the build in one table.

    Parameters
    ----------
    manifest : dict
    *notes : str
        Such as `NOT_OFFICIAL`; an empty one is left out.
    """
    rows = []
    for config, splits in manifest["configs"].items():
        parts = [f"{facts['num_examples']:,} {name}" for name, facts in splits.items()]
        size = sum(facts["download_size"] for facts in splits.values())
        rows.append([code(config), ", ".join(parts), megabytes(size)])
    default = manifest["configs"]["default"]
    images = sum(facts["num_examples"] for facts in default.values())
    shards = [e for n, e in manifest["files"].items() if n.endswith(".parquet")]
    stored = sum(entry["bytes"] for entry in shards)
    further = sum(
        entry["images"]
        for entry in manifest["sources"]
        if entry["role"].startswith("further ")
    )
    besides = f", {further:,} of them not in `default`" if further else ""
    text = (
        f"{images + further:,} images{besides}; all Parquet files together are"
        f" {megabytes(stored)}."
    )
    if sizes := tell_sizes(manifest):
        text += f" {sizes}"
    listed = table(["config", "rows", "size"], rows)
    return "\n\n".join([*filter(None, notes), text, listed])


#: Of a build whose recipe names an official source that it was not made from.
NOT_OFFICIAL = (
    "> [!WARNING]\n> This build was not made from the official files that its recipe"
    " names: their digests differ. What is published about the official dataset, its"
    " licence among it, is not said of this one."
)


def loading(manifest: Manifest, *more: str) -> str:
    """Return the snippet that loads ``default``, and more paragraphs after it.

    Tests run all snippets on a build folder.
    """
    split = next(iter(manifest["configs"]["default"]))
    first = python(
        f'ds = load_dataset("{repo_of(manifest)}", split="{split}")', "print(ds[0])"
    )
    parts = [first, tell_place(manifest), *more, tell_part(manifest)]
    return "\n\n".join(part for part in parts if part)


def python(*lines: str, also: str = "") -> str:
    """Return a snippet of these lines, with the import that they need, and another."""
    imports = ["from datasets import load_dataset", *([also] if also else [])]
    head = ("```python", *imports, "")
    return "\n".join((*head, *lines, "```"))


def together(manifest: Manifest, names: Sequence[str]) -> list[str]:
    """Return how the draws of several classes become one dataset."""
    if len(names) < 2:
        return []
    split = next(iter(manifest["configs"][names[0]]))
    listed = ", ".join(f'"{name}"' for name in names[:2])
    load = f'load_dataset("{repo_of(manifest)}", name, split="{split}")'
    lines = (
        'label = ClassLabel(names=["without", "with"])',
        "ds = interleave_datasets(",
        f'    [{load}.cast_column("label", label) for name in ({listed})]',
        ")",
        "print(len(ds))",
    )
    told = (
        "Draws of several classes as one, in turn; `concatenate_datasets` has them one"
        " after the other. Each has label names of its own, so they are given the same:"
    )
    also = "from datasets import ClassLabel, interleave_datasets"
    return [told, python(*lines, also=also)]


def selection(manifest: Manifest, rule: str) -> str:
    """Return the rule, which is a dataset's own, and what it was applied to."""
    versions = ", ".join(f"{name} {v}" for name, v in manifest["versions"].items())
    rows = [
        [
            # By its digest alone is a file official, whatever its part is called.
            entry["role"].removeprefix("official "),
            code(entry["name"]),
            count_of(entry["images"], "image", "images")
            if "images" in entry
            else "file",
            code(f"{entry['sha256'][:16]}…"),
        ]
        for entry in manifest["sources"]
    ]
    return (
        f"{rule}\n\nMade from:\n\n{table(['role', 'name', 'what', 'sha256'], rows)}\n\n"
        "`selection.json` names every row in order with the rule, the seed and the"
        " digests of the sources; `manifest.json` has the digest of every file. Built"
        f" with {versions}."
    )


def counts(manifest: Manifest, told: str) -> str:
    """Return what was available and drawn, in a dataset's own words, and what broke.

    And what was nowhere in the source.
    """
    parts = [told]
    missing = manifest.get("missing", ())
    if missing:
        named = first_of([*map(code, missing)])
        parts.append(
            "Selected, but left out since they were nowhere in the source:"
            f" {count_of(len(missing), 'image', 'images')} ({named};"
            " `manifest.json` lists all)."
        )
    if manifest["broken"]:
        lines = [
            f"- {code(b['image'])} {plain(b['reason'])}" for b in manifest["broken"]
        ]
        parts.append("Selected, but left out since they are broken:")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def licences(manifest: Manifest) -> str:
    """Return how many images are under which licence."""
    rows = [[name, number] for name, number in manifest["licences"].items()]
    return table(["licence", "images"], rows) if rows else ""
