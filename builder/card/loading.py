"""What the YAML of a card says of the files of a build. Pure."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

from builder.card.parts import config_of, entries
from builder.errors import MISFITS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


def resolve(
    config: Mapping[str, Any], paths: Collection[str]
) -> Iterator[tuple[str, list[str]]]:
    """Yield each split of a config with the files that its patterns match."""
    for entry in config.get("data_files") or []:
        patterns = entry["path"]
        patterns = [patterns] if isinstance(patterns, str) else patterns
        matched = {p for pattern in patterns for p in fnmatch.filter(paths, pattern)}
        yield entry["split"], sorted(matched)


def check_loading(
    metadata: Mapping[str, Any], manifest: Mapping[str, Any]
) -> Iterator[str]:
    """Yield each config of a build that a card would no longer load as it was built."""
    configs = {config_of(e): e for e in entries(metadata, "configs")}
    infos = {config_of(e): e for e in entries(metadata, "dataset_info")}
    paths = [path for path in manifest["files"] if path.endswith(".parquet")]
    for name, splits in manifest["configs"].items():
        if name not in configs:
            yield f"its YAML has lost config {name}"
            continue
        try:
            found = dict(resolve(configs[name], paths))
            counts = {
                split["name"]: split["num_examples"]
                for split in infos.get(name, {}).get("splits") or []
            }
        except MISFITS:
            found, counts = {}, {}
        listed = {split: sorted(facts["files"]) for split, facts in splits.items()}
        rows = {split: facts["num_examples"] for split, facts in splits.items()}
        if found != listed or counts not in ({}, rows):
            yield f"its YAML does not give the files and rows of config {name}"
