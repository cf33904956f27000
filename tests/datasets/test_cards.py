"""The cards: what their YAML says is what `datasets` finds, what they show runs."""

import json
import re
import shutil
import subprocess
import sys

import datasets
import pytest
import yaml
from huggingface_hub import DatasetCard

from builder.card.render import card_metadata
from builder.datasets import registry
from builder.output.schema import features_of, schema_of
from tests.datasets.cards import (
    BLOCKS,
    COCO,
    DATASETS,
    ISIC,
    official,
    prose_of,
    render,
)
from tests.tiny import LEAVE

MARK = re.compile(r"<!-- trimset: (\w+) -->")


@pytest.fixture(scope="module")
def manifests(builds):
    return {
        name: json.loads((folder / "manifest.json").read_text())
        for name, folder in builds.items()
    }


@pytest.fixture(params=DATASETS)
def folder(request, builds):
    return builds[request.param]


@pytest.fixture
def manifest(folder, manifests):
    return manifests[folder.name]


@pytest.fixture
def card(folder):
    return DatasetCard((folder / "README.md").read_text(encoding="utf-8"))


@pytest.fixture
def studied(manifest):
    """The card as it would be, had the tables the official digests."""
    return DatasetCard(render(official(manifest)))


def splits(manifest):
    for config, parts in manifest["configs"].items():
        for split, facts in parts.items():
            yield config, split, facts


def test_the_yaml_is_one_that_the_hub_reads(card, studied, manifest, folder):
    data = studied.data.to_dict()
    assert data["license"] == {COCO: "other", ISIC: "cc-by-nc-4.0"}[folder.name]
    for key in ("pretty_name", "task_categories", "task_ids", "language", "tags",
                "size_categories", "source_datasets"):  # fmt: skip
        assert data[key], key
    assert "image" in data["tags"]
    other = card.data.to_dict()  # of a source that is not the official one
    assert {**data, **other}.keys() == data.keys()
    assert data.keys() - other.keys() == {
        "language", "annotations_creators", "source_datasets",
        *({COCO: ["license_link"], ISIC: ["license"]}[folder.name]),
    }  # fmt: skip
    assert other["configs"] == data["configs"]
    assert data["size_categories"] == ["n<1K"]
    assert [c["config_name"] for c in data["configs"]] == list(manifest["configs"])
    assert [c for c in data["configs"] if c.get("default")] == [data["configs"][0]]
    assert data["configs"][0]["config_name"] == "default"
    # Keys that some versions of datasets misread.
    assert {key for config in data["configs"] for key in config} == {
        "config_name",
        "data_files",
        "default",
    }


def test_patterns_match_the_files_of_their_split_and_no_others(card, manifest, folder):
    found = {}
    for config in card.data.to_dict()["configs"]:
        for entry in config["data_files"]:
            paths = entry["path"]
            paths = [paths] if isinstance(paths, str) else paths
            files = [path for pattern in paths for path in sorted(folder.glob(pattern))]
            names = [path.relative_to(folder).as_posix() for path in files]
            found[config["config_name"], entry["split"]] = names
    assert found == {(c, s): facts["files"] for c, s, facts in splits(manifest)}
    listed = {name for names in found.values() for name in names}
    assert listed == {n for n in manifest["files"] if n.endswith(".parquet")}


def test_numbers_are_those_that_datasets_records_without_the_card(
    card, manifest, folder, tmp_path
):
    infos = {i["config_name"]: i for i in card.data.to_dict()["dataset_info"]}
    assert list(infos) == list(manifest["configs"])
    for config, parts in manifest["configs"].items():
        files = {s: [str(folder / f) for f in p["files"]] for s, p in parts.items()}
        loaded = datasets.load_dataset(
            "parquet", data_files=files, cache_dir=str(tmp_path)
        )
        recorded = loaded[next(iter(parts))].info
        told = {entry["name"]: entry for entry in infos[config]["splits"]}
        assert {n: entry["num_examples"] for n, entry in told.items()} == {
            n: split.num_examples for n, split in recorded.splits.items()
        }
        assert {n: entry["num_bytes"] for n, entry in told.items()} == {
            n: split.num_bytes for n, split in recorded.splits.items()
        }
        assert infos[config]["dataset_size"] == recorded.dataset_size
        assert infos[config]["download_size"] == recorded.download_size
        assert infos[config]["download_size"] == sum(
            (folder / name).stat().st_size
            for p in parts.values()
            for name in p["files"]
        )


