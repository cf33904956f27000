"""Reading by URL: what is asked for, what is believed, what is refused."""

import io
import random
import socket
import ssl
import sys
import threading
import zipfile

import fsspec
import pytest
import urllib3

from builder.errors import FetchError, MissingError, SourceError
from builder.limits import Limits
from builder.sources import http_reader as web
from builder.sources.find import open_seekable
from builder.sources.http_connections import Connections
from builder.sources.http_faults import own_faults
from builder.sources.range_file import RangeFile
from builder.sources.remote import Remote
from builder.sources.retry import Retry, TransientError
from tests.archives import make_zip
from tests.servers.range_server import RangeServer, Rule
from tests.sources.alone import exists, members_from_urls, read_zip, stat
from tests.sources.test_fetch import until

DATA = random.Random(3).randbytes(600_000)


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with RangeServer({"a.bin": DATA, "b.bin": DATA[:10], "empty": b""}) as server:
        yield server


@pytest.fixture
def waits():
    return []


@pytest.fixture
def remote(waits):
    with Remote(
        retry=Retry(attempts=4, sleep=waits.append, random=lambda: 1.0)
    ) as remote:
        yield remote


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 10), (5, 6), (0, 600_000), (599_999, 600_000), (7, 7)]
)
def test_exactly_the_bytes_asked_for(server, remote, start, stop):
    assert remote.read(server.url("a.bin"), start, stop) == DATA[start:stop]
    assert server.bodies == stop - start


def test_connections_are_kept(server, remote, waits):
    for start in range(10):
        remote.read(server.url("a.bin"), start, start + 5)
        remote.stat(server.url("a.bin"))
    assert server.connections == 1
    assert waits == []


# What is tried again, and what it costs.


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_answers_are_tried_again(server, remote, waits, status):
    server.rules.append(Rule(status=status, times=3))
    assert remote.read(server.url("a.bin"), 0, 100) == DATA[:100]
    assert waits == [0.5, 1.0, 2.0]


def test_retry_after_is_honoured(server, remote, waits):
    server.rules.append(Rule(status=429, times=1, headers={"Retry-After": "17"}))
    assert remote.read(server.url("a.bin"), 0, 100) == DATA[:100]
    assert waits == [17.5]


@pytest.mark.parametrize(
    "rule",
    [
        Rule(cut=1000, times=2),
        Rule(cut=0, times=2),
        Rule(cut=1000, reset=True, times=2),
        Rule(cut=0, reset=True, times=2),
        Rule(cut=1000, shorten=True, times=2),
        Rule(headers={"Content-Length": "500000"}, times=2),
    ],
    ids=["cut", "cut at once", "reset", "reset at once", "short", "long"],
)
def test_broken_bodies_are_tried_again(server, remote, waits, rule):
    server.rules.append(rule)
    assert remote.read(server.url("a.bin"), 100, 400_100) == DATA[100:400_100]
    assert len(waits) == 2


def test_faults_that_stay_end_it(server, remote, waits):
    server.rules.append(Rule(status=503))
    with pytest.raises(FetchError, match="the server answers 503, at the last of 4"):
        remote.read(server.url("a.bin"), 0, 100)
    assert len(waits) == 3
    assert len(server.log) == 4


def test_nobody_listens(remote, waits):
    with pytest.raises(FetchError, match=r"failed \(NewConnectionError\), at the last"):
        remote.read("http://127.0.0.1:9/a.bin", 0, 100)
    assert len(waits) == 3


def test_a_silent_server_times_out(server, remote, waits, monkeypatch):
    monkeypatch.setattr(web, "READ_TIMEOUT", 0.05)
    server.rules.append(Rule(times=1, gate=threading.Event()))
    assert remote.read(server.url("a.bin"), 0, 100) == DATA[:100]
    assert len(waits) == 1


# What is refused at once.


def test_a_server_that_ignores_ranges_is_not_read(server, remote, waits):
    server.rules.append(Rule(ignore_range=True, gate=None))
    with pytest.raises(FetchError, match="ignores range requests"):
        remote.read(server.url("a.bin"), 0, 10)
    assert len(server.log) == 1
    assert waits == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("bytes 1-10/600000", "sent another range: expected bytes 0 to 10, found 1 to"),
        ("bytes 0-8/600000", "sent another range"),
        ("bytes 0-99/600000", "sent another range"),
        ("items 0-9/600000", "without saying which"),
        (None, "without saying which"),
    ],
)
def test_other_ranges_are_refused(server, remote, waits, value, message):
    server.rules.append(Rule(headers={"Content-Range": value}))
    with pytest.raises(FetchError, match=message):
        remote.read(server.url("a.bin"), 0, 10)
    assert waits == []


