"""The generated blocks of the card, each a function of the manifest. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder.card.audit import audit
from builder.card.images import images, sizes
from builder.card.markdown import count_of, megabytes, table
from builder.selection.recipe import (
    OFFICIAL_COCO,
    OFFICIAL_ISIC_SHA256,
    CocoRecipe,
    IsicRecipe,
)

Manifest = Mapping[str, Any]


def summary(manifest: Manifest) -> str:
    """Return the facts of the build in one table."""
    rows = []
    for config, splits in manifest["configs"].items():
        parts = [f"{facts['num_examples']:,} {name}" for name, facts in splits.items()]
        size = sum(facts["download_size"] for facts in splits.values())
        rows.append([f"`{config}`", ", ".join(parts), megabytes(size)])
    default = manifest["configs"]["default"]
    images = sum(facts["num_examples"] for facts in default.values())
    shards = [e for n, e in manifest["files"].items() if n.endswith(".parquet")]
    stored = sum(entry["bytes"] for entry in shards)
    text = (
        f"{images:,} distinct images; all Parquet files together are"
        f" {megabytes(stored)}."
    )
    text = f"{text}\n\n{table(['config', 'rows', 'size'], rows)}"
    if not is_official(manifest):
        return f"{_NOT_OFFICIAL}\n\n{text}"
    return text if is_notebooks(manifest) else f"{_NOT_NOTEBOOKS}\n\n{text}"


_NOT_OFFICIAL = (
    "> [!WARNING]\n> This build was not made from the official source: its metadata"
    " differs. What this page says of the official dataset and of the study does not"
    " hold for it; the numbers below are its own."
)
_NOT_NOTEBOOKS = (
    "> [!NOTE]\n> This is another selection than that of the study, from the same"
    " official source: classes, sizes or seed differ."
)


def is_notebooks(manifest: Manifest) -> bool:
    """Whether the selection is the one of the study's notebook."""
    coco = manifest["dataset"] == "coco_stuff_trimmed"
    recipe = CocoRecipe() if coco else IsicRecipe()
    return bool(manifest["recipe"] == recipe.as_dict())


def is_official(manifest: Manifest) -> bool:
    """Whether the build was made from the official metadata."""
    if manifest["dataset"] == "coco_stuff_trimmed":
        return bool(manifest["parent"] == OFFICIAL_COCO)
    metadata = next(s for s in manifest["sources"] if s["role"] == "metadata")
    return bool(metadata["sha256"] == OFFICIAL_ISIC_SHA256)


_AFTER_LOADING = (
    "Put the namespace that you read this under in the place of `ORG`, or give the path"
    " of a local copy. `image` is a PIL image; any `datasets` from 2.14 on reads it,"
    " and no code of ours runs on your machine."
)


_PATIENT = (
    "`default` is one split with every row. To train and test, take `patient`: the same"
    " rows, cut such that no patient is on both sides."
)
_ORDER = (
    "`default` lists the rows in the order of these splits; `position` gives the order"
    " of `metadata_small.csv`."
)


def loading(manifest: Manifest) -> str:
    """Return snippets; tests run them on a build folder."""
    repo = f"ORG/{manifest['dataset']}"
    targets = [name for name in manifest["configs"] if name != "default"]
    split = next(iter(manifest["configs"]["default"]))
    parts = [
        _python(f'ds = load_dataset("{repo}", split="{split}")', "print(ds[0])"),
        _AFTER_LOADING,
    ]
    if manifest["dataset"] == "coco_stuff_trimmed":
        parts += [
            f"Another config, here `{targets[0]}`, without downloading all of it:",
            _python(
                "ds = load_dataset(",
                f'    "{repo}", "{targets[0]}", split="train", streaming=True',
                ")",
                "example = next(iter(ds))",
                'print(example["image"].size, example["label"])',
            ),
            "Every image once, where the draw had to repeat some:",
            _python(
                f'ds = load_dataset("{repo}", "{targets[-1]}", split="test")',
                'again = ds["repeat"]',
                "ds = ds.select([i for i in range(len(ds)) if not again[i]])",
                "print(len(ds))",
            ),
        ]
    elif "patient" in manifest["configs"]:
        parts += [
            _PATIENT,
            _python(
                f'ds = load_dataset("{repo}", "patient")',
                'print(ds["train"].num_rows, ds["validation"].num_rows)',
            ),
            _ORDER,
        ]
    return "\n\n".join(parts)


