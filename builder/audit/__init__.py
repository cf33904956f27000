"""What a selection is like: duplicates, context, drift, labels, and their figures.

Pure: arrays in, plain data or the bytes of a picture out; no names of labels or
columns of a dataset. May import: errors, limits, images, selection.
"""
