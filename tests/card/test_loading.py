"""What the YAML of a card says of files is what the build has, or it is told."""

import copy

import pytest

from builder.card.loading import check_loading, resolve
from builder.card.render import card_metadata
from tests.card.made import make_manifest


def made():
    """Return a manifest with all its files, and the YAML that says so."""
    manifest = make_manifest()
    for splits in manifest["configs"].values():
        for facts in splits.values():
            manifest["files"] |= {path: {"bytes": 1} for path in facts["files"]}
    return manifest, copy.deepcopy(card_metadata(manifest))


def test_a_card_as_built_loads_the_build():
    manifest, metadata = made()
    assert list(check_loading(metadata, manifest)) == []
    # A file that is not Parquet is none that a pattern could mean.
    manifest["files"]["data/default/train-notes.txt"] = {"bytes": 1}
    metadata["configs"][0]["data_files"][0]["path"] = ["data/default/train-*"]
    assert list(check_loading(metadata, manifest)) == []
    # Without its rows a config loads all the same, also under the name that it has.
    del metadata["dataset_info"][1], metadata["configs"][0]["config_name"]
    metadata["dataset_info"][0].pop("config_name")
    assert list(check_loading(metadata, manifest)) == []
    metadata["dataset_info"][0]["splits"] = None
    assert list(check_loading(metadata, manifest)) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda configs, _: configs[1]["data_files"][0].update(split="test"),
        lambda configs, _: configs[1]["data_files"][0].update(path="data/*"),
        lambda configs, _: configs[1]["data_files"][0].update(path=3),
        lambda configs, _: configs[1]["data_files"][0].pop("path"),
        lambda configs, _: configs[1].update(data_files=["data/*"]),
        lambda configs, _: configs[1].update(data_files=None),
        lambda _, infos: infos[1]["splits"][0].update(num_examples=51),
        lambda _, infos: infos[1]["splits"][0].update(name="all"),
        lambda _, infos: infos[1]["splits"][0].pop("name"),
        lambda _, infos: infos[1].update(splits=[3]),
    ],
)
def test_of_each_config_that_says_something_else_it_is_told(change):
    manifest, metadata = made()
    change(metadata["configs"], metadata["dataset_info"])
    fault = "its YAML does not give the files and rows of config round"
    assert list(check_loading(metadata, manifest)) == [fault]


def test_all_configs_are_looked_at_also_after_one_that_is_lost():
    manifest, metadata = made()
    del metadata["configs"][0]
    metadata["configs"][0]["data_files"] = []
    assert list(check_loading(metadata, manifest)) == [
        "its YAML has lost config default",
        "its YAML does not give the files and rows of config round",
    ]


def test_a_pattern_or_several_give_files_once_and_sorted():
    files = [
        {"split": "a", "path": "x/*"},
        {"split": "b", "path": ["y/2", "y/*", "none"]},
    ]
    found = resolve({"data_files": files}, ["y/2", "x/1", "y/1"])
    assert list(found) == [("a", ["x/1"]), ("b", ["y/1", "y/2"])]
    assert list(resolve({}, ["x/1"])) == []
