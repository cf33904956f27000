"""What recipes take from tables: rules, splits, labels, groups and what is refused."""

import io

import numpy as np
import pandas as pd
import pytest

from builder.datasets.file_recipe import FileRecipe
from builder.errors import AnnotationError, SelectionError
from builder.selection.contract import draws_of
from tests.datasets.table.made import select, table

SPLITS = "[splits]\ntrain = 0.5\nvalidation = 0.25\ntest = 0.25\n"
GROUPED = 'label = "dx"\ngroup = "lesion"'


def rows_of(selection, config="default"):
    return {r.split: len(r) for r in selection.splits() if r.config == config}


def columns(selection, config="default", split="train"):
    (rows,) = [r for r in selection.splits() if (r.config, r.split) == (config, split)]
    return {name: list(values) for name, values in rows.columns.items()}


def test_all_rows_of_one_table_are_one_split():
    selection = select(table(8))
    assert selection.is_settled
    (group,) = selection.images()
    names = [f"i{n:03}.png" for n in range(8)]
    assert (list(group.names), list(group.keys)) == (names, names)
    (rows,) = selection.splits()
    assert (rows.config, rows.split, rows.is_whole) == ("default", "train", True)
    assert rows.images.tolist() == list(range(8))
    assert list(rows.columns["label"]) == [1, 2, 2, 0] * 2
    assert list(rows.columns["age"]) == list(range(20, 28))
    assert rows.columns["age"][2:4] == [22, 23]
    assert rows.columns["age"][-1] == 27
    assert list(rows.features) == [
        "image",
        "label",
        "image_id",
        "dx",
        "lesion",
        "age",
        "sex",
    ]
    assert rows.features["label"].names == ["bcc", "mel", "nv"]
    assert rows.features["age"].dtype == "int64"
    assert selection.told()["feasibility"][2] == {
        "label": "nv", "available": 4, "taken": 4, "in train": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        f'[select]\nrule = "sample"\nsamples = 0.5\n{SPLITS}',
        f'[select]\nrule = "per_label"\nsamples = 0.3\n{SPLITS}',
        f'[select]\nrule = "balanced"\nsamples = 6\n{SPLITS}',
    ],
)
def test_images_are_the_rows_of_all_splits_each_once_in_the_order_of_the_table(text):
    taken = select(table(80), text)
    splits = taken.chosen.splits
    where = {row: split for split, rows in splits.items() for row in rows.tolist()}
    union = sorted(where)
    kinds = ("mel", "nv", "nv", "bcc")
    assert taken.union.tolist() == union
    assert list(taken.keys) == [f"i{row:03}.png" for row in union]
    assert taken.split_of == [where[row] for row in union]
    assert taken.labels.tolist() == [kinds[row % 4] for row in union]


def test_a_table_without_a_label():
    selection = select(
        table(8), columns="", text='[select]\nrule = "sample"\nsamples = 0.5'
    )
    (rows,) = selection.splits()
    expected = sorted(np.random.RandomState(42).choice(8, size=4, replace=False))
    assert [int(name[1:4]) for name in rows.columns["image_id"]] == expected
    assert "label" not in rows.features
    assert selection.told()["feasibility"][0]["taken"] == 4


def test_rows_of_each_label():
    rule = '[select]\nrule = "per_label"\nsamples = '
    assert select(table(40), rule + "0.25").told()["parent"]["labels"] == {
        "bcc": 10, "mel": 10, "nv": 20,
    }  # fmt: skip
    taken = [f["taken"] for f in select(table(40), rule + "0.25").told()["feasibility"]]
    assert taken == [3, 3, 5]
    some = select(table(40), rule + "{mel = 4, bcc = 0.1}")
    assert some.classes == ["mel", "bcc"]
    assert columns(some)["label"].count(0) == 4
    some = select(table(40), rule + '2\ntargets = ["nv"]')
    assert (some.classes, columns(some)["label"]) == (["nv"], [0, 0])
    short = r"m.csv: fewer rows .* of bcc \(has 10 of 20\), mel \(has 10 of 20\): ask"
    with pytest.raises(SelectionError, match=short):
        select(table(40), rule + "20")
    with pytest.raises(SelectionError, match="found 'mell': did you mean 'mel'"):
        select(table(40), rule + "{mell = 4}")


