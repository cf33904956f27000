"""People own their card: what a push does to it, on a Hub that speaks the protocol."""

import json
import shutil
import subprocess
import sys

import pytest
import yaml
from huggingface_hub import constants

from builder.cli.hub_reports import push_lines
from builder.errors import CardError, PushError, VerifyError
from builder.hub.push import push
from builder.hub.verify import verify_remote
from tests.hub.pushing import REPO, changing, contents, published, refuse
from tests.hub_client import NO_VIEWER, environment, python_with
from tests.servers.hub_repos import Repo
from tests.tiny import LEAVE
from tests.tiny_build import make_build, relist

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

BODY = """
# Tiny

Drawn by hand.

```python
ds = load_dataset("./coco_stuff_trimmed")
```

## Counts

<!-- trimset: counts -->

{counts}

<!-- trimset: end -->

Ask nobody.
"""


def marked(folder, counts="9 rows", **more):
    """A build whose card has a block, and names its place."""
    make_build(folder, **more)
    card = folder / "README.md"
    head = card.read_text().split("\n---\n")[0]
    card.write_text(f"{head}\n---\n{BODY.format(counts=counts)}")
    relist(folder)
    return folder


@pytest.fixture(scope="session")
def first(tmp_path_factory):
    return marked(tmp_path_factory.mktemp("marked") / "dir")


@pytest.fixture(scope="session")
def second(tmp_path_factory):
    """The next build: another block, more rows."""
    folder = tmp_path_factory.mktemp("marked") / "next"
    return marked(folder, "10 rows", shards=3)


def card_of(hub, revision="main", repo=REPO):
    return published(hub, revision, repo)["README.md"].decode()


def edit(hub, *pairs, repo=REPO):
    text = card_of(hub, repo=repo)
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    hub.repo(repo).edit({"README.md": text.encode()})
    return text


def yaml_of(text):
    return yaml.safe_load(text.split("---\n")[1])


# What a colleague did on the Hub; --card; what the report says; what is in the card
# then, and what is not. Without --card in a list: the push stops, and shows these.
PROSE = ("Ask nobody.", "Ask Bob.")
BLOCK = ("9 rows", "nine rows")
LICENSE = ("license: cc-by-4.0", "license: mit  # as agreed")
CONFIG = ("configs:\n", "configs:\n- config_name: extra\n  data_files: extra/*\n")
LOST = ("- config_name: car\n  data_files:", "- config_name: cat\n  data_files:")
TABLE = [
    ("nothing", [], None, "replaced", ["10 rows"], ["9 rows"]),
    ("prose", [PROSE], None, "merged", ["Ask Bob.", "10 rows"], ["nobody"]),
    ("yaml", [LICENSE], None, "merged", ["mit  # as agreed", "10 rows"], ["cc-by"]),
    ("a config", [CONFIG], None, "merged", ["extra", "10 rows"], ["9 rows"]),
    ("a config of ours", [LOST], None, "merged", ["config_name: car"], ["9 rows"]),
    ("a block", [BLOCK], None, ["-nine rows", "+10 rows"], [], []),
    ("a block", [BLOCK], "merge", "replaced", ["10 rows"], ["nine"]),
    ("a block", [BLOCK], "ours", "replaced", ["10 rows"], ["nine"]),
    ("a block", [BLOCK], "theirs", "kept", ["nine rows"], ["10 rows"]),
    ("both", [BLOCK, PROSE], "merge", "merged", ["10 rows", "Bob"], ["nine"]),
    ("both", [BLOCK, PROSE], "ours", "replaced", ["10 rows", "nobody"], ["Bob"]),
    ("both", [BLOCK, PROSE], "theirs", "kept", ["nine rows", "Bob"], ["10 rows"]),
]


