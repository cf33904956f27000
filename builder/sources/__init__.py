"""Bytes, wherever they lie, as verified local files.

Knows URLs, HTTP, object stores, zips, the cache and the disk; knows no dataset, no
image format and no row. May import: errors, limits, version.
"""
