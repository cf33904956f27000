"""Look into folders, zips and URLs for images: as named first, then by other ways."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Protocol

from builder.sources.find import read_zip
from builder.sources.folder_view import FolderView, is_junk
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.members import MemberBlock, Members
from builder.sources.texts import Texts
from builder.sources.url_view import UrlView
from builder.sources.urls import shown
from builder.sources.ways import (
    AS_NAMED,
    FIRST_OF_SEVERAL,
    Located,
    There,
    match_names,
    plainly,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from builder.sources.member import Member
    from builder.sources.remote import Remote
    from builder.sources.texts import Block

# Names by which is told where all of them lie.
_FIRST = 100
# Images that are nowhere of which more is asked: as many as a message names.
_TOLD = 3


class View(Protocol):
    """A store that is being looked into.

    Attributes
    ----------
    place : str
        Where it lies, for messages.
    is_listed : bool
        Whether it tells what is there; another has to be asked for every name.
    """

    @property
    def place(self) -> str: ...  # noqa: D102
    @property
    def is_listed(self) -> bool: ...  # noqa: D102

    def look(self, names: Sequence[str]) -> Sequence[Member | None]:
        """Return what has these names exactly."""

    def list(self) -> Iterator[There]:
        """Yield all that is there, but for what is hidden or of no use."""

    def take(self, file: There) -> Member:
        """Return a file that `list` gave."""

    def why_not(self, name: str) -> str:
        """Return what lies under a name, if that is no file; else nothing."""


def locate_in(
    views: Sequence[View],
    names: Sequence[str],
    hints: Sequence[str | None] | None = None,
    *,
    absent: Sequence[str] = (),
) -> Located:
    """Look for images in several stores, which are one for this purpose.

    Nothing is listed where all are there as named.

    Parameters
    ----------
    views : sequence of View
        Of an image that is in several, the first counts.
    names : sequence of str
    hints : sequence of str or None, optional
        See `match_names`.
    absent : sequence of str
        What messages name besides, as places where nothing could be looked for.

    Raises
    ------
    SourceError
        A store cannot be read.
    """
    names = Texts.of(names)
    members = Members.of(repeat(None, len(names)))
    ways: dict[int, str] = {}
    for view in views:
        # What cannot be listed is asked at once, for all: it looks where they lie.
        parts: Sequence[Block[str]] = names.blocks if view.is_listed else [names]
        blocks: list[MemberBlock] = []
        start = 0
        for part in parts:
            firsts = members[start : start + len(part)]
            blocks.append(MemberBlock(_look(view, part, firsts, start, ways), part))
            start += len(part)
        members = Members(blocks)
    reasons: dict[int, str] = {}
    rest = members.nowhere.tolist()
    if rest:
        found = _find_rest(views, names, hints, rest, members, ways, reasons)
        members = Members.of(found.get(at, member) for at, member in enumerate(members))
    used = {AS_NAMED: len(names) - len(members.nowhere)}
    for _, way in sorted(ways.items()):
        if way != AS_NAMED:
            used[AS_NAMED] -= 1
            used[way] = used.get(way, 0) + 1
    places = [*(view.place for view in views), *absent]
    return Located(members, used, reasons, places)


def _look(
    view: View,
    names: Block[str],
    firsts: list[Member | None],
    start: int,
    ways: dict[int, str],
) -> list[Member | None]:
    """Return some of the files, those of another view first, and tell where both are.

    Parameters
    ----------
    view : View
    names : Block of str, length n
    firsts : list of (Member or None), length n
        What views before had.
    start : int
        Number of the first of them.
    ways : dict of int to str
        Gets the way of those that are in several places.
    """
    wanted = list(names)
    asked = [at for at, first in enumerate(firsts) if view.is_listed or first is None]
    for at, found in zip(asked, view.look([wanted[at] for at in asked]), strict=True):
        first = firsts[at]
        if first is None:
            firsts[at] = found
        elif found is not None and found.file_size != first.file_size:
            ways[start + at] = FIRST_OF_SEVERAL
    return firsts


def _find_rest(
    views: Sequence[View],
    names: Sequence[str],
    hints: Sequence[str | None] | None,
    rest: Sequence[int],
    members: Members,
    ways: dict[int, str],
    reasons: dict[int, str],
) -> dict[int, Member]:
    """Return what is not there as named, and say why the others are not found."""
    found: dict[int, Member] = {}
    there = (
        file._replace(store=number)
        for number, view in enumerate(views)
        for file in view.list()
    )
    matches = match_names(
        [names[at] for at in rest],
        there,
        hints=None if hints is None else [hints[at] for at in rest],
        taken=(_place_of(member) for member in members if member is not None),
    )
    for at, match in zip(rest, matches, strict=True):
        if match.file is not None:
            found[at] = views[match.file.store].take(match.file)
            ways[at] = match.way
        elif match.reason:
            reasons[at] = match.reason
    for view in views:
        if isinstance(view, UrlView):
            left = [at for at in rest if at not in found and at not in reasons]
            asked = view.guess(
                [names[at] for at in left],
                [hints[at] if hints else None for at in left],
            )
            for at, (member, way) in zip(left, asked, strict=True):
                if member is not None:
                    found[at], ways[at] = member, way
    nowhere = [at for at in rest if at not in found]
    for at in nowhere[:_TOLD]:
        told = [view.why_not(names[at]) for view in views]
        if any(told):
            reasons[at] = next(filter(None, told))
    return found


def best_of(views: Sequence[FolderView], names: Sequence[str]) -> FolderView:
    """Return the folder that holds most of the first names."""
    if len(views) == 1:
        return views[0]
    first = names[:_FIRST]
    counts = [sum(map(bool, view.look(first))) for view in views]
    if not any(counts):
        found = [locate_in([view], first).members for view in views]
        counts = [sum(map(bool, members)) for members in found]
    return views[counts.index(max(counts))]


def _place_of(member: Member) -> Hashable:
    """Return what `There.place` says of the same file."""
    return member if member.in_zip else member.where


@dataclass(frozen=True)
class ZipView:
    """The members of a zip, by name."""

    place: str
    top: str
    prefix: str
    directory: Mapping[str, Member]
    is_listed = True

    @classmethod
    def of(
        cls,
        path: str,
        folders: Sequence[str],
        names: Sequence[str],
        remote: Remote,
        root: str = "",
    ) -> ZipView:
        """Read the directory of a zip, and see in which of its folders images lie."""
        directory = read_zip(remote, path, root)
        prefixes = [*(f"{folder}/" for folder in folders if folder), ""]
        first = names[:_FIRST]
        prefix = max(
            prefixes, key=lambda p: sum(p + name in directory for name in first)
        )
        stem = shown(path).replace("\\", "/").removesuffix(".zip").lstrip("/")
        return cls(shown(path), f"{stem}/", prefix, directory)

    def look(self, names: Sequence[str]) -> list[Member | None]:
        """Return the members of these names."""
        return [self.directory.get(self.prefix + name) for name in names]

    def list(self) -> Iterator[There]:
        """Yield all members but for hidden ones and those that macOS adds."""
        for name, member in self.directory.items():
            if not any(map(is_junk, plainly(name).split("/"))):
                yield There(plainly(name), self.top, member)

    def take(self, file: There) -> Member:
        """Return a member."""
        assert isinstance(file.place, LocalMember | RemoteMember)  # noqa: S101 (as `list` gave it)
        return file.place

    def why_not(self, name: str) -> str:
        """Say of a folder that it is one."""
        folder = f"{self.prefix}{name}/"
        is_folder = any(other.startswith(folder) for other in self.directory)
        return "is a folder" if name and is_folder else ""
