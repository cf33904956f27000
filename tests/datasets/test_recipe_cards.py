"""The card of a recipe's build is about the recipe's dataset, and its snippets run."""

import json
import re

import pytest
from huggingface_hub import DatasetCard

from builder import build, plan
from builder.cli import main as cli
from builder.errors import PushError
from builder.hub.push import push
from tests.drawn import coco_recipe, draw_coco, draw_table, table_recipe
from tests.hub_client import point_at
from tests.servers.hub_repos import Repo
from tests.servers.hub_server import HubServer

CITATION = "@misc{lights,\n  title = {Lights},\n  year = {2021}\n}"
WORDS = f'''title = 'Traffic: at "night"'
description = "Cars and trucks after dark."
homepage = "https://example.org/lights"
paper = "arXiv:2101.00001"
license = "other"
license_name = "lights-1.0"
license_link = "https://example.org/licence"
language = ["en", "fr"]
tags = ["night", "roads"]
citation = """
{CITATION}
"""'''
RECIPES = {
    "balanced": coco_recipe(
        'rule = "balanced"\ntargets = "all"\nsamples = 8\nobjects = "masks"',
        head=WORDS,
    ),
    "boxes": coco_recipe(
        'rule = "sample"\nsamples = 0.5\nobjects = "boxes"', head=WORDS
    ),
    "all": coco_recipe("", head="", splits=("train",), cut="a = 0.5\nb_1.x = 0.5"),
    "per_label": coco_recipe('rule = "per_label"\nsamples = 2', head=WORDS),
    "table": table_recipe(
        'rule = "per_label"\nsamples = 0.5',
        cut="train = 0.6\ntest = 0.4",
        columns='label = "dx"\ngroup = "lesion_id"',
        head=WORDS,
    ),
    "table sliced": table_recipe('rule = "slices"\nslices = {nv = "1:9"}', head=WORDS),
    "table balanced": table_recipe(
        'rule = "balanced"\nsamples = 6',
        columns='label = "dx"\nsplit = "part"\nlabels = {"other" = "nv", bad = "mel"}',
        head=WORDS,
    ),
    "unlabelled": table_recipe('rule = "all"', columns="", head=""),
}
RECIPES["all"] = RECIPES["all"].replace("b_1.x", '"b_1.x"')
STATED = [name for name, text in RECIPES.items() if "license" in text]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cards")
    draw_coco(folder, {"train": 24, "validation": 20})
    draw_table(folder / "tables", {"train": 30})
    (folder / "tables/train.csv").rename(folder / "train.csv")
    (folder / "tables/train").rename(folder / "pictures")
    for name, text in RECIPES.items():
        place = "pictures/" if "metadata" in text else "train/"
        recipe = text.replace('images = "train/"', f'images = "{place}"')
        (folder / f"{name}.toml").write_text(recipe)
    return folder


@pytest.fixture(scope="module")
def builds(home):
    """Return a function that builds a recipe, once."""
    made = {}

    def make(name):
        if name not in made:
            recipe = str(home / f"{name}.toml")
            build(recipe, home / name, cache_dir=home / "cache")
            made[name] = home / name
        return made[name]

    return make


@pytest.fixture(params=RECIPES)
def folder(request, builds):
    return builds(request.param)


def card_of(folder):
    return DatasetCard((folder / "README.md").read_text(encoding="utf-8"))


def test_not_a_word_of_other_datasets(folder):
    text = (folder / "README.md").read_text()
    assert not re.search("coco|isic|official|notebook's|singh", text, re.IGNORECASE)
    assert "[!WARNING]" not in text
    assert not re.search(r"\bNone\b(?!\.\n)|\bnan\b|TODO|[ \t]$", text, re.MULTILINE)
    sections = re.split(r"^#+ (.*)\n", text.split("---\n", 2)[2], flags=re.MULTILINE)
    for title, marked in zip(sections[1::2], sections[2::2], strict=True):
        content = re.sub(r"<!-- trimset: \w+ -->", "", marked)
        # A section may begin with a smaller one.
        assert content.strip() or title == "What leaks and what correlates", title


