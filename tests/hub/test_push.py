"""push, against a server that speaks the Hub's protocol."""

import json
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

import pytest
from huggingface_hub import constants

from builder.errors import OutputError, PushError, VerifyError
from builder.hub.push import push
from builder.hub.upload import THREADS
from tests.hub_client import environment, point_at
from tests.servers.hub_repos import Blob
from tests.servers.hub_server import HubServer
from tests.tiny_build import make_build, relist

# the client's own way to send a file, on httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = "alice/coco_stuff_trimmed"
PUSH = (
    "import sys; from builder.hub.push import push; print(push(*sys.argv[1:]).commit)"
)


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


def size(folder, pattern="**/*"):
    return sum(p.stat().st_size for p in folder.glob(pattern) if p.is_file())


def contents(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file()
    }


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


def refuse(error, match, *args, **kwargs):
    """Check that a push is refused with one line that fits, and shows no token."""
    with pytest.raises(error, match=match) as caught:
        push(*args, **kwargs)
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    shown = "".join(traceback.format_exception(caught.value))
    assert "hf_" not in shown.replace("hf_alice_read", "").replace("hf auth", "")
    return text


# The first push, the second, and those after ------------------------------------


def test_first_push_publishes_every_file_in_one_commit(hub, built):
    report = push(built, REPO, tag="v1.0.0", message="First")
    assert published(hub) == contents(built)
    repo = hub.repo(REPO)
    assert not repo.private
    assert [c.title for c in repo.history("main")] == ["First", "initial commit"]
    assert repo.tags == {"v1.0.0": report.commit} == {"v1.0.0": repo.branches["main"]}
    assert set(report.added) == set(contents(built))
    assert report.changed == report.deleted == report.foreign == ()
    assert report.bytes_sent == report.bytes_planned == size(built)
    assert hub.uploaded() == size(built, "**/*.p*")  # Parquet and PNG; JSON is small
    assert report.url == f"{hub.url}/datasets/{REPO}"
    assert report.load == f'load_dataset("{REPO}", "car", revision="v1.0.0")'
    json.dumps(report.commit)


def test_second_push_sends_nothing(hub, built):
    first = push(built, REPO, tag="v1.0.0")
    hub.log.clear()
    second = push(built, REPO, tag="v1.0.0")
    assert {r.method for r in hub.log} <= {"GET", "HEAD"}
    assert sum(r.received for r in hub.log) == 0
    assert len(hub.log) < 10
    assert second.commit == first.commit
    assert second.added == second.changed == second.deleted == ()
    assert second.unchanged == len(contents(built))
    assert second.bytes_sent == second.bytes_planned == 0
    assert len(hub.repo(REPO).history("main")) == 2


def test_one_changed_config_moves_its_bytes_only(hub, built, tmp_path):
    push(built, REPO)
    hub.log.clear()
    rebuilt = make_build(tmp_path / "new", pixels=32, seeds={"car": 7})
    report = push(rebuilt, REPO)
    assert hub.uploaded() == size(rebuilt, "data/car/*")
    assert set(report.changed) == {
        "manifest.json",
        "selection.json",
        *(p for p in contents(rebuilt) if p.startswith("data/car/")),
    } | ({"README.md"} & set(report.changed))
    assert report.added == report.deleted == ()
    assert report.bytes_sent == sum(
        (rebuilt / path).stat().st_size for path in report.changed
    )
    assert published(hub) == contents(rebuilt)


def test_files_of_an_earlier_build_go_in_the_same_commit(hub, built, tmp_path):
    push(built, REPO)
    hub.repo(REPO).edit({"notes/why.txt": b"kept", "extra.parquet": b"kept"})
    rebuilt = make_build(tmp_path / "new", pixels=32, configs=("default", "car"))
    report = push(rebuilt, REPO)
    assert {p.split("/")[1] for p in report.deleted} == {"dog"}
    assert report.foreign == ("extra.parquet", "notes/why.txt")
    foreign = {"notes/why.txt": b"kept", "extra.parquet": b"kept"}
    assert published(hub) == contents(rebuilt) | foreign
    assert len(hub.repo(REPO).history("main")) == 4


