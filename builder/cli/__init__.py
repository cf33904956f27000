"""Words in, words out: the only room that prints, and that nothing imports.

Knows no dataset: what it offers of one comes from the registry. May import: errors,
limits, version, sources (the cache), selection (how an option is read), datasets (the
registry), pipeline, hub, output (its limits) and card (how numbers are spelled).
"""
