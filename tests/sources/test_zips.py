"""Real zips, whole and broken, against the two functions that read them."""

import contextlib
import dataclasses
import io
import random
import struct
import zipfile
import zlib
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import DamagedError, SourceError
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.zips import read_directory, unpack, unpack_pieces
from tests.archives import make_zip

URL = "http://host/some.zip"
IMAGE = random.Random(1).randbytes(3000)


def directory(data, etag="", **options):
    make = partial(RemoteMember, url=URL, etag=etag)
    return read_directory(io.BytesIO(data), where=URL, make=make, **options)


def span_of(data, member):
    return memoryview(data)[member.header_offset :][: member.span]


def contents(data):
    """Return what all members hold, read by their spans alone."""
    return {
        name: unpack(span_of(data, member), member)
        for name, member in directory(data).items()
    }


def patched(data, offset, value):
    return data[:offset] + value + data[offset + len(value) :]


FILES = {"train/a.jpg": IMAGE, "train/b.jpg": b"", "ü.txt": b"text" * 1000}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("force_zip64", [False, True])
@pytest.mark.parametrize("comment", [b"", b"a comment", b"c" * 65535])
def test_members_come_out_whole(method, force_zip64, comment):
    data = make_zip(FILES, method=method, force_zip64=force_zip64, comment=comment)
    assert contents(data) == FILES


def test_prepended_bytes_are_allowed_for():
    data = b"#!/bin/sh\n" * 100 + make_zip(FILES)
    assert contents(data) == FILES


def test_fields_are_those_of_the_directory():
    data = make_zip(FILES, method=zipfile.ZIP_DEFLATED)
    members = directory(data, etag='"tag"')
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            member = members[info.filename]
            assert (member.url, member.etag) == (URL, '"tag"')
            for field in (
                "file_size",
                "header_offset",
                "compress_size",
                "compress_type",
                "CRC",
            ):
                assert getattr(member, field) == getattr(info, field)


def test_spans_tile_the_archive():
    data = make_zip(FILES)
    members = list(directory(data).values())
    ends = [member.header_offset + member.span for member in members]
    assert [member.header_offset for member in members] == [0, *ends[:-1]]
    assert data[ends[-1] :][:4] == b"PK\x01\x02"


def test_folders_are_left_out():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("train/", b"")
        archive.writestr("train/a.jpg", IMAGE)
    assert contents(buffer.getvalue()) == {"train/a.jpg": IMAGE}


def test_streamed_archives_have_their_sizes_after_the_data():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.written = b""

        def writable(self):
            return True

        def write(self, data):
            self.written += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", IMAGE)
        archive.writestr("b.jpg", IMAGE * 3)
    assert struct.unpack_from("<H", pipe.written, 6)[0] & 0x8
    assert contents(pipe.written) == {"a.jpg": IMAGE, "b.jpg": IMAGE * 3}


def with_local_extra(data, extra):
    """Return a zip of one member with an extra field in its local header only."""
    name_length = struct.unpack_from("<H", data, 26)[0]
    start = 30 + name_length
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        old = archive.start_dir
    data = patched(data, 28, struct.pack("<H", len(extra)))
    data = data[:start] + extra + data[start:]
    end = data.rindex(b"PK\x05\x06")
    return patched(data, end + 16, struct.pack("<L", old + len(extra)))


def test_the_local_extra_field_counts_not_the_central_one():
    extra = struct.pack("<HH", 0x5455, 100) + bytes(100)
    data = with_local_extra(make_zip({"a.jpg": IMAGE}), extra)
    assert contents(data) == {"a.jpg": IMAGE}


def test_more_than_65535_members_in_few_reads():
    class Counting(io.BytesIO):
        reads = 0

        def read(self, size=-1):
            self.reads += 1
            return super().read(size)

    files = {f"train2017/{number:012d}.jpg": b"%d" % number for number in range(65_600)}
    data = make_zip(files)
    file = Counting(data)
    members = read_directory(file, where=URL, make=partial(RemoteMember, url=URL))
    assert list(members) == list(files)
    assert file.reads <= 4
    last = members["train2017/000000065599.jpg"]
    assert unpack(span_of(data, last), last) == b"65599"


