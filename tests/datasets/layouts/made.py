"""Small folders as tools export them: files of a few bytes, and empty pictures."""

import csv
import io
import json
import zipfile
from contextlib import contextmanager

from builder.datasets.layouts.listing import list_source
from builder.datasets.layouts.recognise import recognise
from builder.sources.cache import Cache
from builder.sources.remote import Remote


def coco(names, classes=("car", "truck"), **more):
    """Return annotations: the first class in all images, each other in one less."""
    annotations = [
        {"id": i * 100 + c, "image_id": i, "category_id": c + 1, "bbox": [0, 0, 1, 1]}
        for i in range(len(names))
        for c in range(len(classes))
        if i >= c
    ]
    return {
        "images": [
            {"id": i, "file_name": name, "width": 4, "height": 3}
            for i, name in enumerate(names)
        ],
        "annotations": annotations,
        "categories": [{"id": c + 1, "name": n} for c, n in enumerate(classes)],
        **more,
    }


def table(header, *rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header.split(","), *rows])
    return text.getvalue()


def make(folder, files):
    """Write files: a dict is JSON, None an image, a dict below ``.zip`` a zip."""
    for name, what in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as archive:
                for member, inner in what.items():
                    archive.writestr(member, _bytes(inner))
        else:
            path.write_bytes(_bytes(what))
    return folder


def _bytes(what):
    if what is None:
        return b"\xff\xd8\xff\xd9"
    if isinstance(what, dict):
        return json.dumps(what).encode()
    return what if isinstance(what, bytes) else what.encode()


def images(*names):
    return dict.fromkeys(names)


@contextmanager
def listed(source, tmp_path, places=()):
    with Remote() as remote:
        yield list_source(str(source), Cache(tmp_path / "cache"), remote, places)


def look(folder):
    """Return the finding of a folder, and what cannot be used of it."""
    with Remote() as remote:
        return recognise(list_source(str(folder), Cache(folder.parent / "c"), remote))
