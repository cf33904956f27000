"""What blocks are made of: the numbers of the manifest, and a dataset's own words."""

import pytest

from builder.card.blocks import counts, licences, loading, python, selection, summary
from builder.card.images import tell_resized
from tests.card.made import make_manifest


@pytest.fixture
def manifest():
    return make_manifest()


def test_a_summary_has_the_sizes_of_every_config(manifest):
    assert summary(manifest, is_official=True, is_default=True) == (
        "1,234 distinct images; all Parquet files together are 2.0 MB.\n\n"
        "| config | rows | size |\n|---|---|---|\n"
        "| `default` | 1,200 train, 34 test | 2.5 kB |\n"
        "| `round` | 50 train | 100 bytes |"
    )


@pytest.mark.parametrize(
    ("is_official", "is_default", "mark"),
    [
        (False, True, "[!WARNING]\n> This build was not made from the official source"),
        (
            False,
            False,
            "[!WARNING]\n> This build was not made from the official source",
        ),
        (True, False, "[!NOTE]\n> This is another selection than that of the study"),
    ],
)
def test_a_summary_warns_where_it_is_not_the_study(
    manifest, is_official, is_default, mark
):
    text = summary(manifest, is_official=is_official, is_default=is_default)
    assert text.startswith(f"> {mark}")
    assert text.count("[!") == 1
    assert text.endswith(summary(manifest, is_official=True, is_default=True))


def test_loading_begins_with_the_first_split_and_goes_on(manifest):
    text = loading(manifest, "More:", python("a = 1", "print(a)"))
    assert text.startswith(
        "```python\nfrom datasets import load_dataset\n\n"
        'ds = load_dataset("ORG/shapes", split="train")\nprint(ds[0])\n```\n\nPut the'
    )
    assert text.endswith(
        "machine.\n\nMore:\n\n```python\nfrom datasets import load_dataset\n\n"
        "a = 1\nprint(a)\n```"
    )
    assert loading(manifest).endswith("machine.")


def test_a_selection_has_its_rule_and_what_it_is_from(manifest):
    text = selection(manifest, "Every other one.")
    assert text.startswith("Every other one.\n\nMade from:\n\n| role |")
    assert "| table | `shapes.csv` | file | `abababababababab…` |" in text
    assert "| images | `all/` | 1 image | `cdcdcdcdcdcdcdcd…` |" in text
    assert text.endswith("Built with trimset 9.8, pillow 7.6.")


def test_counts_list_what_broke(manifest):
    assert counts(manifest, "One of each.") == "One of each."
    manifest["broken"] = [
        {"image": "a.jpg", "reason": "ends too early"},
        {"image": "b.jpg", "reason": "is no image"},
    ]
    assert counts(manifest, "One of each.") == (
        "One of each.\n\nSelected, but left out since they are broken:\n\n"
        "- `a.jpg` ends too early\n- `b.jpg` is no image"
    )


def test_licences_are_counted(manifest):
    assert licences(manifest) == (
        "| licence | images |\n|---|--:|\n| CC BY | 1,230 |\n| none | 4 |"
    )
    manifest["licences"] = {}
    assert licences(manifest) == ""


def test_resizing_is_told_where_it_was_done(manifest):
    words = {"ending": "and small.", "publisher": "Nobody"}
    assert tell_resized(manifest, **words) is None
    manifest["options"]["image_size"] = 1234
    text = tell_resized(manifest, **words)
    assert text.startswith("and small.\n\n**Resized images.** Every image with a")
    assert "shorter side of more than 1,234 pixels" in text
    assert "`trimset build --image-size 1234`" in text
    assert "with Pillow 7.6, and" in text
    assert "as Nobody published them, byte for byte" in text
