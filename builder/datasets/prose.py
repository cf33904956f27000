"""The prose of cards: what people wrote of a dataset, or what its recipe says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from builder.card.markdown import code, fenced, link, plain
from builder.datasets.licences import SEVERAL
from builder.datasets.papers import address_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.datasets.recipe_record import RecipeFile

# The folders of the datasets lie beside this package, in a clone and installed.
_TOP = Path(__file__).parents[2]
# In the order in which the Hub's own template has them, but that what is generated of
# a build stands before what its recipe says. That is in blocks as well: where people
# edited the text around them, a push renews what the recipe says all the same.
_BODY = """\
# {title}

<!-- trimset: about -->
{description}
<!-- trimset: end -->

<!-- trimset: summary -->
<!-- trimset: end -->

<!-- trimset: uses -->
{uses}
<!-- trimset: end -->

## How to load it

<!-- trimset: loading -->
<!-- trimset: end -->

## What is in it

<!-- trimset: columns -->
<!-- trimset: end -->

<!-- trimset: example -->
<!-- trimset: end -->

## How it was selected

<!-- trimset: selection -->
<!-- trimset: end -->

## Counts

<!-- trimset: counts -->
<!-- trimset: end -->

## What leaks and what correlates

<!-- trimset: audit -->
<!-- trimset: end -->

<!-- trimset: limits -->
<!-- trimset: end -->

## Where it comes from

<!-- trimset: origin -->
{origin}
<!-- trimset: end -->

## Licence

<!-- trimset: licence -->
{licence}
<!-- trimset: end -->

<!-- trimset: licences -->
<!-- trimset: end -->

<!-- trimset: citation -->
{citation}
<!-- trimset: end -->
"""
_UNKNOWN = "Of the annotations' own licence it is not known here."
_LINKS = ("homepage", "repository", "paper")
# What a recipe may say of where its images come from: its key, how the paragraph
# begins, and what is not stated where the key is not there.
_ORIGIN = (
    ("curation", "Collection", "how the images were collected"),
    ("annotation", "Annotation", "how and by whom they were annotated"),
    ("personal", "Personal information", "what of persons is in them"),
    ("uses", "", "what the dataset is for"),
    ("out_of_scope", "", "what it is not for"),
)


def shipped_prose(name: str) -> str:
    """Return README.md of the folder of a dataset that comes with the package."""
    return (_TOP / name / "README.md").read_text(encoding="utf-8")


def with_front(prose: str, front: Mapping[str, Any]) -> str:
    r"""Return prose with these keys in its YAML, in the place of its licence.

    >>> with_front("---\nlicense: mit\ntags: []\n---\ntext", {"license": "other"})
    '---\nlicense: other\ntags: []\n---\ntext'
    """
    _, head, text = re.split(r"^---\n", prose, maxsplit=2, flags=re.MULTILINE)
    told: dict[str, Any] = {}
    for name, value in yaml.safe_load(head).items():
        told |= front if name == "license" else {name: value}
    return f"---\n{_yaml(told)}---\n{text}"


def of_another_source(file: RecipeFile, front: Mapping[str, Any]) -> str:
    """Return the text of a card of a build that is not of the official source.

    Of the recipe, its name stands in it, and nothing that it says of that source.

    Parameters
    ----------
    file : RecipeFile
    front : dict of str to str
        ``license``, and what belongs to it, where the images state their own.
    """
    from msgspec import structs

    from builder.datasets.recipe_record import About

    nothing = structs.asdict(About())
    title = f"{file.name}, from another source"
    told = structs.replace(file, **{**nothing, "title": title, **front})
    return neutral_prose(told, of_images=bool(front))


def of_licensed_images(
    file: RecipeFile, front: Mapping[str, Any], *, is_partial: bool
) -> str:
    """Return the text of a card of a build whose images state their licences.

    Parameters
    ----------
    file : RecipeFile
    front : dict of str to str
        ``license``, and what belongs to it, of the images.
    is_partial : bool
        Whether some of them state none.
    """
    from msgspec import structs

    nothing = {"license": "", "license_name": "", "license_link": ""}
    told = structs.replace(file, **{**nothing, **front})
    own = ""
    if file.license:
        own = f"The annotations and the collection are under {_named_licence(file)}"
        own += ", and so are images of which the source states none" * is_partial
        own += ", by the word of the recipe."
    return neutral_prose(told, of_images=True, own=own)


def neutral_prose(file: RecipeFile, *, of_images: bool = False, own: str = "") -> str:
    """Return the text of a card that says of a dataset what its recipe says.

    Parameters
    ----------
    file : RecipeFile
    of_images : bool
        Whether the licence is what the source states of each image.
    own : str
        A sentence on the licence of all else, where it is known.
    """
    body = _BODY.format(
        title=plain(file.title or file.name),
        description=_description(file),
        uses="\n\n".join(_uses(file)),
        origin="\n\n".join(_origin(file)),
        licence=_licence_of_images(file, own) if of_images else _licence(file),
        citation=_citation(file),
    )
    return f"---\n{_yaml(_front(file))}---\n{body}"


def _yaml(front: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(
        dict(front), sort_keys=False, allow_unicode=True, width=88
    )
    return text


def _front(file: RecipeFile) -> dict[str, Any]:
    """Return the YAML of a card, with the Hub's own keys."""
    language = [file.language] if isinstance(file.language, str) else file.language
    tasks = list(file.task_categories) or list(_tasks(file))
    front = {
        "pretty_name": _one_line(file.title or file.name),
        "license": file.license,
        "license_name": file.license_name,
        "license_link": file.license_link,
        "task_categories": tasks,
        "task_ids": _task_ids(file) if "image-classification" in tasks else [],
        "language": list(language),
        "tags": list(dict.fromkeys([*file.tags, "image"])),
    }
    return {name: value for name, value in front.items() if value}


