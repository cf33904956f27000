"""Tables with a row an image, with the columns that research uses. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from builder.datasets.layouts import columns
from builder.datasets.layouts.findings import Finding, NewTable, Part
from builder.datasets.layouts.names import escaped, split_of_path
from builder.datasets.layouts.words import (
    count,
    faults_of_names,
    short,
    told_classes,
    told_images,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from builder.datasets.layouts.images import ImageIndex, Images

_JOINED = "metadata_with_groups.csv"


@dataclass(frozen=True)
class Table:
    """A table, and what its columns are taken for.

    Attributes
    ----------
    file : str
        As the listing names it.
    frame : pandas.DataFrame
        All values as text.
    image : str
        Column.
    label : str or list of str or None
        Column, or the columns of which one is 1.
    others : list of str
        Columns that could be the label as well.
    group : list of str
    split : str or None
    images : Images
        Where those lie that it names.
    """

    file: str
    frame: pd.DataFrame
    image: str
    label: str | list[str] | None
    others: list[str]
    group: list[str]
    split: str | None
    images: Images


def read(frame: pd.DataFrame, file: str, index: ImageIndex) -> Table | None:
    """Return what a table is; None where no column names images."""
    image = columns.image_column(frame, index)
    if image is None or not len(frame):
        return None
    split = columns.split_column(frame)
    taken = {image, *([split] if split else [])}
    group = columns.group_columns(frame, taken)
    named = columns.label_columns(frame, {*taken, *group})
    label: str | list[str] | None = named[0] if named else None
    one_hot = columns.one_hot_columns(frame, {*taken, *group})
    if label is None or (one_hot and label in one_hot):
        label = one_hot or label
        named = [name for name in named if name not in one_hot]
    else:
        named = named[1:]
    names = frame[image].dropna().astype(str).tolist()
    where = index.find(names, file)
    return Table(file, frame, image, label, named, group, split, where)


def recognise(tables: Sequence[Table]) -> Finding:
    """Return the finding of the tables of one folder, at least one."""
    splits = _by_split(tables)
    used = list(splits.values())
    first = used[0]
    notes, seen, new = [], [], []
    if len(used) == 1 and not first.group:
        first, joined = _with_groups(first, tables)
        used, splits = [first], {"": first}
        if joined:
            values = first.frame.itertuples(index=False, name=None)
            new = [NewTable(_JOINED, [tuple(first.frame.columns), *values])]
            seen.append(
                f"{short(first.group)} of {escaped(joined)} joined to"
                f" {escaped(first.file)}, in {_JOINED} beside the recipe"
            )
    classes: Counter[str] = Counter()
    for table in used:
        rows = count(len(table.frame), "row")
        seen.append(f"{escaped(table.file)}: {rows}, {told_images(table.images)}")
        if table.images.missing and table.images.places:
            missing = table.images.listed - table.images.found
            notes.append(
                f"{escaped(table.file)}: {count(missing, 'image')} not found, such as"
                f" {escaped(table.images.missing[0])}: build with --skip-missing, or"
                " complete the source"
            )
        notes += faults_of_names(table.file, table.frame[table.image].dropna().tolist())
        if table.label:
            classes.update(columns.classes_of(table.frame, table.label))
    seen += _told_columns(first, classes, notes)
    paths = {table.file for table in used}
    unused = [table.file for table in tables if table.file not in paths]
    if unused:
        notes.append(
            f"not used: {short(unused)}: give the file itself for a recipe of it"
        )
    return Finding(
        layout=_layout(first, used),
        kind="table",
        parts={
            name: Part(
                _JOINED if new else table.file,
                table.images.places,
                _hint(table),
                beside=bool(new),
            )
            for name, table in splits.items()
        },
        image=first.image,
        label=first.label,
        split=first.split,
        group=first.group,
        classes=dict(classes),
        cut=len(splits) == 1 and first.split is None and _may_be_cut(first),
        seen=seen,
        notes=notes,
        others=first.others,
        tables=new,
    )


def _may_be_cut(table: Table) -> bool:
    """Whether there are groups, and enough of them for three splits."""
    counts = [len(columns.classes_of(table.frame, name)) for name in table.group]
    return min(counts, default=0) >= 3


def _told_columns(first: Table, classes: Counter[str], notes: list[str]) -> list[str]:
    told = [f"image: column {escaped(first.image)}"]
    if isinstance(first.label, list):
        told.append(f"label: {len(first.label)} columns, one a class")
    elif first.label:
        told.append(f"label: column {escaped(first.label)}")
    else:
        names = short(str(name) for name in first.frame.columns)
        notes.append(
            f"no column is known to be the label, of {names}: name it in [columns]"
        )
    if classes:
        told.append(told_classes(classes))
    for column in first.group:
        groups = len(columns.classes_of(first.frame, column))
        told.append(f"groups: {groups:,} in column {escaped(column)}")
    if first.split:
        names = ", ".join(map(escaped, columns.classes_of(first.frame, first.split)))
        told.append(f"splits: {names} in column {escaped(first.split)}")
    return told


def _by_split(tables: Sequence[Table]) -> dict[str, Table]:
    """Return the table of each split, or the one table under the name ``""``."""
    best = min(tables, key=_rank)
    named: dict[str, Table] = {}
    for table in sorted(tables, key=_rank):
        split = split_of_path(table.file)
        if split and (table.image, table.label) == (best.image, best.label):
            named.setdefault(split, table)
    if len(named) < 2 or best.file not in {table.file for table in named.values()}:
        return {"": best}
    return {
        name: named[name] for name in ("train", "validation", "test") if name in named
    }


def _rank(table: Table) -> tuple[bool, float, bool, int, str]:
    """Return what puts the table first that a recipe is best made of."""
    share = table.images.found / max(1, table.images.listed)
    named = "metadata" in table.file.lower() or "groundtruth" in table.file.lower()
    return (
        not table.label,
        -round(share, 1),
        not named,
        table.file.count("/"),
        table.file,
    )


def _with_groups(table: Table, others: Sequence[Table]) -> tuple[Table, str]:
    """Return the table with the groups that another one has for the same images."""
    for other in others:
        if not other.group or other.image != table.image or other is table:
            continue
        groups = other.frame[[other.image, *other.group]].drop_duplicates(other.image)
        frame = table.frame.drop(columns=other.group, errors="ignore")
        joined = frame.merge(groups, how="left", on=table.image)
        if joined[other.group].notna().any(axis=None):
            return replace(
                table, frame=joined.fillna(""), group=other.group
            ), other.file
    return table, ""


def _hint(table: Table) -> str:
    if table.images.places:
        return ""
    return f"such as {escaped(table.images.missing[0])}" if table.images.missing else ""


def _layout(first: Table, used: Sequence[Table]) -> str:
    names = {columns.plain(name) for name in first.frame.columns}
    for layout, wanted in _LAYOUTS:
        if wanted <= names:
            return layout
    if isinstance(first.label, list):
        return "a one-hot table, as of ISIC 2018 and 2019"
    name = first.file.replace("::", "/").rpartition("/")[2].lower()
    if name.startswith("metadata.") and columns.plain(first.image) == "file_name":
        more = f" with {len(used)} splits" if len(used) > 1 else ""
        return f"an ImageFolder of the Hub with {name}{more}"
    return "a table with a row an image"


# By columns that no other has together.
_LAYOUTS: list[tuple[str, set[str]]] = [
    ("ISIC 2024 (SLICE-3D)", {"isic_id", "target", "patient_id"}),
    ("a table of the ISIC archive", {"isic_id", "benign_malignant"}),
    ("a table of the ISIC archive", {"isic_id", "diagnosis_1"}),
    ("HAM10000", {"lesion_id", "image_id", "dx"}),
    ("PAD-UFES-20", {"img_id", "diagnostic", "patient_id"}),
    ("Fitzpatrick17k", {"md5hash", "three_partition_label"}),
    ("ISIC 2020", {"image_name", "benign_malignant", "patient_id"}),
]
