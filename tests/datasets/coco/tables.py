"""Tables of COCO that are made of what each image shows."""

import json

from builder.datasets.coco.parse import read_table
from tests.tiny import coco_json


def table_of(shown, names=("car", "bus", "cat"), name="a.json", **more):
    """Return a table whose image i + 1 shows the categories `shown[i]`, from 1 on."""
    pairs = tuple((i, c) for i, found in enumerate(shown, 1) for c in found)
    content = coco_json(len(shown), pairs, names) | more.pop("content", {})
    return read_table(json.dumps(content).encode(), name=name, **more)
