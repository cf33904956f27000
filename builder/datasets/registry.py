"""Datasets by name; each is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from builder.errors import UsageError

if TYPE_CHECKING:
    from builder.datasets.base import Dataset

# Module and object of each. Nothing else is ever imported for a name, whoever wrote it.
_HOMES: dict[str, tuple[str, str]] = {
    "coco_stuff_trimmed": ("builder.datasets.coco.dataset", "COCO"),
    "siim_isic_small": ("builder.datasets.isic.dataset", "ISIC"),
}
_ADDED: dict[str, Dataset[Any]] = {}


def names() -> list[str]:
    """Return the names of all datasets."""
    return [*_HOMES, *_ADDED]


def get(name: str) -> Dataset[Any]:
    """Return the dataset of a name.

    Raises
    ------
    UsageError
        There is none.
    """
    if name in _ADDED:
        return _ADDED[name]
    if name not in _HOMES:
        msg = f"dataset {name!r}: expected one of {', '.join(names())}"
        raise UsageError(msg)
    module, attribute = _HOMES[name]
    dataset: Dataset[Any] = getattr(import_module(module), attribute)
    return dataset


def register(dataset: Dataset[Any]) -> None:
    """Make a dataset known under its name, for this process.

    Raises
    ------
    UsageError
        The name is taken.
    """
    if dataset.name in names() and _ADDED.get(dataset.name) is not dataset:
        msg = f"dataset {dataset.name!r}: there is one of this name already"
        raise UsageError(msg)
    _ADDED[dataset.name] = dataset


def unregister(name: str) -> None:
    """Forget a dataset that was registered."""
    _ADDED.pop(name, None)
