"""Builds and exports with stuff annotations: what is added, and from where."""

import json
import re
import shutil
import zipfile
from dataclasses import replace

import datasets
import numpy as np
import pytest

from builder import CocoRecipe, build, export, plan, verify
from builder.datasets.coco.context import MEASURED_PAIRS
from builder.errors import SelectionError, SourceError, UsageError
from builder.images.facts import AuditFacts, Seen
from builder.output.lock import first_difference
from builder.pipeline.locate import locate
from builder.pipeline.notes import notes_of
from builder.pipeline.prepare import Request, keys_of, prepare
from builder.pipeline.work import working
from coco_stuff_trimmed.coco_stuff_trimmed import CocoStuffTrimmed
from tests.conftest import COCO_RECIPE
from tests.datasets.test_scripts import assert_equal_roads
from tests.servers.range_server import RangeServer
from tests.small import COCO, COCO_OPTIONS, build_from, read_json
from tests.stuffed import NAMES, stuff_of, write_stuff
from tests.tiny import call, contents, edit_json, zip_folder

ARCHIVE = "stuff_annotations_trainval2017.zip"
TORN = re.compile("images are listed for two splits").search
CONFIGS = ["car_context", "sports_ball_context", "toaster_context"]


@pytest.fixture(scope="module")
def stuff(make_once, coco_source):
    """Return a folder with stuff annotations of the drawn source."""
    return make_once("stuff", lambda folder: write_stuff(coco_source, folder))


@pytest.fixture(scope="module")
def built(make_once, coco_source, stuff):
    """Return a finished build with stuff, for reading only."""

    def make(folder):
        build_from(COCO, coco_source, folder / COCO, files={"stuff": str(stuff)})

    return make_once("build-stuff", make) / COCO


@pytest.fixture(scope="module")
def exported(make_once, coco_source, stuff):
    """Return a finished export with stuff, for reading only."""

    def make(folder):
        given = {"stuff": str(stuff)}
        source = str(coco_source)
        export(COCO, folder / COCO, COCO_RECIPE, source=source, files=given)

    return make_once("export-stuff", make) / COCO


