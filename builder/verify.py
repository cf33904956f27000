"""Re-read a build folder, and say everything that is not as it should be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from builder.audit import audit_images
from builder.cache import Cache
from builder.card import render_card
from builder.digests import rows_digest
from builder.errors import VerifyError
from builder.execute import InlineExecutor
from builder.manifest import KIND, LAST, LOCK, digest_of, to_json
from builder.prepare import bring, prepare
from builder.recipes import CocoRecipe, IsicRecipe
from builder.shards import plan_shards
from builder.storage import STATE, Root
from builder.tables import features_of, schema_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor

    from builder.audit import Audit
    from builder.prepare import Recipe, Selection


@dataclass(frozen=True)
class VerifyReport:
    """What a verification looked at and found.

    Attributes
    ----------
    files, rows : int
        How many were checked.
    replayed : bool
        Whether the selection was replayed from a source.
    faults : tuple of str
        Everything that is wrong, a sentence each; empty if all is well.
    """

    files: int
    rows: int
    replayed: bool
    faults: tuple[str, ...]


def verify(
    folder: str | os.PathLike[str],
    *,
    source: str | None = None,
    files: Mapping[str, str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    allow_hosts: Sequence[str] = (),
    executor: Executor | None = None,
    workers: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
) -> VerifyReport:
    """Check a build folder against its manifest, and against its source if given.

    Parameters
    ----------
    folder : path
        Of a build.
    source : str, optional
        Folder or URL with one of the official layouts: the selection is replayed
        from it, and every row and image is compared.
    files, cache_dir, allow_hosts, progress
        As in `builder.pipeline.build`.
    executor : concurrent.futures.Executor, optional
        Where the images of the source are looked at; here, if not given.
    workers : int
        How many tasks the executor runs at a time.

    Raises
    ------
    VerifyError
        There is no finished build to check.
    """
    root = Root(folder)
    manifest = read_manifest(root)
    if manifest.get("digest") != _digest(manifest):
        fault = f"{LAST}: its digest is not that of its content"
        # Nothing else that it says can be relied on, not even its form.
        return VerifyReport(1, 0, replayed=False, faults=(fault,))
    faults = [*_check_manifest(root, manifest), *_check_files(root, manifest)]
    damaged = {fault.split(":", 1)[0] for fault in faults}
    shards = {
        name: entry
        for name, entry in manifest["files"].items()
        if name.endswith(".parquet") and name not in damaged
    }
    for name, entry in shards.items():
        faults += _check_shard(root, name, entry, manifest)
    if LOCK not in damaged:
        faults += _check_lock(root, manifest)
    if "README.md" not in damaged:
        faults += _check_card(root, manifest)
    replayed = bool(source or files)
    if replayed and LOCK not in damaged:
        faults += _replay(
            root,
            manifest,
            source,
            files,
            cache=Cache(cache_dir),
            allow_hosts=allow_hosts,
            executor=executor or InlineExecutor(),
            workers=workers,
            progress=progress,
        )
    rows = sum(entry["rows"] for entry in shards.values())
    return VerifyReport(len(manifest["files"]) + 1, rows, replayed, tuple(faults))


def read_manifest(root: Root) -> dict[str, Any]:
    """Return manifest.json of a finished build.

    Raises
    ------
    VerifyError
        There is none.
    """
    data = root.read(LAST)
    if data is None:
        state = "an unfinished build" if root.exists(STATE) else "no build of trimset"
        msg = (
            f"{root.url}: expected a finished build with {LAST}, found {state}: run"
            " trimset build again, or check the folder"
        )
        raise VerifyError(msg)
    try:
        manifest = json.loads(data)
    except ValueError as err:
        msg = f"{root.url}: {LAST} is not JSON ({err}): it is damaged, build again"
        raise VerifyError(msg) from err
    if not isinstance(manifest, dict) or manifest.get("format") != KIND:
        msg = (
            f"{root.url}: expected a {LAST} of the format {KIND}, found another:"
            " check the folder"
        )
        raise VerifyError(msg)
    return manifest


def _digest(manifest: Mapping[str, Any]) -> str:
    return digest_of({n: value for n, value in manifest.items() if n != "digest"})


def _check_manifest(root: Root, manifest: Mapping[str, Any]) -> Iterator[str]:
    if root.read(LAST) != to_json(manifest):
        yield f"{LAST}: is not written as a build writes it"
    for config, splits in manifest["configs"].items():
        for split, facts in splits.items():
            files = [manifest["files"].get(name, {}) for name in facts["files"]]
            for total, part in (
                ("num_examples", "rows"),
                ("num_bytes", "num_bytes"),
                ("download_size", "bytes"),
            ):
                found = sum(entry.get(part, 0) for entry in files)
                if facts[total] != found:
                    yield (
                        f"{LAST}: {config}/{split} has {total} {facts[total]}, its"
                        f" files together {found}"
                    )


def _check_files(root: Root, manifest: Mapping[str, Any]) -> Iterator[str]:
    expected = manifest["files"]
    for name, entry in expected.items():
        found = root.digest(name)
        if found is None:
            yield f"{name}: is in the manifest, but not there"
        elif found != (entry["sha256"], entry["bytes"]):
            yield (
                f"{name}: expected sha256 {entry['sha256'][:16]}… and"
                f" {entry['bytes']:,} bytes, found {found[0][:16]}… and {found[1]:,}"
            )
    for name in root.files():
        # Hidden files are those of git, of the Hub's clients, and of an editor.
        hidden = any(part.startswith(".") for part in name.split("/"))
        if name not in expected and name != LAST and not hidden:
            yield f"{name}: is not in the manifest"


def _check_shard(
    root: Root, name: str, entry: Mapping[str, Any], manifest: Mapping[str, Any]
) -> Iterator[str]:
    config = name.split("/")[1]
    with pq.ParquetFile(_reader(root, name)) as file:
        if file.num_row_groups != 1:
            yield f"{name}: expected one row group, found {file.num_row_groups}"
        if features_of(file.schema_arrow) != manifest["features"][config]:
            yield f"{name}: its features are not those of the manifest"
        table = file.read()
    if table.num_rows != entry["rows"]:
        yield f"{name}: expected {entry['rows']} rows, found {table.num_rows}"
    if table.nbytes != entry["num_bytes"]:
        yield (
            f"{name}: expected {entry['num_bytes']} bytes in Arrow, found"
            f" {table.nbytes}"
        )
    images = [value.as_buffer() for value in _image_bytes(table)]
    digests = [hashlib.sha256(image).digest() for image in images]
    if hashlib.sha256(b"".join(digests)).hexdigest() != entry["images_sha256"]:
        yield f"{name}: its images are not those of the manifest"
    if rows_digest(table) != entry["rows_sha256"]:
        yield f"{name}: its rows are not those of the manifest"


def _check_lock(root: Root, manifest: Mapping[str, Any]) -> Iterator[str]:
    lock = json.loads(root.read(LOCK) or b"{}")
    digest = lock.pop("digest", None)
    if digest != digest_of(lock):
        yield f"{LOCK}: its digest is not that of its content"
    if digest != manifest["selection"]:
        yield f"{LOCK}: is not the selection that the manifest names"
    broken = {entry["image"].rsplit("/", 1)[-1] for entry in manifest["broken"]}
    for config, splits in lock.get("draws", {}).items():
        for split, names in splits.items():
            facts = manifest["configs"].get(config, {}).get(split)
            left = [n for n in names if not _is_broken(n, broken)]
            if facts is None or facts["num_examples"] != len(left):
                found = facts and facts["num_examples"]
                yield (
                    f"{LOCK}: names {len(left)} rows for {config}/{split}, the"
                    f" manifest {found}"
                )


def _is_broken(name: str, broken: set[str]) -> bool:
    base = name.rsplit("/", 1)[-1]
    return base in broken or f"{base}.jpg" in broken


def _check_card(root: Root, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Render the card again from the manifest, which the digests vouch for."""
    if root.read("README.md") != render_card(manifest).encode():
        yield "README.md: is not the card that the manifest gives"


