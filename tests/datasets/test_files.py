"""Inputs are found in every layout, and an option goes before a source."""

import dataclasses
import shutil
import zipfile

import pytest

from builder import build, plan
from builder.datasets import registry
from builder.datasets.files import Files
from builder.datasets.inputs import Input
from builder.errors import SourceError, UsageError
from builder.sources.cache import Cache
from builder.sources.image_stores import FolderImages, ZipImages
from builder.sources.remote import Remote
from tests.archives import make_zip
from tests.conftest import ISIC_RECIPE
from tests.servers.range_server import RangeServer
from tests.small import COCO, ISIC
from tests.tiny import zip_folder

CSV = "ISIC_2020_Training_GroundTruth.csv"


@pytest.fixture
def files_of(tmp_path):
    """Return a function that gives the inputs of a dataset below a source."""
    with Remote() as remote:

        def look(name, source, **given):
            dataset = registry.get(name)
            return Files(
                inputs=dataset.inputs,
                source=source and str(source),
                official=dataset.official,
                given=given,
                remote=remote,
                cache=Cache(tmp_path / "cache"),
            )

        yield look


def test_a_table_tells_its_name_and_is_described_once_it_was_read(
    files_of, isic_source
):
    files = files_of(ISIC, isic_source)
    with files.open("metadata") as table:
        assert table.name == CSV
        assert bytes(table.data) == (isic_source / CSV).read_bytes()
    assert [entry["role"] for entry in files.read] == ["metadata"]
    assert files.read[0]["bytes"] == (isic_source / CSV).stat().st_size


def test_an_input_that_is_not_needed_may_be_nowhere(files_of, tmp_path):
    with files_of(ISIC, tmp_path).open("duplicates") as table:
        assert table is None
    with (
        pytest.raises(
            SourceError, match=r"expected ISIC_2020_Training_Ground.* or train"
        ),
        files_of(ISIC, tmp_path).open("metadata"),
    ):
        pass


def test_no_server_is_asked_where_all_that_is_needed_is_given(files_of, isic_source):
    given = {"metadata": str(isic_source / CSV), "images": str(isic_source / "train")}
    files = files_of(ISIC, None, **given)
    with files.open("duplicates") as table:  # else the official server
        assert table is None
    assert files.images("images") == FolderImages((given["images"],), "images")
    assert "place" not in files.__dict__


@pytest.mark.parametrize("place", ["train", "jpeg/train", "."])
def test_images_are_in_the_folders_of_the_layouts(
    files_of, isic_source, tmp_path, place
):
    source = tmp_path / "source"
    shutil.copytree(isic_source / "train", source / place)
    found = files_of(ISIC, source).images("images")
    name = min(path.name for path in (isic_source / "train").iterdir())
    with Remote() as remote:
        (member,) = found.locate([name], remote).members
    assert member.path == str(source / place / name)


def test_a_folder_goes_before_a_zip_and_a_zip_before_the_source_itself(
    files_of, isic_source, tmp_path
):
    source = tmp_path / "source"
    source.mkdir()
    with zipfile.ZipFile(source / "ISIC_2020_Training_JPEG.zip", "w") as archive:
        archive.writestr("train/a.jpg", b"a")
    assert isinstance(files_of(ISIC, source).images("images"), ZipImages)
    (source / "train").mkdir()
    assert isinstance(files_of(ISIC, source).images("images"), FolderImages)


