"""Words in, words out: the only room that prints, and that nothing imports.

May import: errors, version, sources (the cache), datasets (the registry), pipeline,
hub, output and card for how numbers are spelled.
"""