def test_slices_are_those_of_rows_sorted_as_pandas_2_did():
    text = '[select]\nrule = "slices"\nslices = {nv = "2:6", mel = "0:3"}'
    selection = select(table(40), text)
    assert columns(selection)["label"] == [0] * 4 + [1] * 3
    labels = np.array(
        [["mel", "nv", "nv", "bcc"][n % 4] for n in range(40)], dtype=object
    )
    order = np.argsort(labels, kind="quicksort")
    expected = [*order[labels[order] == "nv"][2:6], *order[labels[order] == "mel"][:3]]
    assert [int(name[1:4]) for name in columns(selection)["image_id"]] == expected


def test_balanced_draws_make_a_config_for_each_class():
    text = '[select]\nrule = "balanced"\nsamples = 30\ntargets = ["mel"]'
    selection = select(table(40), text)
    assert rows_of(selection, "mel") == {"train": 30}
    drawn = columns(selection, "mel")
    assert drawn["label"] == [1] * 15 + [0] * 15
    assert drawn["draw"] == list(range(30))
    assert any(drawn["repeat"][:15])
    assert not any(drawn["repeat"][15:])
    chance = np.random.RandomState(42)
    mels, others = np.arange(0, 40, 4), np.array([n for n in range(40) if n % 4])
    expected = [*mels[chance.choice(10, 15)], *others[chance.choice(30, 15, False)]]
    assert [int(name[1:4]) for name in drawn["image_id"]] == expected
    default = columns(selection)
    assert sorted(set(expected)) == [int(name[1:4]) for name in default["image_id"]]
    (facts,) = selection.told()["feasibility"]
    assert facts["positives_available"] == 10
    assert facts["repeated_positives"] == 15 - len(set(expected[:15]))
    features = selection.splits()[1].features
    assert features["label"].names == ["other", "mel"]
    assert set(draws_of(selection)) == {"default", "mel"}


def test_a_class_may_be_called_other_or_default_or_anything():
    kinds = ["other", "default", "猫", "a b", "a_b"]
    text = "image_id,dx\n" + "".join(f"{n}.png,{kinds[n % 5]}\n" for n in range(20))
    selection = select(text, '[select]\nrule = "balanced"\nsamples = 4')
    configs = list(dict.fromkeys(rows.config for rows in selection.splits()))
    assert len(configs) == len({name.lower() for name in configs}) == 6
    names = {r.config: r.features["label"].names for r in selection.splits()[1:]}
    assert names["other"] == ["not other", "other"]
    assert ["other", "猫"] in names.values()


@pytest.mark.parametrize("rule", ["all", "per_label"])
def test_fractions_cut_what_was_taken_by_group(rule):
    samples = "" if rule == "all" else "samples = 0.5\n"
    selection = select(
        table(80), f'[select]\nrule = "{rule}"\n{samples}{SPLITS}', columns=GROUPED
    )
    total = 80 if rule == "all" else 40
    assert sum(rows_of(selection).values()) == total
    assert rows_of(selection)["train"] == pytest.approx(total / 2, abs=1)
    split_of = {}
    for rows in selection.splits():
        for lesion in rows.columns["lesion"]:
            assert split_of.setdefault(lesion, rows.split) == rows.split
    told = selection.told()["groups"]
    assert told["columns"] == ["lesion"]
    assert told["rows"] == total
    assert told["size_off"] <= 0.0251


def test_pairs_and_several_columns_keep_rows_together():
    text = "image_id,dx,p,q\n" + "".join(
        f"i{n},{'ab'[n % 2]},{patient},{'Q' if n in (1, 2) else -1}\n"
        for n, patient in enumerate(["P1", "P1", *["unknown"] * 38])
    )
    cut = select(
        text,
        SPLITS,
        columns='label = "dx"\ngroup = ["p", "q"]',
        pairs=[("i2.jpg", "i7")],
    )
    where = dict(zip(cut.keys, cut.split_of, strict=True))
    assert len({where[f"i{n}"] for n in (0, 1, 2, 7)}) == 1
    assert cut.told()["groups"]["largest"] == 4  # unknown and -1 link nothing
    assert len(set(where.values())) == 3


def crowded(rows, large):
    """A table in which one lesion has many rows."""
    lines = [
        f"i{n:03}.png,{'ab'[n % 2]},{'L' if n < large else f'M{n}'}"
        for n in range(rows)
    ]
    return "\n".join(["image_id,dx,lesion", *lines]) + "\n"