def test_a_zip_of_annotations_is_looked_into(files_of, coco_source, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    zip_folder(coco_source / "annotations", source / "annotations_trainval2017.zip",
               top="annotations/")  # fmt: skip
    with files_of(COCO, source).open("train_annotations") as table:
        assert table.name == "instances_train2017.json"
    assert files_of(COCO, source).images("train_images") is None


def test_a_table_at_the_root_may_name_the_folder_of_the_images(isic_source, tmp_path):
    """As `metadata.csv` of an ImageFolder does: its paths begin where it lies."""
    source = tmp_path / "source"
    shutil.copytree(isic_source / "train", source / "train")
    head, *lines = (isic_source / CSV).read_text().splitlines()
    assert head.startswith("image_name,")
    rows = [line.partition(",") for line in lines]
    text = "".join(f"train/{name}.jpg,{rest}\n" for name, _, rest in rows)
    head = head.replace("image_name", "file_name")
    (source / "metadata.csv").write_text(f"{head}\n{text}")
    planned = plan(ISIC, ISIC_RECIPE, source=str(source))
    assert planned["images"] == 100
    manifest = build(
        ISIC, tmp_path / "out", ISIC_RECIPE, source=str(source), audit=False
    )
    assert manifest["configs"]["default"]["train"]["num_examples"] == 100


@pytest.mark.parametrize("named", [False, True])
def test_another_file_than_the_official_one_is_told(
    files_of, isic_source, monkeypatch, named
):
    """Where none was named, so that the official one is what is meant."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    said = []
    with RangeServer({CSV: (isic_source / CSV).read_bytes()}) as server:
        url = server.url("").rstrip("/")
        files = files_of(ISIC, url if named else None)
        files = dataclasses.replace(
            files,
            official=dataclasses.replace(files.official, url=url),
            say=said.append,
        )
        with files.open("metadata"):
            pass
    if named:
        assert said == []
        return
    digest = files.read[0]["sha256"]
    [line] = said
    assert "metadata: expected the official file, with sha256 98c68a10" in line
    assert f"found {digest[:16]}…" in line


@pytest.fixture
def joined(tmp_path):
    """Return a function that gives the inputs of a recipe beside its file."""
    (tmp_path / "source").mkdir()
    with Remote() as remote:

        def look(*places):
            entry = Input("images", "images", "images", places, joined=True)
            table = Input("metadata", "metadata", "table", ("none.csv", *places))
            return Files(
                inputs=(entry, table),
                source=str(tmp_path / "source"),
                official=None,
                given={},
                remote=remote,
                cache=Cache(tmp_path / "cache"),
            )

        yield look


def test_joined_images_are_looked_for_in_all_places(joined, tmp_path):
    (tmp_path / "source/one").mkdir()
    (tmp_path / "source/one/a.jpg").write_bytes(b"a")
    (tmp_path / "two").mkdir()
    (tmp_path / "two/b.jpg").write_bytes(b"b")
    files = joined("one", str(tmp_path / "two"), "three.zip")
    found = files.images("images").locate(["a.jpg", "b.jpg", "c.jpg"], files.remote)
    assert [member and member.name for member in found.members] == [
        "a.jpg", "b.jpg", None,
    ]  # fmt: skip
    assert found.places[2] == "three.zip (not there)"
    assert joined("one").images("images", first="z.jpg") is not None
    assert joined("none", "nothing").images("images") is None


def test_joined_folders_at_urls_count_only_if_they_have_an_image(joined, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with RangeServer({"web/train/a.jpg": b"a"}) as server:
        files = joined(server.url("none"), server.url("web/train"))
        assert files.images("images", first="a.jpg") is not None
        assert files.images("images", first="train/a.jpg") is not None
        assert files.images("images", first="b.jpg") is None


def test_a_table_may_lie_anywhere_and_in_a_zip(joined, tmp_path):
    path = tmp_path / "m.csv.zip"
    path.write_bytes(make_zip({"m.csv": b"x"}))
    with joined(str(path)).open("metadata") as table:
        assert (table.name, bytes(table.data)) == ("m.csv", b"x")
    with joined("../m.csv.zip::m.csv").open("metadata") as table:
        assert bytes(table.data) == b"x"


def test_what_is_given_must_be_an_input(isic_source):
    with pytest.raises(UsageError, match="siim_isic_small has no input 'train_images'"):
        plan(ISIC, files={"train_images": str(isic_source)})
    with pytest.raises(UsageError, match="its records name no addresses"):
        plan(ISIC, source=str(isic_source), allow_hosts=["host"])
