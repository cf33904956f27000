"""Plans of shards of some made-up images, without a dataset."""

import random

import numpy as np

from builder.images.facts import AuditFacts, Seen
from builder.output.folder import Folder
from builder.output.plan import plan_shards
from builder.output.schema import schema_of
from builder.pipeline.examine import see
from builder.pipeline.work import working
from builder.selection.contract import SplitRows
from builder.sources.member import LocalMember
from siim_isic_small.siim_isic_small import features

FEATURES = features({"image_name": "string"})
SCHEMA = schema_of(FEATURES)


def make_split(columns, images, *, config="default", **options):
    """Return the rows of a split that has these columns."""
    return SplitRows(
        config, "train", images, lambda: columns, lambda: FEATURES, **options
    )


def make_plan(folder, datas, *, out="out", **options):
    """Return the plan that writes some bytes as images."""
    folder.mkdir(exist_ok=True)
    members = []
    for number, data in enumerate(datas):
        path = folder / f"{number}.jpg"
        path.write_bytes(data)
        members.append(LocalMember(path.name, str(path), len(data)))
    columns = {
        "label": [0] * len(datas),
        "image_name": [str(number) for number in range(len(datas))],
        "position": np.arange(len(datas), dtype=np.int32),
    }
    rows = make_split(columns, np.arange(len(members)), is_whole=True)
    return plan_shards(
        [rows],
        [f"images/{number}.jpg" for number in range(len(members))],
        members,
        {"default": SCHEMA},
        root=Folder(folder.parent / out),
        **{"max_shard_size": 40_000_000, "versions": {}, **options},
    )


def make_tasks(*args, **options):
    """Return the tasks that write some bytes as images."""
    plan = make_plan(*args, **options)
    return [plan.task(shard) for shard in plan.shards]


def jpeg_of(size, seed=0):
    """Return bytes with the header and the end of a JPEG of 4 x 3 pixels."""
    head = bytes.fromhex(
        "ffd8 ffc0 000b 08 0003 0004 01 01 11 00 ffda 0008 01 01 00 003f 00"
    )
    noise = random.Random(seed).randbytes(size).replace(b"\xff", b"\0")
    return head + noise + b"\xff\xd9"


def unseen(plan):
    """Return what is known of the images of a plan before any was read."""
    return Seen(plan.keys, AuditFacts.of(len(plan.keys)), plan.sizes)


def looked_at(plan):
    """Return what is known of the images of a plan once all were read."""
    with working(None) as work:
        return see(plan.keys, plan.members, work, decode=False)
