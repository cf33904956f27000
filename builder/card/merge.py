"""Three cards become one: what was pushed last, what is there, what would be pushed.

Part by part, and without a library: a part is equal to another or it is not. What
trimset generates (blocks, computed keys) is taken anew unless somebody edited it; what
people own (the text around the blocks, all other keys, configs that are not of the
build) stays as it stands. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from builder.card.body import fill, insert
from builder.card.configs import Paths, find_claims, other_configs, own_configs
from builder.card.front import Key, dump
from builder.card.parts import LOADING, TEXT, Card, config_of, digests, entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

How = Literal["merge", "ours", "theirs"]
Choice = Literal["same", "ours", "theirs", "conflict"]
# Computed like the blocks, and told apart by their digests like these.
_COMPUTED = {"yaml size_categories"}


@dataclass(frozen=True, slots=True)
class Base:
    """What is known of the card that was pushed last.

    Attributes
    ----------
    generated : dict of str to str
        Digests of the parts that trimset would have pushed then.
    pushed : dict of str to str
        Digests of the parts as they were pushed: edits that were kept included.
    configs : frozenset of str
        Configs of the build.
    untouched : bool
        Whether the card is byte for byte as it was pushed.
    """

    generated: Mapping[str, str]
    pushed: Mapping[str, str]
    configs: frozenset[str] = frozenset()
    untouched: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """What came of it.

    Attributes
    ----------
    card : Card
    kept, taken : tuple of str
        Parts that differ, and are as they stood there, or as the build has them. Of
        configs of the build those that somebody had changed, which are put right.
    others : tuple of str
        Configs that are not of the build, and were kept.
    demoted : tuple of str
        Those of them that were marked as the default, which is the build's.
    conflicts : tuple of str
        Parts that somebody has to decide on; `card` is of no use then.
    """

    card: Card
    kept: tuple[str, ...] = ()
    taken: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    demoted: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Sides:
    """Digests by part of the three cards, and what was decided of each."""

    ours: Mapping[str, str]
    theirs: dict[str, str]
    base: Base
    how: How | None
    chosen: dict[str, Choice] = field(default_factory=dict)

    def choose(self, part: str) -> Choice:
        ours, theirs = self.ours.get(part), self.theirs.get(part)
        if ours == theirs:
            return "same"
        if self.how in ("ours", "theirs"):
            return "ours" if self.how == "ours" else "theirs"
        before = self.base.generated.get(part)
        if part.startswith("block ") or part in _COMPUTED:
            left = self.base.pushed.get(part)
            if self.how == "merge" or theirs == left == before:
                return "ours"
            # an edit that was kept before, and nothing new to put in its place
            return "theirs" if theirs == left and ours == before else "conflict"
        return "ours" if theirs == before else "theirs"


def merge_cards(
    ours: Card,
    theirs: Card,
    base: Base | None,
    *,
    how: How | None = None,
    paths: Paths | None = None,
) -> Merged:
    """Return the card to push.

    Parameters
    ----------
    ours, theirs : Card
        What would be pushed, and what is there.
    base : Base, optional
        None where trimset did not make the card that is there.
    how : str, optional
        What to do about conflicts. ``merge``: generated parts as built, all else as it
        stands there. ``theirs``: all as it stands there. ``ours``: all as built. What
        `LOADING` says of the build is always as built, and other configs stay. A config
        of the build that loads something else there cannot stay: ``theirs`` leaves that
        conflict.
    paths : Paths, optional
        By which it is told what a config loads.
    """
    known = base or Base({}, {})
    mine, there = digests(ours), digests(theirs)
    # one that says the same may have its keys in another order: that is no news
    if known.untouched and known.generated == known.pushed and mine != there:
        how = how or "ours"
    sides = _Sides(mine, there, known, how)
    if base is None and not theirs.prose:
        # as the Hub's own form and `push_to_hub` leave it: there is no text
        del sides.theirs[TEXT]
    for part in {**sides.theirs, **sides.ours, **known.generated}:
        is_foreign = part.startswith("block ") and not (
            part in sides.ours or part in known.generated
        )
        if not part.startswith("config "):
            sides.chosen[part] = "theirs" if is_foreign else sides.choose(part)
    own = own_configs(ours, known.configs)
    conflicts: list[str] = []
    if how in (None, "theirs"):
        claims = find_claims(
            ours, theirs, own, paths or Paths(), is_known=base is not None
        )
        conflicts += (f"config {name}" for name in claims)
        conflicts = [part for part in conflicts if _is_changed(part, sides)]
    conflicts += (part for part, way in sides.chosen.items() if way == "conflict")
    if how is None:
        conflicts += _undecided(ours, base, sides)
    others, demoted = other_configs(ours, theirs, own)
    keys = list(_merge_keys(ours, theirs, others, sides))
    taken = [part for part, way in sides.chosen.items() if way == "ours"]
    blocks = {p.removeprefix("block ") for p in taken if p.startswith("block ")}
    is_ours = how == "ours" or TEXT in taken
    body = fill(ours if is_ours else theirs, theirs, ours, blocks)
    if not is_ours:
        body = insert(body, ours, blocks)
    front = ours if how == "ours" or not theirs.closing else theirs
    card = Card(front.opening, tuple(keys), front.closing, tuple(body), front.newline)
    mended = (f"config {name}" for name in sorted(own))
    return Merged(
        card,
        tuple(part for part, way in sides.chosen.items() if way == "theirs"),
        (*taken, *(part for part in mended if _is_changed(part, sides))),
        tuple(dict.fromkeys(config_of(e) for e in others["configs"])),
        tuple(demoted),
        tuple(dict.fromkeys(conflicts)),
    )


def _is_changed(part: str, sides: _Sides) -> bool:
    """Tell whether somebody changed what is said of a config of the build."""
    there = sides.theirs.get(part)
    return there not in (sides.ours.get(part), sides.base.pushed.get(part))


def _undecided(ours: Card, base: Base | None, sides: _Sides) -> Iterator[str]:
    """Yield all that differs, where the card is not one that a merge can tell apart."""
    if base is None:
        # what only one of them has does not contradict the other
        yield from (
            part
            for part, way in sides.chosen.items()
            if way != "same" and part in sides.theirs and part in sides.ours
        )
    elif sides.chosen.get(TEXT) == "theirs" and ours.blocks:
        # pushed by a release that set no marks: what was generated is in the text
        marked = any(part.startswith("block ") for part in base.pushed)
        if not marked and base.generated == base.pushed:
            yield TEXT


def _merge_keys(
    ours: Card,
    theirs: Card,
    others: Mapping[str, list[dict[str, Any]]],
    sides: _Sides,
) -> Iterator[Key]:
    """Yield the keys of the card: in their order, new ones after their neighbours."""
    mine = {key.name: key for key in ours.keys}
    there = {key.name: key for key in theirs.keys}
    for name in LOADING:
        if name in mine and others[name]:
            value = [*entries(ours.metadata, name), *others[name]]
            mine[name] = Key(name, value, dump(name, value))
    first, second = (mine, there) if sides.how == "ours" else (there, mine)
    for name in _woven(list(first), list(second)):
        if name in LOADING:
            same = name in there and name in mine
            same = same and there[name].value == mine[name].value
            key = there.get(name) if same or name not in mine else mine[name]
        elif sides.chosen[f"yaml {name}"] == "ours":
            key = mine.get(name)
        else:
            key = there.get(name)
        if key is not None:
            # the last line of all may lack its end
            yield replace(key, text=f"{key.text.removesuffix(chr(10))}\n")


def _woven(first: list[str], second: list[str]) -> list[str]:
    """Return all names: those of the first, each other one after its neighbour.

    >>> _woven(["a", "c", "x"], ["a", "b", "c", "d"])
    ['a', 'b', 'c', 'x', 'd']
    """
    names = list(first)
    last = max((i for i, name in enumerate(second) if name in first), default=-1)
    at = 0
    for name in second[: last + 1]:
        if name in names:
            at = names.index(name) + 1
        else:
            names.insert(at, name)
            at += 1
    return names + second[last + 1 :]
