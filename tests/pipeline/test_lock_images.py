"""A lock with images.sha256 beside it: these very images, or nothing is written."""

import shutil
from hashlib import sha256

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder import build, export, verify
from builder.errors import ImageError, SelectionError
from builder.output.digests import digest_of, to_json
from builder.output.image_digests import read_digests
from builder.output.records import DIGESTS
from tests.conftest import IMAGE_SIZE
from tests.images.test_inspect import encode
from tests.small import COCO, DATASETS, ISIC, build_from, read_json
from tests.tiny import contents

ROOTS = {COCO: "", ISIC: "images/"}


def original(dataset, source, key):
    """Return where the image of a key lies in a source."""
    return source / (key if dataset == COCO else key.replace("images/", "train/"))


def listed_in(folder):
    return read_digests((folder / DIGESTS).read_bytes(), where=DIGESTS)


def change(path):
    """Change one pixel of an image: another one, that is as good."""
    with Image.open(path) as image:
        pixels = np.array(image)
    pixels[:8, :8] ^= 64
    path.write_bytes(encode(Image.fromarray(pixels)))


@pytest.mark.parametrize("dataset", DATASETS)
def test_it_has_the_images_of_the_source(dataset, builds, exports, sources):
    listed = listed_in(builds[dataset])
    for key, digest in listed.items():
        path = original(dataset, sources[dataset], key)
        assert sha256(path.read_bytes()).hexdigest() == digest, key
        assert sha256((exports[dataset] / key).read_bytes()).hexdigest() == digest
    held = set()
    for path in builds[dataset].rglob("*.parquet"):
        images = pq.read_table(path, columns=["image"])["image"].to_pylist()
        held |= {sha256(image["bytes"]).hexdigest() for image in images}
    assert set(listed.values()) == held
    assert (exports[dataset] / DIGESTS).read_bytes() == (
        builds[dataset] / DIGESTS
    ).read_bytes()
    manifest = read_json(builds[dataset] / "manifest.json")
    assert DIGESTS in manifest["files"]
    images = [entry for entry in manifest["sources"] if "images" in entry]
    assert sum(entry["images"] for entry in images) == len(listed)
    if len(images) == 1:
        assert images[0]["sha256"] == manifest["files"][DIGESTS]["sha256"]


@pytest.mark.parametrize("audit", [True, False])
@pytest.mark.parametrize("command", [build, export])
@pytest.mark.parametrize("dataset", DATASETS)
def test_another_image_of_the_same_name_stops(
    dataset, command, audit, builds, sources, recipes, copy_of, tmp_path
):
    source = copy_of(sources[dataset], "source")
    key = [*listed_in(builds[dataset])][3]
    change(original(dataset, source, key))
    lock, out = builds[dataset] / "selection.json", tmp_path / "out"
    options = {"source": str(source), "lock": lock, "audit": audit}
    if dataset == ISIC and not audit:  # which is another selection
        options["lock"] = shutil.copy(lock, tmp_path / "selection.json")
        shutil.copy(lock.with_name(DIGESTS), tmp_path)
    with pytest.raises(ImageError) as caught:
        command(dataset, out, recipes[dataset], **options)
    message = str(caught.value)
    assert (
        f"{DIGESTS}: {key}: expected sha256 {listed_in(builds[dataset])[key][:16]}…"
        in (message)
    )
    assert message.endswith("another image of this name than when the lock was made;"
                            " nothing was built")  # fmt: skip
    assert not out.exists()


def test_a_finished_build_stays_where_an_image_is_another(
    builds, sources, copy_of, tmp_path
):
    source, out = copy_of(sources[COCO], "source"), copy_of(builds[COCO], "out")
    change(original(COCO, source, next(iter(listed_in(out)))))
    before = contents(out)
    for audit in (True, False):
        with pytest.raises(ImageError, match="another image of this name"):
            build_from(
                COCO, source, out, lock=builds[COCO] / "selection.json", audit=audit,
                overwrite=True,
            )  # fmt: skip
        assert contents(out) == before


def test_without_the_audit_the_same_bytes_come_out(builds, coco_source, tmp_path):
    lock = builds[COCO] / "selection.json"
    build_from(COCO, coco_source, tmp_path / "one", audit=False)
    build_from(COCO, coco_source, tmp_path / "two", audit=False, lock=lock)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_lock_alone_is_said_to_prove_rows_only(builds, coco_source, tmp_path):
    lock = shutil.copy(builds[COCO] / "selection.json", tmp_path / "lock.json")
    said = []
    manifest = build_from(
        COCO, coco_source, tmp_path / "out", lock=lock, say=said.append
    )
    words = f"{tmp_path / DIGESTS}: is not beside the lock, which alone proves the rows"
    assert [line for line in said if line.startswith(words)]
    assert manifest == read_json(builds[COCO] / "manifest.json")


