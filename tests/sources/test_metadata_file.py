"""Metadata files, of their own and in zips, here and elsewhere: one road for all."""

import errno
import io
import os
import random
import struct
import zipfile
from functools import cache

import pytest

from builder.errors import (
    DamagedError,
    FetchError,
    MissingError,
    OutputError,
    SourceError,
)
from builder.sources.cache import Cache
from builder.sources.metadata_file import MetadataFile
from builder.sources.remote import Remote
from tests.archives import make_zip
from tests.servers.range_server import RangeServer

NAME = "annotations/all.json"
CHOOSE = random.Random(3)
DATA = bytes(CHOOSE.choices(b"0123456789,[]", k=1_200_000))
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]
# Of the only member of a zip: its header has 30 bytes before the name.
START = 30 + len(NAME)


@pytest.fixture(params=["local", "remote"])
def place(request, tmp_path, monkeypatch):
    """Return a function that puts a file somewhere, and tells where."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def put_here(name, data):
        (tmp_path / name).write_bytes(data)
        return str(tmp_path / name)

    if request.param == "local":
        yield put_here
        return
    with RangeServer({}) as server:

        def put_there(name, data):
            server.files[name] = data
            return server.url(name)

        yield put_there


@pytest.fixture
def read(tmp_path):
    """Return a function that reads a metadata file, and how much was fetched of it."""

    def read(path, member=""):
        steps = []
        with (
            Remote() as remote,
            MetadataFile(path, member).open(
                Cache(tmp_path / "cache"), remote, lambda *step: steps.append(step)
            ) as view,
        ):
            data = bytes(view)
        assert {stage for stage, _, _ in steps} <= {"metadata"}
        assert {total for _, _, total in steps} <= {sum(n for _, n, _ in steps)}
        return data

    return read


def patched(data, offset, value):
    return data[:offset] + value + data[offset + len(value) :]


@cache
def zipped(method=zipfile.ZIP_DEFLATED, data=DATA):
    return make_zip({NAME: data}, method=method)


@pytest.mark.parametrize("data", [DATA, b"[]", b""], ids=["large", "small", "empty"])
def test_files_of_their_own(place, read, data):
    assert read(place("all.json", data)) == data


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("data", [DATA, b"[]", b""], ids=["large", "small", "empty"])
def test_members_of_zips(place, read, method, data):
    assert read(place("a.zip", zipped(method, data)), NAME) == data


def test_a_stored_member_is_mapped_where_it_lies(tmp_path, monkeypatch):
    def no_copy():
        raise AssertionError

    monkeypatch.setattr("builder.sources.read.tempfile.TemporaryFile", no_copy)
    (tmp_path / "a.zip").write_bytes(zipped(zipfile.ZIP_STORED))
    file = MetadataFile(str(tmp_path / "a.zip"), NAME)
    with Remote() as remote, file.open(Cache(tmp_path / "cache"), remote) as view:
        assert view == DATA
    assert not (tmp_path / "cache").exists()


class FullFile(io.BytesIO):
    """A temporary file on a disk without room."""

    def write(self, _):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def unwritable():
    """Fail as tempfile does where there is no folder for it."""
    raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in []")


@pytest.mark.parametrize(
    ("temporary", "reason"), [(FullFile, "No space left"), (unwritable, "No usable")]
)
def test_a_member_that_has_no_room_here_is_no_fault_of_its_source(
    temporary, reason, tmp_path, monkeypatch
):
    monkeypatch.setattr("builder.sources.read.tempfile.TemporaryFile", temporary)
    (tmp_path / "a.zip").write_bytes(zipped(zipfile.ZIP_DEFLATED))
    file = MetadataFile(str(tmp_path / "a.zip"), NAME)
    words = rf"no room to unpack {NAME}, {len(DATA):,} bytes, .*{reason}.* set TMPDIR"
    with (
        Remote() as remote,
        pytest.raises(OutputError, match=words),
        file.open(Cache(tmp_path / "cache"), remote),
    ):
        pass


# What is refused: in one line, which says where and what to do.


def flags(data, value):
    """Set the flags of the only member, in both of its headers."""
    value = struct.pack("<H", value)
    return patched(patched(data, 6, value), data.rindex(b"PK\x01\x02") + 8, value)


def sizes(data, value):
    """Let the only member declare another size, in both of its headers."""
    value = struct.pack("<L", value)
    return patched(patched(data, 22, value), data.rindex(b"PK\x01\x02") + 24, value)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("harm", "error", "message"),
    [
        (lambda data: flags(data, 1), SourceError, "is encrypted; expected plain"),
        (lambda data: data[:-40], SourceError, "has no readable zip directory"),
        (lambda _: b"<html>no zip</html>", SourceError, "has no readable zip dir"),
        (lambda data: sizes(data, 2**30), SourceError, "declares 1073741824 bytes"),
        (lambda _: make_zip({"x": b""}), SourceError, f"{NAME} in it, found x"),
        (lambda _: make_zip({}), SourceError, f"{NAME} in it, found nothing"),
        (lambda data: patched(data, 2, b"\0"), DamagedError, "expected the header"),
    ],
    ids=["encrypted", "cut", "no zip", "huge", "another", "empty", "header"],
)  # fmt: skip
def test_zips_that_cannot_be_used(place, read, method, harm, error, message):
    path = place("a.zip", harm(zipped(method)))
    with pytest.raises(error, match=message) as caught:
        read(path, NAME)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (patched(zipped(zipfile.ZIP_STORED), START + 9, b"xx"), "expected CRC-32"),
        (patched(zipped(), START + 9, b"\xff" * 9), "expected deflated data, found"),
        (sizes(zipped(), 100), "expected 100 bytes, found more: a zip bomb"),
        (sizes(zipped(), 1_300_000), "expected 1300000 bytes, found 1200000"),
        (patched(zipped(), zipped().rindex(b"PK\x01\x02") + 16, b"abcd"), "CRC-32"),
    ],
    ids=["stored", "deflated", "more", "less", "sum"],
)
def test_members_that_are_damaged(place, read, data, message, tmp_path):
    path = place("a.zip", data)
    with pytest.raises(DamagedError, match=message) as caught:
        read(path, NAME)
    assert f"{path}: member '{NAME}' at byte 0 is damaged" in str(caught.value)
    assert str(caught.value).endswith("get the archive anew")
    assert not [path for path in tmp_path.rglob("cache/*/*/*") if path.suffix == ""]


def test_files_that_are_not_there(place, read):
    path = place("a.zip", zipped()).replace("a.zip", "b.zip")
    for member in ("", NAME):
        with pytest.raises(MissingError, match="no such file"):
            read(path, member)


def test_files_that_may_not_be_read(tmp_path, read, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.zip").write_bytes(zipped())
    monkeypatch.setattr("builder.sources.links.open_regular", refuse)
    with pytest.raises(SourceError, match=r"a\.zip: cannot be read: Permission denied"):
        read(str(tmp_path / "a.zip"), NAME)
    with pytest.raises(SourceError, match=r"cannot read a\.zip: Permission denied"):
        read(str(tmp_path / "a.zip"))


def test_errors_of_who_reads_it_stay_as_they_are(tmp_path):
    (tmp_path / "all.json").write_bytes(DATA)
    file = MetadataFile(str(tmp_path / "all.json"))
    with (
        pytest.raises(OSError, match="of the reader"),
        Remote() as remote,
        file.open(Cache(tmp_path / "cache"), remote),
    ):
        raise OSError("of the reader")


def test_a_closed_remote_reads_nothing_more(place, tmp_path):
    path = place("all.json", DATA)
    remote = Remote()
    remote.close()
    file = MetadataFile(path)
    if file.url:
        with (
            pytest.raises(FetchError, match="was stopped"),
            file.open(Cache(tmp_path / "cache"), remote),
        ):
            pass
        return
    with file.open(Cache(tmp_path / "cache"), remote) as view:
        assert view == DATA


def test_what_a_lock_says_of_it(place):
    path = place("all.json", b"[]")
    file = MetadataFile(path)
    told = file.describe("annotations", memoryview(b"[]"))
    digest = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945"
    expected = {"role": "annotations", "name": "all.json", "sha256": digest, "bytes": 2}
    assert told == expected | ({"url": path} if "://" in path else {})
    assert MetadataFile("/data/a.zip", NAME).name == "all.json"
    assert MetadataFile("file:///data/a.zip", NAME).url == ""
