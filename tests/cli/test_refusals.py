"""Each command takes the options that it uses, uses those that it takes, no others."""

import argparse
import re
from functools import cache

import pytest

from builder.cli import main as cli
from builder.cli.commands import COMMANDS
from builder.cli.options import make_parser
from builder.datasets import registry
from builder.errors import UsageError
from tests.cli.third import HeardError

_OWN = {
    "coco_stuff_trimmed": (
        "--seed --targets --train-samples --test-samples --train-annotations"
        " --train-images --test-annotations --test-images --stuff --allow-host"
    ),
    "siim_isic_small": (
        "--seed --benign --malignant --tolerance --metadata --images --duplicates"
    ),
}
_INPUTS = (
    "--train-annotations --train-images --test-annotations --test-images --metadata"
    " --images --duplicates --stuff"
)
_PLAN = (
    "--json --debug --progress --source --image-size --skip-missing --lock --cache-dir"
    " --follow-links " + " ".join(_OWN.values())
)
_OF_SOURCES, _OF_IMAGES = "--max-file-size --min-rate", "--max-pixels --max-scans"
_PLAN = f"{_PLAN} --skip-missing {_OF_SOURCES}"
_EXPORT = f"{_PLAN} --out --workers --no-audit --allow-broken --overwrite {_OF_IMAGES}"
# What each command takes: a new option has to be put down for each that takes it.
TAKES = {
    command: set(options.split())
    for command, options in {
        "demo": "--json --debug --out",
        "init": f"--json --debug --out --cache-dir --follow-links {_OF_SOURCES}",
        "plan": _PLAN,
        "export": _EXPORT,
        "build": f"{_EXPORT} --scheduler --max-shard-size",
        "verify": "--json --debug --progress --revision --deep --source --workers"
        f" --cache-dir --allow-host --strict --follow-links {_INPUTS}"
        f" {_OF_SOURCES} {_OF_IMAGES}",
        "push": "--json --debug --progress --repo-id --private --tag --create-pr"
        " --revision --message --card --dry-run",
        "report": f"--json --debug --progress --out --workers {_OF_IMAGES}",
        "cache": "--json --debug --cache-dir",
    }.items()
}
PARSER = make_parser(COMMANDS)
EVERY = sorted(set.union(*TAKES.values()))
# Text that an option may have, by what its help calls it.
VALUES = {"PX": "64", "N": "3", "SIZE": "1MB", "START:STOP": "1:5", "NAMES": "17",
          "SHARE": "0.1", "merge|ours|theirs": "merge"}  # fmt: skip


@pytest.fixture(autouse=True)
def _one_parser(monkeypatch):
    """Hundreds of command lines here, and no dataset comes or goes."""
    monkeypatch.setattr(cli, "make_parser", lambda _: PARSER)