@pytest.mark.parametrize(
    ("who", "edits", "how", "done", "there", "gone"), TABLE,
    ids=[f"{row[0]}-{row[2]}" for row in TABLE],
)  # fmt: skip
def test_who_changed_what_and_what_happens(
    hub, first, second, who, edits, how, done, there, gone
):
    push(first, REPO)
    edit(hub, *edits)
    head = hub.repo(REPO).branches["main"]
    if isinstance(done, list):
        for dry_run in (True, False):
            with pytest.raises(CardError, match="push with --card merge") as caught:
                push(second, REPO, dry_run=dry_run)
            assert set(done) <= set(caught.value.differences)
        assert hub.repo(REPO).branches["main"] == head
        return
    would = push(second, REPO, card=how, dry_run=True)
    assert hub.repo(REPO).branches["main"] == head
    report = push(second, REPO, card=how)
    assert would.card == report.card
    assert report.card.done == done
    assert ("README.md" in report.changed) == ("README.md" in would.changed)
    text = card_of(hub)
    assert all(part in text for part in there)
    assert not any(part in text for part in gone)
    # What loading needs is that of the build, and what was pushed is what is listed.
    sizes = {
        e["config_name"]: e["download_size"] for e in yaml_of(text)["dataset_info"]
    }
    ours = yaml_of((second / "README.md").read_text())["dataset_info"]
    assert sizes.items() >= {e["config_name"]: e["download_size"] for e in ours}.items()
    checked = verify_remote(REPO)
    assert (checked.faults, checked.edited) == ((), ())
    # Pushed again, with or without a word, nothing moves.
    hub.log.clear()
    again = push(second, REPO)
    assert changing(hub) == []
    assert again.commit == report.commit
    assert again.card.done == "same"
    assert push(second, REPO, card=how).commit == report.commit


def test_a_push_of_the_same_build_leaves_an_edited_card_alone(hub, first):
    push(first, REPO)
    edit(hub, PROSE)
    head = hub.repo(REPO).branches["main"]
    report = push(first, REPO)
    assert (report.commit, report.card.done, report.card.kept) == (
        head, "same", ("text",),
    )  # fmt: skip
    checked = verify_remote(REPO)
    assert (checked.faults, checked.edited) == ((), ("its text",))


def test_first_push_into_a_repo_with_a_card(hub, first):
    mine = b"---\nlicense: mit\ntags: [a]  # mine\n---\n# By hand\n\nHello.\n"
    for name in ("none", "merge", "theirs", "ours"):
        repo = f"alice/{name}"
        hub.repos.by_key["dataset", repo] = Repo(repo, "dataset")
        hub.repo(repo).edit({"README.md": mine})
    with pytest.raises(CardError, match="one that trimset did not push") as caught:
        push(first, "alice/none")
    assert "-# By hand" in caught.value.differences
    assert published(hub, repo="alice/none") == {"README.md": mine}
    texts = {}
    for how in ("merge", "theirs", "ours"):
        repo = f"alice/{how}"
        report = push(first, repo, card=how)
        texts[how] = card_of(hub, repo=repo)
        assert verify_remote(repo).faults == verify_remote(repo).edited == ()
        assert push(first, repo).commit == report.commit
    assert texts["ours"] == (first / "README.md").read_text().replace(
        "./coco_stuff_trimmed", "alice/ours"
    )
    assert texts["theirs"].startswith("---\nlicense: mit\ntags: [a]  # mine\nconfigs:")
    assert texts["theirs"].endswith("---\n# By hand\n\nHello.\n")
    assert texts["merge"].endswith(
        "---\n# By hand\n\nHello.\n\n## Counts\n\n<!-- trimset: counts -->\n\n9 rows"
        "\n\n<!-- trimset: end -->\n"
    )
    assert yaml_of(texts["merge"])["license"] == "mit"
    for text in texts.values():
        assert [e["config_name"] for e in yaml_of(text)["configs"]] == [
            "default", "car", "dog",
        ]  # fmt: skip


def test_a_card_whose_yaml_is_broken(hub, first, second):
    push(first, REPO)
    hub.repo(REPO).edit({"README.md": b"---\na: [\n---\n# A\n"})
    for how in (None, "merge", "theirs"):
        text = refuse(CardError, "cannot be merged: its YAML", second, REPO, card=how)
        assert "push with --card ours" in text
    (fault,) = verify_remote(REPO).faults
    assert fault.startswith("README.md: its YAML cannot be read")
    assert push(second, REPO, card="ours").card.done == "replaced"
    assert verify_remote(REPO).ok


def test_a_card_that_was_deleted_is_made_anew(hub, first):
    push(first, REPO)
    hub.repo(REPO).edit({"README.md": None})
    assert push(first, REPO).card.done == "new"
    assert verify_remote(REPO).edited == ()


