"""Decides what a push adds, changes, deletes and leaves alone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from builder.output.check import LocalFile

# The Hub makes this file itself; it is nobody's left-over.
HUBS_OWN = frozenset({".gitattributes"})


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a remote tree, as the Hub reports it.

    Attributes
    ----------
    size : int
        Bytes of the file itself.
    git_oid : str
        Name of its blob in git: of the content, or of the pointer to it.
    sha256 : str, optional
        Digest of the content; only known where the Hub keeps it outside git.
    """

    size: int
    git_oid: str
    sha256: str | None = None

    def holds(self, file: LocalFile) -> bool:
        """Tell whether this is the same content as a local file's."""
        if self.sha256 is not None:
            return self.sha256 == file.sha256
        return self.git_oid == file.git_oid


@dataclass(frozen=True, slots=True)
class PushPlan:
    """Paths by what happens to them, each sorted; foreign ones are left alone."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()

    @property
    def sent(self) -> tuple[str, ...]:
        """Paths whose content is to be committed."""
        return tuple(sorted(self.added + self.changed))

    @property
    def is_empty(self) -> bool:
        """Whether the remote is as it should be."""
        return not (self.added or self.changed or self.deleted)

    def __str__(self) -> str:
        named = (
            ("add", self.added),
            ("change", self.changed),
            ("delete", self.deleted),
        )
        return "; ".join(f"{verb} {_shown(paths)}" for verb, paths in named if paths)


def plan_push(
    local: Mapping[str, LocalFile],
    remote: Mapping[str, HubFile],
    previous: Collection[str] = (),
) -> PushPlan:
    """Return what turns a remote tree into a build.

    Parameters
    ----------
    local : mapping of str to LocalFile
        Every file of the build by its path, manifest.json included.
    remote : mapping of str to HubFile
        Every file of the remote tree.
    previous : collection of str
        Paths that the manifest in the remote tree lists. Only these may be
        deleted: anything else was put there by someone else.

    Examples
    --------
    >>> from builder.output.check import LocalFile
    >>> new, old = LocalFile(1, "aa", "a"), HubFile(1, "b")
    >>> remote = {"README.md": old, "data/old.parquet": old, "notes.txt": old}
    >>> plan = plan_push({"README.md": new}, remote, ["data/old.parquet"])
    >>> plan.changed, plan.deleted, plan.foreign
    (('README.md',), ('data/old.parquet',), ('notes.txt',))
    """
    both = local.keys() & remote.keys()
    same = {path for path in both if remote[path].holds(local[path])}
    others = remote.keys() - local.keys() - HUBS_OWN
    gone = others & set(previous)
    return PushPlan(
        added=tuple(sorted(local.keys() - remote.keys())),
        changed=tuple(sorted(both - same)),
        deleted=tuple(sorted(gone)),
        unchanged=tuple(sorted(same)),
        foreign=tuple(sorted(others - gone)),
    )


def group_uploads(
    sizes: Mapping[str, int], *, files: int, size: int
) -> Iterator[tuple[str, ...]]:
    """Yield the paths in groups of at most so many files and bytes, in order.

    Upload URLs are asked for group by group, so that none expires while it
    waits for its turn. A file larger than `size` makes a group of its own.

    Examples
    --------
    >>> list(group_uploads({"a": 3, "b": 2, "c": 9, "d": 1}, files=9, size=5))
    [('a', 'b'), ('c',), ('d',)]
    """
    group: list[str] = []
    total = 0
    for path, weight in sizes.items():
        if group and (len(group) == files or total + weight > size):
            yield tuple(group)
            group, total = [], 0
        group.append(path)
        total += weight
    if group:
        yield tuple(group)


def _shown(paths: tuple[str, ...]) -> str:
    """Name the first paths, and tell how many more there are."""
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(paths[:3]) + more
