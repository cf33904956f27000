"""What `verify` and `push` tell: lines for people, records for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from builder.errors import first_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.errors import CardError
    from builder.hub.report import CardReport, PushReport
    from builder.hub.verify import PublishedReport
    from builder.pipeline.verify import VerifyReport


def told_of_verify(folder: str, report: VerifyReport) -> dict[str, Any]:
    """Return the record of the check of a folder."""
    return {
        "folder": folder,
        "files": report.files,
        "rows": report.rows,
        "replayed": report.replayed,
        "foreign": list(report.foreign),
        "edited": list(report.edited),
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
        "edited": list(report.edited),
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
    yield from _card_lines(report.card)


def sent_lines(report: PushReport, *, dry_run: bool) -> Iterator[str]:
    """Say what was sent, and how it is loaded."""
    if dry_run:
        yield f"{report.bytes_planned:,} bytes at most; nothing was sent"
        return
    yield f"{report.url}: commit {report.commit}, {report.bytes_sent:,} bytes sent"
    yield report.load


def _card_lines(card: CardReport) -> Iterator[str]:
    """Say what people wrote into the card, and that it stays."""
    # what was generated is written anew as a rule; what somebody said of a config not
    anew = [p for p in card.replaced if p.startswith("config ")]
    if card.done == "replaced":
        anew = list(dict.fromkeys([*anew, *card.replaced]))
    if anew:
        yield f"card: written anew: {_listed(anew)}"
    if card.kept:
        yield f"card: kept as it is there: {_listed(card.kept)}"
    if card.others:
        yield f"card: kept configs of others: {_listed(card.others)}"


def _listed(parts: Sequence[str]) -> str:
    return first_of(parts)


def told_of_conflict(err: CardError) -> dict[str, Any]:
    """Return the record of a push that stopped at the card."""
    told = {"conflicts": list(err.conflicts), "diff": list(err.differences)}
    return {"card": {"done": "conflict", **told}}


def told_of_push(report: PushReport) -> dict[str, Any]:
    """Return the record of a push."""
    return asdict(report)


def edited_line(parts: Sequence[str]) -> str:
    """Say that people edited a card, which is no damage."""
    return f"README.md: edited since it was pushed or built: {_listed(parts)}"


def foreign_lines(paths: Sequence[str]) -> Iterator[str]:
    """Say which files of a repo, or of a copy of it, are of no build."""
    for path in paths:
        yield f"{path}: put there by somebody else"


def next_step(repo_id: str, *, only_edits: bool) -> str:
    """Return what to do about the faults of a build, pushed or not."""
    if not only_edits:
        return "build or push it again"
    if not repo_id:
        return (
            "build it again, and edit the card on the Hub: a push leaves what is"
            " written there"
        )
    return (
        f"push the build to {repo_id} with --card theirs to take it as it is, or with"
        " --card ours to replace it"
    )
