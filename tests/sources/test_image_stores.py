"""Where images are looked for, and what is said where they are not."""

import pytest

from builder.errors import FetchError
from builder.sources.image_stores import (
    FolderImages,
    JoinedImages,
    UrlFolderImages,
    UrlImages,
    ZipImages,
)
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.remote import Remote
from tests.archives import make_zip
from tests.servers.range_server import RangeServer

NAMES = ["a.jpg", "b.jpg", "c.jpg"]


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with RangeServer({}) as server:
        yield server


@pytest.fixture
def remote():
    with Remote() as remote:
        yield remote


def fill(folder, names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def folders(tmp_path, *names):
    return FolderImages(tuple(str(tmp_path / name) for name in names), "images")


# Folders.


def test_the_folder_that_holds_most_is_taken(tmp_path, remote):
    fill(tmp_path / "one", ["a.jpg"])
    fill(tmp_path / "two", NAMES)
    found = folders(tmp_path, "none", "one", "two").locate(NAMES, remote)
    assert found.ways == {"as named": 3}
    assert found.members == [
        LocalMember(name, str(tmp_path / "two" / name), 5) for name in NAMES
    ]


def test_names_that_start_with_the_folder_are_found_from_above(tmp_path, remote):
    """A table at the top says train/a.jpg of what lies in the folder train."""
    fill(tmp_path / "train", NAMES)
    names = [f"train/{name}" for name in NAMES]
    found = folders(tmp_path, "train", "").locate(names, remote)
    assert [m.path for m in found.members] == [str(tmp_path / n) for n in names]


def test_the_first_of_equals_is_taken(tmp_path, remote):
    fill(tmp_path / "one", NAMES)
    fill(tmp_path / "two", NAMES)
    found = folders(tmp_path, "two", "one").locate(NAMES, remote)
    assert {member.path.split("/")[-2] for member in found.members} == {"two"}
    assert folders(tmp_path, "two", "one").locate([], remote).members == []


def test_the_first_hundred_tell_for_all(tmp_path, remote):
    names = [f"{number}.jpg" for number in range(250)]
    fill(tmp_path / "one", names[:100])
    fill(tmp_path / "two", names[1:])
    found = folders(tmp_path, "two", "one").locate(names, remote)
    assert found.members.count(None) == 150
    assert found.places == [str(tmp_path / "one")]


def test_the_first_folder_is_named_where_none_holds_any(tmp_path, remote):
    found = folders(tmp_path, "one", "two").locate(NAMES, remote)
    assert found.members == [None] * 3
    assert found.places == [str(tmp_path / "one")]
    assert found.ways == {"as named": 0}


def test_the_folder_that_holds_most_by_other_ways_is_taken(tmp_path, remote):
    fill(tmp_path / "one", ["x.jpg"])
    fill(tmp_path / "two", [name.upper() for name in NAMES])
    found = folders(tmp_path, "one", "two").locate(NAMES, remote)
    assert found.ways == {"as named": 0, "by letter case": 3}


def test_folders_links_and_hidden_files(tmp_path, remote):
    fill(tmp_path / "a.jpg", ["x.jpg"])
    fill(tmp_path / "away", ["b.jpg"])
    fill(tmp_path / "in/.cache", ["c.jpg"])
    fill(tmp_path / "in", [".hidden.jpg", "a.jpg/x.jpg"])
    (tmp_path / "in/link").symlink_to(tmp_path / "away")
    (tmp_path / "in/back").symlink_to(tmp_path / "in")
    (tmp_path / "in/gone.jpg").symlink_to(tmp_path / "nothing")
    store = FolderImages((str(tmp_path / "in"),), "images", root="")
    found = store.locate(
        ["a.jpg", "b.jpg", "c.jpg", ".hidden.jpg", "z/gone.jpg"], remote
    )
    paths = [member and member.path for member in found.members]
    assert paths == [
        None, str(tmp_path / "in/link/b.jpg"), None, str(tmp_path / "in/.hidden.jpg"),
        None,
    ]  # fmt: skip
    assert found.reasons == {0: "is a folder"}
    assert found.ways == {"as named": 1, "by base name": 1}


def test_a_folder_is_no_place_to_name(tmp_path):
    assert folders(tmp_path, "one").url == ""


# Zips.


@pytest.mark.parametrize("prefix", ["", "train/", "other/"])
def test_zips_hold_images_in_a_folder_or_at_their_top(tmp_path, server, remote, prefix):
    data = make_zip({prefix + name: name.encode() for name in NAMES})
    (tmp_path / "a.zip").write_bytes(data)
    server.files["a.zip"] = data
    for path, kind in (
        (str(tmp_path / "a.zip"), LocalMember),
        (server.url("a.zip"), RemoteMember),
    ):
        store = ZipImages(path, "images", ("train", "other"))
        found = store.locate(NAMES, remote)
        assert {type(member) for member in found.members} == {kind}
        assert [m.name for m in found.members] == [prefix + name for name in NAMES]
        assert found.ways == {"as named": 3}
        assert store.url == (path if kind is RemoteMember else "")
        found = store.locate([*NAMES, "d.jpg"], remote)
        assert found.members[3] is None
        assert found.places == [path]


@pytest.mark.parametrize(
    ("prefix", "way"),
    [
        ("my dataset/images/", "by a folder more"),
        ("other/x/", "by a folder more"),
        ("TRAIN/", "by a folder more"),
    ],
)
def test_zips_may_have_one_folder_of_any_name(tmp_path, remote, prefix, way):
    files = {prefix + name: name.encode() for name in NAMES}
    junk = {f"__MACOSX/{prefix}._{name}": b"mac" for name in NAMES}
    hidden = {f"{prefix}.thumbs/{name}": b"small" for name in NAMES}
    (tmp_path / "a.zip").write_bytes(make_zip({**files, **junk, **hidden}))
    store = ZipImages(str(tmp_path / "a.zip"), "images", ("train",))
    found = store.locate(NAMES, remote)
    assert [m.name for m in found.members] == list(files)
    assert found.ways == {"as named": 0, way: 3}


def test_a_zip_stands_for_the_folder_of_its_name(tmp_path, remote):
    (tmp_path / "train.zip").write_bytes(make_zip(dict.fromkeys(NAMES, b"x")))
    store = ZipImages(str(tmp_path / "train.zip"), "images", ())
    found = store.locate(["train/a.jpg", "b.jpg", "z.jpg"], remote)
    assert [m and m.name for m in found.members] == ["a.jpg", "b.jpg", None]
    assert found.ways == {"as named": 1, "by a folder less": 1}


# Several at once.


def test_joined_stores_are_looked_through_in_order(tmp_path, server, remote):
    fill(tmp_path / "one", ["a.jpg", "sub/B.jpg"])
    (tmp_path / "two.zip").write_bytes(
        make_zip({"top/a.jpg": b"another", "top/c.jpg": b"c"})
    )
    server.files |= {"web/d.jpg": b"d", "web/e e.jpg": b"e", "web/c.jpg": b"not asked"}
    stores = (
        FolderImages((str(tmp_path / "one"),), "images"),
        ZipImages(str(tmp_path / "two.zip"), "images", ("top",)),
        UrlFolderImages((server.url("web"),), "images"),
    )
    store = JoinedImages(stores, "images", absent=("three",))
    found = store.locate(
        ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e%20e.jpg", "f.jpg"], remote
    )
    assert [m and m.file_size for m in found.members] == [5, 9, 1, 1, 1, None]
    assert found.ways == {
        "as named": 2,
        "in several places that differ, of which the first is taken": 1,
        "by letter case": 1,
        "by percent encoding": 1,
    }
    assert found.places == [
        str(tmp_path / "one"), str(tmp_path / "two.zip"), server.url("web"),
        "three (not there)",
    ]  # fmt: skip
    assert store.url == server.url("web")


def test_what_two_joined_stores_have_under_one_base_name_is_not_taken(tmp_path, remote):
    fill(tmp_path / "one", ["x/a.jpg"])
    fill(tmp_path / "two", ["y/a.jpg", "x/b.jpg"])
    store = JoinedImages((folders(tmp_path, "one"), folders(tmp_path, "two")), "images")
    found = store.locate(["a.jpg", "b.jpg", "x/a.jpg"], remote)
    assert [m and m.name for m in found.members] == [None, "x/b.jpg", "x/a.jpg"]
    assert found.reasons == {0: "could be x/a.jpg, y/a.jpg"}


# URLs.


def test_the_first_url_that_has_the_first_image_is_taken(server, remote):
    server.files |= {f"two/{name}": name.encode() for name in NAMES}
    server.files["one/b.jpg"] = b""
    store = UrlFolderImages((server.url("one"), server.url("two")), "images")
    found = store.locate(NAMES, remote)
    members = found.members
    assert [m.url for m in members] == [server.url(f"two/{n}") for n in NAMES]
    assert [member.file_size for member in members] == [5, 5, 5]
    assert store.has("c.jpg", remote)
    assert not store.has("d.jpg", remote)
    assert store.locate([], remote).members == []
    found = store.locate(["d.jpg", "a.jpg"], remote)
    assert [m and m.name for m in found.members] == [None, "a.jpg"]
    assert found.places == [f"{server.url('one')} or {server.url('two')}"]


def test_nothing_more_is_asked_where_the_first_images_are_nowhere(server, remote):
    store = UrlFolderImages((server.url("one"),), "images")
    found = store.locate([f"{number}.jpg" for number in range(500)], remote)
    assert found.members == [None] * 500
    assert len(server.log) == 8


def test_what_urls_may_be_called_is_asked(server, remote):
    server.files |= {
        f"train/{name}": b"x" for name in ["a.jpg", "b.jpg", "c#1.jpg", "d.png"]
    }
    store = UrlFolderImages((server.url("train"),), "images")
    found = store.locate(
        ["train\\a.jpg", "", "c#1.jpg", "d", "../e.jpg"],
        remote,
        [None, "http://host/old/b.jpg", None, None, None],
    )
    assert [m and m.name for m in found.members] == [
        "a.jpg",
        "b.jpg",
        "c#1.jpg",
        "d.png",
        None,
    ]
    assert found.ways == {
        "as named": 2,  # the name of one has no ending
        "by a folder less": 1,
        "by the tail of its address": 1,
    }


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_record_without_an_url_is_told(server, remote, nothing):
    urls = {"a.jpg": server.url("a.jpg"), "b.jpg": nothing}
    store = UrlImages("images", urls, "image_url", ("127.0.0.1",))
    found = store.locate(["b.jpg", "a.jpg"], remote)
    assert found.members == [None, None]
    assert found.reasons == {
        0: "its record has no image_url to get it from",
        1: f"{server.url('a.jpg')} is not there",
    }


def test_images_at_the_urls_of_their_records(server, remote):
    server.files["a.jpg"] = b"image"
    urls = {"a.jpg": server.url("a.jpg"), "b.jpg": "http://elsewhere.example/b.jpg"}
    store = UrlImages("images", urls, "image_url", ("127.0.0.1",))
    (found,) = store.locate(["a.jpg"], remote).members
    assert (found.name, found.url, found.file_size) == ("a.jpg", urls["a.jpg"], 5)
    with pytest.raises(FetchError, match=r"add --allow-host elsewhere\.example"):
        store.locate(["a.jpg", "b.jpg"], remote)