def test_features_are_the_same_in_card_parquet_and_load_dataset(
    card, manifest, folder, tmp_path
):
    for info in card.data.to_dict()["dataset_info"]:
        config = info["config_name"]
        from_card = datasets.Features._from_yaml_list(info["features"])
        loaded = datasets.load_dataset(str(folder), config, cache_dir=str(tmp_path))
        assert set(loaded) == set(manifest["configs"][config])
        for split, facts in manifest["configs"][config].items():
            assert loaded[split].features == from_card
            assert loaded[split].num_rows == facts["num_examples"]
            assert (
                features_of(schema_of(loaded[split].features))
                == (manifest["features"][config])
            )


def test_streams_give_the_same_rows(folder, manifest, tmp_path):
    config = list(manifest["configs"])[-1]
    plain = datasets.load_dataset(str(folder), config, cache_dir=str(tmp_path))
    stream = datasets.load_dataset(str(folder), config, streaming=True)
    for split, rows in plain.items():
        ours = [{**row, "image": row["image"].tobytes()} for row in rows]
        theirs = [{**row, "image": row["image"].tobytes()} for row in stream[split]]
        assert ours == theirs
        assert len(ours) == manifest["configs"][config][split]["num_examples"]


def test_licences_are_those_of_the_images(manifests):
    """Several are no one of the Hub's; of another source, nobody's are asserted."""
    manifest = manifests[COCO]
    assert len(manifest["licences"]) > 1

    def keys(licences, *, is_official):
        told = {**manifest, "licences": licences}
        card = DatasetCard(render(official(told) if is_official else told))
        found = card.data.to_dict()
        return [found.get(f"license{end}") for end in ("", "_name", "_link")]

    terms = "https://cocodataset.org/#termsofuse"
    several = ["other", "several-see-the-column-license"]
    stated = manifest["licences"]
    assert keys(stated, is_official=True) == [*several, terms]
    assert keys(stated, is_official=False) == [*several, None]
    one = {"CC BY-NC 2.0": 7}
    assert keys(one, is_official=False) == ["cc-by-nc-2.0", None, None]
    named = {"Our own, 2": 7}
    assert keys(named, is_official=False) == ["other", "our-own-2", None]
    assert keys({"none stated": 7}, is_official=False) == [None] * 3
    assert keys({**one, "none stated": 1}, is_official=False) == [None] * 3


def snippets(text):
    return re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_every_snippet_runs_as_it_stands(card, studied, folder):
    found = snippets(card.content)
    assert len(found) == card.content.count("```python")
    assert len(found) == {COCO: 6, ISIC: 2}[folder.name]
    assert snippets(studied.content) == found
    # Nothing else is code: what is fenced otherwise is a row, and the citation.
    fences = re.findall(r"^```(\w+)", studied.content, re.MULTILINE)
    assert sorted({*fences}) == ["bibtex", "json", "python"]
    assert fences.count("bibtex") == fences.count("json") == 1
    code = "\n".join(found)
    assert f'load_dataset("./{folder.name}", split=' in code
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code + LEAVE],
        capture_output=True, text=True, check=False, cwd=folder.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == code.count("print(")


def test_the_example_is_the_first_row(card, folder):
    shown = json.loads(re.search(r"```json\n(.*?)```", card.text, re.DOTALL)[1])
    row = datasets.load_dataset(str(folder), split="train")[0]
    assert list(shown) == list(row)
    assert shown.pop("image") == "<PIL.Image>"
    for name, value in shown.items():
        if isinstance(value, list) and len(row[name]) > 3:
            assert value == [*row[name][:3], f"… {len(row[name]) - 3} more"]
        elif name != "objects":
            assert value == row[name], name


def test_no_place_is_left_empty_and_every_mark_is_there(studied, folder):
    card = studied
    marks = MARK.findall(prose_of(folder.name))
    assert MARK.findall(card.text) == marks
    begins_a_line = re.findall(r"(.*)\n<!-- trimset", card.text)
    assert set(begins_a_line) == {""}  # else it would end a paragraph that goes on
    assert sorted(marks[::2]) == sorted(BLOCKS[folder.name])  # each block once
    assert set(marks[1::2]) == {"end"}
    sections = re.split(r"^#+ (.*)\n", card.text, flags=re.MULTILINE)
    for title, text in zip(sections[1::2], sections[2::2], strict=True):
        assert re.sub(r"<!--.*?-->", "", text).strip(), title
    prose = re.sub(r"```json.*?```", "", card.text, flags=re.DOTALL)
    prose = prose.split("```bibtex")[0]
    assert not re.search(r"\bNone\b|\bnan\b|[{}]|TODO|\[\[|[ \t]$", prose, re.MULTILINE)


