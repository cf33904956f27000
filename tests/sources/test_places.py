"""Looking below a folder or URL, and what options may name."""

import pytest

from builder.errors import SourceError
from builder.sources.image_stores import FolderImages, UrlFolderImages, ZipImages
from builder.sources.metadata_file import MetadataFile
from builder.sources.places import Place, given_file, given_images
from builder.sources.remote import Remote
from tests.servers.range_server import RangeServer


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with RangeServer({"data/b.csv": b"b", "data/c.csv": b"c"}) as server:
        yield server


@pytest.fixture
def remote():
    with Remote() as remote:
        yield remote


def test_the_first_file_that_is_there(server, remote, tmp_path):
    (tmp_path / "b.csv").write_bytes(b"b")
    (tmp_path / "c.csv").write_bytes(b"c")
    (tmp_path / "a.csv").mkdir()
    for base in (
        str(tmp_path),
        f"{tmp_path}/",
        server.url("data"),
        server.url("data/"),
    ):
        place = Place(base, remote)
        found = place.find(("a.csv", "b.csv", "c.csv"))
        assert found == f"{base.rstrip('/')}/b.csv"
        assert place.find(("d.csv",)) is None
        error = place.not_found(("d.csv", "e.csv"))
        assert "expected d.csv or e.csv, found none of them" in str(error)
        assert str(error).startswith(base.rstrip("/"))
    assert server.connections == 1


def test_a_place_is_not_looked_at_before_it_must_be(remote, tmp_path):
    place = Place(str(tmp_path / "none"), remote)
    with pytest.raises(SourceError, match="none: expected a folder, found none"):
        place.find(("a.csv",))
    Place("http://127.0.0.1:9/none", remote)


def test_files_that_options_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a")
    assert given_file(None) is None
    assert given_file(str(path)) == MetadataFile(str(path))
    assert given_file(f"file://{path}") == MetadataFile(str(path))
    assert given_file("http://host/a.csv") == MetadataFile("http://host/a.csv")
    with pytest.raises(SourceError, match=r"b\.csv: expected a file, found none"):
        given_file(str(tmp_path / "b.csv"))


def test_a_member_of_a_zip_may_be_named(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"")
    path = str(tmp_path / "a.zip")
    assert given_file(f"{path}::b/c.csv") == MetadataFile(path, "b/c.csv")
    found = given_file("s3://host/a.zip::b.csv")
    assert found == MetadataFile("s3://host/a.zip", "b.csv")
    with pytest.raises(SourceError, match="expected a file, found a folder"):
        given_file(str(tmp_path))


def test_places_may_lie_anywhere(server, remote, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "b.csv").write_bytes(b"b")
    path, url = str(tmp_path / "b.csv"), server.url("data/b.csv")
    place = Place(str(tmp_path / "source"), remote)
    assert place.find(("b.csv", path)) == path
    assert place.find((f"file://{path}",)) == path
    assert place.find(("../a.csv", "../b.csv")) == str(tmp_path / "source/../b.csv")
    assert place.find((server.url("data/none.csv"), url)) == url
    place = Place(server.url("data/deep"), remote)
    assert place.find(("none.csv", "../b.csv")) == url
    assert place.find((path,)) == path
    assert place.full("../../../../b.csv") == server.url("b.csv")


def test_folders_zips_and_urls_are_joined(server, remote, tmp_path):
    source, away = tmp_path / "source", tmp_path / "away"
    (source / "one").mkdir(parents=True)
    away.mkdir()
    (tmp_path / "two.zip").write_bytes(b"")
    place = Place(str(source), remote)
    names = ("one/", "one", "../two.zip", str(away), "none", "none.zip")
    names += (server.url("data"), server.url("none.zip"))
    found = place.images(names)
    kinds = [FolderImages, FolderImages, ZipImages, FolderImages, UrlFolderImages]
    assert [type(store) for store in found.stores] == kinds
    assert {store.folders for store in found.stores if type(store) is FolderImages} == {
        (str(source / "one"),), (str(away),),
    }  # fmt: skip
    assert found.absent == ("none", "none.zip", server.url("none.zip"))
    assert found.name == "one, two, away, and 1 more"
    assert place.images(("none",)) is None


def test_joined_images_are_called_by_what_is_there(remote, tmp_path):
    (tmp_path / "source/images").mkdir(parents=True)
    place = Place(str(tmp_path / "source"), remote)
    assert place.images(("part_1/", "images/", "./")).name == "images"
    assert place.images(("./", "part_1/")).name == "source"
    assert place.images(("./", "../source")).name == "source"


def test_images_that_options_name(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"")
    folder, archive = str(tmp_path), str(tmp_path / "a.zip")
    assert given_images(None, "train") is None
    assert given_images(f"{folder}/", "train") == FolderImages((folder,), "train")
    there = ("train", "a")
    assert given_images(archive, "train") == ZipImages(archive, "train", there)
    url = "http://host/a.zip?sig=s3cret"
    assert given_images(url, "train") == ZipImages(url, "train", there)
    url = "http://host/images"
    assert given_images(f"{url}/", "train") == UrlFolderImages((url,), "train")
    with pytest.raises(SourceError, match="none: expected a folder or a zip of images"):
        given_images(str(tmp_path / "none"), "train")
