"""How large a Parquet file of a build may be."""

import pytest

from builder import build
from builder.errors import UsageError
from builder.output.limits import (
    LARGEST_SHARD,
    LEAST_SHARD,
    MAX_SHARD_SIZE,
    check_shard_size,
)


def test_a_size_within_the_limits_passes():
    for size in (LEAST_SHARD, MAX_SHARD_SIZE, LARGEST_SHARD):
        check_shard_size(size)


@pytest.mark.parametrize("size", [-1, 0, 1, LEAST_SHARD - 1, LARGEST_SHARD + 1])
def test_another_is_refused_in_one_line(size):
    with pytest.raises(
        UsageError, match="max_shard_size: expected 100,000 to"
    ) as caught:
        check_shard_size(size)
    assert f"found {size:,}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_build_checks_it_before_all_else(tmp_path):
    """Also where nothing else is right: no source is looked for, nothing written."""
    out, source = tmp_path / "out", tmp_path / "none"
    for size in (10, LARGEST_SHARD + 1):
        with pytest.raises(UsageError, match=f"max_shard_size: .* found {size:,}: "):
            build("siim_isic_small", out, source=str(source), max_shard_size=size)
    assert not out.exists()
