"""Fields of a recipe are options; what they cannot be is told with what was found."""

import re
from dataclasses import dataclass

import pytest

from builder.errors import UsageError
from builder.selection.contract import SplitRows
from builder.selection.recipe import (
    Option,
    Recipe,
    check_seed,
    check_share,
    option,
    options_of,
    parse_names,
    parse_number,
    parse_share,
    parse_slice,
    read_recipe,
)


def made():
    """Return a recipe, made here: fields are made when a class is."""

    @dataclass(frozen=True)
    class Made(Recipe):
        names: tuple[str, ...] = option(
            ("a",), parse=parse_names, metavar="NAMES", help="Which ones."
        )
        most: int = option(
            3, parse=parse_number, metavar="N", help="How many.", quiet=True
        )
        seed: int = 42

    return Made


def test_a_field_says_how_it_is_given():
    assert options_of(made()) == {
        "names": Option(parse_names, "NAMES", "Which ones."),
        "most": Option(parse_number, "N", "How many."),
    }


def test_a_quiet_field_is_recorded_only_where_it_is_not_the_default():
    recipe = made()
    assert recipe().as_dict() == {"names": ["a"], "seed": 42}
    record = recipe(most=4).as_dict()
    assert record == {"names": ["a"], "most": 4, "seed": 42}
    assert read_recipe(recipe, record) == recipe(most=4)
    assert read_recipe(recipe, {"names": ["b"], "seed": 1}) == recipe(("b",), 3, 1)
    message = "recipe: expected names, most, seed, found seed, x"
    with pytest.raises(UsageError, match=message):
        read_recipe(recipe, {"seed": 1, "x": 2})


@pytest.mark.parametrize(
    ("function", "good", "bad", "message"),
    [
        (parse_number, {"-3": -3, "9" * 18: int("9" * 18)}, ("", "1.0", "9" * 19, "1 "),
         "expected a whole number, found {!r}"),
        (parse_share, {"0.05": 0.05, ".5": 0.5, "0": 0}, ("1", "0.", "-.1", "5e-1"),
         "expected a share from 0 to 0.99 such as 0.05, found {!r}"),
        (parse_names, {"a": ("a",), " a b ,c": ("a b", "c")}, ("", "a,,b", "a, "),
         "expected names or ids with commas between them, found {!r}"),
        (parse_slice, {"0:5": (0, 5), "7:3": (7, 3)}, ("5", "1:", "-1:2", "1:2:3"),
         "expected START:STOP such as 2000:4000, found {!r}"),
    ],
)  # fmt: skip
def test_texts_are_read_or_refused_with_what_was_expected(function, good, bad, message):
    for text, value in good.items():
        assert function(text) == value
    for text in bad:
        with pytest.raises(ValueError, match=f"^{re.escape(message.format(text))}$"):
            function(text)


def test_seeds_and_tolerances_are_within_their_bounds():
    for seed in (0, 2**32 - 1):
        check_seed(seed)
    for share in (0, 0.99, 0.999):
        check_share(share)
    for seed in (-1, 2**32):
        told = f"^seed: expected 0 to 4294967295, found {seed}$"
        with pytest.raises(UsageError, match=told):
            check_seed(seed)
    for share in (-0.01, 1):
        told = f"^tolerance: expected a share from 0 to 0.99, found {share}$"
        with pytest.raises(UsageError, match=told):
            check_share(share)


def test_rows_leave_no_image_out_unless_it_is_said():
    rows = SplitRows("default", "train", [], dict, dict)
    assert len(rows.left_out) == 0
    assert rows.left_out.dtype == "int64"
