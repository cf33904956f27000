"""What blocks are made of: the numbers of the manifest, and a dataset's own words."""

import pytest

from builder.card.blocks import (
    NOT_OFFICIAL,
    counts,
    licences,
    loading,
    python,
    selection,
    summary,
    together,
)
from builder.card.images import tell_resized
from builder.card.place import name_repo, tell_part
from tests.card.made import make_manifest, split


@pytest.fixture
def manifest():
    return make_manifest()


def test_a_summary_has_the_sizes_of_every_config(manifest):
    assert summary(manifest) == (
        "1,234 images; all Parquet files together are 2.0 MB.\n\n"
        "| config | rows | size |\n|---|---|---|\n"
        "| `default` | 1,200 train, 34 test | 2.5 kB |\n"
        "| `round` | 50 train | 100 bytes |"
    )


def test_what_a_reader_has_to_know_first_stands_first(manifest):
    text = summary(manifest, NOT_OFFICIAL, "", "And more.")
    assert text == f"{NOT_OFFICIAL}\n\nAnd more.\n\n{summary(manifest)}"
    assert text.startswith("> [!WARNING]\n> This build was not made from the official")


def test_loading_begins_with_the_first_split_and_goes_on(manifest):
    text = loading(manifest, "More:", python("a = 1", "print(a)"))
    assert text.startswith(
        "```python\nfrom datasets import load_dataset\n\n"
        'ds = load_dataset("./shapes", split="train")\nprint(ds[0])\n```\n\nRun it in'
        " the folder that holds `shapes`, or"
    )
    assert (
        "machine.\n\nMore:\n\n```python\nfrom datasets import load_dataset\n\n"
        "a = 1\nprint(a)\n```\n\nA copy that has not"
    ) in text
    assert text.endswith(
        'ds = load_dataset("./shapes/data/round")\nprint(ds.num_rows)\n```'
    )
    del manifest["configs"]["round"]
    assert loading(manifest).endswith("machine.")


def test_of_configs_that_share_files_none_can_be_fetched_alone(manifest):
    manifest["configs"]["round"]["train"]["files"] = [
        "data/default/train-00000.parquet"
    ]
    assert tell_part(manifest) == ""


def test_a_card_that_is_pushed_is_the_one_that_is_rendered_there(manifest):
    there = {**manifest, "repo_id": "org/shapes"}
    names = ["round", "square"]
    manifest["configs"]["square"] = there["configs"]["square"] = {
        "train": split("square", "train", 9)
    }
    local, pushed = (
        loading(told, *together(told, names)) for told in (manifest, there)
    )
    assert name_repo(local, manifest, "org/shapes") == pushed
    assert name_repo(pushed, there, "you/shapes") == pushed.replace("org/", "you/")
    assert '"./shapes"' not in pushed
    assert "hf download org/shapes --repo-type dataset" in pushed
    assert 'for name in ("round", "square")]' in pushed


def test_one_draw_is_not_put_together_and_of_several_two_are_shown(manifest):
    assert together(manifest, ["round"]) == []
    told, snippet = together(manifest, ["round", "default", "square"])
    assert told.startswith("Draws of several classes as one, in turn; `concatenate_")
    assert snippet == (
        "```python\nfrom datasets import load_dataset\n"
        "from datasets import ClassLabel, interleave_datasets\n\n"
        'label = ClassLabel(names=["without", "with"])\n'
        "ds = interleave_datasets(\n"
        '    [load_dataset("./shapes", name, split="train").cast_column("label", label)'
        ' for name in ("round", "default")]\n'
        ")\nprint(len(ds))\n```"
    )


def test_the_config_that_can_be_fetched_alone_is_the_last(manifest):
    other = {"train": split("oval", "train", 9)}
    more = {**manifest, "configs": {**manifest["configs"], "oval": other}}
    assert "here that of `oval`:" in tell_part(more)
    assert tell_part(manifest) == (
        "A copy that has not the files of all configs does not load by the name of one;"
        " the folder of a config does, here that of `round`:\n\n"
        "```python\nfrom datasets import load_dataset\n\n"
        'ds = load_dataset("./shapes/data/round")\nprint(ds.num_rows)\n```'
    )
    assert tell_part({**manifest, "repo_id": "org/shapes"}) == (
        "`load_dataset` fetches only the config that it is asked for. To have one as"
        " files, here `round`:\n\n```bash\n"
        'hf download org/shapes --repo-type dataset --include "data/round/*"'
        " --local-dir shapes\n```\n\nIts folder is what loads then, not the one above"
        " it:\n\n```python\nfrom datasets import load_dataset\n\n"
        'ds = load_dataset("./shapes/data/round")\nprint(ds.num_rows)\n```'
    )


def test_images_that_are_in_no_default_are_counted_besides(manifest):
    manifest["sources"].append({"role": "further test images", "images": 1_000})
    manifest["sources"].append({"role": "further val images", "images": 2})
    assert summary(manifest).startswith(
        "2,236 images, 1,002 of them not in `default`; all Parquet files"
    )


def test_what_was_nowhere_is_counted_and_named(manifest):
    manifest["missing"] = ["a`.jpg", "b.jpg", "c.jpg", "d.jpg"]
    assert counts(manifest, "One of each.") == (
        "One of each.\n\nSelected, but left out since they were nowhere in the source:"
        " 4 images (``a`.jpg``, `b.jpg`, `c.jpg`, and 1 more; `manifest.json` lists"
        " all)."
    )


def test_a_selection_has_its_rule_and_what_it_is_from(manifest):
    text = selection(manifest, "Every other one.")
    assert text.startswith("Every other one.\n\nMade from:\n\n| role |")
    assert "| table | `shapes.csv` | file | `abababababababab…` |" in text
    assert "| images | `all/` | 1 image | `cdcdcdcdcdcdcdcd…` |" in text
    assert text.endswith("Built with trimset 9.8, pillow 7.6.")


def test_no_part_of_a_source_is_called_official(manifest):
    manifest["sources"][0]["role"] = "official duplicates"
    assert "| duplicates | `shapes.csv` | file |" in selection(manifest, "All.")


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
    assert tell_resized(manifest, ending="and small.") is None
    manifest["options"]["image_size"] = 1234
    text = tell_resized(manifest, ending="and small.")
    assert text.startswith("and small.\n\n**Resized images.** Every image with a")
    assert "shorter side of more than 1,234 pixels" in text
    assert "`trimset build --image-size 1234`" in text
    assert "with Pillow 7.6, and" in text
    assert "as the source has them, byte for byte" in text
