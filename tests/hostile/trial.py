"""One input is run: its command, what is looked at around it, and what must hold."""

from __future__ import annotations

import contextlib
import json
import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import builder.errors
from tests.hostile.running import (
    Outcome,
    apart,
    call,
    release_pipes,
    start,
    surroundings,
)
from tests.hostile.watch import Watch, differences, look
from tests.hostile.world import SECRET, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Taken, and what came out is right; refused in one line; or either of the two.
RIGHT, REFUSED, EITHER = "right", "refused", "either"
#: Kinds that may hold up a thread for ever: each runs in a fork of this process.
APART = {"object"}
_ERRORS = "|".join(name for name in vars(builder.errors) if name.endswith("Error"))
_LINE = re.compile(rf"trimset: (?:{_ERRORS}): ")


@dataclass(frozen=True)
class Input:
    """A hostile input.

    Attributes
    ----------
    kind, name : str
    make : callable
        Puts it into a world and returns the words of the command.
    expected : str
    says : tuple of str
        One of these stands in the line that refuses it.
    check : callable, optional
        Given world and outcome where it was taken; asserts what has to be right.
    started : bool
        Whether the command runs in a process of its own.
    often : bool
        Whether the suite runs it; of a family of many, one of `EVERY`.
    """

    kind: str
    name: str
    make: Callable[[World], list[object]]
    expected: str
    says: tuple[str, ...] = ()
    check: Callable[[World, Outcome], object] | None = None
    started: bool = False
    often: bool = True

    @property
    def id(self) -> str:
        """What it is called in a test."""
        return f"{self.kind}-{self.name}"


@dataclass
class Result:
    """What came of an input: faults, or how it was taken."""

    input: Input
    taken: str = ""
    line: str = ""
    faults: list[str] = field(default_factory=list)


INPUTS: list[Input] = []
#: The suite runs one of so many cases of a family; ``make hostile`` runs all.
EVERY = 5


def hostile(kind: str, expected: str, **more: Any) -> Callable[[Any], Any]:
    """Make an input of a function of a world."""

    def add(make: Any) -> Any:
        INPUTS.append(Input(kind, make.__name__, make, expected, **more))
        return make

    return add


def each(
    kind: str, expected: str, cases: Mapping[str, Any], **more: Any
) -> Callable[[Any], Any]:
    """Make an input of a function for each case, which is its second argument."""

    def add(make: Any) -> Any:
        for number, (name, case) in enumerate(cases.items()):

            def made(world: World, case: Any = case) -> list[object]:
                words: list[object] = make(world, case)
                return words

            named = f"{make.__name__}-{name}"
            often = number % EVERY == 0
            INPUTS.append(Input(kind, named, made, expected, often=often, **more))
        return make

    return add


def attempt(given: Input, folder: Path, bases: Path) -> Result:
    """Run one input in a new folder, and return what came of it."""
    result = Result(given)
    world = World(folder, bases)
    try:
        words = [str(word) for word in given.make(world)]
        may = (world.out, world.root / "cache", world.root / "tmp")
        around, inside = look(world.root, without=may), look(world.out)
        kept = [look(path) for path in world.kept]
        watch = Watch(world.outside)
        with surroundings(world):
            try:
                run_it = start if given.started else call
                if given.kind in APART:
                    outcome = apart(words, world, watch)
                else:
                    with contextlib.nullcontext() if given.started else watch.on():
                        outcome = run_it(words, world)
            finally:
                release_pipes(world.root)
            after = look(world.root, without=may)
            result.faults += differences(around, after)
            for path, before in zip(world.kept, kept, strict=True):
                result.faults += differences(
                    before, look(path) if path.exists() else {}
                )
            seen = dict.fromkeys(watch.seen)
            result.faults += (
                e for e in seen if e.startswith("opened") or not world.seconds
            )
            left = sorted(path.name for path in (world.root / "tmp").iterdir())
            result.faults += [f"left in the temporary folder: {name}" for name in left]
            result.faults += [f"ran {path}" for path in world.root.rglob("RAN")]
            result.faults += _leaks(world, outcome)
            _judge(result, outcome, world, words, inside)
    except BaseException as err:
        if isinstance(err, KeyboardInterrupt):
            raise
        last = traceback.extract_tb(err.__traceback__)[-1]
        where = f"{Path(last.filename).name}:{last.lineno}"
        result.faults.append(f"{type(err).__name__}: {str(err)[:300]} at {where}")
    finally:
        for close in world.closing:
            close()
    return result