def test_a_file_that_only_its_size_betrays_is_not_needed(hub, folder):
    """Same size, other bytes: files are compared by hash."""
    push(folder, REPO)
    selection = folder / "selection.json"
    selection.write_text(selection.read_text().replace("0", "1"))
    relist(folder)
    assert push(folder, REPO).changed == ("manifest.json", "selection.json")
    assert published(hub) == contents(folder)


def test_files_already_in_store_are_not_sent_again(hub, folder, tmp_path):
    push(folder, REPO)
    other = make_build(tmp_path / "other", pixels=32, seed=1)
    push(other, REPO)
    before = hub.uploaded()
    report = push(folder, REPO)  # back to the first: its bytes are there
    assert hub.uploaded() == before
    assert report.bytes_sent < report.bytes_planned
    assert published(hub) == contents(folder)


def test_a_file_in_parts(monkeypatch, built):
    with HubServer(part=5_000, page=4) as server:
        point_at(server, monkeypatch, token="hf_alice")
        report = push(built, REPO)
        assert published(server) == contents(built)
        assert report.bytes_sent == size(built)
        assert server.uploaded() == size(built, "**/*.p*")
        assert len(server.requests("PUT", "/00003$")) > 0


def test_a_foreign_script_that_stops_readers_is_named(hub, built):
    push(built, REPO)
    hub.repo(REPO).edit({"coco_stuff_trimmed.py": b"", "tool.py": b""})
    report = push(built, REPO)
    assert report.foreign == ("coco_stuff_trimmed.py", "tool.py")
    assert len(report.warnings) == 1
    assert report.warnings[0].startswith("coco_stuff_trimmed.py lies in the repo")


def test_private(hub, built):
    push(built, REPO, private=True)
    assert hub.repo(REPO).private
    push(built, REPO, private=True)  # and once more
    push(built, REPO)  # does not make it public
    assert hub.repo(REPO).private


def test_an_organization(hub, built):
    assert push(built, "acme/tiny").url == f"{hub.url}/datasets/acme/tiny"
    assert published(hub, repo="acme/tiny") == contents(built)


@pytest.mark.parametrize("faults", [0, 2])
def test_progress_ends_at_the_total_and_never_falls(hub, built, faults):
    hub.fail("PUT", "/store/", status=403, times=faults)
    seen = []

    def progress(done, total):
        seen.append((done, total))

    push(built, REPO, progress=progress, sleep=lambda _: None)
    assert {total for _, total in seen} == {size(built)}
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1][0] == size(built)
    assert len(seen) > 10


def test_an_edit_on_the_hub_is_told_before_it_is_replaced(hub, built, tmp_path):
    push(built, REPO)
    edit = hub.repo(REPO).edit({"README.md": b"by bob", "notes.txt": b"bob"})
    rebuilt = make_build(tmp_path / "new", pixels=32, seed=1)
    for dry_run in (True, False):
        (text,) = push(rebuilt, REPO, dry_run=dry_run).warnings
        assert text.startswith("README.md had been edited on the Hub")
        assert text.endswith(edit.oid)
    assert push(built, REPO).warnings == ()


def test_an_edited_shard_is_told_too(hub, built):
    push(built, REPO)
    tree = hub.repo(REPO).resolve("main").tree
    path = "data/dog/test-00000-of-00001.parquet"
    tree[path] = Blob.lfs("0" * 64, 9)
    assert path in push(built, REPO).warnings[0]


# Branches, tags, pull requests, dry runs -----------------------------------------


def test_tag_only(hub, built):
    first = push(built, REPO)
    hub.log.clear()
    assert push(built, REPO, tag="v2").tag == "v2"
    assert [r.path.rpartition("/")[0][-3:] for r in changing(hub)] == ["tag"]
    assert hub.repo(REPO).tags == {"v2": first.commit}


