"""From a build to its page, without a browser."""

import errno
import io
import json
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from builder.cli import main as cli
from builder.errors import OutputError, VerifyError
from builder.page import render
from builder.page.pictures import SIZES
from builder.pipeline.report import report
from tests.page.made import (
    VALUE,
    describe,
    image,
    label,
    paint,
    read_page,
    write_build,
)
from tests.tiny import snapshot
from tests.tiny_build import seal


def test_each_picture_is_held_once_whatever_shows_it(odd_build, odd_page):
    told, webp = read_page(odd_page)
    # 31 rows, of which one is drawn again and one is the file of another
    assert len(webp) == 29
    assert [len(file["name"]) for file in told["files"]] == [21, 10]
    assert told["files"][0]["picture"][3] == told["files"][0]["picture"][20]
    assert told["files"][0]["picture"][1] == told["files"][1]["picture"][1]
    assert [c["name"] for c in told["configs"]] == ["default", "again"]
    assert told["configs"][1]["splits"] == [{"name": "all", "files": [1]}]
    for data, reason in zip(webp, range(29), strict=True):
        if str(reason) in told["pictures"]["reason"]:
            assert data == b""
            continue
        with Image.open(io.BytesIO(data)) as small:
            assert small.format == "WEBP"
            assert max(small.size) == 48


def test_workers_change_no_byte(odd_build, odd_page, tmp_path):
    out = tmp_path / "p.html"
    with ProcessPoolExecutor(2) as executor:
        done = report(odd_build, out, executor=executor, workers=2)
    assert done.path.read_bytes() == odd_page.read_bytes()
    assert (done.rows, done.pictures, done.unshown) == (31, 29, 1)
    assert done.bytes == odd_page.stat().st_size


def test_the_page_says_nothing_of_place_or_time(odd_build, odd_page, tmp_path):
    moved = Path(shutil.copytree(odd_build, tmp_path / "else"))
    done = report(moved, tmp_path / "there.html")
    assert done.path.read_bytes() == odd_page.read_bytes()
    assert str(tmp_path) not in done.path.read_text(encoding="utf-8")


def test_a_snapshot_of_links_gives_the_same_page(odd_build, odd_page, tmp_path):
    """As the Hub's cache lays it out, with what the Hub adds to a repo."""
    repo = tmp_path / "datasets--me--odd"
    blobs, snapshot = repo / "blobs", repo / "snapshots" / "0123"
    blobs.mkdir(parents=True)
    for number, path in enumerate(p for p in odd_build.rglob("*") if p.is_file()):
        shutil.copy(path, blobs / str(number))
        link = snapshot / path.relative_to(odd_build)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(blobs / str(number), link.parent))
    (snapshot / ".gitattributes").write_text("*.parquet filter=lfs\n")
    (snapshot / "README.md").write_text("a card that somebody edited\n")
    done = report(snapshot, tmp_path / "s.html")
    assert done.path.read_bytes() == odd_page.read_bytes()


def test_progress_counts_rows_and_pictures(odd_build, tmp_path):
    told = []
    report(odd_build, tmp_path / "p.html", progress=lambda *said: told.append(said))
    assert sum(done for stage, done, _ in told if stage == "read") == 31
    assert {total for stage, _, total in told if stage == "read"} == {31}
    assert {total for stage, _, total in told if stage == "draw"} == {29}


@pytest.mark.parametrize("sample", [5, 60])
def test_many_pictures_become_smaller_until_the_page_has_room(
    odd_build, odd_page, tmp_path, monkeypatch, sample
):
    """Whether a sample tells the size, or there are too few for that."""
    monkeypatch.setattr("builder.pipeline.report._SAMPLE", sample)
    monkeypatch.setattr("builder.pipeline.report._PAGE_BYTES", 60_000)
    sizes = []
    for room in (odd_page.stat().st_size, odd_page.stat().st_size - 2_500, 1_000):
        monkeypatch.setattr("builder.pipeline.report.MOST_BYTES", room)
        done = report(odd_build, tmp_path / "small.html")
        assert done.bytes <= room or done.size == min(SIZES)
        _, webp = read_page(done.path)
        with Image.open(io.BytesIO(webp[0])) as small:
            assert max(small.size) == min(done.size, 48)
        sizes.append(done.size)
    assert sizes == sorted(sizes, reverse=True)
    assert max(SIZES) > sizes[1] > sizes[2] == min(SIZES)
    assert sizes[0] == max(SIZES) or sample == 5


