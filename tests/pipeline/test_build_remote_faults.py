"""Served sources that fail, change or mean harm, and disks without room."""

import os
import signal
import struct
import subprocess
import threading
import zipfile
from types import SimpleNamespace

import fsspec
import pytest

from builder.cli import main as cli
from tests.archives import make_zip
from tests.pipeline.test_build_remote import check_same
from tests.remote_cli import (
    SMALL,
    environ,
    hurried,
    image_requests,
    lay_out,
    start,
    trimset,
    without_repeats,
)
from tests.servers.range_server import RangeServer, Rule
from tests.small import COCO, ISIC, OPTIONS
from tests.sources.test_fetch import until
from tests.tiny import edit_json


@pytest.fixture
def layouts(tmp_path, coco_source, isic_source):
    """Layouts that a test may change."""
    return lay_out(tmp_path / "served", coco_source, isic_source)


@pytest.fixture
def server(layouts):
    with RangeServer(layouts) as server:
        yield server


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def words_of(server, out, layout="flat"):
    return ("build", COCO, "--source", server.url(layout), "--out", out, *OPTIONS[COCO])


def fails(server, cache, tmp_path, layout="flat", **more):
    """Build in vain; return the line, having checked that nothing was written."""
    words = words_of(server, tmp_path / "out", layout)
    line = trimset(cache, *words, status=1, **more)
    assert not (tmp_path / "out" / "manifest.json").exists()
    return line


# What passes.


def test_faults_that_pass_are_outlived(server, cache, tmp_path, builds):
    server.rules += [
        Rule("annotations_", status=503, times=1),
        Rule("train2017", status=429, times=2, headers={"Retry-After": "1"}),
        Rule("train2017", skip=3, times=2, cut=100, reset=True),
        Rule("train2017", skip=6, times=1, cut=50),
        Rule("train2017", skip=8, times=1, garble=True),
        Rule("val2017.zip", method="HEAD", status=502, times=2),
        Rule("val2017.zip", skip=1, times=3, status=500),
    ]
    with hurried() as naps:
        trimset(cache, *words_of(server, tmp_path / "out"))
    assert [rule.times for rule in server.rules[:-2]] == [0] * 5
    assert len([nap for nap in naps if nap >= 1]) >= 2  # as the server asked
    check_same(tmp_path / "out", builds[COCO])


# What does not.


def test_a_server_that_ignores_ranges(server, cache, tmp_path):
    server.rules.append(Rule("2017.zip", ignore_range=True))
    line = fails(server, cache, tmp_path)
    assert "the server ignores range requests (expected status 206, found 200)" in line
    assert "download it yourself and name the copy as the source" in line
    # and was not streamed: what a socket takes at once may have been sent
    assert not cache.exists()


def test_a_source_that_changes_in_mid_run(server, cache, tmp_path, layouts):
    gate = threading.Event()
    server.rules.append(Rule("train2017.zip", skip=1, times=1, gate=gate))
    words = words_of(server, tmp_path / "out")
    with start(cache, *words) as process:
        until(lambda: server.at_once >= 1 and not server.rules[0].times)
        os.utime(layouts / "flat" / "train2017.zip", (10**9, 10**9))  # another ETag
        gate.set()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert without_repeats(err).count("\n") == 1
    assert "train2017.zip: the source changed while it was read: expected" in err
    assert "run it again to start from the new one" in err
    assert out == ""
    trimset(cache, *words)


def test_a_member_that_is_damaged(server, cache, tmp_path, layouts):
    path = layouts / "flat" / "train2017.zip"
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            data[info.header_offset + 60 + len(info.filename)] ^= 1
    path.write_bytes(data)
    line = fails(server, cache, tmp_path)
    assert "is damaged: expected CRC-32" in line
    assert "train2017/" in line


def test_images_that_are_not_there(server, cache, tmp_path, layouts):
    (layouts / "flat" / "val2017.zip").unlink()
    line = fails(server, cache, tmp_path)
    place = server.url("flat")
    assert f"{place}: expected val2017/, val2017.zip or zips/val2017.zip" in line
    assert image_requests(server) == []
    for name in ("train2017.zip", "annotations_trainval2017.zip"):
        (layouts / "flat" / name).unlink()
    line = fails(server, cache, tmp_path)
    assert f"{place}: expected annotations/instances_train2017.json or" in line


def test_a_server_that_is_gone(layouts, cache, tmp_path):
    with RangeServer(layouts) as server:
        words = words_of(server, tmp_path / "out")
        trimset(cache, *words)
    with hurried():
        line = trimset(cache, *words, status=1)  # who knows whether all is as it was?
    assert "the connection failed" in line


