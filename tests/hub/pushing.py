"""What the tests of pushes ask of a Hub and a folder."""

import traceback

import pytest

from builder.hub.published import publish_anew
from builder.hub.push import push
from builder.output.check import read_build

REPO = "alice/coco_stuff_trimmed"
STORE = "/store/"
PUSH = (
    "import sys; from builder.hub.push import push; print(push(*sys.argv[1:]).commit)"
)


def size(folder, pattern="**/*"):
    return sum(p.stat().st_size for p in folder.glob(pattern) if p.is_file())


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file()
    }


def as_pushed(folder, repo):
    """What a build is on the Hub: its card names the repo, and its manifest that."""
    made = publish_anew(read_build(folder), repo)
    assert f'load_dataset("{repo}"' in made.texts["README.md"].decode()
    return contents(folder) | made.texts


def published(hub, revision="main", repo=REPO):
    """What a reader of the repo gets, file by file."""
    tree = hub.repo(repo).resolve(revision).tree
    return {
        path: hub.object(blob.sha256).read_bytes() if blob.sha256 else blob.content
        for path, blob in tree.items()
        if path != ".gitattributes"
    }


def changing(hub):
    """Requests that change something, the question what to upload left out."""
    return [
        r
        for r in hub.log
        if r.method not in ("GET", "HEAD") and "/preupload/" not in r.path
    ]


def assert_backoff(waits):
    """Each is between half of the next power of two and the whole."""
    assert len(waits) == 5
    assert all(2**n / 2 <= wait <= 2**n for n, wait in enumerate(waits)), waits


def refuse(error, match, *args, **kwargs):
    """Check that a push is refused with one line that fits, and shows no token."""
    with pytest.raises(error, match=match) as caught:
        push(*args, **kwargs)
    text = str(caught.value)
    assert "\n" not in text
    shown = "".join(traceback.format_exception(caught.value))
    assert "hf_" not in shown.replace("hf_alice_read", "").replace("hf auth", "")
    return text
