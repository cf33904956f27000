"""A bucket of a real server that speaks S3 (moto), for tests in many processes."""

from __future__ import annotations

import hashlib
import logging
from contextlib import contextmanager

BUCKET = "data"


@contextmanager
def serve():
    """Run a server, and give the variables by which every process finds it."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "NO_PROXY": "127.0.0.1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.stop()


def connect(environ):
    """Return a client; the bucket keeps every version of every key."""
    import boto3  # comes with moto, whose own language it is

    client = boto3.client(
        "s3",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        region_name=environ["AWS_DEFAULT_REGION"],
    )
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    return client


def upload(client, folder, prefix):
    """Put every file of a folder below a prefix."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            key = f"{prefix}/{path.relative_to(folder).as_posix()}"
            client.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())


def keys(client, prefix):
    """Return all keys below a prefix, without it."""
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=BUCKET, Prefix=f"{prefix}/"
    )
    return [
        item["Key"].removeprefix(f"{prefix}/")
        for page in pages
        for item in page.get("Contents", [])
    ]


def read(client, prefix, key):
    """Return the bytes of one object."""
    return client.get_object(Bucket=BUCKET, Key=f"{prefix}/{key}")["Body"].read()


def digests(client, prefix):
    """Return the sha256 of every object below a prefix, as `tiny.contents` does."""
    return {
        key: hashlib.sha256(read(client, prefix, key)).hexdigest()
        for key in keys(client, prefix)
    }


def writes(client, prefix):
    """Return how often each key below a prefix was written."""
    pages = client.get_paginator("list_object_versions").paginate(
        Bucket=BUCKET, Prefix=f"{prefix}/"
    )
    found = {}
    for page in pages:
        for item in page.get("Versions", []):
            key = item["Key"].removeprefix(f"{prefix}/")
            found[key] = found.get(key, 0) + 1
    return found
