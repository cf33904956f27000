"""What may be read is bounded, here as elsewhere, and told before it is read."""

import io
import struct
import tracemalloc
import zipfile

import fsspec
import pytest

from builder.errors import FetchError, ImageError, OutputError, SourceError
from builder.sources import zips
from builder.sources.cache import Cache
from builder.sources.image_stores import FolderImages, ZipImages
from builder.sources.member import LocalMember
from builder.sources.metadata_file import MetadataFile
from builder.sources.read import mapped, read_image, read_into
from builder.sources.zips import read_directory
from tests.archives import make_zip
from tests.sources.hostile_files import small_remote, sparse

MOST = 10_000
SAID = r"expected 10,?000(?: bytes)? at most.*--max-file-size"


@pytest.fixture
def remote():
    with small_remote(MOST) as remote:
        yield remote


def open_metadata(path, remote, member="", **options):
    cache = Cache(path.parent / "cache")
    with MetadataFile(str(path), member, **options).open(cache, remote) as view:
        return bytes(view)


def test_an_image_of_many_bytes(tmp_path, remote):
    sparse(tmp_path / "a.jpg", 3 * 2**30)
    store = FolderImages((str(tmp_path),), "images")
    tracemalloc.start()
    for name in ("a.jpg", "x/a.jpg"):
        with pytest.raises(SourceError, match=SAID):
            store.locate([name], remote)
    # Nor where it grows once it was found.
    with pytest.raises(ImageError, match=r"expected 5 bytes .* found 3221225472"):
        read_image(LocalMember("a.jpg", str(tmp_path / "a.jpg"), 5))
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    sparse(tmp_path / "a.jpg", MOST)
    assert len(read_image(store.locate(["a.jpg"], remote).members[0])) == MOST


def test_a_metadata_file_of_many_bytes(tmp_path, remote):
    path = sparse(tmp_path / "a.json", 3 * 2**30)
    with pytest.raises(SourceError, match=SAID):
        open_metadata(path, remote)
    member = LocalMember("a.json", str(path), 5)
    with (
        pytest.raises(SourceError, match="found 3221225472: it changed"),
        mapped(member),
    ):
        pass


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_of_a_zip_of_many_bytes(tmp_path, remote, method):
    path = tmp_path / "a.zip"
    path.write_bytes(make_zip({"a.json": bytes(MOST + 1)}, method=method))
    with pytest.raises(SourceError, match="declares 10001 bytes; " + SAID):
        open_metadata(path, remote, "a.json")
    with pytest.raises(SourceError, match="declares 10001 bytes; " + SAID):
        ZipImages(str(path), "images", ()).locate(["a.json"], remote)


def test_a_member_that_unpacks_to_more_than_it_declares(tmp_path, remote):
    data = bytearray(make_zip({"a.json": bytes(2**20)}, method=zipfile.ZIP_DEFLATED))
    for at in (22, data.rindex(b"PK\x01\x02") + 24):  # its two sizes
        data[at : at + 4] = struct.pack("<L", 100)
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    with pytest.raises(SourceError, match="expected 100 bytes, found more: a zip bomb"):
        open_metadata(path, remote, "a.json")
    [member] = ZipImages(str(path), "i", ()).locate(["a.json"], remote).members
    with pytest.raises(SourceError, match="a zip bomb"):
        read_image(member)


def test_a_deflated_image_is_unpacked_into_its_own_room_alone(tmp_path):
    size = 32 * 2**20
    path = tmp_path / "a.zip"
    path.write_bytes(make_zip({"a.jpg": bytes(size)}, method=zipfile.ZIP_DEFLATED))
    with small_remote(size) as remote:
        [member] = ZipImages(str(path), "i", ()).locate(["a.jpg"], remote).members
    out = memoryview(bytearray(size))
    tracemalloc.start()
    read_into(member, out)
    assert tracemalloc.get_traced_memory()[1] < size / 4
    tracemalloc.stop()


def test_no_room_to_unpack_is_said_before_it_is_begun(tmp_path, remote, monkeypatch):
    path = tmp_path / "a.zip"
    path.write_bytes(make_zip({"a.json": b"{}" * 50}, method=zipfile.ZIP_DEFLATED))
    assert open_metadata(path, remote, "a.json") == b"{}" * 50

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("builder.sources.read.tempfile.TemporaryFile", full)
    with pytest.raises(
        OutputError, match=r"no room to unpack a\.json, 100 bytes, .*TMPDIR"
    ):
        open_metadata(path, remote, "a.json")
    monkeypatch.setattr("builder.sources.read.tempfile.gettempdir", full)
    with pytest.raises(OutputError, match="TMPDIR"):
        open_metadata(path, remote, "a.json")


