"""What is to lie on the Hub: the files of a build, with the card as people left it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, get_args

from builder.card.configs import Paths
from builder.card.edits import decode_card, tell_conflict, tell_differences
from builder.card.merge import Base, How, merge_cards
from builder.card.parts import Card, digests, read_card
from builder.card.place import name_repo
from builder.errors import CardError, PushError
from builder.hub.report import CardReport
from builder.output.build import read_manifest
from builder.output.check import LocalFile
from builder.output.digests import to_json
from builder.output.manifest import with_card
from builder.output.records import LAST, README

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.card.merge import Merged
    from builder.hub.client import HubRepo
    from builder.hub.plan import HubFile
    from builder.output.check import Build
    from builder.output.records import Manifest

WAYS: tuple[str, ...] = get_args(How)


@dataclass(frozen=True)
class Published:
    """The files of a build as they are to lie on the Hub.

    Attributes
    ----------
    texts : dict of str to bytes
        Those that are others there than in the folder: the card, which names its repo
        and has what people wrote, and the manifest, which lists that card.
    """

    build: Build
    texts: Mapping[str, bytes]
    card: CardReport = field(default_factory=CardReport)

    @property
    def files(self) -> dict[str, LocalFile]:
        """Every file by its path."""
        changed = {path: LocalFile.of(data) for path, data in self.texts.items()}
        return {**self.build.files, **changed}

    def content(self, path: str) -> str | bytes:
        """Return where a file lies, or its bytes."""
        return self.texts.get(path) or self.build.place(path)


def publish_anew(build: Build, repo_id: str) -> Published:
    """Return what is to lie in a repo that has no card."""
    ours = _ours(build, repo_id)
    told = digests(read_card(ours))
    return _published(build, repo_id, ours, told, told, CardReport())


def publish_over(
    build: Build,
    repo: HubRepo,
    head: str,
    tree: Mapping[str, HubFile],
    previous: Manifest | None,
    how: How | None,
) -> Published:
    """Return what is to lie where something lies already.

    Parameters
    ----------
    build : Build
    repo : HubRepo
    head : str
        The commit that was found.
    tree : dict of str to HubFile
        Its files.
    previous : Manifest, optional
        The manifest among them.
    how : str, optional
        See `builder.card.merge.merge_cards`.

    Raises
    ------
    CardError
        The card there has what somebody wrote, where the build has something else, and
        `how` does not say what to do about it.
    """
    if README not in tree:
        return publish_anew(build, repo.repo_id)
    data = repo.read(README, head, tree[README])
    text = _ours(build, repo.repo_id)
    ours = read_card(text)
    try:
        theirs = decode_card(data)
    except ValueError as err:
        if how == "ours":
            told = digests(ours)
            report = CardReport("replaced", replaced=tuple(told))
            return _published(build, repo.repo_id, text, told, told, report)
        msg = (
            f"{README} of {repo.repo_id} cannot be merged: {err}; nothing was sent;"
            " mend it there, or push with --card ours to replace it."
        )
        raise CardError(msg) from None
    base = _base(repo, head, data, theirs, previous)
    built = {*build.files, *(previous.files if previous else ())}
    paths = Paths(built, tree.keys() - built)
    merged = merge_cards(ours, theirs, base, how=how, paths=paths)
    if merged.conflicts:
        raise CardError(
            tell_conflict(repo.repo_id, merged.conflicts, how, known=base is not None),
            tell_differences(ours, theirs, merged.conflicts),
            merged.conflicts,
        )
    card = str(merged.card)
    is_all_ours = merged.taken and not (merged.kept or merged.others)
    if base is not None and base.untouched and is_all_ours:
        card = text
    report = _report(merged, same=card.encode() == data, how=how, ours=card == text)
    generated = digests(ours)
    report = replace(report, overruled=_overruled(merged, generated, base))
    made = _published(
        build, repo.repo_id, card, generated, digests(read_card(card)), report
    )
    if how is None and previous is not None and report.done == "same":
        made = _unless_bookkeeping(made, repo, head, tree, previous)
    return made


def read_previous(
    repo: HubRepo, head: str, tree: Mapping[str, HubFile]
) -> Manifest | None:
    """Return the manifest in a remote tree, if there is one."""
    if LAST not in tree:
        return None
    data = repo.read(LAST, head, tree[LAST])
    return read_manifest(data, where=f"{LAST} of {repo.repo_id}", error=PushError)


def _ours(build: Build, repo_id: str) -> str:
    with build.open(README) as file:
        data = file.read()
    try:
        text = data.decode()
    except UnicodeDecodeError as err:
        msg = f"{README}: expected a card in UTF-8, found none: build it again"
        raise CardError(msg) from err
    return name_repo(text, build.manifest.content, repo_id)


def _base(
    repo: HubRepo, head: str, data: bytes, theirs: Card, previous: Manifest | None
) -> Base | None:
    """Return what is known of the card that was pushed last; None if trimset did not.

    The manifest beside it knows the digests of its parts. One of an earlier release
    knows only that of the file: if it is another now, the card is looked for in the
    commit that last wrote the manifest.
    """
    if previous is None or README not in previous.files:
        return None
    sha256 = previous.files[README].sha256
    untouched = LocalFile.of(data).sha256 == sha256
    configs = frozenset(previous.configs)
    if previous.card is not None:
        told = previous.card
        return Base(told.generated, told.pushed, configs, untouched=untouched)
    pushed = theirs if untouched else _pushed_then(repo, head, sha256)
    if pushed is None:
        return None
    parts = digests(pushed)
    return Base(parts, parts, configs, untouched=untouched)


def _pushed_then(repo: HubRepo, head: str, sha256: str) -> Card | None:
    """Return the card in the commit that last wrote the manifest, if it is that one."""
    (entry,) = repo.call(
        f"find the commit of {LAST}",
        lambda: list(
            repo.api.get_paths_info(
                repo.repo_id, [LAST], expand=True, revision=head, repo_type="dataset"
            )
        ),
    )
    commit = getattr(entry, "last_commit", None)
    if commit is None:
        return None
    file = repo.tree(commit.oid).get(README)
    if file is None:
        return None
    data = repo.read(README, commit.oid, file)
    try:
        return decode_card(data) if LocalFile.of(data).sha256 == sha256 else None
    except ValueError:
        return None


def _published(
    build: Build,
    repo_id: str,
    card: str,
    generated: Mapping[str, str],
    pushed: Mapping[str, str],
    report: CardReport,
) -> Published:
    data = card.encode()
    if LocalFile.of(data) == build.files[README]:
        return Published(build, {}, report)  # it names no place: all goes as it is
    content = with_card(
        build.manifest.content, repo_id, data, generated=generated, pushed=pushed
    )
    return Published(build, {README: data, LAST: to_json(content)}, report)


def _unless_bookkeeping(
    made: Published,
    repo: HubRepo,
    head: str,
    tree: Mapping[str, HubFile],
    previous: Manifest,
) -> Published:
    """Leave the manifest there as it is, if only what it says of the card would change.

    Somebody edited what is theirs, the card stays, and so does all else: there is
    nothing to push.
    """

    def rest(content: Mapping[str, Any]) -> dict[str, Any]:
        files = {n: e for n, e in content["files"].items() if n != README}
        left = {k: v for k, v in content.items() if k not in ("digest", "card")}
        return {**left, "files": files}

    there = previous.content
    ours = {**made.build.manifest.content, "repo_id": repo.repo_id}
    if previous.card is None or rest(there) != rest(ours):
        return made
    texts = {**made.texts, LAST: repo.read(LAST, head, tree[LAST])}
    return replace(made, texts=texts)


def _report(merged: Merged, *, same: bool, how: How | None, ours: bool) -> CardReport:
    done = "merged"
    if same:
        done = "same"
    elif ours or how == "ours":
        done = "replaced"
    elif how == "theirs":
        done = "kept"
    return CardReport(
        done,
        merged.kept,
        () if same else merged.taken,
        merged.others,
        merged.demoted,
    )


def _overruled(
    merged: Merged, generated: Mapping[str, str], base: Base | None
) -> tuple[str, ...]:
    """Return what stays as people wrote it, although the build has news of it."""
    if base is None:
        return ()
    return tuple(
        part
        for part in merged.kept
        if not part.startswith("block ")
        and generated.get(part) != base.generated.get(part)
    )
