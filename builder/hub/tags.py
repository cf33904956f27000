"""Tags: where one may be put, and putting it there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.errors import PushError, first_of
from builder.hub.plan import plan_push
from builder.output.records import LAST, README

if TYPE_CHECKING:
    from collections.abc import Collection

    from builder.hub.client import HubRepo
    from builder.hub.plan import PushPlan
    from builder.output.check import Build


def check_other(
    repo: HubRepo,
    build: Build,
    tag: str,
    commit: str,
    head: str,
    previous: Collection[str],
) -> None:
    """Refuse a tag that is on another commit than the branch.

    Raises
    ------
    PushError
        Always: it says whether that commit holds this very build.
    """
    old, new = repo.tree(commit), repo.tree(head)
    about = {README, LAST}  # the card may be another, and the manifest lists it
    is_older = all(
        path in about or (path in old and old[path].holds(file))
        for path, file in build.files.items()
    )
    if not is_older:
        raise tagged_elsewhere(repo, tag, commit, plan_push(build.files, new, previous))
    paths = [path for path in sorted({*old, *new}) if old.get(path) != new.get(path)]
    changed = f", where {first_of(paths)} changed" if paths else ""
    raise PushError(
        f"tag {tag} of {repo.repo_id} is on commit {commit[:12]}, an older commit of "
        f"this very build: the branch went on to {head[:12]}{changed}; the tag may "
        "stay as it is; choose another tag, nothing was sent."
    )


def tagged_elsewhere(repo: HubRepo, tag: str, commit: str, plan: PushPlan) -> PushError:
    """Return the error for a tag on a commit that holds something else."""
    return PushError(
        f"tag {tag} of {repo.repo_id} is on commit {commit[:12]}, which is not this "
        f"build ({str(plan) or 'the branch went on'}); choose another tag, nothing was "
        "sent."
    )


def put_tag(repo: HubRepo, tag: str, commit: str) -> None:
    """Put the tag on the commit, unless it is there."""

    def on_commit() -> bool | None:
        return True if repo.refs()[1].get(tag) == commit else None

    if not on_commit():
        repo.call(
            f"make tag {tag}",
            repo.api.create_tag,
            repo.repo_id,
            repo_type="dataset",
            tag=tag,
            revision=commit,
            settled=on_commit,
        )
