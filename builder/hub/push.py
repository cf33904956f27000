"""Publishes a finished build: one atomic commit, then the tag.

Before anything is sent the folder is checked against its manifest and linted, and
the remote tree is compared by hashes: a second push sends nothing. Large files go
first, in small groups, and stay on the Hub's store whatever happens later; then one
commit makes all of them visible at once, and only if the branch is still where it
was. After a crash the same command goes on from there.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from huggingface_hub import CommitOperationDelete

from builder.card.edits import decode_card
from builder.errors import PushError, UsageError
from builder.hub.client import HubRepo
from builder.hub.errors import status_of
from builder.hub.lint import lint, lint_license
from builder.hub.plan import plan_push
from builder.hub.published import WAYS
from builder.hub.report import PushReport
from builder.hub.tags import put_tag
from builder.hub.target import Target, check_token
from builder.hub.upload import Meter, upload
from builder.output.check import read_build
from builder.output.records import README

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from builder.card.merge import How
    from builder.hub.upload import Addition
    from builder.output.check import Build


def push(
    folder: str | Path,
    repo_id: str,
    *,
    private: bool = False,
    tag: str | None = None,
    create_pr: bool = False,
    revision: str | None = None,
    message: str | None = None,
    card: How | None = None,
    dry_run: bool = False,
    token: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> PushReport:
    """Publish the build in a folder, and return what was done.

    Parameters
    ----------
    folder : str or Path
        A finished build.
    repo_id : str
        Namespace and name of the dataset repo; made if there is none.
    private : bool
        Make the repo private; an error if it exists and is public.
    tag : str, optional
        Tag of the commit; an error if it is on another one already.
    create_pr : bool
        Open a pull request instead of committing to the branch.
    revision : str, optional
        Branch, made from main if there is none; main by default.
    message : str, optional
        First line of the commit.
    card : str, optional
        What to do about a card that people edited where the build has something else,
        or that trimset did not make: ``merge`` takes what is generated from the build
        and leaves all else, ``theirs`` leaves it as it is there but for what loading
        needs, ``ours`` replaces it. An error without it.
    dry_run : bool
        Only tell what would be done; sends nothing.
    token : str, optional
        By default the one of the environment or of ``hf auth login``.
    progress : callable, optional
        Called with bytes done and bytes in all while files are sent, from several
        threads, one at a time.
    sleep : callable
        Waits so many seconds before a retry.

    Raises
    ------
    OutputError, VerifyError
        The folder is not a finished build, or was tampered with.
    PushError
        The build would not load for everyone, the Hub refused, someone else pushed
        meanwhile, or the connection failed for too long. Nothing is half done; the
        same call finishes the job.
    CardError
        It is a PushError: the card there has what somebody wrote, and `card` does not
        say what to do about it.
    """
    start = time.monotonic()
    if tag is not None and create_pr:
        raise PushError(
            "a pull request cannot be tagged: expected --tag or --create-pr, found "
            "both; merge the pull request, then push again with --tag."
        )
    if card not in (None, *WAYS):
        msg = f"card={card!r}: expected one of {', '.join(WAYS)}"
        raise UsageError(msg)
    repo = HubRepo(repo_id, PushError, token=token, sleep=sleep)
    if repo.token is None:
        raise PushError(
            f"cannot push to {repo_id} without a token: set HF_TOKEN or run "
            "`hf auth login`."
        )
    build = read_build(folder)
    faults = lint(build)
    if faults:
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise PushError(
            f"{folder} would not load for everyone: {'; '.join(faults[:5])}{more}; "
            "build it again, nothing was sent."
        )
    branch = revision or "main"
    check_token(repo)
    target = Target.find(repo, build, branch, private=private, how=card, tag=tag)
    target.check_tag(tag)
    _check_license(target)
    if dry_run:
        done, sent = (target.head, repo.url) if target.plan.is_empty else None, 0
    else:
        done, sent, target = _publish(
            target,
            private=private,
            create_pr=create_pr,
            message=message or f"Push {build.manifest.dataset} as built by trimset",
            progress=progress,
        )
        if tag is not None:
            put_tag(repo, tag, str(done[0]))
    plan = target.plan
    return PushReport(
        commit=done[0] if done else None,
        url=done[1] if done else repo.url,
        tag=None if dry_run else tag,
        added=plan.added,
        changed=plan.changed,
        deleted=plan.deleted,
        unchanged=len(plan.unchanged),
        foreign=plan.foreign,
        card=target.card,
        warnings=_warnings(target),
        bytes_planned=target.bytes_planned,
        bytes_sent=sent,
        seconds=round(time.monotonic() - start, 3),
        load=_load_line(
            build, repo.repo_id, tag or (branch if branch != "main" else None)
        ),
    )


def _publish(
    target: Target,
    *,
    private: bool,
    create_pr: bool,
    message: str,
    progress: Callable[[int, int], None] | None,
) -> tuple[tuple[str | None, str], int, Target]:
    """Make the remote hold the build; return commit and page, bytes sent, target."""
    if target.plan.is_empty:
        return (target.head, target.repo.url), 0, target
    if create_pr and (opened := target.opened()) is not None:
        return opened, 0, target
    target = target.make(private=private)
    if target.plan.is_empty:
        return (target.head, target.repo.url), 0, target
    _check_license(target)
    meter = Meter(target.bytes_planned, progress)
    additions = upload(
        target.repo,
        target.published,
        target.plan.sent,
        meter,
        branch=target.branch,
        create_pr=create_pr,
    )
    done = _commit(target, additions, message, create_pr=create_pr)
    tree = target.repo.tree(done[0])
    left = plan_push(target.files, tree, target.previous)
    if not left.is_empty:
        raise PushError(
            f"commit {done[0][:12]} of {target.repo.repo_id} is not the build: still "
            f"to {left}; push again."
        )
    return done, meter.sent + _in_commit(additions), target


def _check_license(target: Target) -> None:
    """Refuse to publish a card without a licence, whoever is to state it."""
    if target.plan.is_empty:
        return
    build = target.build
    built = (build.folder / README).read_bytes()
    card = decode_card(target.published.texts.get(README, built))
    about = build.manifest.about
    faults = list(lint_license(card.metadata, decode_card(built).metadata, about))
    if faults:
        raise PushError(f"{build.folder}: {'; '.join(faults)}; nothing was sent.")


def _commit(
    target: Target, additions: Sequence[Addition], message: str, *, create_pr: bool
) -> tuple[str, str]:
    """Make the one commit, if the branch is where it was; return it and its page."""
    repo = target.repo
    deletions = [
        CommitOperationDelete(path, is_folder=False) for path in target.plan.deleted
    ]

    def attempt() -> tuple[str, str]:
        info = repo.api.create_commit(
            repo.repo_id,
            [*deletions, *additions],
            commit_message=message,
            repo_type="dataset",
            revision=target.branch,
            parent_commit=target.head,
            create_pr=create_pr,
        )
        return info.oid, (info.pr_url if create_pr else None) or repo.url

    return repo.call(
        "commit to the branch",
        attempt,
        settled=target.opened if create_pr else target.landed,
        # refused because of another commit, yet none is to be seen: it is on its
        # way, or was ours; the guard makes it safe to ask again
        again=lambda err: status_of(err) in (409, 412),
    )


def _in_commit(additions: Sequence[Addition]) -> int:
    """Return the bytes of the files that travelled in the commit itself."""
    return sum(add.upload_info.size for add in additions if not add._is_uploaded)


def _warnings(target: Target) -> tuple[str, ...]:
    """Return what a reader may stumble over, and whose edits are replaced."""
    texts = [target.repo.renamed] if target.repo.renamed else []
    if target.card.demoted:
        named = ", ".join(map(repr, target.card.demoted))
        texts.append(
            f"config {named} was marked as the default in the card there, and is not "
            "any more: a card has one, which is the build's"
        )
    if target.card.overruled:
        named = ", ".join(part.removeprefix("yaml ") for part in target.card.overruled)
        texts.append(
            f"{README}: the build's {named} changed too; theirs was kept: edit it "
            "there, or push with --card ours to replace the card"
        )
    script = f"{target.repo.repo_id.partition('/')[2]}.py"
    if script in target.plan.foreign:
        texts.append(
            f"{script} lies in the repo: datasets 3.6 would run it, and later "
            "versions refuse to load the repo; delete it there"
        )
    if target.edited:
        texts.append(
            f"{', '.join(target.edited)} had been edited on the Hub since the last "
            f"push, and is replaced; the edit is in commit {target.head}"
        )
    return tuple(texts)


def _load_line(build: Build, repo_id: str, revision: str | None) -> str:
    """Return the line that loads the dataset: its first config with a name."""
    names = [name for name in build.manifest.configs if name != "default"]
    parts = [f'"{repo_id}"', *(f'"{name}"' for name in names[:1])]
    if revision is not None:
        parts.append(f'revision="{revision}"')
    return f"load_dataset({', '.join(parts)})"