@cache
def actions(command):
    """Return what argparse knows of each option of a command, but ``--help``."""
    (found,) = (
        action
        for action in PARSER._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    return {
        option: action
        for option, action in found.choices[command]._option_string_actions.items()
        if option not in {"-h", "--help"}
    }


def words_of(option):
    """Return an option as it may be given, with its value if it has one."""
    action = next(a[option] for a in map(actions, COMMANDS) if option in a)
    return [option] if action.nargs == 0 else [option, VALUES.get(action.metavar, "x")]


def base_of(command, option, folder):
    """Return a whole command line in which an option would be used, if at all."""
    if command in {"plan", "build", "export"}:
        dataset = next(
            (n for n in _OWN if option in _OWN[n].split()), "siim_isic_small"
        )
        out = [] if command == "plan" or option == "--out" else ["--out", "o"]
        return [command, dataset, *out]
    if command in {"init", "report"}:
        return [command, folder]
    if command == "verify":
        if option in {"--revision", "--deep"}:
            return ["verify", "somebody/some-repo"]
        return ["verify", folder, *([] if option == "--source" else ["--source", "s"])]
    if command == "push":
        return [
            "push",
            folder,
            *([] if option == "--repo-id" else ["--repo-id", "a/b"]),
        ]
    return [command]


PAIRS = [(command, option) for command in COMMANDS for option in EVERY]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_is_that_of_the_parser(command):
    assert set(actions(command)) == TAKES[command]


def test_the_table_knows_every_dataset():
    assert list(_OWN) == registry.studies()


@pytest.mark.parametrize(
    ("command", "option"), [p for p in PAIRS if p[1] not in TAKES[p[0]]]
)
def test_an_option_that_would_be_ignored_is_refused(
    command, option, usage, library, tmp_path
):
    words = words_of(option)
    name, *base = base_of(command, option, tmp_path)
    for order in ([name, *base, *words], [name, *words, *base], [name, option + "="]):
        err = usage(*order)
        assert err.endswith(
            f"trimset {command}: error: unrecognized arguments: {option}\n"
        )
    assert library.calls == []


@pytest.mark.parametrize(
    ("command", "option"),
    [
        (command, option)
        for command, option in PAIRS
        # Three are for the command line alone.
        if option in TAKES[command] - {"--json", "--debug", "--strict"}
    ],
)
def test_an_option_that_is_taken_reaches_the_library(
    command, option, library, tmp_path, capsys
):
    base = list(map(str, base_of(command, option, tmp_path)))
    heard = []
    for words in ([], words_of(option)):
        library.calls.clear()
        try:
            assert cli.main([*base, *words]) == 1
        except SystemExit:  # an option that must be given was not
            assert option in {"--out", "--repo-id"}
            assert f"required: {option}\n" in capsys.readouterr().err
        else:
            assert capsys.readouterr().err == "trimset: HeardError: x\n"
        heard.append(re.sub(r" at 0x\w+", "", repr(library.calls)))
    assert heard[1] != "[]"
    assert heard[0] != heard[1]


def test_json_and_debug_are_used_here(library, capsys):
    with pytest.raises(HeardError):
        cli.main(["demo", "--debug"])
    library.answers = {"cache_root": "root", "list_cache": []}
    assert cli.main(["cache"]) == 0
    assert "{" not in capsys.readouterr().out
    assert cli.main(["cache", "--json"]) == 0
    assert '{"folder": "root"' in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--sour", "--see", "--image-s", "--js"])
def test_options_are_not_abbreviated(option, usage):
    err = usage("plan", "coco_stuff_trimmed", f"{option}=1")
    assert f"unrecognized arguments: {option}\n" in err


def test_what_only_looks_like_an_option_is_none(library, tmp_path):
    words = ("--message", "--all of it", "--tag=--x", "--repo-id", "a/b")
    assert cli.main(["push", *words, "--", "--folder"]) == 1
    _, args, options = library.calls[-1]
    assert args == ("--folder", "a/b")
    assert (options["message"], options["tag"]) == ("--all of it", "--x")


NO_SOURCE = "is for a comparison with the source: give --source as well"
NO_REPO = "is for a local build: download it and verify the folder"


@pytest.mark.parametrize(
    ("option", "why"),
    [
        *((name, NO_SOURCE) for name in ("--workers", "--cache-dir", "--allow-host")),
        ("--progress", NO_SOURCE),
        ("--revision", "is for a repo on the Hub"),
        ("--deep", "is for a repo on the Hub"),
    ],
)
def test_what_a_folder_alone_has_no_use_for(option, why, fails, library, tmp_path):
    line = fails(2, "verify", tmp_path, *words_of(option))
    assert line == f"trimset: UsageError: {option}, given with {tmp_path}, {why}\n"
    assert library.calls == []


@pytest.mark.parametrize("option", ["--revision", "--deep"])
def test_a_source_does_not_make_a_repo_of_a_folder(option, fails, library, tmp_path):
    line = fails(2, "verify", tmp_path, "--source", "s", *words_of(option))
    assert "is for a repo on the Hub" in line
    assert library.calls == []


@pytest.mark.parametrize(
    "option",
    ["--source", "--workers", "--cache-dir", "--allow-host", *_INPUTS.split()],
)
def test_what_a_repo_has_no_use_for(option, fails, library):
    line = fails(2, "verify", "somebody/some-repo", *words_of(option))
    assert f"UsageError: {option}, given with somebody/some-repo, {NO_REPO}" in line
    assert library.calls == []


def test_a_mistyped_folder_is_not_asked_of_the_hub(
    fails, library, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    line = fails(1, "verify", "out/biuld")
    assert "VerifyError: out/biuld: expected a build in this folder, found no" in line
    assert "give --revision main if it is a repo on the Hub" in line
    assert library.calls == []
    for words in (["out/biuld", "--revision", "main"], ["me/build"]):
        fails(1, "verify", *words)
        assert library.calls.pop()[0] == "verify_remote"
    for folder in ("./build", "../build", "out", "a/b/c", "-/build"):
        fails(1, "verify", "--", folder)
        assert library.calls.pop()[0] == "verify"


def test_a_pull_request_is_not_tagged(usage, library, tmp_path):
    for words in (["--tag", "v1", "--create-pr"], ["--create-pr", "--tag", "v1"]):
        err = usage("push", tmp_path, "--repo-id", "a/b", *words)
        assert "not allowed with argument" in err
    assert library.calls == []


def test_a_source_that_nothing_is_read_of_is_refused(fails, library, tmp_path):
    files = [w for o in ("--metadata", "--images", "--duplicates") for w in (o, "x")]
    for base in (["plan", "siim_isic_small"], ["verify", tmp_path]):
        line = fails(2, *base, "--source", "s", *files)
        assert "UsageError: --source: nothing of it is read where --metadata" in line
        assert library.calls == []
        for words in (files, ["--source", "s", *files[:4]]):
            assert "HeardError" in fails(1, *base, *words)
        library.calls.clear()


def test_images_are_not_resized_on_a_cluster(fails, library, tmp_path):
    """Said before anybody asks whether there is a scheduler at the address."""
    words = ["--image-size", 64, "--scheduler", "tcp://127.0.0.1:9"]
    line = fails(2, "build", "siim_isic_small", "--out", tmp_path / "out", *words)
    assert "UsageError: --image-size: resized images are kept in the cache" in line
    assert "build without --scheduler" in line
    assert library.calls == []


@pytest.mark.parametrize(
    "option",
    [o for o in EVERY if len(words_of(o)) == 2 and words_of(o)[1] == "x"],
)
def test_an_empty_text_is_not_passed_over(option, usage, library, tmp_path):
    """As of a shell variable that is not set: else --source would be the servers'."""
    command = next(name for name in TAKES if option in TAKES[name])
    for text in ("", " "):
        err = usage(*base_of(command, option, tmp_path), option, text)
        assert f"argument {option}: expected a value, found an empty text" in err
    assert library.calls == []


def test_wrong_usage_is_an_error_of_values_too():
    assert issubclass(UsageError, ValueError)
