"""Both looks at look-alikes give the numbers that they always gave.

The pictures are waves, so that shifts, scales and cuts of them are exact, and no
version of an image library plays a part.
"""

import hashlib

import numpy as np
import pytest

from builder.audit import first_look, second_look
from builder.audit.first_look import Candidates
from builder.audit.lookalikes import find_lookalikes
from builder.audit.turns import inverse_turn, turned

SIDE = 24


def waves(seed, *, scale=(0.0, 0.0), shift=(0.0, 0.0), gain=1.0, ramp=0.0):
    """Return a picture, uint8[24, 24], of a part of the plane: as a crop shows it."""
    chance = np.random.RandomState(seed)
    at = (np.arange(SIDE) + 0.5) / SIDE - 0.5
    across = (1 + scale[0]) * at[np.newaxis, :] + shift[0]
    down = (1 + scale[1]) * at[:, np.newaxis] + shift[1]
    picture = np.full((SIDE, SIDE), 120.0)
    for _ in range(9):
        (x, y), phase = chance.uniform(-2.6, 2.6, 2), chance.uniform(0, 1)
        picture += 14 * np.cos(2 * np.pi * (x * across + y * down + phase))
    return np.clip(gain * picture + ramp * at, 0, 255).astype(np.uint8)


WAYS = {
    "same": {},
    "shifted": {"shift": (0.03, -0.02)},
    "cut at all edges": {"scale": (-0.1, -0.1)},
    "cut at a corner": {"scale": (-0.06, -0.06), "shift": (0.03, 0.03)},
    "brighter": {"gain": 1.3, "ramp": 40.0},
    "stretched": {"scale": (-0.12, -0.02)},
    "stretched the other way": {"scale": (0.0, -0.09)},
    "too far": {"shift": (0.2, 0.1)},
    "a little too far": {"shift": (-0.1, 0.0)},
    "a little too far down": {"shift": (0.0, 0.1)},
    "a little too large": {"scale": (-0.2, -0.2)},
}
# As the first look lays them, and laid over as well as it goes.
SCORES = {
    "same": [1.0, 0.09474, 1.0, 0.0, 0.929375, 0.148465, 0.999999, 0.0],
    "shifted": [0.967531, 0.09474, 0.999064, 0.0, 0.887137, 0.148465, 0.999064, 0.0],
    "cut at all edges": [
        0.931756,
        0.09474,
        0.990029,
        0.0,
        0.764841,
        0.148465,
        0.99014,
        0.0,
    ],
    "cut at a corner": [
        0.872974,
        0.09474,
        0.99542,
        0.0,
        0.740671,
        0.148465,
        0.995346,
        0.0,
    ],
    "brighter": [0.999384, 0.09474, 0.999385, 0.0, 0.929395, 0.148465, 0.999386, 0.0],
    "stretched": [0.971217, 0.09474, 0.0, 0.0, 0.854633, 0.148465, 0.0, 0.0],
    "stretched the other way": [
        0.957401,
        0.09474,
        0.991368,
        0.0,
        0.818918,
        0.148465,
        0.991345,
        0.0,
    ],
    "too far": [0.022868, 0.09474, 0.0, 0.0, 0.04147, 0.148465, 0.0, 0.0],
    "a little too far": [
        0.794527,
        0.09474,
        0.990674,
        0.0,
        0.753025,
        0.148465,
        0.990672,
        0.0,
    ],
    "a little too far down": [
        0.487522,
        0.09474,
        0.973123,
        0.0,
        0.431448,
        0.148465,
        0.973134,
        0.0,
    ],
    "a little too large": [
        0.746332,
        0.09474,
        0.956954,
        0.0,
        0.558082,
        0.148465,
        0.0,
        0.0,
    ],
}
HASHES = "ce327a02b13fcc99"
DETAILS = [29.936305, 27.126367, 33.464536]
STRENGTHS = [273.19541, 283.65615, 320.47069]
FOUND = [
    (3, 12),
    (3, 13),
    (3, 14),
    (3, 16),
    (3, 17),
    (3, 18),
    (12, 13),
    (12, 14),
    (12, 16),
    (12, 17),
    (12, 18),
    (13, 14),
    (13, 15),
    (13, 16),
    (14, 16),
    (14, 17),
    (14, 18),
    (14, 22),
    (16, 17),
    (16, 18),
    (17, 22),
    (18, 22),
]


def some():
    """Return twelve pictures, and one of them changed in every way."""
    return np.stack(
        [*map(waves, range(12)), *(waves(3, **way) for way in WAYS.values())]
    )


def scores(name, turn, zoom):
    """Return both scores of a picture and a changed one of it."""
    copy = turned(waves(3, **WAYS[name])[np.newaxis], turn)
    both = np.concatenate([waves(3)[np.newaxis], copy, waves(5)[np.newaxis]])
    back = int(inverse_turn(np.array([turn]))[0])
    pair = Candidates(np.array([0, 0]), np.array([1, 2]), back, zoom)
    seen = second_look.as_they_are(both, pair, second_look.strength(both))
    laid = second_look.laid_over(both, pair)
    return [*seen.tolist(), *laid.tolist()]


@pytest.mark.parametrize("name", WAYS)
def test_scores_are_what_they_were(name):
    found = scores(name, 0, 1.0) + scores(name, 3, 0.9)
    assert found == pytest.approx(SCORES[name], abs=2e-5)


def test_hashes_keys_and_details_are_what_they_were():
    pictures, rows = some(), np.arange(12 + len(WAYS))
    digest = hashlib.sha256()
    for turn, zoom in ((0, 1.0), (5, 0.95), (6, 0.9)):
        there = turned(pictures, turn)
        for part in first_look._hashes(first_look._blocks_of(there, rows, zoom)):
            digest.update(part.astype("<u8").tobytes())
    assert digest.hexdigest()[:16] == HASHES
    assert second_look.detail(pictures[:3]) == pytest.approx(DETAILS, abs=1e-5)
    assert second_look.strength(pictures[:3]) == pytest.approx(STRENGTHS, abs=1e-4)


def test_what_is_found_is_what_it_was():
    found = find_lookalikes(some())
    assert [tuple(pair) for pair in found.pairs.tolist()] == FOUND
    assert found.turns.tolist() == [0] * len(FOUND)
    assert (found.scores >= second_look.LEAST).all()