def test_sizes_may_be_left_out_but_not_change(server, remote):
    server.rules.append(Rule(headers={"Content-Range": "bytes 0-9/*"}, path="b.bin"))
    assert remote.read(server.url("b.bin"), 0, 10) == DATA[:10]
    remote.read(server.url("a.bin"), 0, 10)
    server.files["a.bin"] = DATA[:-1]
    with pytest.raises(FetchError, match="changed while it was read: expected 600000"):
        remote.read(server.url("a.bin"), 0, 10)


def test_a_file_that_shrank(server, remote):
    with pytest.raises(FetchError, match=r"source changed .* found fewer"):
        remote.read(server.url("a.bin"), 700_000, 700_010)


def test_versions_are_compared(server, remote, waits):
    url = server.url("a.bin")
    etag = remote.stat(url).etag
    assert remote.read(url, 0, 10, etag=etag) == DATA[:10]
    assert remote.read(url, 0, 10, etag="W/" + etag) == DATA[:10]
    assert remote.read(url, 0, 10, etag="Fri, 14 Jul 2017 02:40:00 GMT") == DATA[:10]
    with pytest.raises(FetchError, match=r'changed while .* version "old", found "'):
        remote.read(url, 0, 10, etag='"old"')
    server.rules.append(Rule(headers={"ETag": None, "Last-Modified": None}))
    assert remote.read(url, 0, 10, etag=etag) == DATA[:10]
    assert waits == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(403, MissingError), (404, MissingError), (410, MissingError), (401, FetchError)],
)
def test_refusals(server, remote, waits, status, error):
    server.rules.append(Rule(status=status))
    with pytest.raises(error, match=f"found {status}") as caught:
        remote.read(server.url("a.bin?sig=secret"), 0, 10)
    assert type(caught.value) is error
    assert "secret" not in str(caught.value)
    assert waits == []


def test_recoded_files_are_refused(server, remote):
    server.rules.append(Rule(headers={"Content-Encoding": "gzip"}))
    with pytest.raises(FetchError, match=r"re-codes the file.*found 'gzip'"):
        remote.read(server.url("a.bin"), 0, 10)


# Redirects.


def test_redirects_are_followed(server, remote):
    server.rules.append(Rule("old", status=302, headers={"Location": "/a.bin"}))
    server.rules.append(Rule("old", "HEAD", status=301, headers={"Location": "/a.bin"}))
    assert remote.stat(server.url("old")).size == len(DATA)
    assert remote.read(server.url("old"), 5, 10) == DATA[5:10]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("file:///etc/passwd", "redirects to the scheme 'file'"),
        ("ftp://127.0.0.1/a", "redirects to the scheme 'ftp'"),
        ("http://localhost/a", "redirects to another host without https"),
    ],
)
def test_redirects_to_elsewhere_are_refused(server, remote, waits, target, message):
    server.rules.append(Rule(status=302, headers={"Location": target}))
    with pytest.raises(FetchError, match=message):
        remote.read(server.url("a.bin"), 0, 10)
    assert waits == []


def test_redirects_in_a_circle(server, remote):
    server.rules.append(Rule(status=307, headers={"Location": "/a.bin"}))
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        remote.read(server.url("a.bin"), 0, 10)
    assert len(server.log) == 6


def test_passwords_in_the_url_go_to_that_host_only(server, remote):
    url = server.url("old").replace("//", "//me:p%40ss@")
    server.rules.append(Rule("old", status=302, headers={"Location": "/a.bin"}))
    server.rules.append(
        Rule("a.bin", status=302, times=1, headers={"Location": server.url("b.bin")})
    )
    assert remote.read(url, 0, 10) == DATA[:10]
    sent = [answer.headers.get("authorization") for answer in server.log]
    assert sent[0] == urllib3.make_headers(basic_auth="me:p@ss")["authorization"]
    assert sent[-1] is None
    assert "p@ss" not in str(server.log[-1])


