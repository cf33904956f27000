"""verify_remote finds every difference, and only differences."""

import hashlib
import json
import shutil
from dataclasses import replace

import pytest

from builder.errors import CardError, PushError, VerifyError
from builder.hub.push import push
from builder.hub.verify import verify_remote
from builder.output.records import LAST
from tests.hostile.records import mutated, refusal
from tests.hostile.shapes import CARDS, SHAPES
from tests.hub_client import point_at
from tests.servers.hub_repos import Blob
from tests.servers.hub_server import HubServer
from tests.tiny_build import ROWS, make_build, seal

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = "alice/tiny"
SHARD = "data/car/test-00000-of-00001.parquet"


@pytest.fixture
def hub(monkeypatch):
    with HubServer() as server:
        point_at(server, monkeypatch)
        yield server


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built") / "dir"
    return make_build(folder, configs=("default", "car"))


@pytest.fixture
def pushed(hub, built):
    push(built, REPO, token="hf_alice", tag="v1")
    hub.log.clear()
    return hub


def tree(hub):
    """The tree of main, which tests may change behind everyone's back."""
    return hub.repo(REPO).resolve("main").tree


def refuse(match, *args, **kwargs):
    with pytest.raises(VerifyError, match=match) as caught:
        verify_remote(*args, **kwargs)
    assert "\n" not in str(caught.value)
    assert "hf_" not in str(caught.value).replace("hf auth", "")


@pytest.mark.parametrize("deep", [False, True])
def test_all_is_well(pushed, deep):
    report = verify_remote(REPO, deep=deep)
    assert report.ok
    assert report.faults == report.foreign == ()
    assert report.commit == pushed.repo(REPO).branches["main"]
    assert report.files == len(tree(pushed)) - 2  # manifest.json, .gitattributes
    assert report.rows == (6 * ROWS if deep else 0)
    # only --deep downloads what is large, and each file once
    assert len([r for r in pushed.log if r.on_store]) == (7 if deep else 0)


def test_revisions(pushed, tmp_path):
    push(make_build(tmp_path / "new", seed=1), REPO, token="hf_alice")
    for revision in ("v1", "main", None, pushed.repo(REPO).tags["v1"]):
        assert verify_remote(REPO, revision=revision).ok
    assert verify_remote(REPO, revision="v1").commit == pushed.repo(REPO).tags["v1"]
    refuse("there is no such revision", REPO, revision="v2")


def test_a_pull_request(pushed, tmp_path):
    folder = make_build(tmp_path / "new", seed=1)
    push(folder, REPO, token="hf_alice", create_pr=True)
    assert verify_remote(REPO, revision="refs/pr/1", deep=True).ok


def test_private(hub, built):
    push(built, REPO, private=True, token="hf_alice")
    assert verify_remote(REPO, deep=True, token="hf_alice_read").ok
    refuse("is not there, or not for this token", REPO)
    refuse("is not there, or not for this token", REPO, token="hf_eve")
    refuse("does not accept the token", REPO, token="hf_wrong")


def test_foreign_files_are_named_but_no_fault(pushed):
    pushed.repo(REPO).edit({"notes.txt": b"", "a/b.parquet": b"x"})
    report = verify_remote(REPO, deep=True)
    assert report.ok
    assert report.foreign == ("a/b.parquet", "notes.txt")


def test_a_changed_small_file(pushed):
    pushed.repo(REPO).edit({"selection.json": b"{}"})
    (fault,) = verify_remote(REPO).faults
    assert fault.startswith("selection.json has sha256 44136fa355b3…, expected")


def test_a_changed_shard(pushed):
    tree(pushed)[SHARD] = Blob.lfs("0" * 64, 9)
    (fault,) = verify_remote(REPO).faults
    assert fault.startswith(f"{SHARD} has sha256 000000000000…, expected")


def test_a_missing_file(pushed):
    pushed.repo(REPO).edit({SHARD: None, "README.md": None})
    assert verify_remote(REPO).faults == ("README.md is missing", f"{SHARD} is missing")


def test_only_deep_sees_what_the_store_has_lost(pushed):
    path = pushed.object(tree(pushed)[SHARD].sha256)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert verify_remote(REPO).ok
    (fault,) = verify_remote(REPO, deep=True).faults
    assert fault.startswith(f"{SHARD} has downloaded sha256")


def test_a_manifest_that_is_wrong_about_its_rows(hub, built, tmp_path):
    folder = shutil.copytree(built, tmp_path / "dir")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][SHARD]["rows_sha256"] = "f" * 64
    seal(folder, manifest)
    push(folder, REPO, token="hf_alice")
    assert verify_remote(REPO).ok
    (fault,) = verify_remote(REPO, deep=True).faults
    assert fault.startswith(f"{SHARD} has rows_sha256")
    assert fault.endswith("expected ffffffffffff…")


