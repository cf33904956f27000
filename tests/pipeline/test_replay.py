"""Whoever forges a build with all its digests is found out by the source."""

from hashlib import sha256

import pytest

from builder import verify
from builder.output.digests import digest_of, to_json
from builder.pipeline.replay import _leaves
from tests.datasets.cards import render
from tests.small import COCO, ISIC, build_from, read_json


def forge(folder, change):
    """Change the manifest; give card and manifest the digests that they would have."""
    path = folder / "manifest.json"
    manifest = read_json(path)
    change(manifest)
    card = render(manifest).encode()
    (folder / "README.md").write_bytes(card)
    entry = {"sha256": sha256(card).hexdigest(), "bytes": len(card)}
    manifest["files"]["README.md"] = entry
    del manifest["digest"]
    path.write_bytes(to_json({**manifest, "digest": digest_of(manifest)}))


def replace_file(folder, name, data):
    """Change a file and its entry in the manifest."""
    (folder / name).write_bytes(data)
    entry = {"sha256": sha256(data).hexdigest(), "bytes": len(data)}
    forge(folder, lambda manifest: manifest["files"][name].update(entry))


def numbers(value, path=()):
    """Yield the path of every number below a JSON value."""
    pairs = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, inner in pairs:
        yield from numbers(inner, (*path, name))
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield path


def add_one(manifest, path):
    *parents, last = path
    for name in parents:
        manifest = manifest[name]
    manifest[last] += 1


def some_numbers(manifest):
    """Return one number of each part of a manifest, and all of its recipe."""
    chosen = {}
    for path in numbers(manifest):
        part = path[:2] if path[0] in {"audit", "configs", "files"} else path[:1]
        if path[0] == "recipe":
            part = path
        elif path[0] == "files":
            part = (path[0], path[-1], path[1].endswith(".parquet"))
        elif path[0] == "configs":
            part = (path[0], path[-1])
        chosen.setdefault(part, []).append(path)
    # README's own numbers are mended by the forger.
    return [
        paths[len(paths) // 2]
        for part, paths in chosen.items()
        if "README.md" not in paths[len(paths) // 2]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_no_number_of_the_manifest_can_be_changed(dataset, builds, sources, copy_of):
    folder = copy_of(builds[dataset])
    whole = {
        name: (folder / name).read_bytes() for name in ("README.md", "manifest.json")
    }
    paths = some_numbers(read_json(folder / "manifest.json"))
    parts = {".".join(map(str, path[:2])) for path in paths if path[0] == "audit"}
    assert parts >= {"audit.duplicates", "audit.drift", "audit.grey", "audit.images"}
    own = {COCO: "audit.context", ISIC: "audit.split"}
    assert own[dataset] in parts
    assert {path[0] for path in paths} >= {
        "recipe", "options", "sources", "configs", "feasibility", "parent", "files",
    }  # fmt: skip
    for path in paths:
        forge(folder, lambda manifest, path=path: add_one(manifest, path))
        source = str(sources[dataset])
        assert verify(folder).faults or verify(folder, source=source).faults, path
        for name, data in whole.items():
            (folder / name).write_bytes(data)
    assert verify(folder, source=str(sources[dataset])).faults == ()


def test_the_place_and_both_values_are_named(builds, isic_source, copy_of):
    folder = copy_of(builds[ISIC])
    labels = read_json(folder / "manifest.json")["audit"]["labels"]
    was = labels["sex"][1]["benign"]

    def change(manifest):
        manifest["audit"]["labels"]["sex"][1]["benign"] = 7
        manifest["audit"]["labels"]["age"][0]["malignant"] = 7
        manifest["parent"]["images"] = 33_126

    forge(folder, change)
    assert verify(folder).faults == ()
    one, two = verify(folder, source=str(isic_source)).faults
    assert one == "manifest.json: parent.images: the source gives 150, found 33126"
    place = "manifest.json: audit.labels.sex[1].benign"
    more = "(1 more below audit.labels)"
    assert two == f"{place}: the source gives {was}, found 7 {more}"


def test_texts_and_missing_parts_of_the_manifest(builds, coco_source, copy_of):
    folder = copy_of(builds[COCO])

    def change(manifest):
        manifest["audit"]["context"]["train"]["known_pairs"].pop()
        manifest["licences"]["Public domain"] = 9
        manifest["audit"]["more"] = 1
        manifest["key"] = "0" * 64

    forge(folder, change)
    faults = verify(folder, source=str(coco_source)).faults
    found = {fault.split(": the source gives")[0] for fault in faults}
    assert found == {
        "manifest.json: key",
        "manifest.json: licences.Public domain",
        "manifest.json: audit.context.train.known_pairs",
        "manifest.json: audit.more",
    }


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        (COCO, "labels_train.json"),
        (COCO, "labels_val.parquet.txt"),
        (COCO, "figures/context.png"),
        (ISIC, "metadata_small.csv"),
        (ISIC, "figures/labels.png"),
        (ISIC, "figures/contact_sheet.png"),
    ],
)
def test_forged_files_are_named(dataset, name, builds, sources, copy_of):
    folder = copy_of(builds[dataset])
    replace_file(folder, name, (folder / name).read_bytes() + b" ")
    assert verify(folder).faults == ()
    faults = verify(folder, source=str(sources[dataset])).faults
    assert faults == (f"{name}: is not what the source gives",)


def test_another_recipe_than_in_the_lock(builds, copy_of):
    folder = copy_of(builds[ISIC])
    forge(folder, lambda manifest: manifest["recipe"].update(seed=7))
    (fault,) = verify(folder).faults
    assert fault == "selection.json: its recipe is not that of the manifest"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]", "expected the format trimset.selection/1, found 'None'"),
        (b"{", "expected JSON of the format trimset.selection/1, found none"),
    ],
)
def test_a_lock_that_is_none_is_named(content, message, builds, isic_source, copy_of):
    """Nothing can be replayed then, and the report does not say that it was."""
    folder = copy_of(builds[ISIC])
    replace_file(folder, "selection.json", content)
    report = verify(folder, source=str(isic_source))
    (fault,) = report.faults
    assert fault.startswith(f"selection.json: {message}")
    assert not report.replayed


