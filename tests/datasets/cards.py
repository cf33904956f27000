"""The card of a build, made again from its manifest."""

from __future__ import annotations

from typing import Any

from builder.card.render import render_card
from builder.datasets import registry
from builder.datasets.coco.study_card import STUDY_BLOCKS as COCO_BLOCKS
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
    card = registry.told_of(manifest).card(manifest)
    return render_card(manifest, card.prose, card.blocks)


def official(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest as it would be, had its tables the official digests."""
    known = registry.get(manifest["dataset"]).official
    assert known is not None
    sources = [
        {**entry, "sha256": known.sha256.get(entry["role"], entry["sha256"])}
        for entry in manifest["sources"]
    ]
    return {**manifest, "sources": sources}
