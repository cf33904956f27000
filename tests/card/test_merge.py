"""Who changed what, and what comes of it: a row a case."""

import pytest
import yaml

from builder.card.configs import Paths
from builder.card.edits import tell_differences, tell_edits
from builder.card.merge import Base, merge_cards
from builder.card.parts import digests, read_card

FIRST = """---
pretty_name: Shapes
license: mit
size_categories:
- n<1K
configs:
- config_name: default
  data_files:
  - split: train
    path: data/default/train-*.parquet
  default: true
dataset_info:
- config_name: default
  splits:
  - name: train
    num_examples: 12
---

# Shapes

Drawn <!-- trimset: images -->
by hand. <!-- trimset: end -->

## Counts

<!-- trimset: counts -->

12 shapes

<!-- trimset: end -->

Bye.
"""
OTHERS = """- config_name: extra
  data_files:
  - split: train
    path: extra/train-*
  default: true
"""
# What the next build says that the first did not.
NEXT = {"12 shapes": "13 shapes", "num_examples: 12": "num_examples: 13"}
NEXT_PROSE = {"Bye.": "So long.", "license: mit": "license: cc0-1.0"}

BLOCK = {"12 shapes": "a dozen"}
PROSE = {"Bye.": "Ask Bob."}
YAML = {"license: mit": "# ask Bob\nlicense: apache-2.0"}
CONFIG = {"dataset_info:": f"{OTHERS}dataset_info:"}
RESPELLED = {"path: data/default/train-*.parquet": "path: ['data/default/train-*']"}
GONE = {
    "<!-- trimset: counts -->\n\n12 shapes\n\n<!-- trimset: end -->\n\n": "",
    "## Counts\n\n": "",
}


PATHS = Paths(["data/default/train-00000.parquet"], ["data/train-0.parquet"])


def change(text, *changes):
    for old, new in (pair for one in changes for pair in one.items()):
        assert old in text
        text = text.replace(old, new)
    return text


def base_of(text, **more):
    parts = digests(read_card(text))
    return Base(parts, parts, frozenset({"default"}), **more)


def merge(ours, theirs, base, how=None, paths=PATHS):
    sides = read_card(ours), read_card(theirs)
    return merge_cards(*sides, base, how=how, paths=paths)


# What people did, what the build has anew, --card: the changes of FIRST that give the
# card that is pushed; or, in a list, the parts that stop the push.
TABLE = [
    ([], [], None, []),
    ([], [NEXT], None, [NEXT]),
    ([], [NEXT, NEXT_PROSE], None, [NEXT, NEXT_PROSE]),
    ([PROSE], [], None, [PROSE]),
    ([PROSE], [NEXT], None, [PROSE, NEXT]),
    ([PROSE], [NEXT, NEXT_PROSE], None, [PROSE, NEXT, {"mit": "cc0-1.0"}]),
    ([YAML], [NEXT, NEXT_PROSE], None, [YAML, NEXT, {"Bye.": "So long."}]),
    ([RESPELLED], [NEXT], None, [NEXT]),
    ([BLOCK], [], None, {"block counts"}),
    ([BLOCK], [NEXT], None, {"block counts"}),
    ([BLOCK], [NEXT], "merge", [NEXT]),
    ([BLOCK], [NEXT], "ours", [NEXT]),
    ([BLOCK], [NEXT], "theirs", [BLOCK, {"num_examples: 12": "num_examples: 13"}]),
    ([BLOCK, PROSE, YAML], [NEXT], "merge", [PROSE, YAML, NEXT]),
    ([BLOCK, PROSE, YAML], [NEXT], "ours", [NEXT]),
    ([{"n<1K": "1M<n<10M"}], [], None, {"yaml size_categories"}),
    ([{"n<1K": "1M<n<10M"}], [], "merge", []),
    ([GONE], [], None, {"block counts"}),
    ([GONE], [NEXT], "theirs", [GONE, {"num_examples: 12": "num_examples: 13"}]),
]


@pytest.mark.parametrize(("people", "build", "how", "result"), TABLE)
def test_who_changed_what_and_what_happens(people, build, how, result):
    theirs, ours = change(FIRST, *people), change(FIRST, *build)
    base = base_of(FIRST, untouched=not people)
    merged = merge(ours, theirs, base, how)
    if isinstance(result, set):
        assert set(merged.conflicts) == result
        return
    assert merged.conflicts == ()
    assert str(merged.card) == change(FIRST, *result)
    # Pushed again, nothing happens.
    after = Base(digests(read_card(ours)), digests(merged.card), base.configs)
    again = merge(ours, str(merged.card), after)
    assert (again.conflicts, str(again.card)) == ((), str(merged.card))


