"""Where the snippets of a card load from: the repo that it is in, or a folder. Pure.

A build does not know where it lies, and is the same wherever that is: until it is
pushed, its card names a folder of the dataset's name, as seen from the one above.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Manifest = Mapping[str, Any]


def repo_of(manifest: Manifest) -> str:
    """Return what snippets give to ``load_dataset``.

    >>> repo_of({"dataset": "shapes"}), repo_of({"dataset": "x", "repo_id": "a/b"})
    ('./shapes', 'a/b')
    """
    return manifest.get("repo_id") or f"./{manifest['dataset']}"


def tell_place(manifest: Manifest) -> str:
    """Return what there is to know of that, and of what one gets."""
    where = ""
    if not manifest.get("repo_id"):
        where = (
            f"Run it in the folder that holds `{manifest['dataset']}`, or give the path"
            " of your copy instead. "
        )
    return (
        f"{where}`image` is a PIL image; any `datasets` from 2.14 on reads it, and no"
        " code of ours runs on your machine."
    )


def tell_part(manifest: Manifest) -> str:
    """Return how to fetch one config alone, and load it; empty if none can be.

    Without the files of its first config a folder does not load by the name of any:
    `datasets` 2.21 to 5.2 look at those to know the format, however the card spells
    the configs. The folder of a config is a dataset of its own for all of them.
    """
    files = {
        name: [path for facts in splits.values() for path in facts["files"]]
        for name, splits in manifest["configs"].items()
    }
    shards = {path for paths in files.values() for path in paths}
    alone = [
        name
        for name, paths in files.items()
        if set(paths) < shards and all(p.startswith(f"data/{name}/") for p in paths)
    ]
    if not alone:
        return ""
    name = alone[-1]
    folder = manifest["dataset"]
    snippet = (
        "```python\nfrom datasets import load_dataset\n\n"
        f'ds = load_dataset("./{folder}/data/{name}")\nprint(ds.num_rows)\n```'
    )
    if repo := manifest.get("repo_id"):
        return (
            f"`load_dataset` fetches only the config that it is asked for. To have one"
            f" as files, here `{name}`:\n\n```bash\n"
            f'hf download {repo} --repo-type dataset --include "data/{name}/*"'
            f" --local-dir {folder}\n```\n\nIts folder is what loads then, not the one"
            f" above it:\n\n{snippet}"
        )
    return (
        "A copy that has not the files of all configs does not load by the name of one;"
        f" the folder of a config does, here that of `{name}`:\n\n{snippet}"
    )


def name_repo(text: str, manifest: Manifest, repo_id: str) -> str:
    """Return a card whose snippets load from a repo, made of one that was elsewhere.

    It is the card that would have been rendered there; nothing else of it changes.

    Parameters
    ----------
    text : str
    manifest : dict
        Of the build as it was: with the repo that the card names, if it names one.
    repo_id : str
    """
    there = {**manifest, "repo_id": repo_id}
    for tell in (tell_place, tell_part):
        if told := tell(manifest):
            text = text.replace(told, tell(there))
    return text.replace(f'"{repo_of(manifest)}"', f'"{repo_id}"')
