"""The options that the datasets bring: fields of their recipes, and their inputs."""

from __future__ import annotations

from argparse import SUPPRESS
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from builder.cli.values import text
from builder.datasets import registry
from builder.errors import UsageError
from builder.selection.recipe import options_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

    from builder.datasets.base import Dataset
    from builder.selection.recipe import Recipe

_ALLOW_HOST = {
    "action": "append",
    "metavar": "HOST",
    "help": "get images without folder or zip from this host, where their records"
    " name it",
}


def flag(name: str) -> str:
    """Return the option of a field.

    >>> flag("image_size")
    '--image-size'
    """
    return "--" + name.replace("_", "-")


def add_dataset_options(parser: argparse._ActionsContainer) -> None:
    """Add the options of all datasets, grouped by who has them.

    What datasets share is one option, and stands first. Each that is given is kept as
    text under its own spelling: only the chosen dataset knows what it means.
    """
    owns = {name: _options_of(registry.get(name)) for name in registry.studies()}
    groups: dict[tuple[str, ...], list[str]] = {}
    for option in dict.fromkeys(option for own in owns.values() for option in own):
        owners = tuple(name for name, own in owns.items() if option in own)
        groups.setdefault(owners, []).append(option)
    for owners, options in sorted(groups.items(), key=lambda item: -len(item[0])):
        group = parser.add_argument_group(", ".join(owners))
        for option in options:
            told = [owns[name][option] for name in owners]
            helps = dict.fromkeys(one["help"] for one in told)
            _add(group, option, {**told[0], "help": "; or ".join(helps)})


def add_inputs(parser: argparse._ActionsContainer) -> None:
    """Add what names the inputs of a dataset, where the dataset is known later."""
    datasets = [registry.get(name) for name in registry.studies()]
    for entry in {e.option: e for d in datasets for e in d.inputs}.values():
        about = entry.about or f"{entry.role} of a build from single files"
        _add(parser, flag(entry.option), {"metavar": "PATH", "help": about})
    if any(dataset.has_urls for dataset in datasets):
        _add(parser, "--allow-host", _ALLOW_HOST)


def chosen_recipe(args: argparse.Namespace, dataset: Dataset[Any]) -> Recipe:
    """Return the recipe that the options stand for; ends the command if one does not.

    Raises
    ------
    UsageError
        An option of another dataset is given, or a value that makes no sense.
    """
    given, own = given_options(args), _options_of(dataset)
    for foreign in (option for option in given if option not in own):
        step = f": change {args.dataset}" if args.dataset.endswith(".toml") else ""
        msg = f"{foreign} is not an option of {dataset.name}{step}"
        raise UsageError(msg)
    fields: dict[str, Any] = {}
    for name, option in options_of(dataset.recipe).items():
        if flag(name) in given:
            try:
                fields[name] = option.parse(given[flag(name)])
            except ValueError as err:
                args.parser.error(f"argument {flag(name)}: {err}")
    recipe: Recipe = replace(dataset.default, **fields) if fields else dataset.default
    return recipe


def chosen_files(
    args: argparse.Namespace, datasets: Iterable[Dataset[Any]]
) -> dict[str, str]:
    """Return the inputs that are given, by the names of their options.

    Raises
    ------
    UsageError
        They are all that a dataset is made from, and there is a source besides.
    """
    given = given_options(args)
    found: dict[str, str] = {}
    for dataset in datasets:
        files = {
            entry.option: given[flag(entry.option)]
            for entry in dataset.inputs
            if flag(entry.option) in given
        }
        asked = {e.option: e.asked for e in dataset.inputs if e.asked}
        of_source = [option for option in asked if files.get(option) == asked[option]]
        own = {entry.option for entry in dataset.inputs} - set(asked)
        if args.source is not None and own <= set(files) and not of_source:
            msg = (
                f"--source: nothing of it is read where {', '.join(map(flag, files))}"
                " are all given: leave it out"
            )
            raise UsageError(msg)
        found |= files
    return found


def given_options(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of datasets that are given, with their text."""
    return {name: given for name, given in vars(args).items() if name.startswith("--")}


def _options_of(dataset: Dataset[Any]) -> dict[str, dict[str, Any]]:
    """Return what argparse is told of each option of a dataset."""
    found: dict[str, dict[str, Any]] = {
        flag(name): {"metavar": option.metavar, "help": option.help}
        for name, option in options_of(dataset.recipe).items()
    }
    for entry in dataset.inputs:
        about = entry.about or f"{entry.role}; goes before --source"
        found[flag(entry.option)] = {"metavar": "PATH", "help": about}
    return {**found, "--allow-host": _ALLOW_HOST} if dataset.has_urls else found


def _add(
    group: argparse._ActionsContainer, option: str, told: Mapping[str, Any]
) -> None:
    words = told["help"].replace("%", "%%")
    more = {**told, "help": words}
    group.add_argument(option, dest=option, default=SUPPRESS, type=text, **more)