def test_what_was_kept_and_what_was_taken_is_named():
    theirs = change(FIRST, BLOCK, PROSE, YAML)
    ours = change(FIRST, NEXT)
    for how, kept, taken in (
        ("merge", {"text", "yaml license"}, {"block counts"}),
        ("theirs", {"text", "yaml license", "block counts"}, set()),
        ("ours", set(), {"text", "yaml license", "block counts"}),
    ):
        merged = merge(ours, theirs, base_of(FIRST), how)
        assert (set(merged.kept), set(merged.taken)) == (kept, taken)
        assert len(merged.kept) + len(merged.taken) == len(kept | taken)
    assert merge(FIRST, FIRST, base_of(FIRST)).kept == ()


def test_an_edit_that_was_kept_stops_the_push_again_once_there_is_news():
    theirs = change(FIRST, BLOCK)
    kept = merge(FIRST, theirs, base_of(FIRST), "theirs")
    base = Base(digests(read_card(FIRST)), digests(kept.card), frozenset({"default"}))
    assert merge(FIRST, str(kept.card), base).conflicts == ()
    news = change(FIRST, NEXT)
    assert merge(news, str(kept.card), base).conflicts == ("block counts",)
    again = change(str(kept.card), {"a dozen": "a dozen and one"})
    assert merge(FIRST, again, base).conflicts == ("block counts",)
    # And it can be given up.
    assert str(merge(FIRST, theirs, base, "merge").card) == FIRST


@pytest.mark.parametrize("how", [None, "merge", "ours", "theirs"])
def test_a_config_of_somebody_else_stays_whatever_else_is_asked_for(how):
    theirs = change(FIRST, CONFIG)
    merged = merge(change(FIRST, NEXT), theirs, base_of(FIRST), how)
    assert merged.conflicts == ()
    assert (merged.others, merged.demoted) == (("extra",), ("extra",))
    data = merged.card.metadata
    assert [entry["config_name"] for entry in data["configs"]] == ["default", "extra"]
    assert [e.get("default") for e in data["configs"]] == [True, None]
    assert data["configs"][1]["data_files"][0]["path"] == "extra/train-*"
    assert data["dataset_info"][0]["splits"][0]["num_examples"] == 13
    assert yaml.safe_load(str(merged.card).split("---\n")[1]) == data


def test_a_config_of_the_last_build_goes_and_comes():
    two = FIRST.replace(
        "dataset_info:\n", "- config_name: round\n  data_files: []\ndataset_info:\n"
    )
    parts = digests(read_card(two))
    base = Base(parts, parts, frozenset({"default", "round"}))
    gone = merge(FIRST, change(two, PROSE), base)
    assert str(gone.card) == change(FIRST, PROSE)
    come = merge(two, change(FIRST, PROSE), base_of(FIRST))
    assert str(come.card) == change(two, PROSE)


HAND_MADE = """---
license: apache-2.0   # Bob's
tags: [drawn]
---
# My shapes

Made in 2019.
"""


def test_a_card_that_somebody_wrote_stops_the_push():
    merged = merge(FIRST, HAND_MADE, None)
    assert set(merged.conflicts) == {"yaml license", "text"}
    assert str(merge(FIRST, HAND_MADE, None, "ours").card) == FIRST
    assert merge(FIRST, FIRST, None).conflicts == ()


def test_theirs_gets_only_what_loading_needs():
    card = merge(FIRST, HAND_MADE, None, "theirs").card
    front, body = str(card).removeprefix("---\n").split("---\n")
    assert body == "# My shapes\n\nMade in 2019.\n"
    assert front.startswith("license: apache-2.0   # Bob's\ntags: [drawn]\n")
    assert list(card.metadata) == ["license", "tags", "configs", "dataset_info"]


