"""Builds straight out of served sources, by the command line."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import termios
import threading
import zipfile
from pathlib import Path

import fsspec
import pytest

from builder import build, plan
from builder.sources.remote import CONCURRENCY
from tests.conftest import COCO_RECIPE, SHARD_SIZE
from tests.remote_cli import (
    OTHER,
    SERVED,
    SMALL,
    environ,
    hurried,
    image_requests,
    lay_out,
    report_of,
    start,
    trimset,
    without_repeats,
    without_urls,
)
from tests.servers.range_server import RangeServer, Rule
from tests.small import COCO, DATASETS, OPTIONS
from tests.sources.alone import read_zip
from tests.sources.test_fetch import until
from tests.tiny import call, contents, edit_json


@pytest.fixture(scope="session")
def layouts(tmp_path_factory, coco_source, isic_source):
    return lay_out(tmp_path_factory.mktemp("served"), coco_source, isic_source)


@pytest.fixture
def server(layouts, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with RangeServer(layouts) as server:
        yield server


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def check_same(out, local):
    """All files are those of the local build, but for the addresses of the sources."""
    theirs, ours = contents(local), contents(out)
    assert ours.pop("manifest.json") != theirs.pop("manifest.json")
    assert ours == theirs
    assert without_urls(out) == without_urls(local)


# The whole way, from each layout.


@pytest.mark.parametrize("layout", SERVED)
def test_a_served_source_gives_the_bytes_of_a_local_one(
    layout, server, cache, tmp_path, builds, exports
):
    dataset, source = SERVED[layout], server.url(layout)
    words = (dataset, "--source", source)
    planned = report_of(cache, "plan", *words, *SMALL[dataset])
    out, exported = tmp_path / "out", tmp_path / "exported"
    trimset(cache, "build", *words, "--out", out, *OPTIONS[dataset])
    check_same(out, builds[dataset])
    urls = [
        entry["url"]
        for entry in json.loads((out / "manifest.json").read_text())["sources"]
    ]
    assert all(url.startswith(f"{source}/") for url in urls)
    trimset(cache, "export", *words, "--out", exported, *SMALL[dataset])
    assert contents(exported) == contents(exports[dataset])
    report = report_of(cache, "verify", out, "--source", source)
    assert report["replayed"] is True
    assert report["faults"] == []
    again = report_of(cache, "plan", *words, *SMALL[dataset])
    assert again["to_fetch"] == {
        "members": 0,
        "bytes": 0,
        "cached_members": planned["to_fetch"]["members"],
        "cached_bytes": planned["bytes"],
    }
    assert not list(cache.rglob("*.tmp"))


def test_the_official_server_is_asked_where_no_source_is_named(
    server, cache, tmp_path, builds
):
    """By way of a proxy, so that nothing leaves this machine."""
    server.files = server.files / "official"
    proxy = {"http_proxy": server.url(""), "NO_PROXY": "", "no_proxy": ""}
    words = ("build", COCO, "--out", tmp_path / "out", *OPTIONS[COCO])
    trimset(cache, *words, **proxy)
    check_same(tmp_path / "out", builds[COCO])
    asked = {answer.path for answer in server.log if answer.status == 206}
    assert asked == {
        f"http://images.cocodataset.org/{name}"
        for name in (
            "annotations/annotations_trainval2017.zip",
            "zips/train2017.zip",
            "zips/val2017.zip",
        )
    }


@pytest.mark.parametrize("dataset", DATASETS)
def test_without_a_network_it_is_one_line(dataset, cache, tmp_path):
    """The proxy is not there either, whatever network this machine has."""
    nowhere = "http://127.0.0.1:9"
    proxy = {"http_proxy": nowhere, "https_proxy": nowhere, "NO_PROXY": "",
             "no_proxy": ""}  # fmt: skip
    out = tmp_path / "out"
    with hurried():
        line = trimset(cache, "build", dataset, "--out", out, status=1, **proxy)
    assert re.match(r"trimset: FetchError: https?://[\w.-]+/.*the connection f", line)
    assert list(tmp_path.iterdir()) == []


def test_a_source_in_memory(tmp_path, layouts, builds, cache):
    memory = fsspec.filesystem("memory")
    for path in (layouts / "flat").iterdir():
        memory.pipe_file(f"/served/{path.name}", path.read_bytes())
    options = {"source": "memory://served", "cache_dir": cache}
    report = plan(COCO, COCO_RECIPE, **options)
    assert report["to_fetch"]["members"] == report["images"] > 20
    out = tmp_path / "out"
    build(COCO, out, COCO_RECIPE, max_shard_size=SHARD_SIZE, **options)
    check_same(out, builds[COCO])


def test_single_files_by_url(server, cache, tmp_path, layouts):
    """Any COCO-format files, each at an address or a path of its own."""
    given = {
        "--train-annotations": "open/annotations/instances_train2017.json",
        "--train-images": "flat/train2017.zip",
        "--test-annotations": "open/annotations/instances_val2017.json",
        "--test-images": "open/val2017",
    }
    folders = [tmp_path / "remote", tmp_path / "local"]
    for place, out in zip((server.url, layouts.joinpath), folders, strict=True):
        words = [w for name, path in given.items() for w in (name, place(path))]
        trimset(cache, "build", COCO, "--out", out, *words, *OPTIONS[COCO])
    check_same(*folders)


def test_single_images_by_their_coco_url(server, cache, tmp_path, coco_source, builds):
    """Annotations at hand and no images, on the host that was allowed and no other."""
    source = tmp_path / "source"
    for split in ("train2017", "val2017"):
        name = f"annotations/instances_{split}.json"
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((coco_source / name).read_bytes())
    words = ("build", COCO, "--source", source, *OPTIONS[COCO], "--out", tmp_path / "o")
    line = trimset(cache, *words, status=1)
    assert "--allow-host images.cocodataset.org" in line
    line = trimset(cache, *words, "--allow-host", "127.0.0.1", status=1)
    assert "http://images.cocodataset.org/train2017/" in line
    assert "of a host that was not named: expected 127.0.0.1; " in line
    assert "--allow-host images.cocodataset.org" in line
    assert server.log == []

    def at_server(content):
        for image in content["images"]:
            folder = Path(image["coco_url"]).parent.name
            image["coco_url"] = server.url(f"open/{folder}/{image['file_name']}")

    for path in source.glob("annotations/*.json"):
        edit_json(path, at_server)
    report = report_of(cache, *words, "--allow-host", "127.0.0.1")
    assert report["rows"] == 3 * 32 + count_images(builds[COCO])
    asked = [a.path for a in server.log if a.method == "GET"]
    assert len(asked) == len(set(asked)) == count_images(builds[COCO])


def count_images(folder):
    draws = json.loads((folder / "selection.json").read_text())["draws"]
    return sum(len(keys) for keys in draws["default"].values())


# What is moved, and what is not.


def test_a_plan_says_what_a_build_then_moves(server, cache, tmp_path):
    words = (COCO, "--source", server.url("flat"))
    planned = report_of(cache, "plan", *words, *SMALL[COCO])
    assert image_requests(server) == []
    fetch = planned["to_fetch"]
    assert fetch["members"] == planned["images"]
    assert fetch["cached_members"] == fetch["cached_bytes"] == 0
    assert planned["disk"]["cache"] == planned["bytes"] < fetch["bytes"]
    assert planned["disk"]["output"] > planned["bytes"]
    text = trimset(cache, "plan", *words, *SMALL[COCO])
    assert f"to fetch: {fetch['members']} images, {fetch['bytes']:,} bytes" in text
    server.forget()
    trimset(cache, "build", *words, *OPTIONS[COCO], "--out", tmp_path / "out")
    assert sum(answer.sent for answer in image_requests(server)) == fetch["bytes"]


def test_a_command_uses_its_connections_again(server, cache, tmp_path):
    """For sizes, directories, metadata and images alike."""
    options = {"source": server.url("flat"), "cache_dir": cache}
    plan(COCO, COCO_RECIPE, **options)
    assert len(server.log) > 5
    assert server.connections == 1  # nothing is asked for at the same time
    server.forget()
    server.most_at_once = server.connections = 0
    build(COCO, tmp_path / "out", COCO_RECIPE, max_shard_size=SHARD_SIZE, **options)
    assert len(image_requests(server)) > CONCURRENCY
    assert server.connections <= CONCURRENCY


def test_a_second_build_fetches_only_what_is_new(server, cache, tmp_path):
    words = ("build", COCO, "--source", server.url("flat"), "--out")
    trimset(cache, *words, tmp_path / "first", *OPTIONS[COCO])
    server.forget()
    trimset(cache, *words, tmp_path / "again", *OPTIONS[COCO])
    assert image_requests(server) == []
    old, new = ({}, {})
    planned = report_of(cache, "plan", *words[1:-1], *OTHER)
    trimset(cache, *words, tmp_path / "second", *OTHER)
    for found, name in ((old, "first"), (new, "second")):
        draws = json.loads((tmp_path / name / "selection.json").read_text())["draws"]
        for keys in draws["default"].values():
            found.update(dict.fromkeys(keys))
    members = {}
    for split in ("train2017", "val2017"):
        members |= read_zip(server.url(f"flat/{split}.zip"))
    fresh = [members[key] for key in new if key not in old]
    assert 0 < len(fresh) < len(new)
    assert planned["to_fetch"]["members"] == len(fresh)
    assert planned["to_fetch"]["cached_members"] == len(new) - len(fresh)
    moved = sum(answer.sent for answer in image_requests(server))
    assert moved == sum(member.span for member in fresh)
    # the annotations are there, too: of their zip only the end was looked at
    texts = {a.range for a in server.log if "annotations_" in a.path}
    assert texts - {""} == {"bytes=-131072"}


def test_caches_are_listed_and_cleared(server, cache, tmp_path):
    own = tmp_path / "own"
    words = (COCO, "--source", server.url("flat"), "--cache-dir", own)
    trimset(cache, "build", *words, "--out", tmp_path / "out", *OPTIONS[COCO])
    trimset(cache, "verify", tmp_path / "out", *words[1:])
    assert not cache.exists()
    report = report_of(cache, "cache", "--cache-dir", own)
    assert [s["url"] for s in report["sources"]] == [
        server.url(f"flat/{name}.zip")
        for name in ("annotations_trainval2017", "train2017", "val2017")
    ]
    assert all(source["files"] > 0 for source in report["sources"])
    assert report["bytes"] == sum(s["bytes"] for s in report["sources"]) > 10**5
    assert f"{report['bytes']:,} bytes in {own}" in trimset(own, "cache", "list")
    assert f"{report['bytes']:,} bytes removed" in trimset(own, "cache", "clear")
    assert report_of(own, "cache")["sources"] == []
    assert list((own / "fetched").iterdir()) == []


# Interrupted, doubled, damaged.


def count_members(path, answers):
    """Return how many members of a zip begin in what was sent of it."""
    with zipfile.ZipFile(path) as archive:
        offsets = [info.header_offset for info in archive.infolist()]
    asked = [answer.range.removeprefix("bytes=").split("-") for answer in answers]
    return sum(int(a) <= place <= int(b) for a, b in asked for place in offsets)


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_build_stopped_in_mid_fetch_goes_on(
    blow, server, cache, tmp_path, builds, layouts
):
    gate = threading.Event()
    # past are the ends of both zips, and eight requests for images
    rule = Rule("flat/train2017.zip", skip=1 + 8, gate=gate)
    server.rules += [rule, Rule("flat/val2017.zip", skip=1, gate=gate)]
    out = tmp_path / "out"
    words = ("build", COCO, "--source", server.url("flat"), "--out", out)

    def is_at_rest():
        """Whether all that came is written: to the others no answer will come."""
        answers = image_requests(server)
        came = count_members(layouts / "flat/train2017.zip", answers)
        kept = [path for path in cache.glob("fetched/*/*") if len(path.name) == 32]
        return rule.applied >= 8 and len(answers) == 8 and len(kept) == 2 + came

    with start(cache, *words, *OPTIONS[COCO]) as process:
        until(is_at_rest)
        process.send_signal(blow)
        # long before the server lets go, and before a read times out
        stdout, stderr = process.communicate(timeout=20)
    assert not gate.is_set()
    assert stdout == ""
    if blow == signal.SIGINT:
        assert process.returncode == 130
        line = "trimset: interrupted; the same command goes on from here\n"
        assert without_repeats(stderr) == line
        # as nothing was being written, however long a slow machine took to stop
        assert not list(cache.rglob("*.tmp"))
    gate.set()
    server.rules.clear()
    until(lambda: server.at_once == 0)
    members = report_of(cache, "plan", *words[1:4], *SMALL[COCO])["to_fetch"]
    server.forget()
    trimset(cache, *words, *OPTIONS[COCO])
    moved = sum(answer.sent for answer in image_requests(server))
    assert moved == members["bytes"]
    check_same(out, builds[COCO])


def test_two_builds_at_once_share_a_cache(server, cache, tmp_path, builds):
    gate = threading.Event()
    server.rules.append(Rule("train2017.zip", skip=2, gate=gate))
    words = ("build", COCO, "--source", server.url("flat"), *OPTIONS[COCO], "--out")
    with (
        start(cache, *words, tmp_path / "a") as first,
        start(cache, *words, tmp_path / "b") as second,
    ):
        until(lambda: server.at_once >= 8)
        gate.set()
        for process in (first, second):
            assert without_repeats(process.communicate(timeout=120)[1]) == ""
            assert process.returncode == 0
    for name in ("a", "b"):
        check_same(tmp_path / name, builds[COCO])
    assert not list(cache.rglob("*.tmp"))


def test_damage_in_the_cache_is_found_and_fetched_again(
    server, cache, tmp_path, builds
):
    words = ("build", COCO, "--source", server.url("flat"), *OPTIONS[COCO], "--out")
    trimset(cache, *words, tmp_path / "first")
    image = min(
        (path for path in cache.glob("fetched/*/*") if path.suffix == ""),
        key=lambda path: path.stat().st_size,
    )
    data = image.read_bytes()
    image.write_bytes(bytes(255 - byte for byte in data))
    server.forget()
    trimset(cache, *words, tmp_path / "second")
    assert len(image_requests(server)) == 1
    assert image.read_bytes() == data
    check_same(tmp_path / "second", builds[COCO])


def test_what_was_killed_long_ago_is_swept(server, cache, tmp_path):
    words = ("build", COCO, "--source", server.url("flat"), *OPTIONS[COCO], "--out")
    trimset(cache, *words, tmp_path / "first")
    folder = next(cache.glob("fetched/*"))
    old, young = (
        folder / f"{'0' * 32}.{'1' * 16}.tmp",
        folder / f"{'0' * 32}.{'2' * 16}.tmp",
    )
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (10**9, 10**9))
    trimset(cache, *words, tmp_path / "second")
    assert not old.exists()
    assert young.exists()  # another process may be at it


# What people see.


def on_terminal(cache, *words):
    """Run a command whose stderr is a terminal; return what it showed there."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    with start(cache, *words, stderr=follower) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                data = os.read(leader, 65536)
            except OSError:  # the last one hung up
                break
            if not data:
                break
            shown += data
        process.communicate(timeout=60)
    os.close(leader)
    assert process.returncode == 0
    return shown.decode()


