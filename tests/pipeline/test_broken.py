"""Sources of which few images are whole, or none: one clear error for each."""

import functools
import shutil

import pyarrow.parquet as pq
import pytest
from PIL import Image

from builder import build, export, verify
from builder.errors import ImageError
from tests.conftest import COCO_RECIPE, IMAGE_SIZE
from tests.images.test_inspect import draw, encode
from tests.small import COCO, DATASETS, ISIC, build_from, read_json

COMMANDS = {"build": build, "export": export}


@pytest.fixture(scope="module")
def spoilt(sources, tmp_path_factory):
    """Return a copy of each source without a whole image."""
    folders = {}
    for dataset, source in sources.items():
        folder = tmp_path_factory.mktemp("spoilt") / dataset
        folders[dataset] = shutil.copytree(source, folder)
        for number, path in enumerate(sorted(folder.rglob("*.jpg"))):
            path.write_bytes((b"", b"GIF", path.read_bytes()[:-9])[number % 3])
    return folders


@pytest.mark.parametrize("allow_broken", [True, False])
@pytest.mark.parametrize("audit", [True, False])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_no_whole_image_is_one_error_before_anything_is_written(
    dataset, command, audit, allow_broken, spoilt, builds, recipes, tmp_path
):
    draws = read_json(builds[dataset] / "selection.json")["draws"]["default"]
    images = sum(map(len, draws.values()))
    with pytest.raises(ImageError) as caught:
        COMMANDS[command](
            dataset,
            tmp_path / "out",
            recipes[dataset],
            source=str(spoilt[dataset]),
            audit=audit,
            allow_broken=allow_broken,
        )
    message = str(caught.value)
    assert message.startswith(f"{images} of {images} selected images are broken: ")
    assert message.endswith("; nothing is left to build: mend the source")
    assert message.count("is an empty file") in {1, 2}
    assert f"; and {images - 3} more; " in message
    assert "\n" not in message
    assert not list(tmp_path.rglob("*.parquet"))
    assert not list(tmp_path.rglob("*.jpg"))
    assert not list(tmp_path.rglob("manifest.json"))
    assert not list(tmp_path.rglob("trimset.json"))


@functools.cache
def spoilt_inside(width, height):
    """Return an image whose structure is whole, and whose pixels are not."""
    data = bytearray(encode(draw(width, height), "PNG"))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("dataset", DATASETS)
def test_no_image_that_can_be_resized_is_the_same_error(
    dataset, command, sources, copy_of, recipes, tmp_path
):
    """They look whole, and only decoding tells."""
    source = copy_of(sources[dataset], "source")
    for path in source.rglob("*.jpg"):
        with Image.open(path) as image:
            path.write_bytes(spoilt_inside(*image.size))
    message = r"cannot be resized: .*; nothing is left to build: mend the source$"
    with pytest.raises(ImageError, match=message):
        COMMANDS[command](
            dataset,
            tmp_path / "out",
            recipes[dataset],
            source=str(source),
            cache_dir=tmp_path / "cache",
            image_size=IMAGE_SIZE // 2,
            audit=False,
            allow_broken=True,
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("audit", [True, False])
def test_one_whole_image_is_enough_where_no_split_is_left_empty(
    audit, spoilt, isic_source, builds, copy_of, tmp_path
):
    source, out = copy_of(spoilt[ISIC], "source"), tmp_path / "out"
    draws = read_json(builds[ISIC] / "selection.json")["draws"]["default"]
    name = f"train/{draws['train'][7]}.jpg"
    shutil.copy(isic_source / name, source / name)
    manifest = build_from(ISIC, source, out, audit=audit, allow_broken=True)
    assert manifest["configs"]["default"]["train"]["num_examples"] == 1
    (path,) = out.rglob("*.parquet")
    (row,) = pq.read_table(path).to_pylist()
    assert row["image"]["bytes"] == (isic_source / name).read_bytes()
    assert verify(out, source=str(source)).faults == ()


@pytest.mark.parametrize("audit", [True, False])
def test_splits_without_a_whole_image_are_named(
    audit, spoilt, coco_source, copy_of, tmp_path
):
    """Of a build, where they are files; an export takes images as they are."""
    source = copy_of(coco_source, "source")
    for path in (spoilt[COCO] / "val2017").iterdir():
        shutil.copy(path, source / "val2017")
    message = "^all images of default/test, car/test, .* are broken: mend the source$"
    with pytest.raises(ImageError, match=message):
        build_from(COCO, source, tmp_path / "out", audit=audit, allow_broken=True)
    assert not (tmp_path / "out/manifest.json").exists()
    options = {"source": str(source), "audit": audit, "allow_broken": True}
    record = export(COCO, tmp_path / "exported", COCO_RECIPE, **options)
    assert record["broken"]
    assert all(key.startswith("val2017/") for key in record["broken"])
