"""One image: opened, inspected, resized; and what was seen of many, as arrays.

Bytes in, values out: no files, no network, no dataset. May import: errors, limits.
"""
