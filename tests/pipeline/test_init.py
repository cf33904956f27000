"""From a folder to a recipe that is read back, and whose places are there."""

import json
import re
import shlex

import pytest

from builder import init, plan
from builder.cli import main as cli
from builder.datasets.layouts import official
from builder.datasets.recipe_file import read_recipe_file
from builder.datasets.shipped import recipe_text, shipped_recipe
from builder.errors import OutputError
from builder.pipeline.init import _write
from tests.datasets.layouts import test_coco, test_tables
from tests.datasets.layouts.made import coco, images, make
from tests.small import COCO

FOLDERS = {
    **{name: files for name, (files, _) in test_coco.LAYOUTS.items()},
    **{name: files for name, (files, _) in test_tables.LAYOUTS.items()},
    "ISIC 2018": test_tables.ISIC_2018,
    "a split in a column": test_tables.SPLIT_COLUMN,
    "class folders": images("train/cat/1.jpg", "train/dog/1.jpg", "test/cat/2.jpg"),
}

# Of images with annotations or a row, where they are not four.
NUMBERS = {
    "CVAT": 2, "CVAT or Datumaro": 3, "Label Studio": 2, "FiftyOne": 2, "COCO 2017": 3,
    "COCO 2017 itself": 3, "COCO's format": 2, "class folders": 3, "ISIC 2018": 3,
    "a split in a column": 4,
}  # fmt: skip


def read(path):
    return read_recipe_file(path.read_bytes(), where=path.name)


def places(recipe):
    for part in (recipe.source, *recipe.splits.values()):
        if part is not None and not isinstance(part, float):
            yield part.annotations or part.metadata
            images = part.images
            yield from [images] if isinstance(images, str) else images


@pytest.mark.parametrize("name", FOLDERS)
def test_the_recipe_of_a_layout_is_one_whose_places_are_there(tmp_path, name):
    make(tmp_path / "My set", FOLDERS[name])
    (tmp_path / "recipes").mkdir()
    report = init(tmp_path / "My set", tmp_path / "recipes" / "r.toml")
    recipe = read(tmp_path / "recipes" / "r.toml")
    assert recipe.name == "My_set" == report.name
    assert report.missing == ()
    for place in places(recipe):
        file = place.partition("::")[0]
        assert (tmp_path / "recipes" / file).exists(), place
        assert not file.startswith("/")
    planned = plan(str(tmp_path / "recipes" / "r.toml"), cache_dir=tmp_path / "cache")
    assert planned["images"] == NUMBERS.get(name, 4)


def test_examples_in_comments_are_right_when_they_are_uncommented(tmp_path):
    for name, files in FOLDERS.items():
        make(tmp_path / name, files)
        init(tmp_path / name, tmp_path / f"{name}.toml")
        lines = (tmp_path / f"{name}.toml").read_text().splitlines()
        text = "\n".join(lines)
        kind = "balanced" if 'kind = "coco"' in text else "per_label"
        text = text.replace('rule = "all"\n', "").replace(
            f'# rule = "{kind}"', f'rule = "{kind}"'
        )
        for key in (
            "license",
            "targets",
            "samples",
            "unannotated",
            "objects",
            "labels",
        ):
            text = re.sub(rf"^# {key} = ", f"{key} = ", text, flags=re.MULTILINE)
        recipe = read_recipe_file(text.encode(), where=name)
        assert recipe.license
        assert recipe.select.rule == kind


def test_the_default_name_is_that_of_the_folder_in_the_current_one(
    tmp_path, monkeypatch
):
    make(tmp_path / "box" / "train", FOLDERS["CVAT"])
    monkeypatch.chdir(tmp_path)
    report = init("box/train")
    assert report.written == ("box.toml",)  # `train` would say nothing
    assert read(tmp_path / "box.toml").splits["train"].images == "box/train/images/"


def test_a_file_that_is_there_is_never_overwritten(tmp_path):
    make(tmp_path / "in", FOLDERS["class folders"])
    (tmp_path / "metadata_test.csv").write_text("mine")
    with pytest.raises(OutputError, match=r"metadata_test\.csv.*--out"):
        init(tmp_path / "in", tmp_path / "r.toml")
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["metadata_test.csv"]
    with pytest.raises(OutputError, match="cannot be written"):
        init(tmp_path / "in", tmp_path / "no" / "r.toml")


def test_a_link_to_nothing_is_there_too(tmp_path, monkeypatch):
    place, target = tmp_path / "out.toml", tmp_path / "target"
    place.symlink_to(target)
    with pytest.raises(OutputError, match="expected no such file, found one"):
        _write({place: "x"})
    assert not target.exists()
    place.unlink()
    monkeypatch.setattr("os.path.lexists", lambda _: False)
    place.symlink_to(target)  # put there meanwhile
    with pytest.raises(OutputError, match="cannot be written: File exists"):
        _write({tmp_path / "first.toml": "x", place: "x"})
    assert [path.name for path in tmp_path.iterdir()] == ["out.toml"]


