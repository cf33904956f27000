"""Figures: the same bytes every time, of the stated size, and saying what they show."""

import io
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

from builder.audit import contact_sheet as sheets
from builder.audit import figures, shortcut_figure
from builder.audit.contact_sheet import contact_sheet
from builder.audit.context import count_context
from builder.audit.figures import plot_context, plot_labels
from builder.audit.labels import LabelCount
from builder.audit.paper import save
from builder.audit.shortcut_figure import plot_shortcuts
from tests.images.test_inspect import draw, encode, exif

NAMES = ("person", "cup", "dining table", "skis", "$x$ bench")
PERSON, CUP, TABLE, SKIS, BENCH = range(5)
KNOWN = {"known_pairs": [("cup", "dining table"), ("skis", "person"), ("bus", "road")]}


def make_context(lifted=40):
    rows = [
        *[[CUP, TABLE]] * lifted,
        *[[CUP]] * (60 - lifted),
        *[[SKIS, PERSON]] * 60,
        *[[PERSON, BENCH]] * 400,
    ]
    has = np.array([[name in row for row in rows] for name in range(len(NAMES))])
    draws = [(np.arange(50), np.arange(60, 110)), (np.arange(60, 90),) * 2]
    return count_context(has, NAMES, (CUP, SKIS), draws)


FEATURES = {
    "sex": [LabelCount("female", 90, 10), LabelCount("missing", 4, 0)],
    "site": [LabelCount("torso", 50, 44)],
}
SHORTCUTS = [
    {"scope": scope, "label": label, "measure": measure,
     "auc": auc, "low": auc - 0.1, "high": min(1, auc + 0.05)}
    for scope, label, measure, auc in (
        ("selection", "Animalia Chordata Aves Passer", "bytes", 0.98),
        ("source", "a" * 24, "height", 0.2),
        ("selection", "$x$\ny", "dark_corners", 0.75),
    )
]  # fmt: skip
IMAGES = [(encode(draw(300, 200, seed=seed)), f"label {seed}") for seed in range(6)]


def read(png):
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        assert set(image.info) - {"dpi"} == set()  # no version, no time
        return np.asarray(image.convert("RGB")).astype(np.int16)


LABELS = {"negative": "well", "positive": "ill"}
DRAWINGS = {
    "context": (lambda: plot_context(make_context(), **KNOWN, framed="some"), 1600),
    "labels": (lambda: plot_labels(FEATURES, **LABELS), 1600),
    "shortcuts": (lambda: plot_shortcuts(SHORTCUTS), 1600),
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

    def look(figure):
        found.extend(text.get_text() for text in figure.findobj(mpl.text.Text))
        return save(figure)

    for module in (figures, shortcut_figure, sheets):
        monkeypatch.setattr(module, "save", look)
    make()
    return found


def test_context_writes_only_sure_lifts(monkeypatch):
    context = make_context()
    sure = context.lift()[0][context.is_sure()]
    written = texts(monkeypatch, lambda: plot_context(context))
    assert {"person", "cup", "dining table", "skis"} <= set(written)
    assert "10" in written  # 40 of 50 against 40 of 520: 10.4
    numbers = [word for word in written if word.replace(".", "").isdigit()]
    assert len([n for n in numbers if n not in {"1", "4", "16"}]) == len(sure)


def test_context_shows_known_pairs_first_and_no_more_than_fit(monkeypatch):
    def written(**options):
        return texts(monkeypatch, lambda: plot_context(make_context(0), **options))

    shown = written(**KNOWN, columns=2)
    assert {"dining table", "person"} - set(shown) == set()
    assert "$x$ bench" not in shown
    # Without them the table tells nothing: it is beside no cup.
    assert "dining table" not in written(columns=2)


def test_the_legend_says_what_is_framed(monkeypatch):
    def legend(**options):
        written = texts(monkeypatch, lambda: plot_context(make_context(), **options))
        (text,) = [word for word in written if word.startswith("Lift")]
        return text.split("\n")[1]

    plain = "(row), in its training draw, as in the source."
    assert legend() == plain
    assert legend(**KNOWN, framed="A et al. 2020") == f"{plain} Framed: A et al. 2020."
    bare, framed = plot_context(make_context()), plot_context(make_context(), **KNOWN)
    assert bare != framed


def test_context_of_many_classes_shows_those_that_tell_most(monkeypatch):
    names = [f"class {number}" for number in range(1200)]
    has = np.zeros((1200, 600), dtype=np.bool_)
    has[1199, :60] = has[1198, :60] = True  # always together
    draws = [(np.flatnonzero(row), np.arange(60, 120)) for row in has]
    context = count_context(has, names, range(1200), draws)
    made = []
    written = texts(monkeypatch, lambda: made.append(plot_context(context)))
    height, *rest = read(made[0]).shape
    assert rest == [1600, 3]
    assert abs(height - 200 * (0.285 * 40 + 1.6)) < 2  # rounded as matplotlib does
    assert {"class 1198", "class 1199", "class 37"} <= set(written)
    assert "class 38" not in written
    assert any("Shown: 40 of 1,200 classes." in text for text in written)


@pytest.mark.filterwarnings("error")
def test_context_without_company_shows_the_class_itself(monkeypatch):
    has = np.array([[True] * 9 + [False] * 9])
    draws = [(np.arange(9), np.arange(9, 18))]
    context = count_context(has, ["cup"], [0], draws)
    written = texts(monkeypatch, lambda: plot_context(context))
    assert written.count("cup") == 4  # a row and a column, on either side


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "name", ["\u732b", "\u0642\u0637", "\u05d7\u05ea", "\U0001f408", "\n"]
)
def test_letters_that_the_font_lacks_do_not_warn(name):
    has = np.array([[True] * 9 + [False] * 9])
    context = count_context(has, [name], [0], [(np.arange(9), np.arange(9, 18))])
    plot_context(context)
    contact_sheet([(IMAGES[0][0], name)])


