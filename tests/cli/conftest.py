"""The command line with nothing behind it, and one more dataset."""

import pytest

from builder.cli import main as cli
from builder.datasets import registry
from tests.cli.third import THIRD, Library

_REPEATS = "trimset: rows repeat: "


@pytest.fixture
def library(monkeypatch):
    """Return what listens in the place of the library."""
    return Library(monkeypatch)


@pytest.fixture
def third():
    """Return the name of a dataset that is registered for one test."""
    registry.register(THIRD)
    yield THIRD.name
    registry.unregister(THIRD.name)


@pytest.fixture
def fails(capsys):
    """Return a function that runs a command in this process and gives its one line."""

    def check(status, *arguments):
        found = cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert found == status
        # What repeats is said before anything is written; then comes the one line.
        err = "".join(s for s in err.splitlines(True) if not s.startswith(_REPEATS))
        assert err.count("\n") == 1
        assert err.startswith("trimset: ")
        assert "Traceback" not in err
        assert out == ""
        return err

    return check


@pytest.fixture
def usage(capsys):
    """Return a function that gives what wrong usage prints."""

    def check(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        assert caught.value.code == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("usage: trimset")
        return err

    return check
