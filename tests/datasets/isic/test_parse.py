"""SIIM-ISIC metadata of every known spelling, and broken ones."""

import csv
import hashlib
import io
import json
import re
import sys

import pytest

from builder.datasets.isic import parse as isic
from builder.datasets.isic.recipe import IsicRecipe
from builder.datasets.isic.selection import select_isic
from builder.errors import AnnotationError, SelectionError, UsageError
from builder.sources.image_stores import FolderImages
from tests import isic_matrix
from tests.isic_probe import HEAD, MADE_UP, OFFICIAL, make_csv, trim
from tests.tiny import OFFICIAL_CSV

needs_official = pytest.mark.skipif(
    not OFFICIAL_CSV.is_file(), reason="needs the official metadata of ../shared"
)


IMAGES = FolderImages((), "images")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@needs_official
def test_the_official_file_gives_the_notebooks():
    assert sha256(trim(OFFICIAL_CSV.read_bytes())) == OFFICIAL


def test_a_made_up_file_of_that_size_gives_what_pandas_2_gave():
    assert sha256(trim(make_csv())) == MADE_UP


@pytest.fixture(scope="module")
def reference():
    """Return the rows of the made-up metadata that are taken."""
    return list(csv.DictReader(io.StringIO(trim(make_csv()).decode())))


def respell(change, *, newline="\n", rename=None):
    """Return the made-up metadata with every row changed."""
    rows = list(csv.DictReader(io.StringIO(make_csv().decode())))
    rows = [change(row) for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator=newline)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def with_lesion(row):
    return {"image_name": row["image_name"], "lesion_id": "IL_7", **row}


def with_whole_age(row):
    return {**row, "age_approx": row["age_approx"].removesuffix(".0")}


def as_hub(row):
    others = {name: value for name, value in row.items() if name != "image_name"}
    return {"file_name": f"train/{row['image_name']}.jpg", **others}


def picked(data):
    frame = isic.read_metadata(data, name="m.csv")
    return select_isic(frame, IsicRecipe(), name="m.csv", store=IMAGES)


@pytest.mark.parametrize(
    ("change", "newline"),
    [
        (with_lesion, "\r\n"),
        (with_whole_age, "\n"),
        (as_hub, "\n"),
    ],
)
def test_other_spellings_take_the_same_images(reference, change, newline):
    selection = picked(respell(change, newline=newline))
    names = [row["image_name"] for row in reference]
    assert isic.image_names(selection.small) == names
    assert selection.keys == [f"images/{name}.jpg" for name in names]
    text = selection.small_tables()["metadata_small.csv"].decode()
    assert "\r" not in text
    rows = list(csv.DictReader(io.StringIO(text)))
    if change is with_lesion:
        assert [with_lesion(row) for row in reference] == rows
        assert selection.column_types["lesion_id"] == "string"
    elif change is with_whole_age:
        # A gap makes pandas read whole numbers as floats: the notebook's own bytes.
        assert rows == reference
    else:
        assert selection.image_files[0] == f"train/{names[0]}.jpg"
        assert "image_name" not in selection.column_types
    assert selection.column_types["age_approx"] == "float64"


def test_ages_without_gaps_stay_whole():
    selection = picked(respell(lambda row: {**row, "age_approx": "45"}))
    assert selection.column_types["age_approx"] == "int64"
    assert set(selection.small["age_approx"]) == {45}


def test_rows_keep_their_values_and_gaps(reference):
    selection = picked(make_csv())
    (part,) = selection.splits()
    assert (part.config, part.split) == ("default", "train")
    assert list(part.columns["position"]) == list(range(2500))
    assert part.columns["label"] == [int(row["target"]) for row in reference]
    assert part.columns["target"] == part.columns["label"]
    for name in ("image_name", "sex", "anatom_site_general_challenge", "diagnosis"):
        assert part.columns[name] == [row[name] or None for row in reference]
    ages = [
        float(row["age_approx"]) if row["age_approx"] else None for row in reference
    ]
    assert part.columns["age_approx"] == ages
    assert None in ages
    assert None in part.columns["sex"]
    features = part.features
    assert list(features) == ["image", "label", *HEAD.split(","), "position"]
    assert features["label"].names == ["benign", "malignant"]


def test_feasibility_counts_the_source():
    benign, malignant = picked(make_csv()).told()["feasibility"]
    assert benign == {
        "label": "benign",
        "slice": "2000:4000",
        "available": 32_542,
        "taken": 2000,
    }
    assert malignant["available"] == 584
    assert malignant["taken"] == 500


