"""lint names what would keep a build from loading, and nothing else."""

import json
import re
import shutil

import pyarrow.parquet as pq
import pytest

import builder.hub.lint
from builder.hub.lint import lint, lint_license
from builder.output.check import read_build
from tests.tiny_build import ROWS, make_build, relist

CAR = "data/car/test-00000-of-00001.parquet"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return make_build(
        tmp_path_factory.mktemp("built") / "dir", configs=("default", "car")
    )


@pytest.fixture
def folder(built, tmp_path):
    return shutil.copytree(built, tmp_path / "dir")


def found(folder):
    relist(folder)
    return lint(read_build(folder))


def rewrite(folder, path=CAR, *, metadata=None, **options):
    table = pq.read_table(folder / path)
    if metadata is not None:
        table = table.replace_schema_metadata(metadata)
    pq.write_table(table, folder / path, **options)


def edit_card(folder, pattern, text):
    card = folder / "README.md"
    changed, count = re.subn(pattern, text, card.read_text(), flags=re.DOTALL)
    assert count, pattern
    card.write_text(changed)


def test_a_good_build_has_no_faults(built):
    assert lint(read_build(built)) == []


def test_row_groups(folder):
    rewrite(folder, row_group_size=1)
    assert found(folder) == [f"{CAR} has 3 row groups, expected 1"]


def test_sizes(folder, monkeypatch):
    size = pq.read_metadata(folder / CAR).row_group(0).total_byte_size
    row = size // ROWS
    monkeypatch.setattr(builder.hub.lint, "MAX_ROW", row - 1)
    faults = found(folder)
    assert (
        f"{CAR} has {size // ROWS} bytes in a row, expected <= {size // ROWS - 1}"
        in faults
    )
    monkeypatch.setattr(builder.hub.lint, "MAX_ROW_GROUP", size - 1)
    faults = found(folder)
    assert f"{CAR} has {size} bytes in a row group, expected <= {size - 1}" in faults


def test_what_is_no_parquet(folder):
    (folder / CAR).write_bytes(b"PAR1 no more")
    faults = found(folder)
    assert faults[0].startswith(f"{CAR} cannot be read as Parquet")
    assert len(faults) == 2  # and its rows are missing from the split


def test_the_newer_spelling(folder):
    metadata = pq.read_schema(folder / CAR).metadata[b"huggingface"]
    newer = metadata.replace(b'"Sequence"', b'"List"')
    rewrite(folder, metadata={"huggingface": newer})
    assert f"{CAR} spells its features so that datasets 3.6 cannot read them" in found(
        folder
    )


def test_features_that_differ(folder):
    metadata = pq.read_schema(folder / CAR).metadata[b"huggingface"]
    other = metadata.replace(b'"car"', b'"cat"')
    rewrite(folder, metadata={"huggingface": other})
    assert found(folder) == [f"{CAR} has other features than car in README.md"]


def test_no_features(folder):
    rewrite(folder, metadata={})
    assert found(folder) == [f"{CAR} holds no features, expected those of README.md"]


def test_features_of_the_card_that_cannot_be_read(folder):
    edit_card(folder, r"dtype: image\n", "dtype: sculpture\n")
    faults = found(folder)
    assert faults, faults
    assert "car" in " ".join(faults)


def test_rows_that_the_manifest_does_not_know(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][CAR]["rows"] = 4
    manifest["configs"]["car"]["test"]["num_examples"] = 4
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert found(folder) == [
        f"{CAR} has 3 rows, expected 4 by manifest.json",
        "car/test has 3 rows, expected 3 by README.md and 4 by manifest.json",
    ]


def test_counts_that_differ(folder):
    edit_card(folder, r"num_examples: 6", "num_examples: 7")
    assert found(folder) == [
        "car/train has 6 rows, expected 7 by README.md and 6 by manifest.json",
        "default/train has 6 rows, expected 7 by README.md and 6 by manifest.json",
    ]


def test_a_pattern_that_matches_nothing(folder):
    edit_card(folder, r"data/car/test-\*", "data/cart/test-*")
    assert found(folder) == [
        "car/test resolves to 0 files by README.md, expected 1 by manifest.json",
        f"{CAR} belongs to no config",
    ]


def test_a_shard_of_no_config(folder):
    stray = "data/zebra/train-00000-of-00001.parquet"
    (folder / stray).parent.mkdir()
    shutil.copy(folder / CAR, folder / stray)
    assert found(folder) == [f"{stray} belongs to no config"]


def test_configs_that_differ(folder):
    edit_card(folder, r"config_name: car", "config_name: dog")
    faults = found(folder)
    assert faults[:2] == [
        "README.md and manifest.json differ in configs: car, dog",
        "README.md and manifest.json differ in dataset_info: car, dog",
    ]


