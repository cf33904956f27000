"""Re-read a build folder, and say everything that is not as it should be."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from builder.card.render import render_card
from builder.errors import VerifyError
from builder.output.digests import rows_digest
from builder.output.folder import STATE, Root
from builder.output.manifest import (
    KIND,
    LAST,
    LOCK,
    digest_of,
    to_json,
    without_address,
)
from builder.output.schema import features_of, image_bytes
from builder.output.shards import shard_reader
from builder.pipeline.execute import InlineExecutor
from builder.sources.cache import Cache

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Executor


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
        As in `builder.pipeline.build.build`.
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
    lock = _read_lock(root)
    if replayed and LOCK not in damaged and {"inputs", "draws"} <= set(lock):
        from builder.pipeline.replay import replay

        faults += replay(
            root,
            manifest,
            lock,
            source=source,
            files=files,
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
    with pq.ParquetFile(shard_reader(root, name)) as file:
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
    images = [value.as_buffer() for value in image_bytes(table)]
    digests = [hashlib.sha256(image).digest() for image in images]
    if hashlib.sha256(b"".join(digests)).hexdigest() != entry["images_sha256"]:
        yield f"{name}: its images are not those of the manifest"
    if rows_digest(table) != entry["rows_sha256"]:
        yield f"{name}: its rows are not those of the manifest"


def _check_lock(root: Root, manifest: Mapping[str, Any]) -> Iterator[str]:
    lock = _read_lock(root)
    digest = lock.pop("digest", None)
    if digest != digest_of(lock):
        yield f"{LOCK}: its digest is not that of its content"
    if digest != manifest["selection"]:
        yield f"{LOCK}: is not the selection that the manifest names"
    for name in ("dataset", "recipe"):
        if lock.get(name) != manifest[name]:
            yield f"{LOCK}: its {name} is not that of the manifest"
    sources = [without_address(entry) for entry in manifest["sources"]]
    if lock.get("inputs") != sources[: len(lock.get("inputs", []))]:
        yield f"{LOCK}: its inputs are not the sources of the manifest"
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


def _read_lock(root: Root) -> dict[str, Any]:
    """Return selection.json, empty if it is no JSON object."""
    try:
        lock = json.loads(root.read(LOCK) or b"{}")
    except ValueError:
        return {}
    return lock if isinstance(lock, dict) else {}


def _is_broken(name: str, broken: set[str]) -> bool:
    base = name.rsplit("/", 1)[-1]
    return base in broken or f"{base}.jpg" in broken


def _check_card(root: Root, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Render the card again from the manifest, which the digests vouch for."""
    if root.read("README.md") != render_card(manifest).encode():
        yield "README.md: is not the card that the manifest gives"
