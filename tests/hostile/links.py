"""Symbolic links in the place of files and folders: in sources, builds, outputs."""

from __future__ import annotations

import os
import shutil

from tests.hostile.trial import EITHER, REFUSED, RIGHT, each, hostile
from tests.hostile.world import link

# ------------------------------------------------------------------------- in a source


@each(
    "link",
    REFUSED,
    {
        "image": ("train/000000000002.jpg", "bait.jpg"),
        "annotations": ("train.json", "bait.json"),
        "images": ("train", "tree"),
        "image-tree": ("train/000000000002.jpg", "tree"),
    },
)
def source_leads_outside(world, case):
    name, target = case
    world.coco()
    link(world.source / name, world.outside / target)
    return world.quick()


@hostile("link", REFUSED)
def source_folder_leads_to_one_with_the_right_files(world):
    world.coco()
    shutil.move(world.source / "train", world.outside / "train")
    link(world.source / "train", world.outside / "train")
    return world.quick()


@hostile("link", REFUSED)
def source_table_leads_outside(world):
    world.table()
    shutil.move(world.source / "t.csv", world.outside / "t.csv")
    link(world.source / "t.csv", world.outside / "t.csv")
    return world.quick()


@hostile("link", REFUSED)
def source_leads_outside_by_a_link_to_a_link(world):
    world.coco()
    link(world.source / "by", world.outside)
    link(world.source / "train/000000000002.jpg", "../by/bait.jpg")
    return world.quick()


@each("link", REFUSED, {"itself": "000000000002.jpg", "dangling": "nowhere.jpg"})
def source_image_leads(world, target):
    world.coco()
    link(world.source / "train/000000000002.jpg", target)
    return world.quick()


@hostile("link", REFUSED)
def source_folder_leads_to_itself(world):
    world.coco()
    link(world.source / "train", "train")
    return world.quick()


@hostile("link", REFUSED)
def plan_of_a_source_that_leads_outside(world):
    world.coco()
    link(world.source / "train.json", world.outside / "bait.json")
    return world.plan()


@hostile("link", REFUSED)
def export_of_a_source_that_leads_outside(world):
    world.coco()
    for i in range(1, 7):
        link(world.source / f"train/{i:012}.jpg", world.bait)
    return world.build(command="export")


@hostile("link", RIGHT)
def source_links_within_itself(world):
    """As people save room: images that are equal are links to one."""
    world.coco()
    (world.source / "blobs").mkdir()
    for path in sorted((world.source / "train").iterdir()):
        shutil.move(path, world.source / "blobs" / path.name)
        link(path, f"../blobs/{path.name}")
    return world.quick()


@hostile("link", RIGHT)
def source_on_a_larger_disk_is_asked_for(world):
    world.coco()
    disk = world.root / "cache/disk"
    disk.mkdir()
    shutil.move(world.source / "train", disk / "train")
    link(world.source / "train", disk / "train")
    return world.quick("--follow-links")


@hostile("link", RIGHT)
def source_itself_is_a_link(world):
    """What somebody names by hand may be a link."""
    world.coco()
    link(world.root / "home/data", world.source)
    words = world.quick()
    words[1] = world.root / "home/data/r.toml"
    return words


@hostile("link", EITHER)
def init_looks_at_links_that_lead_outside(world):
    world.coco()
    (world.source / "r.toml").unlink()
    link(world.source / "by", world.outside)
    link(world.source / "other.json", world.outside / "bait.json")
    return ["init", world.source, "--out", world.out / "r.toml"]


@hostile("link", EITHER)
def init_looks_at_a_loop(world):
    world.table()
    (world.source / "r.toml").unlink()
    link(world.source / "img/loop", "..")
    return ["init", world.source, "--out", world.out / "r.toml"]


# --------------------------------------------------------------- in a build to look at


@each("link", REFUSED, {"verify": "verify", "report": "report"})
def shard_leads_outside(world, command):
    path = world.built() / "data/car/train-00000-of-00001.parquet"
    shutil.move(path, world.outside / "shard")
    link(path, world.outside / "shard")
    return getattr(world, command)()


@each("link", REFUSED, {"card": "README.md", "lock": "selection.json", "all": "data"})
def build_leads_outside(world, name):
    path = world.built() / name
    shutil.move(path, world.outside / "moved")
    link(path, world.outside / "moved")
    return world.verify()


@hostile("link", REFUSED)
def manifest_leads_outside(world):
    path = world.built() / "manifest.json"
    shutil.move(path, world.outside / "manifest.json")
    link(path, world.outside / "manifest.json")
    return world.verify()


def _snapshot(world):
    """Lay a build out as the Hub's own cache does: all files are links to blobs."""
    repo = world.out / "datasets--a--b"
    place = repo / "snapshots/abc"
    (repo / "blobs").mkdir(parents=True)
    base = world.bases / "build-coco"
    for number, path in enumerate(sorted(base.rglob("*"))):
        if path.is_file():
            blob = repo / f"blobs/{number:040x}"
            shutil.copy(path, blob)
            name = place / path.relative_to(base)
            name.parent.mkdir(parents=True, exist_ok=True)
            name.symlink_to(os.path.relpath(blob, name.parent))
    return place


@hostile("link", RIGHT)
def snapshot_of_the_hub_verifies(world):
    return ["verify", _snapshot(world)]


@hostile("link", RIGHT)
def snapshot_of_the_hub_is_shown(world):
    return ["report", _snapshot(world), "--out", world.root / "cache/page.html"]


@hostile("link", REFUSED)
def snapshot_of_the_hub_with_a_link_out_of_its_repo(world):
    place = _snapshot(world)
    shutil.move((place / "README.md").resolve(), world.outside / "card")
    link(place / "README.md", world.outside / "card")
    return ["verify", place]


# ------------------------------------------------------------------- cache, page, locks


@each("link", EITHER, {"list": "list", "clear": "clear"})
def cache_leads_outside(world, action):
    link(world.root / "cache/fetched" / ("0" * 32), world.outside / "tree")
    folder = world.root / "cache/fetched" / ("1" * 32)
    folder.mkdir()
    link(folder / "source.json", world.outside / "bait.json")
    link(folder / ("2" * 32), world.bait)
    return ["cache", action, "--cache-dir", world.root / "cache"]


@hostile("link", REFUSED)
def page_leads_outside(world):
    world.built()
    link(world.root / "cache/page.html", world.outside / "bait.txt")
    return world.report()


@hostile("link", EITHER)
def recipe_of_init_leads_outside(world):
    world.table()
    (world.source / "r.toml").unlink()
    link(world.out / "r.toml", world.outside / "bait.txt")
    return ["init", world.source, "--out", world.out / "r.toml"]


@hostile("link", RIGHT)
def lock_that_is_named_by_hand_is_a_link(world):
    world.coco()
    shutil.copy(world.bases / "build-coco/selection.json", world.source / "real.json")
    link(world.root / "home/lock.json", world.source / "real.json")
    return world.quick("--lock", world.root / "home/lock.json")
