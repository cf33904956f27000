"""Look-alikes: every copy is found in its turn, and nothing by chance."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from builder.audit import first_look, second_look
from builder.audit.first_look import MOST_BITS, TABLES, Candidates, candidates
from builder.audit.lookalikes import find_lookalikes, is_telling
from builder.audit.second_look import LEAST, as_they_are, laid_over, strength
from builder.audit.turns import TURNS, inverse_turn, turned
from builder.images.facts import gather
from builder.images.inspect import inspect
from tests.images.test_inspect import draw, encode
from tests.tiny import ROOT

SHARED = ROOT.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="third-party images are not part of the project"
)


def pictures(n, seed=0, side=24):
    """Return n smooth pictures, uint8[n, side, side]."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (n, 6, 6), dtype=np.uint8)
    bicubic = Image.Resampling.BICUBIC
    return np.stack(
        [np.asarray(Image.fromarray(s).resize((side, side), bicubic)) for s in small]
    )


def cut(picture, left, top, right, bottom):
    """Return a picture without shares of its edges, at its size again."""
    image = Image.fromarray(picture)
    width, height = image.size
    box = left * width, top * height, (1 - right) * width, (1 - bottom) * height
    return np.asarray(image.resize((24, 24), Image.Resampling.LANCZOS, box))


@pytest.mark.parametrize("turn", range(8))
def test_turns_are_what_they_are_called_and_are_undone(turn):
    square = pictures(1)
    image = Image.fromarray(square[0])
    name = TURNS[turn]
    angle = {"upright": 0, "mirrored": 0, "turned left": 90, "turned by half": 180,
             "turned right": 270}[name.removesuffix(" and mirrored")]  # fmt: skip
    expected = image.rotate(angle)
    if name.endswith("mirrored"):
        expected = expected.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    there = turned(square, turn)
    assert np.array_equal(there[0], np.asarray(expected))
    back = int(inverse_turn(np.array([turn]))[0])
    assert np.array_equal(turned(there, back), square)


@pytest.mark.parametrize("turn", range(8))
def test_a_turned_copy_is_found_with_its_turn(turn):
    """The turn is what makes the second look like the first, in either order."""
    some = pictures(20)
    copy = turned(some[3:4], turn)
    for order in (1, -1):
        everything = np.concatenate([some, copy][::order])
        found = find_lookalikes(everything)
        [[low, high]] = found.pairs.tolist()
        again = turned(everything[high : high + 1], int(found.turns[0]))
        assert np.array_equal(again[0], everything[low])
        assert found.scores.tolist() == pytest.approx([1])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    edge=st.sampled_from([0.01, 0.02, 0.05]),
    turn=st.integers(0, 7),
    gain=st.floats(0.6, 1.0),
)
def test_crops_at_all_edges_are_found_whatever_their_turn_and_brightness(
    seed, edge, turn, gain
):
    large = pictures(12, seed, side=240)
    small = np.stack([cut(p, 0, 0, 0, 0) for p in large])
    crop = cut(large[5], edge, edge, edge, edge)[np.newaxis]
    crop = (turned(crop, turn) * gain).astype(np.uint8)
    found = find_lookalikes(np.concatenate([small, crop]))
    assert found.pairs.tolist() == [[5, 12]]
    assert LEAST <= found.scores[0] <= 1


def test_an_uneven_crop_is_laid_over_and_stretching_is_not():
    large = pictures(1, 3, side=240)[0]
    uneven = cut(large, 0.03, 0, 0, 0.03)
    squeezed = cut(large, 0.1, 0, 0.1, 0)
    for crop, is_one in ((uneven, True), (squeezed, False)):
        both = np.stack([cut(large, 0, 0, 0, 0), crop])
        pair = Candidates(np.array([0]), np.array([1]), 0, 1.0)
        assert as_they_are(both, pair, strength(both))[0] < LEAST
        assert (laid_over(both, pair)[0] >= LEAST) == is_one