def _python(*lines: str) -> str:
    head = ("```python", "from datasets import load_dataset", "")
    return "\n".join((*head, *lines, "```"))


def selection(manifest: Manifest) -> str:
    """Return the rule with this build's numbers, and what it was applied to."""
    recipe = manifest["recipe"]
    text = (
        _coco_rule(recipe, manifest)
        if manifest["dataset"] == "coco_stuff_trimmed"
        else _isic_rule(recipe, manifest)
    )
    versions = ", ".join(f"{name} {v}" for name, v in manifest["versions"].items())
    rows = [
        [
            entry["role"],
            f"`{entry['name']}`",
            count_of(entry["images"], "image", "images")
            if "images" in entry
            else "file",
            f"`{entry['sha256'][:16]}…`",
        ]
        for entry in manifest["sources"]
    ]
    return (
        f"{text}\n\nMade from:\n\n{table(['role', 'name', 'what', 'sha256'], rows)}\n\n"
        "`selection.json` names every row in order with the rule, the seed and the"
        " digests of the sources; `manifest.json` has the digest of every file. Built"
        f" with {versions}."
    )


def _coco_rule(recipe: Mapping[str, Any], manifest: Manifest) -> str:
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


def _isic_rule(recipe: Mapping[str, Any], manifest: Manifest) -> str:
    (b0, b1), (m0, m1) = recipe["benign"], recipe["malignant"]
    parent = manifest["parent"]
    return (
        f"The metadata of {parent['images']:,} images is sorted by `benign_malignant`"
        " as pandas 2 did it (`numpy.argsort` of the labels as objects,"
        ' `kind="quicksort"`). Of the benign'
        f" rows {b0:,} to {b1 - 1:,} are taken, of the malignant ones {m0:,} to"
        f" {m1 - 1:,}, counted from 0."
    )


def counts(manifest: Manifest) -> str:
    """Return what was available and what was drawn."""
    facts = manifest["feasibility"]
    if manifest["dataset"] != "coco_stuff_trimmed":
        rows = [[f["label"], f["available"], f["slice"], f["taken"]] for f in facts]
        text = table(["label", "in the source", "rows of them", "selected"], rows)
    else:
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
        text = table(head, rows)
        short = [
            f
            for f in facts
            if min(f["positives_available"], f["negatives_available"]) < f["quota"]
        ]
        drawn = count_of(len(short), "draw", "draws")
        text += "\n\n" + (
            f"{drawn} of {len(facts)} found fewer images than asked for, and drew with"
            " replacement: so the repeats."
            if short
            else "Every draw found as many images as asked for."
        )
    if manifest["broken"]:
        lines = [f"- `{b['image']}` {b['reason']}" for b in manifest["broken"]]
        text += "\n\nSelected, but left out since they are broken:\n\n" + "\n".join(
            lines
        )
    return text


def licences(manifest: Manifest) -> str:
    """Return how many images are under which licence."""
    found = manifest.get("licences") or {}
    rows = [[name, number] for name, number in found.items()]
    return table(["licence", "images"], rows) if rows else ""


BLOCKS: dict[str, Callable[[Manifest], str | None]] = {
    "images": images,
    "sizes": sizes,
    "summary": summary,
    "loading": loading,
    "selection": selection,
    "counts": counts,
    "audit": audit,
    "licences": licences,
}
