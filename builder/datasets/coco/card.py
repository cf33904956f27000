"""What the card says of a selection in COCO's format: its blocks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from builder.card import audit, blocks
from builder.card.conflicts import tell_conflicts
from builder.card.duplicates import tell_duplicates
from builder.card.example import example
from builder.card.images import is_resized
from builder.card.markdown import code, count_of, percent, plain, table
from builder.card.modes import tell_modes
from builder.card.shortcuts import tell_shortcuts
from builder.datasets.coco.context_card import tell_context
from builder.datasets.coco.limits_card import limits_of
from builder.datasets.coco.loading_card import tell_loading
from builder.datasets.recipe_card import opening, tell_license_counts

Manifest = Mapping[str, Any]


def _columns(manifest: Manifest) -> str:
    return tell_columns(manifest, sizes_of="the image as it is shown")


def tell_columns(manifest: Manifest, *, sizes_of: str) -> str:
    """Return what each column is, of those that there are.

    Parameters
    ----------
    manifest : dict
    sizes_of : str
        What ``width`` and ``height`` are those of; of what the annotations state, if
        empty.
    """
    features = manifest["features"]["default"]
    drawn = " that was drawn for a class" if "context_sets" in manifest else ""
    lines = [
        (
            f"- `default` holds every image{drawn} once. `labels` names the classes in"
            " it, `category_ids` gives them as the annotations number them, in the"
            " order in which they first name them."
        )
    ]
    if "drawn_for" in features:
        lines += [
            (
                "- `drawn_for` says for which classes the image was drawn. The config"
                " of a class holds its draw: first the images with the class, then"
                " those without; `label` says which, `draw` is the place in the draw,"
                " and `repeat` marks an image that came before."
            )
        ]
    if "objects" in features:
        masks = ""
        if "segmentation" in features["objects"]:
            masks = (
                ", and `segmentation`, the polygons or RLE counts as JSON, as the"
                " annotations have them"
            )
        lines += [
            (
                "- `objects` has an entry for each annotation: `bbox` in pixels (x and"
                " y of the upper left corner, width, height), `category`, `area`,"
                f" `iscrowd`{masks}. They are as the annotations state them"
                f"{_of_originals(manifest)}."
            )
        ]
    names = [n for n in ("license", "coco_url", "flickr_url") if n in features]
    stated = f" {', '.join(map(code, names))}: as stated there." if names else ""
    sizes = f"`width` and `height` are those of {sizes_of}."
    lines += [
        f"- `image_id` and `file_name` are those of the annotations; {sizes}{stated}"
        if sizes_of
        else "- `image_id`, `file_name`, `width` and `height` are those of the"
        f" annotations.{stated}"
    ]
    return "\n".join(lines)


def _of_originals(manifest: Manifest) -> str:
    if is_resized(manifest):
        return ", in pixels of the images before these were resized"
    return ""


def _selection(manifest: Manifest) -> str:
    return blocks.selection(manifest, _rule(manifest))


def _rule(manifest: Manifest) -> str:
    recipe = manifest["recipe"]
    parent = "; ".join(
        f"{plain(split)}: {facts['images']:,} images,"
        f" {facts['annotated_images']:,} of them in the table, with"
        f" {facts['annotations']:,} annotations"
        for split, facts in manifest["parent"].items()
    )
    order = "in the order of their first annotation"
    if recipe.get("unannotated"):
        order += ", then those without annotations"
    told = {
        "all": f"All images are taken, {order}.",
        "sample": (
            f"Of each split, {_amount(recipe)} images by chance, {order}: NumPy's"
            f" legacy generator is set to the seed {recipe['seed']}."
        ),
        "per_label": (
            f"Of each class, {_amount(recipe)} images that show it, by chance and"
            " without replacement: for every class NumPy's legacy generator is set to"
            f" the seed {recipe['seed']} anew. What was drawn for any class is taken,"
            f" {order}."
        ),
        "balanced": (
            f"For each class {_amount(recipe)} images, half of them with the class and"
            f" half without. The images are {order}; for every class NumPy's legacy"
            f" generator is set to the seed {recipe['seed']} anew, and draws first"
            " those with the class, then those without, without replacement where"
            " there are enough of them. `default` is the union of all draws."
        ),
    }[recipe["rule"]]
    cut = {name: part for name, part in recipe["splits"].items() if part is not None}
    if cut:
        shares = ", ".join(
            f"{percent(part)} {plain(name)}" for name, part in cut.items()
        )
        told = f"The source was cut by chance into {shares}. {told}"
    return f"From {parent}. {told}"


def _amount(recipe: Mapping[str, Any]) -> str:
    samples: Any = recipe.get("samples", 0)  # the rule "all" has none
    if not isinstance(samples, dict):
        return _spelled(samples)
    return " and ".join(
        f"{_spelled(n)} of {plain(name)}" for name, n in samples.items()
    )


def _spelled(number: Any) -> str:
    return percent(number) + " of the" if isinstance(number, float) else f"{number:,}"


def _counts(manifest: Manifest) -> str:
    facts = manifest["feasibility"]
    if "target" not in facts[0]:
        return blocks.counts(manifest, _taken(facts))
    rows = [
        [
            f["target"],
            f["split"],
            f["positives_available"],
            f["quota"],
            f["repeated_positives"],
            f["negatives_available"],
            f["quota"],
            f["repeated_negatives"],
        ]
        for f in facts
    ]
    head = ["class", "split", "with it in the source", "drawn", "of them repeats"]
    head += ["without it in the source", "drawn", "of them repeats"]
    short = [
        f
        for f in facts
        if min(f["positives_available"], f["negatives_available"]) < f["quota"]
    ]
    drawn = count_of(len(short), "draw", "draws")
    told = (
        f"{drawn} of {len(facts)} found fewer images than asked for, and drew with"
        " replacement: so the repeats."
        if short
        else "Every draw found as many images as asked for."
    )
    return blocks.counts(manifest, f"{table(head, rows)}\n\n{told}")


def _taken(facts: Sequence[Mapping[str, Any]]) -> str:
    """Return what was taken of every class, the most frequent first."""
    rows = [
        [f["split"], f["category"], f["images_available"], f["taken"]]
        for f in sorted(facts, key=lambda f: -f["taken"])
        if "category" in f and f["images_available"]
    ]
    whole = ", ".join(
        f"{f['taken']:,} of {f['images_available']:,} images of {plain(f['split'])}"
        for f in facts
        if "category" not in f
    )
    told = [f"Taken were {whole}."]
    if rows:
        head = ["split", "class", "images with it", "of them here"]
        told.append(table(head, rows[:_LISTED]))
    if len(rows) > _LISTED:
        told.append(f"The {_LISTED} most frequent; `manifest.json` has all.")
    return "\n\n".join(told)


def _audit(manifest: Manifest) -> str:
    publisher = manifest.get("about", {}).get("official", {}).get("publisher", "")
    return tell_audit(manifest, publisher=publisher or "the source", known="")


def tell_audit(manifest: Manifest, *, publisher: str, known: str) -> str:
    """Return the sections of the audit.

    Parameters
    ----------
    manifest : dict
    publisher : str
        Of the images, and of a list of duplicates.
    known : str
        A sentence on pairs of classes and contexts that others found.
    """
    told = manifest["audit"]
    drawn = "context" in told
    return audit.join_sections(
        manifest,
        tell_duplicates(told, publisher=publisher),
        tell_conflicts(told),
        tell_context(told, known) if drawn else [],
        tell_shortcuts(told),
        audit.compared(told, told["drift"], whole=_whole(manifest)),
        tell_modes(manifest),
        audit.contact_sheet(
            told,
            "Images with each class in turn, from its training draw: what is named"
            " first below a picture is the class, then what else was annotated."
            if drawn
            else "Images evenly over the first split, with what was annotated.",
        ),
    )


def _whole(manifest: Manifest) -> str:
    """Return that all images of the source were taken; nothing, if they were not."""
    recipe, parent = manifest["recipe"], manifest["parent"].values()
    parts = [part for part in recipe.get("splits", {}).values() if part is not None]
    if parts and sum(parts) < 1 - 1e-9:  # a cut leaves images over
        return ""
    every = sum(facts["images"] for facts in parent)
    annotated = sum(facts["annotated_images"] for facts in parent)
    # Of a source that is cut, images without annotations are not counted.
    if (parts or annotated < every) and not recipe.get("unannotated"):
        return audit.tell_whole(manifest, annotated, "annotated images of the source")
    return audit.tell_whole(manifest, every, "images of the source")


_LISTED = 50

BLOCKS: dict[str, Callable[[Manifest], str | None]] = {
    "summary": opening,
    "loading": tell_loading,
    "example": example,
    "columns": _columns,
    "selection": _selection,
    "counts": _counts,
    "audit": _audit,
    "licences": tell_license_counts,
    "limits": limits_of,
}
