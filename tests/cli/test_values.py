"""What the text of an option may be."""

from argparse import ArgumentTypeError

import pytest

from builder.cli.values import positive, shown, size, text
from builder.output.limits import LARGEST_SHARD, LEAST_SHARD, MAX_SHARD_SIZE


@pytest.mark.parametrize(
    ("given", "bytes_"),
    [
        ("40MB", 40_000_000),
        ("100kb", 100_000),
        ("1.5 MiB", 1_572_864),
        ("500000", 500_000),
        ("2GB", 2_000_000_000),
    ],
)
def test_sizes_are_read_as_people_write_them(given, bytes_):
    assert size(given) == bytes_


@pytest.mark.parametrize(
    "given",
    ["1KB", "99999", "2000000001", "3GB", "2GiB", "big", "40 parsecs", "", "MB", "nan",
     "inf", "-1", "1e6", "200000iB", "٣MB", "9" * 400 + "GB"],
)  # fmt: skip
def test_other_sizes_are_refused(given):
    with pytest.raises(
        ArgumentTypeError, match="a size from 100KB to 2GB such as 20MB"
    ):
        size(given)


def test_the_limits_are_shown_as_they_are_read():
    for limit in (LEAST_SHARD, LARGEST_SHARD, MAX_SHARD_SIZE, 1_572_864):
        assert size(shown(limit)) == limit


@pytest.mark.parametrize("given", ["0", "-1", "two", "1.5", "", "01", "1" * 5000, "٣"])
def test_numbers_of_things_start_at_1(given):
    with pytest.raises(ArgumentTypeError, match="expected a number from 1 on, found"):
        positive(given)


def test_a_text_stays_as_it_is():
    assert text(" a b ") == " a b "


@pytest.mark.parametrize(("given", "found"), [(" ", "an empty text"), ("a\0b", "NUL")])
def test_a_text_says_something_that_a_path_can_hold(given, found):
    with pytest.raises(ArgumentTypeError, match=found):
        text(given)
