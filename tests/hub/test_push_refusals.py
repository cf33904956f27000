"""Pushes that are refused before anything is sent, and what is never pushed."""

import json
import shutil

import pytest
from huggingface_hub import constants

from builder.errors import OutputError, PushError, VerifyError
from builder.hub.push import push
from builder.output.digests import to_json
from tests.hub.pushing import (
    REPO,
    assert_backoff,
    changing,
    contents,
    published,
    refuse,
)
from tests.tiny_build import make_build, relist

# the client's own way to send a file, on httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.mark.parametrize(
    ("token", "match"),
    [
        (None, "without a token: set HF_TOKEN or run `hf auth login`"),
        ("hf_wrong", "does not accept the token"),
        ("hf_alice_read", "has role read, expected write"),
        ("hf_eve", "the token may not do that"),
    ],
)
def test_tokens_that_may_not_push(hub, built, monkeypatch, token, match):
    monkeypatch.delenv("HF_TOKEN")
    text = refuse(PushError, match, built, REPO, token=token)
    assert token is None or token not in text
    assert hub.repos.by_key == {}


def test_a_repo_of_someone_else(hub, built):
    push(built, "bob/tiny", token="hf_bob")
    head = hub.repo("bob/tiny").branches["main"]
    again = shutil.copytree(built, built.parent / "changed", dirs_exist_ok=True)
    (again / "selection.json").write_text("{}")
    relist(again)
    refuse(PushError, "the token may not do that", again, "bob/tiny")
    assert hub.repo("bob/tiny").branches["main"] == head


@pytest.mark.parametrize("kind", ["model", "space"])
def test_a_repo_of_another_type(hub, built, kind):
    from tests.servers.hub_repos import Repo

    hub.repos.by_key[kind, REPO] = Repo(REPO, kind)
    refuse(PushError, f"is a {kind}, expected a dataset", built, REPO)
    assert changing(hub) == []


def test_a_public_repo_is_not_taken_for_private(hub, built):
    push(built, REPO)
    refuse(PushError, "is public, expected private", built, REPO, private=True)


def test_a_repo_with_another_dataset(hub, built, tmp_path):
    push(built, REPO)
    siim = make_build(tmp_path / "siim", dataset="siim_isic_small")
    refuse(PushError, "holds coco_stuff_trimmed, expected siim", siim, REPO)


@pytest.mark.parametrize("manifest", [b"{}", b"not json", b'{"format": "other/1"}'])
def test_a_repo_with_a_manifest_of_something_else(hub, built, manifest):
    push(built, REPO)
    hub.repo(REPO).edit({"manifest.json": manifest})
    hub.log.clear()
    refuse(PushError, "expected (JSON of )?the format trimset", built, REPO)
    assert changing(hub) == []


def test_a_manifest_of_another_version(hub, built):
    push(built, REPO)
    later = b'{"format": "trimset.manifest/2", "files": {}}'
    hub.repo(REPO).edit({"manifest.json": later})
    refuse(
        PushError, "found 'trimset.manifest/2': build it again, or use the", built, REPO
    )


def test_a_namespace_that_the_hub_does_not_know(hub, built):
    body = '{"error": "No such organization"}'
    hub.fail("POST", "/repos/create", status=404, body=body)
    refuse(PushError, "knows nothing there.*No such organization", built, "nobody/x")


def test_a_card_that_the_hub_refuses(hub, built):
    body = '{"errors": [{"message": "license must be known"}], "warnings": []}'
    hub.fail("POST", "/validate-yaml", status=400, body=body)
    refuse(PushError, "license must be known.*mend that", built, REPO)
    assert len(hub.repo(REPO).history("main")) == 1


def test_offline(hub, built, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refuse(PushError, "HF_HUB_OFFLINE is set", built, REPO)
    assert len(hub.log) == 0


def test_no_server(hub, built, monkeypatch):
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    naps = []
    text = refuse(PushError, "refused", built, REPO, sleep=naps.append)
    assert_backoff(naps)
    assert "the connection failed" in text


@pytest.mark.parametrize("repo_id", ["no-namespace", "a/b/c", "alice/x y", "", "/x"])
def test_what_is_not_a_repo_id(hub, built, repo_id):
    refuse(PushError, "expected NAMESPACE/NAME", built, repo_id)
    assert len(hub.log) == 0


def test_tag_and_pull_request(hub, built):
    refuse(PushError, "cannot be tagged", built, REPO, tag="v1", create_pr=True)


def unfinished(folder):
    (folder / "manifest.json").unlink()
    (folder / ".trimset").mkdir()


def tampered(folder):
    path = folder / "data/car/test-00000-of-00001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def missing(folder):
    (folder / "figures/counts.png").unlink()


def left_over(folder):
    (folder / "data/car/train-00009-of-00010.parquet").write_bytes(b"")


def escaping(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../secret"] = {"sha256": "0" * 64, "bytes": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def edited(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["versions"]["trimset"] = "9.9.9"
    (folder / "manifest.json").write_bytes(to_json(manifest))


def reformatted(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "error", "match"),
    [
        (unfinished, OutputError, "found an unfinished build"),
        (tampered, VerifyError, r"data/car/test-.*: expected sha256 .*, found"),
        (missing, VerifyError, "figures/counts.png: is in the manifest, but not"),
        (left_over, VerifyError, "train-00009-of-00010.parquet: is not in the man"),
        (escaping, OutputError, r"one that has a '..' part of the file '../secret'"),
        (edited, VerifyError, "manifest.json: its digest is not that of its content"),
        (reformatted, VerifyError, "manifest.json: is not written as a build writes"),
    ],
)
def test_a_folder_that_is_not_whole(hub, folder, spoil, error, match):
    spoil(folder)
    refuse(error, match, folder, REPO)
    assert len(hub.log) == 0


def test_hidden_files_are_nobodys(hub, folder):
    before = contents(folder)
    for name in (".git/config", "data/.DS_Store", ".cache/huggingface/x.lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"mine")
    push(folder, REPO)
    assert published(hub) == before


def test_a_script_is_never_pushed(hub, folder):
    (folder / "coco_stuff_trimmed.py").write_text("")
    relist(folder)
    refuse(PushError, "coco_stuff_trimmed.py is a script", folder, REPO)
    assert len(hub.log) == 0


def test_a_file_that_changes_under_way(hub, folder):
    path = folder / "data/dog/test-00000-of-00001.parquet"
    hub.fail("POST", "/preupload/", "call", call=lambda: path.write_bytes(b"other"))
    refuse(PushError, "changed while it was being pushed|upload", folder, REPO)
    assert len(hub.repo(REPO).history("main")) == 1
