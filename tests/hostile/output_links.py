"""Symbolic links that wait in the folder that a build or an export writes."""

from __future__ import annotations

import shutil

from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.hostile.world import link


@each(
    "link",
    REFUSED,
    {
        name: name
        for name in ("data", "data/car", "figures", ".trimset", "data/default")
    },
)
def build_over_a_folder_that_leads_outside(world, name):
    world.coco()
    link(world.built() / name, world.outside / "tree")
    return world.build("--overwrite", "--seed", 7)


@each(
    "link",
    EITHER,
    {
        "card": "README.md",
        "manifest": "manifest.json",
        "lock": "selection.json",
        "shard": "data/car/train-00000-of-00001.parquet",
        "figure": "figures/contact_sheet.png",
        "mark": ".trimset/build.json",
    },
)
def build_over_a_file_that_leads_outside(world, name):
    """Replaced, or refused: what it leads to stays."""
    world.coco()
    out = world.built()
    target = world.outside / "bait.txt"
    if name == "manifest.json":
        shutil.copy(out / name, world.outside / "manifest.json")
        target = world.outside / "manifest.json"
    link(out / name, target)
    return world.build("--overwrite", "--seed", 7)


@each("link", REFUSED, {"mark": ".trimset", "data": "data"})
def first_build_into_a_prepared_folder(world, name):
    """Nothing but a link lies there."""
    world.coco()
    link(world.out / name, world.outside / "tree")
    return world.quick()


@each("link", REFUSED, {"state": ".trimset", "shards": ".trimset/shards"})
def build_on_in_a_prepared_folder(world, name):
    world.coco()
    state = world.outside / "state"
    (state / "shards").mkdir(parents=True)
    (state / "shards/notes.txt").write_text("of somebody")
    mark = '{"format": "trimset.manifest/1", "key": "", "previous": {"files": {}}}'
    (state / "build.json").write_text(mark)
    if name == ".trimset":
        link(world.out / name, state)
    else:
        (world.out / ".trimset").mkdir()
        shutil.copy(state / "build.json", world.out / ".trimset/build.json")
        link(world.out / name, state / "shards")
    return world.quick()


@hostile("link", RIGHT)
def output_itself_is_a_link(world):
    """As people do whose disk is elsewhere; the link is theirs."""
    world.coco()
    disk = world.root / "cache/disk"
    disk.mkdir()
    world.out.rmdir()
    link(world.out, disk)
    return world.quick()


@each("link", EITHER, {"clone": ".{}.clone", "temporary": ".{}.tmp", "plain": "{}"})
def export_meets_a_link_of_a_name_that_can_be_foretold(world, form):
    world.coco()
    out = world.exported()
    image = next(path for path in sorted(out.glob("*.jpg")))
    link(out / form.format(image.name), world.outside / "bait.txt")
    return world.build("--overwrite", "--seed", 7, command="export")


@each("link", EITHER, {"labels": "labels_train.json", "record": "trimset.json"})
def export_over_a_file_that_leads_outside(world, name):
    world.coco()
    out = world.exported()
    target = world.outside / "copy.json"
    shutil.copy(out / name, target)
    link(out / name, target)
    return world.build("--overwrite", "--seed", 7, command="export")


@hostile("link", REFUSED)
def export_of_a_folder_that_leads_outside(world):
    """The official layout exports into a folder for each split."""
    from builder.datasets.painted.coco import paint_coco

    paint_coco(world.source / "coco", train=21, val=21)
    link(world.out / "train2017", world.outside / "tree")
    return [
        "export", "coco_stuff_trimmed", "--source", world.source / "coco", "--targets",
        "car", "--train-samples", 2, "--test-samples", 2, "--out", world.out,
        "--cache-dir", world.root / "cache",
    ]  # fmt: skip
