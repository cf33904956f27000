"""A recipe of one's own, in both kinds, through every command."""

import json
import os
import shutil
from concurrent.futures import Executor, Future

import pytest
from PIL import Image

from builder import build, verify
from builder.cli import main as cli
from builder.errors import SelectionError, VerifyError
from tests.drawn import coco_recipe, draw_coco, draw_table, table_recipe
from tests.servers import s3
from tests.servers.dask_cluster import run_cluster
from tests.servers.range_server import RangeServer
from tests.small import COCO, COCO_OPTIONS, ISIC, ISIC_OPTIONS, read_json
from tests.tiny import contents, snapshot, zip_folder

RECIPES = {
    "traffic": coco_recipe(
        'rule = "balanced"\ntargets = "all"\nsamples = {train = 12, validation = 8}\n'
        'objects = "masks"\nunannotated = true'
    ),
    "moles": table_recipe(
        'rule = "per_label"\nsamples = 0.6',
        cut="train = 0.6\nvalidation = 0.2\ntest = 0.2",
        columns='label = "dx"\ngroup = ["lesion_id"]',
    ),
}
KINDS = list(RECIPES)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder of both sources, each with its recipe."""
    folder = tmp_path_factory.mktemp("recipes")
    draw_coco(folder / "traffic", {"train": 26, "validation": 18})
    draw_table(folder / "moles", {"train": 30})
    for name, text in RECIPES.items():
        (folder / name / f"{name}.toml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def cache(home):
    return home / "cache"


@pytest.fixture(scope="module")
def built(home, cache):
    """Return a build of each recipe, for reading only."""
    for name in KINDS:
        build(str(home / name / f"{name}.toml"), home / f"{name}-out", cache_dir=cache)
    return {name: home / f"{name}-out" for name in KINDS}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


@pytest.fixture
def recipe(home, kind):
    return home / kind / f"{kind}.toml"


@pytest.fixture
def trimset(capsys, cache, monkeypatch):
    """Return a function that runs a command here, and gives what it printed."""
    monkeypatch.setenv("TRIMSET_CACHE", str(cache))

    def run(*words, status=0):
        capsys.readouterr()
        assert cli.main([str(word) for word in words]) == status
        return capsys.readouterr()

    return run


def same_but_places(out, other):
    """Whether two builds are equal but for where their sources lay."""
    ours, theirs = contents(out), contents(other)
    del ours["manifest.json"], theirs["manifest.json"]
    assert ours == theirs
    one, two = (read_json(folder / "manifest.json") for folder in (out, other))
    for manifest in (one, two):
        del manifest["digest"]
        manifest.pop("located", None)
        for entry in manifest["sources"]:
            entry.pop("url", None)
            entry.pop("name", None)
    one["about"].pop("files")
    two["about"].pop("files")
    assert one == two


def test_from_a_plan_to_a_checked_build(kind, recipe, built, home, trimset, tmp_path):
    before = snapshot(home / kind)
    told = json.loads(trimset("plan", recipe, "--json").out.splitlines()[-1])
    assert snapshot(home / kind) == before
    out = tmp_path / "out"
    said = trimset("build", recipe, "--out", out)
    assert f"next: trimset verify {out}" in said.out
    assert contents(out) == contents(built[kind])
    manifest = read_json(out / "manifest.json")
    assert told["rows"] == {
        config: {split: facts["num_examples"] for split, facts in splits.items()}
        for config, splits in manifest["configs"].items()
    }
    assert manifest["dataset"] == kind
    assert str(home) not in (out / "manifest.json").read_text()
    for source in ((), ("--source", home / kind), ("--source", recipe)):
        said = trimset("verify", out, *source)
        assert said.out.rstrip().endswith(
            "selection replayed from the source: ok" if source else "rows: ok"
        )


def test_a_build_is_checked_though_its_recipe_is_gone(kind, home, trimset, tmp_path):
    source = shutil.copytree(home / kind, tmp_path / "source")
    recipe = source / f"{kind}.toml"
    trimset("build", recipe, "--out", tmp_path / "out")
    recipe.unlink()
    trimset("verify", tmp_path / "out")
    trimset("verify", tmp_path / "out", "--source", source)
    # And by another recipe it is not.
    other = home / f"{'moles' if kind == 'traffic' else 'traffic'}"
    told = trimset(
        "verify", tmp_path / "out", "--source", other / f"{other.name}.toml", status=1
    ).err
    assert f"expected the recipe of the build, {kind}, found {other.name}" in told


def test_a_changed_source_is_a_fault(home, built, cache, tmp_path):
    source = shutil.copytree(home / "moles", tmp_path / "source")
    text = (source / "train.csv").read_text()
    (source / "train.csv").write_text(text.replace(",nv,", ",bcc,", 1))
    report = verify(built["moles"], source=str(source), cache_dir=cache)
    assert any("train.csv" in fault or "metadata" in fault for fault in report.faults)


def test_an_export_has_tables_images_and_record(kind, recipe, home, trimset, tmp_path):
    out = tmp_path / "out"
    trimset("export", recipe, "--out", out)
    record = read_json(out / "trimset.json")
    assert record["dataset"] == kind
    if kind == "moles":  # whose table names its images without ending
        lines = (out / "labels.csv").read_text().splitlines()[1:]
        for name in (line.split(",")[0] for line in lines):
            same = (home / f"moles/train/{name}.png").read_bytes()
            assert (out / name).read_bytes() == same
        return
    for split in ("train", "validation"):
        labels = read_json(out / f"labels_{split}.json")
        draws = read_json(out / f"draws_{split}.json")
        objects = read_json(out / f"objects_{split}.json")
        assert record["splits"][split] == {
            "labels": f"labels_{split}.json",
            "draws": f"draws_{split}.json",
            "objects": f"objects_{split}.json",
        }
        assert set(draws) == {"1", "2", "3"}
        assert set(labels) == set(objects) == {f for d in draws.values() for f in d}
        for key, found in objects.items():
            assert list(dict.fromkeys(found["category_id"])) == labels[key]
            same = (home / kind / split / key).read_bytes()
            assert (out / key).read_bytes() == same


def changed(recipe, folder, old, new):
    """Return a copy of a recipe, and all beside it, with some words changed."""
    source = folder / "changed"
    shutil.copytree(recipe.parent, source, dirs_exist_ok=True)
    text = recipe.read_text()
    assert old in text
    (source / recipe.name).write_text(text.replace(old, new))
    return source / recipe.name


@pytest.mark.parametrize(
    ("kind", "old", "new", "told"),
    [
        ("traffic", "unannotated = true", "unannotated = false",
         "the lock has unannotated True, asked for is none: change the recipe"),
        ("traffic", "train = 12", "train = 14", "the lock has samples train 12"),
        ("traffic", ('"balanced"\ntargets = "all"\nsamples = {train = 12, validation'
         " = 8}"), '"all"', "the lock has rule balanced, asked for is all: change the"),
        ("moles", "samples = 0.6", "samples = 0.5",
         "the lock has samples 0.6, asked for is 0.5: change the recipe"),
        ("moles", '"per_label"', '"sample"', "the lock has rule per_label, asked for"),
        ("moles", "test = 0.2", "test = 0.1", "the lock has splits train 0.6"),
        ("moles", 'label = "dx"', 'label = "part"', "the lock has columns"),
    ],
)  # fmt: skip
def test_a_lock_names_what_another_recipe_changed(
    kind, old, new, told, home, built, cache, tmp_path
):
    recipe = changed(home / kind / f"{kind}.toml", tmp_path, old, new)
    lock = built[kind] / "selection.json"
    with pytest.raises(SelectionError) as caught:
        build(str(recipe), tmp_path / "out", lock=lock, cache_dir=cache)
    assert told in str(caught.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(VerifyError, match="another rule"):
        verify(built[kind], source=str(recipe), cache_dir=cache)


def test_a_lock_holds_seed_and_rows(kind, recipe, built, trimset, tmp_path):
    lock = built[kind] / "selection.json"
    out = tmp_path / "out"
    told = trimset(
        "build", recipe, "--out", out, "--lock", lock, "--seed", 7, status=1
    ).err
    assert "the lock has seed 42, asked for is 7: give --seed 42" in told
    assert not out.exists()
    trimset("plan", recipe, "--lock", lock)
    trimset("build", recipe, "--out", out, "--lock", lock)
    assert contents(out) == contents(built[kind])


def test_another_seed_is_another_selection(kind, recipe, built, trimset, tmp_path):
    trimset("build", recipe, "--out", tmp_path / "out", "--seed", 7)
    trimset("verify", tmp_path / "out", "--source", recipe)
    one, two = (
        read_json(folder / "selection.json")
        for folder in (tmp_path / "out", built[kind])
    )
    assert one["recipe"] == {**two["recipe"], "seed": 7}
    assert one["draws"] != two["draws"]


class Killed(Executor):
    """Runs a few tasks at once, and is then no more."""

    def __init__(self, tasks):
        self.left = tasks

    def submit(self, function, /, *args, **kwargs):
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        future = Future()
        future.set_result(function(*args, **kwargs))
        return future


def test_a_build_that_was_stopped_goes_on(kind, recipe, built, cache, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        build(str(recipe), out, executor=Killed(2), cache_dir=cache)
    assert not (out / "manifest.json").exists()
    written = {p: p.stat().st_mtime_ns for p in out.rglob("*.parquet")}
    assert written
    build(str(recipe), out, cache_dir=cache)
    assert contents(out) == contents(built[kind])
    assert {p: p.stat().st_mtime_ns for p in written} == written
    # Once more: nothing is left to do.
    before = snapshot(out)
    build(str(recipe), out, cache_dir=cache)
    assert {n: s for n, s in snapshot(out).items() if n.endswith(".parquet")} == {
        n: s for n, s in before.items() if n.endswith(".parquet")
    }


def test_workers_write_the_same_bytes(kind, recipe, built, trimset, tmp_path):
    trimset("build", recipe, "--out", tmp_path / "out", "--workers", 2)
    assert contents(tmp_path / "out") == contents(built[kind])


@pytest.mark.skipif(os.name != "posix", reason="starts processes of a cluster")
def test_a_cluster_writes_the_same_bytes(home, built, trimset, tmp_path):
    with run_cluster(tmp_path / "cluster", workers=1) as cluster:
        for name in KINDS:
            recipe = home / name / f"{name}.toml"
            words = ("--out", tmp_path / name, "--scheduler", cluster.address)
            trimset("build", recipe, *words)
            assert contents(tmp_path / name) == contents(built[name])


@pytest.fixture
def server(home, monkeypatch):
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    with RangeServer(home) as server:
        yield server


def absolute(text, start):
    """Return a recipe whose files lie elsewhere, by their whole addresses."""
    for name in ("train", "validation"):
        for ending in (".json", ".csv", "/"):
            text = text.replace(f'"{name}{ending}"', f'"{start}/{name}{ending}"')
    return text


def test_a_source_on_a_server(kind, recipe, built, server, trimset, home, tmp_path):
    zips = tmp_path / "zips"
    for split in ("train", "validation"):
        if (home / kind / split).exists():
            zip_folder(home / kind / split, home / f"{kind}-zips/{split}.zip")
    for table in (*(home / kind).glob("*.json"), *(home / kind).glob("*.csv")):
        shutil.copy(table, home / f"{kind}-zips")
    text = recipe.read_text()
    for split in ("train", "validation"):
        text = text.replace(f'"{split}/"', f'"{split}.zip"')
    zips.mkdir()
    here = zips / recipe.name
    here.write_text(text)
    url = server.url(f"{kind}-zips")
    trimset("build", here, "--source", url, "--out", tmp_path / "a")
    same_but_places(tmp_path / "a", built[kind])
    for split in ("train", "validation"):
        for ending in (".json", ".csv", ".zip"):
            text = text.replace(f'"{split}{ending}"', f'"{url}/{split}{ending}"')
    here.write_text(text)
    trimset("build", here, "--out", tmp_path / "b")
    same_but_places(tmp_path / "b", built[kind])
    trimset("verify", tmp_path / "b", "--source", here)
    # Its manifest may come from anybody: where it says that files lie is not asked.
    trimset("verify", tmp_path / "b", "--source", home / kind, status=1)


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow")
def test_a_source_in_a_bucket(home, built, trimset, tmp_path, monkeypatch):
    pytest.importorskip("moto.server")
    import fsspec

    with s3.serve() as environ:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        client = s3.connect(environ)
        for kind, by_source in (("traffic", False), ("moles", True)):
            recipe = home / kind / f"{kind}.toml"
            s3.upload(client, home / kind, kind)
            url = f"s3://{s3.BUCKET}/{kind}"
            if not by_source:
                recipe = tmp_path / "traffic.toml"
                recipe.write_text(absolute(RECIPES[kind], url))
            source = ("--source", url) if by_source else ()
            trimset("build", recipe, *source, "--out", tmp_path / kind)
            same_but_places(tmp_path / kind, built[kind])


def test_images_in_zips(kind, recipe, built, home, trimset, tmp_path):
    text = recipe.read_text()
    for split in ("train", "validation"):
        text = text.replace(
            f'images = "{split}/"', f'images = ["none/", "{split}.zip"]'
        )
        if (home / kind / split).exists():
            zip_folder(home / kind / split, tmp_path / f"{split}.zip", top="in/it/")
    for table in (*(home / kind).glob("*.json"), *(home / kind).glob("*.csv")):
        shutil.copy(table, tmp_path)
    (tmp_path / "zipped.toml").write_text(text)
    trimset("build", tmp_path / "zipped.toml", "--out", tmp_path / "out")
    ours, theirs = contents(tmp_path / "out"), contents(built[kind])
    assert {n: d for n, d in ours.items() if n.startswith("data/")} == {
        n: d for n, d in theirs.items() if n.startswith("data/")
    }
    trimset("verify", tmp_path / "out", "--source", tmp_path / "zipped.toml")


def test_places_start_at_the_recipe(
    kind, recipe, built, trimset, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    trimset("build", os.path.relpath(recipe), "--out", "out")
    trimset("verify", "out", "--source", os.path.relpath(recipe))
    assert contents(tmp_path / "out") == contents(built[kind])
    away = tmp_path / "elsewhere"
    away.mkdir()
    there = absolute(recipe.read_text(), recipe.parent)
    (away / "absolute.toml").write_text(there)
    trimset("build", "elsewhere/absolute.toml", "--out", "out2")
    # No path of this machine is in what is published.
    assert contents(tmp_path / "out2") == contents(built[kind])


def test_resized(kind, recipe, trimset, tmp_path):
    out = tmp_path / "out"
    trimset("build", recipe, "--out", out, "--image-size", 12)
    trimset("verify", out, "--source", recipe)
    trimset("export", recipe, "--out", tmp_path / "files", "--image-size", 12)
    shown = list((tmp_path / "files").rglob("*.png" if kind == "traffic" else "img*"))
    assert shown
    for path in shown:
        with Image.open(path) as image:
            assert min(image.size) == 12


def test_missing_and_broken_images(kind, home, built, trimset, tmp_path):
    source = shutil.copytree(home / kind, tmp_path / "source")
    recipe, out = source / f"{kind}.toml", tmp_path / "out"
    draws = read_json(built[kind] / "selection.json")["draws"]["default"]["train"]
    names = [path if path.endswith(".png") else f"{path}.png" for path in draws]
    (source / "train" / names[0]).unlink()
    (source / "train" / names[1]).write_bytes(b"no image")
    told = trimset("build", recipe, "--out", out, status=1).err
    assert names[0].removesuffix(".png") in told
    assert "--skip-missing" in told
    words = ("build", recipe, "--out", out, "--skip-missing")
    told = trimset(*words, status=1).err
    assert names[1].removesuffix(".png") in told
    said = trimset(*words, "--allow-broken", "--overwrite")
    assert names[0].removesuffix(".png") in said.out
    assert names[1].removesuffix(".png") in said.out
    manifest = read_json(out / "manifest.json")
    assert len(manifest["missing"]) == len(manifest["broken"]) == 1
    trimset("verify", out, "--source", recipe)
    trimset("verify", out)


@pytest.mark.parametrize("name", [COCO, ISIC])
def test_a_shipped_recipe_saved_to_a_file(name, sources, builds, trimset, tmp_path):
    recipe = tmp_path / "saved.toml"
    recipe.write_text(trimset("init", name).out)
    options = {COCO: COCO_OPTIONS, ISIC: ISIC_OPTIONS}[name]
    words = ("--source", sources[name], "--out", tmp_path / "out", *options)
    trimset("build", recipe, *words)
    assert contents(tmp_path / "out") == contents(builds[name])
    trimset("verify", tmp_path / "out", "--source", sources[name])


def renamed(name, text):
    """Return the recipe of a study under another name, with its small numbers."""
    head, official = text.split("[official]")
    assert official
    if name == ISIC:
        head = head.replace("2000:4000", "10:90").replace("50:550", "5:25")
        # The first version of the table has no lesions, and a recipe is exact.
        head = head.replace('["patient_id", "lesion_id"]', '["patient_id"]')
    else:
        before, after = head.split("targets = [")
        head = (
            before
            + 'targets = ["car", "sports ball", "toaster"]\n'
            + after.partition("]")[2].replace("500", "20").replace("250", "12")
        )
    return head.replace(f'name = "{name}"', 'name = "mine"')


@pytest.mark.parametrize("name", [COCO, ISIC])
def test_a_shipped_recipe_under_another_name(name, sources, builds, trimset, tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text(renamed(name, trimset("init", name).out))
    out = tmp_path / "out"
    trimset("build", recipe, "--source", sources[name], "--out", out)
    trimset("verify", out, "--source", sources[name])
    lock, study = (read_json(f / "selection.json") for f in (out, builds[name]))
    assert lock["dataset"] == "mine"
    drawn, mine = (
        [key.rsplit("/", 1)[-1] for keys in draws.values() for key in keys]
        for draws in (study["draws"]["default"], lock["draws"]["default"])
    )
    if name == COCO:
        assert mine == drawn
        # Its keys are the file's own, as no name is there twice.
        assert mine == [k for ks in lock["draws"]["default"].values() for k in ks]
    else:  # whose splits are a config of their own in the study
        assert sorted(mine) == sorted(drawn)
    card = (out / "README.md").read_text()
    for word in ("study", "Singh", "the notebook", "official server", "Kaggle"):
        assert word not in card


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('objects = "boxes"', 'objects = "masks"', "select.objects"),
        ('license = "other"', 'license = "mit"', "license"),
        ("[select]", "[select]\nunannotated = true", "select.unannotated"),
        ("[splits.test]", "[splits.val]", "splits"),
    ],
)
def test_a_study_keeps_its_name_for_itself(old, new, said, trimset, tmp_path):
    text = trimset("init", COCO).out
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new))
    told = trimset("plan", tmp_path / "mine.toml", status=1).err
    assert f"mine.toml: {said} is not that of the recipe 'coco_stuff_trimmed'" in told
    assert told.rstrip().endswith("give this recipe another name")