def test_tables_are_whole(card):
    tables = re.findall(r"(?:^\|.*\n)+", card.text, re.MULTILINE)
    assert tables
    for table in tables:
        rows = [re.split(r"(?<!\\)\|", line) for line in table.splitlines()]
        assert len({len(row) for row in rows}) == 1
        assert re.fullmatch(r"\|(-+:?\|)+", table.splitlines()[1])


def numbers(text):
    text = re.sub(r"`[^`]*`|sha256|\d+:\d+", "", text)
    return re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)


def test_counts_are_those_of_the_rows(card, manifest, folder):
    """Counted here from what `load_dataset` gives, not from the manifest."""
    text = card.text.split("## Counts")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ][2:]
    assert rows
    for fact, row in zip(manifest["feasibility"], rows, strict=True):
        if folder.name == ISIC:
            loaded = datasets.load_dataset(str(folder), split="train")
            label = loaded.features["label"].str2int(row[0])
            assert int(row[3]) == loaded["label"][:].count(label) == fact["taken"]
            continue
        config = row[0].replace(" ", "_")
        loaded = datasets.load_dataset(str(folder), config, split=row[1])
        pairs = list(zip(loaded["label"], loaded["repeat"], strict=True))
        assert [int(row[3]), int(row[4])] == [
            sum(loaded["label"]),
            pairs.count((1, True)),
        ]
        assert int(row[6]) == len(pairs) - int(row[3])
        assert int(row[7]) == pairs.count((0, True))


def changed(value):
    """Return a manifest in which every number and every digest is another."""
    if isinstance(value, dict):
        return {key: changed(part) for key, part in value.items()}
    if isinstance(value, list):
        return [changed(part) for part in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return value + 7_310_003


def available(fact):
    return fact.get("positives_available", 0)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        *((COCO, name) for name in ("summary", "counts", "selection", "licences")),
        *((ISIC, name) for name in ("summary", "counts", "selection")),
    ],
)
def test_no_number_of_a_block_stands_still(dataset, name, manifests):
    """With other facts all numbers are others: none is written by hand."""
    manifest = manifests[dataset]
    other = {**manifest, **changed({k: manifest[k] for k in (
        "configs", "feasibility", "recipe", "parent", "files",
    )})}  # fmt: skip
    other["licences"] = changed(manifest.get("licences", {}))
    sizes = changed(manifest["audit"]["sizes"])
    other["audit"] = {**manifest["audit"], "sizes": sizes}
    before = numbers(BLOCKS[dataset][name](manifest))
    after = numbers(BLOCKS[dataset][name](other))
    versions = set(numbers(" ".join(manifest["versions"].values())))
    # "pandas 2", and what is counted in lists: configs, classes, draws, sources.
    lengths = {"2", "0", str(len(manifest["feasibility"]))}
    lengths |= {str(len({f.get("target") for f in manifest["feasibility"]}))}
    short = [f for f in manifest["feasibility"] if f.get("quota", 0) > available(f)]
    lengths |= {str(len(short))}
    sources = {f"{s['images']:,}" for s in manifest["sources"] if "images" in s}
    assert before != after
    kept = set(before) & set(after) - versions - lengths - sources
    assert not kept


def test_hand_written_prose_states_only_these_numbers():
    """Facts of the official sources and of the literature; never of a build."""
    allowed = {
        COCO: {"2017", "19", "2023", "2020", "4.0", "2014"},
        ISIC: {
            "2020",
            "33,126",
            "23",
            "584",
            "2023",
            "4.0",
            "10.34970",
            "01",
            "2,056",
            "2021",
        },
    }
    for dataset, known in allowed.items():
        text = prose_of(dataset)
        prose = text.split("---\n", 2)[2].split("```bibtex")[0]
        prose = re.sub(r"\]\([^)]*\)|train2017|val2017", "", prose)
        assert set(numbers(prose)) == known, dataset


def test_the_card_is_a_function_of_the_manifest(folder, manifest):
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert render(manifest) == text
    front = yaml.safe_load(text.split("---\n")[1])
    assert {key: front[key] for key in card_metadata(manifest)} == card_metadata(
        manifest
    )