def test_offsets_beyond_4_gib(tmp_path):
    path = tmp_path / "sparse.zip"
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.jpg", IMAGE)
        file.seek(5 * 1024**3)  # a hole: takes no room on disk
        archive.start_dir = file.tell()
        archive.writestr("b.jpg", IMAGE[:100])
    with path.open("rb") as file:
        members = read_directory(
            file, where="", make=partial(LocalMember, path=str(path))
        )
        member = members["b.jpg"]
        assert member.header_offset == 5 * 1024**3
        file.seek(member.header_offset)
        assert unpack(file.read(member.span), member) == IMAGE[:100]
    # The gap after a.jpg is not part of its span.
    assert members["a.jpg"].span < 200_000


def test_stored_members_are_not_copied():
    data = make_zip({"a.jpg": IMAGE})
    member = directory(data)["a.jpg"]
    view = unpack(span_of(data, member), member)
    assert isinstance(view, memoryview)
    assert view.obj is data


def test_names_are_told_apart_by_nul_and_kept():
    data = make_zip({"a.jpgXevil": IMAGE}).replace(b"a.jpgX", b"a.jpg\0")
    assert list(directory(data)) == ["a.jpg\0evil"]


# What is refused when the directory is read.


@pytest.mark.parametrize("kept", [0, 10, 0.5, -1, -22, -40])
def test_truncated_archives(kept):
    data = make_zip(FILES)
    data = data[: int(len(data) * kept) if isinstance(kept, float) else kept]
    with pytest.raises(SourceError, match=r"http://host/some\.zip has no readable zip"):
        directory(data)


def central(data):
    return data.index(b"PK\x01\x02")


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (8, struct.pack("<H", 0x1), "is encrypted"),
        (10, struct.pack("<H", 12), "compression method 12; expected 0 or 8"),
        (34, struct.pack("<H", 3), "lies on disk 3"),
        (24, struct.pack("<L", 2**31), "declares 2147483648 bytes"),
        (24, struct.pack("<L", 7), "is stored as 3000 bytes but declares 7"),
        (20, struct.pack("<LL", 90_000, 90_000), "needs 90035 bytes, but"),
        (42, struct.pack("<L", 10**6), "starts at byte 1000000"),
        (6, struct.pack("<H", 99), "zip file version 9.9"),
        (0, b"PKxx", "Bad magic number"),
    ],
)
def test_directory_entries_that_are_refused(offset, value, message):
    data = make_zip({"a.jpg": IMAGE})
    data = patched(data, central(data) + offset, value)
    with pytest.raises(SourceError, match=message) as caught:
        directory(data)
    # The archive is named, and the member where there is one.
    told = str(caught.value)
    assert told.startswith(f"{URL} has" if "directory" in told[:60] else f"{URL}: mem")
    assert "member 'a.jpg' " in told or "no readable zip directory" in told


def test_two_members_at_one_place():
    data = make_zip({"a.jpg": IMAGE, "b.jpg": IMAGE})
    second = data.rindex(b"PK\x01\x02")
    data = patched(data, second + 42, struct.pack("<L", 0))
    with pytest.raises(SourceError, match=r"'[ab].jpg' starts at byte 0"):
        directory(data)


def test_duplicate_names():
    data = make_zip({"a.jpg": IMAGE, "b.jpg": IMAGE}).replace(b"b.jpg", b"a.jpg")
    with pytest.raises(SourceError, match=r"'a\.jpg' appears twice"):
        directory(data)


def test_the_limit_on_a_member_can_be_set():
    data = make_zip({"a.jpg": IMAGE})
    assert directory(data, max_size=3000)
    with pytest.raises(SourceError, match="declares 3000 bytes; expected 2999 at most"):
        directory(data, max_size=2999)


def test_secrets_in_the_url_stay_out_of_messages():
    data = make_zip({"a.jpg": IMAGE})
    secret = dataclasses.replace(
        directory(data)["a.jpg"], url="https://u:pw@host/a.zip?sig=abc"
    )
    with pytest.raises(DamagedError, match=r"^https://host/a\.zip: member") as caught:
        unpack(b"", secret)
    assert "pw" not in str(caught.value)
    assert "abc" not in str(caught.value)


@given(st.data())
def test_damaged_directories_never_end_in_another_error(draws):
    data = bytearray(make_zip(FILES, method=zipfile.ZIP_DEFLATED))
    start = central(data)
    for _ in range(draws.draw(st.integers(1, 4))):
        data[draws.draw(st.integers(start, len(data) - 1))] = draws.draw(
            st.integers(0, 255)
        )
    with contextlib.suppress(SourceError):
        contents(bytes(data))