def test_tables_are_whole(folder):
    for table in re.findall(r"(?:^\|.*\n)+", card_of(folder).text, re.MULTILINE):
        rows = [re.split(r"(?<!\\)\|", line) for line in table.splitlines()]
        assert len({len(row) for row in rows}) == 1


@pytest.mark.parametrize("name", STATED)
def test_title_links_and_licence_are_those_of_the_recipe(name, builds):
    card = card_of(builds(name))
    data = card.data.to_dict()
    title = 'Traffic: at "night"'
    assert data["pretty_name"] == title
    assert data["license"] == "other"
    assert data["license_name"] == "lights-1.0"
    assert data["license_link"] == "https://example.org/licence"
    assert data["language"] == ["en", "fr"]
    assert data["tags"] == ["night", "roads", "image"]
    assert data["task_categories"][0] == "image-classification"
    shown = {"balanced": 2, "boxes": 1}.get(name, 0)
    wanted = ["image-classification", "object-detection", "image-segmentation"]
    assert data["task_categories"] == wanted[: 1 + shown]
    assert card.text.startswith(f"# {title}\n")
    assert "Cars and trucks after dark." in card.text
    assert "(https://example.org/lights)" in card.text
    assert "[arXiv:2101.00001](https://arxiv.org/abs/2101.00001)" in card.text
    assert "[lights-1.0](https://example.org/licence)" in card.text
    assert f"```bibtex\n{CITATION}\n```" in card.text


def test_every_snippet_runs(folder, tmp_path, monkeypatch, capsys):
    """In this process, from a folder that holds one of the dataset's name."""
    text = card_of(folder).text
    found = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert found
    assert text.count("```python") == len(found)
    name = json.loads((folder / "manifest.json").read_text())["dataset"]
    (tmp_path / name).symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    space = {}
    for snippet in found:
        exec(snippet, space)
    assert capsys.readouterr().out
    if "ImageDraw" in text:
        assert space["picture"].size == (24, 16)


def test_no_licence_is_said_and_no_push(builds, home, capsys, monkeypatch, tmp_path):
    data = card_of(builds("all")).data.to_dict()
    assert "license" not in data
    assert "No licence is stated by whoever built it." in card_of(builds("all")).text
    words = ["build", home / "all.toml", "--out", tmp_path / "out", "--no-audit"]
    words += ["--cache-dir", tmp_path / "cache"]
    assert cli.main([str(word) for word in words]) == 0
    err = capsys.readouterr().err
    assert "trimset: no licence is stated: the card says so, and push refuses" in err
    with HubServer() as hub:
        point_at(hub, monkeypatch, token="hf_alice")
        for dry_run in (True, False):
            with pytest.raises(PushError) as caught:
                push(builds("all"), "alice/traffic", dry_run=dry_run)
            assert str(caught.value) == (
                f"{builds('all')}: no licence is stated: state one in the recipe"
                ' (license = "…") and build again, or in the card on the Hub; nothing'
                " was sent."
            )
            assert hub.repos.by_key == {}
        push(builds("boxes"), "alice/lights", dry_run=True)


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_the_licence_is_that_of_the_card_on_the_hub(builds, monkeypatch):
    with HubServer() as hub:
        point_at(hub, monkeypatch, token="hf_alice")
        for repo, text in (
            (Repo("alice/with", "dataset"), "license: mit"),
            (Repo("alice/without", "dataset"), "tags: [a]"),
        ):
            hub.repos.by_key["dataset", repo.id] = repo
            repo.edit({"README.md": f"---\n{text}\n---\n# Mine\n".encode()})
        for how in ("merge", "theirs"):
            push(builds("all"), "alice/with", card=how, dry_run=True)
        push(builds("all"), "alice/with", card="merge")
        there = hub.repo("alice/with").resolve("main").tree["README.md"].content
        assert there.startswith(b"---\nlicense: mit\n")
        push(builds("all"), "alice/with")
        for dry_run in (True, False):
            with pytest.raises(
                PushError, match=r"no licence is stated: .* Hub, or push"
            ):
                push(builds("boxes"), "alice/without", card="theirs", dry_run=dry_run)
        assert "manifest.json" not in hub.repo("alice/without").resolve("main").tree
        push(builds("boxes"), "alice/without", card="merge", dry_run=True)


