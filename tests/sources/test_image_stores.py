"""Where images are looked for, and what is said where they are not."""

import pytest

from builder.errors import FetchError, ImageError, MissingError, SourceError
from builder.sources.image_stores import (
    FolderImages,
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
    assert found == [
        LocalMember(name, str(tmp_path / "two" / name), 5) for name in NAMES
    ]


def test_names_that_start_with_the_folder_are_found_from_above(tmp_path, remote):
    """A table at the top says train/a.jpg of what lies in the folder train."""
    fill(tmp_path / "train", NAMES)
    names = [f"train/{name}" for name in NAMES]
    found = folders(tmp_path, "train", "").locate(names, remote)
    assert [member.path for member in found] == [str(tmp_path / n) for n in names]


def test_the_first_of_equals_is_taken(tmp_path, remote):
    fill(tmp_path / "one", NAMES)
    fill(tmp_path / "two", NAMES)
    found = folders(tmp_path, "two", "one").locate(NAMES, remote)
    assert {member.path.split("/")[-2] for member in found} == {"two"}
    assert folders(tmp_path, "two", "one").locate([], remote) == []


def test_the_first_hundred_tell_for_all(tmp_path, remote):
    names = [f"{number}.jpg" for number in range(250)]
    fill(tmp_path / "one", names[:100])
    fill(tmp_path / "two", names[1:])
    with pytest.raises(ImageError, match=r"one: 150 of 250 selected images are not"):
        folders(tmp_path, "two", "one").locate(names, remote)


def test_the_first_folder_is_named_where_none_holds_any(tmp_path, remote):
    message = rf"^{tmp_path}/one: 3 of 3 selected images are not there: a\.jpg, b\.jpg"
    with pytest.raises(ImageError, match=message):
        folders(tmp_path, "one", "two").locate(NAMES, remote)


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
        assert {type(member) for member in found} == {kind}
        assert [member.name for member in found] == [prefix + name for name in NAMES]
        assert store.url == (path if kind is RemoteMember else "")
        with pytest.raises(ImageError, match=r"a\.zip: 1 of 4 .*not there: d\.jpg;"):
            store.locate([*NAMES, "d.jpg"], remote)


# URLs.


def test_the_first_url_that_has_the_first_image_is_taken(server, remote):
    server.files |= {f"two/{name}": name.encode() for name in NAMES}
    server.files["one/b.jpg"] = b""
    store = UrlFolderImages((server.url("one"), server.url("two")), "images")
    found = store.locate(NAMES, remote)
    assert [member.url for member in found] == [server.url(f"two/{n}") for n in NAMES]
    assert [member.file_size for member in found] == [5, 5, 5]
    assert store.has("c.jpg", remote)
    assert not store.has("d.jpg", remote)
    assert store.locate([], remote) == []
    with pytest.raises(MissingError, match=r"expected d\.jpg and others in one of "):
        store.locate(["d.jpg"], remote)


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_record_without_an_url_is_named(server, remote, nothing):
    urls = {"a.jpg": server.url("a.jpg"), "b.jpg": nothing}
    store = UrlImages("images", urls, "image_url", ("127.0.0.1",))
    with pytest.raises(SourceError, match=r"^b\.jpg: its record has no image_url to"):
        store.locate(["a.jpg", "b.jpg"], remote)
    assert server.log == []


def test_images_at_the_urls_of_their_records(server, remote):
    server.files["a.jpg"] = b"image"
    urls = {"a.jpg": server.url("a.jpg"), "b.jpg": "http://elsewhere.example/b.jpg"}
    store = UrlImages("images", urls, "image_url", ("127.0.0.1",))
    (found,) = store.locate(["a.jpg"], remote)
    assert (found.name, found.url, found.file_size) == ("a.jpg", urls["a.jpg"], 5)
    with pytest.raises(FetchError, match=r"add --allow-host elsewhere\.example"):
        store.locate(["a.jpg", "b.jpg"], remote)
