"""push and verify of real builds on the command line."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from builder import build
from builder.errors import PushError
from tests.conftest import COCO_RECIPE, ISIC_RECIPE, SHARD_SIZE
from tests.hub.pushing import as_pushed, changing, published
from tests.hub.pushing import contents as bytes_of
from tests.hub_client import environment, point_at
from tests.servers.hub_server import HubServer
from tests.small import COCO, DATASETS, ISIC
from tests.tiny import LEAVE, ROOT, call
from tests.tiny_build import seal

# the client's own way to send a file, on httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

REPO = "alice/trimmed"
TOKEN = "hf_alice"


@pytest.fixture
def hub():
    with HubServer() as server:
        yield server


@pytest.fixture(scope="session")
def patient_build(make_once, isic_source):
    """A build of SIIM-ISIC whose two configs list the same files.

    As if its source were the official one: of another, no licence is stated.
    """
    from builder.datasets.inputs import Official

    def make(folder):
        options = {"source": str(isic_source), "max_shard_size": SHARD_SIZE}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Official, "is_source", lambda *_: True)
            build(ISIC, folder / ISIC, ISIC_RECIPE, **options)

    return make_once("patient-build", make) / ISIC


def start(hub, home, *words, token=TOKEN, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "builder", *map(str, words)],
        env={**environment(hub, home, token), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def said(hub, *words, status=0, token=TOKEN):
    """Run a command here; return what it said on both streams."""
    with pytest.MonkeyPatch.context() as patch:
        point_at(hub, patch, token=token or None)
        done = call(*words)
    assert done.returncode == status, done.stderr
    return done.stdout, done.stderr


def trimset(hub, *words, status=0, token=TOKEN):
    """Run a command here; return its report, or the one line of its failure."""
    words = words if status else (*words, "--json")
    streams = said(hub, *words, status=status, token=token)
    return told(*streams, status=status, token=token)


def apart(hub, home, *words, status=0, token=TOKEN, **more):
    """Return what `trimset` does, of a process of its own."""
    words = words if status else (*words, "--json")
    with start(hub, home, *words, token=token, **more) as process:
        streams = process.communicate(timeout=120)
    assert process.returncode == status, streams
    return told(*streams, status=status, token=token)


def told(out, err, *, status, token):
    assert not token or token not in out + err
    if not status:
        assert err == ""
        return json.loads(out.splitlines()[-1])
    assert err.startswith("trimset: ")
    assert err.count("\n") == 1
    return err


def test_push_and_verify(hub, tmp_path, builds):
    """Real processes."""
    built = builds[COCO]
    words = ("push", built, "--repo-id", REPO, "--tag", "v1.0.0", "--message", "First")
    would = apart(hub, tmp_path, *words, "--dry-run")
    assert (would["commit"], would["bytes_sent"]) == (None, 0)
    assert hub.repos.by_key == {}
    report = apart(hub, tmp_path, *words)
    assert published(hub, repo=REPO) == as_pushed(built, REPO)
    assert not [path for path in published(hub, repo=REPO) if path.endswith(".py")]
    assert {"labels_val.parquet.txt", "figures/contact_sheet.png"} <= {*report["added"]}
    assert sorted(would["added"]) == sorted(report["added"]) == sorted(bytes_of(built))
    total = sum(map(len, as_pushed(built, REPO).values()))
    assert would["bytes_planned"] == report["bytes_sent"] == total
    assert would["card"] == report["card"]
    assert report["card"]["done"] == "new"
    assert report["tag"] == "v1.0.0"
    assert report["changed"] == report["deleted"] == report["foreign"] == []
    assert report["seconds"] > 0
    assert report["url"] == f"{hub.url}/datasets/{REPO}"
    repo = hub.repo(REPO)
    assert repo.tags == {"v1.0.0": report["commit"]}
    assert [c.title for c in repo.history("main")] == ["First", "initial commit"]

    hub.log.clear()
    again = apart(hub, tmp_path, *words)
    assert changing(hub) == []
    assert hub.uploaded() == again["bytes_sent"] == 0
    assert again["commit"] == report["commit"]
    assert again["added"] == again["changed"] == []
    assert again["unchanged"] == len(bytes_of(built))

    for more in ([], ["--deep"], ["--revision", "v1.0.0"]):
        checked = apart(hub, tmp_path, "verify", REPO, *more, token="")
        assert (checked["faults"], checked["commit"]) == ([], report["commit"])
        assert checked["files"] == len(bytes_of(built)) - 1
        assert (checked["rows"] > 0) == (more == ["--deep"])


def test_people_are_told_what_was_done_and_how_to_load_it(hub, builds):
    words = ("push", builds[COCO], "--repo-id", REPO)
    done = said(hub, *words)
    count = len(bytes_of(builds[COCO]))
    assert f"add {count} files: README.md, data/car/" in done[0]
    assert f"{hub.url}/datasets/{REPO}: commit " in done[0]
    assert f'load_dataset("{REPO}", "car")' in done[0]
    assert done[1] == ""
    shown = said(hub, *words, "--progress")
    assert "0 bytes sent" in shown[0]


def test_bars_have_bytes_and_rate(hub, builds):
    out, err = said(hub, "push", builds[COCO], "--repo-id", REPO, "--progress")
    assert "push: 100%" in err
    assert "B/s]" in err
    assert "100%" not in out


LOAD = """
import sys, json, datasets
from datasets import load_dataset
datasets.disable_progress_bars()
counts = {}
for name in sys.argv[2:]:
    for split, rows in load_dataset(sys.argv[1], name).items():
        first = next(iter(load_dataset(sys.argv[1], name, split=split, streaming=True)))
        assert first.keys() == rows[0].keys() and rows[0]["image"].size[0] > 0
        counts[f"{name}/{split}"] = len(rows)