def test_different_pictures_are_no_pair():
    assert find_lookalikes(pictures(400)).pairs.tolist() == []


def test_all_pairs_of_many_copies_are_found_and_kept():
    """Also where they are a crowd: here every picture of 40 is every other's copy."""
    some, copies = pictures(30), 40
    noise = np.random.default_rng(1).integers(-2, 3, (copies, 24, 24))
    crowd = (some[:1].astype(int) + noise).clip(0, 255).astype(np.uint8)
    found = find_lookalikes(np.concatenate([crowd, some[1:]]))
    everyone = [list(pair) for pair in itertools.combinations(range(copies), 2)]
    assert found.pairs.tolist() == everyone
    assert set(found.turns.tolist()) == {0}


def test_only_those_asked_for_take_part():
    some = np.repeat(pictures(3), 2, axis=0)
    among = np.array([True, True, True, False, True, True])
    assert find_lookalikes(some, among).pairs.tolist() == [[0, 1], [4, 5]]
    assert find_lookalikes(some[:1]).pairs.shape == (0, 2)
    assert find_lookalikes(some[:0]).scores.shape == (0,)


def test_parts_that_pictures_are_worked_on_in_make_no_difference(monkeypatch):
    some = np.concatenate([pictures(30), turned(pictures(30)[:7], 3)])
    whole = find_lookalikes(some)
    assert len(whole.pairs) == 7
    monkeypatch.setattr(first_look, "_PART", 5)
    monkeypatch.setattr(first_look, "_SLAB", 10)
    monkeypatch.setattr(first_look, "_PAIRS", 3)
    monkeypatch.setattr(second_look, "_PART", 2)
    parts = find_lookalikes(some)
    assert parts.pairs.tolist() == whole.pairs.tolist()
    assert parts.turns.tolist() == whole.turns.tolist()
    assert parts.scores.tolist() == pytest.approx(whole.scores.tolist(), abs=1e-12)


@pytest.mark.parametrize("has_bitwise_count", [True, False])
def test_candidates_are_the_pairs_that_share_a_key_and_differ_in_few_bits(
    monkeypatch, has_bitwise_count
):
    if not has_bitwise_count:
        monkeypatch.delattr(np, "bitwise_count", raising=False)
    few = pictures(6)
    some = np.concatenate([few, *(np.roll(few, by, axis=2) for by in (1, 2, 3))])
    rows = np.arange(len(some))
    monkeypatch.setattr(first_look, "_PART", 5)
    monkeypatch.setattr(first_look, "_SLAB", 10)
    found = {
        (left, right, c.turn, c.zoom)
        for c in candidates(some, rows)
        for left, right in zip(c.left.tolist(), c.right.tolist(), strict=True)
    }

    def look(turn, zoom):
        there = turned(some, turn)
        return first_look._hashes(first_look._blocks_of(there, rows, zoom))

    hashes, keys = look(0, 1.0)
    expected = set()
    for turn, zoom in itertools.product(range(8), first_look.ZOOMS):
        others, sought = look(turn, zoom)
        for left, right in itertools.permutations(range(len(some)), 2):
            pairs = zip(hashes[left].tolist(), others[right].tolist(), strict=True)
            bits = sum((a ^ b).bit_count() for a, b in pairs)
            shares = (keys[left] == sought[right]).any()
            if bits <= MOST_BITS and shares and (left < right or zoom < 1):
                expected.add((left, right, turn, zoom))
    assert found == expected
    assert len(found) > 20
    assert keys.shape == (len(some), TABLES)


def test_what_is_seen_at_once_is_what_is_seen_when_laid_over_without_a_shift():
    some = pictures(20)
    for turn, zoom in ((0, 1.0), (3, 0.9)):
        pair = Candidates(np.arange(10), np.arange(10, 20), turn, zoom)
        left = second_look._without_plane(some[pair.left])
        right = second_look._without_plane(turned(some[pair.right], turn))
        place = np.tile([zoom - 1, 0.0] * 2, (10, 1))
        moved, inside, _ = second_look._move(right, place)
        expected = second_look._correlate(left, moved, inside)
        told = as_they_are(some, pair, strength(some))
        np.testing.assert_allclose(told, expected, atol=1e-9)