def test_the_real_builds_have_pages(builds, tmp_path):
    for dataset, folder in builds.items():
        before = sorted(p for p in folder.rglob("*") if p.is_file())
        done = report(folder, tmp_path / f"{dataset}.html")
        told, webp = read_page(done.path)
        assert sorted(p for p in folder.rglob("*") if p.is_file()) == before
        manifest = json.loads((folder / "manifest.json").read_text())
        assert len(webp) == manifest["audit"]["images"]
        for config in told["configs"]:
            for split in config["splits"]:
                rows = sum(len(told["files"][f]["name"]) for f in split["files"])
                listed = manifest["configs"][config["name"]][split["name"]]
                assert rows == listed["num_examples"]
        kinds = {c["name"]: c["kind"] for c in told["configs"][0]["columns"]}
        assert "label" in set(kinds.values()) | {"label" if "labels" in kinds else ""}
        if "objects" in kinds:
            assert kinds["objects"] == "boxes"
            assert any(told["files"][0]["columns"]["objects"])
        assert told["tables"]
        assert told["made"]


def test_a_dataset_without_labels_and_one_of_many(tmp_path):
    features = {"image": {"_type": "Image"}}
    rows = [{"image": image(paint(n), f"{n}.jpg")} for n in range(3)]
    plain = write_build(
        tmp_path / "a", {"default": {"train": rows}}, {"default": features}
    )
    told, webp = read_page(report(plain, tmp_path / "a.html").path)
    assert len(webp) == 3
    assert told["configs"][0]["columns"] == []
    many = {**features, "label": label(*(f"class {n}" for n in range(1_200)))}
    rows = [{**row, "label": 400 * n} for n, row in enumerate(rows)]
    build = write_build(tmp_path / "b", {"default": {"train": rows}}, {"default": many})
    told, _ = read_page(report(build, tmp_path / "b.html").path)
    assert len(told["configs"][0]["columns"][0]["names"]) == 1_200


@pytest.fixture
def copied(odd_build, tmp_path):
    return Path(shutil.copytree(odd_build, tmp_path / "copy"))


SHARD = "data/default/test-00000-of-00001.parquet"


def damage(path):
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: damage(f / SHARD), f"{SHARD}: expected sha256"),
        (lambda f: (f / SHARD).unlink(), f"{SHARD}: is in the manifest, but not there"),
        (lambda f: (f / "manifest.json").unlink(), "expected a finished build"),
        (lambda f: (f / "manifest.json").write_text("{}"), "manifest.json"),
        (lambda f: edit(f, digest="0" * 64), "its digest is not that of its content"),
        (lambda f: reseal(f, configs={}), "expected a config, found none"),
        (lambda f: reseal(f, configs=lists("else.parquet")), "none of its files"),
    ],
    ids=["changed", "gone", "unfinished", "no manifest", "edited", "empty", "lists"],
)
def test_what_is_not_as_it_was_built_is_one_line(
    copied, tmp_path, capsys, spoil, words
):
    spoil(copied)
    out = tmp_path / "page.html"
    assert cli.main(["report", str(copied), "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert words in said.err
    assert not list(tmp_path.glob("*.html*"))
    assert not list(tmp_path.glob(".*"))


def edit(folder, **said):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **said}))


def reseal(folder, **said):
    seal(folder, {**json.loads((folder / "manifest.json").read_text()), **said})


def lists(name):
    entry = {"num_examples": 1, "num_bytes": 1, "download_size": 1, "files": [name]}
    return {"default": {"train": entry}}


