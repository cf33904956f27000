"""Where a paper is, however a recipe names it. Pure."""

from __future__ import annotations

import re

_ARXIV = re.compile(r"(?:arxiv:)?\s*(\d{4}\.\d{4,5}(?:v\d+)?)", re.IGNORECASE)
_DOI = re.compile(r"(?:doi:)?\s*(10\.\d{4,9}/\S+)", re.IGNORECASE)


def address_of(told: str) -> str:
    """Return the address of a page, an arXiv id or a DOI; empty, if it is none.

    The Hub links a dataset to its paper by the address on arXiv.

    >>> address_of("arXiv:1405.0312"), address_of("10.1038/sdata.2018.161")
    ('https://arxiv.org/abs/1405.0312', 'https://doi.org/10.1038/sdata.2018.161')
    >>> address_of("https://a.b"), address_of("our own")
    ('https://a.b', '')
    """
    text = told.strip()
    if re.match(r"https?://\S+\Z", text, re.IGNORECASE):
        return text
    if match := _ARXIV.fullmatch(text):
        return f"https://arxiv.org/abs/{match[1]}"
    match = _DOI.fullmatch(text)
    return f"https://doi.org/{match[1]}" if match else ""
