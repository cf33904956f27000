"""How large a Parquet file of a build may be. Pure, and light."""

from __future__ import annotations

from builder.errors import UsageError

# Against 40 MB: 0.58 of the memory of `load_dataset`, half of the bytes of a first
# streamed example, and nothing slower.
MAX_SHARD_SIZE = 20_000_000
# Less leaves no room for images beside what a file says of itself.
LEAST_SHARD = 100_000
# Arrow counts the bytes of a column of images with 31 bits.
LARGEST_SHARD = 2_000_000_000


def check_shard_size(size: int) -> None:
    """Raise UsageError for bytes that no Parquet file can be held to."""
    if not LEAST_SHARD <= size <= LARGEST_SHARD:
        msg = (
            f"max_shard_size: expected {LEAST_SHARD:,} to {LARGEST_SHARD:,} bytes,"
            f" found {size:,}: give one of these, such as {MAX_SHARD_SIZE:,}"
        )
        raise UsageError(msg)
