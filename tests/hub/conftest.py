"""The loopback Hub, and a finished build to push to it."""

import shutil

import pytest

from tests.hub_client import point_at
from tests.servers.hub_server import HubServer
from tests.tiny_build import make_build


@pytest.fixture
def hub(monkeypatch):
    with HubServer() as server:
        server.client_sleeps = point_at(server, monkeypatch, token="hf_alice")
        yield server


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A finished build; tests that change it work on a copy."""
    return make_build(tmp_path_factory.mktemp("built") / "dir", pixels=32)


@pytest.fixture
def folder(built, tmp_path):
    return shutil.copytree(built, tmp_path / "dir")
