"""The manifest as Markdown.

Pure: the manifest and the blocks of a dataset in, the text of README.md out. May
import: errors, images (a constant).
"""