def test_default_is_marked(folder):
    edit_card(folder, r"  default: true\n", "")
    assert found(folder) == [
        "README.md does not mark config default with default: true"
    ]


@pytest.mark.parametrize("key", ["pretty_name", "task_categories"])
def test_an_incomplete_card(folder, key):
    edit_card(folder, rf"\n{key}:", f"\nx-{key}:")
    assert found(folder) == [f"README.md lacks {key}"]


ID = "license: expected an id of the Hub such as cc-by-4.0"
HUB = "in the card on the Hub"
OURS = f"{HUB}, or push with --card ours to replace that"
RECIPE = f'in the recipe (license = "…") and build again, or {HUB}'
INIT = f"in a recipe of this source, which `trimset init SRC` writes, or {HUB}"


@pytest.mark.parametrize(
    ("built", "card", "about", "said"),
    [
        ({"license": "mit"}, {"license": "mit"}, {}, ""),
        ({}, {"license": ["mit", "cc-by-4.0"]}, {}, ""),
        ({}, {"license": "other", "license_name": "our-own-1.0"}, {}, ""),
        ({}, {}, {"files": {}}, f"no licence is stated: state one {RECIPE}"),
        # the two that come with the package, one that has its own prose, and one of
        # an official source that this build is not of
        ({}, {}, {}, f"no licence is stated: state one {INIT}"),
        ({}, {}, {"prose": "x"}, f"no licence is stated: state one {INIT}"),
        ({}, {}, {"license": "mit"}, f"no licence is stated: state one {INIT}"),
        ({"license": "mit"}, {}, {}, f"no licence is stated: state one {OURS}"),
        (
            {"license": "other"},
            {"license": "other"},
            {"files": {}},
            f'license is "other": state a license_name {RECIPE}',
        ),
        (
            {"license": "mit"},
            {"license": ["mit", "CC BY 4.0"]},
            {"files": {}},
            f"{ID}, found 'CC BY 4.0': change it {OURS}",
        ),
        (
            {},
            {"license": {"A": 1}},
            {},
            f"{ID}, found \"{{'A': 1}}\": change it {OURS}",
        ),
    ],
)
def test_licences_that_the_hub_takes_and_what_to_do_about_others(
    built, card, about, said
):
    assert "".join(lint_license(card, built, about)) == said


def test_a_link_to_nowhere(folder):
    (folder / "figures/counts.png").unlink()
    assert found(folder) == [
        "README.md points to figures/counts.png, which is not there"
    ]


def test_names_that_look_like_links_are_none(folder):
    edit_card(
        folder, "# Tiny", "# Tiny\n`[a](b)` \\\\[a\\\\](b) ``[`](b)`` ![a\\\\](b)\n"
    )
    assert found(folder) == []
    edit_card(folder, "# Tiny", "# Tiny\n[a](b) `[c](d)`\n")
    assert found(folder) == ["README.md points to b, which is not there"]


def test_links_elsewhere_are_fine(folder):
    text = "[a](https://example.org/x) [b](#tiny) [c](./figures/counts.png) "
    edit_card(folder, "# Tiny", f"# Tiny\n{text}[d](mailto:a@example.org)")
    assert found(folder) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no yaml", "README.md: expected YAML between two lines of ---, found none"),
        ("---\n- a\n---\n", "README.md: its YAML is not a mapping of names"),
        ("---\na: [\n---\n", "README.md: its YAML cannot be read"),
    ],
)
def test_a_card_that_cannot_be_read(folder, text, fault):
    (folder / "README.md").write_text(text)
    (told,) = found(folder)
    assert told.startswith(fault)


def test_no_card(folder):
    (folder / "README.md").unlink()
    assert found(folder) == ["README.md: expected a card, found none"]


@pytest.mark.parametrize("name", ["loader.py", "data/car/x.PY", "a/__pycache__/b.pyc"])
def test_scripts(folder, name):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("")
    assert found(folder) == [f"{name} is a script, expected none"]


def test_files_of_two_configs(folder):
    """A second config over the same files, as siim_isic_small has it."""
    card = folder / "README.md"
    text = card.read_text()
    start, stop = text.index("- config_name: car"), text.index("dataset_info:")
    again = text[start:stop].replace("config_name: car", "config_name: again")
    text = text[:stop] + again + text[stop:]
    start = text.index("- config_name: car", text.index("dataset_info:"))
    again = text[start : text.index("---", start)]
    text = text.replace(again, again + again.replace("name: car\n", "name: again\n", 1))
    card.write_text(text)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["configs"]["again"] = manifest["configs"]["car"]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert found(folder) == []
