"""Shortcuts, conflicts, modes and turns in the card: whole sentences in every case."""

import re

import pytest

from builder.card.conflicts import tell_conflicts
from builder.card.modes import tell_modes
from builder.card.shortcuts import tell_shortcuts
from tests.card.made import make_manifest


def entry(measure="bytes", auc=0.8, typical=(4670.2, 3785), label="round", **more):
    return {
        "scope": "selection", "label": label, "against": "", "measure": measure,
        "auc": auc, "low": auc - 0.1, "high": auc + 0.1, "with": 5, "without": 7,
        "typical": list(typical), **more,
    }  # fmt: skip


def tell(strongest=(), *, against="", labels=("round", "square"), **more):
    scope = {
        "measures": ["width", "bytes", "bytes_a_pixel"],
        "same": [],
        "labels": [{"label": name, "against": against} for name in labels],
    }
    found = {
        "tests": 24, "not_measured": [], "above_chance": len(strongest),
        "strongest": list(strongest), "scopes": {"selection": scope}, **more,
    }  # fmt: skip
    return tell_shortcuts({"shortcuts": found})


def test_what_cannot_be_told_apart_has_no_section():
    assert tell_shortcuts({}) == []
    assert tell(tests=0) == []


def test_nothing_above_chance_is_said_so():
    heading, what, number, worth = tell()
    assert heading == "### Shortcuts"
    assert what.startswith(
        "How well one measure alone tells the images with a class from those without it"
    )
    assert "0.5 is a coin's toss and 1 is never wrong" in what
    assert number.startswith("There are 24 AUCs of 2 classes. Not one is above chance:")
    assert "32 x 32 cells" in worth


def test_why_bytes_a_pixel_are_left_out_is_said():
    labels = [{"label": "round", "against": ""}, {"label": "square", "against": ""}]
    scope = {"measures": ["width", "bytes"], "same": ["width"], "labels": labels}
    assert tell(scopes={"selection": scope})[-1] == (
        "The same for all images here: width. As all have equally many pixels, bytes a"
        " pixel would be the file size once more, and are left out."
    )


def test_the_strongest_are_listed_as_they_come_and_folded():
    *_, figure, table, worth = tell(
        [entry(), entry("hue", 0.25, (12.4, 350)), entry("grey", 0.7, (0.25, 0)),
         entry("dark_corners", 0.7, (0.123, 0.5)), entry("quality", 0.7, (75, 95))]
    )  # fmt: skip
    assert figure == "![AUC of single measures](figures/shortcuts.png)"
    assert table.splitlines() == [
        "| class | measure | AUC, 95 % interval | with the class | without |",
        "|---|---|---|---|---|",
        "| round | file size in bytes | 0.80 (0.70 to 0.90) | 4,670 | 3,785 |",
        "| round | hue | 0.75 (0.65 to 0.85) | 12° | 350° |",
        "| round | grey | 0.70 (0.60 to 0.80) | 25.0 % | 0.0 % |",
        "| round | dark corners | 0.70 (0.60 to 0.80) | 0.12 | 0.50 |",
        "| round | JPEG quality | 0.70 (0.60 to 0.80) | 75 | 95 |",
    ]
    assert worth.startswith("Brightness")


def test_of_two_classes_both_are_named():
    text = "\n".join(tell([entry()], against="square", labels=["round"]))
    assert "tells the images of `round` from those of `square`. Take" in text
    assert "There are 24 AUCs. 1 of these is above chance" in text


def test_the_whole_source_has_a_column_where_it_is_listed():
    source = {"measures": [], "same": [], "labels": []}
    scopes = {
        "selection": {"measures": [], "same": ["width", "grey"], "labels": [entry()]},
        "source": source,
    }
    text = "\n".join(tell([entry(scope="source"), entry()], scopes=scopes))
    assert (
        "24 AUCs, here and, by the sizes that the source states, in all of it." in text
    )
    assert "| round | source | file size in bytes |" in text
    assert "| round | here | file size in bytes |" in text
    assert "The same for all images here: width, grey." in text
    text = "\n".join(tell([entry()], scopes=scopes))
    assert "| class | measure |" in text


def test_of_many_the_strongest_are_listed_and_the_number_is_told():
    text = "\n".join(tell([entry(label=f"c{n}") for n in range(20)], above_chance=1234))
    assert "1,234 of these are above chance" in text
    assert "| c19 |" in text
    assert "The 20 strongest; `manifest.json` has all." in text


def test_what_was_not_measured_is_said():
    *_, last = tell(not_measured=["quality", "dark_corners"])
    assert last == (
        "Since the images were not decoded, JPEG quality, dark corners **were not"
        " measured**."
    )
    assert "32 x 32" not in "".join(tell(not_measured=["quality"]))


