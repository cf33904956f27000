"""How large a file may be that somebody's server or archive offers."""

from __future__ import annotations

# No file that trimset has a use for is larger: the largest metadata file of the
# official sources has 448 MiB, and Pillow refuses images above 179 million pixels.
# What declares more is a mistake or a zip bomb.
MAX_FILE_SIZE = 512 * 1024**2
