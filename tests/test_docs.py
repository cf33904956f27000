"""The README names what there is, and nothing that there is not."""

import re

import pytest

from builder.cli.main import _COMMANDS
from builder.cli.options import make_parser
from tests.tiny import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands():
    """Return the parser of each command."""
    (action,) = [
        a for a in make_parser(_COMMANDS)._actions if isinstance(a.choices, dict)
    ]
    return action.choices


@pytest.mark.parametrize("name", commands())
def test_each_command_is_in_the_readme(name):
    assert re.search(rf"\btrimset +{name}\b", README)


def test_every_command_line_of_the_readme_is_one_that_parses():
    fences = re.findall(
        r"^```(?:bash|sh|console)\n(.*?)^```", README, re.DOTALL | re.MULTILINE
    )
    lines = "\n".join(fences).replace("\\\n", " ").splitlines()
    found = [re.sub(r"\s#.*", "", line) for line in lines if "trimset " in line]
    assert found
    for line in found:
        words = line.split("trimset ", 1)[1].replace('"', "").split()
        assert words[0] in commands(), line
        options = commands()[words[0]]._option_string_actions
        for word in words:
            if word.startswith("--"):
                assert word.split("=")[0] in options, line


def test_every_target_of_make_that_the_readme_names_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, re.MULTILINE))
    assert named <= targets
    assert {"demo", "test"} <= named