def test_the_audit_says_which_pairs_contradict_each_other(copied, tmp_path):
    """Where it does, as of several labels; the look at one label is for the others."""
    audit = json.loads((copied / "manifest.json").read_text())["audit"]
    pair = {"names": ["train_05", "train_08"], "only": [["cat"], []]}
    audit["conflicts"] = {"near": {"compared": 2, "pairs": [pair], "others": 0}}
    reseal(copied, audit=audit)
    told, _ = read_page(report(copied, tmp_path / "p.html").path)
    first = told["pairs"][0]
    assert first["names"] == pair["names"]
    assert first["facts"]["labels"] == "cat / nothing"
    assert [pair["differ"] for pair in told["pairs"]] == [True, False, False]
    assert not any("conflicts" in table["title"] for table in told["tables"])


def test_no_parquet_and_no_images_are_told(copied, tmp_path):
    (copied / SHARD).write_bytes(b"PAR1 not")
    manifest = json.loads((copied / "manifest.json").read_text())
    manifest["files"][SHARD] = describe(copied / SHARD, 10)
    seal(copied, manifest)
    with pytest.raises(OutputError, match="cannot be read as Parquet"):
        report(copied, tmp_path / "p.html")
    for rows, features, words in (
        ([{"label": 1}], {}, "found none of image"),
        ([{"image": image(paint(1), "a.jpg")}], {"x": VALUE}, "found none of x"),
    ):
        configs = {"default": {"train": rows}}
        other = write_build(tmp_path / words, configs, {"default": features})
        with pytest.raises(OutputError, match=words):
            report(other, tmp_path / "p.html")


def test_only_a_page_of_its_own_is_replaced(odd_build, tmp_path):
    out = tmp_path / "page.html"
    report(odd_build, out)
    linked = tmp_path / "linked.html"
    linked.hardlink_to(out)
    before = snapshot(linked)
    report(odd_build, out)
    assert not linked.samefile(out)
    assert snapshot(linked)["."][1:] == before["."][1:]
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]
    other = tmp_path / "mine.html"
    other.write_text("<!DOCTYPE html>mine")
    link, target = tmp_path / "link.html", tmp_path / "target.html"
    target.write_text(f"<!-- {render.MARK} -->")
    link.symlink_to(target)
    pipe = tmp_path / "pipe.html"
    os.mkfifo(pipe)
    for place in (other, link, pipe, tmp_path):
        before = target.read_text(), other.read_text()
        with pytest.raises(OutputError, match="found something else"):
            report(odd_build, place)
        assert (target.read_text(), other.read_text()) == before
    with pytest.raises(OutputError, match="outside of the build"):
        report(odd_build, odd_build / "page.html")
    with pytest.raises(OutputError, match="expected a folder to write to"):
        report(odd_build, tmp_path / "no" / "page.html")
    with pytest.raises(OutputError, match="a folder of this machine"):
        report("memory://build", out)


def test_the_command_says_where_the_page_is(copied, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["report", "copy", "--workers", "1", "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    page = tmp_path / "copy.html"
    assert lines[0] == (
        f"copy: 31 rows, 29 pictures of 320 pixels, {page.stat().st_size:,} bytes"
    )
    assert lines[1] == "1 picture cannot be shown"
    assert lines[2] == f"wrote {page.as_uri()}"
    assert json.loads(lines[-1]) == {
        "path": "copy.html", "url": page.as_uri(), "bytes": page.stat().st_size,
        "rows": 31, "pictures": 29, "picture_size": 320, "unshown": 1,
    }  # fmt: skip


def test_a_folder_that_lies_is_never_left_half(odd_build, tmp_path, monkeypatch):
    monkeypatch.setattr("builder.pipeline.report.render", lambda *_, **__: 1 / 0)
    with pytest.raises(
        VerifyError, match=r"cannot be shown \(ZeroDivisionError: "
    ) as e:
        report(odd_build, tmp_path / "p.html")
    assert "\n" not in str(e.value)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_a_fault_of_the_folder(copied, tmp_path):
    damage(copied / SHARD)
    with pytest.raises(VerifyError, match="build or download it again"):
        report(copied, tmp_path / "p.html")


def test_a_page_that_has_no_room_is_named(odd_build, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", ".x.tmp")

    monkeypatch.setattr("builder.pipeline.report.writing", full)
    with pytest.raises(OutputError, match=r"p\.html: cannot be written: No space left"):
        report(odd_build, tmp_path / "p.html")
