"""The folder that is written, and what it says of itself, with the one reader of it.

Schemas, shards, the state of a folder, lock and manifest. May import: errors, limits,
version, sources, images, selection.
"""
