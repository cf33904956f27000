"""Room on the disk for what is too much for memory, and goes with its process."""

from __future__ import annotations

import mmap
import os
from math import prod
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import numpy as np

from builder.errors import OutputError
from builder.sources.disk import check_room

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray


def on_disk(shape: tuple[int, ...], dtype: DTypeLike, *, folder: Path) -> NDArray[Any]:
    """Return an array of zeros in a file without a name, which nobody else can open.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype
    folder : Path
        On whose disk it lies: not the folder for temporary files, which may be memory.

    Raises
    ------
    OutputError
        There is no room for it, or it cannot be written.
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_room({str(folder): size})
        with TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):  # a disk that fills up later would kill
                os.posix_fallocate(file.fileno(), 0, size)
            file.truncate(size)
            room = mmap.mmap(file.fileno(), size)
    except OSError as err:
        msg = (
            f"{folder}: cannot hold {size:,} bytes of what is seen of the images:"
            f" {err.strerror}; choose another place with --cache-dir"
        )
        raise OutputError(msg) from err
    return np.frombuffer(room, dtype=dtype).reshape(shape)
