"""The command line: parse, call the library, print. Nothing else prints or exits."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import TrimsetError, UsageError, VerifyError
from builder.options import COCO_FILES, ISIC_FILES, make_parser, option
from builder.recipes import CocoRecipe, IsicRecipe

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator, Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: done. 1: the job failed, and one line says why. 2: wrong usage. 130: Ctrl-C;
    the same command goes on where it was.
    """
    args = make_parser(_COMMANDS).parse_args(argv)
    try:
        status: int = args.command(args)
        return status
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on from here")
        if argv is None:
            # Threads of a library that wait for a server would hold up the end.
            sys.stdout.flush()
            os._exit(130)
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in `trimset plan | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TrimsetError, OSError, MemoryError) as err:
        if args.debug:
            raise
        _say(f"{type(err).__name__}: {' '.join(str(err).split())}")
        return 2 if isinstance(err, UsageError) else 1
    except Exception as err:
        if args.debug:
            raise
        words = " ".join(str(err).split())
        _say(
            f"a bug of trimset: {type(err).__name__}: {words}; nothing passes for"
            " finished: run the same command with --debug and report what it says"
        )
        return 1


def _say(line: str) -> None:
    print(f"trimset: {line}", file=sys.stderr)


def _demo(args: argparse.Namespace) -> int:
    from builder.demo import demo

    done = demo(args.out)
    for item in done:
        print(f"\n{item.dataset}: built in {item.folder} from {item.source}, verified")
        for config, splits in item.manifest["configs"].items():
            counts = ", ".join(f"{s['num_examples']} {n}" for n, s in splits.items())
            print(f"  {config:16} {counts}")
        for row in item.rows:
            shown = {**row, "image": str(row["image"].size)}
            print(f"  first row of {shown.pop('config')}: {shown}")
    print("\nLook at the cards, the pictures and the manifests:")
    for item in done:
        print(f"  {item.folder}/README.md  {item.folder}/figures/contact_sheet.png")
    first, folder = done[0], done[0].folder.absolute()
    print("\nTry next:")
    print(f"  trimset plan {first.dataset} --source {first.source}")
    print(f"  trimset verify {first.folder} --source {first.source}")
    print(
        f'  python -c "from datasets import load_dataset; '
        f"print(load_dataset('{folder}', 'car'))\""
    )
    report = [
        {
            "dataset": d.dataset,
            "folder": str(d.folder),
            "configs": d.manifest["configs"],
        }
        for d in done
    ]
    return _finish(args, {"demo": report})


def _plan(args: argparse.Namespace) -> int:
    from builder.plan import plan

    with _bars(args) as progress:
        report = plan(**_arguments(args), lock=args.lock, progress=progress)
    rows = sum(n for splits in report["rows"].values() for n in splits.values())
    print(f"{report['dataset']}: {rows:,} rows in {len(report['rows'])} configs")
    print(f"{report['images']:,} distinct images, {report['bytes']:,} bytes")
    fetch = report["to_fetch"]
    print(
        f"to fetch: {fetch['members']:,} images, {fetch['bytes']:,} bytes;"
        f" in the cache already: {fetch['cached_members']:,} images,"
        f" {fetch['cached_bytes']:,} bytes"
    )
    disk = report["disk"]
    print(f"disk: {disk['output']:,} bytes of output, {disk['cache']:,} of cache")
    for fact in report["feasibility"]:
        print("  " + ", ".join(f"{name} {value}" for name, value in fact.items()))
    return _finish(args, report)


def _build(args: argparse.Namespace) -> int:
    from builder.execute import make_executor
    from builder.pipeline import build

    with (
        make_executor(args.workers, args.scheduler) as (executor, workers),
        _bars(args) as progress,
    ):
        manifest = build(
            **_arguments(args),
            out=args.out,
            executor=executor,
            workers=workers,
            remote_workers=bool(args.scheduler),
            max_shard_size=args.max_shard_size,
            lock=args.lock,
            audit=not args.no_audit,
            allow_broken=args.allow_broken,
            overwrite=args.overwrite,
            progress=progress,
        )
    rows = sum(
        split["num_examples"]
        for splits in manifest["configs"].values()
        for split in splits.values()
    )
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    print(f"{args.out}: {rows:,} rows, {len(manifest['files'])} files, {size:,} bytes")
    for entry in manifest["broken"]:
        print(f"left out: {entry['image']} {entry['reason']}")
    reason = manifest["audit"].get("patient_split", {}).get("reason")
    if reason:
        _say(f"no config 'patient': {reason}")
    print(f"next: trimset verify {args.out}")
    if "://" not in args.out:
        print(f"      load_dataset({str(Path(args.out).absolute())!r})")
    return _finish(
        args,
        {
            "folder": str(args.out),
            "dataset": manifest["dataset"],
            "selection": manifest["selection"],
            "rows": rows,
            "files": len(manifest["files"]),
            "bytes": size,
            "broken": manifest["broken"],
        },
    )


def _export(args: argparse.Namespace) -> int:
    from builder.execute import make_executor
    from builder.export import export

    with (
        make_executor(args.workers) as (executor, workers),
        _bars(args) as progress,
    ):
        record = export(
            **_arguments(args),
            out=args.out,
            executor=executor,
            workers=workers,
            lock=args.lock,
            audit=not args.no_audit,
            allow_broken=args.allow_broken,
            overwrite=args.overwrite,
            progress=progress,
        )
    print(f"{args.out}: {len(record['files'])} files of the notebook")
    if record.get("no_patients"):
        _say(f"no config 'patient': {record['no_patients']}")
    return _finish(
        args,
        {
            "folder": str(args.out),
            "dataset": record["dataset"],
            "selection": record["selection"],
            "files": len(record["files"]),
        },
    )


def _verify(args: argparse.Namespace) -> int:
    given = {name: getattr(args, name) for name in (*COCO_FILES, *ISIC_FILES)}
    files = {name: path for name, path in given.items() if path}
    is_repo = re.fullmatch(r"[\w.-]+/[\w.-]+", args.target)
    if is_repo and not Path(args.target).exists():
        return _verify_remote(args, files)
    if args.revision or args.deep:
        msg = f"--revision and --deep are for a repo on the Hub, not for {args.target}"
        raise UsageError(msg)
    from builder.execute import make_executor
    from builder.verify import verify

    with (
        make_executor(args.workers) as (executor, workers),
        _bars(args) as progress,
    ):
        report = verify(
            args.target,
            source=args.source,
            files=files,
            cache_dir=args.cache_dir,
            allow_hosts=args.allow_host,
            executor=executor,
            workers=workers,
            progress=progress,
        )
    told = {
        "folder": args.target,
        "files": report.files,
        "rows": report.rows,
        "replayed": report.replayed,
        "faults": list(report.faults),
    }
    replayed = ", selection replayed from the source" if report.replayed else ""
    good = f"{args.target}: {report.files} files, {report.rows:,} rows{replayed}: ok"
    return _tell_faults(args, good, told)


def _verify_remote(args: argparse.Namespace, files: dict[str, str]) -> int:
    from builder.remote_verify import verify_remote

    if args.source or files:
        msg = (
            f"{args.target} is on the Hub: a source is compared with a local build;"
            " download it and verify the folder"
        )
        raise UsageError(msg)
    shown = 0
    with _bars(args) as bars:

        def progress(done: int, total: int) -> None:
            nonlocal shown
            bars("check", done - shown, total)
            shown = done

        report = verify_remote(
            args.target, revision=args.revision, deep=args.deep, progress=progress
        )
    for path in report.foreign:
        print(f"{path}: put there by somebody else")
    told = {
        "repo_id": report.repo_id,
        "commit": report.commit,
        "files": report.files,
        "rows": report.rows,
        "foreign": list(report.foreign),
        "faults": list(report.faults),
    }
    rows = f", {report.rows:,} rows" if args.deep else ""
    good = f"{args.target} at {report.commit}: {report.files} files{rows}: ok"
    return _tell_faults(args, good, told)


def _tell_faults(args: argparse.Namespace, good: str, told: dict[str, Any]) -> int:
    faults = told["faults"]
    print("\n".join(faults) or good)
    _finish(args, told)
    if faults:
        msg = (
            f"{args.target}: expected all as in its manifest, found {len(faults)}"
            f" fault{'s' * (len(faults) > 1)}, the first: {faults[0]}; build or push it"
            " again"
        )
        raise VerifyError(msg)
    return 0


def _push(args: argparse.Namespace) -> int:
    from builder.push import push

    sent = 0
    with _bars(args) as bars:

        def progress(done: int, total: int) -> None:
            nonlocal sent
            bars("push", done - sent, total)
            sent = done

        report = push(
            args.folder,
            args.repo_id,
            private=args.private,
            tag=args.tag,
            create_pr=args.create_pr,
            revision=args.revision,
            message=args.message,
            dry_run=args.dry_run,
            progress=progress,
        )
    for verb, paths in (
        ("add", report.added),
        ("change", report.changed),
        ("delete", report.deleted),
    ):
        if paths:
            would = "would " if args.dry_run else ""
            print(f"{would}{verb} {len(paths)} files: {', '.join(paths[:5])}" +
                  (", ..." if len(paths) > 5 else ""))  # fmt: skip
    for path in report.foreign:
        print(f"left alone: {path}, which no build put there")
    for line in report.warnings:
        _say(line)
    if args.dry_run:
        print(f"{report.bytes_planned:,} bytes at most; nothing was sent")
    else:
        print(f"{report.url}: commit {report.commit}, {report.bytes_sent:,} bytes sent")
        print(report.load)
    told = {name: getattr(report, name) for name in report.__dataclass_fields__}
    return _finish(args, told)


def _cache(args: argparse.Namespace) -> int:
    from builder.cache import cache_root, clear_cache, list_cache

    entries = list_cache(args.cache_dir)
    for entry in entries:
        print(f"{entry.bytes:,} bytes, {entry.files:,} files of {entry.url}")
    total = sum(entry.bytes for entry in entries)
    if args.action == "clear":
        total = clear_cache(args.cache_dir)
        print(f"{total:,} bytes removed from {cache_root(args.cache_dir)}")
    else:
        print(f"{total:,} bytes in {cache_root(args.cache_dir)}")
    return _finish(
        args,
        {
            "folder": str(cache_root(args.cache_dir)),
            "bytes": total,
            "cleared": args.action == "clear",
            "sources": [
                {"url": e.url, "etag": e.etag, "files": e.files, "bytes": e.bytes}
                for e in entries
            ],
        },
    )


def _finish(args: argparse.Namespace, report: dict[str, Any]) -> int:
    if args.json:
        print(json.dumps(report, ensure_ascii=False))
    return 0


def _arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments that plan, build and export share."""
    coco = args.dataset == "coco_stuff_trimmed"
    theirs = ("benign", "malignant", *ISIC_FILES)
    ours = ("targets", "train_samples", "test_samples", *COCO_FILES)
    for name in theirs if coco else ours:
        if getattr(args, name) is not None:
            msg = f"{option(name)} is not an option of {args.dataset}"
            raise UsageError(msg)
    names = ("targets", "train_samples", "test_samples") if coco else theirs[:2]
    given = {n: getattr(args, n) for n in names if getattr(args, n) is not None}
    recipe = (CocoRecipe if coco else IsicRecipe)(seed=args.seed, **given)
    files = {n: getattr(args, n) for n in (COCO_FILES if coco else ISIC_FILES)}
    return {
        "dataset": args.dataset,
        "recipe": recipe,
        "source": args.source,
        "files": {name: path for name, path in files.items() if path},
        "cache_dir": args.cache_dir,
        "allow_hosts": args.allow_host,
    }


@contextmanager
def _bars(args: argparse.Namespace) -> Iterator[Callable[[str, int, int], None]]:
    """Give what shows progress, and leave the bars as they stand at the end."""
    from builder.progress import Bars

    bars = Bars(always=args.progress)
    try:
        yield bars
    finally:
        bars.close()


_COMMANDS = {
    "demo": _demo,
    "plan": _plan,
    "build": _build,
    "export": _export,
    "verify": _verify,
    "push": _push,
    "cache": _cache,
}
