"""Sources with links, pipes and huge files, through the commands that read them."""

import json

import pytest

from builder import build, export, init, plan, verify
from builder.cli import main as cli
from builder.datasets.registry import recorded
from builder.errors import SourceError, TrimsetError, UsageError
from tests.drawn import coco_recipe, draw_coco
from tests.sources.hostile_files import at_once, link, pipe, sparse
from tests.tiny import contents

RECIPE = coco_recipe('rule = "all"', splits=("train",))


@pytest.fixture
def home(tmp_path):
    """Return a folder with a recipe and its source, and none around it is touched."""
    draw_coco(tmp_path / "in", {"train": 4})
    (tmp_path / "in/r.toml").write_text(RECIPE)
    return tmp_path / "in"


def run(*words):
    return at_once(lambda: cli.main([*map(str, words)]))


@pytest.fixture
def linked(home, tmp_path):
    """Return the same with its images on another disk."""
    (home / "train").rename(tmp_path / "disk")
    link(home / "train", tmp_path / "disk")
    return home


def test_a_folder_of_images_on_another_disk(linked, tmp_path, capsys):
    recipe, out = linked / "r.toml", tmp_path / "out"
    options = ("--cache-dir", tmp_path / "c", "--workers", 1)
    for words in (
        ("plan", recipe, "--cache-dir", tmp_path / "c"),
        ("build", recipe, "--out", out, *options),
        ("export", recipe, "--out", out, *options),
    ):
        assert run(*words) == 1
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert f"{linked}/train/: a link leads out of the source, to" in said
        assert "give --follow-links if you trust where it leads" in said
    assert not out.exists()
    given = {"cache_dir": tmp_path / "c", "follow_links": True}
    assert plan(str(recipe), **given)["images"] == 4
    plain = build(str(recipe), out, audit=False, **given)
    assert run("verify", out, "--source", linked, *options) == 1
    assert run("verify", out, "--source", linked, "--follow-links", *options) == 0
    assert verify(out, source=str(recipe), **given).faults == ()
    exported = export(str(recipe), tmp_path / "export", audit=False, **given)
    assert len(exported["files"]) > 4
    (linked / "train").unlink()
    (tmp_path / "disk").rename(linked / "train")
    again = build(
        str(recipe), tmp_path / "again", audit=False, cache_dir=tmp_path / "c"
    )
    assert again["files"] == plain["files"]


def test_init_follows_links_if_told(linked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    seen = init(linked, tmp_path / "a.toml")
    assert any("--follow-links" in note for note in seen.notes)
    assert seen.missing
    seen = init(linked, tmp_path / "b.toml", follow_links=True)
    assert not seen.missing
    assert plan(str(tmp_path / "b.toml"), follow_links=True)["images"] == 4


def test_what_init_passes_over_is_said(home, tmp_path):
    pipe(home / "p.json")
    link(home / "train/again", home)
    seen = at_once(lambda: init(home, tmp_path / "a.toml"))
    assert "p.json: not a regular file: left out" in seen.notes


@pytest.mark.parametrize("what", ["annotations", "image", "recipe", "lock"])
def test_nothing_waits_for_a_pipe(home, tmp_path, what, capsys):
    places = {
        "annotations": home / "train.json",
        "image": home / "train/0001.png",
        "recipe": home / "r.toml",
        "lock": home / "lock.json",
    }
    places[what].unlink(missing_ok=True)
    pipe(places[what])
    more = ("--lock", places[what]) if what == "lock" else ()
    before = contents(home)
    assert run("plan", home / "r.toml", "--cache-dir", tmp_path / "c", *more) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "regular file" in said or "a pipe or a device" in said
    assert contents(home) == before


@pytest.mark.parametrize("what", ["lock", "recipe"])
def test_nothing_is_read_for_ever(home, tmp_path, what, capsys):
    zero = link(tmp_path / "zero.toml", "/dev/zero")
    words = {
        "lock": ("plan", home / "r.toml", "--lock", "/dev/zero"),
        "recipe": ("plan", zero, "--source", home),
    }[what]
    assert run(*words) == 1
    assert "not a regular file" in capsys.readouterr().err
    large = sparse(tmp_path / "large.toml", 2**40)
    words = [large if word in {zero, "/dev/zero"} else word for word in words]
    assert run(*words) == 1
    assert "1,099,511,627,776 bytes" in capsys.readouterr().err


def test_an_image_that_became_a_link_after_the_plan(home, tmp_path, monkeypatch):
    # As it would be while a long build runs: found first, and then another one.
    from builder.pipeline import build as module

    real = module.locate

    def locate(*args, **options):
        found = real(*args, **options)
        image = home / "train/0001.png"
        image.rename(tmp_path / "secret.png")
        link(image, tmp_path / "secret.png")
        return found

    monkeypatch.setattr(module, "locate", locate)
    with pytest.raises(SourceError, match=r"0001\.png: a link leads out"):
        build(str(home / "r.toml"), tmp_path / "out", audit=False)
    assert not (tmp_path / "out/manifest.json").exists()


@pytest.mark.parametrize(
    "place",
    ["/etc/passwd", "../a.json", "a/../../a.json", "~/a.json", "file:///etc/passwd",
     "C:\\a.json", "..\\a.json"],
)  # fmt: skip
def test_a_manifest_names_no_file_outside_of_the_source(home, tmp_path, place):
    manifest = build(str(home / "r.toml"), tmp_path / "out", audit=False)
    about = json.loads(json.dumps(manifest["about"]))
    recorded("traffic", manifest["recipe"], about)
    for field in ("annotations", "images"):
        files = {**about["files"]["train"], field: place}
        changed = {**about, "files": {"train": files}}
        with pytest.raises(UsageError, match="a path that leads elsewhere"):
            recorded("traffic", manifest["recipe"], changed)


def test_no_path_of_a_machine_is_recorded(home, tmp_path):
    text = RECIPE.replace('"train.json"', f'"file://{home}/train.json"')
    (home / "r.toml").write_text(text)
    manifest = build(str(home / "r.toml"), tmp_path / "out", audit=False)
    assert manifest["about"]["files"]["train"]["annotations"] == "train.json"


def test_a_large_image_stops_a_plan_before_it_is_read(home, tmp_path):
    sparse(home / "train/0001.png", 3 * 2**30)
    with pytest.raises(TrimsetError, match="--max-file-size"):
        plan(str(home / "r.toml"), cache_dir=tmp_path / "c")
