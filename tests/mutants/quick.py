"""What the tests leave out when they look for mutants: a plugin of pytest."""

from __future__ import annotations

import doctest

from hypothesis import Phase, settings

# Builds of whole datasets, and the folders that they are made of: a minute each, and
# made anew by each process that looks at a mutant.
SLOW = {"make_once"}
# Of each property: a fifth of what the suite tries, which finds no fewer mutants.
EXAMPLES = 20


def pytest_configure(config):
    """Give equal examples to every mutant, and make no counterexample smaller."""
    settings.register_profile(
        "mutants",
        database=None,
        deadline=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("mutants")
    find = doctest.DocTestFinder.find
    # A mutant has the examples of its function, which call the function.
    doctest.DocTestFinder.find = lambda *args, **options: [
        test for test in find(*args, **options) if "__mutmut_" not in test.name
    ]


def pytest_collection_modifyitems(config, items):
    """Leave out what takes a fixture that is slow to make; try fewer examples."""
    slow = [item for item in items if SLOW & set(item.fixturenames)]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]
    for item in items:
        own = getattr(item.obj, "_hypothesis_internal_use_settings", None)
        if own is not None and own.max_examples > EXAMPLES:
            item.obj._hypothesis_internal_use_settings = settings(
                own, max_examples=EXAMPLES
            )
