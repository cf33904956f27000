"""Parquet files as they lie on disk, and which of them a second build keeps."""

import json
import os
import warnings
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from builder import build
from builder.errors import FetchError, ImageError
from builder.output.plan import MAX_ROWS
from builder.output.shards import write_shard
from builder.sources import read as readers
from builder.sources.member import LocalMember
from builder.sources.zips import read_directory
from tests.conftest import SHARD_SIZE
from tests.output.made import jpeg_of, looked_at, make_plan, make_tasks
from tests.tiny import contents, zip_folder


def write(task):
    """Write a shard of images that are on this machine."""
    return write_shard(task, task.members)


def parquet_files(folder):
    return sorted(folder.rglob("*.parquet"))


@pytest.fixture(scope="module")
def shards(builds):
    """Return every Parquet file of both builds."""
    found = [path for folder in builds.values() for path in parquet_files(folder)]
    assert len(found) > 20
    return found


def test_each_shard_is_one_row_group_within_its_limits(shards):
    for path in shards:
        metadata = pq.read_metadata(path)
        assert metadata.num_row_groups == 1
        assert 0 < metadata.num_rows <= MAX_ROWS
        assert path.stat().st_size <= SHARD_SIZE


def test_images_are_plain_and_all_else_is_compressed(shards):
    for path in shards:
        group = pq.read_metadata(path).row_group(0)
        columns = [group.column(i) for i in range(group.num_columns)]
        assert "image.bytes" in {column.path_in_schema for column in columns}
        for column in columns:
            assert column.has_offset_index
            if column.path_in_schema == "image.bytes":
                assert column.compression == "UNCOMPRESSED"
                # RLE is for the levels, which say what is null.
                assert set(column.encodings) <= {"PLAIN", "RLE"}
                assert "PLAIN" in column.encodings
                assert not column.has_dictionary_page
            else:
                assert column.compression == "SNAPPY"
                assert column.has_column_index
                assert column.is_stats_set


def test_metadata_says_features_and_nothing_that_was_not_done(shards):
    for path in shards:
        metadata = pq.read_metadata(path).metadata
        assert set(metadata) == {b"huggingface", b"ARROW:schema"}
        text = metadata[b"huggingface"].decode()
        assert '"List"' not in text
        assert ('"Sequence"' in text) == ("coco" in str(path))
        assert "pandas" not in str(metadata.keys())


def test_rows_are_cut_at_250_and_at_the_size(tmp_path):
    tasks = make_tasks(tmp_path / "a", [jpeg_of(10)] * 501)
    assert [len(task.names) for task in tasks] == [250, 250, 1]
    assert [Path(task.path).name for task in tasks] == [
        f"train-{number:05d}-of-00003.parquet" for number in range(3)
    ]
    joined = [name for task in tasks for name in task.names]
    assert joined == [f"images/{number}.jpg" for number in range(501)]
    rows = [row for task in tasks for row in task.rows.column("position").to_pylist()]
    assert rows == list(range(501))
    tasks = make_tasks(
        tmp_path / "b", [jpeg_of(300_000, n) for n in range(10)], max_shard_size=10**6
    )
    assert [len(task.names) for task in tasks] == [3, 3, 3, 1]
    for task in tasks:
        assert write(task).bytes <= 10**6


def varint(data, place):
    value = shift = 0
    while True:
        value |= (data[place] & 127) << shift
        shift += 7
        place += 1
        if data[place - 1] < 128:
            return value, place


def read_struct(data, place):
    """Return the numbers of a struct of Thrift's compact protocol, by field."""
    found, field = {}, 0
    while data[place]:
        byte, place = data[place], place + 1
        if byte >> 4:
            field += byte >> 4
        else:
            zigzag, place = varint(data, place)
            field = zigzag >> 1 ^ -(zigzag & 1)
        kind = byte & 15
        if kind in (4, 5, 6):
            zigzag, place = varint(data, place)
            found[field] = zigzag >> 1 ^ -(zigzag & 1)
        elif kind == 8:
            length, place = varint(data, place)
            place += length
        elif kind == 12:
            found[field], place = read_struct(data, place)
        else:
            assert kind in (1, 2), kind
    return found, place + 1


def page_sizes(path):
    """Return the compressed size and the rows of each data page of the images."""
    group = pq.read_metadata(path).row_group(0)
    (column,) = [
        group.column(i)
        for i in range(group.num_columns)
        if group.column(i).path_in_schema == "image.bytes"
    ]
    data = path.read_bytes()
    place = column.data_page_offset
    stop = place + column.total_compressed_size
    pages = []
    while place < stop:
        header, place = read_struct(data, place)
        pages.append((header[3], header[5][1]))
        place += header[3]
    assert place == stop
    return pages


