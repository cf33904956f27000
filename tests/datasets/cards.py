"""The card of a build, made again from its manifest."""

from __future__ import annotations

from typing import Any

from builder.card.render import render_card
from builder.datasets.coco.card import BLOCKS as COCO_BLOCKS
from builder.datasets.isic.card import BLOCKS as ISIC_BLOCKS
from tests.tiny import ROOT

COCO, ISIC = "coco_stuff_trimmed", "siim_isic_small"
DATASETS = [COCO, ISIC]
BLOCKS = {COCO: COCO_BLOCKS, ISIC: ISIC_BLOCKS}


def prose_of(dataset: str) -> str:
    """Return the prose of a dataset's card."""
    return (ROOT / dataset / "README.md").read_text(encoding="utf-8")


def render(manifest: dict[str, Any]) -> str:
    """Return README.md of the build that a manifest tells of."""
    dataset = manifest["dataset"]
    return render_card(manifest, prose_of(dataset), BLOCKS[dataset])
