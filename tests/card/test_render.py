"""Prose and blocks become a card, whose YAML has what the build computed."""

import pytest
import yaml

from builder.card.render import card_metadata, fill_blocks, render_card
from tests.card.made import make_manifest, split

PROSE = """---
pretty_name: Shapes
license: cc0-1.0
---

# Shapes

A few
<!-- trimset: size -->
of all sizes.
<!-- trimset: end -->

<!-- trimset: count -->
stale 1,234
<!-- trimset: end -->

<!-- trimset: nothing -->
<!-- trimset: end -->

Done.
"""


def test_a_card_is_prose_with_its_blocks_filled():
    manifest = make_manifest()
    blocks = {
        "size": lambda _: None,
        "count": lambda m: f"{m['audit']['images']} of them",
        "nothing": lambda _: "",
    }
    card = render_card(manifest, PROSE, blocks)
    _, front, text = card.split("---\n")
    # The marks stay. Those within a paragraph begin no line, which would end it.
    end = "<!-- trimset: end -->"
    assert text == (
        f"\n# Shapes\n\nA few <!-- trimset: size -->\nof all sizes. {end}\n\n"
        f"<!-- trimset: count -->\n\n1234 of them\n\n{end}\n\n"
        f"<!-- trimset: nothing -->\n\n{end}\n\nDone.\n"
    )
    assert list(yaml.safe_load(front)) == [
        "pretty_name",
        "license",
        "size_categories",
        "configs",
        "dataset_info",
    ]


def test_the_yaml_has_configs_and_features():
    metadata = card_metadata(make_manifest())
    assert metadata["size_categories"] == ["1K<n<10K"]
    default, other = metadata["configs"]
    assert default == {
        "config_name": "default",
        "data_files": [
            {"split": "train", "path": "data/default/train-*.parquet"},
            {"split": "test", "path": "data/default/test-*.parquet"},
        ],
        "default": True,
    }
    assert "default" not in other
    whole, _ = metadata["dataset_info"]
    names = {"class_label": {"names": {"0": "round", "1": "square"}}}
    assert whole["features"] == [
        {"name": "image", "dtype": "image"},
        {"name": "label", "dtype": names},
    ]
    assert whole["splits"][1] == {"name": "test", "num_bytes": 340, "num_examples": 34}
    assert (whole["download_size"], whole["dataset_size"]) == (2_468, 12_340)


def test_a_config_of_other_configs_files_lists_them():
    manifest = make_manifest()
    manifest["configs"]["round"]["train"] = split("default", "train", 50)
    _, other = card_metadata(manifest)["configs"]
    assert other["data_files"] == [
        {"split": "train", "path": ["data/default/train-00000.parquet"]}
    ]


def test_an_unknown_block_is_an_error_and_the_old_text_goes():
    prose = "a\n<!-- trimset: one -->\nstale 1,234\n<!-- trimset: end -->\nb\n"
    marked = "a <!-- trimset: one -->\nnew <!-- trimset: end -->\nb\n"
    assert fill_blocks(prose, {}, {"one": lambda _: "new"}) == marked
    with pytest.raises(KeyError, match="one"):
        fill_blocks(prose, {}, {})


@pytest.mark.parametrize(
    ("rows", "size"),
    [
        (999, "n<1K"),
        (1000, "1K<n<10K"),
        (99_999, "10K<n<100K"),
        (10**6, "1M<n<10M"),
        (10**10, "n>1B"),
    ],
)
def test_size_categories_are_the_hubs(rows, size):
    manifest = make_manifest()
    manifest["configs"] = {"default": {"train": split("default", "train", rows)}}
    assert card_metadata(manifest)["size_categories"] == [size]
