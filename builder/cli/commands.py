"""One function a command: options in, one call of the library, what was done out."""

from __future__ import annotations

import json
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.cli import reports
from builder.cli.dataset_options import chosen_files, flag, given_options
from builder.cli.options import selection_arguments
from builder.datasets import registry
from builder.errors import UsageError, VerifyError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping

    from builder.cli.progress import Bars


def say(line: str) -> None:
    """Say something besides what was asked for, on stderr."""
    print(f"trimset: {line}", file=sys.stderr)


def _remark(record: Mapping[str, Any]) -> None:
    """Say what a dataset has to say of a build or an export of it."""
    for line in registry.get(record["dataset"]).remarks(record):
        say(line)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _demo(args: argparse.Namespace) -> int:
    from builder.pipeline.demo import demo

    done = demo(args.out)
    _print(reports.demo_lines(done))
    return _finish(args, reports.told_of_demo(done))


def _plan(args: argparse.Namespace) -> int:
    arguments = selection_arguments(args)  # first: wrong usage is said at once
    from builder.pipeline.plan import plan

    with _bars(args) as progress:
        report = plan(**arguments, progress=progress)
    _print(reports.plan_lines(report))
    return _finish(args, report)


def _build(args: argparse.Namespace) -> int:
    arguments = selection_arguments(args)
    from builder.pipeline.build import build
    from builder.pipeline.execute import make_executor
    from builder.pipeline.stages import check_resizing

    # The build asks the same, but only once the cluster is there.
    check_resizing(args.image_size, remote_workers=bool(args.scheduler))
    with (
        make_executor(args.workers, args.scheduler) as (executor, workers),
        _bars(args) as progress,
    ):
        manifest = build(
            **arguments,
            out=args.out,
            executor=executor,
            workers=workers,
            remote_workers=bool(args.scheduler),
            max_shard_size=args.max_shard_size,
            audit=not args.no_audit,
            allow_broken=args.allow_broken,
            overwrite=args.overwrite,
            progress=progress,
        )
    told = reports.told_of_build(args.out, manifest)
    print(
        f"{args.out}: {told['rows']:,} rows, {told['files']} files,"
        f" {told['bytes']:,} bytes"
    )
    for entry in manifest["broken"]:
        print(f"left out: {entry['image']} {entry['reason']}")
    _remark(manifest)
    print(f"next: trimset verify {args.out}")
    if "://" not in args.out:
        print(f"      load_dataset({str(Path(args.out).absolute())!r})")
    return _finish(args, told)


def _export(args: argparse.Namespace) -> int:
    arguments = selection_arguments(args)
    from builder.pipeline.execute import make_executor
    from builder.pipeline.export import export

    with (
        make_executor(args.workers) as (executor, workers),
        _bars(args) as progress,
    ):
        record = export(
            **arguments,
            out=args.out,
            executor=executor,
            workers=workers,
            audit=not args.no_audit,
            allow_broken=args.allow_broken,
            overwrite=args.overwrite,
            progress=progress,
        )
    print(f"{args.out}: {len(record['files'])} files of the notebook")
    _remark(record)
    return _finish(args, reports.told_of_export(args.out, record))


def _verify(args: argparse.Namespace) -> int:
    if _is_repo(args):
        return _verify_remote(args)
    _refuse(args, ("revision", "deep"), "is for a repo on the Hub")
    files = chosen_files(args, map(registry.get, registry.names()))
    if not (args.source or files):
        why = "is for a comparison with the source: give --source as well"
        _refuse(args, (*_for_source(args), "progress"), why)
    from builder.pipeline.execute import make_executor
    from builder.pipeline.verify import verify

    with (
        make_executor(args.workers) as (executor, workers),
        _bars(args) as progress,
    ):
        report = verify(
            args.build,
            source=args.source,
            files=files,
            cache_dir=args.cache_dir,
            allow_hosts=given_options(args).get("--allow-host", ()),
            executor=executor,
            workers=workers,
            progress=progress,
        )
    replayed = ", selection replayed from the source" if report.replayed else ""
    good = f"{args.build}: {report.files} files, {report.rows:,} rows{replayed}: ok"
    return _tell_faults(args, good, reports.told_of_verify(args.build, report))


