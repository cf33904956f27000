"""What the card says of COCO: the blocks that fill the prose. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder.card import audit, blocks
from builder.card.duplicates import tell_duplicates
from builder.card.images import is_resized, tell_resized
from builder.card.markdown import count_of, percent, table
from builder.datasets.coco.official import OFFICIAL
from builder.datasets.coco.recipe import CocoRecipe

Manifest = Mapping[str, Any]


def _images(manifest: Manifest) -> str | None:
    return tell_resized(
        manifest,
        ending=(
            "that part, drawn by a fixed rule and a fixed seed, with the images"
            " resized."
        ),
        publisher=OFFICIAL.publisher,
    )


def _sizes(manifest: Manifest) -> str | None:
    """Return what COCO's columns are, if images were resized; None if they were not."""
    if not is_resized(manifest):
        return None
    return (
        "- `image_id`, `file_name`, `coco_url` and `flickr_url` are COCO's own; `width`"
        "\n  and `height` are those of the resized image. `license` names the licence"
        "\n  under which the photographer published the image."
    )


def _summary(manifest: Manifest) -> str:
    return blocks.summary(
        manifest,
        is_official=OFFICIAL.is_source(manifest),
        is_default=manifest["recipe"] == CocoRecipe().as_dict(),
    )


def _loading(manifest: Manifest) -> str:
    repo = blocks.repo_of(manifest)
    targets = [name for name in manifest["configs"] if name != "default"]
    return blocks.loading(
        manifest,
        f"Another config, here `{targets[0]}`, without downloading all of it:",
        blocks.python(
            "ds = load_dataset(",
            f'    "{repo}", "{targets[0]}", split="train", streaming=True',
            ")",
            "example = next(iter(ds))",
            'print(example["image"].size, example["label"])',
        ),
        "Every image once, where the draw had to repeat some:",
        blocks.python(
            f'ds = load_dataset("{repo}", "{targets[-1]}", split="test")',
            'again = ds["repeat"]',
            "ds = ds.select([i for i in range(len(ds)) if not again[i]])",
            "print(len(ds))",
        ),
    )


def _selection(manifest: Manifest) -> str:
    return blocks.selection(manifest, _rule(manifest))


def _rule(manifest: Manifest) -> str:
    recipe = manifest["recipe"]
    targets = [entry["target"] for entry in manifest["feasibility"]]
    names = list(dict.fromkeys(targets))
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


def _counts(manifest: Manifest) -> str:
    facts = manifest["feasibility"]
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


def _audit(manifest: Manifest) -> str:
    told = manifest["audit"]
    return audit.join_sections(
        manifest,
        tell_duplicates(told, publisher=OFFICIAL.publisher),
        _context(told),
        audit.compared(told, told["drift"]),
        audit.contact_sheet(
            told,
            "Images with each class in turn, from its training draw: what is named"
            " first below a picture is the class, then what else was annotated.",
        ),
    )


_LIFT = (
    "What stands beside a class, and how much more often than elsewhere: the lift is"
    " the share of the drawn images with the class that show the other category too,"
    " over the share of all images of the source that show it, with its 95 % interval."
    " An image that was drawn twice counts once. Known pairs are those of Singh et al."
    " (2020). Largest are those lifts that are not by chance, even among so many: all"
    " intervals were widened until they hold together at 95 %."
)


def _context(told: Mapping[str, Any]) -> list[str]:
    parts = [
        "### Context",
        _LIFT,
        "![Lift of categories beside each class](figures/context.png)",
        "The figure is of the training draws; the tables are of both splits.",
    ]
    head = ["split", "class", "beside it", "share with the class",
            "share without", "share in the source", "lift"]  # fmt: skip
    for title, name in (("Known pairs", "known_pairs"), ("Largest lifts", "largest")):
        rows = [
            [split, *_pair(pair)]
            for split, context in told["context"].items()
            for pair in context[name]
            if "lift" in pair
        ]
        if rows:
            parts += [f"{title}:", table(head, rows)]
    unmeasured = dict.fromkeys(
        f"{pair['target']} and {pair['context']} ({pair['not_measured']})"
        for context in told["context"].values()
        for pair in context["known_pairs"]
        if "lift" not in pair
    )
    if unmeasured:
        parts.append(f"Known pairs that cannot be measured: {', '.join(unmeasured)}.")
    return parts


def _pair(pair: Mapping[str, Any]) -> list[str]:
    shares = [percent(pair[name][0]) for name in ("positives", "negatives", "source")]
    lift, low, high = pair["lift"]
    shown = "-" if lift is None else f"{lift:.2f} ({low:.2f} to {high:.2f})"
    return [pair["target"], pair["context"], *shares, shown]


BLOCKS: dict[str, Callable[[Manifest], str | None]] = {
    "images": _images,
    "sizes": _sizes,
    "summary": _summary,
    "loading": _loading,
    "selection": _selection,
    "counts": _counts,
    "audit": _audit,
    "licences": blocks.licences,
}