@pytest.mark.parametrize("columns", ["image_name,benign_malignant,x"])
@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (("1", "2"), "int64", [1, 2]),
        (("1", ""), "float64", [1.0, None]),
        (("0.5", "NA"), "float64", [0.5, None]),
        (("True", "False"), "bool", [True, False]),
        (("True", ""), "string", ["True", None]),
        (("a,b", '"'), "string", ["a,b", '"']),
        (("", ""), "float64", [None, None]),
        (("18446744073709551615", "1"), "string", ["18446744073709551615", "1"]),
    ],
)
def test_columns_of_any_kind_keep_their_values(columns, values, dtype, expected):
    text = io.StringIO()
    csv.writer(text).writerows(
        [columns.split(","), ["a", "benign", values[0]], ["b", "malignant", values[1]]]
    )
    frame = isic.read_metadata(text.getvalue().encode(), name="m.csv")
    recipe = IsicRecipe((0, 1), (0, 1))
    selection = select_isic(frame, recipe, name="m.csv", store=IMAGES)
    assert selection.column_types["x"] == dtype
    (part,) = selection.splits()
    assert part.columns["x"] == expected


def test_numbers_that_are_names_keep_their_zeros():
    head = "image_name,patient_id,lesion_id,age_approx,benign_malignant"
    data = f"{head}\n0012,007,01,45,benign\n12,7,1,50,malignant\n".encode()
    frame = isic.read_metadata(data, name="m.csv")
    recipe = IsicRecipe((0, 1), (0, 1))
    selection = select_isic(frame, recipe, name="m.csv", store=IMAGES)
    assert selection.names == ["0012", "12"]
    assert selection.image_files == ["0012.jpg", "12.jpg"]
    (part,) = selection.splits()
    assert part.columns["patient_id"] == ["007", "7"]
    assert part.columns["lesion_id"] == ["01", "1"]
    assert part.columns["age_approx"] == [45, 50]
    assert part.features["patient_id"].dtype == "string"
    assert selection.small_tables()["metadata_small.csv"] == data