def test_a_tag_on_another_commit_is_refused_before_anything_is_sent(
    hub, built, tmp_path
):
    push(built, REPO, tag="v1")
    rebuilt = make_build(tmp_path / "new", seed=1)
    hub.log.clear()
    text = refuse(PushError, "tag v1 .* is on commit", rebuilt, REPO, tag="v1")
    assert "change README.md" in text
    assert changing(hub) == []
    hub.repo(REPO).edit({"notes.txt": b""})  # the same build, on another commit
    refuse(PushError, "the branch went on", built, REPO, tag="v1")


def test_a_branch_is_made_and_main_left_alone(hub, built, tmp_path):
    push(built, REPO)
    main = hub.repo(REPO).branches["main"]
    rebuilt = make_build(tmp_path / "new", seed=1)
    report = push(rebuilt, REPO, revision="next")
    assert hub.repo(REPO).branches == {"main": main, "next": report.commit}
    assert published(hub, "next") == contents(rebuilt)
    assert report.load.endswith('revision="next")')
    hub.log.clear()
    assert push(rebuilt, REPO, revision="next").commit == report.commit
    assert changing(hub) == []


def test_no_main_to_start_from(hub, built):
    push(built, REPO)
    hub.repo(REPO).branches = {"other": hub.repo(REPO).branches["main"]}
    refuse(PushError, "has no branch main .* found other", built, REPO)


def test_a_branch_in_a_new_repo(hub, built):
    push(built, REPO, revision="next")
    assert published(hub, "next") == contents(built)
    assert published(hub) == {}


@pytest.mark.parametrize("revision", ["v1", "refs/pr/1", "a" * 40])
def test_what_is_not_a_branch_is_refused(hub, built, revision):
    push(built, REPO, tag="v1")
    refuse(PushError, "is not a branch", built, REPO, revision=revision)


def test_a_pull_request_is_opened_once(hub, built, tmp_path):
    push(built, REPO)
    main = hub.repo(REPO).branches["main"]
    rebuilt = make_build(tmp_path / "new", seed=1)
    first = push(rebuilt, REPO, create_pr=True)
    assert first.url == f"{hub.url}/datasets/{REPO}/discussions/1"
    assert hub.repo(REPO).branches == {"main": main}
    assert published(hub, "refs/pr/1") == contents(rebuilt)
    hub.log.clear()
    second = push(rebuilt, REPO, create_pr=True)
    assert (second.url, second.commit) == (first.url, first.commit)
    assert changing(hub) == []
    hub.repo(REPO).pulls[1].status = "closed"
    assert push(rebuilt, REPO, create_pr=True).url.endswith("/discussions/2")


def test_a_pull_request_to_a_repo_that_is_to_be_made(hub, built):
    report = push(built, REPO, create_pr=True)
    assert published(hub) == {}
    assert published(hub, "refs/pr/1") == contents(built)
    assert report.url.endswith("/discussions/1")


def test_other_pull_requests_are_left_alone(hub, built, tmp_path):
    push(built, REPO)
    ours, theirs = (make_build(tmp_path / str(i), seed=i) for i in (1, 2))
    push(theirs, REPO, create_pr=True, token="hf_bob")
    push(ours, REPO, create_pr=True)
    assert published(hub, "refs/pr/1") == contents(theirs)
    assert published(hub, "refs/pr/2") == contents(ours)


def test_anyone_may_propose(hub, built, tmp_path):
    push(built, REPO)
    rebuilt = make_build(tmp_path / "new", seed=1)
    push(rebuilt, REPO, create_pr=True, token="hf_eve")
    assert hub.repo(REPO).pulls[1].author == "eve"


def test_nothing_to_propose(hub, built):
    push(built, REPO)
    report = push(built, REPO, create_pr=True)
    assert report.commit == hub.repo(REPO).branches["main"]
    assert hub.repo(REPO).pulls == {}


