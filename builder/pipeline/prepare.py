"""Read the metadata of a source and select; then look where the images are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.datasets import registry
from builder.datasets.files import Files
from builder.errors import UsageError
from builder.output.lock import check_lock, make_lock, open_lock
from builder.selection.contract import sizes_of
from builder.sources.known import Known
from builder.sources.members import Members
from builder.sources.texts import Texts

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from builder.datasets.base import Dataset
    from builder.pipeline.work import Work
    from builder.selection.contract import ImageGroup, Selection
    from builder.selection.recipe import Recipe
    from builder.sources.member import Member


@dataclass(frozen=True)
class Request:
    """What is asked for: a dataset, what to draw from it, and where it lies.

    Attributes
    ----------
    dataset : str or Dataset
        Its name in the registry, or the path of a recipe.
    recipe : Recipe, optional
        The dataset's own default, if not given.
    source : str, optional
        Folder or URL with one of the official layouts; the official server, if
        neither it nor all of `files` are given.
    files : dict of str to str
        Files and folders that go before `source`, by the options of the dataset's
        inputs.
    allow_hosts : sequence of str
        Hosts from which images may come by an address in their record, besides that
        of `source`.
    lock : path, optional
        A selection.json; stop unless exactly this selection comes out.
    follow_links : bool
        Whether links may lead out of the source, or of a folder of `files`.
    """

    dataset: str | Dataset[Any]
    recipe: Recipe | None = None
    source: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    allow_hosts: Sequence[str] = ()
    lock: str | os.PathLike[str] | None = None
    follow_links: bool = False


@dataclass(frozen=True)
class Prepared:
    """A selection, and what it was made from.

    Attributes
    ----------
    dataset : Dataset
    selection : Selection
    inputs : list of dict
        Role, name, sha256 and bytes of each metadata file; empty if not asked for.
    """

    dataset: Dataset[Any]
    selection: Selection
    inputs: list[dict[str, Any]]

    @cached_property
    def images(self) -> Sequence[ImageGroup]:
        """The selected images; by their order they are numbered from here on."""
        return self.selection.images()

    @cached_property
    def keys(self) -> Texts:
        """Key of each image."""
        return keys_of(self.images)

    @cached_property
    def sizes(self) -> NDArray[np.int32] | None:
        """Stated width and height of each image, int32[n, 2], if there are any."""
        return sizes_of(self.images)

    def size_of_rows(self, members: Sequence[Member]) -> int:
        """Return the bytes of the images of all rows that get written."""
        shown = np.concatenate([rows.images for rows in self.selection.splits()])
        sizes = Members.of(members).file_sizes
        return int(np.maximum(sizes[shown], 0).sum())


def keys_of(groups: Sequence[ImageGroup]) -> Texts:
    """Return the key of each image, by its number."""
    keys = [Texts.of(group.keys) for group in groups]
    return Texts(block for some in keys for block in some.blocks)


def prepare(request: Request, work: Work, *, digest: bool = True) -> Prepared:
    """Find the source of a dataset, read its metadata, and select.

    Parameters
    ----------
    request : Request
    work : Work
    digest : bool
        Whether to take the digests of the metadata files; with a lock they are
        always taken.

    Raises
    ------
    UsageError
        The dataset or one of its inputs is unknown, or the recipe is another's.
    SourceError
        The source is not there, or contradicts itself.
    SelectionError
        The recipe does not fit the source, or the selection is not that of the lock.
    """
    dataset = request.dataset
    if isinstance(dataset, str):
        dataset = registry.get(dataset)
    given = _check_given(dataset, request)
    recipe = dataset.default if request.recipe is None else request.recipe
    if type(recipe) is not dataset.recipe:
        kind = dataset.recipe.__name__
        msg = f"{dataset.name}: expected a recipe of the type {kind}, found {recipe!r}"
        raise UsageError(msg)
    files = Files(
        inputs=dataset.inputs,
        source=request.source or dataset.home,
        official=dataset.official,
        given=given,
        remote=work.remote,
        cache=work.cache,
        allow_hosts=request.allow_hosts,
        known=_known(dataset, request),
        digest=digest or request.lock is not None,
        progress=work.progress,
        say=work.say,
        follow_links=request.follow_links,
    )
    selection = dataset.select(files, recipe)
    dataset = dataset.becomes(selection)
    prepared = Prepared(dataset, selection, files.read)
    if request.lock is not None:
        found = make_lock(dataset.name, selection, prepared.inputs)
        # Some splits are only known once the images were seen.
        check_lock(request.lock, found, draws=selection.is_settled)
    return prepared


def _known(dataset: Dataset[Any], request: Request) -> dict[str, Known]:
    """Return what the lock says of each table; of another dataset's lock nothing.

    So that another table is refused before it is kept. That all the rest is as locked
    is looked at when it is known.
    """
    if request.lock is None:
        return {}
    lock = open_lock(request.lock).content
    if lock["dataset"] != dataset.name:
        return {}
    by = f"by the lock {request.lock}"
    step = "get the version that the lock was made from; nothing was built"
    return {e["role"]: Known(e["sha256"], by, step) for e in lock["inputs"]}


def _check_given(dataset: Dataset[Any], request: Request) -> dict[str, str]:
    """Return the files that are given, all of them inputs of the dataset."""
    given = {name: path for name, path in request.files.items() if path}
    options = [entry.option for entry in dataset.inputs]
    unknown = sorted(set(given) - set(options))
    if unknown:
        msg = f"{dataset.name} has no input {unknown[0]!r}, only {', '.join(options)}"
        raise UsageError(msg)
    if request.allow_hosts and not dataset.has_urls:
        msg = f"{dataset.name}: its records name no addresses: leave out --allow-host"
        raise UsageError(msg)
    return given
