"""What the commands tell of what was done: lines for people, records for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card.markdown import count_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from builder.hub.push import PushReport
    from builder.hub.verify import PublishedReport
    from builder.pipeline.demo import Demo
    from builder.pipeline.verify import VerifyReport
    from builder.sources.cache import CacheEntry


def demo_lines(done: Sequence[Demo]) -> Iterator[str]:
    """Say what was built, show some rows, and what to try next."""
    for item in done:
        yield f"\n{item.dataset}: built in {item.folder} from {item.source}, verified"
        for config, splits in item.manifest["configs"].items():
            counts = ", ".join(f"{s['num_examples']} {n}" for n, s in splits.items())
            yield f"  {config:16} {counts}"
        for row in item.rows:
            shown = {**row, "image": str(row["image"].size)}
            yield f"  first row of {shown.pop('config')}: {shown}"
    yield "\nLook at the cards, the pictures and the manifests:"
    for item in done:
        yield f"  {item.folder}/README.md  {item.folder}/figures/contact_sheet.png"
    first, folder = done[0], done[0].folder.absolute()
    config = first.rows[-1]["config"]
    yield "\nTry next:"
    yield f"  trimset plan {first.dataset} --source {first.source}"
    yield f"  trimset verify {first.folder} --source {first.source}"
    yield (
        f'  python -c "from datasets import load_dataset; '
        f"print(load_dataset('{folder}', '{config}'))\""
    )


def told_of_demo(done: Sequence[Demo]) -> dict[str, Any]:
    """Return the record of a demo."""
    return {
        "demo": [
            {
                "dataset": item.dataset,
                "folder": str(item.folder),
                "configs": item.manifest["configs"],
            }
            for item in done
        ]
    }


def plan_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Say what would be selected, fetched and written."""
    rows = sum(n for splits in report["rows"].values() for n in splits.values())
    configs = count_of(len(report["rows"]), "config", "configs")
    yield f"{report['dataset']}: {rows:,} rows in {configs}"
    if not report["settled"]:
        yield "and what a build cuts from them, once it has seen the images"
    yield f"{report['images']:,} distinct images, {report['bytes']:,} bytes"
    fetch = report["to_fetch"]
    yield (
        f"to fetch: {fetch['members']:,} images, {fetch['bytes']:,} bytes;"
        f" in the cache already: {fetch['cached_members']:,} images,"
        f" {fetch['cached_bytes']:,} bytes"
    )
    disk = report["disk"]
    yield f"disk: {disk['output']:,} bytes of output, {disk['cache']:,} of cache"
    if report["image_size"] is not None:
        yield (
            "  of output before the images are resized to a shorter side of"
            f" {report['image_size']:,} pixels: as a rule an upper bound"
        )
    for fact in report["feasibility"]:
        yield "  " + ", ".join(f"{name} {value}" for name, value in fact.items())


def told_of_build(folder: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a build."""
    return {
        "folder": folder,
        "dataset": manifest["dataset"],
        "selection": manifest["selection"],
        "rows": sum(
            split["num_examples"]
            for splits in manifest["configs"].values()
            for split in splits.values()
        ),
        "files": len(manifest["files"]),
        "bytes": sum(entry["bytes"] for entry in manifest["files"].values()),
        "broken": manifest["broken"],
    }


def told_of_export(folder: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of an export; `record` is its trimset.json."""
    return {
        "folder": folder,
        "dataset": record["dataset"],
        "selection": record["selection"],
        "files": len(record["files"]),
    }


def told_of_verify(folder: str, report: VerifyReport) -> dict[str, Any]:
    """Return the record of the check of a folder."""
    return {
        "folder": folder,
        "files": report.files,
        "rows": report.rows,
        "replayed": report.replayed,
        "faults": list(report.faults),
    }


def told_of_remote(report: PublishedReport) -> dict[str, Any]:
    """Return the record of the check of a repo."""
    return {
        "repo_id": report.repo_id,
        "commit": report.commit,
        "files": report.files,
        "rows": report.rows,
        "foreign": list(report.foreign),
        "faults": list(report.faults),
    }


def push_lines(report: PushReport, *, dry_run: bool) -> Iterator[str]:
    """Say what was or would be changed, and what was left alone."""
    for verb, paths in (
        ("add", report.added),
        ("change", report.changed),
        ("delete", report.deleted),
    ):
        if paths:
            would = "would " if dry_run else ""
            more = ", ..." if len(paths) > 5 else ""
            yield f"{would}{verb} {len(paths)} files: {', '.join(paths[:5])}{more}"
    for path in report.foreign:
        yield f"left alone: {path}, which no build put there"


def told_of_push(report: PushReport) -> dict[str, Any]:
    """Return the record of a push."""
    return {name: getattr(report, name) for name in report.__dataclass_fields__}


def told_of_cache(
    folder: Path, entries: Sequence[CacheEntry], total: int, *, cleared: bool
) -> dict[str, Any]:
    """Return the record of what is, or was, in the cache."""
    return {
        "folder": str(folder),
        "bytes": total,
        "cleared": cleared,
        "sources": [
            {
                "url": entry.url,
                "etag": entry.etag,
                "files": entry.files,
                "bytes": entry.bytes,
            }
            for entry in entries
        ],
    }
