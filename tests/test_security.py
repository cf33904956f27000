"""SECURITY.md says what is so: its numbers, names and options."""

import re

from builder import limits
from tests import security_table
from tests.security_table import PAGE, with_table
from tests.tiny import ROOT

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_table_is_that_of_the_limits():
    """Or run `python -m tests.security_table`."""
    assert with_table(TEXT) == TEXT
    listed = [name for _, name, _ in security_table.rows()]
    assert len(listed) == len(set(listed))
    assert all(told for told, _, _ in security_table.rows())


def test_the_table_follows_the_limits(monkeypatch):
    monkeypatch.setattr(limits, "STOPPING", 7.5)
    assert "| `STOPPING` | 7.5 |" in with_table(TEXT)
    assert with_table(TEXT) != TEXT


def test_it_is_short_and_names_what_there_is():
    assert len(TEXT.splitlines()) < 180
    prose = TEXT.partition("## What others promise")[0]
    for path in re.findall(r"`((?:builder|tests)/[\w./]+)`", prose):
        assert (ROOT / path).exists(), path
    own = security_table.options()
    for option in re.findall(r"`(--[a-z-]+)`", prose):
        assert option in own, option
