"""What datasets bring to the command line: their options, inputs and remarks."""

import pytest

from builder import CocoRecipe, IsicRecipe
from builder.cli import main as cli
from tests.cli.third import ThirdRecipe

COCO, ISIC = "coco_stuff_trimmed", "siim_isic_small"


@pytest.fixture
def heard(library, fails):
    """Return a function that gives the arguments with which a command calls."""

    def listen(*words):
        library.calls.clear()
        assert fails(1, *words) == "trimset: HeardError: x\n"
        name, _, options = library.calls[-1]
        assert name == words[0]
        return options

    return listen


def test_the_options_of_a_dataset_are_the_fields_of_its_recipe(heard):
    found = heard("plan", COCO, "--targets", "car, bus", "--seed", "3")
    assert found["dataset"] == COCO
    assert found["recipe"] == CocoRecipe(targets=("car", "bus"), seed=3)
    assert (found["files"], found["allow_hosts"]) == ({}, ())
    found = heard("plan", ISIC, "--benign", "0:5", "--images", "i")
    assert found["recipe"] == IsicRecipe(benign=(0, 5))
    assert found["files"] == {"images": "i"}
    hosts = ("--allow-host", "a.org", "--allow-host", "b.org")
    assert heard("plan", COCO, *hosts)["allow_hosts"] == ["a.org", "b.org"]


@pytest.mark.parametrize(
    "words",
    [
        [COCO, "--seed", "3", "--source", "s"],
        ["--seed", "3", COCO, "--source", "s"],
        ["--seed", "3", "--source", "s", COCO],
    ],
)
def test_the_dataset_stands_anywhere(words, heard):
    found = heard("plan", *words)
    assert (found["dataset"], found["source"]) == (COCO, "s")
    assert found["recipe"] == CocoRecipe(seed=3)


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ([COCO, "--benign", "0:5"], "--benign"),
        ([COCO, "--benign", "no range"], "--benign"),
        ([COCO, "--metadata", "m"], "--metadata"),
        ([ISIC, "--targets", "car"], "--targets"),
        ([ISIC, "--train-images", "m"], "--train-images"),
        (["--train-images", "m", ISIC], "--train-images"),
        ([ISIC, "--allow-host", "a.org"], "--allow-host"),
    ],
)
@pytest.mark.parametrize("command", ["plan", "build", "export"])
def test_an_option_of_another_dataset_is_wrong_usage(
    command, words, option, fails, library
):
    name = COCO if COCO in words else ISIC
    out = [] if command == "plan" else ["--out", "o"]
    line = fails(2, command, *words, *out)
    assert line == f"trimset: UsageError: {option} is not an option of {name}\n"
    assert library.calls == []


def groups(text):
    """Return the options of each group of a help text."""
    found = {}
    for block in text.split("\n\n"):
        title, *lines = block.splitlines()
        found[title] = [s.split()[0] for s in lines if s.startswith("  --")]
    return found


def test_shared_options_are_one_and_stand_before_the_others(third, capsys):
    with pytest.raises(SystemExit):
        cli.main(["build", "--help"])
    found = groups(capsys.readouterr().out)
    assert list(found)[-6:] == [
        f"{COCO}, {ISIC}, {third}:",
        f"{COCO}, {third}:",
        f"{ISIC}, {third}:",
        f"{COCO}:",
        f"{ISIC}:",
        f"{third}:",
    ]
    assert list(found.values())[-6:] == [
        ["--seed"],
        ["--targets", "--allow-host"],
        ["--images"],
        ["--train-samples", "--test-samples", "--train-annotations", "--train-images",
         "--test-annotations", "--test-images", "--stuff"],
        ["--benign", "--malignant", "--tolerance", "--metadata", "--duplicates"],
        ["--command", "--words-table"],
    ]  # fmt: skip


def test_the_help_of_a_shared_option_says_what_it_is_to_each(third, capsys):
    with pytest.raises(SystemExit):
        cli.main(["plan", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "--seed N default: 42; or default: 7" in text
    assert "; or words, 5% or more of them" in text


@pytest.mark.parametrize("command", ["plan", "build", "export"])
def test_a_third_dataset_is_there_with_its_options(command, third, heard):
    out = [] if command == "plan" else ["--out", "o"]
    words = ["--command", ".25", "--targets", "x,y", "--words-table", "w.csv"]
    hosts = ["--allow-host", "a.org"]
    found = heard(command, *words, third, *out, *hosts, "--images", "i")
    assert found["dataset"] == third
    assert found["recipe"] == ThirdRecipe(command=0.25, targets=("x", "y"))
    assert found["files"] == {"words_table": "w.csv", "images": "i"}
    assert found["allow_hosts"] == ["a.org"]


def test_its_own_parser_reads_the_text_and_says_what_is_wrong(third, usage, library):
    for given, words in (
        ("2", "expected more than 0 and at most 1, found '2'"),
        ("much", "could not convert string to float: 'much'"),
    ):
        err = usage("plan", third, "--command", given)
        assert err.endswith(f"trimset plan: error: argument --command: {words}\n")
    assert "argument --targets: expected names" in usage(
        "plan", third, "--targets", ","
    )
    assert library.calls == []


def test_its_recipe_says_what_makes_no_sense(third, fails, library):
    line = fails(2, "plan", third, "--seed", "-1")
    assert line.startswith("trimset: UsageError: seed: expected 0 to")
    assert library.calls == []


def test_a_build_of_it_is_verified_with_its_inputs(third, heard, tmp_path):
    words = ["--words-table", "w.csv", "--allow-host", "a.org"]
    found = heard("verify", tmp_path, *words)
    assert found["files"] == {"words_table": "w.csv"}
    assert found["allow_hosts"] == ["a.org"]
    assert found["source"] is None


def test_no_dataset_is_left_when_it_is_gone(usage):
    err = usage("plan", "third_of_its_kind")
    assert "invalid choice: 'third_of_its_kind'" in err


def test_what_it_says_besides_is_said_of_builds_and_exports(third, library, capsys):
    record = {
        "dataset": third, "note": "so it is", "selection": "x", "configs": {},
        "files": {}, "broken": [],
    }  # fmt: skip
    library.answers = {"build": record, "export": record}
    for command in ("build", "export"):
        assert cli.main([command, third, "--out", "o"]) == 0
        assert capsys.readouterr().err == "trimset: third: so it is\n" * 2


def test_sizes_and_workers_reach_the_library(heard, library):
    words = ("build", ISIC, "--out", "o")
    assert heard(*words)["max_shard_size"] == 20_000_000
    assert library.calls[0] == ("make_executor", (None, None), {})
    more = ("--max-shard-size", "1.5MiB", "--workers", "3", "--scheduler", "tcp://x:1")
    found = heard(*words, *more)
    assert found["max_shard_size"] == 1_572_864
    assert (found["workers"], found["remote_workers"]) == (3, True)
    assert library.calls[0] == ("make_executor", (3, "tcp://x:1"), {})