def _is_labelled(file: RecipeFile) -> bool:
    return file.columns is None or file.columns.label is not None


def _tasks(file: RecipeFile) -> Iterator[str]:
    """Yield the tasks that the columns are for."""
    # The Hub's own word for images without labels; a card needs one.
    labelled = _is_labelled(file)
    yield "image-classification" if labelled else "image-feature-extraction"
    if file.select.objects != "none":
        yield "object-detection"
    if file.select.objects == "masks":
        yield "image-segmentation"


def _task_ids(file: RecipeFile) -> list[str]:
    """Return which classification it is, as the Hub tells them apart."""
    if not _is_labelled(file):
        return []
    of_one = file.kind == "table"
    return [f"multi-{'class' if of_one else 'label'}-image-classification"]


def _description(file: RecipeFile) -> str:
    told = ((name.capitalize(), getattr(file, name)) for name in _LINKS)
    links = [_linked(name, place) for name, place in told if place]
    parts = [_written(file.description), " · ".join(links)]
    return "\n\n".join(part for part in parts if part)


def _linked(name: str, place: str) -> str:
    """Return a link to a page; to a paper by its id, with that."""
    address = address_of(place)
    if address == place.strip():
        return link(name, address)
    return f"{name}: {link(place, address) if address else plain(place)}"


def _uses(file: RecipeFile) -> Iterator[str]:
    """Yield the section of uses, if the recipe says any."""
    if file.uses or file.out_of_scope:
        yield "## Uses"
    if file.uses:
        yield _written(file.uses)
    if file.out_of_scope:
        yield f"**Out of scope.** {_written(file.out_of_scope)}"


def _origin(file: RecipeFile) -> Iterator[str]:
    """Yield what the recipe says of its images, and what it does not say."""
    for name, title, _ in _ORIGIN:
        if title and getattr(file, name):
            yield f"**{title}.** {_written(getattr(file, name))}"
    missing = [what for name, _, what in _ORIGIN if not getattr(file, name)]
    if missing:
        yield f"Not stated by the recipe: {'; '.join(missing)}."


def _licence(file: RecipeFile) -> str:
    if not file.license:
        return (
            "No licence is stated by whoever built it. Without one, nobody but the"
            " owner of the images may copy or share them."
        )
    return f"The dataset is published under {_named_licence(file)}."


def _named_licence(file: RecipeFile) -> str:
    named = file.license_name or file.license
    return link(named, file.license_link) if file.license_link else code(named)


def _licence_of_images(file: RecipeFile, own: str) -> str:
    told = (
        "Each image is under the licence that the source states for it: the column"
        " `license` names it. So there is no one licence of the whole, and the Hub"
        " shows `other`."
        if file.license_name == SEVERAL
        else "The source states one licence for all images."
    )
    return f"{told} {own or _UNKNOWN}"


def _citation(file: RecipeFile) -> str:
    """Return the section of the citation, if the recipe has one."""
    if not file.citation:
        return ""
    # in code there is no other way to write what would be a mark of ours
    text = file.citation.strip().replace("<!--", "<! --")
    return f"## Citation\n\n{fenced(text, 'bibtex')}"


def _written(text: str) -> str:
    """Return Markdown that the recipe's author wrote, with no mark of ours in it."""
    return text.strip().replace("<!--", "&lt;!--")


def _one_line(text: str) -> str:
    return " ".join(text.split())