def test_a_dry_run_sends_nothing(hub, built, tmp_path):
    report = push(built, REPO, dry_run=True, tag="v1")
    assert hub.repos.by_key == {}
    assert (report.commit, report.bytes_sent) == (None, 0)
    assert report.bytes_planned == size(built)
    push(built, REPO)
    rebuilt = make_build(tmp_path / "new", configs=("default", "car"), seed=1)
    hub.log.clear()
    report = push(rebuilt, REPO, dry_run=True)
    assert {r.method for r in hub.log} <= {"GET", "HEAD"}
    assert len(report.deleted) == 3
    assert "README.md" in report.changed
    assert push(built, REPO, dry_run=True).commit is not None


# Refusals --------------------------------------------------------------------------


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
    refuse(PushError, "is not a manifest of trimset", built, REPO)
    assert changing(hub) == []


def test_a_manifest_of_another_version(hub, built):
    push(built, REPO)
    later = b'{"format": "trimset.manifest/2", "files": {}}'
    hub.repo(REPO).edit({"manifest.json": later})
    refuse(PushError, "has format trimset.manifest/2, expected", built, REPO)


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
    assert naps == [1, 2, 4, 8, 16]
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


@pytest.mark.parametrize(
    ("spoil", "error", "match"),
    [
        (unfinished, OutputError, "not a finished build"),
        (tampered, VerifyError, r"data/car/test-.* has sha256 .*, expected"),
        (missing, VerifyError, "figures/counts.png is missing"),
        (left_over, VerifyError, "train-00009-of-00010.parquet is left over"),
        (escaping, OutputError, r"lists the path '../secret'"),
    ],
)
def test_a_folder_that_is_not_whole(hub, folder, spoil, error, match):
    spoil(folder)
    refuse(error, match, folder, REPO)
    assert len(hub.log) == 0


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


# Someone else -----------------------------------------------------------------------


def test_a_push_of_someone_else_is_not_overwritten(hub, built, tmp_path):
    push(built, REPO)
    rebuilt = make_build(tmp_path / "new", pixels=32, seed=1)
    edit = {"README.md": b"by bob"}
    hub.fail("POST", "/commit/", "call", call=lambda: hub.repo(REPO).edit(edit))
    text = refuse(PushError, "someone else pushed to main", rebuilt, REPO)
    assert hub.repo(REPO).branches["main"][:12] in text
    assert published(hub)["README.md"] == b"by bob"
    assert hub.repo(REPO).resolve("main").author == "bob"
    before = hub.uploaded()
    push(rebuilt, REPO)  # told of it, the same command goes on
    assert hub.uploaded() == before
    assert published(hub) == contents(rebuilt)


def test_someone_else_pushed_on_top_of_a_commit_whose_answer_was_lost(hub, built):
    def edit_after():
        # runs before the history is asked for, so after the commit
        hub.repo(REPO).edit({"notes.txt": b"bob"})

    hub.fail("POST", "/commit/", "lost")
    hub.fail("GET", "/commits/", "call", call=edit_after)
    naps = []
    report = push(built, REPO, tag="v1", sleep=naps.append)
    repo = hub.repo(REPO)
    titles = [c.title for c in repo.history("main")]
    assert titles == ["edit", "Push coco_stuff_trimmed as built by trimset", titles[2]]
    assert report.commit == repo.tags["v1"] == repo.history("main")[1].oid


def test_someone_else_made_the_repo_meanwhile(hub, built):
    from tests.servers.hub_repos import Repo

    def make():
        hub.repos.by_key["dataset", REPO] = Repo(REPO, "dataset")
        hub.repo(REPO).edit({"manifest.json": b"theirs"})

    hub.fail("POST", "/repos/create", "call", call=make)
    refuse(PushError, "is not a manifest of trimset", built, REPO)
    assert published(hub) == {"manifest.json": b"theirs"}


def test_someone_else_made_the_same_repo_meanwhile(hub, built):
    push(built, "alice/other")

    def make():
        hub.repos.by_key["dataset", REPO] = hub.repo("alice/other")

    hub.fail("POST", "/repos/create", "call", call=make)
    report = push(built, REPO)
    assert report.commit == hub.repo(REPO).branches["main"]
    assert (report.bytes_sent, report.added) == (0, ())


