"""Which rows and images go into which file, before any is read."""

import numpy as np
import pytest

from builder.output.folder import Folder
from builder.output.plan import plan_shards
from builder.selection.contract import SplitRows
from tests.output.made import SCHEMA, jpeg_of, looked_at, make_plan, make_split


def test_sizes_are_those_of_the_images_that_the_rows_show(tmp_path):
    sizes = np.array([[4, 3], [5, 2], [6, 1]], dtype=np.int32)
    plan = make_plan(tmp_path / "images", [jpeg_of(50, n) for n in range(3)])
    columns = plan.shards[0].split.columns
    rows = make_split(columns, np.array([2, 0, 1]))
    for stated, found in ((sizes, [[6, 1], [4, 3], [5, 2]]), (None, None)):
        again = plan_shards(
            [rows],
            plan.keys,
            plan.members,
            {"default": SCHEMA},
            root=plan.root,
            max_shard_size=40_000_000,
            versions={},
            sizes=stated,
        )
        (task,) = (again.task(shard) for shard in again.shards)
        assert (None if task.sizes is None else task.sizes.tolist()) == found
        # An image that was looked at before was held against them then.
        (task,) = (again.task(shard, looked_at(again)) for shard in again.shards)
        assert task.sizes is None
        assert len(task.known) == 3


def test_columns_are_made_for_the_first_task_and_once(tmp_path):
    plan = make_plan(tmp_path / "images", [jpeg_of(10)] * 501)
    columns, made = plan.shards[0].split.columns, []

    def make():
        made.append(1)
        return columns

    rows = SplitRows("default", "train", np.arange(501), make, pytest.fail)
    again = plan_shards(
        [rows],
        plan.keys,
        plan.members,
        {"default": SCHEMA},
        root=Folder(tmp_path / "out"),
        max_shard_size=40_000_000,
        versions={},
    )
    assert len(again.shards) == 3
    assert not made
    tasks = [again.task(shard) for shard in again.shards]
    assert [len(task.rows) for task in tasks] == [250, 250, 1]
    assert len(made) == 1
