"""Ask each layout what it knows of a listing, the one that says most first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.datasets.layouts import class_folders, coco, json_files, tables
from builder.datasets.layouts.findings import Finding, Unusable
from builder.datasets.layouts.images import ImageIndex
from builder.datasets.layouts.listing import HEAD
from builder.datasets.layouts.names import escaped
from builder.datasets.layouts.words import count, short
from builder.errors import SourceError
from builder.sources.urls import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.datasets.layouts.listing import Listing

# Of files that may be annotations or tables, as many are looked into.
_MOST_FILES = 60
# Of images, one of each of as many folders is looked into.
_MOST_FOLDERS = 20
_MOST_OF_TABLE = 1024**3
_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")

_LFS = Unusable("a pointer of Git LFS, not the file itself", "run `git lfs pull` there")
_BY_ENDING = [
    (
        (".hdf5", ".h5"),
        Unusable("HDF5", "write its images to files, in a folder or a zip"),
    ),
    (
        (".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar"),
        Unusable("an archive that is not read", "unpack it, or pack it as a zip"),
    ),
    (
        (".tfrecord", ".tfrecords", ".mdb", ".lmdb", ".npy", ".npz", ".mat", ".arrow"),
        Unusable("images in a container", "write them to files, in a folder or a zip"),
    ),
]
_YOLO = re.compile(rb"\s*\d+(\s+[\d.eE+-]+){4,}\s*(\n|$)")


def recognise(listing: Listing) -> tuple[Finding | None, dict[str, Unusable]]:
    """Return what a listing is, and by name the files that cannot be used."""
    index = ImageIndex(listing.images)
    unusable = {
        name: _LFS
        for name in _samples(listing.images)
        if json_files.is_pointer(listing.head(name, 128))
    }
    instances = list(_instances(listing, unusable))
    if instances:
        return coco.recognise(instances, index), unusable
    found = list(_tables(listing, index, unusable))
    if found:
        finding = tables.recognise(found)
        if any(not part.images for part in finding.parts.values()):
            unusable |= _others(listing)
        return finding, unusable
    unusable |= _others(listing)
    if listing.images and not listing.only and not unusable:
        return class_folders.recognise(listing.images)
    return None, unusable


def told(unusable: dict[str, Unusable]) -> list[str]:
    """Return a line for each kind of what cannot be used."""
    kinds: dict[Unusable, list[str]] = {}
    for name, what in unusable.items():
        kinds.setdefault(what, []).append(name)
    return [f"{short(names)}: {w.what}: {w.advice}" for w, names in kinds.items()]


def nothing(listing: Listing, unusable: dict[str, Unusable]) -> SourceError:
    """Return the error that says what there is instead, and the next step."""
    found = next(iter([*told(unusable), *listing.notes]), "") or _nearest(listing)
    place = f"{shown(listing.base)}/{listing.only}" if listing.only else listing.base
    return SourceError(
        f"{escaped(shown(place))}: expected annotations in COCO's format, a table that"
        f" names images, or a folder of images for each class, found {found}"
    )


def _nearest(listing: Listing) -> str:
    images = count(len(listing.images), "image")
    if listing.only:
        return (
            "neither annotations nor a table that names images in it: give such a"
            " file, or the folder that holds it"
        )
    if not listing.images and not listing.files:
        return "an empty folder: give the one with the annotations"
    if not listing.images:
        return (
            f"{count(len(listing.files), 'file')}, none of which is one of them:"
            " give the folder or zip that holds them"
        )
    return (
        f"{images}, and nothing that says what they show: add metadata.csv with the"
        " columns file_name and label, or put them in a folder for each class"
    )


def _instances(
    listing: Listing, unusable: dict[str, Unusable]
) -> Iterator[json_files.Instances]:
    for name in _first(listing, (".json",)):
        head = listing.head(name, 4096)
        if json_files.is_pointer(head):
            unusable[name] = _LFS
            continue
        if listing.files[name] > json_files.MOST:
            unusable[name] = Unusable(
                "JSON of more than 2 GB", "split it, or write its recipe"
            )
            continue
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(
            (b"{", b"[", b"\xff", b"\xfe")
        ):
            continue
        try:
            with listing.open(name) as view:
                found = json_files.read_json(view, name)
        except SourceError as err:
            listing.notes.append(str(err))
            continue
        if isinstance(found, Unusable):
            unusable[name] = found
        elif found is not None:
            yield found


def _tables(
    listing: Listing, index: ImageIndex, unusable: dict[str, Unusable]
) -> Iterator[tables.Table]:
    for name in _first(listing, _TABLES, bare="metadata"):
        head = listing.head(name)
        if json_files.is_pointer(head):
            unusable[name] = _LFS
        elif listing.files[name] > _MOST_OF_TABLE:
            unusable[name] = Unusable("a table of more than 1 GB", "write its recipe")
        else:
            found = _table(listing, name, head, index)
            if isinstance(found, Unusable):
                unusable[name] = found
            elif found is not None:
                yield found


def _table(
    listing: Listing, name: str, head: bytes, index: ImageIndex
) -> tables.Table | Unusable | None:
    from builder.datasets.layouts import table_file  # pandas

    try:
        if len(head) == HEAD and not table_file.is_parquet(head):
            # Tables of pixels have no column that names images, and are long.
            start = table_file.frame_of(head.rpartition(b"\n")[0], name)
            if isinstance(start, Unusable) or tables.read(start, name, index) is None:
                return start if isinstance(start, Unusable) else None
        with listing.open(name) as view:
            frame = table_file.frame_of(bytes(view), name)
    except SourceError as err:
        return Unusable.of(err)
    return frame if isinstance(frame, Unusable) else tables.read(frame, name, index)


def _samples(images: Sequence[str]) -> list[str]:
    """Return an image of each of the first folders, and of the first zips."""
    firsts: dict[str, str] = {}
    for path in images:
        folder = path.partition("::")[0] if "::" in path else path.rpartition("/")[0]
        firsts.setdefault(folder, path)
    return list(firsts.values())[:_MOST_FOLDERS]


def _others(listing: Listing) -> dict[str, Unusable]:
    """Return what is known, and cannot be used."""
    found: dict[str, Unusable] = {}
    for name in listing.files:
        for endings, what in _BY_ENDING:
            if name.lower().endswith(endings):
                found[name] = what
    for name in _first(listing, (".xml",))[:3]:
        if b"<annotation" in listing.head(name, 4096):
            found[name] = Unusable(
                "annotations of Pascal VOC", "convert them to COCO's format"
            )
    for name in _first(listing, (".txt",))[:20]:
        if _YOLO.match(listing.head(name, 4096)):
            found[name] = Unusable("labels of YOLO", "convert them to COCO's format")
    return found


def _first(listing: Listing, endings: tuple[str, ...], bare: str = "") -> list[str]:
    """Return the first files with these endings, those nearest to the top first."""
    found = [
        name
        for name in listing.files
        if name.lower().endswith(endings)
        or (bare and bare in name.lower() and "." not in name.rpartition("/")[2])
    ]
    found.sort(key=lambda name: (name.replace("::", "/").count("/"), name))
    if len(found) > _MOST_FILES:
        listing.notes.append(
            f"only the first {_MOST_FILES} of {len(found):,} {endings[0]} files were"
            " looked into"
        )
    return found[:_MOST_FILES]
