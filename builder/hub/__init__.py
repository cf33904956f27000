"""A finished folder to the Hugging Face Hub, and its check there.

May import: errors, limits, version, sources (retry), output (the reader of a build),
card (its parts, and how they are merged).
"""