def test_pages_end_at_about_a_megabyte(tmp_path):
    images = [jpeg_of(90_000 + 1000 * n, n) for n in range(60)]
    (task,) = make_tasks(tmp_path / "images", images)
    info = write(task)
    pages = page_sizes(tmp_path / "out" / info.path)
    assert sum(rows for _, rows in pages) == 60
    assert len(pages) >= 5  # of 7 MB
    assert max(size for size, _ in pages) <= 1024 * 1024 + 150_000


def test_the_hub_stores_again_only_what_changed(tmp_path):
    """As its own client cuts the files, into a store in a folder."""
    hf_xet = pytest.importorskip("hf_xet")
    store = tmp_path / "store"

    def stored(folder, path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            hf_xet.upload_files(
                [str(folder / path)], f"local://{store}", None, None, None, "dataset"
            )
        return sum(f.stat().st_size for f in store.rglob("default.*") if f.is_file())

    images = [jpeg_of(90_000 + 1000 * n, n) for n in range(60)]
    first = write(*make_tasks(tmp_path / "a", images, out="one"))
    images[30] = jpeg_of(50_000, 99)
    second = write(*make_tasks(tmp_path / "b", images, out="two"))
    before = stored(tmp_path / "one", first.path)
    assert before > 0.95 * first.bytes
    assert stored(tmp_path / "two", second.path) - before < 500_000


def test_a_shard_tells_what_went_into_it(tmp_path):
    (task,) = make_tasks(tmp_path / "images", [jpeg_of(50, n) for n in range(3)])
    info = write(task)
    path = tmp_path / "out" / info.path
    table = pq.read_table(path)
    assert info.rows == table.num_rows == 3
    assert info.bytes == path.stat().st_size
    assert info.num_bytes == table.nbytes
    digests = [sha256(jpeg_of(50, n)).digest() for n in range(3)]
    assert [row.tobytes() for row in info.looked.sha256] == digests
    assert table.column("image").to_pylist() == [
        {"bytes": jpeg_of(50, n), "path": f"{n}.jpg"} for n in range(3)
    ]
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_broken_images_stop_a_shard_or_are_left_out(tmp_path):
    images = [jpeg_of(50), b"", jpeg_of(60)[:-2], jpeg_of(70), b"GIF89a"]
    (task,) = make_tasks(tmp_path / "images", images)
    info = write(task)
    assert list(info.looked.reasons) == [1, 2, 4]
    assert not (tmp_path / "out").exists()
    (task,) = make_tasks(tmp_path / "images", images, allow_broken=True)
    kept = write(task)
    assert kept.looked.reasons == info.looked.reasons
    assert kept.looked.sha256[3].tobytes() == sha256(images[3]).digest()
    table = pq.read_table(tmp_path / "out" / kept.path)
    assert table.column("position").to_pylist() == [0, 3]
    assert table.column("image").to_pylist()[1]["bytes"] == images[3]


def test_an_image_that_stays_is_hashed_and_checked_once(tmp_path):
    plan = make_plan(tmp_path / "images", [jpeg_of(50, n) for n in range(3)])
    seen = looked_at(plan)
    (task,) = (plan.task(shard, seen) for shard in plan.shards)
    known = seen.facts.sha256.copy()
    seen.facts.sha256[1] = 7  # a digest that no hashing would give
    (told,) = (plan.task(shard, seen) for shard in plan.shards)
    assert write(task).looked is None
    assert write(task).images_sha256 == sha256(known.tobytes()).hexdigest()
    other = sha256(seen.facts.sha256.tobytes()).hexdigest()
    assert write(told).images_sha256 == other


@pytest.mark.parametrize("zipped", [False, True])
def test_an_image_written_anew_is_hashed_again(tmp_path, zipped):
    images = [jpeg_of(50, n) for n in range(3)]
    plan = make_plan(tmp_path / "images", images)
    if zipped:
        plan = replace(plan, members=zip_members(tmp_path / "images", plan.members))
    seen = looked_at(plan)
    (task,) = (plan.task(shard, seen) for shard in plan.shards)
    first = write(task)
    (tmp_path / "out" / first.path).unlink()
    place = Path(plan.members[1].path)
    times = place.stat()

    place.write_bytes(place.read_bytes())  # another time, the same bytes
    assert write(task) == first
    before, after = seen.facts.stamps, looked_at(plan).facts.stamps
    assert (before != after).tolist() == (
        [True] * 3 if zipped else [False, True, False]
    )

    flipped = bytearray(place.read_bytes())
    flipped[flipped.index(images[1]) + 40] ^= 1
    place.write_bytes(flipped)
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))  # as if it were old
    message = r"images/1\.jpg: is another image than the build looked at before"
    with pytest.raises((ImageError, FetchError), match="CRC" if zipped else message):
        write(task)


