"""Papers are links, however a recipe names them."""

import pytest

from builder.datasets.papers import address_of


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("arXiv:1405.0312", "https://arxiv.org/abs/1405.0312"),
        ("2001.03152v2", "https://arxiv.org/abs/2001.03152v2"),
        ("10.1038/sdata.2018.161", "https://doi.org/10.1038/sdata.2018.161"),
        ("doi:10.34970/2020-ds01", "https://doi.org/10.34970/2020-ds01"),
        (" https://example.org/a ", "https://example.org/a"),
        ("our own, 2020", ""),
        ("javascript:alert(1)", ""),
        ("https://example.org/a b", ""),
        ("10.1/x", ""),
        ("", ""),
    ],
)
def test_addresses(told, address):
    assert address_of(told) == address
