"""Links within a source are followed; those that lead out of it only if allowed."""

import errno
import os
import pickle

import pytest

from builder.errors import SourceError
from builder.sources import links
from builder.sources.cache import Cache
from builder.sources.image_stores import FolderImages, ZipImages
from builder.sources.links import check_within, leads_to, open_within, root_of
from builder.sources.metadata_file import MetadataFile
from builder.sources.places import Place, given_file, given_images
from builder.sources.read import mapped, read_image
from builder.sources.remote import Remote
from tests.archives import make_zip
from tests.sources.hostile_files import at_once, link, pipe

OUT = r"a link leads out of the source, to .*out.*--follow-links"


@pytest.fixture
def remote():
    with Remote() as remote:
        yield remote


@pytest.fixture
def source(tmp_path):
    (tmp_path / "in/train").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    (tmp_path / "in/a.jpg").write_bytes(b"in")
    (tmp_path / "out/a.jpg").write_bytes(b"out")
    return tmp_path / "in"


def ways_out(source):
    """Return paths that lead out of a source: by a file, a folder, a chain, or `..`."""
    out = source.parent / "out"
    link(source / "file.jpg", out / "a.jpg")
    link(source / "folder", out)
    link(source / "chain.jpg", source / "folder/a.jpg")
    link(source / "up", "..")
    names = ("file.jpg", "folder/a.jpg", "chain.jpg", "up/out/a.jpg")
    return [str(source / name) for name in names]


@pytest.mark.parametrize("told", [True, False], ids=["system tells", "by path"])
def test_no_link_leads_out(source, monkeypatch, told):
    if not told:
        monkeypatch.setattr(links, "_opened", lambda _: "")
    root = root_of(source)
    for path in ways_out(source):
        with pytest.raises(SourceError, match=OUT):
            open_within(path, root)
        with pytest.raises(SourceError, match=OUT):
            check_within(path, root)
        with open_within(path, "") as file:
            assert file.read() == b"out"
    inside = [
        source / "a.jpg",
        link(source / "train/b.jpg", "../a.jpg"),
        link(source / "train/c.jpg", source / "train/b.jpg"),
        link(source / "again", source) / "a.jpg",
        link(source.parent / "name", source) / "a.jpg",
    ]
    for path in inside:
        with open_within(str(path), root) as file:
            assert file.read() == b"in"
        check_within(str(path), root)


def test_a_folder_whose_name_begins_alike_is_another_one(source):
    beside = source.with_name("in2")
    beside.mkdir()
    (beside / "a.jpg").write_bytes(b"out")
    with pytest.raises(SourceError, match="leads out"):
        open_within(str(link(source / "b.jpg", beside / "a.jpg")), root_of(source))
    assert leads_to("/etc", "/") == ""


def test_a_file_that_is_another_one_by_then_is_not_read(source, monkeypatch):
    other = source.parent / "out/a.jpg"
    monkeypatch.setattr(
        links, "open_regular", lambda _, **__: other.open("rb", buffering=0)
    )
    with pytest.raises(SourceError, match="changed while it was opened"):
        open_within(str(source / "a.jpg"), root_of(source))


def test_a_snapshot_of_the_hub_is_read_as_its_cache_links_it(tmp_path):
    repo = tmp_path / "datasets--me--traffic"
    (repo / "blobs").mkdir(parents=True)
    (repo / "blobs/1234").write_bytes(b"blob")
    snapshot = repo / "snapshots/abc"
    path = link(snapshot / "train/a.jpg", "../../../blobs/1234")
    for root in (snapshot, snapshot / "train"):
        with open_within(str(path), root_of(root)) as file:
            assert file.read() == b"blob"
    (tmp_path / "plain.jpg").write_bytes(b"plain")
    root = root_of(snapshot)
    other = tmp_path / "datasets--me--other/blobs/1234"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"other")
    with pytest.raises(SourceError, match="leads out"):
        open_within(str(link(snapshot / "b.jpg", other)), root)
    with pytest.raises(SourceError, match="leads out"):
        open_within(str(link(snapshot / "c.jpg", "../../../plain.jpg")), root)
    plain = tmp_path / "plain/snapshots/abc"
    link(plain / "a.jpg", other)
    (tmp_path / "plain/blobs").mkdir()
    with pytest.raises(SourceError, match="leads out"):
        open_within(str(plain / "a.jpg"), root_of(plain))


