"""The table of bounds in SECURITY.md, out of `builder/limits.py` and nothing else.

python -m tests.security_table      # writes it anew
"""

from __future__ import annotations

import re
from dataclasses import fields

from builder import limits
from builder.cli.commands import COMMANDS
from builder.cli.dataset_options import flag
from builder.cli.options import make_parser
from tests.tiny import ROOT

PAGE = ROOT / "SECURITY.md"
_BEGIN, _END = "<!-- bounds -->\n", "<!-- end of bounds -->\n"


def comments(source):
    """Return what the comment above each constant says, by their names.

    >>> comments("#: Most legs: a spider's.\\nMAX_LEGS, MAX_EYES = 8, 8\\n")
    {'MAX_LEGS': 'Most legs', 'MAX_EYES': 'Most legs'}
    """
    found, said, before = {}, "", ""
    for line in source.splitlines():
        if line.startswith("#:"):
            said = f"{said if before.startswith('#:') else ''} {line[2:].strip()}"
        elif match := re.match(r"([A-Z][A-Z_, ]+?)(?:: \w+)? = ", line):
            found |= dict.fromkeys(re.findall(r"\w+", match[1]), first_words(said))
        before = line
    return found


def first_words(text):
    """Return what comes before the reason.

    >>> first_words(" Seconds of a wait, or so: nobody waits longer. Ever.")
    'Seconds of a wait, or so'
    """
    return re.split(r"[:.;](?:\s|$)", " ".join(text.split()))[0]


def options():
    """Return all options of a build."""
    (action,) = [
        a for a in make_parser(COMMANDS)._actions if isinstance(a.choices, dict)
    ]
    return action.choices["build"]._option_string_actions


def rows():
    """Yield what is bounded, by which name or option, and the number."""
    known = options()
    for field in fields(limits.Limits):
        about = rf"(?m)^    {field.name} : .*\n((?: {{8}}.*\n?)+)"
        told = re.search(about, limits.Limits.__doc__)
        name = flag(field.name) if flag(field.name) in known else field.name
        yield first_words(told[1]), name, getattr(limits.LIMITS, field.name)
    source = (ROOT / "builder/limits.py").read_text(encoding="utf-8")
    for name, told in comments(source).items():
        value = getattr(limits, name)
        is_default = hasattr(limits.LIMITS, name.lower())
        if isinstance(value, int | float) and not is_default:
            yield told, name, value


def table():
    """Return the table as Markdown."""
    lines = [
        f"| {told} | `{name}` | {f'{value:,}'.removesuffix('.0')} |"
        for told, name, value in rows()
    ]
    return "\n".join(["| bound | name | number |", "|---|---|--:|", *lines, ""])


def with_table(page):
    """Return a page with the table between its marks."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{table()}{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