def _judge(
    result: Result,
    outcome: Outcome,
    world: World,
    words: list[str],
    inside: dict[str, tuple[Any, ...]],
) -> None:
    """Note what is wrong with how an input was taken."""
    given, faults = result.input, result.faults
    lines = outcome.err.splitlines()
    result.line = lines[-1] if lines else ""
    if outcome.status == 0:
        result.taken = RIGHT
        if given.expected == REFUSED:
            said = (outcome.out.splitlines() or ["nothing"])[-1]
            faults.append(f"expected a refusal, found status 0: {said[:200]}")
        if given.check is not None:
            given.check(world, outcome)
        alone = not world.kept  # what others have in it is a fault to verify
        if words[0] == "build" and alone and not _verifies(world, words):
            faults.append("the build was done, but does not verify")
        return
    result.taken = REFUSED
    if given.expected == RIGHT:
        faults.append(f"expected it to be taken, found: {result.line[:300]}")
    if outcome.status not in {1, 2}:
        faults.append(f"exit status {outcome.status}")
    if not world.silent:
        faults += _lines_faults(lines, usage=outcome.status == 2)
    if given.says and not any(word in result.line for word in given.says):
        faults.append(f"names none of {given.says}: {result.line[:300]}")
    is_other = _files(look(world.out)) != _files(inside)
    if words[0] == "build" and is_other and _verifies(world, words):
        faults.append("the build was refused, and what it left verifies")


def _files(found: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    return {path: facts for path, facts in found.items() if facts[0][0] != "d"}


def _lines_faults(lines: list[str], *, usage: bool) -> Iterator[str]:
    said = [line for line in lines if _LINE.match(line)]
    if usage and lines and re.match(r"trimset( \w+)?: error: ", lines[-1]):
        return
    if len(said) != 1 or not _LINE.match(lines[-1]):
        yield f"expected one line that says why, found {lines[-3:]!r}"[:400]
    if any(not line.startswith("trimset: ") for line in lines):
        yield f"more than lines of trimset: {lines[-3:]!r}"[:400]


def _leaks(world: World, outcome: Outcome) -> Iterator[str]:
    """Yield what is raw in what was said, and what is known of outside."""
    for text in (outcome.out, outcome.err):
        raw = sorted({char for char in text if not char.isprintable()} - {"\n"})
        if raw:
            yield f"raw characters reach the terminal: {raw!r}"
        if "Traceback" in text or "a bug of trimset" in text:
            yield f"a bug: {text[-300:]!r}"
        if SECRET in text:
            yield "the secret was told"
    secret = SECRET.encode()
    for folder in (world.out, world.root / "cache"):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    if secret in file.read(1 << 20):
                        yield f"the secret was copied to {path}"


def _verifies(world: World, words: list[str]) -> bool:
    """Whether what a build left is whole."""
    world.streams = {}
    place = words[words.index("--out") + 1]
    outcome = call(["verify", place], world)
    return outcome.status == 0


def told(results: list[Result]) -> str:
    """Return the table by kind."""
    kinds = dict.fromkeys(result.input.kind for result in results)
    lines = ["| kind | inputs | right | refused in one line | failed |"]
    lines.append("|---|--:|--:|--:|--:|")
    rows = [(kind, [r for r in results if r.input.kind == kind]) for kind in kinds]
    for kind, part in [*rows, ("all", results)]:
        good = [result for result in part if not result.faults]
        counts = [sum(r.taken == taken for r in good) for taken in (RIGHT, REFUSED)]
        numbers = [len(part), *counts, len(part) - len(good)]
        lines.append(f"| {kind} | {' | '.join(map(str, numbers))} |")
    return "\n".join(lines)


def as_json(results: list[Result]) -> str:
    """Return every result, for a comparison of two versions."""
    return json.dumps(
        {
            r.input.id: {"taken": r.taken, "line": r.line, "faults": r.faults}
            for r in results
        },
        indent=1,
    )