def test_details_are_correlated_in_windows_and_planes_count_for_nothing():
    some = pictures(2).astype(float)
    stop = 24 - second_look.WINDOW + 1
    squares = np.zeros(3)
    a, b = second_look._without_plane(some)
    for row, column in itertools.product(range(stop), range(stop)):
        at = slice(row, row + 3), slice(column, column + 3)
        squares += np.cov(a[at].ravel(), b[at].ravel(), bias=True).ravel()[[0, 1, 3]]
    expected = squares[1] / np.sqrt(squares[0] * squares[2])
    found = second_look._correlate(a[None], b[None], np.ones((1, 24, 24)))
    assert found.tolist() == pytest.approx([expected])
    plane = np.add.outer(np.arange(24) * 3.0, np.arange(24) * -2.0)
    np.testing.assert_allclose(
        second_look._without_plane(some + plane), [a, b], atol=1e-9
    )


def test_blank_pictures_and_even_gradients_tell_nothing():
    flat = np.full((24, 24), 200, dtype=np.uint8)
    ramp = np.tile(np.linspace(0, 255, 24), (24, 1)).astype(np.uint8)
    speck = flat.copy()
    speck[5, 5] = 150
    assert is_telling(np.stack([flat, ramp, speck])).tolist() == [False] * 3
    assert is_telling(pictures(50)).all()


def copies_of(image):
    """Return changed copies by what was done."""
    width, height = image.size
    x, y = round(0.02 * width), round(0.02 * height)
    return {
        "quality 50": encode(image, quality=50),
        "half": encode(image.resize((width // 2, height // 2))),
        "brighter": encode(image.point(lambda v: min(255, int(v * 1.15)))),
        "grey": encode(image.convert("L")),
        "mirrored": encode(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
        "turned": encode(image.transpose(Image.Transpose.ROTATE_90)),
        "cropped": encode(image.crop((x, y, width - x, height - y))),
    }


@needs_shared
def test_copies_of_photographs_are_found_and_no_two_photographs_are_a_pair():
    """What the benchmark measures, on a few."""
    paths = sorted(SHARED.glob("coco/tiny/*/*.jpg"))
    assert len(paths) == 100
    facts = gather([inspect(path.read_bytes()) for path in paths])
    assert is_telling(facts.thumbnails).all()
    assert find_lookalikes(facts.thumbnails).pairs.tolist() == []
    missed = []
    for place in range(0, 100, 10):
        with Image.open(paths[place]) as image:
            copies = copies_of(image.convert("RGB"))
        other = gather([inspect(data) for data in copies.values()]).thumbnails
        found = find_lookalikes(np.concatenate([facts.thumbnails, other]))
        met = {high - 100 for low, high in found.pairs.tolist() if low == place}
        missed += [name for at, name in enumerate(copies) if at not in met]
    assert set(missed) <= {"cropped"}
    assert len(missed) <= 2


@needs_shared
def test_different_lesions_are_no_pairs_and_one_picture_of_a_lesion_is():
    names = ["0024520", "0025170", "0024834", "0032999", "0034277", "0025332"]
    folder = SHARED / "ham10000/images"
    data = [(folder / f"ISIC_{name}.jpg").read_bytes() for name in names]
    found = find_lookalikes(gather([inspect(image) for image in data]).thumbnails)
    assert found.pairs.tolist() == [[0, 1]]  # both of HAM_0004949; the others of none


def test_the_thumbnail_is_of_the_picture_as_it_is_shown():
    image = draw(300, 200)
    turned_back = image.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right
    files = [encode(image, "PNG"), encode(turned_back, "PNG", exif=exif)]
    found = find_lookalikes(gather([inspect(data) for data in files]).thumbnails)
    assert found.pairs.tolist() == [[0, 1]]
    assert found.turns.tolist() == [0]
