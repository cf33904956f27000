"""What the commands tell of what was done: lines for people, records for programs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.card.markdown import count_of
from builder.errors import first_of
from builder.sources.ways import AS_NAMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from builder.pipeline.demo import Demo
    from builder.pipeline.init import InitReport
    from builder.pipeline.report import Report
    from builder.sources.cache import CacheEntry

# Of what is asked for and available, as many as are read on a screen or two.
_MOST_FACTS = 40
# What a plan was told of its own output.
_NOT_OF_BUILD = {"--json", "--debug", "--progress"}


def demo_lines(done: Sequence[Demo]) -> Iterator[str]:
    """Say what was built, show some rows, and what to try next."""
    for item in done:
        yield ""
        yield f"{item.dataset}: built in {item.folder} from {item.source}, verified"
        for config, splits in item.manifest["configs"].items():
            counts = ", ".join(f"{s['num_examples']} {n}" for n, s in splits.items())
            yield f"  {config:16} {counts}"
        for row in item.rows:
            shown = {**row, "image": str(row["image"].size)}
            yield f"  first row of {shown.pop('config')}: {shown}"
    yield ""
    yield "Look at the cards, the pictures and the manifests:"
    for item in done:
        yield f"  {item.folder}/README.md  {item.folder}/figures/contact_sheet.png"
    yield ""
    yield "Look at all of it in a browser:"
    for item in done:
        yield f"  {item.report.absolute().as_uri()}"
    first, folder = done[0], done[0].folder.absolute()
    config = first.rows[-1]["config"]
    yield ""
    yield "Try next:"
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
                "report": str(item.report),
                "configs": item.manifest["configs"],
            }
            for item in done
        ]
    }


def init_lines(report: InitReport) -> Iterator[str]:
    """Say what was seen, what was written, and the next command."""
    if not report.written:
        return
    yield f"{report.source}: {report.layout}"
    yield from (f"  {line}" for line in report.seen)
    for line in report.notes:
        yield f"  note: {line}"
    yield f"wrote {', '.join(report.written)}"
    for line in report.missing:
        yield f"  to complete: {line.lstrip('# ')}"
    yield f"next: {_next_of(report)}"
    if not report.missing:
        built = build_of(["init", report.written[0]], report.name)
        yield f"      {built}"


def told_of_init(report: InitReport) -> dict[str, Any]:
    """Return the record of a look at a source."""
    told = {name: getattr(report, name) for name in report.__dataclass_fields__}
    return {**told, "next": _next_of(report) if report.written else ""}


def _next_of(report: InitReport) -> str:
    return f"trimset plan {shlex.quote(report.written[0])}"


def plan_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """Say what would be selected, fetched and written."""
    rows = sum(n for splits in report["rows"].values() for n in splits.values())
    configs = count_of(len(report["rows"]), "config", "configs")
    yield f"{report['dataset']}: {rows:,} rows in {configs}"
    if not report["settled"]:
        yield "and what a build cuts from them, once it has seen the images"
    yield f"{report['images']:,} distinct images, {report['bytes']:,} bytes"
    for way, number in report.get("located", {}).items():
        if way != AS_NAMED:
            total = report["images"] + len(report.get("missing", ()))
            yield f"{number:,} of {total:,} images found {way}"
    yield from missing_lines(report)
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
    facts = report["feasibility"]
    for fact in facts[:_MOST_FACTS]:
        yield "  " + ", ".join(f"{name} {value}" for name, value in fact.items())
    if len(facts) > _MOST_FACTS:
        yield f"  and {len(facts) - _MOST_FACTS:,} lines more: --json has all of them"
    for fact in report.get("context_sets", {}).get("sets", ()):
        yield (
            f"  {fact['config']}/{fact['split']}: {fact['target']}"
            f" {'with' if fact['split'] == 'cooccur' else 'without'} {fact['context']}:"
            f" {fact['positives']} of {fact['positives_available']} images, and"
            f" {fact['negatives']} without {fact['target']}"
        )


def build_of(words: Sequence[str], name: str) -> str:
    """Return the command that builds what a plan was made of.

    >>> build_of(["plan", "my data.toml", "--json", "--image-size", "64"], "my_data")
    "trimset build 'my data.toml' --image-size 64 --out out/my_data"
    """
    same = [word for word in words[1:] if word not in _NOT_OF_BUILD]
    return shlex.join(["trimset", "build", *same, "--out", f"out/{name}"])


def missing_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Say which images are left out since they are nowhere."""
    missing = record.get("missing", ())
    if missing:
        images = count_of(len(missing), "image", "images")
        yield f"left out: {images} that are nowhere: {first_of(missing)}"


def build_lines(told: Mapping[str, Any]) -> Iterator[str]:
    """Say what was written, and which images are left out since they are broken."""
    yield (
        f"{told['folder']}: {told['rows']:,} rows, {told['files']} files,"
        f" {told['bytes']:,} bytes"
    )
    for entry in told["broken"]:
        yield f"left out: {entry['image']} {entry['reason']}"


def after_build_lines(folder: str) -> Iterator[str]:
    """Say what to do with a build."""
    yield f"next: trimset verify {folder}"
    if "://" not in folder:
        yield f"      load_dataset({str(Path(folder).absolute())!r})"


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
        **{name: manifest[name] for name in ("missing", "located") if name in manifest},
    }


def told_of_export(folder: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of an export; `record` is its trimset.json."""
    return {
        "folder": folder,
        "dataset": record["dataset"],
        "selection": record["selection"],
        "files": len(record["files"]),
    }


def report_lines(folder: str, report: Report) -> Iterator[str]:
    """Say what the page shows, and where it is."""
    yield (
        f"{folder}: {report.rows:,} rows, {report.pictures:,} pictures of"
        f" {report.size} pixels, {report.bytes:,} bytes"
    )
    if report.unshown:
        yield f"{count_of(report.unshown, 'picture', 'pictures')} cannot be shown"
    yield f"wrote {report.path.absolute().as_uri()}"


def told_of_report(report: Report) -> dict[str, Any]:
    """Return the record of a page."""
    return {
        "path": str(report.path),
        "url": report.path.absolute().as_uri(),
        "bytes": report.bytes,
        "rows": report.rows,
        "pictures": report.pictures,
        "picture_size": report.size,
        "unshown": report.unshown,
    }


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
