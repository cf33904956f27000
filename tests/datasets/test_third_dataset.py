"""A dataset of one file goes the whole way, on the command line too."""

import json
from pathlib import Path

import pytest
from datasets import load_dataset

from builder import build, export, plan, verify
from builder.cli import main as cli
from builder.datasets import registry
from tests.datasets import third_dataset
from tests.datasets.third_dataset import ColourRecipe, Colours


@pytest.fixture
def colours():
    """Return the third dataset, known for as long as a test runs."""
    dataset = Colours()
    registry.register(dataset)
    yield dataset
    registry.unregister(dataset.name)


@pytest.fixture
def source(colours, tmp_path):
    return colours.demo(tmp_path / "source").source


def test_it_is_one_file_of_less_than_a_hundred_lines():
    assert len(Path(third_dataset.__file__).read_text().splitlines()) < 100


def test_it_goes_the_whole_way(colours, source, tmp_path):
    recipe = ColourRecipe(per_label=3)
    planned = plan("flat_colours", recipe, source=str(source))
    assert planned["rows"] == {"default": {"train": 6}}
    assert planned["images"] == 6
    manifest = build("flat_colours", tmp_path / "b", recipe, source=str(source))
    assert manifest["dataset"] == "flat_colours"
    report = verify(tmp_path / "b", source=str(source))
    assert report.faults == ()
    assert report.replayed
    card = (tmp_path / "b/README.md").read_text()
    assert "# Flat Colours" in card
    assert "6 images; all Parquet" in card
    loaded = load_dataset(str(tmp_path / "b"), split="train", cache_dir=str(tmp_path))
    assert sorted(loaded["label"]) == ["blue"] * 3 + ["red"] * 3
    for row in loaded:
        red, _, blue = row["image"].getpixel((0, 0))
        assert (red > 0, blue > 0) == (row["label"] == "red", row["label"] == "blue")
    record = export("flat_colours", tmp_path / "x", recipe, source=str(source))
    assert sorted(record["labels"].values()) == sorted(loaded["label"])
    for name in record["labels"]:
        original = (source / "pictures" / name).read_bytes()
        assert (tmp_path / "x" / name).read_bytes() == original


def test_another_seed_is_found_by_verify_and_by_the_lock(colours, source, tmp_path):
    options = {"source": str(source)}
    build("flat_colours", tmp_path / "b", ColourRecipe(3), **options)
    lock = tmp_path / "b/selection.json"
    again = build("flat_colours", tmp_path / "c", ColourRecipe(3), lock=lock, **options)
    assert again["selection"] == json.loads(lock.read_text())["digest"]
    (source / "pictures/0.png").write_bytes(b"")
    with pytest.raises(Exception, match="seed 42"):
        build("flat_colours", tmp_path / "d", ColourRecipe(3, 1), lock=lock, **options)


def test_its_options_are_on_the_command_line(colours, source, tmp_path, capsys):
    words = ["flat_colours", "--source", str(source), "--per-label", "2"]
    assert cli.main(["plan", *words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["rows"] == {"default": {"train": 4}}
    out = ["--out", str(tmp_path / "b")]
    assert cli.main(["build", *words, *out]) == 0
    assert cli.main(["verify", str(tmp_path / "b"), "--source", str(source)]) == 0
    assert cli.main(["plan", *words, "--benign", "1:2"]) == 2