def test_progress_is_for_terminals(server, cache, tmp_path):
    words = ("build", COCO, "--source", server.url("flat"), *OPTIONS[COCO], "--out")
    shown = on_terminal(cache, *words, tmp_path / "a")
    for stage, unit in (("metadata", "B"), ("fetch", "B"), ("write", " rows")):
        # as much of as much, time gone and left, and the rate
        form = rf"{stage}: 100%\|.*?\| [\d.]+k?/[\d.]+k? \[\d\d:\d\d<\d\d:\d\d, +"
        assert re.search(rf"{form}[\d.]+[kM]?{unit}/s", shown), stage
    done = call(*words, tmp_path / "b", **environ(cache))
    assert without_repeats(done.stderr) == ""
    cleared = report_of(cache, "cache", "clear")
    assert cleared["cleared"] is True
    done = call(*words, tmp_path / "c", "--progress", **environ(cache))
    assert "fetch: 100%" in done.stderr
    assert "fetch" not in done.stdout
    assert "metadata: 100%" not in on_terminal(cache, *words, tmp_path / "d")


def test_nothing_of_a_secret_address_is_shown(server, cache, tmp_path):
    secret = server.url("flat").replace("//", "//me:pass-word@")
    words = (COCO, "--source", secret, *OPTIONS[COCO])
    out = tmp_path / "out"
    text = trimset(cache, "build", *words, "--out", out)
    text += trimset(cache, "cache")
    server.rules.append(Rule("val2017.zip", status=404))
    text += trimset(cache, "plan", *words[:-2], status=1)
    files = [*out.rglob("*.json"), out / "README.md", *cache.rglob("source.json")]
    text += "".join(path.read_text() for path in files)
    assert server.url("flat") in text
    assert "pass-word" not in text
