"""Make a build once more from its source, in memory, and compare every part of it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from builder.errors import MISFITS, first_of
from builder.output.digests import digest_of, rows_digest
from builder.output.example import example_of
from builder.output.footer import check_footer
from builder.output.manifest import describe_images, make_manifest
from builder.output.plan import ShardInfo, plan_shards
from builder.output.records import DIGESTS, LAST, LOCK, FileEntry
from builder.output.schema import image_bytes, schemas_of
from builder.output.shards import shard_reader, task_key
from builder.output.versions import versions
from builder.pipeline.bring import reader
from builder.pipeline.locate import locate, present_rows
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.stages import settle
from builder.pipeline.verify_images import compare_images
from builder.selection.contract import draws_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.images.facts import AuditFacts
    from builder.output.folder import Folder
    from builder.output.plan import ShardTask
    from builder.pipeline.work import Work
    from builder.selection.contract import Selection

# What may differ though the content is the same: a source that lay elsewhere.
_PLACE = ("name", "url")
# What Arrow raises, and what is raised for what nobody would write.
_UNREADABLE = (OSError, MemoryError, pa.ArrowException, *MISFITS)


def replay(
    root: Folder,
    manifest: Mapping[str, Any],
    lock: Mapping[str, Any],
    request: Request,
    work: Work,
) -> Iterator[str]:
    """Select again from the source; yield whatever differs from the build.

    Parameters
    ----------
    root : Folder
    manifest, lock : dict
        Of the build, whole as far as their own digests tell.
    request : Request
        The build's dataset and recipe, and where its source lies now.
    work : Work
    """
    prepared = prepare(request, work)
    options = manifest["options"]
    if "max_shard_size" not in options:
        yield f"{LAST}: its options do not say how large shards are: build it again"
        return
    image_size = options.get("image_size")
    left_out = manifest.get("missing", ())
    located = locate(prepared.images, work, skip_missing=bool(left_out))
    missing = {prepared.keys[number] for number in located.missing.tolist()}
    other = sorted(missing.symmetric_difference(left_out))
    if other:
        yield (
            f"{LAST}: {len(other)} images are nowhere in the source or were so at the"
            f" build, and not both: {first_of(other)}; nothing else was compared"
        )
        return
    settled = settle(
        prepared,
        request,
        located,
        work,
        image_size=image_size,
        decode=options.get("audit", True),
        allow_broken=True,  # which ones are broken is compared below
        anew=True,  # what the build left in the cache proves nothing
    )
    selection, known, seen = settled.selection, settled.known, settled.seen
    yield from _compare_locks(lock, prepared.inputs, selection)
    splits = present_rows(selection.splits(), located.missing)
    schemas = schemas_of(splits)
    plan = plan_shards(
        splits,
        prepared.keys,
        settled.members,
        schemas,
        root=root,
        max_shard_size=options["max_shard_size"],
        versions=manifest["versions"],
        sizes=prepared.sizes,
        allow_broken=options.get("allow_broken", False),
    )
    good = seen.facts.is_good
    expected = {s.path: s for s in plan.shards if good[s.images].any()}
    for name in manifest["files"]:
        if name.endswith(".parquet") and name not in expected:
            yield f"{name}: the source gives no such shard"
    ours = "the one of the source"
    if image_size is not None:
        ours = _made_with(manifest["versions"].get("pillow", "?"), versions()["pillow"])
    present, shards = [], []
    for path, shard in expected.items():
        if path not in manifest["files"] or not root.exists(path):
            yield f"{path}: the source gives this shard, the build has none"
        else:
            task = plan.task(shard, known)
            entry = manifest["files"][path]
            looked = known.facts.take(shard.images)
            yield from _compare_rows(root, task, looked, entry["bytes"], ours)
            present.append(shard)
            shards.append(_as_written(task, entry))
    if DIGESTS in manifest["files"]:
        yield from compare_images(root, seen)

    sizes = [member.file_size for member in settled.originals]
    decided = [lock["digest"], options, manifest["versions"], sizes]
    again = make_manifest(
        prepared.dataset.name,
        selection,
        lock=settled.lock,
        key=digest_of([*decided, *settled.skipped]),
        options=options,
        sources=[*prepared.inputs, *describe_images(prepared.images, seen)],
        planned=present,
        shards=shards,
        schemas=schemas,
        audit=selection.audit(seen),
        broken=seen.broken,
        about=prepared.dataset.about,
        missing=seen.missing,
        example=example_of(splits, seen),
    )
    yield from _compare_manifests(manifest, again)
    texts = dict(selection.small_tables())
    if manifest["versions"] == versions():  # figures depend on them
        read = reader(settled.originals, work, seen.facts)
        texts |= selection.figures(seen, read)
    for name, data in texts.items():
        if root.read(name) != data:
            yield f"{name}: is not what the source gives"


def _as_written(task: ShardTask, entry: Mapping[str, Any]) -> ShardInfo:
    """Return what the manifest says of a shard, but for the key of its task."""
    key = task_key(task, rows_digest([task.rows]))
    known = {name: entry[name] for name in FileEntry.__struct_fields__}
    return ShardInfo(task.path, key, **known)


def _compare_locks(
    lock: Mapping[str, Any],
    inputs: Sequence[Mapping[str, Any]],
    selection: Selection,
) -> Iterator[str]:
    """Compare the inputs and every draw."""
    given = {entry["role"]: entry for entry in inputs}
    for entry in lock["inputs"]:
        found = given.pop(entry["role"], None)
        if found is None:
            yield f"{LOCK}: was made with {entry['role']}, the source has none"
        elif entry["sha256"] != found["sha256"]:
            yield (
                f"{LOCK}: the {entry['role']} were {entry['name']} with sha256"
                f" {entry['sha256'][:16]}…, the source has {found['name']} with"
                f" {found['sha256'][:16]}…"
            )
    for role in given:
        yield f"{LOCK}: was made without {role}, the source has them"
    if lock["rule"] != selection.rule:
        yield f"{LOCK}: its rule is not the one of this version of trimset"
    draws = draws_of(selection)
    for config in dict.fromkeys([*draws, *lock["draws"]]):
        theirs, ours = lock["draws"].get(config, {}), draws.get(config, {})
        for split in dict.fromkeys([*ours, *theirs]):
            listed, names = theirs.get(split, []), ours.get(split, [])
            if listed != names:
                pairs = enumerate(zip(listed, names, strict=False))
                shorter = min(len(listed), len(names))
                at = next((i for i, (a, b) in pairs if a != b), shorter)
                yield f"{LOCK}: row {at} of {config}/{split} is not what the rule draws"


def _made_with(theirs: str, ours: str) -> str:
    """Return what an image is compared with, where images are resized."""
    if theirs == ours:
        return "the one that Pillow makes of the source"
    return (
        f"the one that Pillow {ours} makes of the source, and the build had Pillow"
        f" {theirs}, which may make others: verify with that"
    )


def _compare_rows(
    root: Folder, task: ShardTask, known: AuditFacts, size: int, ours: str
) -> Iterator[str]:
    """Compare every value of a shard, and the digest of every image with `ours`."""
    path = task.path
    kept = np.flatnonzero(known.is_good).tolist()
    expected = task.rows.take(pa.array(kept, pa.int64())).to_pylist()
    try:
        with pq.ParquetFile(shard_reader(root, path)) as file:
            check_footer(file.metadata, size)
            table = file.read()
        found = table.drop_columns("image").to_pylist()
        images = list(image_bytes(table))
    except _UNREADABLE as err:
        yield f"{path}: cannot be read as Parquet ({err})"
        return
    if len(found) != len(expected):
        yield f"{path}: the source gives {len(expected)} rows, found {len(found)}"
        return
    for number, (row, other) in enumerate(zip(expected, found, strict=True)):
        for name, value in row.items():
            if other.get(name) != value:
                yield (
                    f"{path}: row {number}, {name}: the source gives {value!r}, found"
                    f" {other.get(name)!r}"
                )
    for number, (row, value) in enumerate(zip(kept, images, strict=True)):
        digest = hashlib.sha256(value.as_buffer()).digest()
        if digest != known.sha256[row].tobytes():
            yield f"{path}: row {number}: its image is not {ours}"


def _compare_manifests(
    manifest: Mapping[str, Any], expected: Mapping[str, Any]
) -> Iterator[str]:
    """Name the first difference in each part of the manifest."""
    parts = {name: (manifest.get(name), value) for name, value in expected.items()}
    # Not of the source: what the build was made with, and what verify has compared.
    for name in ("versions", "selection"):
        del parts[name]
    parts["sources"] = (_without_place(manifest), _without_place(expected))
    shards = {name: manifest["files"].get(name) for name in expected["files"]}
    parts["files"] = (shards, expected["files"])
    audit, again = manifest["audit"], expected["audit"]
    del parts["audit"]
    for name in dict.fromkeys([*audit, *again]):
        parts[f"audit.{name}"] = (audit.get(name), again.get(name))
    for name, (found, value) in parts.items():
        # Through JSON, as tuples come back from it as lists.
        pairs = list(_leaves(name, json.loads(json.dumps(value)), found))
        if pairs:
            path, given, other = pairs[0]
            more = f" ({len(pairs) - 1} more below {name})" if len(pairs) > 1 else ""
            yield f"{LAST}: {path}: the source gives {given!r}, found {other!r}{more}"


def _without_place(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in entry.items() if name not in _PLACE}
        for entry in manifest["sources"]
    ]


def _leaves(path: str, given: Any, found: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield every place where two JSON values differ, with both values."""
    if isinstance(given, dict) and isinstance(found, dict):
        for name in dict.fromkeys([*given, *found]):
            yield from _leaves(f"{path}.{name}", given.get(name), found.get(name))
    elif (
        isinstance(given, list) and isinstance(found, list) and len(given) == len(found)
    ):
        for place, (one, other) in enumerate(zip(given, found, strict=True)):
            yield from _leaves(f"{path}[{place}]", one, other)
    elif given != found or isinstance(given, bool) != isinstance(found, bool):
        yield path, given, found
