"""Exports of annotation tools in COCO's instances format. Pure."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from builder.datasets.layouts.findings import Finding, Part
from builder.datasets.layouts.names import as_split, escaped, split_of_path
from builder.datasets.layouts.words import (
    count,
    faults_of_names,
    short,
    told_classes,
    told_images,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.datasets.layouts.images import ImageIndex, Images
    from builder.datasets.layouts.json_files import Instances

# Of several files of one split: what detection is not about goes last.
_LATER = ("keypoints", "stuff", "panoptic", "mini", "small", "tiny", "sample")


def recognise(files: Sequence[Instances], index: ImageIndex) -> Finding:
    """Return the finding of the annotation files of one folder.

    Parameters
    ----------
    files : sequence of Instances
        At least one.
    index : ImageIndex
        All images of the listing.
    """
    splits = _by_split(files)
    used = list(splits.values())
    parts, seen, notes = {}, [], []
    for split, file in splits.items():
        images = index.find(file.names, file.file)
        parts[split] = Part(file.file, images.places, _hint(file, images))
        seen.append(
            f"{split}: {escaped(file.file)}, {count(file.annotations, 'annotation')} of"
            f" {told_images(images)}"
        )
        if images.missing and images.places:
            notes.append(
                f"{escaped(file.file)}: {count(images.listed - images.found, 'image')}"
                f" not found, such as {escaped(images.missing[0])}: build with"
                " --skip-missing, or complete the source"
            )
        notes += faults_of_names(file.file, file.names)
        if not file.names:
            notes.append(f"{escaped(file.file)} lists no image")
    unused = [file.file for file in files if file not in used]
    if unused:
        notes.append(
            f"not used: {short(unused)}: give the file itself for a recipe of it"
        )
    classes: Counter[str] = Counter()
    for file in used:
        classes.update(file.classes)
    bare = [name for name, images in classes.items() if not images]
    if bare:
        notes.append(f"no annotation is of {short(bare)}")
    seen.append(told_classes(classes))
    unannotated = sum(file.unannotated for file in used)
    if unannotated:
        seen.append(f"{count(unannotated, 'image')} without annotations")
    return Finding(
        layout=_layout(used, parts),
        kind="coco",
        parts=parts,
        classes={name: n for name, n in classes.items() if n},
        unannotated=unannotated,
        seen=seen,
        notes=notes,
        licenses=list(dict.fromkeys(name for file in used for name in file.licenses)),
    )


def _by_split(files: Sequence[Instances]) -> dict[str, Instances]:
    """Return the file of each split; one file alone is the split ``train``."""
    if len(files) == 1:
        split = split_of_path(files[0].file)
        return {split or "train": files[0]}
    named: dict[str, Instances] = {}
    for file in sorted(files, key=_rank):
        split = split_of_path(file.file)
        if split:
            named.setdefault(split, file)
    if not named:
        for file in files:
            path = PurePosixPath(file.file.replace("::", "/"))
            stems = [other.file.rpartition("/")[2] for other in files]
            same = stems.count(path.name) > 1
            named.setdefault(as_split(path.parent.name if same else path.stem), file)
    order = [
        *(name for name in ("train", "validation", "test") if name in named),
        *named,
    ]
    return {name: named[name] for name in dict.fromkeys(order)}


def _rank(file: Instances) -> tuple[bool, int, int, str]:
    path = file.file.lower()
    return any(word in path for word in _LATER), path.count("/"), len(path), path


def _hint(file: Instances, images: Images) -> str:
    if images.places:
        return ""
    first = f"such as {escaped(file.names[0])}" if file.names else "none are listed"
    if file.urls:
        return f"{first}; coco_url of each record says where it is to be had"
    return first


def _layout(files: Sequence[Instances], parts: dict[str, Part]) -> str:
    names = [PurePosixPath(file.file.replace("::", "/")) for file in files]
    folders = {place for part in parts.values() for place in part.images}
    if all(name.name == "_annotations.coco.json" for name in names):
        return "a COCO export of Roboflow"
    if any(name.name == "instances_default.json" for name in names):
        return "a COCO export of CVAT"
    if all(
        name.name in {"instances_train2017.json", "instances_val2017.json"}
        for name in names
    ):
        return "the layout of COCO 2017 itself"
    if any(name.name == "result.json" for name in names):
        return "a COCO export of Label Studio"
    if any(name.name == "labels.json" for name in names) and any(
        folder.endswith("data/") for folder in folders
    ):
        return "a COCO export of FiftyOne"
    if all(name.parent.name == "annotations" for name in names) and all(
        "images/" in folder for folder in folders
    ):
        return "a COCO export as of CVAT or Datumaro"
    return "annotations in COCO's format"
