"""The two types: what lies elsewhere, and what lies here."""

import dataclasses
import pickle
import subprocess
import sys

import pytest

from builder.sources.member import LocalMember, RemoteMember

ZIP = {"header_offset": 7, "span": 90, "compress_size": 9, "compress_type": 8, "CRC": 5}
MEMBERS = [
    RemoteMember("a.jpg", "http://host/a.jpg", -1),
    RemoteMember("a.jpg", "http://host/a.zip", 20, '"1"', **ZIP),
    LocalMember("a.jpg", "/data/a.jpg", 20),
    LocalMember("a.jpg", "/data/a.zip", 20, **ZIP),
]


@pytest.mark.parametrize("member", MEMBERS)
def test_members_are_small_and_travel(member):
    again = pickle.loads(pickle.dumps(member))
    assert again == member
    assert type(again) is type(member)
    assert hash(again) == hash(member)
    assert not hasattr(member, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        member.name = "b.jpg"


def test_members_differ_by_every_field():
    assert len({*MEMBERS}) == len(MEMBERS)
    assert [member.in_zip for member in MEMBERS] == [False, True, False, True]


def test_an_address_is_shown_without_its_secrets():
    url = "https://me:token@host/a.zip?sig=s3cret"
    assert RemoteMember("a.jpg", url, 1).where == "https://host/a.zip"
    assert LocalMember("a.jpg", "/data/a.zip", 1).where == "/data/a.zip"


def test_local_work_needs_no_client_of_a_server(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"image")
    code = f"""
import sys
from builder.sources.cache import Cache
from builder.sources.fetch import fetch
from builder.sources.metadata_file import MetadataFile
from builder.sources.places import Place, given_images
from builder.sources.read import read_image
from builder.sources.remote import Remote
with Remote() as remote:
    store = given_images({str(tmp_path)!r}, "images")
    found = store.locate(["a.jpg"], remote)
    files = fetch(found.members, cache=Cache(), remote=remote)
    assert read_image(files[0]) == b"image"
    path = Place({str(tmp_path)!r}, remote).find(("b.jpg", "a.jpg"))
    with MetadataFile(path).open(Cache(), remote) as view:
        assert view == b"image"
assert not {{"urllib3", "fsspec", "requests"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