def test_certificates_that_are_not_valid_are_not_tried_again():
    cause = ssl.SSLCertVerificationError(1, "certificate verify failed")
    cause.verify_message = "certificate has expired"
    with pytest.raises(FetchError, match="certificate has expired"):  # noqa: SIM117
        with own_faults("https://host/a"):
            raise urllib3.exceptions.SSLError(cause)
    with pytest.raises(TransientError), own_faults("https://host/a"):
        raise urllib3.exceptions.SSLError("EOF")


# Sizes.


def test_sizes_and_versions(server, remote):
    size, etag = remote.stat(server.url("a.bin"))
    assert size == len(DATA)
    assert etag.startswith('"')
    assert remote.stat(server.url("empty")).size == 0
    assert server.bodies == 0


@pytest.mark.parametrize("status", [403, 405, 501])
def test_servers_without_head_are_asked_for_one_byte(server, remote, status):
    server.rules.append(Rule(method="HEAD", status=status))
    assert remote.stat(server.url("a.bin")).size == len(DATA)
    assert server.bodies == 1
    server.rules.append(Rule(ignore_range=True))
    assert remote.stat(server.url("a.bin")).size == len(DATA)


def test_files_that_are_not_there(server, tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert exists(server.url("a.bin"))
    assert not exists(server.url("nothing"))
    assert exists(str(tmp_path / "a"))
    assert not exists(str(tmp_path / "b"))
    assert not exists(str(tmp_path))
    assert stat(str(tmp_path / "a")) == (3, "")
    server.rules.append(Rule(method="HEAD", status=500))
    with pytest.raises(FetchError, match="answers 500"):
        exists(server.url("a.bin"), retry=Retry(attempts=1))


# Seekable files.


def test_a_range_file_reads_like_a_local_one(server, remote):
    local, choose = io.BytesIO(DATA), random.Random(5)
    with RangeFile(remote, server.url("a.bin")) as file:
        for _ in range(100):
            offset = choose.randrange(700_000)
            length = choose.choice([0, 1, 100, 5000, 200_000])
            assert file.seek(offset) == local.seek(offset)
            assert file.read(length) == local.read(length)
            assert file.tell() == local.tell()
        assert file.seek(-9, io.SEEK_END) == local.seek(-9, io.SEEK_END)
        assert file.read() == local.read()
        assert file.seek(-5, io.SEEK_CUR) == local.seek(-5, io.SEEK_CUR)
        assert file.readline() == local.readline()
        with pytest.raises(OSError, match="cannot seek to -1"):
            file.seek(-1)


def test_a_range_file_does_not_read_what_no_archive_needs(server, remote):
    remote.limits = Limits(max_file_size=1000)
    with (
        RangeFile(remote, server.url("a.bin")) as file,
        pytest.raises(FetchError, match="asked for 600000 bytes at once"),
    ):
        file.read()
    assert server.bodies == 128 * 1024  # its end, which is read when it is opened


def test_a_range_file_needs_a_size(server, remote):
    server.rules.append(Rule(method="HEAD", headers={"Content-Length": None}))
    server.rules.append(Rule(headers={"Content-Range": "bytes 0-0/*"}))
    with pytest.raises(FetchError, match="does not tell its size"):
        RangeFile(remote, server.url("a.bin"))


@pytest.mark.parametrize("rule", [
    Rule(status=416, times=1),
    Rule(status=501, times=1),
    Rule(ignore_range=True, times=1),
    Rule(headers={"Content-Range": "bytes 0-131071/600000"}, times=1),
    Rule(headers={"Content-Range": "bytes 468928-599999/*"}, times=1),
])  # fmt: skip
def test_servers_that_know_no_ranges_from_the_end(server, remote, rule):
    server.rules.append(rule)
    with RangeFile(remote, server.url("a.bin")) as file:
        assert file.size == 600_000
        assert file.read() == DATA
    with RangeFile(Remote(), server.url("empty")) as file:
        assert (file.size, file.read()) == (0, b"")


@pytest.mark.parametrize(("count", "requests"), [(50, 1), (5000, 2)])
def test_a_remote_directory_takes_few_requests(server, count, requests):
    files = {f"train2017/{number:012d}.jpg": b"x" * 99 for number in range(count)}
    data = make_zip(files)
    server.files["a.zip"] = data
    members = read_zip(server.url("a.zip"))
    assert list(members) == list(files)
    assert [answer.method for answer in server.log] == ["GET"] * requests
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        directory = len(data) - archive.start_dir
    assert server.bodies <= directory + 128 * 1024
    member = members["train2017/000000000000.jpg"]
    assert (member.url, member.etag) == (server.url("a.zip"), stat(member.url).etag)


def test_directories_of_local_and_memory_zips(tmp_path):
    data = make_zip({"a.jpg": b"1", "b.jpg": b"2"})
    (tmp_path / "a.zip").write_bytes(data)
    members = read_zip(str(tmp_path / "a.zip"))
    assert members["b.jpg"].path == str(tmp_path / "a.zip")
    fsspec.filesystem("memory").pipe_file("/zips/a.zip", data)
    assert list(read_zip("memory://zips/a.zip")) == ["a.jpg", "b.jpg"]
    with pytest.raises(MissingError, match="no such file"):
        read_zip(str(tmp_path / "b.zip"))
    with pytest.raises(MissingError, match="no such file"):
        read_zip("memory://zips/b.zip")
    with pytest.raises(MissingError, match="is a directory, expected a file"):
        read_zip("memory://zips")


def test_unknown_schemes_are_refused(remote):
    with pytest.raises(SourceError, match="has the scheme 'ftp'"):
        open_seekable(remote, "ftp://host/a.zip")


def test_secrets_in_the_address_of_a_zip_stay_out_of_messages(server):
    secret = server.url("a.bin?sig=s3cret").replace("//", "//me:pass-word@")
    message = rf"^{server.url('a.bin')} has no readable zip directory"
    with pytest.raises(SourceError, match=message) as caught:
        read_zip(secret)
    assert "s3cret" not in str(caught.value)
    assert "pass-word" not in str(caught.value)


# Images by their own URLs.


def test_members_from_urls(server):
    names = [f"{number}.jpg" for number in range(40)]
    server.files.update({name: DATA[: 100 + len(name)] for name in names})
    server.latency = 0.01
    members = members_from_urls(
        names,
        [server.url(name) for name in names],
        allowed_hosts={"127.0.0.1"},
        concurrency=4,
    )
    assert [member.name for member in members] == names
    assert [member.file_size for member in members] == [100 + len(n) for n in names]
    assert all(member.etag and not member.in_zip for member in members)
    assert 2 <= server.most_at_once <= 4


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://evil.example/a.jpg", "of a host that was not named: expected images"),
        ("http://images.example.evil.example/a.jpg", "of a host that was not named"),
        ("http://images.example@evil.example/a.jpg", "of a host that was not named"),
        ("file:///etc/passwd", "expected http"),
        ("/etc/passwd", "expected http"),
        ("s3://bucket/a.jpg", "expected http"),
        ("http://[::1/a.jpg", "is no address"),
    ],
)
def test_hosts_that_were_not_named_are_never_asked(url, message):
    good, hosts = "http://images.example/a.jpg", {"images.example"}
    with pytest.raises(FetchError, match=message):
        members_from_urls(["good", "bad"], [good, url], allowed_hosts=hosts)


