"""What blocks of the card are made of, each a function of the manifest. Pure.

A dataset makes its blocks of these, and gives what only it knows as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.card.markdown import count_of, megabytes, table

Manifest = Mapping[str, Any]


def summary(manifest: Manifest, *, is_official: bool, is_default: bool) -> str:
    """Return the facts of the build in one table, and a warning where one is due.

    Parameters
    ----------
    manifest : dict
    is_official : bool
        Whether the build was made from the dataset's official source.
    is_default : bool
        Whether its recipe is that of the study which the prose speaks of.
    """
    rows = []
    for config, splits in manifest["configs"].items():
        parts = [f"{facts['num_examples']:,} {name}" for name, facts in splits.items()]
        size = sum(facts["download_size"] for facts in splits.values())
        rows.append([f"`{config}`", ", ".join(parts), megabytes(size)])
    default = manifest["configs"]["default"]
    images = sum(facts["num_examples"] for facts in default.values())
    shards = [e for n, e in manifest["files"].items() if n.endswith(".parquet")]
    stored = sum(entry["bytes"] for entry in shards)
    text = (
        f"{images:,} distinct images; all Parquet files together are"
        f" {megabytes(stored)}."
    )
    text = f"{text}\n\n{table(['config', 'rows', 'size'], rows)}"
    if not is_official:
        return f"{_NOT_OFFICIAL}\n\n{text}"
    return text if is_default else f"{_NOT_DEFAULT}\n\n{text}"


_NOT_OFFICIAL = (
    "> [!WARNING]\n> This build was not made from the official source: its metadata"
    " differs. What this page says of the official dataset and of the study does not"
    " hold for it; the numbers below are its own."
)
_NOT_DEFAULT = (
    "> [!NOTE]\n> This is another selection than that of the study, from the same"
    " official source: classes, sizes or seed differ."
)
_AFTER_LOADING = (
    "Put the namespace that you read this under in the place of `ORG`, or give the path"
    " of a local copy. `image` is a PIL image; any `datasets` from 2.14 on reads it,"
    " and no code of ours runs on your machine."
)


def loading(manifest: Manifest, *more: str) -> str:
    """Return the snippet that loads ``default``, and more paragraphs after it.

    Tests run all snippets on a build folder.
    """
    split = next(iter(manifest["configs"]["default"]))
    first = python(
        f'ds = load_dataset("{repo_of(manifest)}", split="{split}")', "print(ds[0])"
    )
    return "\n\n".join([first, _AFTER_LOADING, *more])


def repo_of(manifest: Manifest) -> str:
    """Return the repository that snippets name."""
    return f"ORG/{manifest['dataset']}"


def python(*lines: str) -> str:
    """Return a snippet of these lines, with the import that they need."""
    head = ("```python", "from datasets import load_dataset", "")
    return "\n".join((*head, *lines, "```"))


def selection(manifest: Manifest, rule: str) -> str:
    """Return the rule, which is a dataset's own, and what it was applied to."""
    versions = ", ".join(f"{name} {v}" for name, v in manifest["versions"].items())
    rows = [
        [
            entry["role"],
            f"`{entry['name']}`",
            count_of(entry["images"], "image", "images")
            if "images" in entry
            else "file",
            f"`{entry['sha256'][:16]}…`",
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
    """Return what was available and drawn, in a dataset's own words, and what broke."""
    if not manifest["broken"]:
        return told
    lines = [f"- `{b['image']}` {b['reason']}" for b in manifest["broken"]]
    left = "Selected, but left out since they are broken:"
    return "\n\n".join([told, left, "\n".join(lines)])


def licences(manifest: Manifest) -> str:
    """Return how many images are under which licence."""
    rows = [[name, number] for name, number in manifest["licences"].items()]
    return table(["licence", "images"], rows) if rows else ""
