"""Text from anybody, as a page may show it. Pure."""

from __future__ import annotations

import unicodedata

# Categories of characters that are not seen, or change what stands beside them:
# controls, formats (of direction, too), halves of pairs, unassigned, ends of lines.
_UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}
# Joiners are part of words in several scripts, and of emoji.
_KEPT = {"\u200c", "\u200d"}
#: Characters of a value that are shown; the rest is cut off.
LONGEST = 300


def visible(text: str, *, keep: str = "", longest: int | None = LONGEST) -> str:
    r"""Return a text whose every character is seen for what it is.

    Parameters
    ----------
    text : str
    keep : str
        Characters that are left as they are, such as line ends.
    longest : int, optional
        Where it is cut off.

    Examples
    --------
    >>> visible("a\u202egpj.exe"), visible("moon\nrise"), visible("é, 車")
    ('a⟨U+202E⟩gpj.exe', 'moon⟨U+000A⟩rise', 'é, 車')
    """
    cut = longest is not None and len(text) > longest
    shown = text[:longest] if cut else text
    if not shown.isprintable():  # rare: nearly every text is told at once
        shown = "".join(
            f"⟨U+{ord(char):04X}⟩"
            if unicodedata.category(char) in _UNSEEN and char not in {*_KEPT, *keep}
            else char
            for char in shown
        )
    return f"{shown}…" if cut else shown
