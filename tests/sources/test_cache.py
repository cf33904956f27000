"""What the cache keeps, what it does not believe, and what it never touches."""

import errno
import io
import json
import os
import shutil
import threading
import zlib
from pathlib import Path

import pytest

from builder.errors import OutputError
from builder.sources import own_files
from builder.sources.cache import Cache, cache_root, clear_cache, list_cache
from builder.sources.member import RemoteMember
from tests.hostile_folders import KINDS, make_outside, put, untouched

DATA = bytes(range(256)) * 10


def in_zip(name="a.jpg", data=DATA, **fields):
    options = {"url": "http://host/a.zip", "etag": '"1"', "header_offset": 0} | fields
    return RemoteMember(name, file_size=len(data), CRC=zlib.crc32(data), **options)


def alone(url="http://host/train/a.jpg", size=2560, etag='"1"'):
    return RemoteMember("a.jpg", url, size, etag)


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def files(root):
    return sorted(path for path in Path(root).rglob("*") if path.is_file())


@pytest.mark.parametrize("member", [in_zip(), alone(), alone(size=-1)])
def test_what_was_written_is_found(cache, member):
    assert not cache.has(member)
    assert cache.find(member) is None
    path = cache.write(member, DATA)
    assert cache.has(member)
    assert cache.find(member) == path
    assert path.read_bytes() == DATA
    assert not [path for path in files(cache.root) if path.suffix == ".tmp"]


@pytest.mark.parametrize(
    ("member", "others"),
    [
        (
            in_zip(),
            [
                in_zip("b.jpg"),
                in_zip(url="http://host/b.zip"),
                in_zip(etag='"2"'),
                in_zip(data=DATA[::-1]),
                alone(),
            ],
        ),
        (alone(), [alone("http://host/train/b.jpg"), alone(etag='"2"'), in_zip()]),
        (
            alone("http://host/a.jpg?key=1"),
            [alone("http://host/a.jpg?key=2"), alone("http://host/a.jpg")],
        ),
    ],
)
def test_entries_are_told_apart(cache, member, others):
    cache.write(member, DATA)
    for other in others:
        assert cache.path_of(other) != cache.path_of(member)
        assert cache.find(other) is None


@pytest.mark.parametrize("member", [in_zip(), alone()])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
def test_damaged_entries_are_not_found(cache, member, damage):
    path = cache.write(member, DATA)
    if damage == "gone":
        path.unlink()
    else:
        flipped = bytes([DATA[0] ^ 1]) + DATA[1:]
        path.write_bytes({"flip": flipped, "cut": DATA[:-1], "empty": b""}[damage])
    assert cache.find(member) is None
    assert cache.has(member) == (damage == "flip")
    cache.write(member, DATA)
    assert cache.find(member) == path


@pytest.mark.parametrize("text", [None, "", "no number", "00000000", "\xff"])
def test_entries_without_their_checksum_are_not_believed(cache, text):
    path = cache.write(alone(), DATA)
    beside = path.with_name(path.name + ".crc")
    beside.unlink() if text is None else beside.write_text(text, "latin-1")
    assert cache.find(alone()) is None


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/passwd", "a\0b", "C:\\evil", "\udcff", "x" * 5000]
)
def test_names_never_become_paths(cache, name):
    member = in_zip(name, url=f"memory://{name}", etag=name)
    path = cache.write(member, DATA)
    assert cache.find(member) == path
    assert path.resolve().parent.parent == cache.root.resolve() / "fetched"
    assert list(cache.root.parent.iterdir()) == [cache.root]


def test_an_error_while_writing_leaves_nothing(cache):
    def break_off():
        with cache.writing(alone()) as file:
            file.write(DATA[:100])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    assert [path.name for path in files(cache.root)] == ["source.json"]