def test_one_missing_image_is_told_beside_the_others(server):
    urls = [server.url("a.bin"), server.url("nothing.jpg")]
    found, missing = members_from_urls(["a", "b"], urls, allowed_hosts={"127.0.0.1"})
    assert found.url == urls[0]
    assert missing is None


# The rest of what an answer can be.


def test_proxies_of_the_environment_are_used(server, remote, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url(""))
    assert remote.read("http://images.example/a.bin", 0, 10) == DATA[:10]
    assert server.log[-1].path == "http://images.example/a.bin"
    assert remote.read(server.url("a.bin"), 0, 10) == DATA[:10]  # NO_PROXY
    assert server.log[-1].path == "/a.bin"


@pytest.mark.parametrize(
    ("chunks", "faults"),
    [([b"01234", b"56789"], 0), ([b"01234"], 1), ([b"0123456789", b"x"], 1)],
    ids=["whole", "short", "long"],
)
def test_bodies_in_chunks(server, remote, waits, chunks, faults):
    server.rules.append(
        Rule(
            times=1,
            headers={"Content-Length": None, "Transfer-Encoding": "chunked"},
            body=b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
            + b"0\r\n\r\n",
        )
    )
    server.files["digits"] = b"0123456789"
    assert remote.read(server.url("digits"), 0, 10) == b"0123456789"
    assert len(waits) == faults


