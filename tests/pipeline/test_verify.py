"""Whatever is wrong with a build is found and named, by itself and by replaying it."""

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder import build, report, verify
from builder.errors import VerifyError
from builder.output.digests import digest_of, to_json
from tests.conftest import SHARD_SIZE
from tests.small import COCO, DATASETS, ISIC, build_from, read_json
from tests.tiny import edit_json, snapshot


def flip(path, place=None):
    """Flip one bit of a file, in its middle if not said otherwise."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if place is None else place] ^= 1
    path.write_bytes(data)


def named(faults):
    return {fault.split(":")[0] for fault in faults}


def seal(folder):
    """Give a changed manifest the digests that it would have been written with."""
    path = folder / "manifest.json"
    manifest = read_json(path)
    manifest.pop("digest", None)
    path.write_bytes(to_json({**manifest, "digest": digest_of(manifest)}))


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("replay", [False, True])
def test_a_whole_build_has_no_faults_and_stays_as_it_is(
    dataset, replay, builds, sources
):
    folder = builds[dataset]
    before = snapshot(folder)
    report = verify(folder, source=str(sources[dataset]) if replay else None)
    assert report.faults == ()
    assert report.replayed is replay
    assert report.files == sum(path.is_file() for path in folder.rglob("*"))
    assert report.rows == sum(
        pq.read_metadata(path).num_rows for path in folder.rglob("*.parquet")
    )
    assert snapshot(folder) == before


@pytest.mark.parametrize("dataset", DATASETS)
def test_one_flipped_bit_is_found_in_every_file(dataset, builds, copy_of):
    folder = copy_of(builds[dataset])
    manifest = read_json(folder / "manifest.json")
    for name in manifest["files"]:
        flip(folder / name)
    report = verify(folder)
    assert named(report.faults) == set(manifest["files"])
    assert report.rows == 0
    for name in manifest["files"]:
        shutil.copy(builds[dataset] / name, folder / name)
    assert verify(folder).faults == ()


@pytest.mark.parametrize("kind", ["*.parquet", "*.md", "selection.json", "*.csv"])
@pytest.mark.parametrize("part", [0, 0.01, 0.999])
def test_one_flipped_bit_alone_is_the_one_fault(kind, part, builds, copy_of):
    folder = copy_of(builds[ISIC])
    path = max(folder.rglob(kind))
    flip(path, int(part * path.stat().st_size))
    (fault,) = verify(folder).faults
    assert fault.startswith(f"{path.relative_to(folder).as_posix()}: expected sha256 ")


def test_a_file_of_more_bytes_is_not_read_to_its_end(builds, copy_of):
    folder = copy_of(builds[ISIC])
    path = next(folder.rglob("*.parquet"))
    size = path.stat().st_size
    os.truncate(path, 2**40)  # sparse: it would take an hour
    (fault,) = verify(folder).faults
    name = path.relative_to(folder).as_posix()
    assert fault == f"{name}: expected {size:,} bytes, found more"
    with pytest.raises(VerifyError, match="found more"):
        report(folder, folder.with_name("page.html"))


def test_no_bit_of_the_manifest_can_flip_unseen(builds, copy_of):
    folder = copy_of(builds[ISIC])
    path = folder / "manifest.json"
    whole = path.read_bytes()
    # Far apart in the long lists, and every byte of the first entries.
    places = [*range(0, 400, 3), *range(400, len(whole), len(whole) // 60)]
    for place in places:
        flip(path, place)
        try:
            found = verify(folder).faults
        except VerifyError as err:
            found = [str(err)]
        assert any("manifest.json" in fault for fault in found), place
        path.write_bytes(whole)


def test_missing_extra_and_cut_files_are_named(builds, copy_of):
    folder = copy_of(builds[COCO])
    shards = sorted(folder.rglob("*.parquet"))
    shards[0].unlink()
    shards[1].write_bytes(shards[1].read_bytes()[:-1])
    shards[2].write_bytes(b"")
    (folder / "selection.json").unlink()
    (folder / "data/car/train-00009-of-00010.parquet").write_bytes(b"PAR1")
    (folder / "notes.txt").write_text("mine")
    (folder / ".git").mkdir()
    (folder / ".git/config").write_text("[core]")
    faults = {fault.split(": ")[0]: fault for fault in verify(folder).faults}
    names = [path.relative_to(folder).as_posix() for path in shards[:3]]
    assert set(faults) == {
        *names,
        "selection.json",
        "data/car/train-00009-of-00010.parquet",
        "notes.txt",
    }
    assert faults[names[0]].endswith("is in the manifest, but not there")
    assert faults["selection.json"].endswith("is in the manifest, but not there")
    assert "expected sha256" in faults[names[1]]
    assert faults["notes.txt"].endswith("is not in the manifest")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "expected a finished build with manifest.json, found no build of trims"),
        (b"{", "manifest.json: expected JSON of the format"),
        (b"\xff\xfe", "manifest.json: expected JSON of the format"),
        (b"[" * 100_000, "manifest.json: expected JSON of the format"),
        (b"[]", "expected the format trimset.manifest/1, found 'None'"),
        (b'{"format": "trimset.export/1"}', "found 'trimset.export/1'"),
    ],
)
def test_what_is_no_finished_build_is_refused(content, message, tmp_path):
    if content is not None:
        (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(VerifyError, match=message) as caught:
        verify(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_an_unfinished_build_is_told_from_none(builds, copy_of):
    folder = copy_of(builds[ISIC])
    (folder / "manifest.json").unlink()
    (folder / ".trimset").mkdir()
    (folder / ".trimset/build.json").write_text("{}")
    with pytest.raises(VerifyError, match="found an unfinished build: run `trimset"):
        verify(folder)


def test_an_export_is_no_build(exports):
    with pytest.raises(VerifyError, match="found no build of trimset"):
        verify(exports[COCO])


# Somebody who changes a file and then all digests is found out by the source.


def replace_file(folder, name, data):
    """Change a file and its entry in the manifest."""
    (folder / name).write_bytes(data)
    path = folder / "manifest.json"
    manifest = read_json(path)
    manifest["files"][name].update(sha256=sha256(data).hexdigest(), bytes=len(data))
    path.write_text(json.dumps(manifest))
    seal(folder)


def test_a_forged_lock_is_found_by_the_source(builds, sources, copy_of):
    folder = copy_of(builds[COCO])
    lock = read_json(folder / "selection.json")
    draws = lock["draws"]["car"]["test"]
    draws[3], draws[4] = draws[4], draws[3]
    del lock["digest"]
    digest = digest_of(lock)
    edit_json(folder / "manifest.json", lambda m: m.update(selection=digest))
    replace_file(folder, "selection.json", to_json({**lock, "digest": digest}))
    found = verify(folder).faults
    assert not {fault for fault in found if "digest" in fault}
    found = verify(folder, source=str(sources[COCO])).faults
    assert "selection.json: row 3 of car/test is not what the rule draws" in found


def test_a_forged_lock_digest_is_found_without_the_source(builds, copy_of):
    folder = copy_of(builds[COCO])
    lock = read_json(folder / "selection.json")
    lock["draws"]["car"]["test"].pop()
    replace_file(folder, "selection.json", to_json(lock))
    found = "\n".join(verify(folder).faults)
    assert "selection.json: its digest is not that of its content" in found
    assert "selection.json: names 11 rows for car/test, the manifest 12" in found


def test_a_changed_source_image_is_found(builds, coco_source, copy_of):
    source = copy_of(coco_source, "source")
    lock = read_json(builds[COCO] / "selection.json")
    key = lock["draws"]["default"]["train"][5]
    flip(source / key, -20)
    faults = verify(builds[COCO], source=str(source)).faults
    holding = {
        path.relative_to(builds[COCO]).as_posix()
        for path in builds[COCO].rglob("*.parquet")
        if Path(key).name
        in [image["path"] for image in pq.read_table(path)["image"].to_pylist()]
    }
    assert named(faults) >= holding
    assert all(name in holding for name in named(faults) if name.endswith(".parquet"))
    assert any("its image is not the one of the source" in fault for fault in faults)


def test_a_changed_annotation_is_found(builds, coco_source, copy_of):
    source = copy_of(coco_source, "source")
    lock = read_json(builds[COCO] / "selection.json")
    name = Path(lock["draws"]["default"]["test"][0]).name

    def change(content):
        for image in content["images"]:
            if image["file_name"] == name:
                image["flickr_url"] = "http://elsewhere"

    edit_json(source / "annotations/instances_val2017.json", change)
    faults = verify(builds[COCO], source=str(source)).faults
    assert any(
        fault.startswith("selection.json: the test annotations were instances_val2017")
        for fault in faults
    )
    assert any(
        "row 0, flickr_url: the source gives 'http://elsewhere', found" in fault
        for fault in faults
    )


def test_changed_metadata_is_found(builds, isic_source, copy_of):
    source = copy_of(isic_source, "source")
    path = source / "ISIC_2020_Training_GroundTruth.csv"
    text = path.read_text()
    assert ",torso," in text
    path.write_text(text.replace(",torso,", ",palms/soles,"))
    faults = verify(builds[ISIC], source=str(source)).faults
    assert "selection.json" in named(faults)
    assert any("anatom_site_general_challenge: the source gives" in f for f in faults)


def test_a_build_of_other_files_is_replayed_from_them(coco_source, recipes, tmp_path):
    files = {
        "train_annotations": str(coco_source / "annotations/instances_train2017.json"),
        "train_images": str(coco_source / "train2017"),
        "test_annotations": str(coco_source / "annotations/instances_val2017.json"),
        "test_images": str(coco_source / "val2017"),
    }
    build(COCO, tmp_path, recipes[COCO], files=files, max_shard_size=SHARD_SIZE)
    report = verify(tmp_path, files=files)
    assert report.faults == ()
    assert report.replayed
    swapped = {**files, "test_images": files["train_images"]}
    with pytest.raises(Exception, match="selected images are not there"):
        verify(tmp_path, files=swapped)


@pytest.mark.parametrize("count", [2, 9])
def test_a_build_without_its_broken_images_is_sound(
    count, builds, coco_source, copy_of, tmp_path
):
    """Of nine the first shard is left empty."""
    source = copy_of(coco_source, "source")
    draws = read_json(builds[COCO] / "selection.json")["draws"]["default"]
    for key in draws["train"][:count]:
        (source / key).write_bytes(b"")
    flip(source / draws["test"][-1], 0)
    build_from(COCO, source, tmp_path / "out", allow_broken=True)
    assert verify(tmp_path / "out").faults == ()
    assert verify(tmp_path / "out", source=str(source)).faults == ()


def test_images_of_one_name_in_both_splits_are_told_apart(
    coco_source, copy_of, tmp_path
):
    """One of the two is broken, and left out of its own split only."""
    source = copy_of(coco_source, "source")
    build_from(COCO, source, tmp_path / "first")
    draws = read_json(tmp_path / "first/selection.json")["draws"]["default"]
    name, other = (Path(draws[split][0]).name for split in ("train", "test"))
    (source / "val2017" / other).rename(source / "val2017" / name)

    def rename(content):
        for image in content["images"]:
            if image["file_name"] == other:
                image["file_name"] = name

    edit_json(source / "annotations/instances_val2017.json", rename)
    (source / "train2017" / name).write_bytes(b"")
    build_from(COCO, source, tmp_path / "out", allow_broken=True)
    assert verify(tmp_path / "out").faults == ()


def test_a_sealed_build_of_anything_is_no_bug(builds, copy_of):
    """Whoever makes all digests fit may have put anything there."""
    folder = copy_of(builds[COCO])
    name = "data/car/test-00000-of-00002.parquet"
    replace_file(folder, name, b"PAR1 no more")
    edit_json(folder / "manifest.json", lambda m: m.update(audit={}))
    seal(folder)
    found = verify(folder).faults
    assert any(f.startswith(f"{name}: cannot be read as a shard (") for f in found)
    pq.write_table(pa.table({"image": [1]}), folder / name)
    replace_file(folder, name, (folder / name).read_bytes())
    replace_file(folder, "selection.json", b'{"format": "trimset.selection/1"}')
    found = verify(folder).faults
    assert any(f.startswith(f"{name}: cannot be read as a shard (") for f in found)
    assert any(f.startswith("selection.json: object missing req") for f in found)


def two_groups(table, path):
    pq.write_table(table, path, row_group_size=max(1, len(table) // 2))


def one_row_less(table, path):
    pq.write_table(table.slice(1), path, row_group_size=1000)


def other_features(table, path):
    text = table.schema.metadata[b"huggingface"].replace(b'"int32"', b'"int64"')
    pq.write_table(table.replace_schema_metadata({"huggingface": text}), path)


def rows_swapped(table, path):
    order = [1, 0, *range(2, len(table))]
    pq.write_table(table.take(order), path)


def other_image(table, path):
    rows = table.to_pylist()
    rows[0]["image"]["bytes"] = rows[0]["image"]["bytes"][:-3] + b"\0\xff\xd9"
    pq.write_table(pa.Table.from_pylist(rows, table.schema), path)


@pytest.mark.parametrize(
    ("forge", "messages"),
    [
        (two_groups, ["expected one row group, found"]),
        (
            one_row_less,
            ["rows, found", "bytes in Arrow, found", "its images", "its rows"],
        ),
        (other_features, ["its features are not those of the manifest"]),
        (rows_swapped, ["its images are not", "its rows are not"]),
        (other_image, ["its images are not", "its rows are not"]),
    ],
)
def test_a_forged_shard_is_found_by_what_is_in_it(forge, messages, builds, copy_of):
    folder = copy_of(builds[COCO])
    name = "data/car/test-00000-of-00002.parquet"
    forge(pq.read_table(folder / name), folder / name)
    replace_file(folder, name, (folder / name).read_bytes())
    found = [f for f in verify(folder).faults if f.startswith(f"{name}: ")]
    for message in messages:
        assert any(message in fault for fault in found), (message, found)


def test_a_card_of_other_words_is_found(builds, copy_of):
    folder = copy_of(builds[ISIC])
    text = (folder / "README.md").read_bytes()
    replace_file(folder, "README.md", text.replace(b"No licence", b"Any licence"))
    found = verify(folder).faults
    assert "README.md: is not the card that the manifest gives" in found


def test_a_manifest_that_adds_up_wrongly_is_found(builds, copy_of):
    folder = copy_of(builds[ISIC])

    def change(manifest):
        manifest["configs"]["default"]["train"]["num_bytes"] += 1

    edit_json(folder / "manifest.json", change)
    seal(folder)
    found = "\n".join(verify(folder).faults)
    assert "manifest.json: default/train has num_bytes" in found
    edit_json(folder / "manifest.json", dict)
    assert "is not written as a build writes it" in "\n".join(verify(folder).faults)


def test_a_dataset_that_is_not_known_is_never_imported(builds, copy_of, monkeypatch):
    """A manifest comes from anybody: what it names is looked up, not run."""
    folder = copy_of(builds[COCO])
    for name in ("evil", "json.tool"):
        (folder / "evil.py").write_text("raise SystemExit('ran')\n")
        edit_json(folder / "manifest.json", lambda m, name=name: m.update(dataset=name))
        seal(folder)
        monkeypatch.syspath_prepend(folder)
        monkeypatch.chdir(folder)
        message = (
            f"dataset '{name}': expected one of coco_stuff_trimmed, siim_isic_small"
        )
        with pytest.raises(VerifyError, match=message):
            verify(folder)