def _verify_remote(args: argparse.Namespace) -> int:
    why = "is for a local build: download it and verify the folder"
    _refuse(args, ("source", *_for_source(args)), why)
    from builder.hub.verify import verify_remote

    with _bars(args) as bars:
        report = verify_remote(
            args.build,
            revision=args.revision,
            deep=args.deep,
            progress=bars.counting("check"),
        )
    for path in report.foreign:
        print(f"{path}: put there by somebody else")
    rows = f", {report.rows:,} rows" if args.deep else ""
    good = f"{args.build} at {report.commit}: {report.files} files{rows}: ok"
    return _tell_faults(args, good, reports.told_of_remote(report))


def _is_repo(args: argparse.Namespace) -> bool:
    """Tell a repo on the Hub from a folder.

    Raises
    ------
    VerifyError
        It is likely to be a folder, and is not there.
    """
    path = Path(args.build)
    if path.exists() or not re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", args.build, re.ASCII):
        return False
    # A mistyped folder is not asked of the Hub, nor its name told to it.
    if path.parent.exists() and not (args.revision or args.deep):
        msg = (
            f"{args.build}: expected a build in this folder, found no such folder:"
            f" check its name in {path.parent}, or give --revision main if it is a repo"
            " on the Hub"
        )
        raise VerifyError(msg)
    return True


def _for_source(args: argparse.Namespace) -> tuple[str, ...]:
    """Return what only a comparison with the source uses."""
    return ("workers", "cache_dir", *given_options(args))


def _refuse(args: argparse.Namespace, names: Iterable[str], why: str) -> None:
    """Raise UsageError for an option that would be ignored, if one is given."""
    for name in names:
        if getattr(args, name):
            option = name if name.startswith("--") else flag(name)
            msg = f"{option}, given with {args.build}, {why}"
            raise UsageError(msg)


def _tell_faults(args: argparse.Namespace, good: str, told: dict[str, Any]) -> int:
    faults = told["faults"]
    print("\n".join(faults) or good)
    _finish(args, told)
    if faults:
        msg = (
            f"{args.build}: expected all as in its manifest, found {len(faults)}"
            f" fault{'s' * (len(faults) > 1)}, the first: {faults[0]}; build or push it"
            " again"
        )
        raise VerifyError(msg)
    return 0


def _push(args: argparse.Namespace) -> int:
    from builder.hub.push import push

    with _bars(args) as bars:
        report = push(
            args.folder,
            args.repo_id,
            private=args.private,
            tag=args.tag,
            create_pr=args.create_pr,
            revision=args.revision,
            message=args.message,
            dry_run=args.dry_run,
            progress=bars.counting("push"),
        )
    _print(reports.push_lines(report, dry_run=args.dry_run))
    for line in report.warnings:
        say(line)
    if args.dry_run:
        print(f"{report.bytes_planned:,} bytes at most; nothing was sent")
    else:
        print(f"{report.url}: commit {report.commit}, {report.bytes_sent:,} bytes sent")
        print(report.load)
    return _finish(args, reports.told_of_push(report))


def _cache(args: argparse.Namespace) -> int:
    from builder.sources.cache import cache_root, clear_cache, list_cache

    entries, folder = list_cache(args.cache_dir), cache_root(args.cache_dir)
    for entry in entries:
        print(f"{entry.bytes:,} bytes, {entry.files:,} files of {entry.url}")
    cleared = args.action == "clear"
    if cleared:
        total = clear_cache(args.cache_dir)
        print(f"{total:,} bytes removed from {folder}")
    else:
        total = sum(entry.bytes for entry in entries)
        print(f"{total:,} bytes in {folder}")
    return _finish(args, reports.told_of_cache(folder, entries, total, cleared=cleared))


def _finish(args: argparse.Namespace, report: dict[str, Any]) -> int:
    if args.json:
        print(json.dumps(report, ensure_ascii=False))
    return 0


@contextmanager
def _bars(args: argparse.Namespace) -> Iterator[Bars]:
    """Give what shows progress, and leave the bars as they stand at the end."""
    from builder.cli.progress import Bars

    bars = Bars(always=args.progress)
    try:
        yield bars
    finally:
        bars.close()


COMMANDS = {
    "demo": _demo,
    "plan": _plan,
    "build": _build,
    "export": _export,
    "verify": _verify,
    "push": _push,
    "cache": _cache,
}