def _replay(
    root: Root,
    manifest: Mapping[str, Any],
    source: str | None,
    files: Mapping[str, str] | None,
    *,
    cache: Cache,
    allow_hosts: Sequence[str],
    executor: Executor,
    workers: int,
    progress: Callable[[str, int, int], None] | None,
) -> Iterator[str]:
    """Select again from the source, and compare every row and image."""
    prepared = prepare(
        manifest["dataset"],
        recipe_of(manifest),
        source=source,
        files=files,
        cache=cache,
        allow_hosts=allow_hosts,
        progress=progress,
    )
    lock = json.loads(root.read(LOCK) or b"{}")
    members = bring(prepared.locate(), cache, progress=progress)
    decode = manifest["options"]["audit"]
    looked = audit_images(
        members,
        prepared.selection.stated_sizes(),
        executor=executor,
        workers=workers,
        decode=decode,
        progress=progress,
    )
    selection = prepared.selection.with_audit(looked)
    yield from _compare_locks(lock, prepared.inputs, selection)
    yield from _compare_numbers(manifest, selection, looked)
    schemas = {n: schema_of(f) for n, f in selection.features().items()}
    tasks = plan_shards(
        selection.rows(),
        members,
        schemas,
        root=root,
        max_shard_size=manifest["options"]["max_shard_size"],
        versions=manifest["versions"],
    )
    planned = {task.path for task in tasks}
    for name in manifest["files"]:
        if name.endswith(".parquet") and name not in planned:
            yield f"{name}: the source gives no such shard"
    left_out = {entry["image"] for entry in manifest["broken"]}
    digests = {
        name: digest.tobytes().hex()
        for name, digest in zip(looked.names, looked.facts.sha256, strict=True)
    }
    for task in tasks:
        if task.path not in manifest["files"] or not root.exists(task.path):
            yield f"{task.path}: the source gives this shard, the build has none"
            continue
        kept = [row for row, name in enumerate(task.names) if name not in left_out]
        expected = task.rows.take(pa.array(kept, pa.int64())).to_pylist()
        images = [digests[task.names[row]] for row in kept]
        yield from _compare_rows(root, task.path, expected, images)