def test_resized_images_are_proven_by_their_originals(
    builds, isic_source, copy_of, tmp_path
):
    lock, source = builds[ISIC] / "selection.json", copy_of(isic_source, "source")
    options = {
        "cache_dir": tmp_path / "cache", "image_size": IMAGE_SIZE // 2, "lock": lock
    }  # fmt: skip
    out = tmp_path / "out"
    build_from(ISIC, source, out, **options)
    assert (out / DIGESTS).read_bytes() == lock.with_name(DIGESTS).read_bytes()
    assert verify(out, source=str(source)).faults == ()
    change(original(ISIC, source, [*listed_in(out)][5]))
    with pytest.raises(ImageError, match="another image of this name"):
        build_from(ISIC, source, tmp_path / "other", **options)


def test_a_list_of_other_images_is_refused(builds, coco_source, tmp_path):
    lock = shutil.copy(builds[COCO] / "selection.json", tmp_path / "selection.json")
    shutil.copy(builds[ISIC] / DIGESTS, tmp_path)
    with pytest.raises(SelectionError, match=r"expected the images of the lock, found"):
        build_from(COCO, coco_source, tmp_path / "out", lock=lock)
    (tmp_path / DIGESTS).write_bytes(b"no list")
    with pytest.raises(SelectionError, match=r"images.sha256: line 1 has no end"):
        build_from(COCO, coco_source, tmp_path / "out", lock=lock)
    assert not (tmp_path / "out").exists()


def seal(folder):
    """Give a changed build the digests that it would have been written with."""
    path = folder / "manifest.json"
    manifest = read_json(path)
    manifest.pop("digest")
    if DIGESTS in manifest["files"]:
        data = (folder / DIGESTS).read_bytes()
        entry = {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
        manifest["files"][DIGESTS] = entry
    path.write_bytes(to_json({**manifest, "digest": digest_of(manifest)}))


@pytest.mark.parametrize("dataset", DATASETS)
def test_verify_finds_a_list_that_is_not_of_the_build(
    dataset, builds, sources, copy_of
):
    folder = copy_of(builds[dataset])
    path = folder / DIGESTS
    first, second, *rest = path.read_text().splitlines(keepends=True)
    swapped = first[64:], second[64:]
    for text, words in (
        (second[:64] + swapped[0] + first[:64] + swapped[1] + "".join(rest), "no line"),
        ("0" * 64 + first[64:] + second + "".join(rest), "has no line of the image"),
        ("".join([second, *rest]), "has no line of the image"),
        (first + second + "".join(rest) + f"{'0' * 64}  zzz.jpg\n", "no shard has"),
        ("".join([second, first, *rest]), "line 2 is there twice"),
    ):
        path.write_text(text)
        [fault] = verify(folder).faults
        assert fault.startswith(f"{DIGESTS}: expected ")
        seal(folder)
        [fault] = verify(folder).faults
        assert fault.startswith(f"{DIGESTS}: ")
        assert words in fault
    faults = verify(folder, source=str(sources[dataset])).faults
    assert all(fault.startswith(f"{DIGESTS}: ") for fault in faults)


def test_verify_compares_it_with_the_source(builds, sources, copy_of):
    source = copy_of(sources[COCO], "source")
    key = [*listed_in(builds[COCO])][2]
    change(original(COCO, source, key))
    faults = verify(builds[COCO], source=str(source)).faults
    words = f"{DIGESTS}: {key}: expected sha256 {listed_in(builds[COCO])[key][:16]}…"
    assert [fault for fault in faults if fault.startswith(words)]


def test_a_build_of_before_has_none_and_is_whole(builds, sources, copy_of):
    folder = copy_of(builds[ISIC])
    manifest = read_json(folder / "manifest.json")
    del manifest["files"][DIGESTS]
    (folder / "manifest.json").write_bytes(to_json(manifest))
    (folder / DIGESTS).unlink()
    seal(folder)
    assert verify(folder, source=str(sources[ISIC])).faults == ()
    # And is completed by the same command.
    build_from(ISIC, sources[ISIC], folder)
    assert contents(folder) == contents(builds[ISIC])