# Where they are used.


def test_images_of_a_folder(source, remote):
    ways_out(source)
    for name in ("file.jpg", "folder/a.jpg", "chain.jpg", "up/out/a.jpg"):
        with pytest.raises(SourceError, match=OUT):
            FolderImages((str(source),), "images").locate([name], remote)
        allowed = FolderImages((str(source),), "images", root="").locate([name], remote)
        assert read_image(allowed.members[0]) == b"out"
    for name in ("a.jpg", "x/a.jpg"):
        found = FolderImages((str(source),), "images").locate([name], remote)
        assert found.members[0].path == str(source / "a.jpg")
        assert read_image(found.members[0]) == b"in"


def test_an_image_that_becomes_a_link_is_not_read(source, remote):
    [member] = FolderImages((str(source),), "i").locate(["a.jpg"], remote).members
    (source / "a.jpg").unlink()
    (source.parent / "out/a.jpg").write_bytes(b"ut")
    link(source / "a.jpg", source.parent / "out/a.jpg")
    # As a worker in another process gets it.
    with pytest.raises(SourceError, match=OUT):
        read_image(pickle.loads(pickle.dumps(member)))


def test_an_image_that_becomes_a_pipe_is_not_waited_for(source, remote):
    [member] = FolderImages((str(source),), "i").locate(["a.jpg"], remote).members
    (source / "a.jpg").unlink()
    pipe(source / "a.jpg")
    with pytest.raises(SourceError, match="not a regular file"):
        at_once(lambda: read_image(member))


def test_images_elsewhere_are_not_found_and_the_links_are_named(source, remote):
    (source.parent / "out/b.jpg").write_bytes(b"b")
    link(source / "more", source.parent / "out")
    store = FolderImages((str(source),), "images")
    found = store.locate(["b.jpg"], remote)
    assert found.members == [None]
    assert "more -> " in found.reasons[0]
    assert "--follow-links" in found.reasons[0]
    store = FolderImages((str(source),), "images", root="")
    [member] = store.locate(["b.jpg"], remote).members
    assert member.path == str(source / "more/b.jpg")


def test_links_in_a_circle_end(source, remote):
    deep = source / "d"
    for number in range(5):
        deep = deep / str(number)
        deep.mkdir(parents=True)
        link(deep / "top", source)
        link(deep / "above", "..")
        link(deep / "self", "self")
    (deep / "z.jpg").write_bytes(b"z")
    for root in (None, ""):
        store = FolderImages((str(source),), "images", root)
        found = at_once(lambda store=store: store.locate(["q/z.jpg"], remote))
        assert found.members[0].file_size == 1


def test_what_is_no_file_is_no_image_and_named(source, remote, tmp_path):
    pipe(source / "p.jpg")
    (source / "d.jpg").mkdir()
    link(source / "zero.jpg", "/dev/zero")
    store = FolderImages((str(source),), "images", root="")
    names = ["p.jpg", "d.jpg", "zero.jpg"]
    found = at_once(lambda: store.locate(names, remote))
    assert found.members == [None] * 3
    no_file = "is not a regular file"
    assert found.reasons == {0: no_file, 1: "is a folder", 2: no_file}


def test_what_is_not_ours_to_read_is_told_from_what_is_not_there(
    source, remote, monkeypatch
):
    def refusing(call):  # as below a folder of somebody else
        def refuse(path, **options):
            if str(path).endswith("shut/q.jpg"):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return call(path, **options)

        return refuse

    store = FolderImages((str(source),), "images", root="")
    with monkeypatch.context() as patched:
        for call in ("stat", "lstat"):
            patched.setattr(os, call, refusing(getattr(os, call)))
        found = store.locate(["shut/q.jpg"], remote)
    assert found.members == [None]
    assert found.reasons == {0: "cannot be looked at (Permission denied)"}