def _compare_numbers(
    manifest: Mapping[str, Any], selection: Selection, looked: Audit
) -> Iterator[str]:
    """Compute what the manifest says of source and audit once more."""
    again = {
        "feasibility": selection.feasibility(),
        **selection.facts(),
        "audit": selection.audit(looked),
    }
    for name, value in again.items():
        # Through JSON, as tuples come back from it as lists.
        if json.loads(json.dumps(value)) != manifest.get(name):
            yield f"{LAST}: {name!r} is not what the source gives"


def _compare_locks(
    lock: Mapping[str, Any],
    inputs: Sequence[Mapping[str, Any]],
    selection: Selection,
) -> Iterator[str]:
    for entry, found in zip(lock["inputs"], inputs, strict=False):
        if entry["sha256"] != found["sha256"]:
            yield (
                f"{LOCK}: the {entry['role']} were {entry['name']} with sha256"
                f" {entry['sha256'][:16]}…, the source has {found['name']} with"
                f" {found['sha256'][:16]}…"
            )
    draws = selection.draws_by_config()
    for config, splits in draws.items():
        for split, names in splits.items():
            listed = lock["draws"].get(config, {}).get(split, [])
            if listed != names:
                pairs = enumerate(zip(listed, names, strict=False))
                at = next((i for i, (a, b) in pairs if a != b), len(listed))
                yield f"{LOCK}: row {at} of {config}/{split} is not what the rule draws"


def _compare_rows(
    root: Root, path: str, expected: list[dict[str, Any]], images: list[str]
) -> Iterator[str]:
    try:
        table = pq.read_table(_reader(root, path))
    except (OSError, pa.ArrowException) as err:
        yield f"{path}: cannot be read as Parquet ({err})"
        return
    found = table.drop_columns("image").to_pylist()
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
    for number, (digest, value) in enumerate(
        zip(images, _image_bytes(table), strict=True)
    ):
        if hashlib.sha256(value.as_buffer()).hexdigest() != digest:
            yield f"{path}: row {number}: its image is not the one of the source"


def _reader(root: Root, name: str) -> pa.BufferReader:
    """Return a shard in memory, for Arrow to read.

    Its own threads would still call into a file of Python's when the process ends,
    which now and then aborts it.
    """
    return pa.BufferReader(root.read(name) or b"")


def recipe_of(record: Mapping[str, Any]) -> Recipe:
    """Return the recipe that a manifest or a lock names."""
    recipe = record["recipe"]
    if record["dataset"] == "coco_stuff_trimmed":
        return CocoRecipe(**{**recipe, "targets": tuple(recipe["targets"])})
    return IsicRecipe(
        benign=tuple(recipe["benign"]),
        malignant=tuple(recipe["malignant"]),
        seed=recipe["seed"],
    )


def _image_bytes(table: pa.Table) -> Iterator[pa.BinaryScalar]:
    for chunk in table.column("image").chunks:
        yield from chunk.field("bytes")
