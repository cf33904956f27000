"""The command line: parse, call the library, print. Nothing else prints or exits."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.cli import reports
from builder.cli.options import (
    COCO_FILES,
    ISIC_FILES,
    given_files,
    make_parser,
    selection_arguments,
)
from builder.errors import TrimsetError, UsageError, VerifyError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from builder.cli.progress import Bars


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


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _demo(args: argparse.Namespace) -> int:
    from builder.pipeline.demo import demo

    done = demo(args.out)
    _print(reports.demo_lines(done))
    return _finish(args, reports.told_of_demo(done))


def _plan(args: argparse.Namespace) -> int:
    from builder.pipeline.plan import plan

    with _bars(args) as progress:
        report = plan(**selection_arguments(args), lock=args.lock, progress=progress)
    _print(reports.plan_lines(report))
    return _finish(args, report)


def _build(args: argparse.Namespace) -> int:
    from builder.pipeline.build import build
    from builder.pipeline.execute import make_executor

    arguments = selection_arguments(args)
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
            lock=args.lock,
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
    reason = manifest["audit"].get("patient_split", {}).get("reason")
    if reason:
        _say(f"no config 'patient': {reason}")
    print(f"next: trimset verify {args.out}")
    if "://" not in args.out:
        print(f"      load_dataset({str(Path(args.out).absolute())!r})")
    return _finish(args, told)


def _export(args: argparse.Namespace) -> int:
    from builder.pipeline.execute import make_executor
    from builder.pipeline.export import export

    if args.scheduler:
        _say("--scheduler: an export is made on this machine, without the cluster")
    with (
        make_executor(args.workers) as (executor, workers),
        _bars(args) as progress,
    ):
        record = export(
            **selection_arguments(args),
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
    return _finish(args, reports.told_of_export(args.out, record))


def _verify(args: argparse.Namespace) -> int:
    files = given_files(args, (*COCO_FILES, *ISIC_FILES))
    is_repo = re.fullmatch(r"[\w.-]+/[\w.-]+", args.target)
    if is_repo and not Path(args.target).exists():
        return _verify_remote(args, files)
    if args.revision or args.deep:
        msg = f"--revision and --deep are for a repo on the Hub, not for {args.target}"
        raise UsageError(msg)
    from builder.pipeline.execute import make_executor
    from builder.pipeline.verify import verify

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
    replayed = ", selection replayed from the source" if report.replayed else ""
    good = f"{args.target}: {report.files} files, {report.rows:,} rows{replayed}: ok"
    return _tell_faults(args, good, reports.told_of_verify(args.target, report))


def _verify_remote(args: argparse.Namespace, files: dict[str, str]) -> int:
    from builder.hub.verify import verify_remote

    if args.source or files:
        msg = (
            f"{args.target} is on the Hub: a source is compared with a local build;"
            " download it and verify the folder"
        )
        raise UsageError(msg)
    with _bars(args) as bars:
        report = verify_remote(
            args.target,
            revision=args.revision,
            deep=args.deep,
            progress=bars.counting("check"),
        )
    for path in report.foreign:
        print(f"{path}: put there by somebody else")
    rows = f", {report.rows:,} rows" if args.deep else ""
    good = f"{args.target} at {report.commit}: {report.files} files{rows}: ok"
    return _tell_faults(args, good, reports.told_of_remote(report))


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
        _say(line)
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


_COMMANDS = {
    "demo": _demo,
    "plan": _plan,
    "build": _build,
    "export": _export,
    "verify": _verify,
    "push": _push,
    "cache": _cache,
}