def test_metadata_and_zips_of_a_source(source, remote, tmp_path):
    out = tmp_path / "out"
    (out / "a.json").write_bytes(b"{}")
    (out / "a.zip").write_bytes(make_zip({"a.json": b"{}", "a.jpg": b"zipped"}))
    for name in ("a.json", "a.zip"):
        link(source / name, out / name)
    root = root_of(source)

    def read(**options):
        path = str(source / "a.json")
        with MetadataFile(path, **options).open(Cache(tmp_path / "c"), remote) as view:
            return bytes(view)

    assert read() == b"{}"  # the file itself was named
    with pytest.raises(SourceError, match=OUT):
        read(root=root)
    with pytest.raises(SourceError, match=OUT):
        MetadataFile(str(source / "a.zip"), root=root).inside(remote)
    archive = ZipImages(str(source / "a.zip"), "i", (), root)
    with pytest.raises(SourceError, match=OUT):
        archive.locate(["a.jpg"], remote)
    [member] = ZipImages(archive.path, "i", ()).locate(["a.jpg"], remote).members
    assert read_image(member) == b"zipped"
    with mapped(member) as view:
        assert view == b"zipped"


def test_a_place_knows_its_root(source, remote, tmp_path):
    link(tmp_path / "name", source)
    place = Place(str(tmp_path / "name"), remote)
    assert place.root_of(place.full("train/")) == root_of(source)
    assert place.root_of(place.full("./x/../a.jpg")) == root_of(source)
    # What was named with a path of its own is its own root.
    assert place.root_of(place.full("../out/a.jpg")) is None
    assert place.root_of(place.full(str(tmp_path / "out"))) is None
    assert Place("http://127.0.0.1:9/a", remote).root_of("http://host/b") is None
    allowed = Place(str(source), remote, follow_links=True)
    assert allowed.root_of(allowed.full("a.jpg")) == ""
    link(source / "images", tmp_path / "out")
    with pytest.raises(SourceError, match=OUT):
        place.images(["images/"]).locate(["a.jpg"], remote)
    assert allowed.images(["images/"]).locate(["a.jpg"], remote).members[0] is not None
    given = given_images(str(source / "images"), "train")
    assert given.locate(["a.jpg"], remote).members[0] is not None


# Pipes and devices that somebody names.


@pytest.mark.parametrize("place", ["pipe", "/dev/zero", "/dev/null"])
def test_what_is_named_must_be_a_file(tmp_path, remote, place):
    path = str(pipe(tmp_path / "pipe") if place == "pipe" else place)
    words = "found a pipe or a device, which cannot be read twice: save it as a file"
    calls = {
        "given_file": lambda: given_file(path),
        "given_images": lambda: given_images(path, "train"),
        "images": lambda: Place(str(tmp_path), remote).images([path]),
        "source": lambda: Place(path, remote).folder,
        "metadata": lambda: (
            MetadataFile(path).open(Cache(tmp_path), remote).__enter__()
        ),
    }
    for call in calls.values():
        with pytest.raises(SourceError, match=words):
            at_once(call)
    assert not MetadataFile(path).is_archive()


def test_what_lies_in_the_place_of_a_file_is_named(tmp_path, remote):
    pipe(tmp_path / "a.csv")
    fault = Place(str(tmp_path), remote).not_found(["b.csv", "a.csv"])
    assert "expected b.csv or a.csv, found at a.csv a pipe or a device" in str(fault)


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "\udcff.json"])
def test_names_that_can_be_no_file_are_no_bug(tmp_path, remote, name):
    path = str(tmp_path / name)
    for call in (
        lambda: given_file(path),
        lambda: given_images(path, "train"),
        lambda: Place(path, remote).folder,
    ):
        with pytest.raises(SourceError) as caught:
            call()
        str(caught.value).encode()
    found = FolderImages((str(tmp_path),), "i").locate([name], remote)
    assert found.members == [None]
    assert Place(str(tmp_path), remote).find((name,)) is None
