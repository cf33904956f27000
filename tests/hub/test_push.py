"""push, against a server that speaks the Hub's protocol."""

import json

import pytest

from builder.errors import PushError
from builder.hub.push import push
from tests.hub.pushing import (
    REPO,
    changing,
    contents,
    published,
    refuse,
    size,
)
from tests.hub_client import point_at
from tests.servers.hub_repos import Blob
from tests.servers.hub_server import HubServer
from tests.tiny_build import make_build, relist

# the client's own way to send a file, on httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

# The first push, the second, and those after ---------------------------------------


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
    edit = hub.repo(REPO).edit({"selection.json": b"by bob", "notes.txt": b"bob"})
    rebuilt = make_build(tmp_path / "new", pixels=32, seed=1)
    for dry_run in (True, False):
        (text,) = push(rebuilt, REPO, dry_run=dry_run).warnings
        assert text.startswith("selection.json had been edited on the Hub")
        assert text.endswith(edit.oid)
    assert push(built, REPO).warnings == ()


def test_an_edited_shard_is_told_too(hub, built):
    push(built, REPO)
    tree = hub.repo(REPO).resolve("main").tree
    path = "data/dog/test-00000-of-00001.parquet"
    tree[path] = Blob.lfs("0" * 64, 9)
    assert path in push(built, REPO).warnings[0]


# Branches, tags, pull requests, dry runs -------------------------------------------


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
    text = refuse(PushError, "an older commit of this very", built, REPO, tag="v1")
    assert f"the branch went on to {hub.repo(REPO).branches['main'][:12]}" in text
    assert "where notes.txt changed" in text


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