@pytest.fixture
def layouts(tmp_path, coco_source, stuff):
    """Return stuff annotations in all the ways in which they can be given."""
    zipped = tmp_path / "zips" / "annotations" / ARCHIVE
    zip_folder(stuff, zipped, top="annotations/", method=zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(zipped, "a") as archive:
        noise = np.random.RandomState(0).bytes(2_000_000)
        archive.writestr("annotations/stuff_val2017_pixelmaps.zip", noise)
    shutil.copytree(coco_source, tmp_path / "open")
    for path in stuff.iterdir():
        shutil.copy(path, tmp_path / "open" / "annotations")
    return tmp_path


# What is built.


def test_stuff_adds_configs_and_changes_no_row_of_the_others(built, builds):
    ours, theirs = contents(built), contents(builds[COCO])
    added = {name for name in ours if name not in theirs}
    assert {name.split("/")[1] for name in added} == set(CONFIGS)
    changed = {name for name in theirs if ours.get(name) != theirs[name]}
    told = {"README.md", "manifest.json", "selection.json", "images.sha256"}
    assert changed == told | {"figures/context.png"}
    manifest = read_json(built / "manifest.json")
    assert list(manifest["configs"])[-3:] == CONFIGS
    lock = read_json(built / "selection.json")
    assert lock["recipe"]["stuff"] is True
    assert [entry["role"] for entry in lock["inputs"]] == [
        "train annotations", "test annotations",
        "test stuff annotations", "train stuff annotations",
    ]  # fmt: skip
    for fact in manifest["context_sets"]["sets"]:
        rows = fact["positives"] + fact["negatives"]
        splits = manifest["configs"][fact["config"]]
        assert list(splits) == ["cooccur", "exclusive"]
        assert splits[fact["split"]]["num_examples"] == rows
        drawn = lock["draws"][fact["config"]][fact["split"]]
        assert len(set(drawn)) == len(drawn) == rows
        assert fact["positives"] == min(6, fact["positives_available"])
    default = set(lock["draws"]["default"]["test"])
    context = {
        name for c in CONFIGS for part in lock["draws"][c].values() for name in part
    }
    assert context - default
    assert all(name.startswith("val2017/") for name in context)
    images = {e["role"]: e["images"] for e in manifest["sources"] if "images" in e}
    assert images["further test images"] == len(context - default)
    assert manifest["audit"]["images"] == sum(images.values())


def test_every_known_pair_is_measured(built, coco_source):
    manifest = read_json(built / "manifest.json")
    lock = read_json(built / "selection.json")
    wanted = {"car", "sports ball", "toaster"}
    kinds = {"road": 149, "ceiling-other": 102}
    for split, folder in (("train", "train2017"), ("test", "val2017")):
        pairs = manifest["audit"]["context"][split]["known_pairs"]
        assert {(p["target"], p["context"]) for p in pairs} == {
            pair for pair in MEASURED_PAIRS if pair[0] in wanted
        }
        path = coco_source / "annotations" / f"instances_{folder}.json"
        instances = json.loads(path.read_text())
        shown = {}
        for entry in stuff_of(instances)["annotations"]:
            shown.setdefault(entry["image_id"], set()).add(entry["category_id"])
        annotated = {a["image_id"] for a in instances["annotations"]}
        ids = {f"{folder}/{i['file_name']}": i["id"] for i in instances["images"]}
        for pair in (p for p in pairs if p["context"] in kinds):
            drawn = lock["draws"][pair["target"]][split]
            half = {ids[name] for name in drawn[: len(drawn) // 2]}
            has = {i for i in annotated if kinds[pair["context"]] in shown[i]}
            share, source = len(half & has) / len(half), len(has) / len(annotated)
            assert pair["positives"][0] == pytest.approx(share, abs=1e-6)
            assert pair["source"][0] == pytest.approx(source, abs=1e-6)
            assert pair["lift"][0] == pytest.approx(share / source, abs=1e-5)
    card = (built / "README.md").read_text()
    assert "cannot be measured" not in card
    assert "not annotated" not in card
    assert "| test | toaster | ceiling-other |" in card


def test_script_and_parquet_give_equal_rows(built, exported, tmp_path):
    assert_equal_roads(COCO, exported, built, tmp_path)
    rows = datasets.load_dataset(
        str(built), "car_context", cache_dir=str(tmp_path / "cache")
    )
    assert list(rows) == ["cooccur", "exclusive"]
    with_car = [row for row in rows["exclusive"] if row["label"]]
    assert with_car
    assert all(3 in row["category_ids"] for row in with_car)


def test_an_export_without_stuff_says_that_it_has_no_context_sets(exports, tmp_path):
    reader = CocoStuffTrimmed(
        config_name="car_context", data_dir=str(exports[COCO]), cache_dir=str(tmp_path)
    )
    with pytest.raises(ValueError, match="has no context sets: export again with --st"):
        reader.download_and_prepare()


def test_snippets_and_counts_are_those_of_the_build(built):
    card = (built / "README.md").read_text()
    manifest = read_json(built / "manifest.json")
    assert f'"./{COCO}", "car_context", split="exclusive"' in card
    roles = {e["role"]: e["images"] for e in manifest["sources"] if "images" in e}
    further = roles["further test images"]
    words = f"{sum(roles.values())} images, {further} of them not in `default`"
    assert words in card
    # The one on repeats is of a class, not of a context set.
    assert '"toaster", split="test")' in card
    for fact in manifest["context_sets"]["sets"]:
        row = [
            fact["target"], fact["context"], fact["split"],
            fact["positives_available"], fact["positives"],
            fact["negatives_available"], fact["negatives"],
        ]  # fmt: skip
        assert f"| {' | '.join(map(str, row))} |" in card
    assert "[!NOTE]" in card or "[!WARNING]" in card


# However it is written.


def test_undecoded_images_give_the_same_shards(built, coco_source, stuff, tmp_path):
    """None is looked at before: the shards of the context sets tell of theirs."""
    given = {"stuff": str(stuff)}
    build_from(COCO, coco_source, tmp_path / "out", files=given, audit=False)
    ours, theirs = contents(tmp_path / "out"), contents(built)
    shards = {name for name in theirs if name.endswith(".parquet")}
    assert {name: ours[name] for name in shards} == {n: theirs[n] for n in shards}
    facts = [read_json(f / "manifest.json") for f in (tmp_path / "out", built)]
    assert facts[0]["sources"] == facts[1]["sources"]
    assert not verify(tmp_path / "out", source=str(coco_source), files=given).faults


@pytest.mark.parametrize("audit", [True, False])
def test_a_broken_image_of_a_context_set_is_refused_or_left_out(
    audit, built, coco_source, stuff, copy_of, tmp_path
):
    lock = read_json(built / "selection.json")
    default = set(lock["draws"]["default"]["test"])
    drawn = [name for c in CONFIGS for name in lock["draws"][c]["cooccur"]]
    key = next(name for name in drawn if name not in default)
    source = copy_of(coco_source, "broken")
    data = (source / key).read_bytes()
    (source / key).write_bytes(data[: len(data) // 2])
    given = {"files": {"stuff": str(stuff)}, "audit": audit}
    with pytest.raises(SourceError, match=key):
        build_from(COCO, source, tmp_path / "out", **given)
    manifest = build_from(COCO, source, tmp_path / "out", allow_broken=True, **given)
    assert [entry["image"] for entry in manifest["broken"]] == [key]
    rows = sum(
        facts["num_examples"]
        for config in CONFIGS
        for facts in manifest["configs"][config].values()
    )
    listed = [n for c in CONFIGS for part in lock["draws"][c].values() for n in part]
    assert rows == len(listed) - listed.count(key)
    assert not verify(tmp_path / "out").faults


def test_resized_images_are_those_of_both_roads(coco_source, stuff, tmp_path):
    options = {
        "source": str(coco_source), "files": {"stuff": str(stuff)},
        "image_size": 64, "cache_dir": tmp_path / "cache", "audit": False,
    }  # fmt: skip
    recipe = replace(COCO_RECIPE, targets=("car",), train_samples=4, test_samples=6)
    build(COCO, tmp_path / "out", recipe, **options)
    export(COCO, tmp_path / "exported", recipe, **options)
    assert_equal_roads(COCO, tmp_path / "exported", tmp_path / "out", tmp_path)
    rows = datasets.load_dataset(
        str(tmp_path / "out"), "car_context", cache_dir=str(tmp_path / "rows")
    )
    assert {min(row["width"], row["height"]) for row in rows["cooccur"]} == {64}


# Wherever it lies.


def lock_of(source, given, say=None):
    """Return the draws and inputs that come of stuff annotations given so."""
    with working(None, say=say) as work:
        request = Request(COCO, COCO_RECIPE, str(source), {"stuff": given})
        prepared = prepare(request, work)
    inputs = [
        {name: value for name, value in entry.items() if name != "url"}
        for entry in prepared.inputs
    ]
    return inputs, prepared.selection


def test_every_way_to_give_it_is_the_same(layouts, coco_source, stuff, built):
    lock = read_json(built / "selection.json")
    ways = [
        (coco_source, str(stuff)),
        (coco_source, str(layouts / "open")),
        (coco_source, str(layouts / "zips")),
        (coco_source, str(layouts / "zips" / "annotations" / ARCHIVE)),
        (layouts / "open", "official"),
    ]
    for source, given in ways:
        inputs, _ = lock_of(source, given)
        assert inputs == lock["inputs"], given


def test_one_file_is_of_the_split_whose_images_it_lists(layouts, coco_source, stuff):
    said = []
    archive = layouts / "zips" / "annotations" / ARCHIVE
    one = f"{archive}::annotations/{NAMES['val2017']}"
    for given in (one, str(stuff / NAMES["val2017"])):
        inputs, selection = lock_of(coco_source, given, said.append)
        assert [entry["role"] for entry in inputs[2:]] == ["test stuff annotations"]
        assert list(selection.beside) == ["test"]
        assert [drawn.split for drawn in selection.context_sets] == ["test"] * 3
        assert any(line.startswith("stuff: none is given for train") for line in said)
    merged = json.loads((stuff / NAMES["val2017"]).read_text())
    more = json.loads((stuff / NAMES["train2017"]).read_text())
    for name in ("images", "annotations"):
        merged[name] += more[name]
    (layouts / "both.json").write_text(json.dumps(merged))
    inputs, selection = lock_of(coco_source, str(layouts / "both.json"))
    assert [entry["role"] for entry in inputs[2:]] == ["stuff annotations"]
    assert list(selection.beside) == ["train", "test"]


def test_a_member_may_be_of_an_archive_in_the_current_folder(
    layouts, coco_source, monkeypatch
):
    monkeypatch.chdir(layouts / "zips" / "annotations")
    inputs, _ = lock_of(coco_source, f"{ARCHIVE}::annotations/{NAMES['val2017']}")
    assert [entry["role"] for entry in inputs[2:]] == ["test stuff annotations"]


def test_from_a_server_only_the_members_come(layouts, coco_source, built, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    lock = read_json(built / "selection.json")
    zipped = layouts / "zips" / "annotations" / ARCHIVE
    shutil.copytree(coco_source, layouts / "zips", dirs_exist_ok=True)
    with zipfile.ZipFile(zipped) as archive:
        needed = sum(archive.getinfo(f"annotations/{n}").compress_size
                     for n in NAMES.values())  # fmt: skip
    with RangeServer(layouts) as server:
        ways = [
            (coco_source, server.url(f"zips/annotations/{ARCHIVE}")),
            (coco_source, server.url("zips")),
            (coco_source, server.url("open")),
            (server.url("zips"), "official"),
        ]
        for number, (source, given) in enumerate(ways):
            server.forget()
            cache = layouts / f"cache{number}"
            with working(cache) as work:
                request = Request(COCO, COCO_RECIPE, str(source), {"stuff": given})
                inputs = prepare(request, work).inputs
            sent = sum(a.sent for a in server.log if ARCHIVE in a.path)
            stuff = [entry for entry in inputs if "stuff" in entry["role"]]
            assert [entry["url"] for entry in stuff]
            for entry in inputs:
                entry.pop("url", None)
            assert inputs == lock["inputs"]
            if given != server.url("open"):
                assert needed <= sent < 1_000_000  # and not the pixel maps


# Proved, and held.


def test_a_build_is_replayed_with_its_stuff(built, coco_source, stuff, layouts):
    given = {"stuff": str(stuff)}
    for where in (
        {"source": str(coco_source), "files": given},
        {"source": str(layouts / "open")},  # where it officially lies
    ):
        report = verify(built, **where)
        assert report.replayed
        assert report.faults == ()
    with pytest.raises(SourceError, match=r"stuff_val2017\.json .*give them with --st"):
        verify(built, source=str(coco_source))
    other = layouts / "open" / "annotations" / NAMES["val2017"]
    edit_json(other, lambda content: content["annotations"].clear())
    faults = verify(built, source=str(layouts / "open")).faults
    assert any(
        "the test stuff annotations were stuff_val2017.json" in f for f in faults
    )
    one = {"stuff": str(stuff / NAMES["val2017"])}
    faults = verify(built, source=str(coco_source), files=one).faults
    line = "selection.json: was made with train stuff annotations, the source has none"
    assert line in faults


def test_a_build_without_stuff_is_told_from_one_with(builds, coco_source, stuff):
    given = {"stuff": str(stuff)}
    faults = verify(builds[COCO], source=str(coco_source), files=given).faults
    assert any("was made without test stuff annotations" in fault for fault in faults)


def test_a_lock_holds_stuff(built, builds, coco_source, stuff):
    given = {"stuff": str(stuff)}
    source = str(coco_source)
    lock = built / "selection.json"
    planned = plan(COCO, COCO_RECIPE, source=source, files=given, lock=lock)
    assert planned["recipe"]["stuff"] is True
    with pytest.raises(SelectionError, match="was made with stuff: give --stuff;"):
        plan(COCO, COCO_RECIPE, source=source, lock=lock)
    lock = builds[COCO] / "selection.json"
    with pytest.raises(SelectionError, match="made without stuff: leave out --stuff;"):
        plan(COCO, COCO_RECIPE, source=source, files=given, lock=lock)
    found = read_json(built / "selection.json")
    rows = found["draws"]["car_context"]["exclusive"]
    rows[0], rows[1] = rows[1], rows[0]
    content = {name: value for name, value in found.items() if name != "digest"}
    reason = first_difference(read_json(built / "selection.json"), content)
    assert reason.startswith("row 0 of car_context/exclusive is ")
    assert reason.endswith("by the same rule: another version of numpy or pandas")
    one = {"stuff": str(stuff / NAMES["val2017"])}
    with pytest.raises(SelectionError, match="made with train stuff annotations, this"):
        plan(COCO, COCO_RECIPE, source=source, files=one, lock=built / "selection.json")


def test_a_recipe_that_asks_for_stuff_finds_it_where_it_officially_lies(layouts):
    asked = replace(COCO_RECIPE, stuff=True)
    planned = plan(COCO, asked, source=str(layouts / "open"))
    assert list(planned["rows"])[-3:] == CONFIGS
    plain = plan(COCO, COCO_RECIPE, source=str(layouts / "open"))
    assert "context_sets" not in plain
    assert list(plain["rows"]) == list(planned["rows"])[:-3]


def test_images_that_were_not_looked_through_take_no_part(coco_source, stuff, tmp_path):
    content = read_json(stuff / NAMES["val2017"])
    path = coco_source / "annotations" / "instances_val2017.json"
    instances = read_json(path)
    annotated = {a["image_id"] for a in instances["annotations"]}
    left_out = set(sorted(annotated)[::3])
    less = tmp_path / "less.json"
    less.write_text(json.dumps(stuff_of(instances, left_out=left_out)))
    assert len(content["images"]) > len(read_json(less)["images"])
    said = []
    _, selection = lock_of(coco_source, str(less), said.append)
    line = f"stuff: {len(left_out)} of test images were not looked through for it, and"
    assert any(one.startswith(line) for one in said)
    table = selection.tables["test"]
    ids = np.array([image.id for image in table.images])
    for drawn in selection.context_sets:
        assert not left_out & set(ids[drawn.rows].tolist())
    keys = keys_of(selection.images())
    seen = Seen(keys, AuditFacts.of(len(keys)), None)
    told = selection.audit(seen)["context"]["test"]
    assert told["source"]["images"] == len(annotated - left_out)
    road = told["categories"].index("road")
    kinds = {(a["image_id"], a["category_id"]) for a in content["annotations"]}
    rows = selection.draws["test"][0]
    half = set(ids[rows[: len(rows) // 2]].tolist()) - left_out
    positives = told["targets"]["car"]["positives"]
    assert positives["images"] == len(half)
    assert positives["counts"][road] == sum((i, 149) in kinds for i in half)


def test_a_file_of_a_context_set_may_be_one_of_training_too(built, coco_source, stuff):
    """It is the same file that both splits name, and no draw of test holds it."""
    lock = read_json(built / "selection.json")
    default = set(lock["draws"]["default"]["test"])
    drawn = [name for c in CONFIGS for name in lock["draws"][c]["exclusive"]]
    further = next(name for name in drawn if name not in default)
    train = lock["draws"]["default"]["train"][0]
    with working(None) as work:
        given = {"stuff": str(stuff)}
        prepared = prepare(Request(COCO, COCO_RECIPE, str(coco_source), given), work)
        members = list(locate(prepared.images, work).members)
    assert not list(filter(TORN, notes_of(prepared.selection, members)))
    members[prepared.keys.index(further)] = members[prepared.keys.index(train)]
    [line] = filter(TORN, notes_of(prepared.selection, members))
    assert line.startswith("1 images are listed for two splits: ")


# What cannot be used.


def test_what_is_no_stuff_is_named(coco_source, stuff, layouts, tmp_path):
    def fault(given, recipe=COCO_RECIPE):
        with pytest.raises((SourceError, UsageError)) as caught:
            plan(COCO, recipe, source=str(coco_source), files={"stuff": given})
        return str(caught.value)

    instances = coco_source / "annotations" / "instances_val2017.json"
    assert "expected COCO's stuff annotations, with" in fault(str(instances))
    alone = fault(str(stuff / NAMES["train2017"]))
    assert "expected stuff_val2017.json, by which the test sets are drawn" in alone
    assert "found none of them: give them with --stuff" in fault("official")
    assert "expected a file, found none" in fault(str(tmp_path / "nowhere"))
    content = json.loads((stuff / NAMES["val2017"]).read_text())
    content["annotations"] = []
    content["images"] = content["images"][:1]
    content["images"][0]["id"] = 999_999_999
    (layouts / "other.json").write_text(json.dumps(content))
    assert "found not one of them" in fault(str(layouts / "other.json"))


def test_stuff_is_of_coco_alone(tmp_path, coco_source, stuff):
    source = tmp_path / "other"
    shutil.copytree(coco_source, source)
    for path in (source / "annotations").iterdir():
        edit_json(path, lambda content: content["categories"][0].update(name="human"))
    recipe = CocoRecipe(("car",), 4, 4)
    with pytest.raises(UsageError, match="--stuff: is of COCO 2017's categories alone"):
        plan(COCO, recipe, source=str(source), files={"stuff": str(stuff)})


# On the command line.


def test_a_plan_tells_what_there_is_for_every_set(coco_source, stuff, tmp_path):
    words = (COCO, "--source", coco_source, *COCO_OPTIONS[:-2])
    done = call("plan", *words, "--stuff", stuff)
    assert done.returncode == 0, done.stderr
    planned = plan(
        COCO, COCO_RECIPE, source=str(coco_source), files={"stuff": str(stuff)}
    )
    for fact in planned["context_sets"]["sets"]:
        how = "with" if fact["split"] == "cooccur" else "without"
        line = (
            f"  {fact['config']}/{fact['split']}: {fact['target']} {how}"
            f" {fact['context']}: {fact['positives']} of"
            f" {fact['positives_available']} images, and {fact['negatives']} without"
            f" {fact['target']}\n"
        )
        assert line in done.stdout
    assert "context sets: " in done.stderr
    assert "car_context/cooccur (" in done.stderr


def test_a_source_that_only_stuff_is_read_of_is_not_idle(coco_source, stuff, layouts):
    single = []
    for split, name in (("train", "train2017"), ("test", "val2017")):
        annotations = coco_source / "annotations" / f"instances_{name}.json"
        single += [f"--{split}-annotations", annotations]
        single += [f"--{split}-images", coco_source / name]
    words = (COCO, *single, *COCO_OPTIONS[:-2])
    for options, status in (
        (("--source", coco_source), 2),
        (("--source", coco_source, "--stuff", stuff), 2),
        (("--source", layouts / "open", "--stuff", "official"), 0),
        (("--stuff", stuff), 0),
    ):
        done = call("plan", *words, *options)
        assert done.returncode == status, (options, done.stderr)
    help_text = " ".join(call("build", "--help").stdout.split())
    assert "--stuff PATH COCO's stuff annotations, to measure" in help_text