def test_merge_adds_the_blocks_below_with_their_headings():
    merged = merge(FIRST, HAND_MADE, None, "merge")
    text = str(merged.card)
    assert text.startswith("---\n")
    assert text.endswith(
        "# My shapes\n\nMade in 2019.\n\n## Counts\n\n<!-- trimset: counts -->\n\n"
        "12 shapes\n\n<!-- trimset: end -->\n"
    )
    # A block that goes on with a sentence says nothing by itself.
    assert "by hand" not in text
    assert merged.card.metadata["license"] == "apache-2.0"
    assert merged.card.metadata["tags"] == ["drawn"]
    assert merged.card.metadata["pretty_name"] == "Shapes"
    base = Base(digests(read_card(FIRST)), digests(merged.card), frozenset({"default"}))
    assert str(merge(FIRST, text, base).card) == text
    news = str(merge(change(FIRST, NEXT), text, base).card)
    assert news == change(text, NEXT)


def test_a_card_without_yaml_gets_some():
    card = merge(FIRST, "# My shapes\n", None, "merge").card
    assert str(card).startswith("---\npretty_name: Shapes\nlicense: mit\n")
    assert "\n---\n# My shapes\n\n## Counts" in str(card)


def test_a_missing_block_comes_back_after_its_neighbour():
    three = FIRST.replace(
        "Bye.", "## More\n\n<!-- trimset: more -->\n\nmore\n\n<!-- trimset: end -->"
    )
    theirs = change(three, GONE, {"# Shapes": "# My shapes"})
    text = str(merge(three, theirs, base_of(three), "merge").card)
    assert text == three.replace("# Shapes", "# My shapes")


def test_a_block_that_is_generated_no_more_goes():
    two = change(FIRST, {"Bye.": "<!-- trimset: old -->\nx\n<!-- trimset: end -->"})
    text = str(merge(FIRST, change(two, {"# Shapes": "# S"}), base_of(two)).card)
    assert "trimset: old" not in text
    edited = change(two, {"\nx\n": "\ny\n"})
    assert merge(FIRST, edited, base_of(two)).conflicts == ("block old",)


def test_marks_of_others_are_text():
    theirs = change(FIRST, {"Bye.": "<!-- trimset: mine -->\nx\n<!-- trimset: end -->"})
    merged = merge(change(FIRST, NEXT), theirs, base_of(FIRST))
    assert merged.conflicts == ()
    assert "<!-- trimset: mine -->\nx\n<!-- trimset: end -->" in str(merged.card)


def test_a_card_of_a_release_that_set_no_marks():
    plain = FIRST.replace("<!-- trimset: end -->", "")
    for name in ("images", "counts"):
        plain = plain.replace(f"<!-- trimset: {name} -->", "")
    assert str(merge(FIRST, plain, base_of(plain, untouched=True)).card) == FIRST
    config = merge(FIRST, change(plain, CONFIG), base_of(plain))
    assert (config.conflicts, config.others) == ((), ("extra",))
    assert config.card.prose == read_card(FIRST).prose
    assert merge(FIRST, change(plain, PROSE), base_of(plain)).conflicts == ("text",)


def test_lines_end_as_they_did():
    theirs = change(FIRST, PROSE).replace("\n", "\r\n")
    text = str(merge(change(FIRST, NEXT), theirs, base_of(FIRST)).card)
    assert text == change(FIRST, PROSE, NEXT).replace("\n", "\r\n")


def test_differences_are_short():
    theirs = change(FIRST, BLOCK, {"n<1K": "n<2K"})
    sides = read_card(FIRST), read_card(theirs)
    assert tell_differences(*sides, ["block counts", "yaml size_categories"]) == [
        "--- on the Hub: block counts",
        "+++ as built: block counts",
        "@@ -1 +1 @@",
        "-a dozen",
        "+12 shapes",
        "--- on the Hub: yaml size_categories",
        "+++ as built: yaml size_categories",
        "@@ -1,2 +1,2 @@",
        " size_categories:",
        "-- n<2K",
        "+- n<1K",
    ]
    long = change(FIRST, {"12 shapes": "\n".join(f"{i} " * 99 for i in range(99))})
    lines = tell_differences(sides[0], read_card(long), ["block counts"])
    assert len(lines) == 41
    assert max(map(len, lines)) == 160
    assert lines[-1] == "… and 63 lines more"


# What lies under a name of the build, and is not of it; what else is told of it.
PUSHED = {  # by push_to_hub, without a name
    "configs": "- config_name: default\n  data_files:\n  - split: train\n"
    "    path: data/train-*\n",
    "dataset_info": "  features: []\n",
}
CLAIMS = [
    PUSHED,
    {"dataset_info": PUSHED["dataset_info"]},
    {"configs": "- data_files: data/default/train-*\n  data_dir: mine\n"},
    {"configs": "- data_files: {train: data/**}\n"},
    {"configs": "- data_files: ['https://example.org/a.csv']\n"},
    {"configs": "- data_files:\n  - split: all\n    path: data/default/*\n"},
    {"configs": "- config_name: default\n"},
]


