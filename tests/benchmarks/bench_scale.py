"""Cost of a row, and memory, from 1,000 to 10,000,000 rows, stage by stage.

    python -m tests.benchmarks.bench_scale [--rows 1000 … 10000000] [--search SECONDS]

A table is selected as a recipe says, its images are located, audited, and cut into
shards by what a build does. Each size is a process of its own, one worker. Memory is
the anonymous memory of the process, the highest while each stage runs, less what it had
with all modules imported (``before``); the index, keys and places, is counted.
Allocators keep what those of a command keep, see `ALLOCATORS`.

Up to `LOOKED_AT` rows, the table is a CSV that is read, its images are links to one
tiny file in a folder, each of which is located, read, decoded and written. Above,
columns are given as Arrow has them, a store says of each name that it is there, and no
image is read or written. What the audit is given is drawn at all sizes: other digests,
measures and thumbnails for each, a hundredth of them mirrored copies; above that, it
lies on the disk, as a build has it. Above `SEARCHED` rows, the search for look-alikes
ends after ``--search`` seconds, and its time is told by the share that was done: of ten
million it takes hours.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from builder.audit import first_look
from builder.audit.lookalikes import find_lookalikes
from builder.audit.second_look import as_they_are, strength
from builder.datasets import registry
from builder.datasets.recipe_file import read_recipe_file
from builder.datasets.table.frame import Frame
from builder.datasets.table.selection import select_table
from builder.images.facts import Seen
from builder.output.folder import Folder
from builder.output.limits import MAX_SHARD_SIZE
from builder.output.plan import plan_shards
from builder.output.schema import schemas_of
from builder.output.versions import versions
from builder.pipeline.examine import see, unseen
from builder.pipeline.locate import locate
from builder.pipeline.notes import notes_of
from builder.pipeline.prepare import Prepared, Request, prepare
from builder.pipeline.work import working
from builder.pipeline.write import write_shards
from builder.sources.look import locate_in
from builder.sources.member import LocalMember
from builder.sources.texts import in_blocks
from tests.benchmarks.bench_audit import draw_picture
from tests.benchmarks.measure import anonymous_bytes

ROWS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
#: Most rows whose images are decoded and written.
LOOKED_AT = 1_000_000
#: Most rows among which look-alikes are searched for to the end.
SEARCHED = 100_000
#: What allocators keep of what is free, as `builder.__main__` has it for a command.
ALLOCATORS = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(16 << 20),
}
RECIPE = """\
kind = "table"
name = "scale"
[source]
metadata = "table.csv"
images = "images/"
[columns]
image = "image"
label = "label"
"""


def held():
    """Return the anonymous memory of this process, in MB."""
    return anonymous_bytes(os.getpid()) / 1e6


class Stages(threading.Thread):
    """Processor time and highest anonymous memory of one stage after the other."""

    def __init__(self, rows):
        super().__init__(daemon=True)
        self.rows, self.told = rows, {}
        self.before = self.highest = held()
        self.started = time.process_time()
        self.start()

    def run(self):
        while True:
            now = held()  # before the other is read, which a stage's end sets back
            self.highest = max(self.highest, now)
            time.sleep(0.01)

    def done(self, stage, seconds=None):
        """Tell a stage; its seconds, where these are not those since the one before."""
        seconds = seconds or time.process_time() - self.started
        self.told[f"{stage}_us_a_row"] = 1e6 * seconds / self.rows
        self.told[f"{stage}_peak_mb"] = max(self.highest, held()) - self.before
        print(stage, self.told, file=sys.stderr, flush=True)
        self.highest, self.started = 0, time.process_time()


@dataclass(frozen=True)
class Everything:
    """A store that has a file of every name, or says so."""

    place: str
    name = "images"
    url = ""
    is_listed = True

    def look(self, names):
        return [LocalMember(name, f"{self.place}/{name}", 163_000) for name in names]

    def locate(self, names, _remote, hints=None):
        return locate_in([self], names, hints)


def link_images(folder, count):
    """Make files of all names; a file can have some 60,000 of them."""
    Path(folder, "train2017").mkdir(parents=True)
    first, data = Path(), io.BytesIO()
    draw_picture(0).resize((32, 24)).save(data, "JPEG", quality=80)
    for row in range(count):
        name = Path(folder, draw_row(row)[0])
        if row % 60_000:
            name.hardlink_to(first)
        else:
            name.write_bytes(data.getvalue())
            first = name


def draw_row(row):
    """Return a row of two classes, and of a column of few values."""
    label = "malignant" if row % 50 == 7 else "benign"
    return f"train2017/{row:012}.jpg", label, f"site {row * 7919 % 5}"


def prepared_of(count, folder, work):
    """Return what is selected from a table of so many rows."""
    if count <= LOOKED_AT:
        return prepare(Request(f"{folder}/recipe.toml", source=folder), work)
    import pandas as pd
    import pyarrow as pa

    names = ("image", "label", "site")
    blocks = [
        pa.RecordBatch.from_arrays(
            [pa.array(c) for c in zip(*map(draw_row, part), strict=True)], names
        )
        for part in in_blocks(range(count))
    ]
    dtype = pd.ArrowDtype(pa.string())
    rows = pa.Table.from_batches(blocks).to_pandas(
        types_mapper={pa.string(): dtype}.get
    )
    del blocks
    file = read_recipe_file(RECIPE.encode(), where="recipe.toml")
    dataset = registry.get(f"{folder}/recipe.toml")
    frames, stores = {"": Frame("table.csv", rows, str)}, {"": Everything(folder)}
    selection = select_table(frames, stores, file, dataset.default)
    return Prepared(dataset, selection, [])


def draw_facts(count, work):
    """Return facts as of images that were decoded, drawn; see above."""
    rng = np.random.default_rng(0)
    facts = unseen(count, work, decoded=True)
    spread = np.maximum(0, 1 - np.abs(np.arange(24)[:, None] / 23 * 5 - np.arange(6)))
    for start in range(0, count, 10_000):
        part = slice(start, min(start + 10_000, count))
        rows = part.stop - start
        facts.sha256[part] = rng.integers(0, 256, (rows, 32), dtype=np.uint8)
        facts.measures[part] = rng.random((rows, facts.measures.shape[1]))
        facts.sizes[part] = rng.integers(200, 640, (rows, 2))
        small = rng.integers(0, 256, (rows, 6, 6)).astype(float)
        facts.thumbnails[part] = spread @ small @ spread.T
    copies = count // 100
    facts.thumbnails[-copies:] = facts.thumbnails[:copies, :, ::-1]
    return facts


def search(thumbnails, most):
    """Look for look-alikes; return the seconds that it takes, or would take."""
    n, started = len(thumbnails), time.process_time()
    if n <= SEARCHED:
        find_lookalikes(thumbnails)
        return time.process_time() - started
    strengths = strength(thumbnails)
    steps = [
        (slab, zoom, part)
        for slab in range(0, n, first_look._SLAB)
        for zoom in first_look.ZOOMS
        for part in range(slab if zoom == 1 else 0, n, first_look._PART)
    ]
    first = None
    for found in first_look.candidates(thumbnails, np.arange(n)):
        as_they_are(thumbnails, found, strengths)
        slab = int(found.left[0]) // first_look._SLAB * first_look._SLAB
        part = int(found.right[0]) // first_look._PART * first_look._PART
        now = steps.index((slab, found.zoom, part)), time.process_time()
        first = first or now  # before it, tables are made
        if now[1] - first[1] > most and now[0] > first[0]:
            break
    a_step = (now[1] - first[1]) / (now[0] - first[0])
    return first[1] - started + a_step * len(steps)


def run(count, folder, seconds):
    """Take a table of `count` rows to shards; return what it took."""
    import datasets  # noqa: F401  # what they take is held before
    import pandas as pd  # noqa: F401

    Path(folder, "recipe.toml").write_text(RECIPE)
    if count <= LOOKED_AT:
        with Path(folder, "table.csv").open("w") as file:
            file.write("image,label,site\n")
            file.writelines(f"{','.join(draw_row(row))}\n" for row in range(count))
        link_images(f"{folder}/images", count)
    with working(f"{folder}/cache") as work:
        stages = Stages(count)
        prepared = prepared_of(count, folder, work)
        stages.done("select")
        located = locate(prepared.images, work)
        list(notes_of(prepared.selection, located.members))
        keys, members = prepared.keys, located.members
        stages.done("locate")
        if count <= LOOKED_AT:
            seen = see(keys, members, work, decode=True)
            stages.done("look")
        facts = draw_facts(count, work)
        thumbnails = facts.thumbnails
        stages.done("draw")
        prepared.selection.audit(
            Seen(keys, replace(facts, thumbnails=None), decoded=True, read=True)
        )
        stages.done("audit")
        stages.done("search", search(thumbnails, seconds))
        splits = prepared.selection.splits()
        plan = plan_shards(
            splits,
            keys,
            members,
            schemas_of(splits),
            root=Folder(f"{folder}/out"),
            max_shard_size=MAX_SHARD_SIZE,
            versions=versions(),
        )
        for shard in plan.shards[:10]:
            plan.task(shard, Seen(keys, facts, read=True))
        stages.done("plan")
        manifest = 0
        if count <= LOOKED_AT:
            shards, _ = write_shards(plan, work, known=seen)
            manifest = sum(len(json.dumps(asdict(shard))) for shard in shards)
            stages.done("write")
    shared = members.blocks[0]._names is keys.blocks[0]
    index = members.nbytes + (0 if shared else keys.nbytes)
    return {
        "rows": count,
        "shards": len(plan.shards),
        "index_bytes_a_row": index / count,
        "before_mb": stages.before,
        **stages.told,
        "manifest_mb": manifest / 1e6,
    }


def main(arguments=None):
    """Run each size in a process of its own, and print the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--search", type=float, default=120, metavar="SECONDS")
    parser.add_argument(
        "--here", action="store_true", help="the first, in this process"
    )
    options = parser.parse_args(arguments)
    if options.here:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(run(options.rows[0], folder, options.search)))
        return
    told = {}
    for count in options.rows:
        words = ["-m", "tests.benchmarks.bench_scale", "--here", "--rows", str(count)]
        done = subprocess.run(
            [sys.executable, *words, "--search", str(options.search)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, **ALLOCATORS},
        )
        told[count] = json.loads(done.stdout)
        print(json.dumps(told[count]), flush=True)
    for name in told[min(told)]:
        values = [told[count].get(name, "") for count in told]
        cells = [f"{value:,.4g}" if value != "" else "" for value in values]
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(main())