def test_a_group_too_large_for_the_splits_is_told_and_cut_all_the_same():
    selection = select(crowded(60, 50), SPLITS, columns=GROUPED)
    (note,) = selection.notes_of_cut
    assert note.startswith(
        "the splits are as near as was found: 60 rows in 11 groups: 50 rows, i000.png"
        " among them, are one group, as they belong together by lesion 'L' (50 rows);"
    )
    steps = note.partition("test 15): ")[2].split("; or ")
    assert steps[0].startswith("take 'lesion' out of columns.group, or leave it blank")
    assert steps[1:] == [
        "give one of [splits] a share of 84 % or more",
        "set tolerance = 0.34 in [select]",
        "leave 40 of them out",
    ]
    assert rows_of(selection)["train"] == 50
    for rows in selection.splits():
        assert len(rows) > 0


def test_a_tolerance_is_a_promise():
    text = '[select]\nrule = "all"\ntolerance = {}\n' + SPLITS
    options = {"columns": GROUPED}
    with pytest.raises(SelectionError, match=r"^m\.csv: 60 rows in 11 groups: 50 rows"):
        select(crowded(60, 50), text.format(0.33), **options)
    selection = select(crowded(60, 50), text.format(0.34), **options)
    (note,) = selection.notes_of_cut
    assert note.startswith("splits: train has 83.3 % of the rows for 50.0 %; ")
    assert FileRecipe(selection.file).as_dict()["tolerance"] == 0.34
    usual = select(crowded(60, 50), SPLITS, **options)
    assert rows_of(selection) == rows_of(usual)
    assert "tolerance" not in FileRecipe(usual.file).as_dict()


def test_splits_that_are_near_have_nothing_to_say():
    selection = select(table(80), SPLITS, columns='label = "dx"')
    assert selection.notes_of_cut == ()
    given = "image_id,dx,part\n" + "".join(
        f"i{n},{'ab'[n % 2]},{['val', 'train'][n % 2]}\n" for n in range(12)
    )
    split = 'label = "dx"\nsplit = "part"'
    assert select(given, columns=split).notes_of_cut == ()


def test_one_group_alone_is_refused():
    words = (
        r"m\.csv: 20 rows in 1 group cannot be cut into 3 splits, each with a group of"
        r" its own \(lesion 'L' \(20 rows\)\): take 'lesion' out of .*: then there are"
        r" 20 groups; or give fewer splits in \[splits\]; or take rows of more groups"
    )
    with pytest.raises(SelectionError, match=words):
        select(crowded(20, 20), SPLITS, columns=GROUPED)


def test_samples_by_split_cut_first():
    samples = "samples = {train = 4, validation = 2, test = 1}"
    text = f'[select]\nrule = "per_label"\n{samples}\n{SPLITS}'
    selection = select(table(80), text, columns=GROUPED)
    assert rows_of(selection) == {"train": 12, "validation": 6, "test": 3}


def test_a_column_of_splits():
    text = "image_id,dx,part\n" + "".join(
        f"i{n},{'ab'[n % 2]},{['val', 'train', ''][n % 3]}\n" for n in range(12)
    )
    selection = select(text, columns='label = "dx"\nsplit = "part"')
    assert rows_of(selection) == {"val": 4, "train": 4}
    assert selection.told()["left_out"] == {"without a split": 4}
    assert selection.notes == ("4 rows without a split left out",)
    with pytest.raises(AnnotationError, match="line 2 has the split 'the first'"):
        select(text.replace("val", "the first"), columns='split = "part"')
    with pytest.raises(SelectionError, match="either fractions or a column of splits"):
        select(text, SPLITS, columns='split = "part"')


def test_a_table_for_each_split():
    tables = {"train": table(12), "extra.test": table(8)}
    selection = select(
        tables, '[select]\nrule = "sample"\nsamples = {train = 3, "extra.test" = 1.0}'
    )
    assert rows_of(selection) == {"train": 3, "extra.test": 8}
    one, two = selection.images()
    assert (one.role, two.role) == ("train images", "extra.test images")
    # Both tables have images of these names.
    assert two.keys[0] == "extra.test/i000.png"
    assert two.names[0] == "i000.png"
    with pytest.raises(SelectionError, match="found 'tran': did you mean 'train'"):
        select(tables, '[select]\nrule = "sample"\nsamples = {tran = 3}')


def test_labels_are_merged_and_others_left_out():
    text = table(40) + "x,Unknown,L,1,m\ny,,L,1,m\nz,MEL,L,1,m\n"
    selection = select(
        text, columns='label = "dx"\nlabels = {bad = ["mel", "bcc"], good = "nevus"}'
    )
    assert selection.classes == ["bad", "good"]
    assert selection.told()["parent"] == {"rows": 21, "labels": {"bad": 21, "good": 0}}
    assert selection.told()["left_out"] == {"without a label": 22}
    assert "no class stands for 'nv' (20): rows left out" in selection.notes
    with_na = select(text, columns='label = "dx"\nlabels = {none = "unknown"}')
    assert len(with_na.union) == 1  # named, so it is no gap


