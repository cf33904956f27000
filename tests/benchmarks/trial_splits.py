"""How near small sets of patients can be split to 70/15/15, and how near they are.

    python -m tests.benchmarks.trial_splits [CSV] [--draws 40]

Sets are made up, of patients of 1 to 8 images and any share of positives; and drawn,
by label, from the metadata of SIIM-ISIC 2020 if it is given (its patients, and lesions
where it has them). Of each size the trial prints how many sets were split at all, how
many within a point of sizes and shares, how many of all could be (all cuts are looked
at; not of large sets), how far from what was asked the splits are, and the time. Prints
one JSON object a line.
"""

import argparse
import json
import time
from pathlib import Path
from unittest import mock

import numpy as np

from builder.datasets.isic.parse import known_owners, labels, read_metadata
from builder.selection import exact
from builder.selection.cuts import are_within, group_rows
from builder.selection.groups import connected_groups, link_equal
from builder.selection.recipe import TOLERANCE
from builder.selection.splits import cut_groups

FRACTIONS = (0.7, 0.15, 0.15)
SIZES = ((10, 20), (20, 41), (41, 80), (80, 150), (150, 300), (300, 600), (600, 1200))
# Of more rows it takes minutes to look at all cuts.
ALL_CUTS = 200


def make_up(rng, rows):
    """Return groups of 1 to 8 rows, and labels."""
    sizes = rng.integers(1, 9, rows)
    groups = np.repeat(np.arange(rows), sizes)[:rows]
    return groups, (rng.random(rows) < rng.uniform(0.1, 0.5)).astype(np.int64)


def draw_from(frame, rng, rows):
    """Return the groups and labels of rows drawn by label."""
    malignant = labels(frame) == "malignant"
    number = min(max(3, int(rows * rng.uniform(0.1, 0.5))), int(malignant.sum()))
    taken = np.concatenate(
        [
            rng.choice(np.flatnonzero(~malignant), rows - number, replace=False),
            rng.choice(np.flatnonzero(malignant), number, replace=False),
        ]
    )
    owners = known_owners(frame.iloc[taken]).values()
    links = np.concatenate([link_equal(values) for values in owners])
    return connected_groups(rows, links), malignant[taken].astype(np.int64)


def is_possible(groups, classes, keys):
    """Whether any cut is within a point."""
    grouped = group_rows(groups, classes, fractions=FRACTIONS, keys=keys)
    with mock.patch.multiple(exact, STATES=10**7, WORK=10**10):
        best = exact.cut_exactly(
            grouped, [b""] * len(grouped.counts), goal=TOLERANCE, tolerance=TOLERANCE
        )
    assert best is not None
    return bool(are_within(grouped.held(best)[np.newaxis], grouped, TOLERANCE)[0])


def try_size(make, size, draws):
    """Return what came out of sets of a size, from its least to below its most rows."""
    found = {"fair": 0, "within": 0, "possible": 0}
    offs, seconds, compared = [], 0.0, 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        rows = int(rng.integers(*size))
        groups, classes = make(rng, rows)
        keys = [f"{row:07}" for row in range(rows)]
        if len(np.unique(groups)) < len(FRACTIONS):
            continue
        start = time.perf_counter()
        cut = cut_groups(
            groups, classes, fractions=FRACTIONS, seed=42, keys=keys, first="hardest"
        )
        seconds += time.perf_counter() - start
        found["fair"] += cut.is_fair
        found["within"] += cut.off <= TOLERANCE + 1e-9
        if size[1] <= ALL_CUTS:
            compared += 1
            found["possible"] += is_possible(groups, classes, keys)
        offs.append((cut.size_off, cut.share_off))
    if not compared:
        del found["possible"]
    middle, worst = np.median(offs, axis=0), np.max(offs, axis=0)
    return {
        "rows": f"{size[0]}-{size[1] - 1}",
        "sets": len(offs),
        **found,
        "median_points": [round(100 * off, 2) for off in middle.tolist()],
        "worst_points": [round(100 * off, 2) for off in worst.tolist()],
        "seconds": round(seconds / len(offs), 3),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("csv", nargs="?", type=Path, metavar="CSV")
    parser.add_argument("--draws", type=int, default=40)
    options = parser.parse_args()
    sources = {"made up": make_up}
    if options.csv:
        frame = read_metadata(options.csv.read_bytes(), name=options.csv.name)
        sources[options.csv.name] = lambda rng, rows: draw_from(frame, rng, rows)
    for name, make in sources.items():
        for size in SIZES:
            told = try_size(make, size, options.draws)
            print(json.dumps({"of": name, **told}), flush=True)


if __name__ == "__main__":
    main()
