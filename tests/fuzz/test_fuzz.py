"""A little of `make fuzz` in every run: equal inputs each time."""

from __future__ import annotations

import random

from tests.fuzz.loop import attempt
from tests.fuzz.mutate import mutate
from tests.fuzz.targets import targets

ROUNDS = 6


def test_parsers_raise_nothing_but_their_own_errors(tmp_path):
    found, names = [], []
    for target in targets(tmp_path):
        names.append(target.name)
        if target.name in {"http", "shard"}:  # a server, and Parquet files, for each
            continue
        chance = random.Random(target.name)
        seeds = list(target.seeds)
        changed = [mutate(chance.choice(seeds), seeds, chance) for _ in range(ROUNDS)]
        found += [attempt(target, data) for data in [*seeds[:3], *changed]]
    assert [finding for finding in found if finding] == []
    assert len(names) == len(set(names)) > 25