def test_the_remote_is_compared_after_the_commit(hub, built):
    """A Hub that drops a file of the commit is found out."""

    def drop():
        repo = hub.repo(REPO)
        head = repo.commits[repo.branches["main"]]
        head.tree.pop("selection.json", None)

    push(built, REPO)
    (copy := built.parent / "copy").mkdir(exist_ok=True)
    shutil.copytree(built, copy, dirs_exist_ok=True)
    (copy / "selection.json").write_text('{"seed": 9}')
    relist(copy)
    hub.fail("GET", "/tree/", "call", skip=1, call=drop)
    refuse(PushError, "is not the build: still to add selection.json", copy, REPO)


# Faults -----------------------------------------------------------------------------

STORE = "/store/"
AFTER = {"Retry-After": "9"}


@pytest.mark.parametrize(
    "fault",
    [
        ("GET", "/whoami", "status", {"status": 429, "headers": AFTER}),
        ("GET", "/whoami", "lost", {}),
        ("POST", "/repos/create", "status", {"times": 2}),
        ("POST", "/repos/create", "lost", {}),
        ("GET", "/refs", "status", {"status": 500}),
        ("GET", "/tree/", "cut", {"times": 2}),
        ("POST", "/preupload/", "status", {"status": 502}),
        ("POST", "/objects/batch", "lost", {}),
        ("POST", "/lfs-verify/", "status", {}),
        ("POST", "/validate-yaml", "status", {}),
        ("POST", "/commit/", "status", {"times": 3}),
        (
            "POST",
            "/commit/",
            "status",
            {"status": 429, "headers": {"Retry-After": "9"}},
        ),
        ("POST", "/commit/", "status", {"status": 409}),
        ("POST", "/commit/", "status", {"status": 412, "times": 2}),
        ("POST", "/commit/", "reset", {"after": 1000}),
        ("POST", "/commit/", "lost", {}),
        ("POST", "/commit/", "cut", {}),
        ("POST", "/tag/", "status", {"times": 2}),
        ("POST", "/tag/", "lost", {}),
    ],
    ids=lambda fault: "-".join(map(str, fault[:3])) + f"-{len(str(fault[3]))}",
)
def test_faults_without_a_loss(hub, built, fault):
    """The push completes: one commit, one tag, no file sent twice."""
    method, pattern, kind, more = fault
    rule = hub.fail(method, pattern, kind, **more)
    naps = []
    report = push(built, REPO, tag="v1", sleep=naps.append)
    assert rule.seen >= rule.times
    assert published(hub) == contents(built)
    repo = hub.repo(REPO)
    assert len(repo.history("main")) == 2
    assert repo.tags == {"v1": report.commit}
    assert hub.uploaded() == size(built, "**/*.p*")
    if "headers" in more:  # waited as asked, by the client itself or by push
        assert max(naps + hub.client_sleeps) >= int(more["headers"]["Retry-After"])


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("status", {"status": 503}),
        ("status", {"status": 403, "body": "Request has expired"}),
        ("status", {"status": 400, "body": "XAmzContentSHA256Mismatch"}),
        ("reset", {"after": 2000}),
        ("lost", {}),
    ],
    ids=["503", "expired", "checksum", "reset", "lost"],
)
def test_faults_of_an_upload_cost_that_file_only(hub, built, kind, more):
    rule = hub.fail("PUT", STORE, kind, skip=2, **more)
    report = push(built, REPO, sleep=lambda _: None)
    assert rule.seen > 3
    assert published(hub) == contents(built)
    assert len(hub.repo(REPO).history("main")) == 2
    largest = max(p.stat().st_size for p in built.glob("data/*/*"))
    ideal = size(built, "**/*.p*")
    assert ideal <= hub.uploaded() <= ideal + largest
    assert report.bytes_sent <= size(built) + largest


