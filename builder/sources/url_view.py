"""Files below a URL, which cannot be listed: each is asked for."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote, unquote, urlsplit

from builder.sources.find import exists, members_at
from builder.sources.urls import HTTP_SCHEMES, scheme_of, shown
from builder.sources.ways import AS_NAMED, has_ending, plainly

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from builder.sources.member import Member, RemoteMember
    from builder.sources.remote import Remote
    from builder.sources.ways import There

T = TypeVar("T")

# Names by which is told where all of them lie.
_FEW = 8
# What names without an ending may have, as nobody tells what is there.
_ENDINGS = (".jpg", ".jpeg", ".png", ".JPG")


@dataclass
class UrlView:
    """Files below a URL, which has to be asked for each of them.

    Attributes
    ----------
    folders : sequence of str
        URLs that may hold them; the first that has one of the first images does.
    remote : Remote
    """

    folders: Sequence[str]
    remote: Remote
    _folder: str | None = field(default=None, init=False)
    is_listed = False

    @property
    def place(self) -> str:
        """The URLs."""
        return " or ".join(map(shown, self.folders))

    def look(self, names: Sequence[str]) -> Sequence[RemoteMember | None]:
        """Return the files of these names."""
        for name in filter(None, _some(names)):
            for folder in self.folders:
                if self._folder is None and exists(self.remote, below(folder, name)):
                    self._folder = folder
        return self._ask(names)

    def guess(
        self, names: Sequence[str], hints: Sequence[str | None]
    ) -> list[tuple[RemoteMember | None, str]]:
        """Return files of names that are not there, and by which way."""
        for name, hint in _some(list(zip(names, hints, strict=True))):
            for folder in self.folders:
                guesses = _guesses(name, hint, folder)
                if self._folder is None and any(
                    exists(self.remote, below(folder, path)) for path, _ in guesses
                ):
                    self._folder = folder
        found: list[tuple[RemoteMember | None, str]] = [(None, "")] * len(names)
        if self._folder is None:
            return found
        guesses_of = [
            _guesses(name, hint, self._folder)
            for name, hint in zip(names, hints, strict=True)
        ]
        for turn in range(max(map(len, guesses_of), default=0)):
            rest = [
                at
                for at, (member, _) in enumerate(found)
                if member is None and turn < len(guesses_of[at])
            ]
            asked = self._ask([guesses_of[at][turn][0] for at in rest])
            for at, member in zip(rest, asked, strict=True):
                found[at] = (member, guesses_of[at][turn][1])
        uses = Counter(member.url for member, _ in found if member)
        return [
            (None, "") if member is None or uses[member.url] > 1 else (member, way)
            for member, way in found
        ]

    def list(self) -> Iterator[There]:
        """Yield nothing: a URL does not tell what is there."""
        return iter(())

    def take(self, file: There) -> Member:
        """Return nothing, as `list` gives nothing."""
        raise NotImplementedError

    def why_not(self, name: str) -> str:
        """Say nothing."""
        del name
        return ""

    def _ask(self, names: Sequence[str]) -> Sequence[RemoteMember | None]:
        if self._folder is None:
            return [None] * len(names)
        urls = [below(self._folder, name) for name in names]
        return members_at(names, urls, self.remote)


def _some(items: Sequence[T]) -> Sequence[T]:
    """Return a few items from all over, the first one first."""
    return items[:: max(1, len(items) // _FEW)][:_FEW]


def below(folder: str, name: str) -> str:
    """Return the URL of a file below another, of which no character is special."""
    if scheme_of(folder) in HTTP_SCHEMES:
        name = quote(name, safe="/!$&'()*+,;=:@~")
    return f"{folder}/{name}"


def _guesses(name: str, hint: str | None, folder: str) -> list[tuple[str, str]]:
    """Return what a file may be called below a URL, and the way of each."""
    found = []
    plain = plainly(name)
    if plain:
        found.append((plain, r"with \ read as /" if "\\" in name else "without ./"))
        own = unquote(shown(folder)).rpartition("/")[2]
        found.append((plain.removeprefix(f"{own}/"), "by a folder less"))
        found.append((unquote(plain), "by percent encoding"))
        if not has_ending(plain):
            found += [(plain + end, AS_NAMED) for end in _ENDINGS]
    if hint:
        parts = plainly(unquote(urlsplit(hint).path)).split("/")
        way = "by the tail of its address"
        found += [("/".join(parts[-2:]), way), (parts[-1], way)]
    paths = dict(reversed(found))
    # Below a URL, too, nothing may lead elsewhere.
    return [
        (path, way)
        for path, way in reversed(paths.items())
        if path not in {name, ""} and ".." not in path.split("/")
    ]
