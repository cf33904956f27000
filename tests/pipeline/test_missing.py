"""Images that are nowhere, and those that lie elsewhere than their records say."""

import pytest

from builder import export, plan, verify
from builder.errors import ImageError
from tests.conftest import COCO_RECIPE
from tests.small import COCO, DATASETS, ISIC, build_from, read_json


@pytest.fixture
def lacking(sources, builds, copy_of):
    """Return a function that copies a source without some of the drawn images."""

    def copy(dataset, number=5):
        source = copy_of(sources[dataset], f"source of {dataset}")
        draws = read_json(builds[dataset] / "selection.json")["draws"]["default"][
            "train"
        ]
        names = draws[:number]
        paths = {
            COCO: [source / name for name in names],
            ISIC: [source / f"train/{name}.jpg" for name in names],
        }[dataset]
        for path in paths:
            path.unlink()
        if dataset == ISIC:
            names = [f"images/{name}.jpg" for name in names]
        return source, sorted(names)

    return copy


@pytest.mark.parametrize("audit", [True, False])
@pytest.mark.parametrize("dataset", DATASETS)
def test_images_that_are_nowhere_are_left_out_where_that_is_asked_for(
    dataset, audit, lacking, builds, tmp_path, recipes
):
    source, keys = lacking(dataset)
    out = tmp_path / "out"
    manifest = build_from(dataset, source, out, audit=audit, skip_missing=True)
    assert manifest["missing"] == keys
    assert manifest["broken"] == []
    assert "located" not in manifest
    complete = read_json(builds[dataset] / "manifest.json")
    before = complete["configs"]["default"]["train"]["num_examples"]
    assert manifest["configs"]["default"]["train"]["num_examples"] == before - len(keys)
    draws = read_json(out / "selection.json")["draws"]["default"]
    whole = read_json(builds[dataset] / "selection.json")["draws"]["default"]
    assert {split: sorted(names) for split, names in draws.items()} == {
        split: sorted(names) for split, names in whole.items()
    }
    card = " ".join((out / "README.md").read_text().split())
    assert f"nowhere in the source: 5 images (`{keys[0]}`, `{keys[1]}`," in card
    assert verify(out, source=str(source)).faults == ()
    report = plan(dataset, recipes[dataset], source=str(source), skip_missing=True)
    assert report["missing"] == keys
    counts = {
        split: facts["num_examples"]
        for split, facts in manifest["configs"]["default"].items()
    }
    assert report["rows"]["default"] == counts
    assert report["images"] == sum(counts.values())
    again = build_from(dataset, source, out, audit=audit, skip_missing=True)
    assert again == manifest


def test_a_source_that_lacks_images_of_a_build_is_told(lacking, builds, tmp_path):
    source, _ = lacking(COCO)
    with pytest.raises(ImageError, match=r"5 of .* selected images are not there"):
        verify(builds[COCO], source=str(source))
    out = tmp_path / "out"
    build_from(COCO, source, out, skip_missing=True)
    drawn = read_json(out / "selection.json")["draws"]["default"]
    lost = next(k for ks in drawn.values() for k in ks if (source / k).exists())
    (source / lost).unlink()
    (fault,) = verify(out, source=str(source)).faults
    assert fault.startswith("manifest.json: 1 images are nowhere in the source or")
    assert lost in fault


def test_missing_images_stay_an_error_where_only_broken_ones_are_allowed(
    lacking, tmp_path
):
    source, _ = lacking(COCO)
    advice = (
        r"and 2 more; complete the source, or go on without them with --skip-missing"
        r" \(--allow-broken is for images that are there\)$"
    )
    with pytest.raises(ImageError, match=advice):
        build_from(COCO, source, tmp_path / "out", allow_broken=True)


@pytest.mark.parametrize("audit", [True, False])
def test_broken_and_missing_images_are_told_apart(audit, lacking, builds, tmp_path):
    source, keys = lacking(COCO)
    out = tmp_path / "out"
    [key, *_] = read_json(builds[COCO] / "selection.json")["draws"]["default"]["test"]
    (source / key).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid a\n")
    options = {"skip_missing": True, "allow_broken": True, "audit": audit}
    manifest = build_from(COCO, source, out, **options)
    assert manifest["missing"] == keys
    [entry] = manifest["broken"]
    assert entry["image"] == key
    assert verify(out, source=str(source)).faults == ()
    with pytest.raises(
        ImageError, match=rf"^1 of .* images are broken: {key} is no image but a Git"
    ):
        build_from(COCO, source, tmp_path / "other", skip_missing=True, audit=audit)


def test_nothing_but_missing_images_is_an_error(lacking, tmp_path):
    source, _ = lacking(COCO, None)
    for path in (source / "val2017").iterdir():
        path.unlink()
    with pytest.raises(ImageError, match=r"are not there: .*; complete the source$"):
        build_from(COCO, source, tmp_path / "out", skip_missing=True)


def test_a_split_without_images_is_an_error(lacking, tmp_path):
    source, _ = lacking(COCO)
    for path in (source / "val2017").iterdir():
        path.unlink()
    message = "^all images of default/test, .* are nowhere: complete the source$"
    with pytest.raises(ImageError, match=message):
        build_from(COCO, source, tmp_path / "out", skip_missing=True)
    with pytest.raises(ImageError, match=message):
        plan(COCO, COCO_RECIPE, source=str(source), skip_missing=True)


def test_an_export_holds_what_is_there(lacking, tmp_path):
    source, keys = lacking(COCO)
    out = tmp_path / "out"
    record = export(COCO, out, COCO_RECIPE, source=str(source), skip_missing=True)
    assert record["missing"] == keys
    assert set(record["broken"]) == set(keys)  # which the scripts pass over
    assert not set(keys) & set(record["files"])
    assert all((out / name).is_file() for name in record["files"])


def test_the_ways_by_which_images_are_found_are_told(
    sources, builds, copy_of, tmp_path
):
    source = copy_of(sources[COCO], "source")
    paths = sorted((source / "train2017").iterdir())
    for path in paths:
        path.rename(path.with_suffix(".JPG"))
    said = []
    out = tmp_path / "out"
    manifest = build_from(COCO, source, out, say=said.append)
    train = manifest["configs"]["default"]["train"]["num_examples"]
    test = manifest["configs"]["default"]["test"]["num_examples"]
    assert manifest["located"] == {"as named": test, "by letter case": train}
    # Toasters are fewer than asked for, which is said besides.
    (told, _) = said
    assert told == f"{train} of {train + test} images found by letter case"
    said.clear()
    report = plan(COCO, COCO_RECIPE, source=str(source), say=said.append)
    assert report["located"] == manifest["located"]
    assert [line for line in said if "found" in line] == []
    before = read_json(builds[COCO] / "manifest.json")
    assert manifest["files"].keys() == before["files"].keys()
    assert {**manifest["files"], "README.md": 0} == {**before["files"], "README.md": 0}
    assert verify(out, source=str(sources[COCO])).faults == ()
