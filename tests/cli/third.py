"""A dataset that the command line never heard of, and a library that only listens."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import builder.pipeline.stages  # noqa: F401 (before anything of it is replaced)
from builder.datasets.inputs import Input
from builder.errors import TrimsetError
from builder.selection.recipe import Recipe, check_seed, option, parse_names

if TYPE_CHECKING:
    from collections.abc import Callable


def _share(text: str) -> float:
    if not 0 < float(text) <= 1:
        msg = f"expected more than 0 and at most 1, found {text!r}"
        raise ValueError(msg)
    return float(text)


@dataclass(frozen=True)
class ThirdRecipe(Recipe):
    """One option that is shared, one of a name that others use otherwise, one odd."""

    seed: int = option(7, parse=int, metavar="N", help="default: 7")
    targets: tuple[str, ...] = option(
        ("a",), parse=parse_names, metavar="WORDS", help="words, 5% or more of them"
    )
    command: float = option(0.5, parse=_share, metavar="SHARE", help="of the rows")

    def __post_init__(self) -> None:
        check_seed(self.seed)


THIRD = SimpleNamespace(
    name="third_of_its_kind",
    recipe=ThirdRecipe,
    inputs=(
        Input("table of words", "words_table", "table", ("words.csv",)),
        Input("images", "images", "images", ("pictures/",), name="pictures"),
    ),
    official=None,
    has_urls=True,
    default=ThirdRecipe(),
    home=None,
    about={},
    remarks=lambda record: [f"third: {record['note']}"] * 2,
)


class HeardError(TrimsetError):
    """Ends a command when the library was called."""


class Library:
    """Stands where the library does, and keeps what it is called with."""

    def __init__(self, monkeypatch: Any) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}
        for module, name in (
            ("builder.pipeline.demo", "demo"),
            ("builder.pipeline.plan", "plan"),
            ("builder.pipeline.build", "build"),
            ("builder.pipeline.export", "export"),
            ("builder.pipeline.init", "init"),
            ("builder.pipeline.verify", "verify"),
            ("builder.pipeline.report", "report"),
            ("builder.hub.push", "push"),
            ("builder.hub.verify", "verify_remote"),
        ):
            monkeypatch.setitem(sys.modules, module, ModuleType(module))
            setattr(sys.modules[module], name, self._listen(name))
        execute: Any = ModuleType("builder.pipeline.execute")
        execute.make_executor = self._executor
        monkeypatch.setitem(sys.modules, execute.__name__, execute)
        progress: Any = ModuleType("builder.cli.progress")
        progress.Bars = self._bars
        monkeypatch.setitem(sys.modules, progress.__name__, progress)
        for name in ("list_cache", "cache_root", "clear_cache"):
            monkeypatch.setattr(f"builder.sources.cache.{name}", self._listen(name))

    def _listen(self, name: str) -> Callable[..., Any]:
        def heard(*args: Any, **options: Any) -> Any:
            self.calls.append((name, args, options))
            if name not in self.answers:
                raise HeardError("x")
            return self.answers[name]

        return heard

    @contextmanager
    def _executor(self, *args: Any) -> Any:
        self.calls.append(("make_executor", args, {}))
        yield "an executor", args[0]

    def _bars(self, **options: Any) -> Any:
        self.calls.append(("Bars", (), options))
        return SimpleNamespace(
            close=lambda: None, counting=lambda _: None, say=lambda _: None
        )