BROKEN = {
    "empty": (b"", "found that it is empty.*or give ISIC_2020_Training_GroundTruth"),
    "binary": (bytes(range(256)) * 4, "found that it is .*: "),
    "open quote": (
        b'image_name,benign_malignant\n"a,benign\n',
        "expected a table as CSV, found",
    ),
    "a test set": (
        b"image_name,patient_id\na,b\n",
        "expected the columns image_name .* found image_name, patient_id: give ISIC",
    ),
    "other label": (
        b"image_name,benign_malignant\na,benign\nb,indeterminate\n",
        "line 3 has benign_malignant 'indeterminate'; expected benign or malignant",
    ),
    "no label": (
        b"image_name,benign_malignant\na,\n",
        "line 2 has benign_malignant ''",
    ),
    "twice": (
        b"image_name,benign_malignant\na,benign\nb,benign\na,benign\n",
        "line 4 names the image 'a' again",
    ),
    "no name": (
        b"image_name,benign_malignant\na,benign\n,benign\n",
        "the file name '' of record in line 3 is empty",
    ),
    "up": (
        b"file_name,benign_malignant\n../a.jpg,benign\n",
        re.escape("the file name '../a.jpg' of record in line 2 has a '..' part"),
    ),
    "absolute": (b"image_name,benign_malignant\n/a,benign\n", "'/a'.* is absolute"),
    "drive": (b"image_name,benign_malignant\nC:/a,benign\n", "has a scheme or a drive"),
    "up, as Windows writes it": (
        b"image_name,benign_malignant\n..\\b,benign\n",
        "has a '..' part",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_wrong_metadata_is_named(case):
    data, message = BROKEN[case]
    with pytest.raises(AnnotationError, match=message) as caught:
        isic.read_metadata(data, name="mine.csv")
    assert str(caught.value).startswith("mine.csv: ")


def select(text, **options):
    frame = isic.read_metadata(text.encode(), name="mine.csv")
    recipe = IsicRecipe(**{"benign": (0, 2), "malignant": (0, 1), **options})
    return select_isic(frame, recipe, name="mine.csv", store=IMAGES)


TWO = "file_name,benign_malignant\nx/a.jpg,benign\ny/{}.jpg,benign\nz/c.jpg,malignant\n"


def test_two_images_of_one_base_name_are_refused():
    assert select(TWO.format("b")).keys == [f"images/{n}.jpg" for n in "abc"]
    with pytest.raises(
        AnnotationError, match=r"mine.csv: two images are called 'a.jpg"
    ):
        select(TWO.format("a"))


@pytest.mark.parametrize("column", ["image", "label", "position"])
def test_columns_of_the_dataset_itself_are_refused(column):
    text = TWO.format("b").replace("\n", ",1\n").replace("nant,1", f"nant,{column}", 1)
    with pytest.raises(AnnotationError, match=f"mine.csv: has a column '{column}'"):
        select(text)


def test_a_slice_beyond_the_end_names_file_and_options():
    message = "mine.csv: malignant rows 0:2 .* has only 1 malignant.*--benign, --mal"
    with pytest.raises(SelectionError, match=message):
        select(TWO.format("b"), malignant=(0, 2))


@pytest.mark.parametrize("bounds", [(5, 5), (5, 4), (-1, 4)])
@pytest.mark.parametrize("label", ["benign", "malignant"])
def test_slices_that_make_no_sense_are_refused(label, bounds):
    message = f"{label}: expected START:STOP .* found {bounds[0]}:{bounds[1]}"
    with pytest.raises(UsageError, match=message):
        IsicRecipe(**{label: bounds})


def test_the_matrix_tells_equal_from_not(tmp_path, monkeypatch, capsys):
    good = {"python": "3", "pandas": "3", "numpy": "2", "made_up": MADE_UP}
    good.update(pyarrow=False, heavy=[], official=OFFICIAL)
    answers = {"one": good, "two": {**good, "official": "00"}}
    monkeypatch.setattr(
        isic_matrix, "ENVIRONMENTS", {name: ((), [], False) for name in answers}
    )
    monkeypatch.setattr(isic_matrix, "make_environment", lambda folder, *_: folder.name)
    monkeypatch.setattr(isic_matrix, "probe", lambda python, _: answers[python])
    envs = ["--envs", str(tmp_path)]
    assert isic_matrix.main(envs) == 0
    assert isic_matrix.main([*envs, str(tmp_path)]) == 1
    assert "  official is '00', expected '31aee" in capsys.readouterr().out
    answers["one"] = {**good, "heavy": ["datasets"]}
    assert isic_matrix.main(envs) == 1


def test_the_probe_runs_here():
    report = isic_matrix.probe(sys.executable, None)
    assert report["made_up"] == MADE_UP
    assert report["heavy"] == []
    assert json.loads(json.dumps(report)) == report


def test_duplicates_are_read_and_wrong_ones_named():
    head = b"image_name_1,image_name_2\n"
    read = isic.read_duplicates
    assert read(head + b"a,b\nc,d\n", name="d.csv") == [("a", "b"), ("c", "d")]
    assert read(head + b"1,2\n,d\n", name="d.csv") == [("1", "2")]
    assert read(head, name="d.csv") == []
    for data in (b"", b"a,b\n1,2\n", b'image_name_1,image_name_2\n"a,b\n'):
        message = "d.csv: expected a CSV with the columns image_name_1 and image_name_2"
        with pytest.raises(AnnotationError, match=message):
            read(data, name="d.csv")


HEADED = "image_name,patient_id,sex,age_approx,benign_malignant"
ROWS = ["a,p1,male,35.0,benign", "b,p1,,40.0,malignant", "c,p2,female,45.0,benign"]
PLAIN = "\n".join([HEADED, *ROWS, ""])
DIALECTS = {
    "capitals in the header": PLAIN.replace(HEADED, HEADED.upper()),
    "capitals in the labels": PLAIN.replace(",benign\n", ",Benign\n"),
    "padded": PLAIN.replace(",", " , "),
    "semicolons": PLAIN.replace(",", ";"),
    "decimal commas": PLAIN.replace(",", ";").replace(".0", ",0"),
}


@pytest.mark.parametrize("case", DIALECTS)
def test_dialects_give_the_table_of_the_plain_one(case):
    frame = isic.read_metadata(DIALECTS[case].encode(), name="m.csv")
    assert isic.write_metadata(frame) == PLAIN.encode()


OTHERS = {
    "lesion_id,image_id,dx,dx_type,age": "HAM10000",
    "isic_id,attribution,benign_malignant": "ISIC archive",
    "isic_id,target,patient_id": "SLICE-3D",
    "image,MEL,NV,BCC,AK": "one-hot",
    "patient_id,lesion_id,diagnostic,img_id": "PAD-UFES-20",
    "md5hash,label,three_partition_label,url": "Fitzpatrick17k",
}


@pytest.mark.parametrize("head", OTHERS)
def test_other_tables_are_named_with_the_next_step(head):
    data = f"{head}\n{','.join('x' for _ in head.split(','))}\n".encode()
    with pytest.raises(AnnotationError, match=OTHERS[head]) as caught:
        isic.read_metadata(data, name="m.csv")
    assert "trimset init FOLDER writes a recipe" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_may_have_their_ending_already():
    data = b"image_name,benign_malignant\na.jpg,benign\nb,benign\nc.PNG,benign\n"
    frame = isic.read_metadata(data, name="m.csv")
    assert isic.image_files(frame) == ["a.jpg", "b.jpg", "c.PNG"]
    assert isic.image_names(frame) == ["a", "b", "c"]
    frame = isic.read_metadata(
        b"file_name,benign_malignant\nraw\\a.jpg,benign\n", name="m.csv"
    )
    assert isic.image_files(frame) == ["raw/a.jpg"]
    assert isic.image_names(frame) == ["a"]


def test_who_is_not_known_owns_nothing():
    data = b"image_name,patient_id,benign_malignant\na,unknown,benign\nb,-1,benign\n"
    frame = isic.read_metadata(data + b"c, ,benign\nd,1000,benign\n", name="m.csv")
    assert isic.known_owners(frame) == {"patient_id": [None, None, None, "1000"]}
    assert isic.known_owners(frame.iloc[:3]) == {}
    assert isic.texts(frame, "patient_id") == ["unknown", "-1", None, "1000"]


def test_another_encoding_is_said():
    data = "image_name,site,benign_malignant\na,Clínic,benign\n".encode("cp1252")
    frame = isic.read_metadata(data, name="m.csv")
    assert frame.attrs["notes"] == ("m.csv is not in UTF-8: read as Windows-1252",)