def test_a_wrong_hash_that_stays_is_one_line(hub, built):
    hub.fail("PUT", STORE, status=400, times=99, body="XAmzContentSHA256Mismatch")
    text = refuse(PushError, "cannot upload", built, REPO, sleep=lambda _: None)
    assert "XAmzContentSHA256Mismatch" in text
    assert "X-Amz-Signature" not in text
    assert len(hub.repo(REPO).history("main")) == 1


def test_a_commit_that_never_works_is_one_line_and_resumes(hub, built):
    rule = hub.fail("POST", "/commit/", times=6)
    naps = []
    refuse(PushError, "answered 503", built, REPO, sleep=naps.append)
    assert naps == [1, 2, 4, 8, 16]
    assert rule.seen == 6
    push(built, REPO)
    assert hub.uploaded() == size(built, "**/*.p*")
    assert published(hub) == contents(built)


def test_a_wait_that_is_too_long_is_told(hub, built):
    after = {"Retry-After": "3600"}
    hub.fail("POST", "/commit/", status=429, times=99, headers=after)
    naps = []
    refuse(PushError, "asks to wait 3600 s", built, REPO, sleep=naps.append)
    assert naps == []


def test_a_damaged_manifest_on_the_way_is_asked_for_again(hub, built):
    push(built, REPO)
    hub.fail("GET", "/resolve/.*manifest.json", "flip")
    assert push(built, REPO).unchanged == len(contents(built))
    hub.fail("GET", "/resolve/.*manifest.json", "flip", times=9)
    refuse(PushError, "came twice with other bytes", built, REPO)


def test_a_pull_request_whose_answer_was_lost(hub, built):
    push(built, REPO, revision="empty")
    hub.fail("POST", "/commit/", "lost")
    report = push(built, REPO, create_pr=True, sleep=lambda _: None)
    assert list(hub.repo(REPO).pulls) == [1]
    assert report.url.endswith("/discussions/1")


# Processes --------------------------------------------------------------------------


def start(hub, folder, home, code=PUSH):
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), REPO],
        env=environment(hub, home, "hf_alice"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_killed_between_upload_and_commit(hub, built, tmp_path):
    rule = hub.fail("POST", "/commit/", "hang")
    process = start(hub, built, tmp_path)
    wait_for(lambda: rule.seen == 1)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert len(hub.repo(REPO).history("main")) == 1
    assert hub.uploaded() == size(built, "**/*.p*")
    process = start(hub, built, tmp_path)
    output = process.communicate(timeout=60)[0]
    assert process.returncode == 0, output
    assert output.strip() == hub.repo(REPO).branches["main"]  # and nothing else
    assert hub.uploaded() == size(built, "**/*.p*")
    assert published(hub) == contents(built)


def test_killed_while_uploading_loses_what_was_on_its_way(hub, tmp_path):
    built = make_build(tmp_path / "dir", pixels=200)
    rule = hub.fail("PUT", STORE, "hang", skip=4, times=99)
    process = start(hub, built, tmp_path)
    wait_for(lambda: rule.seen >= 4 + THREADS)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    hub.faults.clear()
    push(built, REPO)
    assert published(hub) == contents(built)
    largest = max(p.stat().st_size for p in built.glob("data/*/*"))
    ideal = size(built, "**/*.p*")
    assert hub.uploaded() <= ideal + THREADS * largest


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for processes")
def test_interrupted_while_uploading(hub, tmp_path):
    built = make_build(tmp_path / "dir", pixels=200)
    rule = hub.fail("PUT", STORE, "status", skip=4, times=99)  # the client retries
    process = start(hub, built, tmp_path)
    wait_for(lambda: rule.seen >= 4 + THREADS)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=30)[0]
    assert output.rstrip().endswith("KeyboardInterrupt")
    hub.faults.clear()
    push(built, REPO)
    assert published(hub) == contents(built)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for processes")