def test_verify_tells_an_edited_card_from_a_damaged_file(hub, first):
    push(first, REPO)
    edit(hub, PROSE, BLOCK, LICENSE)
    report = verify_remote(REPO)
    assert report.ok
    assert report.edited == ("yaml license", "block counts", "its text")
    edit(hub, CONFIG)
    assert {*verify_remote(REPO).edited} == {*report.edited, "config extra"}
    edit(hub, LOST)
    report = verify_remote(REPO)
    assert report.faults == ("README.md: its YAML has lost config car",)
    assert report.edited == ()


def test_an_edit_between_reading_and_the_commit_is_not_lost(hub, first, second):
    push(first, REPO)
    hub.fail("POST", "/commit/", "call", call=lambda: edit(hub, PROSE))
    refuse(PushError, "someone else pushed to main", second, REPO)
    assert "Ask Bob." in card_of(hub)
    push(second, REPO)
    assert "Ask Bob." in card_of(hub)
    assert "10 rows" in card_of(hub)


def test_a_pull_request_has_the_merged_card(hub, first, second):
    push(first, REPO)
    edit(hub, PROSE)
    report = push(second, REPO, create_pr=True)
    text = card_of(hub, "refs/pr/1")
    assert "Ask Bob." in text
    assert "10 rows" in text
    assert "9 rows" in card_of(hub)
    assert verify_remote(REPO, revision="refs/pr/1").edited == ()
    again = push(second, REPO, create_pr=True)
    assert (again.url, again.commit) == (report.url, report.commit)
    edit(hub, ("Bob", "Eve"), BLOCK)
    refuse(CardError, "block counts edited", second, REPO, create_pr=True)


def test_a_branch_has_the_card_that_it_starts_from(hub, first, second):
    push(first, REPO)
    edit(hub, PROSE)
    push(second, REPO, revision="next")
    assert "Ask Bob." in card_of(hub, "next")


def test_the_card_names_its_repo_and_a_renamed_one_its_new_name(hub, first, second):
    push(first, REPO)
    assert f'load_dataset("{REPO}")' in card_of(hub)
    hub.repos.rename(REPO, "acme/shapes")
    report = push(second, REPO)
    assert report.warnings == (
        f"{REPO} was renamed, and is acme/shapes now: use that name",
    )
    assert report.url == f"{hub.url}/datasets/acme/shapes"
    assert report.load == 'load_dataset("acme/shapes", "car")'
    assert 'load_dataset("acme/shapes")' in card_of(hub, repo="acme/shapes")
    assert push(second, "acme/shapes").commit == report.commit
    checked = verify_remote(REPO)
    assert (checked.ok, checked.repo_id) == (True, "acme/shapes")
    assert "is acme/shapes now" in checked.renamed


def test_the_manifest_there_lists_the_card_there(hub, first):
    push(first, REPO)
    there = published(hub)
    manifest = json.loads(there["manifest.json"])
    assert manifest["repo_id"] == REPO
    assert manifest["files"]["README.md"]["bytes"] == len(there["README.md"])
    assert {**contents(first), **there} == there


@pytest.mark.parametrize("squashed", [False, True])
def test_a_push_of_an_earlier_release_is_known_by_its_commit(
    hub, first, tmp_path, squashed
):
    """Its manifest says nothing of the card but the digest of the file."""
    old = make_build(tmp_path / "old")
    push(old, REPO)
    assert "card" not in json.loads(published(hub)["manifest.json"])
    edit(hub, CONFIG)
    if squashed:
        repo = hub.repo(REPO)
        tree = repo.resolve("main").tree
        repo.branches["main"] = repo._record(None, tree, "squash", "bob").oid
        refuse(CardError, "one that trimset did not push", first, REPO)
        return
    report = push(first, REPO)
    assert report.card.others == ("extra",)
    assert report.warnings == ()
    text = card_of(hub)
    assert "9 rows" in text
    assert "# Tiny, seed" not in text
    assert [e["config_name"] for e in yaml_of(text)["configs"]][-1] == "extra"


def test_what_is_in_the_text_of_an_earlier_release_is_not_guessed(hub, first, tmp_path):
    push(make_build(tmp_path / "old"), REPO)
    edit(hub, ("# Tiny", "# My tiny"))
    refuse(CardError, "the text edited there since the last push", first, REPO)
    assert push(first, REPO, card="merge").card.kept == ("text",)


