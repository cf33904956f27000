"""All that is known of one dataset, a folder each, and the registry that finds it.

Its recipe, its inputs, its parser, its rows, its part of the audit and of the card:
the only room where a dataset's name stands. May import: errors, sources, images,
selection, audit, card.
"""
