"""The generated blocks of the card, each a function of the manifest. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder.card_audit import audit
from builder.markdown import count_of, megabytes, table
from builder.recipes import OFFICIAL_COCO, OFFICIAL_ISIC_SHA256

Manifest = Mapping[str, Any]


def summary(manifest: Manifest) -> str:
    """Return the facts of the build in one table."""
    rows = []
    for config, splits in manifest["configs"].items():
        for split, facts in splits.items():
            size = megabytes(facts["download_size"])
            rows.append([f"`{config}`", split, facts["num_examples"], size])
    default = manifest["configs"]["default"]
    images = sum(facts["num_examples"] for facts in default.values())
    shards = [e for n, e in manifest["files"].items() if n.endswith(".parquet")]
    stored = sum(entry["bytes"] for entry in shards)
    text = (
        f"{images:,} distinct images; all Parquet files together are"
        f" {megabytes(stored)}."
    )
    text = f"{text}\n\n{table(['config', 'split', 'rows', 'size'], rows)}"
    return text if is_official(manifest) else f"{_NOT_OFFICIAL}\n\n{text}"


_NOT_OFFICIAL = (
    "> [!WARNING]\n> This build was not made from the official source: its metadata is"
    " another. What is said here of the official dataset does not hold for it."
)


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
            f"{entry['images']:,} images" if "images" in entry else "file",
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
        rows = [[f["label"], f["slice"], f["available"], f["taken"]] for f in facts]
        text = table(["label", "rows taken", "in the source", "here"], rows)
    else:
        rows = [
            [
                f["target"],
                f["split"],
                f["positives_available"],
                f["quota"],
                f["distinct"],
                f["repeated_positives"] + f["repeated_negatives"],
            ]
            for f in facts
        ]
        head = ["class", "split", "with it in the source", "asked for"]
        text = table([*head, "distinct images drawn", "repeated rows"], rows)
        short = [f for f in facts if f["positives_available"] < f["quota"]]
        drawn = count_of(len(short), "draw", "draws")
        text += (
            f"\n\n{drawn} of {len(facts)} had fewer images with the class than asked"
            " for and drew them with replacement."
        )
    if manifest["broken"]:
        lines = [f"- `{b['image']}` {b['reason']}" for b in manifest["broken"]]
        text += "\n\nLeft out, since they are broken:\n\n" + "\n".join(lines)
    return text


def licences(manifest: Manifest) -> str:
    """Return how many images are under which licence."""
    found = manifest.get("licences") or {}
    rows = [[name, number] for name, number in found.items()]
    return table(["licence", "images"], rows) if rows else ""


BLOCKS: dict[str, Callable[[Manifest], str]] = {
    "summary": summary,
    "loading": loading,
    "selection": selection,
    "counts": counts,
    "audit": audit,
    "licences": licences,
}
