"""All shards of a build: each image hashed once, and none without rows."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

from builder.errors import ImageError
from builder.output.folder import Folder
from builder.output.plan import plan_shards
from builder.pipeline.work import working
from builder.pipeline.write import without_empty, write_shards
from tests.images.test_facts import assert_equal
from tests.output.made import (
    SCHEMA,
    jpeg_of,
    looked_at,
    make_plan,
    make_split,
    unseen,
)
from tests.tiny import contents


@pytest.fixture
def work(tmp_path):
    with working(tmp_path / "cache") as work:
        yield work


def plan_of_two(tmp_path, **options):
    """Return the plan of a whole split and a part of it, given the part first."""
    plan = make_plan(tmp_path / "images", [jpeg_of(50, n) for n in range(4)])
    columns = plan.shards[0].split.columns
    whole = make_split(columns, np.array([3, 0, 2, 1]), is_whole=True)
    part = make_split(
        {name: values[1:] for name, values in columns.items()},
        whole.images[1:],
        config="part",
    )
    return plan_shards(
        [part, whole],
        plan.keys,
        plan.members,
        {"default": SCHEMA, "part": SCHEMA},
        root=plan.root,
        max_shard_size=40_000_000,
        versions={},
        **options,
    )


def test_images_are_learned_from_the_whole_splits(tmp_path, work):
    """A broken one is found there, by the size that the source states for it."""
    sizes = np.array([[4, 3], [5, 3], [4, 3], [4, 3]], dtype=np.int32)
    plan = plan_of_two(tmp_path, sizes=sizes, allow_broken=True)
    assert [shard.split.config for shard in plan.shards] == ["default", "part"]
    shards, known = write_shards(plan, work, known=unseen(plan))
    assert [shard.rows for shard in shards] == [3, 2]
    assert [shard.looked for shard in shards] == [None, None]
    assert list(known.broken) == ["images/1.jpg"]
    assert known.broken["images/1.jpg"].startswith("is not the image of its record")
    assert known.keys == plan.keys
    assert known.read
    assert not known.decoded
    seen = looked_at(plan).facts
    good = np.flatnonzero(known.facts.is_good)
    assert good.tolist() == [0, 2, 3]
    assert_equal(known.facts.take(good), seen.take(good))
    np.testing.assert_array_equal(known.facts.sha256, seen.sha256)
    refused = replace(plan, allow_broken=False, root=Folder(tmp_path / "none"))
    with pytest.raises(ImageError, match="1 of 4 selected images are broken"):
        write_shards(refused, work, known=unseen(plan))
    assert not (tmp_path / "none").exists()


def test_the_same_is_written_where_the_images_are_known(tmp_path, work):
    plan = plan_of_two(tmp_path)
    written, known = write_shards(plan, work, known=unseen(plan))
    again = replace(plan, root=Folder(tmp_path / "again"))
    seen = looked_at(plan)
    assert write_shards(again, work, known=seen) == (written, seen)
    assert contents(tmp_path / "again") == contents(tmp_path / "out")
    assert_equal(known.facts, seen.facts)


def test_every_image_broken_is_one_error_and_no_file(tmp_path, work):
    plan = make_plan(tmp_path / "images", [b"", b"GIF"], allow_broken=True)
    for known in (unseen(plan), looked_at(plan)):
        with pytest.raises(ImageError, match=r"2 of 2 selected .* nothing is left"):
            write_shards(plan, work, known=known)
    assert not (tmp_path / "out").exists()


def test_progress_tells_the_rows_that_are_written(tmp_path, work):
    told = []
    work = replace(work, progress=lambda *news: told.append(news))
    plan = plan_of_two(tmp_path)
    write_shards(plan, work, known=unseen(plan))
    assert told == [("write", 4, 7), ("write", 3, 7)]


def test_a_shard_without_rows_is_left_out(tmp_path, work):
    """`load_dataset` of 3.6 and of 5.2 cannot read a Parquet file without rows."""
    images = [b"broken" + bytes(40_000), jpeg_of(40_000)]
    plan = make_plan(
        tmp_path / "images", images, allow_broken=True, max_shard_size=100_000
    )
    shards, _ = write_shards(plan, work, known=unseen(plan))
    assert [shard.rows for shard in shards] == [0, 1]
    (file,) = (tmp_path / "out").rglob("*.parquet")
    assert file.name == shards[1].path.rsplit("/", 1)[-1]
    assert pq.read_metadata(file).num_rows == 1
    assert without_empty(plan.shards, shards) == (plan.shards[1:], shards[1:])


def test_a_split_without_rows_is_an_error_that_names_it(tmp_path, work):
    images = [b"broken" + bytes(40_000), jpeg_of(40_000)]
    plan = make_plan(
        tmp_path / "images", images, allow_broken=True, max_shard_size=100_000
    )
    shards, _ = write_shards(plan, work, known=unseen(plan))
    with pytest.raises(ImageError, match="all images of default/train are broken"):
        without_empty(plan.shards[:1], shards[:1])
