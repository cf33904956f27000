"""Fetching from S3: s3fs against a real server that speaks its protocol (moto)."""

import logging
import random

import fsspec
import pytest

from builder.errors import FetchError, MissingError
from builder.sources.cache import Cache
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.retry import Retry
from tests.archives import make_zip
from tests.sources.alone import exists, fetch, fetch_file, find_file, read_zip

# Not in the environments of the floors.
pytest.importorskip("s3fs")
ThreadedMotoServer = pytest.importorskip("moto.server").ThreadedMotoServer
# botocore's own, not ours.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")

FILES = {
    f"train/{number}.jpg": random.Random(number).randbytes(2000) for number in range(30)
}


@pytest.fixture(scope="module")
def endpoint():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, monkeypatch):
    """Return a client for a bucket that s3fs finds by the environment alone."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    import boto3  # comes with moto

    client = boto3.client("s3", endpoint_url=endpoint)
    client.create_bucket(Bucket="images")
    yield client
    for item in client.list_objects_v2(Bucket="images").get("Contents", []):
        client.delete_object(Bucket="images", Key=item["Key"])
    client.delete_bucket(Bucket="images")
    client.close()


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def test_members_of_a_zip_in_a_bucket(bucket, cache):
    bucket.put_object(Bucket="images", Key="zips/a.zip", Body=make_zip(FILES))
    members = read_zip("s3://images/zips/a.zip")
    assert all(member.etag for member in members.values())
    chosen = [members[f"train/{number}.jpg"] for number in (7, 3, 29, 4)]
    fetched = fetch(chosen, cache=cache)
    for member, asked in zip(fetched, chosen, strict=True):
        path = cache.path_of(asked)
        assert member == LocalMember(asked.name, str(path), 2000)
        assert path.read_bytes() == FILES[asked.name]
    bucket.delete_object(Bucket="images", Key="zips/a.zip")
    assert fetch(chosen, cache=cache) == fetched


def test_an_archive_that_changed(bucket, cache):
    bucket.put_object(Bucket="images", Key="a.zip", Body=make_zip(FILES))
    members = list(read_zip("s3://images/a.zip").values())
    bucket.put_object(Bucket="images", Key="a.zip", Body=make_zip(FILES, comment=b"2"))
    with pytest.raises(FetchError, match=r"a\.zip: the source changed while it was"):
        fetch(members, cache=cache)


def test_files_of_their_own(bucket, cache):
    for name, data in FILES.items():
        bucket.put_object(Bucket="images", Key=name, Body=data)
    assert exists("s3://images/train/3.jpg")
    assert not exists("s3://images/train/99.jpg")
    assert (
        fetch_file("s3://images/train/3.jpg", cache).read_bytes()
        == FILES["train/3.jpg"]
    )
    members = [RemoteMember(name, f"s3://images/{name}", -1) for name in FILES]
    fetched = fetch(members, cache=cache, concurrency=4)
    assert [member.file_size for member in fetched] == [2000] * 30
    with pytest.raises(MissingError, match=r"99\.jpg: no such file"):
        fetch_file("s3://images/train/99.jpg", cache)


def test_a_bucket_that_is_not_there(bucket, cache):
    with pytest.raises(MissingError, match="no such file"):
        find_file("s3://elsewhere/a.csv", retry=Retry(attempts=1))