def test_a_full_disk_is_named_and_what_was_kept_stays(cache, monkeypatch):
    cache.write(in_zip("a.jpg"), DATA)
    real = own_files.create

    class Full(io.FileIO):
        def write(self, data):
            super().write(data[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def create(root, name):
        real(root, name).close()
        return Full(os.path.join(root, name), "w")  # noqa: PTH118

    monkeypatch.setattr(own_files, "create", create)
    with pytest.raises(OutputError, match=r"\(No space left on device\): free some"):
        cache.write(in_zip("b.jpg"), DATA)
    monkeypatch.undo()
    assert cache.find(in_zip("a.jpg"))
    assert len(files(cache.root)) == 2


def test_a_root_that_is_a_file(tmp_path):
    (tmp_path / "cache").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written"):
        Cache(tmp_path / "cache").write(in_zip(), DATA)


def test_many_threads_write_and_read_one_entry(cache):
    member, seen, barrier = in_zip(), [], threading.Barrier(8)

    def work():
        barrier.wait()
        for _ in range(20):
            cache.write(member, DATA)
            seen.append(cache.find(member))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [cache.path_of(member)] * 160
    assert len(files(cache.root)) == 2


def test_where_the_root_is(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIMSET_CACHE", str(tmp_path / "a"))
    assert Cache().root == tmp_path / "a"
    assert Cache(tmp_path / "b").root == tmp_path / "b"
    monkeypatch.setenv("TRIMSET_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root().name.lower() == "trimset"


def test_listing_and_clearing(cache):
    assert list_cache(cache.root) == []
    assert clear_cache(cache.root) == 0
    secret = "https://me:password@host/a.zip?signature=s3cret"
    for name in ("a.jpg", "b.jpg"):
        cache.write(in_zip(name, url=secret), DATA)
    cache.write(alone("http://host/train/a.jpg"), DATA)
    cache.write(alone("http://host/train/b.jpg"), DATA)
    found = [(entry.url, entry.etag, entry.files) for entry in list_cache(cache.root)]
    assert found == [("http://host/train", "", 2), ("https://host/a.zip", '"1"', 2)]
    assert all(entry.bytes == 2 * len(DATA) for entry in list_cache(cache.root))
    kept = b"".join(path.read_bytes() for path in files(cache.root))
    assert b"password" not in kept
    assert b"s3cret" not in kept
    assert clear_cache(cache.root) == 4 * len(DATA)
    assert list_cache(cache.root) == []
    assert files(cache.root) == []


def test_clearing_leaves_foreign_files_alone(tmp_path):
    cache = Cache(tmp_path)
    folder = cache.write(in_zip(), DATA).parent
    outside = tmp_path.parent / "outside"
    outside.mkdir(exist_ok=True)
    (outside / "photo").write_bytes(b"mine")
    (tmp_path / "thesis.tex").write_bytes(b"mine")
    (tmp_path / "fetched" / "notes").mkdir()
    (tmp_path / "fetched" / ("a" * 32)).symlink_to(outside)
    clear_cache(tmp_path)
    assert not folder.exists()
    assert (outside / "photo").read_bytes() == b"mine"
    assert (tmp_path / "thesis.tex").exists()
    assert (tmp_path / "fetched" / "notes").exists()


@pytest.mark.parametrize("text", [None, "no json", "[]", json.dumps({"url": "x"})])
def test_sources_that_do_not_say_what_they_are(cache, text):
    beside = cache.write(in_zip(), DATA).with_name("source.json")
    beside.unlink() if text is None else beside.write_text(text)
    assert [entry.url for entry in list_cache(cache.root)] == ["unknown"]
    assert clear_cache(cache.root) == len(DATA)


@pytest.fixture
def outside(tmp_path):
    return make_outside(tmp_path)


def places(cache, member):
    """Return what may be another thing than the cache made, by name."""
    path = cache.path_of(member)
    return {
        "fetched": path.parent.parent,
        "source": path.parent,
        "entry": path,
        "crc": path.with_name(f"{path.name}.crc"),
        "source.json": path.with_name("source.json"),
    }


@pytest.mark.parametrize("member", [in_zip(), alone()])
@pytest.mark.parametrize("place", ["fetched", "source", "entry", "crc", "source.json"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_link_leads_out_of_the_cache(kind, place, member, cache, outside):
    """And no pipe holds it up."""
    cache.write(member, DATA)
    # The very entries, where a link would lead to.
    shutil.copytree(cache.root / "fetched", outside, dirs_exist_ok=True)
    shutil.copytree(cache.path_of(member).parent, outside, dirs_exist_ok=True)
    shutil.copy(cache.path_of(member), outside / "mine")
    put(kind, places(cache, member)[place], outside)
    with untouched(outside):
        found = cache.find(member)
        assert found is None or place in {"crc", "source.json", "fetched", "source"}
        list_cache(cache.root)
        cache.sweep()
        try:
            path = cache.write(member, DATA)
        except OutputError as err:
            assert place in {"fetched", "source"}
            assert "cannot be written" in str(err)  # noqa: PT017
        else:
            assert path.read_bytes() == DATA
            assert not path.is_symlink()
            assert cache.find(member) == path
        clear_cache(cache.root)


def test_a_hard_link_in_the_cache_is_not_written_to(cache, outside):
    cache.write(alone(), DATA)
    for name in ("entry", "crc"):
        path = places(cache, alone())[name]
        path.unlink()
        os.link(outside / "mine", path)
    assert cache.find(alone()) is None
    cache.write(alone(), DATA)
    assert cache.find(alone())
    assert (outside / "mine").read_text() == "mine"


def test_clearing_and_sweeping_take_own_files_alone(cache):
    folder = cache.write(alone(), DATA).parent
    other = cache.write(in_zip(), DATA).parent
    name = "a" * 32
    mine = {"notes", "a.tmp", f"{name}g", f"{name}.tmp", f"{name}.{'b' * 15}.tmp"}
    mine |= {"deep"}
    for name in mine - {"deep"}:
        (folder / name).write_text("mine")
        os.utime(folder / name, (0, 0))
    (folder / "deep" / ("c" * 32)).mkdir(parents=True)
    (folder / ("d" * 32)).mkdir()
    left = [f"{'a' * 32}.{'b' * 16}.tmp", f"{'a' * 32}.crc.{'b' * 16}.tmp",
            f"source.json.{'b' * 16}.tmp"]  # fmt: skip
    for name in left:
        (folder / name).write_text("half")
    cache.sweep()
    assert all((folder / name).exists() for name in left)
    for name in left[:2]:
        os.utime(folder / name, (0, 0))
    cache.sweep()
    assert [name for name in left if (folder / name).exists()] == left[2:]
    assert clear_cache(cache.root) == 2 * len(DATA)
    assert {path.name for path in folder.iterdir()} == mine | {"d" * 32}
    assert not other.exists()
    assert len(list(folder.rglob("*"))) == 8


def test_a_cache_may_lie_on_another_disk(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "cache").symlink_to(tmp_path / "disk")
    cache = Cache(tmp_path / "cache")
    assert cache.find(in_zip()) is None
    path = cache.write(in_zip(), DATA)
    assert cache.find(in_zip()) == path
    assert clear_cache(tmp_path / "cache") == len(DATA)
    assert [path.name for path in (tmp_path / "disk").rglob("*")] == ["fetched"]
