"""What lies there is named without following links, reading images or crashing."""

import pytest

from builder.datasets.layouts import listing as module
from builder.datasets.layouts.images import ImageIndex
from builder.datasets.layouts.names import as_name, as_split, escaped, split_of
from builder.errors import SourceError
from tests.datasets.layouts.made import coco, images, listed, look, make
from tests.servers.range_server import RangeServer


def test_files_and_images_are_told_apart_and_junk_is_passed_over(tmp_path):
    folder = make(
        tmp_path / "in",
        {
            "a.json": "{}", "x/b.JPG": None, "._b.jpg": None, ".git/c.jpg": None,
            "z.zip": {"y/d.png": None, "e.csv": "", "__MACOSX/._d.png": None},
        },
    )  # fmt: skip
    with listed(folder, tmp_path) as found:
        assert found.images == ["x/b.JPG", "z.zip::y/d.png"]
        assert list(found.files) == ["a.json", "z.zip", "z.zip::e.csv"]
        assert found.files["a.json"] == 2


def test_links_out_of_the_source_are_not_followed_and_said(tmp_path):
    outside = make(tmp_path / "out", {"a.jpg": None, "secret.json": coco(["a.jpg"])})
    folder = make(tmp_path / "in", {"real.jpg": None})
    (folder / "images").symlink_to(outside)
    (folder / "x.json").symlink_to(outside / "secret.json")
    (folder / "same.jpg").symlink_to(folder / "real.jpg")
    (folder / "loop").symlink_to(folder)
    with listed(folder, tmp_path) as found:
        assert found.images == ["real.jpg", "same.jpg"]
        assert found.files == {}
        assert found.notes[0].startswith(
            "images, loop, x.json: links to folders or out"
        )


def test_no_image_is_opened_but_one_of_each_of_the_first_folders(tmp_path, monkeypatch):
    folder = make(tmp_path / "in", images(*(f"i/{n}.jpg" for n in range(50))))
    heads = []
    real = module.Listing.head

    def head(self, name, *size):
        heads.append(name)
        return real(self, name, *size)

    monkeypatch.setattr(module.Listing, "head", head)
    look(folder)
    assert len(heads) == 1


def test_looking_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MOST_ENTRIES", 4)
    folder = make(tmp_path / "in", images(*(f"{n}/{n}.jpg" for n in range(9))))
    with listed(folder, tmp_path) as found:
        assert len(found.images) < 9
        assert found.notes == ["only the first 4 names were looked at"]


def test_of_many_json_files_the_first_are_looked_into(tmp_path):
    files = {f"x/{n}.json": {"shapes": [], "imagePath": "a"} for n in range(70)}
    files["all.json"] = coco(["a.jpg"])
    folder = make(tmp_path / "in", files)
    finding, _ = look(folder)
    assert finding.parts["train"].table == "all.json"


def test_a_file_is_looked_at_with_the_images_beside_it_alone(tmp_path):
    files = {"a.json": coco(["a.jpg"]), "b.json": coco(["b.jpg"]), "i/a.jpg": None}
    folder = make(tmp_path / "in", files)
    with listed(folder / "a.json", tmp_path) as found:
        assert list(found.files) == ["a.json"]
        assert found.images == ["i/a.jpg"]


def test_a_zip_is_looked_into(tmp_path):
    inside = {
        "annotations/instances_default.json": coco(["a.jpg"]),
        "images/a.jpg": None,
    }
    folder = make(tmp_path / "in", {"export.zip": inside, "b.jpg": None})
    finding, _ = look(folder / "export.zip")
    part = finding.parts["train"]
    assert part.table == "export.zip::annotations/instances_default.json"
    assert part.images == ["export.zip"]


def test_a_damaged_zip_is_a_note(tmp_path):
    folder = make(tmp_path / "in", {"a.json": coco(["a.jpg"])})
    (folder / "bad.zip").write_bytes(b"PK\x03\x04")
    with listed(folder, tmp_path) as found:
        assert "bad.zip has no readable zip directory" in found.notes[0]


def test_names_that_are_not_utf8_are_left_out_and_said(tmp_path):
    folder = make(tmp_path / "in", {"a.jpg": None})
    (folder / "b\udce9.jpg").write_bytes(b"")
    with listed(folder, tmp_path) as found:
        assert found.images == ["a.jpg"]
        assert found.notes == [r"b\udce9.jpg: its name is not UTF-8: rename it"]


def test_a_store_is_listed(tmp_path):
    import fsspec

    store = fsspec.filesystem("memory")
    store.pipe("/box/a/labels.json", b"{}")
    store.pipe("/box/a/data/a.jpg", b"1")
    try:
        with listed("memory://box/a", tmp_path) as found:
            assert found.files == {"labels.json": 2}
            assert found.images == ["data/a.jpg"]
    finally:
        store.rm("/box", recursive=True)


def test_a_web_server_is_asked_for_the_places_that_are_known(tmp_path):
    root = make(tmp_path, {"x/ann.json": "{}", "x/p.zip": {"p/a.jpg": None}})
    places = ["ann.json", "no.csv", "p.zip::member", "images/"]
    with RangeServer(root) as server:
        with listed(server.url("x"), tmp_path, places) as found:
            assert found.files == {"ann.json": -1, "p.zip": -1}
            assert found.images == ["p.zip::p/a.jpg"]
        with listed(server.url("x/ann.json"), tmp_path) as found:
            assert found.files == {"ann.json": -1}
        with (
            pytest.raises(SourceError, match="does not list its files"),
            listed(server.url("y"), tmp_path, places),
        ):
            pass


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("instances_val2017.json", "validation"), ("TrainLabels.csv", "train"),
        ("ISIC2018_Task3_Test_Input", "test"), ("trainval.json", None),
        ("contest.json", None), ("train_vs_test.csv", None), ("TRAIN", "train"),
    ],
)  # fmt: skip
def test_a_name_says_its_split(name, split):
    assert split_of(name) == split


@pytest.mark.parametrize("name", ["Ä b", "日本", "..", "a" * 200, "-x", "a\nb"])
def test_any_name_becomes_one_that_a_dataset_may_have(name):
    from builder.datasets.recipe_file import read_recipe_file

    text = (
        f'kind = "coco"\nname = "{as_name(name)}"\n[splits.{as_split(name)}]\n'
        'annotations = "a"\n'
    )
    assert read_recipe_file(text.encode(), where="x")


def test_what_a_terminal_would_act_on_is_escaped():
    assert escaped("a\x1b[2Jb\n\u202ec") == r"a\x1b[2Jb\n\u202ec"


def test_images_are_found_by_the_ways_in_which_exporters_differ():
    index = ImageIndex(
        ["x/Images/A 1.JPG", "x/images2/b.png", "y/c.jpg", "e\u0301.jpg"]
    )
    for name, place in (
        ("a 1.jpg", "x/Images/"), ("./images/A 1.jpg", "x/"), ("b", "x/images2/"),
        ("C:\\data\\c.jpg", "y/"), ("/kaggle/input/c.jpg", "y/"), ("c.png", "y/"),
        ("\u00e9.jpg", "./"),
    ):  # fmt: skip
        assert index.find([name], "t.csv").places == [place], name


def test_images_in_many_folders_are_named_by_the_one_that_holds_them():
    names = [f"data/{n}/{n}.jpg" for n in range(40)]
    found = ImageIndex(names).find([name.rpartition("/")[2] for name in names], "t.csv")
    assert found.places == ["data/"]
    assert found.found == 40