def test_a_disk_that_fills_while_it_is_unpacked(tmp_path, remote, monkeypatch):
    path = tmp_path / "a.zip"
    path.write_bytes(make_zip({"a.json": b"{}"}, method=zipfile.ZIP_DEFLATED))

    class Full(io.BytesIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("builder.sources.read.tempfile.TemporaryFile", Full)
    with pytest.raises(OutputError, match=r"No space left on device.*TMPDIR"):
        open_metadata(path, remote, "a.json")


# The directory of a zip.


def read(file):
    return read_directory(file, where="a.zip", make=dict)


def end(size, offset, count=1, comment=b""):
    fields = (b"PK\x05\x06", 0, 0, count, count, size, offset, len(comment))
    return struct.pack("<4s4H2LH", *fields) + comment


def entry(name=b"a", offset=0, extra=b""):
    fields = (b"PK\x01\x02", 20, 20, *[0] * 7, len(name), len(extra), *[0] * 4, offset)
    return struct.pack("<4s6H3L5H2L", *fields) + name + extra


def test_a_directory_of_many_bytes_is_not_read(tmp_path):
    path = sparse(tmp_path / "a.zip", 3 * 2**30)
    with path.open("ab") as file:
        file.write(end(3 * 2**30, 0))
    tracemalloc.start()
    with (
        path.open("rb") as file,
        pytest.raises(
            SourceError, match="directory of 134,217,728 bytes at most, found 3"
        ),
    ):
        read(file)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_directory_of_many_members_is_not_read(monkeypatch):
    monkeypatch.setattr(zips, "MAX_ZIP_MEMBERS", 3)
    with pytest.raises(SourceError, match="expected a zip directory of 3 members"):
        # Whatever the number at its end says.
        read(io.BytesIO(entry() * 4 + end(4 * len(entry()), 0, count=1)))
    assert len(read(io.BytesIO(make_zip({"a": b"", "b": b"", "c": b""})))) == 3


LIES = {
    "a directory before the start": end(5, 100),
    "a directory behind the end": entry() + end(len(entry()), 2**32 - 2),
    "into itself": entry(offset=10) + end(len(entry()), 0),
    "onto itself": entry() + end(len(entry()), 0),
    "a name cut short": entry(b"a" * 50)[:60] + end(60, 0),
    "an extra field that lies": entry(extra=b"\1\0\xff\0") + end(len(entry()) + 4, 0),
    "zip64 that is not there": end(2**32 - 1, 2**32 - 1, count=0xFFFF),
    "zip64 that leads nowhere": struct.pack("<4sLQL", b"PK\x06\x07", 0, 2**63, 1)
    + end(2**32 - 1, 2**32 - 1, count=0xFFFF),
    "zip64 that leads onto itself": struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    + end(2**32 - 1, 2**32 - 1, count=0xFFFF),
    "a comment that is an end": end(0, 0, comment=end(2**31, 2**31)),
    "a comment cut short": end(0, 0, comment=b"x" * 50)[:-10] + b"PK\5\6",
}


@pytest.mark.parametrize("data", LIES.values(), ids=LIES)
def test_directories_that_lie_are_one_error(data):
    with pytest.raises(SourceError, match="zip"):
        read(io.BytesIO(data))
    with pytest.raises(SourceError, match="zip"):
        read(io.BytesIO(b"PK\3\4" + bytes(200) + data))


def test_names_in_a_zip_are_only_compared_and_never_long_in_a_message(remote, tmp_path):
    names = ["/etc/passwd", "../a", "a\0b", "b\x1b[31m", "c" * 60_000, "CON", "con"]
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            archive.writestr(info, b"bytes")
    store = ZipImages(str(path), "i", ())
    found = store.locate(["../a", "CON", "con"], remote)
    assert [member.name for member in found.members] == ["../a", "CON", "con"]
    assert not any(tmp_path.parent.glob("a"))
    with small_remote(2) as strict, pytest.raises(SourceError) as caught:
        store.locate(["CON"], strict)
    assert len(str(caught.value)) < 500


def test_a_name_of_many_characters_that_is_at_fault_is_cut():
    data = make_zip({"c" * 60_000: b"bytes"})
    with pytest.raises(SourceError, match="c…c") as caught:
        read_directory(io.BytesIO(data), where="a.zip", make=dict, max_size=2)
    assert len(str(caught.value)) < 500


def test_the_size_of_a_remote_file_names_the_option(tmp_path, remote):
    fsspec.filesystem("memory").pipe("/sizes/a.json", bytes(MOST + 1))
    file = MetadataFile("memory://sizes/a.json")
    said = r"expected 10000 at most .*--max-file-size"
    with pytest.raises(FetchError, match=said), file.open(Cache(tmp_path), remote):
        pass