@pytest.mark.parametrize("said", CLAIMS)
def test_a_config_of_somebody_else_under_a_name_of_the_build(said):
    front = "".join(f"{key}:\n{text}" for key, text in said.items())
    theirs = f"---\n{front}---\n"
    for how in (None, "theirs"):
        assert merge(FIRST, theirs, None, how).conflicts == ("config default",)
    for how in ("merge", "ours"):
        merged = merge(FIRST, theirs, None, how)
        assert (merged.conflicts, str(merged.card)) == ((), FIRST)
        assert merged.taken[-1] == "config default"
    sides = read_card(FIRST), read_card(theirs)
    told = tell_differences(*sides, ["config default"])
    assert told[0] == "--- on the Hub: config default"
    assert "+    path: data/default/train-*.parquet" in told
    assert told[-1] == "and 2 generated blocks would be added"
    if said == PUSHED:
        assert "-    path: data/train-*" in told


SPLIT = {"  default: true": "  - split: more\n    path: data/m*\n  default: true"}
SPLIT_OF_OURS = {"  default: true": "  - {split: all, path: 'data/default/t*'}"}
PATH = {"path: data/default/train-*.parquet": "path: data/*train-*"}
ROWS = {"num_examples: 12": "num_examples: 12\n    num_bytes: 3"}


@pytest.mark.parametrize("edit", [SPLIT, SPLIT_OF_OURS, PATH, RESPELLED, ROWS])
@pytest.mark.parametrize("build", [{}, NEXT])
def test_what_somebody_added_to_a_config_of_the_build(edit, build):
    base, theirs, ours = base_of(FIRST), change(FIRST, edit), change(FIRST, build)
    is_claim = edit in (SPLIT, SPLIT_OF_OURS, PATH)
    for how in (None, "theirs", "merge", "ours"):
        merged = merge(ours, theirs, base, how)
        if is_claim and how in (None, "theirs"):
            assert merged.conflicts == ("config default",)
        else:
            assert merged.conflicts == ()
            assert "config default" in merged.taken
            assert (
                merged.card.metadata["configs"] == read_card(ours).metadata["configs"]
            )
    # what only the build has anew is nobody's
    assert "config default" not in merge(ours, FIRST, base, "merge").taken


def test_a_config_that_was_lost_is_put_right_and_told():
    lost = change(FIRST, {"- config_name: default": "- config_name: other"})
    merged = merge(FIRST, lost, base_of(FIRST))
    assert (merged.conflicts, merged.taken) == ((), ("config default",))


@pytest.mark.parametrize("how", [None, "merge"])
@pytest.mark.parametrize(
    ("theirs", "added"),
    [
        ("", ""),
        ("\n", ""),
        ("---\nlicense: mit\n---", ""),
        ("---\nlicense: mit\nlanguage: en\n---\n\n", "language: en\n"),
    ],
)
def test_a_card_without_text_gets_that_of_the_build(theirs, added, how):
    merged = merge(FIRST, theirs, None, how)
    assert merged.conflicts == ()
    data = dict(merged.card.metadata)
    assert data.pop("language", None) == ("en" if added else None)
    assert data == read_card(FIRST).metadata
    assert merged.card.body == read_card(FIRST).body
    other = change(FIRST, {"license: mit": "license: cc0-1.0"})
    stops = ("yaml license",) if how is None and "license" in theirs else ()
    assert merge(other, theirs, None, how).conflicts == stops


def test_keys_in_another_order_are_no_news():
    theirs = "---\n# Bob's\nlicense: mit\npretty_name: Shapes\n---\n"
    text = str(merge(FIRST, theirs, None).card)
    assert text.startswith("---\n# Bob's\nlicense: mit\npretty_name: Shapes\n")
    assert str(merge(FIRST, text, base_of(FIRST, untouched=True)).card) == text


def test_a_card_that_nobody_touched_has_its_keys_in_the_order_of_the_build():
    title = "pretty_name: Shapes\n"
    ours = change(FIRST, NEXT, {title: "", "license: mit\n": f"license: mit\n{title}"})
    merged = merge(ours, FIRST, base_of(FIRST, untouched=True))
    assert str(merged.card) == ours
    kept = merge(ours, FIRST, base_of(FIRST))
    assert str(kept.card) == change(FIRST, NEXT)


