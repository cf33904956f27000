"""The real clients, unchanged, against the server that stands in for the Hub."""

import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    HfFileSystem,
    constants,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from builder.hub.push import push
from tests.hub_client import NO_VIEWER, environment, point_at, python_with
from tests.servers.hub_server import HubServer
from tests.tiny import LEAVE
from tests.tiny_build import make_build

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = "alice/coco_stuff_trimmed"


@pytest.fixture
def hub(monkeypatch):
    with HubServer(page=3) as server:
        point_at(server, monkeypatch, token="hf_alice")
        # as HF_HUB_DISABLE_XET does where it is set in time
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        yield server


@pytest.fixture
def api(hub):
    api = HfApi()
    api.create_repo(REPO, repo_type="dataset")
    return api


def commit(api, *operations, **more):
    return api.create_commit(
        REPO, operations, commit_message="m", repo_type="dataset", **more
    )


def add(path, content=b"x"):
    return CommitOperationAdd(path, content)


def test_whoami_and_roles(hub):
    assert HfApi().whoami()["name"] == "alice"
    token = HfApi().whoami("hf_alice_read")["auth"]["accessToken"]
    assert token["role"] == "read"
    with pytest.raises(OSError, match="Invalid"):  # requests' own error, on 0.36
        HfApi().whoami("hf_wrong")


def test_trees_in_pages(api):
    commit(api, *(add(f"a/{i}/x.json") for i in range(5)), add("b.json"))
    paths = [f.path for f in api.list_repo_tree(REPO, repo_type="dataset")]
    assert paths == [".gitattributes", "a", "b.json"]
    tree = list(api.list_repo_tree(REPO, repo_type="dataset", recursive=True))
    assert len(tree) == 5 + 5 + 3
    below = list(
        api.list_repo_tree(
            REPO, "a/3", repo_type="dataset", recursive=True, expand=True
        )
    )
    assert [f.path for f in below] == ["a/3/x.json"]
    assert below[0].last_commit.title == "m"
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(REPO, "none", repo_type="dataset"))


def test_paths_info(api):
    commit(api, add("a/x.json"), add("a/y.parquet", b"large"))
    infos = api.get_paths_info(REPO, ["a", "a/y.parquet", "no"], repo_type="dataset")
    assert [info.path for info in infos] == ["a", "a/y.parquet"]
    assert infos[1].lfs.sha256 == hashlib.sha256(b"large").hexdigest()


def test_info_and_siblings(api):
    commit(api, add("README.md", b"---\nlicense: mit\n---\n"), add("y.parquet", b"lfs"))
    info = api.dataset_info(REPO, files_metadata=True)
    assert info.card_data["license"] == "mit"
    large = {s.rfilename: s for s in info.siblings}["y.parquet"]
    assert (large.size, large.lfs.sha256) == (3, hashlib.sha256(b"lfs").hexdigest())


def test_commits_are_atomic_and_guarded(api, hub):
    first = commit(api, add("a.json"), add("b.json"))
    before = dict(hub.repo(REPO).resolve("main").tree)
    with pytest.raises(EntryNotFoundError, match="doesn't exist"):
        commit(api, add("c.json"), CommitOperationDelete("none.json"))
    assert hub.repo(REPO).resolve("main").tree == before
    commit(api, CommitOperationDelete("a.json"), parent_commit=first.oid)
    with pytest.raises(HfHubHTTPError) as caught:
        commit(api, add("d.json"), parent_commit=first.oid)
    assert caught.value.response.status_code == 412
    with pytest.raises(RevisionNotFoundError):
        commit(api, add("d.json"), revision="none")


def test_branches_tags_and_pull_requests(api, hub):
    made = commit(api, add("a.json"))
    api.create_branch(REPO, branch="next", repo_type="dataset")
    api.create_tag(REPO, tag="v1", repo_type="dataset", revision=made.oid)
    with pytest.raises(HfHubHTTPError, match="409"):
        api.create_tag(REPO, tag="v1", repo_type="dataset")
    pull = commit(api, add("b.json"), create_pr=True)
    assert pull.pr_num == 1
    refs = api.list_repo_refs(REPO, repo_type="dataset", include_pull_requests=True)
    assert {ref.name for ref in refs.branches} == {"main", "next"}
    assert [ref.target_commit for ref in refs.tags] == [made.oid]
    assert [ref.target_commit for ref in refs.pull_requests] == [pull.oid]
    found = list(api.get_repo_discussions(REPO, repo_type="dataset", author="alice"))
    assert [(d.num, d.is_pull_request, d.status) for d in found] == [(1, True, "open")]
    titles = [c.title for c in api.list_repo_commits(REPO, repo_type="dataset")]
    assert titles == ["m", "initial commit"]


def test_downloads(api, hub, tmp_path):
    content = bytes(range(256)) * 500
    commit(api, add("small.json", b"{}"), add("large.parquet", content))
    for path, data in (("small.json", b"{}"), ("large.parquet", content)):
        copy = api.hf_hub_download(REPO, path, repo_type="dataset", cache_dir=tmp_path)
        assert Path(copy).read_bytes() == data
    fs = HfFileSystem(endpoint=hub.url, skip_instance_cache=True)
    with fs.open(f"datasets/{REPO}/large.parquet", "rb", block_size=1000) as file:
        file.seek(100_000)
        assert file.read(10) == content[100_000:100_010]
    assert any(r.on_store and 0 < r.sent < len(content) for r in hub.log)
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(REPO, "none", repo_type="dataset", cache_dir=tmp_path)
    # the store is another site: the token stays with the Hub
    assert any(r.on_store for r in hub.log)
    assert not any(r.authorized for r in hub.log if r.on_store)


