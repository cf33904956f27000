"""Figures: the same bytes every time, of the stated size, and saying what they show."""

import io
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from builder.audit import figures
from builder.audit.context import count_context
from builder.audit.figures import contact_sheet, draw_context, draw_labels
from builder.audit.labels import LabelCount
from tests.images.test_inspect import draw, encode, exif

NAMES = {1: "person", 2: "cup", 3: "dining table", 4: "skis", 5: "$x$ bench"}


def make_context(lifted=40):
    rows = [[2, 3]] * lifted + [[2]] * (60 - lifted) + [[4, 1]] * 60 + [[1, 5]] * 400
    indptr = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    ids = np.array([c for row in rows for c in row], dtype=np.int32)
    draws = {2: (np.arange(50), np.arange(60, 110)), 4: (np.arange(60, 90),) * 2}
    return count_context(indptr, ids, NAMES, draws)


FEATURES = {
    "sex": [LabelCount("female", 90, 10), LabelCount("missing", 4, 0)],
    "site": [LabelCount("torso", 50, 44)],
}
IMAGES = [(encode(draw(300, 200, seed=seed)), f"label {seed}") for seed in range(6)]


def read(png):
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        assert set(image.info) <= {"dpi"}
        return np.asarray(image.convert("RGB")).astype(np.int16)


DRAWINGS = {
    "context": (lambda: draw_context(make_context()), 1600),
    "labels": (lambda: draw_labels(FEATURES), 1600),
    "contact": (lambda: contact_sheet(IMAGES), 800),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_figures_are_the_same_whatever_the_user_has_set(name):
    make, width = DRAWINGS[name]
    png = make()
    assert read(png).shape[1] == width
    with mpl.rc_context({"font.size": 30, "text.usetex": False, "axes.grid": True}):
        assert make() == png
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.parametrize("name", DRAWINGS)
def test_paper_is_white_to_the_edge_and_nothing_is_cut_off(name):
    make, _ = DRAWINGS[name]
    pixels = read(make())
    for edge in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (edge == 255).all()


def test_figures_are_the_same_in_another_process():
    code = (
        "import sys, hashlib; from tests.audit.test_figures import DRAWINGS;"
        "assert 'matplotlib.pyplot' not in sys.modules;"
        "print(*[hashlib.sha256(make()).hexdigest() for make, _ in DRAWINGS.values()]);"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def texts(monkeypatch, make):
    """Every text of the figure that `make` draws."""
    found = []

    def look(figure, save=figures._save):
        found.extend(text.get_text() for text in figure.findobj(mpl.text.Text))
        return save(figure)

    monkeypatch.setattr(figures, "_save", look)
    make()
    return found


def test_context_writes_only_sure_lifts(monkeypatch):
    context = make_context()
    sure = context.lift()[0][context.is_sure()]
    written = texts(monkeypatch, lambda: draw_context(context))
    assert {"person", "cup", "dining table", "skis"} <= set(written)
    assert "10" in written  # 40 of 50 against 40 of 520: 10.4
    numbers = [word for word in written if word.replace(".", "").isdigit()]
    assert len([n for n in numbers if n not in {"1", "4", "16"}]) == len(sure)


def test_context_shows_known_pairs_first_and_no_more_than_fit(monkeypatch):
    written = texts(monkeypatch, lambda: draw_context(make_context(0), columns=2))
    assert {"dining table", "person"} <= set(written)
    assert "$x$ bench" not in written


@pytest.mark.parametrize(
    ("lift", "text"),
    [
        (0, "0"),
        (0.0601, "0.06"),
        (0.44, "0.4"),
        (3.14, "3.1"),
        (9.96, "10"),
        (38, "38"),
    ],
)
def test_lifts_fit_their_cells(lift, text):
    assert figures._write_lift(lift) == text


def test_labels_write_counts_and_values(monkeypatch):
    written = texts(monkeypatch, lambda: draw_labels(FEATURES))
    assert {"sex", "site", "female", "missing", "torso", "100", "94"} <= set(written)


def test_contact_sheet_shows_the_pictures_upright():
    red = Image.new("RGB", (60, 40), "red")
    red.paste("blue", (0, 0, 30, 40))  # left blue, right red
    sheet = read(contact_sheet([(encode(red, quality=95, exif=exif(6)), "turned")]))
    top, bottom = sheet[8 + 20, 8 + 95], sheet[8 + 120, 8 + 95]
    assert top[2] > 200 > top[0]
    assert bottom[0] > 200 > bottom[2]


def test_contact_sheet_breaks_and_ends_long_labels(monkeypatch):
    label = (
        "bottle, cup, spoon, bowl, oven, toaster, wine glass, microwave, refrigerator"
    )
    written = texts(monkeypatch, lambda: contact_sheet([(IMAGES[0][0], label)]))
    (text,) = [word for word in written if word]
    assert text.startswith("bottle, cup, spoon")
    assert text.endswith(" \u2026")
    assert [len(line) <= 31 for line in text.split("\n")] == [True, True]


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_contact_sheet_takes_every_mode(mode):
    kind = "TIFF" if mode == "CMYK" else "PNG"
    sheet = read(contact_sheet([(encode(draw(mode=mode), kind), "x")] * 5))
    assert sheet.shape == (2 * 184 + 8, 800, 3)