def test_numbers_as_labels_are_the_same_however_they_are_written():
    text = "image_id,dx\na,1.0\nb,0\nc,1\n"
    selection = select(
        text, columns='label = "dx"\nlabels = {benign = "0", malignant = "1"}'
    )
    assert columns(selection)["label"] == [1, 0, 1]


def test_one_column_a_class():
    text = "image,MEL,NV\na,1.0,0.0\nb,0.0,1.0\nc,0,0\n"
    one_hot = 'label = ["NV", "MEL"]'
    with pytest.raises(
        AnnotationError, match=r"expected a column 'image_id' .* did you mean 'image'"
    ):
        select(text, columns=one_hot)
    selection = select(text.replace("image", "image_id"), columns=one_hot)
    assert selection.classes == ["NV", "MEL"]
    assert columns(selection)["label"] == [1, 0]
    assert columns(selection)["MEL"] == [1.0, 0.0]
    assert selection.told()["left_out"] == {"without a label": 1}
    with pytest.raises(
        AnnotationError,
        match="line 2 is 1 in NV and in MEL; expected one",
    ):
        select("image_id,MEL,NV\na,1,1\n", columns=one_hot)


def test_rows_of_one_image():
    rows = "image_id,dx\na,mel\nb,nv\n./a,mel\n"
    message = (
        "m.csv: line 2 and line 4 are both of the image './a' and differ in image_id"
    )
    with pytest.raises(AnnotationError, match=message):
        select(rows)
    with pytest.raises(
        AnnotationError, match="differ in dx 'mel' and 'nv'; expected one"
    ):
        select("image_id,dx\na,mel\na,nv\n")
    selection = select("image_id,dx\na,mel\nb,nv\na,mel\n")
    assert selection.keys == ["a", "b"]
    assert selection.told()["left_out"] == {"said twice": 1}


@pytest.mark.parametrize("name", ["../a.jpg", "/a.jpg", "C:\\a.jpg", "..\\a.jpg"])
def test_names_that_lead_out_of_the_source_are_refused(name):
    with pytest.raises(
        AnnotationError, match=r"m.csv: the file name .* of record in line 2 .*: "
    ):
        select(f"image_id,dx\n{name},a\n")


def test_names_are_looked_for_as_the_table_has_them():
    (group,) = select("image_id,dx\nraw\\a.jpg,x\n0012,y\n").images()
    assert list(group.names) == ["raw\\a.jpg", "0012"]
    assert list(group.keys) == ["raw/a.jpg", "0012"]


def test_columns_of_the_datasets_own_names():
    text = "image_id,image,label,dx\na,1,2,x\n"
    selection = select(text)
    assert selection.own["label"] == "source_label"
    assert columns(selection)["source_image"] == [1]
    assert (
        "the column 'label' is called 'source_label' in the dataset" in selection.notes
    )
    own = select("image_id,label\na,x\n", columns='label = "label"')
    assert list(own.splits()[0].features) == ["image", "label", "image_id"]
    with pytest.raises(AnnotationError, match="rename one of them"):
        columns(select("image_id,label,source_label,dx\na,1,2,x\n"))


def test_rules_that_need_a_label_say_so():
    with pytest.raises(SelectionError, match=r"takes rows by label: add label to"):
        select(table(8), '[select]\nrule = "per_label"\nsamples = 1', columns="")
    with pytest.raises(
        SelectionError, match="none of 4 without 'a': take another label"
    ):
        select(
            "image_id,dx\n1,a\n2,a\n3,a\n4,a\n",
            '[select]\nrule = "balanced"\nsamples = 2',
        )


def test_a_table_of_which_no_row_is_left_is_refused():
    with pytest.raises(
        AnnotationError, match=r"no row is left \(1 without a label\): check"
    ):
        select("image_id,dx\na,unknown\n")


def test_the_export_is_a_table_in_the_order_of_the_splits():
    selection = select(table(40), SPLITS, columns=GROUPED)
    export = selection.export()
    rows = pd.read_csv(io.BytesIO(export.files["labels.csv"]))
    assert list(rows.columns[:3]) == ["file", "split", "class"]
    assert list(rows["file"]) == [
        selection.keys[image] for split in selection.splits() for image in split.images
    ]
    assert export.record["splits"] == rows_of(selection)
    assert export.record["columns"]["age"] == "int64"
