"""Pushes that are killed or interrupted, and readers meanwhile: real processes."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from builder.hub.push import push
from builder.hub.upload import THREADS
from tests.hub.pushing import (
    PUSH,
    REPO,
    STORE,
    contents,
    published,
    size,
)
from tests.hub_client import environment
from tests.tiny_build import make_build

# the client's own way to send a file, on httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def start(hub, folder, home, code=PUSH):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), REPO],
        env=environment(hub, home, "hf_alice"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_killed_between_upload_and_commit(hub, built, tmp_path):
    rule = hub.fail("POST", "/commit/", "hang")
    process = start(hub, built, tmp_path)
    wait_for(lambda: rule.seen == 1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert len(hub.repo(REPO).history("main")) == 1
    assert hub.uploaded() == size(built, "**/*.p*")
    process = start(hub, built, tmp_path)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    assert output.strip() == hub.repo(REPO).branches["main"]  # and nothing else
    assert hub.uploaded() == size(built, "**/*.p*")
    assert published(hub) == contents(built)


def test_killed_while_uploading_loses_what_was_on_its_way(hub, tmp_path):
    built = make_build(tmp_path / "dir", pixels=200)
    rule = hub.fail("PUT", STORE, "hang", skip=4, times=99)
    process = start(hub, built, tmp_path)
    wait_for(lambda: rule.seen >= 4 + THREADS)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    hub.faults.clear()
    push(built, REPO)
    assert published(hub) == contents(built)
    largest = max(p.stat().st_size for p in built.glob("data/*/*"))
    ideal = size(built, "**/*.p*")
    assert hub.uploaded() <= ideal + THREADS * largest


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for processes")
def test_interrupted_while_uploading(hub, tmp_path):
    built = make_build(tmp_path / "dir", pixels=200)
    rule = hub.fail("PUT", STORE, "status", skip=4, times=99)  # the client retries
    process = start(hub, built, tmp_path)
    wait_for(lambda: rule.seen >= 4 + THREADS)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert output.rstrip().endswith("KeyboardInterrupt")
    hub.faults.clear()
    push(built, REPO)
    assert published(hub) == contents(built)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for processes")
def test_interrupted_while_the_server_asks_to_wait(hub, built, tmp_path):
    after = {"Retry-After": "600"}
    rule = hub.fail("POST", "/preupload/", status=429, times=99, headers=after)
    code = f"import builder.hub.upload; builder.hub.upload.PATIENCE = 0.1; {PUSH}"
    process = start(hub, built, tmp_path, code)
    wait_for(lambda: rule.seen)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=60)[0]
    assert output.rstrip().endswith("KeyboardInterrupt")


READER = """
import json, sys
import datasets
datasets.disable_progress_bars()
while True:
    for streaming in (False, True):
        data = datasets.load_dataset(
            sys.argv[1], "car", streaming=streaming,
            download_mode="force_redownload",
        )
        raw = datasets.Image(decode=False)
        seen = []
        for split in ("train", "test"):
            for row in data[split].cast_column("image", raw):
                seen.append(row["image"]["bytes"].hex()[-64:])
        print(json.dumps(seen), flush=True)
"""


def images(folder):
    import pyarrow.parquet as pq

    paths = [*sorted(folder.glob("data/car/train-*")), *folder.glob("data/car/test-*")]
    columns = [pq.read_table(path)["image"].to_pylist() for path in paths]
    return [image["bytes"].hex()[-64:] for column in columns for image in column]


def test_a_reader_during_pushes_sees_old_or_new(hub, tmp_path):
    builds = [
        make_build(tmp_path / str(seed), configs=("default", "car"), seed=seed)
        for seed in range(6)
    ]
    expected = [images(build) for build in builds]
    errors = tmp_path / "stderr"
    push(builds[0], REPO)
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", READER, REPO],
            env=environment(hub, tmp_path / "home"),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as reader,
    ):
        seen = []

        def read():
            line = reader.stdout.readline()
            assert line, errors.read_text()
            seen.append(expected.index(json.loads(line)))  # a blend is none of them

        try:
            read()
            for build in builds[1:]:
                push(build, REPO)
                read()
            while seen[-1] < 5 and len(seen) < 500:
                read()
        finally:
            reader.kill()
    assert seen == sorted(seen)  # and once it saw the new one, never the old again
    assert (seen[0], seen[-1]) == (0, 5)
    assert len(set(seen)) > 2