@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_two_swapped_images_of_the_source_are_found(dataset, builds, sources, copy_of):
    source = copy_of(sources[dataset], "source")
    draws = read_json(builds[dataset] / "selection.json")["draws"]["default"]["train"]
    names = [name.rsplit("/", 1)[-1].removesuffix(".jpg") for name in draws[3:5]]
    one, two = (next(source.rglob(f"{name}.jpg")) for name in names)
    data = one.read_bytes()
    one.write_bytes(two.read_bytes())
    two.write_bytes(data)
    faults = verify(builds[dataset], source=str(source)).faults
    assert any("data/default/train-0000" in fault for fault in faults), faults


def test_a_source_without_the_official_duplicates_is_told(builds, isic_source, copy_of):
    source = copy_of(isic_source, "source")
    (source / "ISIC_2020_Training_Duplicates.csv").unlink()
    faults = verify(builds[ISIC], source=str(source)).faults
    words = "selection.json: was made with official duplicates, the source has none"
    assert words in faults
    build = copy_of(builds[ISIC], "other")
    build_from(ISIC, source, build, overwrite=True)
    faults = verify(build, source=str(isic_source)).faults
    assert "was made without official duplicates, the source has them" in faults[0]


@pytest.mark.parametrize(
    ("given", "found", "paths"),
    [
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2}]}, []),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, ["x.a[1].b"]),
        ({"a": 1}, {}, ["x.a"]),
        ({}, {"a": 1}, ["x.a"]),
        ([1, 2], [1], ["x"]),
        ([1, 2], [3, 4], ["x[0]", "x[1]"]),
        (True, 1, ["x"]),
        ({"a": None}, {"a": 0}, ["x.a"]),
        ([], {}, ["x"]),
    ],
)
def test_every_leaf_is_compared(given, found, paths):
    assert [path for path, _, _ in _leaves("x", given, found)] == paths
