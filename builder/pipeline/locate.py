"""Where the selected images lie, and which of them are nowhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from builder.errors import ImageError, cut, first_of
from builder.sources.member import LocalMember
from builder.sources.members import Members
from builder.sources.ways import AS_NAMED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from builder.pipeline.work import Work
    from builder.selection.contract import ImageGroup, SplitRows
    from builder.sources.member import Member
    from builder.sources.ways import Located


@dataclass(frozen=True)
class LocatedImages:
    """Where each selected image lies.

    Attributes
    ----------
    members : sequence of Member, length n
        Of an image that is nowhere, an empty one that is never read.
    missing : ndarray of int64
        Numbers of those.
    ways : dict of str to int
        By which way how many were found, if any was found otherwise than as named.
    """

    members: Sequence[Member]
    missing: NDArray[np.int64]
    ways: Mapping[str, int]

    def tell(self, work: Work) -> None:
        """Say by which ways images were found, before anything is written."""
        for line in self.lines():
            work.say(line)

    def lines(self) -> Iterator[str]:
        """Say how many were found otherwise than as named, and how."""
        total = len(self.members)
        for way, number in self.ways.items():
            if way != AS_NAMED:
                yield f"{number:,} of {total:,} images found {way}"


def locate(
    groups: Sequence[ImageGroup],
    work: Work,
    *,
    skip_missing: bool = False,
    allow_broken: bool = False,
) -> LocatedImages:
    """Look where all images lie; nothing is moved.

    Parameters
    ----------
    groups : sequence of ImageGroup
    work : Work
    skip_missing : bool
        Go on without images that are nowhere.
    allow_broken : bool
        Whether broken images are left out, which are others.

    Raises
    ------
    SourceError
        An archive cannot be read.
    ImageError
        Images are nowhere, and that is not allowed, or all of them are.
    """
    found = [g.store.locate(g.names, work.remote, g.hints) for g in groups]
    members = Members(b for part in found for b in Members.of(part.members).blocks)
    missing = members.nowhere
    if len(missing) and (not skip_missing or len(missing) == len(members)):
        raise _missing(groups, found, allow_broken=allow_broken)
    ways: dict[str, int] = {}
    for part in found:
        for way, number in part.ways.items():
            ways[way] = ways.get(way, 0) + number
    if len(missing):
        members = Members.of(m or LocalMember("", "", 0) for m in members)
    whole = cast("Sequence[Member]", members)  # now that there is one of each
    return LocatedImages(whole, missing, ways if set(ways) != {AS_NAMED} else {})


def present_rows(
    splits: Sequence[SplitRows], missing: NDArray[np.int64]
) -> Sequence[SplitRows]:
    """Return the rows without those whose images are nowhere.

    Raises
    ------
    ImageError
        A split is left without any row.
    """
    if not len(missing):
        return splits
    kept = [_present(rows, missing) for rows in splits]
    empty = [
        f"{config}/{split}"
        for rows in kept
        for config, split, size in (
            (rows.config, rows.split, len(rows)),
            *((name, part, stop - start) for name, part, start, stop in rows.shared),
        )
        if not size
    ]
    if empty:
        msg = f"all images of {first_of(empty)} are nowhere: complete the source"
        raise ImageError(msg)
    return kept


def _present(rows: SplitRows, missing: NDArray[np.int64]) -> SplitRows:
    keep = ~np.isin(rows.images, missing)
    places = np.flatnonzero(keep)
    before = np.concatenate([[0], np.cumsum(keep)]).tolist()

    def columns() -> dict[str, Any]:
        return {
            name: values.take(places)
            if hasattr(values, "take")  # of NumPy or Arrow
            else [values[place] for place in places.tolist()]
            for name, values in rows.columns.items()
        }

    return replace(
        rows,
        images=rows.images[places],
        make_columns=columns,
        make_features=lambda: rows.features,
        shared=tuple(
            (config, split, before[start], before[stop])
            for config, split, start, stop in rows.shared
        ),
    )


def _missing(
    groups: Sequence[ImageGroup], found: Sequence[Located], *, allow_broken: bool
) -> ImageError:
    """Return the error for images that are nowhere."""
    names: list[str] = []
    places: list[str] = []
    for group, part in zip(groups, found, strict=True):
        for at, member in enumerate(part.members):
            if member is None:
                name = cut(group.names[at] or group.keys[at])
                reason = part.reasons.get(at)
                names.append(f"{name} ({reason})" if reason else name)
                places += part.places
    total = sum(len(group.names) for group in groups)
    step = "complete the source"
    if len(names) < total:
        step += ", or go on without them with --skip-missing"
        if allow_broken:
            step += " (--allow-broken is for images that are there)"
    return ImageError(
        f"{first_of([*dict.fromkeys(places)])}: {len(names):,} of {total:,} selected"
        f" images are not there: {first_of(names)}; {step}"
    )
