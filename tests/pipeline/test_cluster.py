"""The same bytes from a Dask cluster of real processes, whatever happens to them."""

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace

import fsspec
import pytest

from builder.errors import ClusterError, UsageError
from builder.output.shards import write_shard
from builder.pipeline import cluster as dask
from builder.pipeline.execute import make_executor
from tests.output.made import jpeg_of, make_tasks
from tests.remote_cli import without_repeats
from tests.servers import s3
from tests.servers.dask_cluster import run_cluster, wait_until
from tests.small import COCO, COCO_OPTIONS, ISIC, OPTIONS
from tests.tiny import ROOT, call, contents, zip_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")


@pytest.fixture(scope="module")
def server():
    """Give the variables by which all processes find S3."""
    pytest.importorskip("moto.server")
    with s3.serve() as environ:
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        yield environ


@pytest.fixture(scope="module")
def cluster(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cluster")
    with run_cluster(folder, TRIMSET_CACHE=str(folder / "cache"), **server) as made:
        yield made


@pytest.fixture(scope="module")
def expected(builds):
    return {dataset: contents(folder) for dataset, folder in builds.items()}


def command(dataset, source, out, cluster, *more):
    words = ("build", dataset, "--source", source, "--out", out, *OPTIONS[dataset])
    return (*words, "--scheduler", cluster.address, *more)


@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_a_cluster_writes_the_same_bytes(
    dataset, cluster, sources, expected, tmp_path, monkeypatch
):
    """By relative paths, which mean nothing in the folder of the workers."""
    monkeypatch.chdir(tmp_path)
    source = os.path.relpath(sources[dataset], tmp_path)
    done = call(*command(dataset, source, "out", cluster))
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "out") == expected[dataset]


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")
def test_from_bucket_to_bucket(cluster, server, coco_source, expected, tmp_path):
    """Workers fetch what they need, and the driver only what it shows."""
    client = s3.connect(server)
    for part in ("train2017", "val2017"):
        zip_folder(coco_source / part, tmp_path / f"zips/{part}.zip", top=f"{part}/")
    zip_folder(
        coco_source / "annotations",
        tmp_path / "zips/annotations_trainval2017.zip",
        top="annotations/",
    )
    s3.upload(client, tmp_path / "zips", "zips")
    source, out = f"s3://{s3.BUCKET}/zips", f"s3://{s3.BUCKET}/out"
    mine = tmp_path / "cache"
    done = call(*command(COCO, source, out, cluster, "--cache-dir", mine), **server)
    assert done.returncode == 0, done.stderr
    found = s3.digests(client, "out")
    client.close()
    assert set(found) == set(expected[COCO])
    differing = {name for name in found if found[name] != expected[COCO][name]}
    # The card and the records say where the source was.
    assert differing <= {"README.md", "manifest.json", "selection.json"}
    theirs = images_in(cluster.folder / "cache")
    assert 3 * images_in(mine) < theirs
    done = call("verify", out, "--source", source, **server, TRIMSET_CACHE=str(mine))
    assert done.returncode == 0, done.stderr + done.stdout


def images_in(cache):
    return sum(
        path.read_bytes()[:2] == b"\xff\xd8"
        for path in cache.rglob("*")
        if path.is_file()
    )


@contextmanager
def start(words):
    with subprocess.Popen(
        [sys.executable, "-m", "builder", *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def shards_in(out):
    return {path: path.stat().st_ino for path in out.glob("data/*/*.parquet")}


def test_a_killed_worker_costs_only_its_shard(sources, expected, tmp_path):
    out = tmp_path / "out"
    with (
        run_cluster(tmp_path / "cluster", held=True) as cluster,
        start(command(COCO, sources[COCO], out, cluster)) as driver,
    ):
        wait_until(lambda: len(shards_in(out)) >= 3)
        cluster.kill_at_work()
        whole = shards_in(out)
        assert not (out / "manifest.json").exists()
        _, words = driver.communicate(timeout=90)
        assert driver.returncode == 0, words
        assert cluster.workers[1].poll() is None
    assert contents(out) == expected[COCO]
    again = [path for path, inode in whole.items() if path.stat().st_ino != inode]
    assert len(again) <= 1  # the one that was on its way


def test_a_cluster_that_gives_up_is_told_and_the_build_goes_on(
    sources, expected, tmp_path
):
    out = tmp_path / "out"
    options = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with (
        run_cluster(tmp_path / "cluster", held=True, **options) as cluster,
        start(command(COCO, sources[COCO], out, cluster)) as driver,
    ):
        cluster.kill_at_work()
        _, words = driver.communicate(timeout=90)
    assert driver.returncode == 1
    told = without_repeats(words).splitlines()
    told = [line for line in told if line.startswith("trimset: ")]
    assert len(told) == 1
    assert "ClusterError: " in told[0]
    assert "a task ended 1 workers" in told[0]
    assert "Traceback" not in words
    whole = shards_in(out)
    done = call("build", COCO, "--source", sources[COCO], "--out", out, *COCO_OPTIONS)
    assert done.returncode == 0, done.stderr
    assert contents(out) == expected[COCO]
    again = [path for path, inode in whole.items() if path.stat().st_ino != inode]
    assert len(again) <= 2  # whole, but its record was not written yet


def test_the_limit_is_the_clusters_unless_given(cluster):
    with make_executor(None, cluster.address) as (executor, workers):
        assert workers == 2
        assert executor.submit(os.getpid).result() != os.getpid()
        # Not remembered, as a function of its arguments would be.
        names = {executor.submit(os.urandom, 8).result() for _ in range(3)}
        assert len(names) == 3
    with make_executor(7, cluster.address) as (_, workers):
        assert workers == 7


def test_an_address_without_a_scheduler_is_wrong_usage():
    with (
        pytest.raises(UsageError, match="no Dask scheduler answers there"),
        dask.connect("nonsense://"),
    ):
        pass


def test_a_worker_of_other_versions_writes_nothing(tmp_path):
    (task, *_) = make_tasks(tmp_path, [jpeg_of(1000)])
    other = replace(task, versions={**task.versions, "pyarrow": "1.0"})
    with pytest.raises(ClusterError, match=r"instead of 1\.0, so it would write other"):
        write_shard(other, other.members)
    assert not (tmp_path / "out").exists()
