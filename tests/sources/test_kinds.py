"""What files are that are given as tables or zips and are none."""

import gzip

import pytest

from builder.errors import SourceError
from builder.sources.cache import Cache
from builder.sources.kinds import archive_fault, is_zip, table_fault
from builder.sources.metadata_file import MetadataFile
from builder.sources.places import given_images
from builder.sources.remote import Remote
from tests.archives import make_zip

TEXT = '{"images": []}'
FAULTS = {
    "a gzip file: unpack it (gunzip)": gzip.compress(TEXT.encode()),
    "a Git LFS pointer: run git lfs pull": b"version https://git-lfs.github.com/spec/v1\n",
    "an HDF5 file": b"\x89HDF\r\n\x1a\n",
    "an xz file": b"\xfd7zXZ\0",
    "an HTML page": b"\xef\xbb\xbf\n<!DOCTYPE html><html>",
    "an image": b"\xff\xd8\xff\xe0",
}


@pytest.fixture
def remote():
    with Remote() as remote:
        yield remote


def read(path, remote, cache):
    with MetadataFile(str(path)).inside(remote).open(cache, remote) as view:
        return bytes(view)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_table_is_named_whatever_it_is_called(fault, tmp_path, remote):
    path = tmp_path / "train.json"
    path.write_bytes(FAULTS[fault])
    with pytest.raises(SourceError) as caught:
        read(path, remote, Cache(tmp_path / "cache"))
    assert str(caught.value).startswith(f"{path}: expected a table, found {fault}")


@pytest.mark.parametrize("coding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named_with_a_mark_and_without(coding):
    assert "UTF-16: save it as UTF-8" in table_fault(TEXT.encode(coding))
    assert "UTF-16" in table_fault("a,b\n1,2\n".encode(coding))


@pytest.mark.parametrize("data", [b"", b"a", b"\0", TEXT.encode(), b"\xef\xbb\xbfa,b"])
def test_what_may_be_a_table_is_left_to_its_reader(data):
    assert table_fault(data) is None


def test_what_is_no_zip_of_images_is_named(tmp_path):
    assert archive_fault(make_zip({"a": b"a"})[:512]) is None
    assert "a tar archive" in archive_fault(bytes(257) + b"ustar\0")
    for fault in ("a gzip file", "a Git LFS pointer", "an HDF5 file"):
        data = next(FAULTS[name] for name in FAULTS if name.startswith(fault))
        path = tmp_path / "images.zip"
        path.write_bytes(data)
        with pytest.raises(SourceError, match=f"or a zip of images, found {fault}"):
            given_images(str(path), "images")
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(SourceError, match="a single image: give the folder"):
        given_images(str(path), "images")


def test_the_one_table_of_a_zip_is_read(tmp_path, remote):
    cache = Cache(tmp_path / "cache")
    path = tmp_path / "train.json.zip"
    junk = {"__MACOSX/._train.json": b"mac", "in/.x.json": b"x", "README.md": b"me"}
    path.write_bytes(make_zip({"in/labels.json": TEXT.encode(), **junk}))
    assert read(path, remote, cache) == TEXT.encode()
    file = MetadataFile(str(path)).inside(remote)
    assert file == MetadataFile(str(path), "in/labels.json")
    assert file.name == "labels.json"
    assert file.inside(remote) is file
    # One that is called as the zip goes before others.
    path.write_bytes(make_zip({"in/train.json": b"{}", "in/val.json": b"[]"}))
    assert read(path, remote, cache) == b"{}"
    # The bytes tell what it is, not the name.
    assert is_zip(path.read_bytes())
    path = path.rename(tmp_path / "labels.json")
    with pytest.raises(SourceError) as caught:
        read(path, remote, cache)
    assert str(caught.value) == (
        f"{path}: expected one table in it, found in/train.json, in/val.json: name one"
        f" of them, such as {path}::in/train.json"
    )


def test_a_zip_without_a_table_is_an_error(tmp_path, remote):
    path = tmp_path / "a.zip"
    for files, found in (
        ({"a.jpg": b"a", "b.jpg": b"b"}, r"found a\.jpg, b\.jpg: give another"),
        ({}, "found nothing: give another file"),
        ({"xl/workbook.xml": b""}, "found an Excel workbook: save it as CSV"),
    ):
        path.write_bytes(make_zip(files))
        with pytest.raises(SourceError, match=found):
            MetadataFile(str(path)).inside(remote)