def part(compared=0, pairs=(), others=0):
    return {"compared": compared, "pairs": list(pairs), "others": others}


def conflict(*only):
    return {"names": ["a.jpg", "b.jpg"], "only": [list(side) for side in only]}


def test_without_pairs_there_are_no_conflicts():
    assert tell_conflicts({}) == []
    assert tell_conflicts({"conflicts": {"exact": part(), "near": part()}}) == []


def test_conflicts_are_counted_and_named():
    exact = part(3, [conflict(["mel"], ["nv"])], 2)
    near = part(30, [conflict(["car"], [])] * 23)
    heading, text, table, more = tell_conflicts(
        {"conflicts": {"exact": exact, "near": near}}
    )
    assert heading == "### Equal images, different labels"
    assert text == (
        "Of 3 pairs of the same bytes, 1 has different labels, and 2 differ in what"
        " else was annotated. Of 30 pairs that look the same, 23 have different labels."
    )
    assert "| same bytes | `a.jpg` | mel | `b.jpg` | nv |" in table
    assert "| alike | `a.jpg` | car | `b.jpg` | - |" in table
    assert table.startswith("| pair | image | only here | image | only here |\n|---|")
    assert len(table.splitlines()) == 2 + 1 + 20
    assert more == "The first 20 pairs of either kind; `manifest.json` has all."
    none = tell_conflicts({"conflicts": {"exact": part(1), "near": part()}})
    assert none[1:] == ["Of 1 pair of the same bytes, none has different labels."]


@pytest.fixture
def manifest():
    made = make_manifest()
    made["audit"]["modes"] = {
        "images": 1234, "modes": {"RGB": 1234}, "turned": 0, "on_side": 0,
    }  # fmt: skip
    return made


def modes(manifest, **more):
    manifest["audit"]["modes"].update(more)
    heading, text = tell_modes(manifest)
    assert heading == "### Modes and turns"
    return text


def test_nothing_odd_is_said_in_two_sentences(manifest):
    assert modes(manifest) == (
        "All 1,234 images are RGB. No image is turned or mirrored by an EXIF"
        " orientation."
    )
    del manifest["audit"]["modes"]
    assert tell_modes(manifest) == []


def test_other_modes_are_named_with_the_line_that_converts(manifest):
    text = modes(manifest, modes={"RGB": 1200, "L": 30, "CMYK": 3, "HSV": 1})
    assert text.startswith(
        "34 images of 1,234 are not RGB: 30 `L` (grey), 3 `CMYK` (printing colours), 1"
        ' `HSV`. `image.convert("RGB")` makes RGB of any of them'
    )
    assert "16 bit" not in text
    text = modes(manifest, modes={"I;16": 1})
    assert text.startswith("1 image of 1,234 is not RGB: 1 `I;16` (grey, 16 bit).")
    assert "value / 256" in text
    del manifest["audit"]["modes"]["modes"]
    assert "was not looked at, as none was decoded. No image" in modes(manifest)


def test_turned_images_are_counted_and_their_sizes_told(manifest):
    text = modes(manifest, turned=2, on_side=1)
    assert "2 images have an EXIF orientation: `datasets` from 2.19 on" in text
    assert "`width`" not in text
    assert "1 image has an EXIF orientation:" in modes(manifest, turned=1)
    features = manifest["features"]["default"]
    features.update(width={}, height={})
    text = modes(manifest, stated_unturned=1)
    assert text.endswith(
        "`width` and `height` are those of the turned image. Of 1 of these the source"
        " states the size unturned."
    )
    features["objects"] = {}
    assert modes(manifest).endswith("the size, and so the boxes, unturned.")
    manifest["options"]["image_size"] = 64
    assert modes(manifest).endswith(
        "All this is of the images before they were resized."
    )


def test_the_lines_that_convert_do(manifest):
    """Whatever the mode, and 16 bits without cutting them off."""
    import numpy as np
    from PIL import Image

    text = modes(manifest, modes={"I;16": 1})
    plain, wide = re.findall(r"`(image\.convert[^`]*)`", text)
    for mode in ("1", "L", "LA", "P", "PA", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F"):
        assert eval(plain, {"image": Image.new(mode, (3, 2))}).mode == "RGB"
    values = np.array([[0, 256 * 77, 65535]], dtype=np.uint16)
    for mode in ("I;16", "I"):
        image = Image.fromarray(values).convert(mode)
        found = np.asarray(eval(wide, {"image": image}))
        assert found[0].tolist() == [[0] * 3, [77] * 3, [255] * 3]
