"""Points the real clients at a HubServer, here or in processes of their own."""

import os
import sys
import types
from pathlib import Path

import huggingface_hub.file_download
import huggingface_hub.utils._http
import pytest
from huggingface_hub import constants

ROOT = Path(__file__).parent.parent


# Before what loads rows. datasets 2 asks the Hub's viewer, at a name made of the
# endpoint's, for which the resolver of some machines takes ten seconds to find nothing.
NO_VIEWER = "import datasets\ndatasets.config.USE_PARQUET_EXPORT = False\n"


def point_at(hub, monkeypatch, token=None):
    """Make the clients of this process talk to `hub`; return their own sleeps.

    What HF_ENDPOINT and HF_TOKEN set is read when huggingface_hub is imported.
    """
    template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    for module in (constants, huggingface_hub.file_download):
        monkeypatch.setattr(
            module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False
        )
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nonexistent/token")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # as conftest has it
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    if token is not None:
        monkeypatch.setenv("HF_TOKEN", token)
    sleeps = []
    clock = types.SimpleNamespace(sleep=sleeps.append)
    monkeypatch.setattr(huggingface_hub.utils._http, "time", clock)
    return sleeps


def environment(hub, home, token=None):
    """The environment of a process whose clients talk to `hub`."""
    kept = ("PATH", "LANG", "SYSTEMROOT", "TMPDIR")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(home),
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    return env | ({"HF_TOKEN": token} if token else {})


def python_with(version):
    """The interpreter of an environment with a version of `datasets`, or ``this``.

    They are looked for in the folder TRIMSET_MATRIX, or in .matrix, as
    ``<version>/bin/python``; `version` may be the beginning of one.
    """
    if version == "this":
        return sys.executable
    folder = Path(os.environ.get("TRIMSET_MATRIX", ROOT / ".matrix"))
    found = sorted(folder.glob(f"{version}*/bin/python"))
    if not found:
        pytest.skip(f"no datasets {version} in {folder.name}: run the load matrix")
    return str(found[-1])
