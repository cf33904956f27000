"""The manifest as Markdown, and a card in its parts, merged with what people wrote.

Pure: the manifest, the blocks of a dataset and texts in, the text of README.md out. May
import: errors, limits, images (a constant).
"""