def test_long_names_are_cut_to_what_fits(monkeypatch):
    has = np.array([[True] * 9 + [False] * 9])
    draws = [(np.arange(9), np.arange(9, 18))]
    context = count_context(has, ["Animalia Chordata Aves"], [0], draws)
    written = texts(monkeypatch, lambda: plot_context(context))
    assert "Animalia Chordata\u2026" in written


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


def test_shortcuts_name_class_and_measure_and_no_more_than_fit(monkeypatch):
    written = texts(monkeypatch, lambda: plot_shortcuts(SHORTCUTS))
    assert "Animalia Chordata Aves \u2026: file size in bytes" in written
    assert f"{'a' * 24}: height (source)" in written
    assert "$x$ y: dark corners" in written
    wanted = {"larger with the class", "smaller with the class"}
    assert wanted - set(written) == set()
    made = []
    few = texts(monkeypatch, lambda: made.append(plot_shortcuts(SHORTCUTS * 9, rows=2)))
    assert "$x$ y: dark corners" not in few
    height, *rest = read(made[0]).shape
    assert rest == [1600, 3]
    assert abs(height - 200 * (0.24 * 2 + 1.05)) < 2  # rounded as matplotlib does


def test_an_auc_below_a_half_is_drawn_as_far_above(monkeypatch):
    """And its interval with it: blue, to the right of the line at 0.5."""
    pixels = read(plot_shortcuts([SHORTCUTS[1]]))
    blue = (pixels[:, :, 2] - pixels[:, :, 0] > 100)[: 200 * 1]
    columns = np.flatnonzero(blue.any(axis=0))
    left, width = 0.42 * 1600, 0.53 * 1600
    at = [0.48 + 0.525 * (c - left) / width for c in (columns[0], columns[-1])]
    assert at == pytest.approx([0.75, 0.9], abs=0.02)


def test_labels_write_counts_and_values(monkeypatch):
    written = texts(monkeypatch, lambda: plot_labels(FEATURES, **LABELS))
    wanted = {"sex", "site", "female", "missing", "torso", "100", "94", "4"}
    wanted |= {"Images", "well", "ill", "Ill share, 95% interval"}
    assert wanted - set(written) == set()


def test_contact_sheet_shows_the_pictures_upright():
    red = Image.new("RGB", (60, 40), "red")
    red.paste("blue", (0, 0, 30, 40))  # left blue, right red
    sheet = read(contact_sheet([(encode(red, quality=95, exif=exif(6)), "turned")]))
    top, bottom = sheet[8 + 20, 8 + 95], sheet[8 + 120, 8 + 95]
    assert top[2] > 200 > top[0]
    assert bottom[0] > 200 > bottom[2]


@pytest.mark.filterwarnings("error")
def test_contact_sheet_does_not_warn_of_odd_images():
    first, second = (draw(60, 40, seed=seed) for seed in (1, 2))
    out = io.BytesIO()
    first.save(out, "MPO", save_all=True, append_images=[second])
    odd = out.getvalue().replace(b"MPF\0", b"MPF\0??", 1)
    with pytest.warns(UserWarning, match="MPO"):
        Image.open(io.BytesIO(odd))
    assert contact_sheet([(odd, "x")]) == contact_sheet([(encode(first), "x")])


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


def test_a_palette_with_transparency_is_no_warning():
    """Pillow would warn of it, and a warning fails a test here."""
    picture = Image.new("P", (48, 48))
    picture.putpalette([200, 30, 30] * 256)
    clear = encode(picture, "PNG", transparency=bytes(256))
    assert contact_sheet([(clear, "x")]) == contact_sheet(
        [(encode(picture, "PNG"), "x")]
    )