def test_a_colleague_s_default_is_said_to_be_none_any_more(hub, first, second):
    push(first, REPO)
    default = "  data_files: extra/*\n  default: true\n"
    edit(hub, (CONFIG[0], CONFIG[1]), ("  data_files: extra/*\n", default))
    (text,) = push(second, REPO).warnings
    assert text.startswith("config 'extra' was marked as the default in the card")
    configs = yaml_of(card_of(hub))["configs"]
    assert [e["config_name"] for e in configs if e.get("default")] == ["default"]


def test_what_card_may_be(hub, first):
    refuse(ValueError, "expected one of merge, ours, theirs", first, REPO, card="x")


# Messages -------------------------------------------------------------------------


def test_a_gated_repo_says_how_to_get_in(hub, first, monkeypatch):
    push(first, REPO)
    hub.repo(REPO).gated = True
    assert verify_remote(REPO).ok
    for token in ("hf_eve", False):
        monkeypatch.delenv("HF_TOKEN", raising=False)
        with pytest.raises(VerifyError, match="lets in only those who asked") as caught:
            verify_remote(REPO, token=token or None)
        assert f"ask for access on {hub.url}/datasets/{REPO}," in str(caught.value)
        assert "may read gated repos" in str(caught.value)


def test_a_full_disk_is_not_a_broken_connection(hub, first, monkeypatch, tmp_path):
    """The copy that is downloaded is a device without room."""
    push(first, REPO)

    class Full:
        def __init__(self, **_):
            (tmp_path / "copy").unlink(missing_ok=True)
            (tmp_path / "copy").symlink_to("/dev/full")

        def __enter__(self):
            return str(tmp_path)

        def __exit__(self, *_):
            pass

    monkeypatch.setattr("builder.hub.client.tempfile.TemporaryDirectory", Full)
    naps = []
    with pytest.raises(
        VerifyError, match=r"no room on this machine \(.*space"
    ) as caught:
        verify_remote(REPO, sleep=naps.append)
    assert "set TMPDIR to another disk" in str(caught.value)
    assert naps == []


# A colleague's own client, of every version ----------------------------------------

ADD = """
import sys
import datasets
rows = datasets.Dataset.from_dict({"a": [1, 2]})
rows.push_to_hub(sys.argv[1], "extra")
"""
LOAD = """
import sys
import datasets
load = datasets.load_dataset
assert load(sys.argv[1], "extra", split="train")["a"][:] == [1, 2]
assert load(sys.argv[1], split="train").num_rows == 9
for name, rows in load(sys.argv[1], "car").items():
    assert rows.num_rows == {"train": 9, "test": 3}[name]
    assert rows.features["label"].names == ["other", "car"]
"""


