"""The benchmarks' own machinery: what they measure must be what they say."""

import importlib
import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from builder.datasets.painted.coco import paint_coco
from tests.benchmarks import __main__ as everything
from tests.benchmarks import bench_selection, full_size
from tests.benchmarks.full_size import SPLITS, Split
from tests.benchmarks.load_side import Received
from tests.benchmarks.measure import measure


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.name)
def test_approximated_counts_add_up_and_are_rare_where_they_should(split):
    images, annotations = full_size.approximate_counts(split)
    ids = [c["id"] for c in full_size.CATEGORIES]
    assert len(images) == len(annotations) == 80
    assert annotations.sum() == split.annotations
    assert (images <= annotations).all()
    assert images.sum() > 2 * split.annotated
    assert images.max() < split.annotated
    assert {ids[k] for k in np.argsort(images)[:2]} == {80, 89}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    split = Split("val2017", 300, 280, 2_000)
    counts = full_size.approximate_counts(split)
    ids = np.random.default_rng(1).permutation(np.arange(9, 581_930))[:300]
    path = folder / "annotations.json"
    rng = np.random.default_rng(2)
    full_size.write_annotations(path, split, ids, counts, rng)
    return folder, split, counts, json.loads(path.read_text())


def test_annotations_have_exactly_the_counts(small):
    _, split, (images, annotations), content = small
    rows = content["annotations"]
    assert len(content["images"]) == split.images
    assert len(rows) == split.annotations
    assert len({row["image_id"] for row in rows}) == split.annotated
    pairs = {(row["image_id"], row["category_id"]) for row in rows}
    numbers = [c["id"] for c in content["categories"]]
    for number, in_images, in_annotations in zip(
        numbers, images, annotations, strict=True
    ):
        assert sum(category == number for _, category in pairs) == in_images
        assert sum(row["category_id"] == number for row in rows) == in_annotations
    crowds = [row["iscrowd"] for row in rows]
    assert sum(crowds) == split.annotations // 82
    assert crowds == sorted(crowds)
    assert {row["image_id"] for row in rows} <= {
        image["id"] for image in content["images"]
    }
    bytes_each = len(json.dumps(rows)) / len(rows)
    assert 400 < bytes_each < 560  # 498 in the official file


def test_images_are_whole_distinct_and_of_the_right_size(small):
    folder, _, _, content = small
    names = [f"val2017/{image['file_name']}" for image in content["images"][:60]]
    total = full_size.write_images(folder, names, mean_bytes=60_000)
    assert 45_000 < total / len(names) < 75_000
    pictures = set()
    for name, record in zip(names, content["images"], strict=False):
        with Image.open(folder / name) as picture:
            picture.load()
            assert picture.size == (record["width"], record["height"])
            pictures.add(picture.tobytes())
    assert len(pictures) == len(names)
    again = folder / "again"
    full_size.write_images(again, names[:3], mean_bytes=60_000)
    assert all((again / n).read_bytes() == (folder / n).read_bytes() for n in names[:3])


def test_source_is_made_once_with_the_images_that_are_selected(tmp_path, monkeypatch):
    tiny = (Split("train2017", 120, 110, 700), Split("val2017", 100, 90, 600))
    monkeypatch.setattr(full_size, "SPLITS", tiny)
    written = []
    monkeypatch.setattr(
        everything, "write_images", lambda *given: written.append(given)
    )
    everything.make_full_source(str(tmp_path))
    [(folder, names)] = written
    assert folder == tmp_path
    assert len(names) == len(set(names)) == 110 + 90
    assert {Path(name).parent.name for name in names} == {"train2017", "val2017"}
    train = tmp_path / "annotations/instances_train2017.json"
    stamp, content = train.stat().st_mtime_ns, train.read_bytes()
    full_size.make_source(tmp_path)
    assert train.stat().st_mtime_ns == stamp
    (tmp_path / "complete.json").unlink()
    full_size.make_source(tmp_path)
    assert train.stat().st_mtime_ns != stamp
    assert train.read_bytes() == content
    ids = [
        {image["id"] for image in json.loads(path.read_text())["images"]}
        for path in (tmp_path / "annotations").iterdir()
    ]
    assert not ids[0] & ids[1]


def test_measure_counts_anonymous_memory_of_children_but_no_mapped_files(tmp_path):
    big = tmp_path / "big"
    big.write_bytes(b"x" * 60_000_000)
    mapping = (
        "import mmap, sys; f = open(sys.argv[1], 'rb');"
        "m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ); sum(m[::4096])"
    )
    allocating = (
        "import time; b = bytearray(60_000_000); "
        "b[::4096] = bytes(len(b[::4096])); time.sleep(0.3)"
    )
    heap = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
    mapped = measure([sys.executable, "-c", mapping, str(big)])
    allocated = measure([sys.executable, "-c", heap, allocating])
    assert mapped["peak_anonymous_mb"] < 40
    assert 60 < allocated["peak_anonymous_mb"] < 110
    assert allocated["seconds"] > 0.3
    with pytest.raises(subprocess.CalledProcessError):
        measure([sys.executable, "-c", "raise SystemExit(3)"])


def test_bytes_that_nobody_reads_are_not_counted_as_received(monkeypatch):
    for name in ("recv", "recv_into"):  # put back afterwards
        monkeypatch.setattr(socket.socket, name, getattr(socket.socket, name))
    received = Received()
    sender, reader = socket.socketpair()
    with sender, reader, reader.makefile("rb") as file:
        sender.sendall(b"x" * 20_000)
        assert len(reader.recv(1_000)) == 1_000
        assert file.read(8_192)
        assert received.bytes == 1_000 + 8_192


FILES = sorted(Path(everything.__file__).parent.glob("[!_]*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_benchmark_finds_what_it_measures(file):
    importlib.import_module(f"tests.benchmarks.{file.stem}")


def test_stages_are_measured_at_a_small_size():
    words = ["-m", "tests.benchmarks.bench_scale", "--here", "--rows", "300"]
    done = subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, text=True
    )
    row = json.loads(done.stdout)
    assert (row["rows"], row["shards"]) == (300, 2)
    assert all(number > 0 for name, number in row.items() if name.endswith("_row"))


def test_notebook_and_comparison_run_on_a_drawn_source(tmp_path, capsys):
    source = paint_coco(tmp_path / "source", train=40, val=40)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "tests.benchmarks.notebook", str(source), str(out)]
    subprocess.run([*command, "--copy"], check=True)
    for split in ("train", "val"):
        labels = json.loads((out / f"labels_{split}.json").read_text())
        rows = json.loads(
            (source / f"annotations/instances_{split}2017.json").read_text()
        )["annotations"]
        pairs = {
            (f"{split}2017/{r['image_id']:012}.jpg", r["category_id"]) for r in rows
        }
        found = {(name, c) for name, listed in labels.items() for c in listed}
        assert found == {(name, c) for name, c in pairs if name in labels}
        assert all(
            (out / name).read_bytes() == (source / name).read_bytes() for name in labels
        )
        assert len(labels) > 20
    # Long enough to be seen by what samples its memory.
    words = 'import sys, time; time.sleep(0.5); sys.exit(sys.argv[1] != "{source}")'
    other = f"{{python}} -c '{words}' {{source}}"
    bench_selection.main([str(source), "--runs", "1", "--command", other])
    printed = capsys.readouterr().out
    assert "notebook / ours, median_seconds: " in printed
    ratio = float(printed.split("median_seconds: ")[1].split()[0])
    assert ratio > 0  # which is the faster is for the benchmark to say