def test_of_another_source_nothing_is_said_that_is_of_the_official_one(card, studied):
    """Not its name, not its licence, no paper, and nothing of the study."""
    words = (
        "cocodataset|COCO|ISIC 2020|ISDIS|Yuksekgonul|notebook|re-creates|10\\.34970"
    )
    text = re.sub(r"`[^`]*`", "", card.text)  # files have the names that they have
    assert not re.search(words, re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    assert "[!WARNING]\n> This build was not made from the official files" in card.text
    assert "Not stated by the recipe: how the images were collected" in card.text
    assert re.search(words, studied.text)
    assert "[!WARNING]" not in studied.text


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_study_is_that_of_its_own_numbers_alone(dataset, manifests):
    manifest = official(manifests[dataset])
    recipe = registry.get(dataset).default.as_dict()
    theirs = render({**manifest, "recipe": recipe})
    assert "It re-creates the selection of a reproducibility study" in theirs
    other = render(manifest)
    assert "re-creates" not in other
    assert "**Not the selection of the study.**" in other
    broken = {"image": "a.jpg", "reason": "ends too early"}
    for part in ({"broken": [broken]}, {"missing": ["a.jpg"]}):
        less = render({**manifest, "recipe": recipe, **part})
        assert "re-creates" not in less
        assert "without the images that are broken or nowhere" in " ".join(less.split())
        assert "1 selected image is left out" in less


@pytest.mark.parametrize("place", [0, 1])
def test_one_official_table_of_two_is_not_the_official_source(place, manifests):
    """Nor is one with a role that another file has."""
    manifest = official(manifests[COCO])
    sources = [dict(entry) for entry in manifest["sources"]]
    sources[place]["sha256"] = "0" * 64
    text = render({**manifest, "sources": sources})
    assert "[!WARNING]" in text
    assert "COCO Consortium" not in text


def test_duplicates_are_those_of_the_publisher_by_their_digest(manifests):
    """With the official metadata, another list is not called the publisher's."""
    manifest = official(manifests[ISIC])
    assert "duplicates that ISIC lists" in render(manifest)
    sources = [
        {**entry, "sha256": "0" * 64} if "duplicates" in entry["role"] else entry
        for entry in manifest["sources"]
    ]
    text = render({**manifest, "sources": sources})
    assert "duplicates that the source lists" in text
    assert "duplicates that ISIC lists" not in text
    assert "CC BY-NC 4.0" in text  # the images are those of the metadata


def test_a_build_loads_where_the_folder_lies_elsewhere(builds, tmp_path):
    shutil.copytree(builds[ISIC], tmp_path / "a b" / "ü")
    loaded = datasets.load_dataset(str(tmp_path / "a b" / "ü"), split="train")
    assert len(loaded) == 100


@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_a_card_has_every_section_and_figure(dataset, manifests, builds):
    folder = builds[dataset]
    card = (folder / "README.md").read_text()
    heads = re.findall(r"^### (.*)$", card, re.MULTILINE)
    assert heads == {
        COCO: ["Duplicates", "Context", "Shortcuts",
               "Compared with the whole source", "Modes and turns", "A look at it"],
        ISIC: ["Duplicates", "Patients",
               "Label by sex, age and site", "Shortcuts",
               "Compared with the whole source", "Modes and turns", "A look at it"],
    }[dataset]  # fmt: skip
    shown = re.findall(r"!\[[^\]]+\]\((.*?)\)", card)
    there = {f"figures/{path.name}" for path in (folder / "figures").iterdir()}
    assert set(shown) == there
    assert there <= set(manifests[dataset]["files"])


@pytest.mark.parametrize("dataset", [COCO, ISIC])
def test_no_sentence_counts_nothing_or_one_of_many(dataset, manifests):
    """Not "0 images have", "1 images", nor "1 of them were"."""
    text = "\n".join(
        line
        for line in render(manifests[dataset]).split("---\n", 2)[2].splitlines()
        if not line.startswith("|")
    )
    assert not re.findall(r"\b0 (?:images|pairs|draws|patients|lie)\b", text)
    assert not re.findall(r"(?<![\d,.])1 (?:images|pairs|draws|classes|rows)\b", text)
    assert not re.findall(r"\b(\w+) \1\b", text)
    assert "  " not in re.sub(r"```.*?```", "", text, flags=re.DOTALL).replace(
        "\n  ", ""
    )
