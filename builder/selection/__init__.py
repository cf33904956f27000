"""What was selected, in the words that all rooms share, and the rules by which it is.

The contract (`Selection`, `SplitRows`, `ImageGroup`) and pure rules: arrays and a seed
in, integer rows out. May import: errors, limits, sources and images (their types only).
"""
