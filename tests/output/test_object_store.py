"""Builds to and from S3: the same bytes, found again, and told in one line."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pytest

from builder import build, verify
from builder.errors import OutputError
from builder.output.folder import Folder
from builder.output.records import STATE
from tests.conftest import COCO_RECIPE, ISIC_RECIPE, SHARD_SIZE
from tests.output.test_folder import write_half
from tests.servers import s3
from tests.tiny import contents, zip_folder

pytest.importorskip("s3fs")
pytest.importorskip("moto.server")
# botocore's own, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")

COCO, ISIC = "coco_stuff_trimmed", "siim_isic_small"
RECIPES = {COCO: COCO_RECIPE, ISIC: ISIC_RECIPE}


@pytest.fixture(scope="module")
def server():
    with s3.serve() as environ, pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        client = s3.connect(environ)
        yield client
        client.close()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIMSET_CACHE", str(tmp_path / "cache"))


def build_to(prefix, dataset, source, **options):
    out = f"s3://{s3.BUCKET}/{prefix}"
    options = {"max_shard_size": SHARD_SIZE, **options}
    build(dataset, out, RECIPES[dataset], source=str(source), **options)
    return out


@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_a_bucket_gets_the_bytes_of_a_folder(dataset, server, sources, builds):
    with ThreadPoolExecutor(2) as pool:
        out = build_to(dataset, dataset, sources[dataset], executor=pool, workers=2)
    assert s3.digests(server, dataset) == contents(builds[dataset])
    report = verify(out, source=str(sources[dataset]))
    assert report.faults == ()
    assert report.rows > 60
    server.delete_object(Bucket=s3.BUCKET, Key=f"{dataset}/README.md")
    assert "README.md: is in the manifest, but not there" in verify(out).faults


def test_building_again_uploads_no_shard_again(server, coco_source, builds):
    build_to("again", COCO, coco_source)
    before = s3.writes(server, "again")
    build_to("again", COCO, coco_source)
    after = s3.writes(server, "again")
    changed = {key for key in after if after[key] != before.get(key)}
    assert {k for k in changed if not k.startswith(STATE)} == {"manifest.json"}
    assert s3.digests(server, "again") == contents(builds[COCO])


class StopError(Exception):
    """Ends a build in the middle."""


class Stopping(ThreadPoolExecutor):
    """Takes only so many tasks."""

    left = 12

    def submit(self, *args, **options):
        self.left -= 1
        if self.left < 0:
            raise StopError
        return super().submit(*args, **options)


def test_an_interrupted_build_goes_on_in_the_bucket(server, coco_source, builds):
    with Stopping(1) as pool, pytest.raises(StopError):
        build_to("half", COCO, coco_source, executor=pool)
    half = s3.writes(server, "half")
    assert "manifest.json" not in half
    whole = {key for key in half if key.startswith("data/")}
    assert len(whole) > 3
    build_to("half", COCO, coco_source)
    assert s3.digests(server, "half") == contents(builds[COCO])
    after = s3.writes(server, "half")
    assert {key: after[key] for key in whole} == dict.fromkeys(whole, 1)


@pytest.mark.parametrize("layout", ["folder", "zips"])
def test_a_source_in_a_bucket_gives_the_same_rows(
    layout, server, coco_source, builds, tmp_path, cache
):
    if layout == "folder":
        s3.upload(server, coco_source, "folder")
    else:
        for part in ("train2017", "val2017"):
            zip_folder(
                coco_source / part, tmp_path / f"zips/{part}.zip", top=f"{part}/"
            )
        zip_folder(
            coco_source / "annotations",
            tmp_path / "zips/annotations_trainval2017.zip",
            top="annotations/",
        )
        s3.upload(server, tmp_path / "zips", "zips")
    source = f"s3://{s3.BUCKET}/{layout}"
    out = tmp_path / "out"
    options = {"source": source, "max_shard_size": SHARD_SIZE}
    build(COCO, out, COCO_RECIPE, **options)
    expected = contents(builds[COCO])
    found = contents(out)
    assert set(found) == set(expected)
    differing = {name for name in found if found[name] != expected[name]}
    # The card and the records say where the source was.
    assert differing <= {"README.md", "manifest.json", "selection.json"}
    cached = contents(tmp_path / "cache")
    # Workers that fetch for themselves write the same, into the cache they have.
    with ThreadPoolExecutor(2) as pool:
        build(
            COCO,
            tmp_path / "other",
            COCO_RECIPE,
            executor=pool,
            workers=2,
            remote_workers=True,
            **options,
        )
    assert contents(tmp_path / "other") == found
    assert contents(tmp_path / "cache") == cached


def test_a_source_of_isic_in_a_bucket(server, isic_source, builds, tmp_path, cache):
    s3.upload(server, isic_source, "isic")
    source = f"s3://{s3.BUCKET}/isic"
    out = tmp_path / "out"
    build(ISIC, out, ISIC_RECIPE, source=source, max_shard_size=SHARD_SIZE)
    data, expected = contents(out / "data"), contents(builds[ISIC] / "data")
    assert data == expected


def test_what_is_somebody_elses_stays(server, coco_source):
    server.put_object(Bucket=s3.BUCKET, Key="theirs/a.txt", Body=b"x")
    with pytest.raises(OutputError, match="expected an empty folder or an earlier"):
        build_to("theirs", COCO, coco_source)
    assert s3.keys(server, "theirs") == ["a.txt"]
    # A marker, as consoles make them for a new folder, is nothing.
    server.put_object(Bucket=s3.BUCKET, Key="marked/", Body=b"")
    assert Folder(f"s3://{s3.BUCKET}/marked").is_empty()


def test_a_bucket_that_cannot_be_used_is_told_in_one_line(server, coco_source):
    with pytest.raises(OutputError, match=r"s3://nowhere/out: cannot write "):
        build(COCO, "s3://nowhere/out", COCO_RECIPE, source=str(coco_source))


def test_no_half_object_appears_and_workers_see_what_others_wrote(server):
    root = Folder(f"s3://{s3.BUCKET}/root")
    assert root.files() == []
    with pytest.raises(ValueError, match="mine"):
        write_half(root, "a", ValueError)
    assert root.is_empty()
    server.put_object(Bucket=s3.BUCKET, Key="root/deep/b", Body=b"whole")
    assert root.files() == ["deep/b"]
    assert root.digest("deep/b") == (hashlib.sha256(b"whole").hexdigest(), 5)
    assert root.read("deep") is None
    root.remove("deep")  # no file
    assert root.files() == ["deep/b"]
    root.remove("deep/b")
    assert root.files() == []
