"""selection.json, the lock: how it is made, and how a selection differs from one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.errors import SelectionError
from builder.limits import MAX_RECORD
from builder.output.build import read_lock
from builder.output.digests import digest_of
from builder.output.records import LOCK_KIND
from builder.selection.contract import draws_of
from builder.sources.regular import read_regular

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from builder.output.records import Lock
    from builder.selection.contract import Selection


def make_lock(
    dataset: str, selection: Selection, inputs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return selection.json: the rule, its inputs, and the draws in order.

    Where the inputs lay is not in it: a mirror or a local copy gives the same lock.
    Its ``digest`` is the sha256 of everything else in canonical JSON: keys sorted,
    no spaces, UTF-8.
    """
    lock = {
        "format": LOCK_KIND,
        "dataset": dataset,
        "rule": selection.rule,
        "recipe": selection.recipe.as_dict(),
        "seed": selection.recipe.seed,
        "inputs": [without_address(entry) for entry in inputs],
        "draws": draws_of(selection),
    }
    return {**lock, "digest": digest_of(lock)}


def without_address(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of a source, but for where it lay.

    >>> without_address({"role": "metadata", "url": "https://host/train.csv"})
    {'role': 'metadata'}
    """
    return {name: value for name, value in entry.items() if name != "url"}


def open_lock(path: str | os.PathLike[str]) -> Lock:
    """Return the lock in a file, whose digest is right.

    Raises
    ------
    SelectionError
        The file is not there, is no lock, or was changed.
    """
    try:
        data = read_regular(path, most=MAX_RECORD)
    except (OSError, ValueError) as err:
        words = getattr(err, "strerror", None) or err
        msg = (
            f"{path}: expected a selection.json, found none that can be read ({words}):"
            " check --lock"
        )
        raise SelectionError(msg) from err
    lock = read_lock(data, where=str(path))
    if not lock.is_intact:
        msg = (
            f"{path}: its digest is not that of its content: the lock was changed after"
            " it was written; get the original"
        )
        raise SelectionError(msg)
    return lock


def check_lock(
    path: str | os.PathLike[str], found: Mapping[str, Any], *, draws: bool = True
) -> None:
    """Raise SelectionError unless a selection is the one of a lock.

    Parameters
    ----------
    path : path
        Of the lock.
    found : dict
        The selection, as `builder.output.lock.make_lock` gives it.
    draws : bool
        Whether the draws are known already, and compared too.
    """
    reason = first_difference(open_lock(path).content, found, draws=draws)
    if reason:
        msg = f"{path}: {reason}; nothing was built"
        raise SelectionError(msg)


def first_difference(
    lock: Mapping[str, Any], found: Mapping[str, Any], *, draws: bool = True
) -> str | None:
    """Return the first way in which a selection is not the one of a lock.

    In the order of cause: dataset, rule, recipe, sources, and then the rows, which
    without one of those can only differ by another version of a library.

    >>> first_difference({"dataset": "a"}, {"dataset": "b"})
    "the lock is of 'a', this is 'b'"
    """
    if lock["dataset"] != found["dataset"]:
        return f"the lock is of {lock['dataset']!r}, this is {found['dataset']!r}"
    # What a recipe file says is its rule, too; elsewhere options only set numbers.
    is_file = "kind" in lock["recipe"]
    # Nor is a rule another one for what one of the two recipes does not ask for.
    is_alike = set(lock["recipe"]) == set(found["recipe"])
    if lock["rule"] != found["rule"] and is_alike and not is_file:
        return _OTHER_RULE
    for name in dict.fromkeys([*lock["recipe"], *found["recipe"]]):
        value, other = lock["recipe"].get(name), found["recipe"].get(name)
        if value != other and isinstance(value or other, bool) and not is_file:
            return (
                f"the lock was made {'with' if value else 'without'} {name}:"
                f" {'give' if value else 'leave out'} --{name.replace('_', '-')}"
            )
        if value != other:
            flag = f"--{name.replace('_', '-')}"
            given = f"give {flag} {_spell(value)}"
            if name not in lock["recipe"]:
                given = f"leave {flag} out"
            return (
                f"the lock has {name} {_spell(value)}, asked for is {_spell(other)}:"
                f" {'change the recipe' if is_file and name != 'seed' else given}"
            )
    if lock["rule"] != found["rule"]:
        return _OTHER_RULE
    sources = {entry["role"]: entry for entry in found["inputs"]}
    for entry in lock["inputs"]:
        other = sources.pop(entry["role"], None)
        if other is None:
            return f"the lock was made with {entry['role']}, this source has none"
        if other["sha256"] != entry["sha256"]:
            return (
                f"the {entry['role']} were {entry['name']} with sha256"
                f" {entry['sha256'][:16]}…, this source has {other['name']} with"
                f" {other['sha256'][:16]}…: another version of the source"
            )
    if sources:
        return f"the lock was made without {', '.join(sources)}, this source has them"
    return _first_row(lock["draws"], found["draws"], ordered=draws)


_OTHER_RULE = (
    "the lock was made by another rule: use the version of trimset that made it"
)
_FROM_THE_SAME = "from the same sources by the same rule:"


def _spell(value: Any) -> str:
    """Return a value of a recipe as the command line takes it.

    >>> _spell([2000, 4000]), _spell(["3", "6"]), _spell(42)
    ('2000:4000', '3,6', '42')
    """
    if isinstance(value, dict):
        return ", ".join(f"{name} {_spell(part)}" for name, part in value.items())
    if not isinstance(value, list):
        return "none" if value is None else str(value)
    sign = ":" if all(isinstance(part, int) for part in value) else ","
    return sign.join(map(str, value))


def _first_row(
    lock: Mapping[str, Any], found: Mapping[str, Any], *, ordered: bool
) -> str | None:
    """Compare the draws; unless `ordered`, only which rows they are."""
    rows, others = (
        {
            (split, row)
            for split, rows in draws.get("default", {}).items()
            for row in rows
        }
        for draws in (lock, found)
    )
    cause = "another version of numpy or pandas"
    if rows != others:
        if not ordered:
            split, row = min(rows ^ others)
            where = "in the lock" if (split, row) in rows else "here"
            return f"{row} is only {where}, {_FROM_THE_SAME} {cause}"
    elif _cut_by_images(lock) or _cut_by_images(found):
        cause = "other images, or --no-audit on one side only"
    if not ordered:
        return None
    # `default` is in the order of the others, which therefore go first.
    for config in sorted({**lock, **found}, key=lambda name: name == "default"):
        splits = (lock.get(config, {}), found.get(config, {}))
        for split in dict.fromkeys([*splits[0], *splits[1]]):
            one, other = (part.get(split, []) for part in splits)
            pairs = enumerate(zip(one, other, strict=False))
            for place in (at for at, (left, right) in pairs if left != right):
                return (
                    f"row {place} of {config}/{split} is {one[place]} in the lock and"
                    f" {other[place]} here, {_FROM_THE_SAME} {cause}"
                )
            if len(one) != len(other):
                return (
                    f"{config}/{split} has {len(one)} rows in the lock and"
                    f" {len(other)} here, {_FROM_THE_SAME} {cause}"
                )
    return None


def _cut_by_images(draws: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether a config is cut into other splits than the rows were drawn in.

    Such a one, no row of which is in two splits, is cut by what the images show, and
    that is known only later.
    """
    drawn = set(draws.get("default", {}))
    others = [
        list(splits.values()) for splits in draws.values() if set(splits) != drawn
    ]
    return any(
        len(set().union(*parts)) == sum(len(set(part)) for part in parts)
        for parts in others
    )