def test_a_file_that_changes_while_it_is_read_has_no_stamp(tmp_path, monkeypatch):
    plan = make_plan(tmp_path / "images", [jpeg_of(50, n) for n in range(2)])
    seen, path = looked_at(plan), Path(plan.members[1].path)
    assert (seen.facts.stamps != 0).all()

    def look(file):
        told = readers_look(file)
        is_it = os.path.samestat(os.fstat(file.fileno()), path.stat())
        if is_it and path.read_bytes() == jpeg_of(50, 1):
            path.write_bytes(jpeg_of(50, 9))
        return told

    readers_look = readers._look
    monkeypatch.setattr(readers, "_look", look)
    data, stamp = readers.read_stamped(plan.members[1])
    assert (data, stamp) == (jpeg_of(50, 9), 0)
    # What has no stamp is hashed, even if it had none before.
    seen.facts.stamps[1] = 0
    path.write_bytes(jpeg_of(50, 1))
    with pytest.raises(ImageError, match="is another image than the build looked at"):
        write(plan.task(plan.shards[0], seen))


def zip_members(folder, members):
    """Return the same images as members of a zip."""
    path = zip_folder(folder, folder.with_suffix(".zip"))
    with path.open("rb") as file:
        directory = read_directory(
            file, where=str(path), make=partial(LocalMember, path=str(path))
        )
    return [directory[member.name] for member in members]


def test_a_shard_of_nothing_is_not_written(tmp_path):
    """`load_dataset` of 3.6 and of 5.2 cannot read a Parquet file without rows."""
    images = [b"broken" + bytes(40_000), jpeg_of(40_000)]
    plan = make_plan(
        tmp_path / "images", images, allow_broken=True, max_shard_size=100_000
    )
    infos = [write(plan.task(shard)) for shard in plan.shards]
    assert [info.rows for info in infos] == [0, 1]
    files = [p.name for p in (tmp_path / "out").rglob("*.parquet")]
    assert files == [infos[1].path.rsplit("/", 1)[-1]]


def test_an_image_that_changes_its_size_meanwhile_is_an_error(tmp_path):
    (task,) = make_tasks(tmp_path / "images", [jpeg_of(50), jpeg_of(60)])
    for data, found in ((jpeg_of(70), "97"), (b"", "0"), (jpeg_of(60)[:9], "9")):
        (tmp_path / "images/1.jpg").write_bytes(data)
        message = rf"images/1\.jpg: expected \d+ bytes .* found {found}: the source"
        with pytest.raises(ImageError, match=message):
            write(task)
    (tmp_path / "images/1.jpg").unlink()
    with pytest.raises(ImageError, match=r"1\.jpg: cannot read the image: No such"):
        write(task)
    assert not (tmp_path / "out").exists()


def stamps(folder):
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_ino,
            path.stat().st_mtime_ns,
        )
        for path in parquet_files(folder)
    }


def flip(data):
    return data[:999] + bytes([data[999] ^ 1]) + data[1000:]


@pytest.mark.parametrize("dataset", ["coco_stuff_trimmed", "siim_isic_small"])
def test_whole_shards_are_kept_and_wrong_ones_written_again(
    dataset, builds, sources, recipes, copy_of
):
    folder = copy_of(builds[dataset])
    expected = contents(folder)
    before = stamps(folder)
    names = list(before)
    wrong = dict(
        zip(names, (flip, lambda data: data[:-1], lambda _: b""), strict=False)
    )
    for name, change in wrong.items():
        (folder / name).write_bytes(change((folder / name).read_bytes()))
    gone = names[3]
    (folder / gone).unlink()
    build(
        dataset,
        folder,
        recipes[dataset],
        source=str(sources[dataset]),
        max_shard_size=SHARD_SIZE,
    )
    assert contents(folder) == expected
    after = stamps(folder)
    changed = {name for name in names if before[name] != after[name]}
    assert changed == {*wrong, gone}


def test_an_image_changed_at_equal_size_is_seen(
    builds, coco_source, recipes, copy_of, tmp_path
):
    source = copy_of(coco_source, "source")
    folder = copy_of(builds["coco_stuff_trimmed"])
    lock = json.loads((folder / "selection.json").read_text())
    key = lock["draws"]["default"]["test"][0]
    image = source / key
    data = bytearray(image.read_bytes())
    data[-20] ^= 1  # within the scan: header, size and end stay as they are
    image.write_bytes(data)
    before = stamps(folder)
    manifest = build(
        "coco_stuff_trimmed",
        folder,
        recipes["coco_stuff_trimmed"],
        source=str(source),
        max_shard_size=SHARD_SIZE,
    )
    after = stamps(folder)
    changed = {name for name in before if before[name] != after[name]}
    holding = {
        path.relative_to(folder).as_posix()
        for path in parquet_files(folder)
        if bytes(data)
        in [image["bytes"] for image in pq.read_table(path)["image"].to_pylist()]
    }
    assert changed == holding
    assert any(name.startswith("data/default/test-00000-of-") for name in holding)
    assert {path for path in manifest["files"] if path.endswith(".parquet")} == set(
        after
    )
