"""Every hostile input is taken rightly, or refused in one line, and nothing else."""

from __future__ import annotations

import pytest

from tests.hostile.corpus import INPUTS
from tests.hostile.trial import attempt
from tests.hostile.world import make_bases

LEAST = 250
#: `python -m tests.hostile` runs all of them.
OFTEN = [given for given in INPUTS if given.often]


@pytest.fixture(scope="session")
def bases(make_once):
    return make_once("hostile-bases", make_bases)


def test_the_corpus_is_large_and_every_name_is_its_own():
    names = [given.id for given in INPUTS]
    assert len(OFTEN) >= LEAST
    assert {given.kind for given in OFTEN} == {given.kind for given in INPUTS}
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("given", OFTEN, ids=lambda given: given.id)
def test_hostile(given, tmp_path, bases):
    result = attempt(given, tmp_path / "world", bases)
    assert not result.faults, "\n".join(result.faults)
