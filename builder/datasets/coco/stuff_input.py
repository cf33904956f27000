"""The input of stuff annotations; the help of a command needs no more of them."""

from __future__ import annotations

from builder.datasets.inputs import Input

#: The archive on the official server, and the file of each split in it.
ARCHIVE = "stuff_annotations_trainval2017.zip"
NAMES = {"test": "stuff_val2017.json", "train": "stuff_train2017.json"}

INPUT = Input(
    role="stuff annotations",
    option="stuff",
    kind="table",
    places=(),
    needed=False,
    asked="official",
    about=(
        "COCO's stuff annotations, to measure all known contexts and to draw test sets"
        " in and out of context: 'official' (as they lie in --source or on the official"
        f" server), the folder, URL or zip of both {' and '.join(NAMES.values())}, or"
        " one of them, which may be archive.zip::member"
    ),
)
