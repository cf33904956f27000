"""A finished folder to the Hugging Face Hub, and its check there.

May import: errors, version, sources (retry), output (the reader of a build).
"""
