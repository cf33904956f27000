"""What the card of the study says, where its prose has marks. Pure.

The prose is about COCO 2017, and stands only where the digests of the annotations are
the official ones. Anything else is told as what it is: images in COCO's format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from builder.card import blocks, limits
from builder.card.images import is_resized, tell_resized
from builder.card.markdown import count_of, plain
from builder.datasets.base import Card
from builder.datasets.coco.card import BLOCKS, tell_audit, tell_columns
from builder.datasets.coco.context_sets_card import tell_context_sets, tell_pairs
from builder.datasets.coco.limits_card import tell_limits
from builder.datasets.coco.recipe import CocoRecipe
from builder.datasets.licences import UNOFFICIAL, licence_keys
from builder.datasets.prose import of_another_source, shipped_prose, with_front
from builder.datasets.recipe_card import OF_RECIPE, opening
from builder.datasets.recipe_inputs import official_source
from builder.datasets.shipped import shipped_recipe

if TYPE_CHECKING:
    from collections.abc import Callable

Manifest = Mapping[str, Any]
OFFICIAL = official_source(shipped_recipe("coco_stuff_trimmed"))
# Where COCO tells under which terms its images may be used.
_TERMS = "https://cocodataset.org/#termsofuse"


def study_card(manifest: Manifest) -> Card:
    """Return the card of a build: about COCO 2017, if it was made from that."""
    name = manifest["dataset"]
    if OFFICIAL.is_source(manifest):
        front = licence_keys(manifest["licences"], link=_TERMS)
        return Card(with_front(shipped_prose(name), front), STUDY_BLOCKS)
    front = licence_keys(manifest["licences"])
    return Card(of_another_source(shipped_recipe(name), front), OTHER_BLOCKS)


def remarks_of(record: Mapping[str, Any]) -> list[str]:
    """Return that the card of a build states no licence, where it does not."""
    if "sources" not in record or OFFICIAL.is_source(record):  # or an export
        return []
    return [] if licence_keys(record["licences"]) else [UNOFFICIAL]


def _images(manifest: Manifest) -> str | None:
    return tell_resized(
        manifest,
        ending=(
            "that part, drawn by a fixed rule and a fixed seed, with the images"
            " resized."
        ),
    )


def _study(manifest: Manifest) -> str | None:
    """Return what is left of the study in another selection; None if it is its own."""
    if not _is_default(manifest):
        return (
            "**Not the selection of the study.** The rule is that of a reproducibility"
            " study of post-hoc concept bottleneck models (Yuksekgonul et al. 2023);"
            " classes, numbers of images or seed are others. The"
            " classes of the study are those that Singh et al. (2020) found to be the"
            " most biased by their context."
        )
    if manifest["broken"] or manifest.get("missing"):
        return (
            "It is the selection of a reproducibility study of post-hoc concept"
            " bottleneck models (Yuksekgonul et al. 2023), without the images that are"
            " broken or nowhere in the source (see Counts). Its classes are those that"
            " Singh et al. (2020) found to be the most biased by their context."
        )
    return None


def _is_default(manifest: Manifest) -> bool:
    # Stuff moves no draw of the study.
    told = {
        name: value for name, value in manifest["recipe"].items() if name != "stuff"
    }
    return bool(told == CocoRecipe().as_dict())


def _sizes(manifest: Manifest) -> str | None:
    """Return what COCO's columns are, if images were resized; None if they were not."""
    if not is_resized(manifest):
        return None
    return (
        "- `image_id`, `file_name`, `coco_url` and `flickr_url` are COCO's own; `width`"
        "\n  and `height` are those of the resized image. `license` names the licence"
        "\n  under which the photographer published the image."
    )


def _selection(manifest: Manifest) -> str:
    return blocks.selection(manifest, _rule(manifest))


def _rule(manifest: Manifest) -> str:
    recipe = manifest["recipe"]
    targets = [entry["target"] for entry in manifest["feasibility"]]
    names = [plain(name) for name in dict.fromkeys(targets)]
    train, test = (recipe[f"{s}_samples"] // 2 * 2 for s in ("train", "test"))
    parent = " and ".join(
        f"{facts['annotated_images']:,} annotated images ({facts['annotations']:,}"
        f" annotations) for {split}"
        for split, facts in manifest["parent"].items()
    )
    return (
        f"From {parent}: for each of {count_of(len(names), 'class', 'classes')}"
        f" ({', '.join(names)}) {train:,} training images and {test:,} test images,"
        " half of them with the class and half without. The images are in the order"
        " of their first annotation; for every class NumPy's legacy generator is set to"
        f" the seed {recipe['seed']} anew, and draws first those with the class, then"
        " those without, without replacement where there are enough of them. `default`"
        " is the union of all draws."
    )


def _audit(manifest: Manifest) -> str:
    return _tell_audit(manifest, OFFICIAL.publisher)


def _other_audit(manifest: Manifest) -> str:
    return _tell_audit(manifest, "the source")


def _tell_audit(manifest: Manifest, publisher: str) -> str:
    contexts = manifest["audit"].get("context", {}).values()
    is_known = any(context["known_pairs"] for context in contexts)
    known = ""
    if is_known:
        known = f" Known pairs are those of Singh et al. (2020).{tell_pairs(manifest)}"
    return tell_audit(manifest, publisher=publisher, known=known)


def _limits(manifest: Manifest) -> str:
    """Return the limits of this build, under COCO's own."""
    return limits.listed(
        (
            "An image counts as showing a class if an annotator outlined it, crowds"
            " included. Objects that nobody outlined are there all the same."
        ),
        *tell_limits(manifest),
    )


def _other_columns(manifest: Manifest) -> str:
    whose = "the resized image" if is_resized(manifest) else ""
    return tell_columns(manifest, sizes_of=whose)


def _other_selection(manifest: Manifest) -> str:
    sections = (_selection(manifest), tell_context_sets(manifest))
    return "\n\n".join(filter(None, sections))


def _other_summary(manifest: Manifest) -> str:
    return opening(manifest, is_official=False)


STUDY_BLOCKS: dict[str, Callable[[Manifest], str | None]] = {
    **{name: BLOCKS[name] for name in ("loading", "example", "counts")},
    "images": _images,
    "study": _study,
    "sizes": _sizes,
    "summary": blocks.summary,
    "selection": _selection,
    "contexts": tell_context_sets,
    "audit": _audit,
    "licences": blocks.licences,
    "limits": _limits,
}
OTHER_BLOCKS: dict[str, Callable[[Manifest], str | None]] = {
    **BLOCKS,
    **OF_RECIPE,
    "columns": _other_columns,
    "summary": _other_summary,
    "selection": _other_selection,
    "audit": _other_audit,
}
