"""Images in folders named for their classes, without a table. Pure."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from builder.datasets.layouts.findings import Finding, NewTable, Part, Unusable
from builder.datasets.layouts.names import split_of
from builder.datasets.layouts.words import count, told_classes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Words in the names of folders that are no classes.
_NO_CLASSES = {
    "annotations", "batch", "batches", "chunk", "image", "images", "img", "imgs",
    "input", "jpegimages", "mask", "masks", "part", "parts", "shard",
}  # fmt: skip


def recognise(images: Sequence[str]) -> tuple[Finding | None, dict[str, Unusable]]:
    """Return the finding of class folders, also below folders of splits, or None.

    And, by name, the folder that looks like none of a class.

    Parameters
    ----------
    images : sequence of str
        As the listing names them.
    """
    archives = {path.partition("::")[0] if "::" in path else "" for path in images}
    if len(archives) != 1:
        return None, {}
    archive = archives.pop()
    paths = [path.removeprefix(f"{archive}::") for path in images]
    top = _only_top(paths)
    rows: dict[str, list[tuple[str, str]]] = {}
    for path in paths:
        folders = path.removeprefix(top).split("/")[:-1]
        split = split_of(folders[0]) if len(folders) > 1 else None
        if split:
            folders = folders[1:]
        if not folders:
            return None, {}
        rows.setdefault(split or "", []).append((path.removeprefix(top), folders[0]))
    classes = Counter(label for split in rows.values() for _, label in split)
    if len(classes) < 2 or (len(rows) > 1 and "" in rows):
        return None, {}
    if stopped := _parts(classes):
        return None, stopped
    place = archive or top or "./"
    if archive and top:
        rows = {
            split: [(top + path, label) for path, label in found]
            for split, found in rows.items()
        }
    order = [name for name in ("", "train", "validation", "test") if name in rows]
    tables = [
        NewTable(
            f"metadata_{name}.csv" if name else "metadata.csv",
            [("file_name", "label"), *rows[name]],
        )
        for name in order
    ]
    told = [
        f"{name + ': ' * bool(name)}{count(len(rows[name]), 'image')} in class folders"
        for name in order
    ]
    finding = Finding(
        layout="an ImageFolder without metadata: a folder a class",
        kind="table",
        parts={
            name: Part(table.name, [place], beside=True)
            for name, table in zip(order, tables, strict=True)
        },
        image="file_name",
        label="label",
        classes=dict(classes),
        seen=[*told, told_classes(classes)],
        tables=tables,
    )
    return finding, {}


def _parts(names: Iterable[str]) -> dict[str, Unusable]:
    """Return the first folder, if all are named for what lies in them and not a class.

    What tells one from the other is then such a word, or a number.

    >>> list(_parts(["a_images_part_1", "a_images_part_2"])), list(_parts(["n1", "n2"]))
    (['a_images_part_1/'], [])
    >>> list(_parts(["ok", "img_defect"])), list(_parts(["image", "mask"]))
    ([], ['image/'])
    """
    words = {name: re.findall(r"[^\W\d_]+", name.lower()) for name in names}
    every = set.intersection(*map(set, words.values()))
    for held in words.values():
        if not _NO_CLASSES & {*held} or {*held} - every - _NO_CLASSES:
            return {}
    name, held = next(iter(words.items()))
    word = next(word for word in held if word in _NO_CLASSES)
    what = f'a folder that its word "{word}" says is of no class, like those beside it'
    advice = (
        "name the folders for classes, or add metadata.csv with the columns file_name"
        " and label"
    )
    return {f"{name}/": Unusable(what, advice)}


def _only_top(paths: Sequence[str]) -> str:
    """Return the folders that all paths lie in, as far as more than one is below."""
    top = ""
    while True:
        firsts = {path.removeprefix(top).partition("/")[0] for path in paths}
        inside = all("/" in path.removeprefix(top) for path in paths)
        if len(firsts) != 1 or not inside or split_of(next(iter(firsts))):
            return top
        top += f"{firsts.pop()}/"