def test_interrupted_while_the_server_asks_to_wait(hub, built, tmp_path):
    after = {"Retry-After": "600"}
    rule = hub.fail("POST", "/preupload/", status=429, times=99, headers=after)
    code = f"import builder.hub.upload; builder.hub.upload.PATIENCE = 0.1; {PUSH}"
    process = start(hub, built, tmp_path, code)
    wait_for(lambda: rule.seen)
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=10)[0]
    assert output.rstrip().endswith("KeyboardInterrupt")


READER = """
import json, sys
import datasets
datasets.disable_progress_bars()
while True:
    for streaming in (False, True):
        data = datasets.load_dataset(
            sys.argv[1], "car", streaming=streaming,
            download_mode="force_redownload",
        )
        raw = datasets.Image(decode=False)
        seen = []
        for split in ("train", "test"):
            for row in data[split].cast_column("image", raw):
                seen.append(row["image"]["bytes"].hex()[-64:])
        print(json.dumps(seen), flush=True)
"""


def images(folder):
    import pyarrow.parquet as pq

    paths = [*sorted(folder.glob("data/car/train-*")), *folder.glob("data/car/test-*")]
    columns = [pq.read_table(path)["image"].to_pylist() for path in paths]
    return [image["bytes"].hex()[-64:] for column in columns for image in column]


def test_a_reader_during_pushes_sees_old_or_new(hub, tmp_path):
    builds = [
        make_build(tmp_path / str(seed), configs=("default", "car"), seed=seed)
        for seed in range(6)
    ]
    expected = [images(build) for build in builds]
    errors = tmp_path / "stderr"
    push(builds[0], REPO)
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", READER, REPO],
            env=environment(hub, tmp_path / "home"),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as reader,
    ):
        seen = []

        def read():
            line = reader.stdout.readline()
            assert line, errors.read_text()
            seen.append(expected.index(json.loads(line)))  # a blend is none of them

        try:
            read()
            for build in builds[1:]:
                push(build, REPO)
                read()
            while seen[-1] < 5 and len(seen) < 500:
                read()
        finally:
            reader.kill()
    assert seen == sorted(seen)  # and once it saw the new one, never the old again
    assert (seen[0], seen[-1]) == (0, 5)
    assert len(set(seen)) > 2


# Secrets ----------------------------------------------------------------------------


def test_the_token_is_nowhere(hub, built, caplog, capfd, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_alice")
    caplog.set_level(logging.DEBUG)
    hub.fail("POST", "/commit/", times=1, body='{"error": "token hf_alice is tired"}')
    hub.fail("PUT", STORE, "reset", after=100)
    report = push(built, REPO, tag="v1", sleep=lambda _: None)
    hub.fail("GET", "/whoami", status=403, body='{"error": "hf_alice may not"}')
    with pytest.raises(PushError) as caught:
        push(built, REPO)
    out, err = capfd.readouterr()
    seen = [repr(report), out, err, caplog.text, *map(str, caplog.records)]
    seen += traceback.format_exception(caught.value)
    assert "the Hub answered 503" in caplog.text  # there was something to see
    assert not any("hf_alice" in text for text in seen)
    # httpx logs URLs at INFO, signed ones too; nothing else tells them
    seen = [text for text in seen if text is not caplog.text and "httpx" not in text]
    assert not any("X-Amz-Signature" in text for text in seen)
    assert all(b"hf_alice" not in data for data in published(hub).values())
    assert not any(r.authorized for r in hub.log if r.on_store)


def test_nothing_is_printed(hub, built, capfd):
    push(built, REPO, sleep=lambda _: None)
    assert capfd.readouterr() == ("", "")


def test_uploads_go_by_lfs_and_the_client_is_left_as_it_was(hub, built):
    before = constants.HF_HUB_DISABLE_XET
    push(built, REPO)
    assert before == constants.HF_HUB_DISABLE_XET
    assert not [r for r in hub.log if "xet" in r.path]
    assert {b.sha256 is not None for b in hub.repo(REPO).resolve("main").tree.values()}


def test_blobs_have_the_names_of_git():
    assert Blob.regular(b"hello\n").oid == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert re.fullmatch("[0-9a-f]{40}", Blob.lfs("0" * 64, 1).oid)
