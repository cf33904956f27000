"""Whole builds of sources whose names would be HTML, links, headings or cells.

The page of a card is the same as where these names are harmless, but for the names.
"""

import csv
import json
import re

import pytest
from huggingface_hub import DatasetCard

from builder import build
from builder.datasets.layouts.recipe_text import string
from builder.hub.lint import lint
from builder.output.check import read_build
from tests.drawn import coco_recipe, draw_coco, draw_image, table_recipe
from tests.floors import tomllib
from tests.hostile.names import HOSTILE, shown

HARMLESS = [f"name {number:02}" for number in range(len(HOSTILE))]
# What a path cannot hold, or what a source may not call its files.
_NO_FILE = re.compile(r"[\x00-\x1f\\/]|^\||^[~.]|[*:?]")
FILES = [f"{name}.png" for name in HOSTILE if not _NO_FILE.search(name)]


@pytest.mark.parametrize("name", [*HOSTILE, "\x7f\u2028\U000e0001", "\udcff"])
def test_a_name_in_a_recipe_is_seen_for_what_it_is(name):
    text = f"# {string(name)}\nname = {string(name)}"
    assert all(map(str.isprintable, text.split("\n")))
    assert tomllib.loads(text) == {"name": name.replace("\udcff", "?")}


def build_coco(folder, names, files):
    drawn = draw_coco(folder, {"train": 24, "validation": 20})
    for split, told in drawn.items():
        told["categories"] = [
            {"id": number, "name": name} for number, name in enumerate(names, start=1)
        ]
        told["licenses"] = [{"id": n, "name": name} for n, name in enumerate(names)]
        for number, entry in enumerate(told["annotations"]):
            entry["category_id"] = number % len(names) + 1
        for number, image in enumerate(told["images"]):
            image["license"] = number % len(names)
            if split == "train" and number < len(files):
                old = folder / split / image["file_name"]
                image["file_name"] = files[number]
                if number != 1:  # which is nowhere
                    old.rename(folder / split / files[number])
        # Pairs of the same bytes, and one that is broken.
        first, _, third, fourth = (image["file_name"] for image in told["images"][:4])
        data = (folder / split / first).read_bytes()
        (folder / split / third).write_bytes(data)
        (folder / split / fourth).write_bytes(data[:-40])
        (folder / f"{split}.json").write_text(json.dumps(told))
    targets = json.dumps(names[:4])
    (folder / "hostile.toml").write_text(
        coco_recipe(
            f'rule = "balanced"\ntargets = {targets}\nsamples = 12\nobjects = "boxes"',
            head=f"title = {json.dumps(names[0])}\npaper = {json.dumps(names[3])}",
        )
    )


def build_table(folder, names, files):
    rows = []
    for number in range(len(names) * 4):
        file = files[number] if number < len(files) else f"{number}.png"
        draw_image(folder / "pictures" / file, number)
        rows.append([file, names[number % 5], names[number % len(names)], number])
    with (folder / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "dx", f"site {names[0]}", f"n {names[4]}"])
        writer.writerows(rows)
    text = table_recipe(
        'rule = "per_label"\nsamples = 0.9',
        cut="train = 0.7\ntest = 0.3",
        columns=f'label = "dx"\ngroup = {json.dumps(f"n {names[4]}")}',
        head=f"title = {json.dumps(names[0])}",
    )
    text = re.sub(r'metadata = ".*?"\nimages = ".*?"',
                  'metadata = "table.csv"\nimages = "pictures/"', text)  # fmt: skip
    text = text.replace('image = "image_id"', 'image = "file"')
    (folder / "hostile.toml").write_text(text)


@pytest.fixture(scope="module", params=[build_coco, build_table])
def cards(request, tmp_path_factory):
    """Return the card of a source of hostile names, and that of harmless ones."""
    home = tmp_path_factory.mktemp("hostile")
    found = []
    for names in (list(HOSTILE), HARMLESS):
        folder = home / str(len(found))
        folder.mkdir()
        plain = [f"{number}.png" for number in range(900, 900 + len(FILES))]
        request.param(folder, names, FILES if names[0] == HOSTILE[0] else plain)
        build(
            str(folder / "hostile.toml"), folder / "out", cache_dir=home / "cache",
            allow_broken=True, skip_missing=True,
        )  # fmt: skip
        # Nor does push take a name for a link to a file that is not there.
        assert lint(read_build(folder / "out")) == []
        found.append((folder / "out/README.md").read_text(encoding="utf-8"))
    return found


def test_a_page_is_the_same_whatever_the_names(cards):
    hostile, harmless = (shown(DatasetCard(card).text) for card in cards)

    def counted(page):
        found = [tag for tag in page.tags if tag != "code"]
        return {tag: found.count(tag) for tag in sorted({*found})}

    assert hostile.links == harmless.links
    assert counted(hostile) == counted(harmless)
    assert not {"script", "style", "input"} & {*hostile.tags}


def test_every_name_is_there_to_be_read(cards):
    text = "".join(shown(DatasetCard(cards[0]).text).text.split())
    for name in ("<img src=x onerror=alert(1)>", "](http://evil.example/a)", "a|b",
                 "# heading", "`code`", "one # two - three"):  # fmt: skip
        assert "".join(name.split()) in text
    assert not re.search(
        "[\u202a-\u202e\u2066-\u2069\u200b\x1b\x00]", DatasetCard(cards[0]).text
    )


def test_the_yaml_is_read_as_it_is_written(cards):
    for card, names in zip(cards, (HOSTILE, HARMLESS), strict=True):
        data = DatasetCard(card).data.to_dict()
        assert data["pretty_name"] == " ".join(names[0].split())
        [info] = [i for i in data["dataset_info"] if i["config_name"] == "default"]
        assert [*info["features"][0]] == ["name", "dtype"]