def test_ctrl_c_while_the_metadata_stalls(server, cache, tmp_path):
    gate = threading.Event()
    server.rules.append(Rule("annotations_", skip=1, gate=gate))
    with start(cache, *words_of(server, tmp_path / "out")) as process:
        until(lambda: server.at_once == 1 and server.rules[0].skip == 0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert not gate.is_set()
    assert (process.returncode, out) == (130, "")
    assert err == "trimset: interrupted; the same command goes on from here\n"


# No room.


@pytest.mark.parametrize("command", ["plan", "build"])
def test_a_cache_without_room(command, server, tmp_path):
    """A real disk: the metadata fit, the images do not."""
    words = [COCO, "--source", server.url("flat"), *SMALL[COCO]]
    trimset(tmp_path / "first", "plan", *words)
    texts = [p for p in (tmp_path / "first").rglob("*") if p.is_file()]
    pages = sum(path.stat().st_size // 4096 + 4 for path in texts) + 16
    disk = tmp_path / "disk"
    disk.mkdir()
    size = f"size={pages * 4}k"
    mount = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a file system")
    try:
        if command == "build":
            words += ["--out", tmp_path / "out"]
        line = trimset(disk / "cache", command, *words, status=1)
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
    assert f"no room for {disk}/cache: expected" in line
    assert "bytes free on the disk, found" in line
    assert image_requests(server) == []
    assert not (tmp_path / "out").exists()


def test_cache_and_output_share_a_disk(server, tmp_path, monkeypatch, capsys):
    """Room for either, and not for both."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    free = SimpleNamespace(free=700_000)
    monkeypatch.setattr("builder.sources.disk.shutil.disk_usage", lambda _: free)
    words = [str(w) for w in words_of(server, tmp_path / "out")]
    assert cli.main([*words, "--cache-dir", str(tmp_path / "cache")]) == 1
    line = capsys.readouterr().err
    assert f"no room for {tmp_path}/cache and {tmp_path}/out: expected" in line
    assert "found 700,000" in line
    assert image_requests(server) == []


# Harm.


def test_a_bomb(server, cache, tmp_path, layouts, coco_source):
    """A member of the images that inflates beyond what it declares."""
    names = sorted(path.name for path in (coco_source / "train2017").iterdir())
    files = {f"train2017/{name}": bytes(5_000_000) for name in names}
    data = bytearray(make_zip(files, method=zipfile.ZIP_DEFLATED))
    at = 0
    while (at := data.find(b"PK\x01\x02", at)) >= 0:
        struct.pack_into("<L", data, at + 24, 20_000)
        at += 4
    (layouts / "flat" / "train2017.zip").write_bytes(data)
    line = fails(server, cache, tmp_path)
    assert "expected 20000 bytes, found more: a zip bomb" in line
    assert not [p for p in cache.rglob("*") if p.is_file() and p.stat().st_size > 10**6]


def test_a_size_beyond_any_image(server, cache, tmp_path, layouts):
    path = layouts / "flat" / "train2017.zip"
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<LL", data, at + 20, 2**31, 2**31)
    path.write_bytes(data)
    line = fails(server, cache, tmp_path)
    assert "needs 2147" in line or "declares 2147483648 bytes" in line
    assert image_requests(server) == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../../../evil.jpg", "has a '..' part"),
        ("/etc/evil.jpg", "is absolute"),
        ("file:///etc/evil.jpg", "has a scheme or a drive"),
        ("..\\evil.jpg", "has a '..' part"),
    ],
)
def test_names_that_lead_elsewhere(name, reason, server, cache, tmp_path, layouts):
    """In the annotations, where they would become a path or an address."""

    def lead(content):
        content["images"][0]["file_name"] = name

    edit_json(layouts / "open/annotations/instances_train2017.json", lead)
    line = fails(server, cache, tmp_path, "open")
    assert "AnnotationError" in line
    assert f"the file name {name!r} of record " in line
    assert f" {reason}; expected a plain relative path" in line
    assert not [answer for answer in server.log if "evil" in answer.path]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("file:///etc/passwd", "to the scheme 'file'"),
        ("ftp://127.0.0.1/a.zip", "to the scheme 'ftp'"),
        ("http://localhost/a.zip", "to another host without https"),
    ],
)
def test_redirects_to_elsewhere(target, reason, server, cache, tmp_path):
    headers = {"Location": target}
    server.rules += [
        Rule("train2017.zip", method=method, status=302, headers=headers)
        for method in ("GET", "HEAD")
    ]
    line = fails(server, cache, tmp_path)
    assert f"redirects {reason} ({target}), which is not followed" in line


def test_redirects_on_the_same_host(server, cache, tmp_path, builds):
    for split in ("train", "val"):
        headers = {"Location": f"/official/zips/{split}2017.zip"}
        server.rules += [
            Rule(f"flat/{split}2017.zip", method=method, status=307, headers=headers)
            for method in ("GET", "HEAD")
        ]
    trimset(cache, *words_of(server, tmp_path / "out"))
    check_same(tmp_path / "out", builds[COCO])


@pytest.mark.parametrize("source", ["ftp://127.0.0.1/coco", "zip://a::http://b", "-"])
def test_addresses_of_other_kinds(source, cache, tmp_path):
    words = ("plan", COCO, f"--source={source}", *SMALL[COCO])
    line = trimset(cache, *words, status=1)
    assert "SourceError" in line
    assert list(tmp_path.iterdir()) == []


# Object stores.


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")  # botocore's own
def test_a_bucket(layouts, cache, tmp_path, builds):
    """Through s3fs, from a real server that speaks its protocol."""
    pytest.importorskip("s3fs")
    moto_server = pytest.importorskip("moto.server")
    import boto3  # comes with moto

    bucket = moto_server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    bucket.start()
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    try:
        host, port = bucket.get_host_and_port()
        keys = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
            **environ(cache),
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in keys.items():
                patch.setenv(name, value)
            client = boto3.client("s3")
            client.create_bucket(Bucket="served")
            for layout in ("official", "isic_zip"):
                for path in (layouts / layout).rglob("*.*"):
                    name = path.relative_to(layouts).as_posix()
                    client.put_object(Bucket="served", Key=name, Body=path.read_bytes())
            client.close()
        for dataset, layout in ((COCO, "official"), (ISIC, "isic_zip")):
            source, out = f"s3://served/{layout}", tmp_path / dataset
            words = (dataset, "--source", source, *OPTIONS[dataset], "--out", out)
            trimset(cache, "build", *words, **keys)
            check_same(out, builds[dataset])
            trimset(cache, "verify", out, "--source", source, **keys)
        line = trimset(cache, "plan", COCO, "--source", "s3://none", status=1, **keys)
        assert "s3://none: expected annotations/" in line
    finally:
        bucket.stop()