def test_a_part_of_a_whole_file_is_refused(server, remote):
    server.rules.append(Rule(cut=100_000, times=1))
    server.rules.append(Rule(headers={"Content-Range": "bytes 5-599999/600000"}))
    etag = remote.stat(server.url("a.bin")).etag
    with pytest.raises(FetchError, match="another part: expected bytes from 100000"):
        remote.download(server.url("a.bin"), io.BytesIO(), etag=etag)


def test_refusals_of_whole_files_and_sizes(server, remote):
    server.rules.append(Rule(status=401))
    server.rules.append(Rule(method="HEAD", status=405))
    with pytest.raises(FetchError, match="found 401; check the address"):
        remote.download(server.url("a.bin"), io.BytesIO())
    with pytest.raises(FetchError, match="found 401; check the address"):
        remote.stat(server.url("a.bin"))


def test_addresses_that_are_none(remote, waits):
    with pytest.raises(FetchError, match="is no address"):
        remote.stat("http://[::1/a.bin")
    with pytest.raises(FetchError, match="is no address"):
        remote.stat(f"http://{'x' * 300}.example/a.bin")
    assert waits == []


def test_closing_ends_waits_and_reads(server):
    server.rules.append(Rule(status=503, times=1, headers={"Retry-After": "500"}))
    remote = Remote()
    thread = threading.Timer(0.1, remote.close)
    thread.start()
    with pytest.raises(FetchError, match="was stopped"):
        remote.read(server.url("a.bin"), 0, 10)
    with pytest.raises(FetchError, match="was stopped"):
        remote.read(server.url("a.bin"), 0, 10)
    thread.join()


@pytest.mark.parametrize("cut", [-1, 100])
def test_closing_ends_requests_that_stall(server, cut):
    """Before the head of the answer, and within its body."""
    gate = threading.Event()
    server.rules.append(Rule(gate=gate) if cut < 0 else Rule(cut=cut, hang=gate))
    remote = Remote()
    thread = threading.Thread(
        target=lambda: (until(lambda: server.at_once == 1), remote.close())
    )
    thread.start()
    with pytest.raises(FetchError, match="was stopped"):
        remote.read(server.url("a.bin"), 0, 10_000)
    assert not gate.is_set()
    thread.join()
    gate.set()


def test_a_range_file_says_what_it_can(server, remote):
    with RangeFile(remote, server.url("a.bin")) as file:
        assert file.readable()
        assert file.seekable()
        assert not file.writable()
        assert io.BufferedReader(file).peek(5)[:5] == DATA[:5]


# Ctrl-C, in the middle of anything.


def test_closing_while_others_connect():
    """Another thread connects between any two steps of the one that closes."""
    connections, made, threads = Connections(4), [], []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        port = server.getsockname()[1]
        pools = connections.pool(f"http://127.0.0.1:{port}/").pool_classes_by_scheme

        def connect():
            connection = pools["http"].ConnectionCls("127.0.0.1", port)
            connection.connect()
            made.append(connection)

        def at_each_step(_frame, event, _arg):
            if event == "line" and len(threads) < 40:
                threads.append(threading.Thread(target=connect))
                threads[-1].start()
                threads[-1].join(0.01)  # it may have to wait for the one that closes
            return at_each_step

        for _ in range(3):
            connect()
        before = sys.gettrace()
        sys.settrace(at_each_step)
        try:
            connections.close()
        finally:
            sys.settrace(before)
        for thread in threads:
            thread.join()
        assert len(made) > 3 + 5
        for connection in made:
            connection.sock.settimeout(10)
            assert connection.sock.recv(1) == b""
            connection.close()


def test_closing_while_another_store_is_first_asked(monkeypatch):
    remote = Remote()
    fsspec.filesystem("memory").pipe_file("/stores/a.bin", b"0123456789")
    assert remote.stat("memory://stores/a.bin").size == 10

    def close(_store):
        with pytest.raises(FetchError, match="was stopped"):
            remote.stat("http://127.0.0.1:9/a.bin")

    monkeypatch.setattr("builder.sources.store_reader.Store.close", close)
    remote.close()