print(json.dumps(counts))
"""


@pytest.mark.parametrize("dataset", DATASETS)
def test_what_was_pushed_loads_by_name(dataset, hub, tmp_path, builds, patient_build):
    built = patient_build if dataset == ISIC else builds[COCO]
    trimset(hub, "push", built, "--repo-id", REPO)
    configs = json.loads((built / "manifest.json").read_text())["configs"]
    if dataset == ISIC:
        files = {
            config: {f for split in splits.values() for f in split["files"]}
            for config, splits in configs.items()
        }
        assert files["default"] == files["patient"]
    done = subprocess.run(
        [sys.executable, "-c", LOAD + LEAVE, REPO, *configs],
        env=environment(hub, tmp_path), capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        f"{config}/{split}": facts["num_examples"]
        for config, splits in configs.items()
        for split, facts in splits.items()
    }


def test_a_changed_config_moves_its_bytes_only(hub, tmp_path, builds, coco_source):
    """One target gives way to another; those that stay are not sent again."""
    trimset(hub, "push", builds[COCO], "--repo-id", REPO)
    hub.repo(REPO).edit({"notes.txt": b"of somebody"})
    new = tmp_path / "new"
    recipe = type(COCO_RECIPE)(
        targets=("car", "sports ball", "clock"), train_samples=20, test_samples=12
    )
    build(COCO, new, recipe, source=str(coco_source), max_shard_size=SHARD_SIZE)
    hub.log.clear()
    report = trimset(hub, "push", new, "--repo-id", REPO)
    sent = {path.split("/")[1] for path in report["added"] if path.startswith("data/")}
    assert "clock" in sent
    assert {path.split("/")[1] for path in report["deleted"]} >= {"toaster"}
    moved = report["added"] + report["changed"]
    assert not [path for path in moved if path.startswith("data/car/")]
    assert not [path for path in moved if path.startswith("data/sports_ball/")]
    there = as_pushed(new, REPO)
    assert report["bytes_sent"] == sum(len(there[path]) for path in moved)
    assert report["foreign"] == ["notes.txt"]
    assert published(hub, repo=REPO) == there | {"notes.txt": b"of somebody"}
    assert trimset(hub, "verify", REPO)["foreign"] == ["notes.txt"]


def test_private_branches_and_pull_requests(hub, tmp_path, builds):
    words = ("push", builds[COCO], "--repo-id", REPO, "--private")
    trimset(hub, *words, "--revision", "next")
    assert hub.repo(REPO).private
    assert "next" in hub.repo(REPO).branches
    assert trimset(hub, "verify", REPO, "--revision", "next")["faults"] == []
    line = trimset(hub, "verify", REPO, status=1, token="")
    assert "is not there, or not for this token" in line
    line = trimset(hub, "verify", REPO, status=1)
    assert "holds no build" in line
    report = trimset(hub, "push", builds[COCO], "--repo-id", REPO,
                     "--create-pr")  # fmt: skip
    assert report["url"].endswith(f"{REPO}/discussions/1")
    pull = ("verify", REPO, "--revision", "refs/pr/1")
    assert trimset(hub, *pull)["commit"] == report["commit"]


# Refusals, before anything is sent.


@pytest.mark.parametrize(
    ("token", "more", "message"),
    [
        ("", {}, "without a token: set HF_TOKEN or run `hf auth login`"),
        ("hf_wrong", {}, "does not accept the token"),
        ("hf_alice_read", {}, "has role read, expected write"),
        ("hf_eve", {}, "the token may not do that"),
        (TOKEN, {"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set"),
    ],
)
def test_tokens(token, more, message, hub, tmp_path, builds):
    words = ("push", builds[COCO], "--repo-id", REPO)
    if more:  # read when the client is imported
        line = apart(hub, tmp_path, *words, status=1, token=token, **more)
    else:
        line = trimset(hub, *words, status=1, token=token)
    assert message in line
    assert hub.repos.by_key == {}


def test_the_login_of_the_hub_is_used(hub, tmp_path, builds):
    (tmp_path / "token").write_text(f"{TOKEN}\n")  # of HF_HOME
    apart(hub, tmp_path, "push", builds[COCO], "--repo-id", REPO, token="")
    assert published(hub, repo=REPO) == as_pushed(builds[COCO], REPO)


def test_a_tag_on_another_commit(hub, tmp_path, builds):
    words = ("push", builds[COCO], "--repo-id", REPO, "--tag", "v1")
    trimset(hub, *words)
    hub.repo(REPO).edit({"README.md": b"other"})
    hub.log.clear()
    line = trimset(hub, *words, status=1)
    assert f"tag v1 of {REPO} is on commit" in line
    assert "an older commit of this very build" in line
    assert "where README.md changed" in line
    assert "choose another tag, nothing was sent" in line
    assert changing(hub) == []


def foreign(folder):
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / "thesis.txt").write_text("mine")


def tampered(folder):
    shard = next(folder.glob("data/*/*.parquet"))
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)


SPOILT = {
    "unfinished": (
        lambda f: (f / "manifest.json").unlink(),
        "no build of trimset",
    ),
    "tampered": (tampered, "is not what its manifest.json says: data/"),
    "foreign": (foreign, "no build of trimset"),
    "script": (
        lambda f: (f / "trimmed.py").write_text(""),
        "trimmed.py: is not in",
    ),
}


@pytest.mark.parametrize("case", SPOILT)
def test_folders_that_are_no_whole_build(case, hub, tmp_path, builds, copy_of):
    folder = copy_of(builds[COCO])
    spoil, message = SPOILT[case]
    spoil(folder)
    line = trimset(hub, "push", folder, "--repo-id", REPO, status=1)
    assert message in line
    assert not hub.log


def test_wrong_usage(hub, tmp_path, builds):
    words = ("push", builds[COCO], "--repo-id")
    line = trimset(hub, *words, "no-namespace", status=1)
    assert "lacks a namespace" in line
    assert "required: --repo-id" in said(hub, *words[:2], status=2)[1]
    line = trimset(hub, "verify", REPO, "--source", tmp_path, status=2)
    assert "download it and verify the folder" in line


# Faults.


@pytest.mark.parametrize(
    ("method", "path", "fault"),
    [
        ("GET", "/api/whoami", {"status": 401}),
        ("GET", "/api/", {"kind": "cut", "times": 99}),
        ("POST", "/commit/", {"status": 500, "times": 99}),
        ("PUT", "/store/", {"status": 403, "times": 99}),
        ("POST", "/preupload/", {"status": 429, "times": 99,
                                 "headers": {"Retry-After": "5000"}}),
    ],
)  # fmt: skip
def test_the_token_is_in_no_traceback(method, path, fault, hub, tmp_path, builds):
    hub.fail(method, path, **fault)
    code = (
        "import sys, time; time.sleep = lambda _: None\n"
        "from builder.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    words = ("push", str(builds[COCO]), "--repo-id", REPO, "--debug", "--progress")
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=environment(hub, tmp_path, TOKEN),
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "builder.errors.PushError: " in done.stderr
    shown = done.stdout + done.stderr
    assert TOKEN not in shown
    assert "Bearer" not in shown
    assert "X-Amz" not in shown
    assert "signature" not in shown.lower()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for processes")
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/api/whoami"), ("PUT", "/store/"), ("POST", "/commit/")],
)
def test_ctrl_c_while_the_hub_stalls(method, path, hub, tmp_path, builds):
    rule = hub.fail(method, path, "hang", times=999)
    words = ("push", builds[COCO], "--repo-id", REPO)
    with start(hub, tmp_path, *words) as process:
        deadline = time.monotonic() + 60
        while not rule.seen:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == "trimset: interrupted; the same command goes on from here\n"
    assert out == ""
    hub.faults.clear()
    trimset(hub, *words)
    assert published(hub, repo=REPO) == as_pushed(builds[COCO], REPO)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/whoami"),
        ("GET", f"/api/datasets/{REPO}$"),
        ("POST", "/commit/"),
        ("PUT", "/store/"),
    ],
)
def test_a_hub_that_stalls_is_not_waited_for_for_ever(
    method, path, hub, builds, monkeypatch
):
    from builder.hub.push import push

    point_at(hub, monkeypatch, token=TOKEN)
    hub.fail(method, path, "hang", times=999)
    with monkeypatch.context() as patch:
        for module in ("client", "timeouts", "target", "verify"):
            patch.setattr(f"builder.hub.{module}.TIMEOUT", 0.1)
        with pytest.raises(PushError, match=r"connection failed \(.*[Tt]ime"):
            push(builds[COCO], REPO, sleep=lambda _: None)
    hub.faults.clear()
    assert push(builds[COCO], REPO).commit == hub.repo(REPO).branches["main"]


def test_the_client_has_its_own_timeouts_back(hub, builds, monkeypatch):
    import huggingface_hub.utils._http as client

    from builder.hub.push import push

    def facts():
        session = client.get_session()
        return getattr(session, "timeout", None), vars(session).get("request")

    point_at(hub, monkeypatch, token=TOKEN)
    before = facts()
    push(builds[COCO], REPO)
    assert facts() == before


def test_one_who_pushed_meanwhile_is_not_overwritten(hub, tmp_path, builds):
    trimset(hub, "push", builds[COCO], "--repo-id", REPO)
    hub.repo(REPO).edit({"selection.json": b"older"})
    edit = {"README.md": b"theirs"}
    hub.fail("POST", "/commit/", "call", call=lambda: hub.repo(REPO).edit(edit))
    words = ("push", builds[COCO], "--repo-id", REPO)
    line = trimset(hub, *words, status=1)
    assert f"someone else pushed to main of {REPO} meanwhile" in line
    assert published(hub, repo=REPO)["README.md"] == b"theirs"


# The card.


def edit(hub, *pairs):
    text = published(hub, repo=REPO)["README.md"].decode()
    for old, new in pairs:
        assert text.count(old) >= 1
        text = text.replace(old, new)
    hub.repo(REPO).edit({"README.md": text.encode()})


def test_a_card_is_rendered_as_it_is_pushed(hub, tmp_path, builds):
    """What names the repo is put into the text, and is what would be rendered."""
    from tests.datasets.cards import render

    built = builds[COCO]
    trimset(hub, "push", built, "--repo-id", REPO)
    there = published(hub, repo=REPO)
    card = there["README.md"].decode()
    assert card == render(json.loads(there["manifest.json"]))
    assert f'"./{COCO}"' not in card
    assert f'load_dataset("{REPO}", split=' in card


def test_an_edited_block_stops_the_push_and_is_shown(hub, tmp_path, builds):
    words = ("push", builds[COCO], "--repo-id", REPO)
    trimset(hub, *words)
    edit(hub, ("## How to load it", "## Loading"), ("Made from:", "Out of:\x1b[2J"))
    for more in ([], ["--dry-run"], ["--dry-run", "--json"]):
        out, err = said(hub, *words, *more, status=1)
        diff = err if "--json" in more else out
        assert "-Out of:\\x1b[2J" in diff
        assert "+Made from:" in diff
        if "--json" in more:
            told = json.loads(out)["card"]
            assert (told["done"], told["conflicts"]) == (
                "conflict",
                ["block selection"],
            )
            assert "-Out of:\x1b[2J" in "".join(told["diff"])
            assert "\x1b" not in out
        else:
            assert err.count("\n") == 1
        assert "\x1b" not in err
        err = err.splitlines()[-1]
        assert "block selection edited there since the last push" in err
        assert "--card merge" in err
    would = trimset(hub, *words, "--card", "merge", "--dry-run")
    report = trimset(hub, *words, "--card", "merge")
    assert would["card"] == report["card"] == {
        "done": "merged", "kept": ["text"], "replaced": ["block selection"],
        "others": [], "demoted": [], "overruled": [],
    }  # fmt: skip
    card = published(hub, repo=REPO)["README.md"].decode()
    assert "## Loading" in card
    assert "Made from:" in card
    assert trimset(hub, *words)["card"]["done"] == "same"


def test_people_are_told_what_is_kept(hub, tmp_path, builds):
    words = ("push", builds[COCO], "--repo-id", REPO)
    trimset(hub, *words)
    extra = "configs:\n- config_name: extra\n  data_files: x/*\n"
    edit(hub, ("## How to load it", "## Loading"), ("configs:\n", extra))
    out, err = said(hub, *words)
    assert "card: kept as it is there: text" in out
    assert "card: kept configs of others: extra" in out
    assert err == ""


def test_files_of_others_are_no_fault_in_a_copy_either(hub, tmp_path, builds):
    from huggingface_hub import snapshot_download

    trimset(hub, "push", builds[COCO], "--repo-id", REPO)
    hub.repo(REPO).edit({"mine/a.csv": b"x\n1\n"})
    folder = tmp_path / "snapshot"
    snapshot_download(REPO, repo_type="dataset", local_dir=folder, endpoint=hub.url)
    for place in (REPO, folder):
        assert trimset(hub, "verify", place)["foreign"] == ["mine/a.csv"]
        out, err = said(hub, "verify", place)
        assert out.startswith("mine/a.csv: put there by somebody else\n")
        assert (": ok\n" in out, err) == (True, "")
    # What would load with the rows of the build is one, and so is any other in a build
    # that is not a copy.
    stray = folder / "data/default/train-00009-of-00009.parquet"
    stray.write_bytes(b"x")
    line = trimset(hub, "verify", folder, status=1)
    assert "train-00009-of-00009.parquet: is not in the manifest; build or" in line
    built = shutil.copytree(builds[COCO], tmp_path / "built")
    (built / "a.csv").write_text("x")
    line = trimset(hub, "verify", built, status=1)
    assert "a.csv: is not in the manifest" in line
    # An edit of what was not pushed is not for a push to take.
    (built / "a.csv").unlink()
    with (built / "README.md").open("a") as file:
        file.write("\nMine.\n")
    line = trimset(hub, "verify", built, "--strict", status=1)
    assert line.endswith("a push leaves what is written there\n")


def test_names_of_others_are_not_printed_raw(hub, tmp_path, builds):
    words = ("push", builds[COCO], "--repo-id", REPO)
    trimset(hub, *words)
    hub.repo(REPO).edit({"ev\x1b[31mil\u202e.txt": b"1"})
    for command in (words, ("verify", REPO), (*words, "--json")):
        out, err = said(hub, *command)
        assert "ev\\x1b[31mil\\u202e.txt" in out
        assert all(line.isprintable() for line in (out + err).split("\n"))


def test_an_edited_card_is_no_damage_unless_strict(hub, tmp_path, builds):
    """On the Hub, and in a snapshot of it."""
    from huggingface_hub import snapshot_download

    trimset(hub, "push", builds[COCO], "--repo-id", REPO)
    folder = tmp_path / "snapshot"
    snapshot_download(REPO, repo_type="dataset", local_dir=folder, endpoint=hub.url)
    assert trimset(hub, "verify", folder)["edited"] == []
    edit(hub, ("## How to load it", "## Loading"), ("Made from:", "Out of:"))
    snapshot_download(REPO, repo_type="dataset", local_dir=folder, endpoint=hub.url)
    for place in (REPO, folder):
        told = trimset(hub, "verify", place)
        assert (told["faults"], told["edited"]) == ([], ["block selection", "its text"])
        done = said(hub, "verify", place)
        assert "README.md: edited since it was pushed or built: block sel" in done[0]
        assert ": ok" in done[0]
        line = trimset(hub, "verify", place, "--strict", status=1)
        assert "found 1 fault, the first: README.md: edited since" in line
        assert f"; push the build to {REPO} with --card theirs to take it" in line
        assert "push it again" not in line
    # Merged, it is as it was pushed: nothing is edited any more.
    words = ("push", builds[COCO], "--repo-id", REPO, "--card", "theirs")
    trimset(hub, *words)
    snapshot_download(REPO, repo_type="dataset", local_dir=folder, endpoint=hub.url)
    for place in (REPO, folder):
        assert trimset(hub, "verify", place, "--strict")["edited"] == []
    # A forger's block is found, though manifest and card agree.
    forged = (
        (folder / "README.md").read_bytes().replace(b"### Duplicates", b"### Doubles")
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    entry = {"sha256": hashlib.sha256(forged).hexdigest(), "bytes": len(forged)}
    manifest["files"]["README.md"] = entry
    (folder / "README.md").write_bytes(forged)
    seal(folder, manifest)
    line = trimset(hub, "verify", folder, status=1)
    assert "README.md: is not the card that the manifest gives" in line


def test_a_snapshot_is_pushed_on_to_another_repo(hub, tmp_path, builds):
    from huggingface_hub import snapshot_download

    trimset(hub, "push", builds[COCO], "--repo-id", REPO)
    edit(hub, ("## How to load it", "## Loading"))
    trimset(hub, "push", builds[COCO], "--repo-id", REPO, "--card", "merge")
    folder = tmp_path / "snapshot"
    snapshot_download(REPO, repo_type="dataset", local_dir=folder, endpoint=hub.url)
    trimset(hub, "push", folder, "--repo-id", "acme/other")
    card = published(hub, repo="acme/other")["README.md"].decode()
    assert "## Loading" in card
    assert 'load_dataset("acme/other"' in card
    assert REPO not in card
    assert trimset(hub, "verify", "acme/other", "--strict")["faults"] == []


def test_an_edited_build_folder_is_told_too(hub, tmp_path, builds, copy_of):
    folder = copy_of(builds[ISIC])
    text = (folder / "README.md").read_text()
    (folder / "README.md").write_text(text.replace("## How to load it", "## Loading"))
    told = trimset(hub, "verify", folder)
    assert (told["faults"], told["edited"]) == ([], ["its text"])
    line = trimset(hub, "push", folder, "--repo-id", REPO, status=1)
    assert "README.md: expected sha256" in line