def test_blocks_go_into_the_sections_that_are_there():
    def block(name):
        return f"<!-- trimset: {name} -->\n\n{name}\n\n<!-- trimset: end -->"

    ours = (
        f"# Ours\n\nWords.\n\n{block('summary')}\n\n## Load\n\n{block('load')}\n\n"
        f"{block('more')}\n\n## What\n\nIt is.\n\n{block('what')}\n\n{block('which')}\n"
    )
    theirs = (
        "# Theirs\n\nHello.\n\n## Load\n\nAsk me.\n\n```sh\n# not a heading\n```\n\n"
        "### Deep\n\nDown.\n\n## Thanks\n\nTo Bob.\n"
    )
    text = str(merge(ours, theirs, None, "merge").card)
    assert text == (
        f"# Theirs\n\nHello.\n\n{block('summary')}\n\n## Load\n\nAsk me.\n\n```sh\n"
        f"# not a heading\n```\n\n### Deep\n\nDown.\n\n{block('load')}\n\n"
        f"{block('more')}\n\n## Thanks\n\nTo Bob.\n\n## What\n\n{block('what')}\n\n"
        f"{block('which')}\n"
    )
    # each comes back to where it was, and between blocks there are blank lines
    for name in ("summary", "load", "more", "what", "which"):
        gone = text.replace(f"{block(name)}\n\n", "").replace(block(name), "")
        assert str(merge(ours, gone, base_of(ours), "merge").card) == text
    alone = str(merge(ours, f"# T\n\n{block('load')}\n", base_of(ours), "merge").card)
    assert alone.startswith(f"# T\n\n{block('summary')}\n\n{block('load')}\n\n")
    assert alone.count("# ") == 2


MANIFEST = {
    "files": {"data/default/train-00000.parquet": {}},
    "configs": {
        "default": {
            "train": {"num_examples": 12, "files": ["data/default/train-00000.parquet"]}
        }
    },
}


@pytest.mark.parametrize(
    ("text", "faults", "edited"),
    [
        (change(FIRST, PROSE), [], ("its text",)),
        (change(FIRST, BLOCK, YAML), [], ("yaml license", "block counts")),
        (change(FIRST, CONFIG), [], ("config extra",)),
        (change(FIRST, RESPELLED), [], ("config default",)),
        (FIRST.replace("license: mit", "license: 'mit'"), [], ("its form",)),
        (change(FIRST, GONE), [], ("block counts", "its text")),
        (change(FIRST, {"- config_name: default": "- config_name: x"}),
         ["its YAML has lost config default"], ()),
        (change(FIRST, {"train-*.parquet": "test-*"}),
         ["its YAML does not give the files and rows of config default"], ()),
        (change(FIRST, {"num_examples: 12": "num_examples: 13"}),
         ["its YAML does not give the files and rows of config default"], ()),
        (change(FIRST, {"  data_files:": "  data_files: 3\n  x:"}),
         ["its YAML does not give the files and rows of config default"], ()),
        ("", ["its YAML has lost config default"], ()),
        ("---\na: [\n---\n", None, ()),
    ],
)  # fmt: skip
def test_an_edited_card_is_not_a_damaged_one(text, faults, edited):
    found, parts = tell_edits(text.encode(), MANIFEST, digests(read_card(FIRST)))
    if faults is None:
        assert found[0].startswith("its YAML cannot be read")
    else:
        assert (found, set(parts)) == (faults, set(edited))


def test_bytes_that_are_no_card_are_damage():
    assert tell_edits(b"\xff\xfe", MANIFEST, None) == (["it is not UTF-8"], ())
    (fault,), _ = tell_edits(b"x" * (10 * 1024 * 1024 + 1), MANIFEST, None)
    assert fault == "it has 10,485,761 bytes, expected 10,485,760 at most"
    assert tell_edits(FIRST.encode(), MANIFEST, None) == ([], ("the card",))


def test_a_card_has_one_title():
    """Above the first block stands that of the build, which is no heading of it."""
    block = "<!-- trimset: about -->\n\nShapes.\n\n<!-- trimset: end -->\n"
    ours, theirs = read_card(f"# Tiny\n\n{block}"), read_card("# Mine\n\nHello.\n")
    text = str(merge_cards(ours, theirs, None, how="merge").card)
    assert text == f"# Mine\n\nHello.\n\n{block}"
