"""What it costs to select for many recipes at once: 20 seeds and 80 targets.

    python -m tests.benchmarks.bench_many SOURCE [--runs 3] [--seeds 20]

All sides draw from the same parsed table; the parsing is timed besides, since all
recipes share it, and so are the bare shuffles that NumPy's frozen stream is made of:
one of all rows for each draw, which nothing can leave out.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from builder.datasets.coco.parse import read_table
from builder.datasets.coco.targets import find_targets
from builder.selection.rules import draw_many
from tests.benchmarks.measure import alternate, print_table, timed
from tests.benchmarks.notebook import load_coco_data

TARGETS = (3, 6, 31, 35, 36, 37, 40, 41, 43, 46, 47, 50, 53, 64, 75, 76, 78, 80, 85, 89)
SAMPLES = 500


def main(arguments=None):
    """Run all sides alternately and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--runs", type=int, default=3, help="of each (default: 3)")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args(arguments)
    path = options.source / "annotations/instances_train2017.json"
    table = read_table(path.read_bytes(), name=path.name)
    everything = [category.id for category in table.categories]
    targets = [c.id for c in find_targets(table.categories, [str(t) for t in TARGETS])]
    seeds = range(options.seeds)
    names = {
        image.file_name: table.categories_of(row)
        for row, image in enumerate(table.images)
    }

    def many(ids, seeds):
        fresh = replace(table)  # as in a command, which asks it once
        places = [fresh.position[category] for category in ids]
        return draw_many(fresh.presence[places], samples=SAMPLES, seeds=seeds)

    def alone(has, seed):
        return draw_many(has[np.newaxis], samples=SAMPLES, seeds=[seed])[0, 0]

    def one_by_one():
        return np.array(
            [
                [alone(table.has(category), seed) for category in everything]
                for seed in seeds
            ]
        )  # fmt: skip

    def shuffle():
        for category in everything:
            positives = int(table.has(category).sum())
            for seed in seeds:
                generator = np.random.RandomState(seed)
                for rows in (positives, len(table) - positives):
                    generator.permutation(rows)

    np.testing.assert_array_equal(many(everything, seeds), one_by_one())
    draws = len(everything) * len(seeds)
    sides = {
        "one recipe": timed(lambda: many(targets, [42])),
        f"{draws} draws at once": timed(lambda: many(everything, seeds)),
        f"{draws} draws one by one": timed(one_by_one),
        f"the shuffles of {draws} draws alone": timed(shuffle),
        "reading the annotations": timed(
            lambda: read_table(path.read_bytes(), name=path.name)
        ),
        "the notebook's own draw, one target": timed(lambda: load_coco_data(names, 3)),
    }
    title = f"Drawing {SAMPLES} of {len(table):,} images; a recipe has {len(targets)}"
    print_table(f"{title} draws", alternate(sides, options.runs), "one recipe")


if __name__ == "__main__":
    sys.exit(main())