# What is refused when a member is unpacked.


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (0, b"PKxx", "expected the header"),
        (30, b"b.jpg", "its own name in the header, found 'b.jpg'"),
        (8, struct.pack("<H", 8), "plain data of method 0, found method 8"),
        (6, struct.pack("<H", 1), "flags 0x0001"),
        (18, struct.pack("<L", 5), "3000 bytes of data, found 5"),
        (28, struct.pack("<H", 9), "3000 bytes of data, found 2991"),
        (100, b"\xff\x00\xff", "expected CRC-32"),
    ],
)
def test_local_headers_and_data_that_are_refused(offset, value, message):
    data = make_zip({"a.jpg": IMAGE})
    member = directory(data)["a.jpg"]
    with pytest.raises(DamagedError, match=message) as caught:
        unpack(span_of(patched(data, offset, value), member), member)
    assert "member 'a.jpg' at byte 0" in str(caught.value)


@pytest.mark.parametrize("length", [0, 29, 30, 34, 3000])
def test_short_spans(length):
    data = make_zip({"a.jpg": IMAGE})
    member = directory(data)["a.jpg"]
    with pytest.raises(DamagedError, match="is damaged: expected"):
        unpack(data[:length], member)


def bomb():
    """Return a zip whose member declares 100 bytes and inflates to 50 MB."""
    data = make_zip({"a.jpg": bytes(50_000_000)}, method=zipfile.ZIP_DEFLATED)
    data = patched(data, 22, struct.pack("<L", 100))
    return patched(data, central(data) + 24, struct.pack("<L", 100))


def test_a_large_member_comes_in_pieces():
    image = random.Random(1).randbytes(300_000) + bytes(9_000_000) + b"end"
    data = make_zip({"a.json": image, "empty": b""}, method=zipfile.ZIP_DEFLATED)
    for member in directory(data).values():
        pieces = list(unpack_pieces(span_of(data, member), member))
        assert b"".join(pieces) == (image if member.file_size else b"")
        assert max(map(len, pieces), default=0) <= 1024**2


def test_a_bomb_is_inflated_to_one_byte_too_many_and_no_further(monkeypatch):
    data = bomb()
    member = directory(data)["a.jpg"]
    inflated = []
    real = zlib.decompressobj

    class Recording:
        def __init__(self, *args):
            self.inflater = real(*args)

        def decompress(self, *args):
            inflated.append(self.inflater.decompress(*args))
            return inflated[-1]

    monkeypatch.setattr(zlib, "decompressobj", Recording)
    with pytest.raises(DamagedError, match="100 bytes, found more: a zip bomb"):
        unpack(span_of(data, member), member)
    assert [len(part) for part in inflated] == [101]


def test_deflate_streams_that_are_cut_or_damaged():
    data = make_zip({"a.jpg": b"text" * 1000}, method=zipfile.ZIP_DEFLATED)
    member = directory(data)["a.jpg"]
    whole = zlib.compressobj(9, zlib.DEFLATED, -15)
    endless = whole.compress(b"text" * 1000) + whole.flush(zlib.Z_SYNC_FLUSH)
    header = data[:18] + struct.pack("<L", len(endless)) + data[22:35]
    cut = dataclasses.replace(
        member, compress_size=len(endless), span=35 + len(endless)
    )
    with pytest.raises(DamagedError, match="a whole deflate stream, found one that is"):
        unpack(header + endless, cut)
    with pytest.raises(DamagedError, match="expected deflated data, found"):
        unpack(patched(data, 35, b"\xff\xff\xff\xff"), member)
    shorter = dataclasses.replace(member, file_size=5000)
    with pytest.raises(DamagedError, match="expected 5000 bytes, found 4000"):
        unpack(data, shorter)


@given(st.data())
def test_a_damaged_span_never_gives_other_bytes(draws):
    data = make_zip({"a.jpg": IMAGE}, method=zipfile.ZIP_DEFLATED)
    member = directory(data)["a.jpg"]
    span = bytearray(span_of(data, member))
    place = draws.draw(st.integers(0, len(span) - 1))
    span[place] ^= draws.draw(st.integers(1, 255))
    with contextlib.suppress(DamagedError):
        assert unpack(bytes(span), member) == IMAGE


def test_a_member_without_a_name_is_no_other_error():
    """`zipfile.ZipInfo.is_dir` looks at the last letter of the name."""
    data = make_zip({"a": IMAGE})
    place = data.rindex(b"PK\x01\x02")
    # The directory says that the name has no letter, and the comment one.
    data = patched(data, place + 28, struct.pack("<HHH", 0, 0, 1))
    assert set(directory(data)) == {""}