@pytest.mark.parametrize("version", ["this", "2.14", "2.21", "3.6", "4.8", "5"])
def test_a_config_that_a_colleague_added_stays(
    hub, first, second, tmp_path, version, monkeypatch
):
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    push(first, REPO)
    edit(hub, LICENSE)

    def run(code, token=None, version=version):
        code = NO_VIEWER + code + LEAVE
        done = subprocess.run(
            [python_with(version), "-W", "ignore", "-c", code, REPO],
            env=environment(hub, tmp_path, token) | {"HF_HUB_DISABLE_XET": "1"},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    # 2.14 refuses to add a config of other features than the first has
    run(ADD, "hf_alice", "this" if version == "2.14" else version)
    assert "extra" in [e["config_name"] for e in yaml_of(card_of(hub))["configs"]]
    assert verify_remote(REPO).faults == ()
    report = push(second, REPO)
    assert report.card.others == ("extra",)
    text = card_of(hub)
    assert "10 rows" in text
    assert "license: mit" in text
    run(LOAD)
    assert push(second, REPO).commit == report.commit
    assert verify_remote(REPO).edited == ()


SAME_NAME = """
import sys
import datasets
repo, where = sys.argv[1:]
if where == "under ours":
    rows = datasets.load_dataset(repo, split="test")
    rows.push_to_hub(repo, split="extra")
else:
    rows = datasets.Dataset.from_dict({"a": [1, 2]})
    rows.push_to_hub(repo)
"""


@pytest.mark.parametrize("where", ["under ours", "before ours"])
def test_what_a_colleague_pushed_without_a_name_does_not_vanish(
    hub, first, tmp_path, where
):
    """That is `default`, as is a config of the build."""
    if where == "under ours":
        push(first, REPO)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SAME_NAME + LEAVE, REPO, where],
        env=environment(hub, tmp_path, "hf_alice") | {"HF_HUB_DISABLE_XET": "1"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    head = hub.repo(REPO).branches["main"]
    split = "extra" if where == "under ours" else "train"
    for how in (None, "theirs"):
        for dry_run in (True, False):
            with pytest.raises(CardError, match="another config_name") as caught:
                push(first, REPO, card=how, dry_run=dry_run)
            assert "config default loads other files or splits" in str(caught.value)
            assert "--- on the Hub: config default" in caught.value.differences
            assert f"-    path: data/{split}-*" in caught.value.differences
    assert hub.repo(REPO).branches["main"] == head
    would = push(first, REPO, card="merge", dry_run=True)
    report = push(first, REPO, card="merge")
    assert would.card == report.card
    assert "config default" in report.card.replaced
    assert "card: written anew: config default" in "\n".join(
        push_lines(report, dry_run=False)
    )
    assert f"data/{split}-00000-of-00001.parquet" in report.foreign
    checked = verify_remote(REPO)
    assert (checked.faults, checked.edited) == ((), ())
    assert push(first, REPO).commit == report.commit


@pytest.mark.parametrize("mine", ["", "---\nlicense: cc-by-4.0\nlanguage: en\n---\n"])
def test_a_repo_that_was_made_with_the_form_of_the_hub(hub, first, mine):
    hub.repos.by_key["dataset", REPO] = Repo(REPO, "dataset")
    hub.repo(REPO).edit({"README.md": mine.encode()})
    assert push(first, REPO, dry_run=True).card.replaced
    report = push(first, REPO)
    assert report.card.kept == (("yaml language",) if mine else ())
    text = card_of(hub)
    assert text.split("\n---\n")[1] == (first / "README.md").read_text().split(
        "\n---\n"
    )[1].replace("./coco_stuff_trimmed", REPO)
    assert yaml_of(text).get("language") == ("en" if mine else None)
    assert push(first, REPO).commit == report.commit
    assert verify_remote(REPO).edited == ()


# A part of it ------------------------------------------------------------------------

PART = """
import sys
import datasets
rows = datasets.load_dataset(sys.argv[1])
assert {name: part.num_rows for name, part in rows.items()} == {"train": 6, "test": 3}
assert rows["test"].features["label"].names == ["other", "car"]
assert rows["test"][0]["image"].size == (8, 8)
"""


@pytest.mark.parametrize("version", ["this", "2.14", "2.21", "3.6", "4.8", "5"])
def test_the_folder_of_a_config_loads_by_itself(first, tmp_path, version):
    """As the card says; by its name it does not, but on 2.14."""
    whole = tmp_path / "coco_stuff_trimmed"
    shutil.copytree(first / "data/car", whole / "data/car")
    shutil.copy(first / "README.md", whole)
    env = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "PATH": ""}
    python = python_with(version)

    def run(code, *words):
        return subprocess.run(
            [python, "-W", "ignore", "-c", code + LEAVE, *words], env=env, cwd=tmp_path,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    done = run(PART, "./coco_stuff_trimmed/data/car")
    assert done.returncode == 0, done.stderr
    by_name = run(PART.replace("argv[1]", 'argv[1], "car"'), "./coco_stuff_trimmed")
    assert (by_name.returncode == 0) == (version == "2.14"), by_name.stderr


def test_a_part_is_downloaded_as_the_card_says(hub, first, tmp_path):
    from builder.card.place import tell_part

    push(first, REPO)
    manifest = json.loads(published(hub)["manifest.json"])
    (line,) = [x for x in tell_part(manifest).splitlines() if x.startswith("hf ")]
    code = "import sys; from huggingface_hub.cli.hf import main; sys.exit(main())"
    words = line.replace('"', "").split()[1:]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=environment(hub, tmp_path) | {"HF_HUB_DISABLE_XET": "1"},
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    got = {p for p in contents(tmp_path / "coco_stuff_trimmed") if p[0] != "."}
    assert got == {path for path in contents(first) if path.startswith("data/dog/")}