def test_a_table_is_written_beside_the_recipe_and_never_into_the_source(tmp_path):
    folder = make(tmp_path / "in", images("a,b/1.jpg", "dog/2.jpg"))
    (tmp_path / "out").mkdir()
    report = init(folder, tmp_path / "out" / "r.toml")
    table = tmp_path / "out" / "metadata.csv"
    assert table.read_text() == 'file_name,label\n"a,b/1.jpg","a,b"\ndog/2.jpg,dog\n'
    assert report.written == (str(tmp_path / "out" / "r.toml"), str(table))
    assert {path.name for path in folder.iterdir()} == {"a,b", "dog"}
    recipe = read(tmp_path / "out" / "r.toml")
    assert recipe.source.metadata == "metadata.csv"


def test_missing_lines_are_marked_and_told(tmp_path, capsys):
    make(tmp_path / "in", {"a.json": coco(["a.jpg"])})
    assert (
        cli.main(["init", str(tmp_path / "in"), "--out", str(tmp_path / "r.toml")]) == 0
    )
    assert read(tmp_path / "r.toml").splits["train"].images is None
    assert (
        "# MISSING: the folder or zip with the images, such as a.jpg"
        in (tmp_path / "r.toml").read_text()
    )
    assert '  to complete: images = ""  # MISSING' in capsys.readouterr().out


def test_it_says_what_it_saw_and_the_next_command(tmp_path, capsys):
    make(tmp_path / "in", FOLDERS["Roboflow"])
    out = str(tmp_path / "a recipe.toml")
    assert cli.main(["init", str(tmp_path / "in"), "--out", out, "--json"]) == 0
    *lines, last = capsys.readouterr().out.splitlines()
    told = json.loads(last)
    name = "_annotations.coco.json"
    assert lines == [
        f"{tmp_path / 'in'}: a COCO export of Roboflow",
        f"  train: train/{name}, 3 annotations of 2 images, all found in train/",
        f"  validation: valid/{name}, 1 annotation of 1 image, all found in valid/",
        f"  test: test/{name}, 1 annotation of 1 image, all found in test/",
        "  2 classes: car (4), truck (1)",
        f"wrote {out}",
        f"next: trimset plan {shlex.quote(out)}",
        f"      trimset build {shlex.quote(out)} --out out/{told['name']}",
    ]
    assert told["written"] == [out]
    assert told["next"] == f"trimset plan {shlex.quote(out)}"
    assert told["layout"] == "a COCO export of Roboflow"


def test_hostile_names_do_no_harm(tmp_path, capsys):
    name = 'a"\n[select]\nrule = "sample"\x1b[2J.jpg'
    files = {"x\n.json": coco([name], classes=('"\n#', "\x1b[2J")), name: None}
    make(tmp_path / "in\n", files)
    out = tmp_path / "r.toml"
    assert cli.main(["init", str(tmp_path / "in\n"), "--out", str(out)]) == 0
    assert read(out).select.rule == "all"
    told = capsys.readouterr().out
    assert "\x1b" not in told
    heads = [line.split(":")[0] for line in told.splitlines()[1:]]
    assert heads == [
        "  train",
        "  1 class",
        "  note",  # the name
        "  note",  # the class that has no annotation
        f"wrote {out}",
        "next",
        f"      trimset build {out} --out out/in",
    ]
    assert "\x1b" not in out.read_text()


def test_nothing_usable_is_one_line_and_status_one(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    assert cli.main(["init", str(tmp_path / "in")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("trimset: SourceError: ")
    assert err.count("\n") == 1


def test_a_recipe_of_the_package_is_printed_or_written(tmp_path, capsys):
    text = recipe_text(COCO).decode()
    assert cli.main(["init", COCO]) == 0
    assert capsys.readouterr().out == text
    out = tmp_path / "mine.toml"
    assert cli.main(["init", COCO, "--out", str(out)]) == 0
    assert out.read_text() == text
    assert f"next: trimset plan {out}" in capsys.readouterr().out


def test_the_source_of_a_recipe_of_the_package_is_told(tmp_path):
    make(tmp_path / "in", FOLDERS["COCO 2017"])
    report = init(tmp_path / "in", tmp_path / "r.toml")
    assert report.seen[-1] == (
        f"its tables lie where they lie in the source of {COCO}: trimset plan {COCO}"
        f" --source {tmp_path / 'in'}"
    )


def test_the_digest_of_a_table_tells_the_official_source(tmp_path, monkeypatch):
    digest = shipped_recipe(COCO).official.sha256["train annotations"]
    monkeypatch.setattr(official, "_digest", lambda *_: digest)
    files = {"else/instances_train2017.json": coco(["a.jpg"]), "a.jpg": None}
    report = init(make(tmp_path / "in", files), tmp_path / "r.toml")
    assert report.seen[-1].startswith("its tables have the digests of the source of")


def test_a_web_server_is_asked_for_what_the_recipes_of_the_package_name():
    assert {"annotations/instances_train2017.json", "train2017.zip"} <= {
        *official.places()
    }
