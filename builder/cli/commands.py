"""One function a command: options in, one call of the library, what was done out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from builder.cli import hub_reports, reports
from builder.cli.dataset_options import chosen_files, flag, given_options
from builder.cli.limit_options import LIMIT_NAMES, given_limits
from builder.cli.lines import print_lines as _print
from builder.cli.lines import say
from builder.cli.options import selection_arguments
from builder.cli.output import bars as _bars
from builder.cli.output import finish as _finish
from builder.cli.values import is_repo
from builder.datasets import registry
from builder.errors import CardError, UsageError, VerifyError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping


def _remark(record: Mapping[str, Any]) -> None:
    """Say what a dataset has to say of a build or an export of it."""
    for line in registry.told_of(record).remarks(record):
        say(line)


def _demo(args: argparse.Namespace) -> int:
    from builder.pipeline.demo import demo

    done = demo(args.out)
    _print(reports.demo_lines(done))
    return _finish(args, reports.told_of_demo(done))


def _init(args: argparse.Namespace) -> int:
    from builder.pipeline.init import init

    report = init(
        args.source,
        args.out,
        cache_dir=args.cache_dir,
        follow_links=args.follow_links,
        limits=given_limits(args),
    )
    if not report.written and not args.json:
        _print(report.text.splitlines())
    _print(reports.init_lines(report))
    return _finish(args, reports.told_of_init(report))


def _plan(args: argparse.Namespace) -> int:
    arguments = selection_arguments(args)  # first: wrong usage is said at once
    from builder.pipeline.plan import plan

    with _bars(args) as progress:
        report = plan(**arguments, progress=progress, say=progress.say)
    _print(reports.plan_lines(report))
    _print([f"next: {reports.build_of(args.words, report['dataset'])}"])
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
            say=progress.say,
        )
    told = reports.told_of_build(args.out, manifest)
    _print(reports.build_lines(told))
    _print(reports.missing_lines(manifest))
    _remark(manifest)
    _print(reports.after_build_lines(args.out))
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
            say=progress.say,
        )
    _print([f"{args.out}: {len(record['files'])} files of the notebook"])
    _print(reports.missing_lines(record))
    _remark(record)
    return _finish(args, reports.told_of_export(args.out, record))


def _verify(args: argparse.Namespace) -> int:
    if is_repo(args.build, surely=bool(args.revision or args.deep)):
        return _verify_remote(args)
    _refuse(args, ("revision", "deep"), "is for a repo on the Hub")
    files = chosen_files(args, map(registry.get, registry.studies()))
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
            follow_links=args.follow_links,
            executor=executor,
            workers=workers,
            limits=given_limits(args),
            progress=progress,
        )
    replayed = ", selection replayed from the source" if report.replayed else ""
    good = f"{args.build}: {report.files} files, {report.rows:,} rows{replayed}: ok"
    _print(hub_reports.foreign_lines(report.foreign))
    told = hub_reports.told_of_verify(args.build, report)
    return _tell_faults(args, good, told, report.repo_id)


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
    _print(hub_reports.foreign_lines(report.foreign))
    if report.renamed:
        say(report.renamed)
    rows = f", {report.rows:,} rows" if args.deep else ""
    good = f"{args.build} at {report.commit}: {report.files} files{rows}: ok"
    return _tell_faults(args, good, hub_reports.told_of_remote(report), report.repo_id)


def _for_source(args: argparse.Namespace) -> tuple[str, ...]:
    """Return what only a comparison with the source uses."""
    return (
        "workers",
        "cache_dir",
        "follow_links",
        *LIMIT_NAMES,
        *given_options(args),
    )


def _refuse(args: argparse.Namespace, names: Iterable[str], why: str) -> None:
    """Raise UsageError for an option that would be ignored, if one is given."""
    for name in names:
        if getattr(args, name):
            option = name if name.startswith("--") else flag(name)
            msg = f"{option}, given with {args.build}, {why}"
            raise UsageError(msg)


def _tell_faults(
    args: argparse.Namespace, good: str, told: dict[str, Any], repo_id: str
) -> int:
    faults = told["faults"]
    only_edits = not faults
    if edited := told["edited"]:
        line = hub_reports.edited_line(edited)
        if args.strict:
            faults.append(line)
        else:
            _print([line])
    _print(faults or [good])
    _finish(args, told)
    if faults:
        msg = (
            f"{args.build}: expected all as in its manifest, found {len(faults)}"
            f" fault{'s' * (len(faults) > 1)}, the first: {faults[0]};"
            f" {hub_reports.next_step(repo_id, only_edits=only_edits)}"
        )
        raise VerifyError(msg)
    return 0


def _push(args: argparse.Namespace) -> int:
    from builder.hub.push import push

    with _bars(args) as bars:
        try:
            report = push(
                args.folder,
                args.repo_id,
                private=args.private,
                tag=args.tag,
                create_pr=args.create_pr,
                revision=args.revision,
                message=args.message,
                card=args.card,
                dry_run=args.dry_run,
                progress=bars.counting("push"),
            )
        except CardError as err:
            # with --json the record is what is asked for
            _print(err.differences, file=sys.stderr if args.json else None)
            _finish(args, hub_reports.told_of_conflict(err))
            raise
    _print(hub_reports.push_lines(report, dry_run=args.dry_run))
    for line in report.warnings:
        say(line)
    _print(hub_reports.sent_lines(report, dry_run=args.dry_run))
    return _finish(args, hub_reports.told_of_push(report))


def _report(args: argparse.Namespace) -> int:
    from builder.pipeline.execute import make_executor
    from builder.pipeline.report import report

    with make_executor(args.workers) as (executor, workers), _bars(args) as progress:
        done = report(
            args.build,
            args.out,
            executor=executor,
            workers=workers,
            limits=given_limits(args),
            progress=progress,
        )
    _print(reports.report_lines(args.build, done))
    return _finish(args, reports.told_of_report(done))


def _cache(args: argparse.Namespace) -> int:
    from builder.sources.cache import cache_root, clear_cache, list_cache

    entries, folder = list_cache(args.cache_dir), cache_root(args.cache_dir)
    _print(f"{e.bytes:,} bytes, {e.files:,} files of {e.url}" for e in entries)
    cleared = args.action == "clear"
    if cleared:
        total = clear_cache(args.cache_dir)
        _print([f"{total:,} bytes removed from {folder}"])
    else:
        total = sum(entry.bytes for entry in entries)
        _print([f"{total:,} bytes in {folder}"])
    return _finish(args, reports.told_of_cache(folder, entries, total, cleared=cleared))


COMMANDS = {
    "demo": _demo,
    "init": _init,
    "plan": _plan,
    "build": _build,
    "export": _export,
    "verify": _verify,
    "push": _push,
    "report": _report,
    "cache": _cache,
}
