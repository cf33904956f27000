"""The commands, a file each, and the stages that they share.

`build` is the page to read first. Knows `Dataset`, never which. May import: errors,
limits, version, sources, images, selection, audit, output, card, page, datasets.
"""
