"""Both datasets at a small size, as most tests build them."""

import json

from builder import build
from tests.conftest import COCO_RECIPE, ISIC_RECIPE, SHARD_SIZE

COCO, ISIC = "coco_stuff_trimmed", "siim_isic_small"
DATASETS = [COCO, ISIC]
COCO_OPTIONS = (
    "--targets", "car,sports ball,toaster", "--train-samples", 20,
    "--test-samples", 12, "--max-shard-size", "100KB",
)  # fmt: skip
ISIC_OPTIONS = (
    "--benign", "10:90", "--malignant", "5:25", "--max-shard-size", "100KB",
)  # fmt: skip
OPTIONS = {COCO: COCO_OPTIONS, ISIC: ISIC_OPTIONS}


def build_from(dataset, source, out, **options):
    recipe = {COCO: COCO_RECIPE, ISIC: ISIC_RECIPE}[dataset]
    options = {"max_shard_size": SHARD_SIZE, **options}
    return build(dataset, out, recipe, source=str(source), **options)


def read_json(path):
    return json.loads(path.read_text())
