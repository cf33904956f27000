"""Where a push goes: the branch as it was found, and what is to be done to it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from builder.errors import PushError
from builder.hub.plan import PushPlan, plan_push
from builder.hub.published import (
    Published,
    publish_anew,
    publish_over,
    read_previous,
)
from builder.hub.tags import check_other, tagged_elsewhere
from builder.hub.timeouts import TIMEOUT
from builder.output.records import README

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.card.merge import How
    from builder.hub.client import HubRepo
    from builder.hub.plan import HubFile
    from builder.hub.report import CardReport
    from builder.output.check import Build, LocalFile


@dataclass(frozen=True)
class Target:
    """A branch as it was found, and what turns it into the build.

    Attributes
    ----------
    published : Published
        The build as it is to lie there.
    head : str, optional
        Commit that the branch was on, or that it is to start from; None where
        the repo is to be made.
    previous : mapping of str to str
        The sha256 of each file that the manifest in that commit lists.
    edited : tuple of str
        Those of them that are something else now, and would be lost.
    how : str, optional
        What to do about a card that people edited.
    """

    repo: HubRepo
    published: Published
    branch: str
    plan: PushPlan
    head: str | None = None
    branches: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    previous: Mapping[str, str] = field(default_factory=dict)
    edited: tuple[str, ...] = ()
    how: How | None = None

    @classmethod
    def find(
        cls,
        repo: HubRepo,
        build: Build,
        branch: str,
        *,
        private: bool,
        how: How | None = None,
        tag: str | None = None,
    ) -> Target:
        """Look at the remote; refuse what would go wrong, before anything is sent."""
        info = repo.exists()
        if info is None:
            for kind in ("model", "space"):
                if repo.exists(kind) is not None:
                    raise PushError(
                        f"{repo.repo_id} is a {kind}, expected a dataset or nothing; "
                        "choose another name."
                    )
            published = publish_anew(build, repo.repo_id)
            plan = plan_push(published.files, {})
            return cls(repo, published, branch, plan, how=how)
        if private and not info.private:
            raise PushError(
                f"{repo.repo_id} is public, expected private as asked; make it "
                "private in its settings, or push without --private."
            )
        branches, tags = repo.refs()
        if branch not in branches and (
            branch in tags or "/" in branch or re.fullmatch("[0-9a-f]{40}", branch)
        ):
            raise PushError(
                f"{branch} of {repo.repo_id} is not a branch: expected one of "
                f"{', '.join(sorted(branches))}, or a new name without '/'."
            )
        head = branches.get(branch) or branches.get("main")
        if head is None:
            raise PushError(
                f"{repo.repo_id} has no branch main to start {branch} from: found "
                f"{', '.join(sorted(branches)) or 'none'}; name one with --revision."
            )
        tree = repo.tree(head)
        there = read_previous(repo, head, tree)
        ours = build.manifest.dataset
        if there is not None and there.dataset != ours:
            raise PushError(
                f"{repo.repo_id} holds {there.dataset}, expected {ours}; push to "
                "another repo."
            )
        listed = there.files if there is not None else {}
        previous = {path: entry.sha256 for path, entry in listed.items()}
        if tag is not None and tags.get(tag, head) != head:
            check_other(repo, build, tag, tags[tag], head, previous)
        published = publish_over(build, repo, head, tree, there, how)
        plan = plan_push(published.files, tree, previous)
        edited = _edited(repo, head, tree, plan, previous)
        return cls(
            repo, published, branch, plan, head, branches, tags, previous, edited, how
        )

    @property
    def build(self) -> Build:
        """The build as it lies in its folder."""
        return self.published.build

    @property
    def files(self) -> Mapping[str, LocalFile]:
        """Every file that is to lie there, by its path."""
        return self.published.files

    @property
    def card(self) -> CardReport:
        """What happens to the card."""
        return self.published.card

    @property
    def bytes_planned(self) -> int:
        """Size of the files to add and to change."""
        return sum(self.files[path].size for path in self.plan.sent)

    def check_tag(self, tag: str | None) -> None:
        """Refuse a tag that is on the commit that was found, if that is another build.

        One on another commit was refused before.
        """
        if tag is not None and tag in self.tags and not self.plan.is_empty:
            raise tagged_elsewhere(self.repo, tag, self.tags[tag], self.plan)

    def make(self, *, private: bool) -> Target:
        """Make the repo and the branch where they are missing; return what is then."""
        api, repo_id = self.repo.api, self.repo.repo_id
        found = self
        if self.head is None:
            self.repo.call(
                "make the repo",
                api.create_repo,
                repo_id,
                repo_type="dataset",
                private=private or None,
                exist_ok=True,
            )
            # somebody else may have made it a moment ago, and filled it
            found = Target.find(
                self.repo, self.build, self.branch, private=private, how=self.how
            )
        if found.branch not in found.branches:
            self.repo.call(
                f"make branch {self.branch}",
                api.create_branch,
                repo_id,
                repo_type="dataset",
                branch=self.branch,
                revision=found.head,
                exist_ok=True,
            )
        return found

    def is_in(self, revision: str) -> bool:
        """Tell whether a revision holds the build, and nothing of an earlier one."""
        tree = self.repo.tree(revision)
        return plan_push(self.files, tree, self.previous).is_empty

    def landed(self) -> tuple[str, str] | None:
        """Return the commit with the build, if it is on the branch after all.

        None where the branch is as it was found; anything else that happened to it
        is a conflict.
        """
        history = [
            commit.commit_id
            for commit in self.repo.call(
                "list the commits",
                self.repo.api.list_repo_commits,
                self.repo.repo_id,
                repo_type="dataset",
                revision=self.branch,
            )
        ]
        if history[0] == self.head:
            return None
        # the oldest of what came after: another push may lie on top of ours
        place = history.index(self.head) - 1 if self.head in history else 0
        if self.is_in(history[place]):
            return history[place], self.repo.url
        raise PushError(
            f"someone else pushed to {self.branch} of {self.repo.repo_id} meanwhile: "
            f"expected commit {str(self.head)[:12]}, found {history[0][:12]}; nothing "
            "was overwritten; look at their change, then push again."
        )

    def opened(self) -> tuple[str, str] | None:
        """Return commit and page of an open pull request with the build, if any."""
        if self.head is None:
            return None
        api, repo_id = self.repo.api, self.repo.repo_id
        pulls = self.repo.call(
            "list the pull requests",
            lambda: list(
                api.get_repo_discussions(
                    repo_id,
                    repo_type="dataset",
                    discussion_type="pull_request",
                    discussion_status="open",
                )
            ),
        )
        for pull in pulls:
            if self.is_in(f"refs/pr/{pull.num}"):
                info = self.repo.call(
                    "look at the pull request",
                    api.repo_info,
                    repo_id,
                    repo_type="dataset",
                    revision=f"refs/pr/{pull.num}",
                    timeout=TIMEOUT,
                )
                return str(info.sha), f"{self.repo.url}/discussions/{pull.num}"
        return None


def check_token(repo: HubRepo) -> None:
    """Refuse a token that is unknown, or only good for reading."""
    user = repo.call("ask who the token belongs to", repo.api.whoami)
    role = ((user.get("auth") or {}).get("accessToken") or {}).get("role")
    if role == "read":
        raise PushError(
            f"cannot push to {repo.repo_id}: the token of {user['name']} has role "
            "read, expected write; use a token with write permission."
        )


def _edited(
    repo: HubRepo,
    head: str,
    tree: Mapping[str, HubFile],
    plan: PushPlan,
    previous: Mapping[str, str],
) -> tuple[str, ...]:
    """Return what was changed on the Hub since the last push, and is to be replaced."""
    edited = []
    replaced = {*plan.changed, *plan.deleted} - {README}  # which was merged
    for path in sorted(replaced & previous.keys()):
        sha256 = tree[path].sha256
        if sha256 is None:
            sha256 = hashlib.sha256(repo.read(path, head, tree[path])).hexdigest()
        if sha256 != previous[path]:
            edited.append(path)
    return tuple(edited)