@pytest.mark.parametrize(
    ("content", "said", "match"),
    [
        (b"PAR1 no more", {"rows": 3}, "extra.parquet cannot be read as Parquet"),
        (None, {"rows": 9}, "extra.parquet has 3 rows, expected 9"),
    ],
)
def test_what_push_would_never_have_sent(pushed, built, content, said, match, tmp_path):
    content = content or (built / SHARD).read_bytes()
    manifest = json.loads((built / "manifest.json").read_text())
    sha256 = hashlib.sha256(content).hexdigest()
    entry = {**manifest["files"][SHARD], "sha256": sha256, **said}
    manifest["files"]["extra.parquet"] = {**entry, "bytes": len(content)}
    seal(tmp_path, manifest)
    text = (tmp_path / "manifest.json").read_bytes()
    pushed.repo(REPO).edit({"extra.parquet": content, "manifest.json": text})
    assert verify_remote(REPO).ok
    (fault,) = verify_remote(REPO, deep=True).faults
    assert fault.startswith(match)


def test_resets_on_the_way(pushed):
    pushed.fail("GET", "/store/", "cut", skip=1)
    pushed.fail("GET", "/tree/", "status", status=503)
    pushed.fail("GET", "/revision/", "status", status=429, headers={"Retry-After": "1"})
    assert verify_remote(REPO, deep=True, sleep=lambda _: None).ok


def test_a_push_meanwhile_does_not_mix_in(pushed, tmp_path):
    folder = make_build(tmp_path / "new", configs=("default", "car"), seed=1)
    first = pushed.repo(REPO).branches["main"]

    def replace():
        push(folder, REPO, token="hf_alice")

    def in_thread():
        import threading

        thread = threading.Thread(target=replace)
        thread.start()
        threads.append(thread)

    threads = []
    pushed.fail("GET", "/tree/", "call", call=in_thread)
    report = verify_remote(REPO, deep=True)
    threads[0].join()
    assert report.ok
    assert report.commit == first
    assert verify_remote(REPO, deep=True).ok


def test_progress(pushed):
    seen = []
    verify_remote(REPO, progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(len(seen)))
    assert seen[-1][0] == seen[-1][1] == len(seen) - 1


def test_a_manifest_that_was_edited_on_the_hub(pushed, built):
    text = (built / "manifest.json").read_bytes().replace(b'"0.1.0"', b'"0.1.1"')
    pushed.repo(REPO).edit({"manifest.json": text})
    (fault,) = verify_remote(REPO).faults
    assert fault == "manifest.json has a digest that is not that of its content"


def test_what_is_no_build(pushed):
    pushed.repo(REPO).edit({"manifest.json": None})
    refuse("holds no build: expected manifest.json", REPO)
    pushed.repo(REPO).edit({"manifest.json": b"[]"})
    refuse("expected the format trimset.manifest/1, found", REPO)
    refuse("no local folder has that name: expected a data", "alice/nothing")
    refuse("expected NAMESPACE/NAME", "alice")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_manifest_there_that_is_none_is_one_line(pushed, built, shape):
    data, words = SHAPES[shape]
    tree(pushed)[LAST] = Blob.regular(data)
    refuse(words, REPO)
    with pytest.raises(PushError, match=f"{LAST} of {REPO}: expected ") as caught:
        push(built, REPO, token="hf_alice")
    assert str(caught.value).isprintable()


# Of those that the server of these tests can read itself.
@pytest.mark.parametrize("card", ["a class", "many digits", "no date", "a key twice"])
def test_a_card_there_that_would_be_huge_is_a_fault(pushed, built, card):
    tree(pushed)["README.md"] = Blob.regular(f"---\n{CARDS[card]}\n---\n".encode())
    (fault,) = verify_remote(REPO).faults
    assert fault.startswith("README.md: its YAML ")
    assert fault.isprintable()
    with pytest.raises(CardError, match="cannot be merged: its YAML "):
        push(built, REPO, token="hf_alice")


def test_what_is_said_to_be_large_is_not_fetched(pushed, built):
    blob = tree(pushed)[LAST]
    tree(pushed)[LAST] = replace(blob, size=2**40)
    refuse(r"manifest\.json of alice/tiny has 1,099,511,627,776 bytes", REPO)
    assert not any("/resolve/" in r.path for r in pushed.log)
    tree(pushed)[LAST] = blob
    tree(pushed)[SHARD] = replace(tree(pushed)[SHARD], size=2**40)
    faults = verify_remote(REPO, deep=True).faults
    assert len(faults) == 1
    assert faults[0].startswith(f"{SHARD} has 1,099,511,627,776 bytes, expected ")


@pytest.mark.parametrize("seed", range(12))
def test_a_manifest_there_with_one_other_value(pushed, built, seed):
    content = json.loads((built / LAST).read_text())
    data, told = mutated(content, seed)
    tree(pushed)[LAST] = Blob.regular(data)
    refusal(told, lambda: verify_remote(REPO, deep=True))
    refusal(told, lambda: push(built, REPO, token="hf_alice", dry_run=True))