@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
def test_what_a_recipe_says_is_renewed_around_words_of_others(
    home, monkeypatch, tmp_path
):
    """One word of somebody else in the card, and the licence must not stay the old."""
    news = {
        "Cars and trucks after dark.": "Lorries at dawn.",
        "lights-1.0": "lamps-2.0",
        "title = {Lights}": "title = {Lamps}",
        'paper = "': 'uses = "To count lamps."\ncuration = "By hand."\npaper = "',
    }
    text = RECIPES["table sliced"].replace('images = "train/"', 'images = "pictures/"')
    folders = []
    for number, pairs in enumerate([{}, news, {**news, "Traffic: at": "Roads at"}]):
        for old, new in pairs.items():
            assert old in text or new in text
            text = text.replace(old, new) if new not in text else text
        recipe = home / f"renewed{number}.toml"
        recipe.write_text(text)
        folders.append(tmp_path / str(number))
        build(str(recipe), folders[-1], cache_dir=home / "cache", audit=False)
    with HubServer() as hub:
        point_at(hub, monkeypatch, token="hf_alice")
        push(folders[0], "alice/lights")
        repo = hub.repo("alice/lights")

        def there():
            return repo.resolve("main").tree["README.md"].content.decode()

        old = there()
        repo.edit({"README.md": f"{old}\n## Thanks\n\nTo Bob.\n".encode()})
        report = push(folders[1], "alice/lights")
        assert (report.card.kept, report.warnings) == (("text",), ())
        card = there()
        assert card.endswith("\n## Thanks\n\nTo Bob.\n")
        for was, now in news.items():
            if " =" not in was:
                assert was in old
                assert now in card
                assert was not in card
        assert "title = {Lamps}" in card
        assert "## Uses\n\nTo count lamps." in card
        assert "**Collection.** By hand." in card
        # What stands in the text itself is theirs, and that is said.
        mine = card.replace("license_name: lamps-2.0", "license_name: mine-1.0")
        repo.edit({"README.md": mine.encode()})
        report = push(folders[2], "alice/lights", dry_run=True)
        assert report.card.overruled == ("text",)
        (line,) = report.warnings
        assert line.startswith(
            "README.md: the build's text changed too; theirs was kept: edit it there,"
        )
        report = push(folders[0], "alice/lights")
        assert report.card.overruled == ("yaml license_name",)
        assert "the build's license_name changed too" in report.warnings[0]


def notes(function, recipe, home, **options):
    said = []
    function(str(recipe), cache_dir=home / "cache", say=said.append, **options)
    return [line for line in said if "license" not in line]


def test_repeats_are_said_before_anything_is_written(home, tmp_path):
    recipe = home / "many.toml"
    recipe.write_text(coco_recipe('rule = "balanced"\ntargets = "all"\nsamples = 60'))
    expected = (
        "rows repeat: 396 rows in all show 36 images; fewer than asked for could be"
        " drawn for car/train (60 rows of 20 images), car/validation (60 rows of 16"
        " images), truck/train (60 rows of 19 images), and 3 more"
    )
    assert expected in notes(plan, recipe, home)
    out = tmp_path / "out"

    def listen(line):
        if "rows repeat" in line:
            # it is held by this process, and nothing is in it
            assert list(out.iterdir()) == []

    build(str(recipe), out, cache_dir=home / "cache", audit=False, say=listen)
    assert expected in notes(build, recipe, home, out=out, audit=False)


def test_images_of_two_splits_are_said(home):
    recipe = home / "torn.toml"
    text = coco_recipe('rule = "all"', splits=("train", "again"))
    recipe.write_text(text.replace('"again.json"', '"train.json"').replace(
        '"again/"', '"train/"'
    ))  # fmt: skip
    told = [line for line in notes(plan, recipe, home) if "two splits" in line]
    assert len(told) == 1
    assert told[0].startswith("20 images are listed for two splits: 0024.png, ")
    assert told[0].count(".png") == 3
    assert " and 17 more" in told[0]
