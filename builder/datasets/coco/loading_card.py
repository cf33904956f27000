"""How a build of images in COCO's format is loaded: the snippets of its card. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.card import blocks
from builder.card.markdown import code
from builder.card.place import repo_of
from builder.datasets.coco.context_sets_card import context_configs

Manifest = Mapping[str, Any]


def tell_loading(manifest: Manifest) -> str:
    """Return the snippets: default, a class alone, classes together, boxes."""
    repo = repo_of(manifest)
    others = {"default", *context_configs(manifest)}
    targets = [name for name in manifest["configs"] if name not in others]
    boxes = _boxes(manifest)
    if not targets:
        return blocks.loading(manifest, *boxes)
    split, last = (list(manifest["configs"][targets[0]])[at] for at in (0, -1))
    return blocks.loading(
        manifest,
        f"Another config, here {code(targets[0])}, without downloading all of it:",
        blocks.python(
            "ds = load_dataset(",
            f'    "{repo}", "{targets[0]}", split="{split}", streaming=True',
            ")",
            "example = next(iter(ds))",
            'print(example["image"].size, example["label"])',
        ),
        *_without_repeats(manifest, targets[-1], last),
        *blocks.together(manifest, targets),
        *boxes,
    )


def _without_repeats(manifest: Manifest, config: str, split: str) -> list[str]:
    """Return a snippet that takes every image once, where draws repeat some."""
    facts = manifest["feasibility"]
    if not any(f["repeated_positives"] + f["repeated_negatives"] for f in facts):
        return []
    return [
        "Every image once, where the draw had to repeat some:",
        blocks.python(
            f'ds = load_dataset("{repo_of(manifest)}", "{config}", split="{split}")',
            'again = ds["repeat"]',
            "ds = ds.select([i for i in range(len(ds)) if not again[i]])",
            "print(len(ds))",
        ),
    ]


def _boxes(manifest: Manifest) -> list[str]:
    """Return a snippet that draws the boxes of an image, where there are boxes."""
    default = manifest["features"]["default"]
    if "objects" not in default:
        return []
    split = next(iter(manifest["configs"]["default"]))
    lines = (
        f'ds = load_dataset("{repo_of(manifest)}", split="{split}")',
        'names = ds.features["labels"].feature.names',
        "row = ds[0]",
        'picture = row["image"].convert("RGB")',
        "draw = ImageDraw.Draw(picture)",
        'for box, category in zip(row["objects"]["bbox"], row["objects"]["category"]):',
        "    x, y, width, height = box",
        '    draw.rectangle((x, y, x + width, y + height), outline="red", width=2)',
        '    draw.text((x, y), names[category], fill="red")',
        "picture",
    )
    return [
        "The boxes of an image, as Jupyter shows them:",
        blocks.python(*lines, also="from PIL import ImageDraw"),
    ]
