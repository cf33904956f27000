"""Pushes while others push, and while servers and connections fail."""

import shutil

import pytest

from builder.errors import CardError, PushError
from builder.hub.push import push
from tests.hub.pushing import (
    REPO,
    STORE,
    assert_backoff,
    contents,
    published,
    refuse,
    size,
)
from tests.tiny_build import make_build, relist

# the client's own way to send a file, on httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

# Someone else ----------------------------------------------------------------------


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
    refuse(CardError, "push with --card", rebuilt, REPO)
    push(rebuilt, REPO, card="ours")  # told of it, one can go on
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
    refuse(PushError, "expected (JSON of )?the format trimset", built, REPO)
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


# Faults ----------------------------------------------------------------------------

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
    assert_backoff(naps)
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