def test_private_repos_are_not_there_for_strangers(hub):
    HfApi().create_repo("acme/secret", repo_type="dataset", private=True)
    assert HfApi(token="hf_bob").dataset_info("acme/secret").private
    for token in ("hf_eve", False):
        with pytest.raises(RepositoryNotFoundError):
            HfApi(token=token).dataset_info("acme/secret")


@pytest.mark.parametrize("token", ["hf_alice_read", "hf_eve", False])
def test_who_may_not_write(api, hub, token):
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_commit(
            REPO,
            [add("a.json")],
            commit_message="m",
            repo_type="dataset",
            token=token,
        )
    assert caught.value.response.status_code == (401 if token is False else 403)
    assert len(hub.repo(REPO).commits) == 1


@pytest.mark.parametrize("asked", ["bytes=1-3", "bytes=5-", "bytes=-2", "bytes=9-"])
def test_ranges(api, hub, asked):
    commit(api, add("a.json", b"01234567"))
    url = f"{hub.url}/datasets/{REPO}/resolve/main/a.json"
    request = urllib.request.Request(url, headers={"Range": asked})
    expected = {"bytes=1-3": b"123", "bytes=5-": b"567", "bytes=-2": b"67"}
    if asked not in expected:
        with pytest.raises(urllib.error.HTTPError, match="416") as caught:
            urllib.request.urlopen(request)
        caught.value.close()
        return
    with urllib.request.urlopen(request) as response:
        assert (response.status, response.read()) == (206, expected[asked])


def test_a_wrong_hash_is_refused(api, hub):
    operation = add("a.parquet", b"right")
    operation.upload_info.sha256 = bytes(32)
    with pytest.raises(RuntimeError, match="uploading"):
        api.preupload_lfs_files(REPO, [operation], repo_type="dataset")
    assert hub.requests("PUT")[0].status == 400
    assert hub.repo(REPO).stored == set()


def test_the_store_is_bounded(monkeypatch):
    with HubServer(limit=1000) as server:
        point_at(server, monkeypatch, token="hf_alice")
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        api = HfApi()
        api.create_repo(REPO, repo_type="dataset")
        with pytest.raises(RuntimeError, match="uploading"):
            api.preupload_lfs_files(
                REPO, [add("a.parquet", bytes(2000))], repo_type="dataset"
            )


def test_the_server_stops_by_itself():
    with HubServer(seconds=0.2) as server:
        end = time.monotonic() + 10
        while server.alive:
            assert time.monotonic() < end
            time.sleep(0.02)


def test_two_servers_do_not_meet(hub):
    with HubServer() as other:
        assert other.url != hub.url
        HfApi(endpoint=hub.url).create_repo(REPO, repo_type="dataset")
        assert other.repos.by_key == {}


# load_dataset by name, in processes of their own, on every version at hand ---------

LOAD = """
import hashlib, json, sys
import datasets
repo_id, config = sys.argv[1:]
assert datasets.get_dataset_config_names(repo_id) == ["default", "car", "dog"]
answer = {"datasets": datasets.__version__}
for streaming in (False, True):
    data = datasets.load_dataset(repo_id, config, streaming=streaming)
    for split, rows in data.items():
        feature = rows.features["label"]
        seen = answer.setdefault(f"{split} {streaming}", [])
        for row in rows.cast_column("image", datasets.Image(decode=False)):
            row["image"] = hashlib.sha256(row["image"]["bytes"]).hexdigest()
            row["label"] = feature.int2str(row["label"])
            seen.append(row)
decoded = datasets.load_dataset(repo_id, config, split="train")[0]["image"]
answer["size"] = decoded.size
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with HubServer() as server, pytest.MonkeyPatch.context() as monkeypatch:
        point_at(server, monkeypatch, token="hf_alice")
        folder = make_build(tmp_path_factory.mktemp("built") / "dir")
        push(folder, REPO, tag="v1.0.0")
        push(folder, "alice/private_one", private=True)
        yield server, folder


def rows_of(folder, config, split):
    import pyarrow.parquet as pq

    for path in sorted(folder.glob(f"data/{config}/{split}-*")):
        for row in pq.read_table(path).to_pylist():
            row["image"] = hashlib.sha256(row["image"]["bytes"]).hexdigest()
            row["label"] = ["other", config][row["label"]]
            yield row


@pytest.mark.parametrize("version", ["this", "2.14", "2.21", "3.6", "4.8", "5"])
def test_load_dataset_by_name(served, tmp_path, version):
    server, folder = served
    done = subprocess.run(
        [python_with(version), "-c", NO_VIEWER + LOAD + LEAVE, REPO, "car"],
        env=environment(server, tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    for split in ("train", "test"):
        expected = list(rows_of(folder, "car", split))
        assert answer[f"{split} False"] == expected
        assert answer[f"{split} True"] == expected
    assert answer["size"] == [8, 8]


PRIVATE = """
import sys
import datasets
load = datasets.load_dataset
print(load("alice/private_one", "dog", split="test").num_rows)
print(load(sys.argv[1], "dog", split="test", revision="v1.0.0").num_rows)
"""


def test_load_a_private_repo_and_a_tag(served, tmp_path):
    server, _ = served
    for token, status in (("hf_alice_read", 0), (None, 1)):
        done = subprocess.run(
            [sys.executable, "-c", PRIVATE + LEAVE, REPO],
            env=environment(server, tmp_path / str(status), token),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert done.stdout == ("" if status else "3\n3\n")
