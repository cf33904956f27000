"""A recipe file: TOML in, a typed record out, and every fault by its line. Pure."""

from __future__ import annotations

import re
import sys

import msgspec

from builder.datasets.recipe_faults import faults_of
from builder.datasets.recipe_record import RecipeFile
from builder.datasets.toml_lines import explain, line_of, shape_fault
from builder.errors import RecipeError
from builder.limits import MAX_RECIPE

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


# A key of parts that dots join, of which TOML's readers take the square of the time;
# no recipe has a key of more than three.
_PARTS = 64
_LONG_KEY = re.compile(
    r"""(?:(?:[\w-]{1,99}|"[^"\n]{0,99}"|'[^'\n]{0,99}')[ \t]*\.[ \t]*){64}"""
)


def read_recipe_file(data: bytes, *, where: str) -> RecipeFile:
    """Return the recipe that a file holds.

    Parameters
    ----------
    data : bytes
        TOML, in UTF-8.
    where : str
        Name of the file, for messages.

    Raises
    ------
    RecipeError
        It is no TOML, or has a key or value that a recipe cannot have; the message
        names the line.
    """
    if len(data) > MAX_RECIPE:
        msg = (
            f"{where}: expected a recipe of {MAX_RECIPE:,} bytes at most, found more:"
            " give another file"
        )
        raise RecipeError(msg)
    text = _decode(data, where=where)
    if fault := shape_fault(text):
        msg = f"{where}: expected a recipe in TOML, found {fault}: correct it"
        raise RecipeError(msg)
    try:
        record = tomllib.loads(text)
    except RecursionError as err:
        msg = (
            f"{where}: expected a recipe in TOML, found lists or tables nested too"
            " deeply: correct it"
        )
        raise RecipeError(msg) from err
    except ValueError as err:  # such as a number of more digits than Python reads
        words = str(err).partition("\n")[0]
        msg = f"{where}: expected a recipe in TOML, found this: {words}: correct it"
        raise RecipeError(msg) from err
    try:
        recipe = msgspec.convert(record, RecipeFile)
    except msgspec.ValidationError as err:
        raise RecipeError(
            f"{where}, {explain(str(err), record, text, RecipeFile)}"
        ) from err
    for path, fault in faults_of(recipe):
        raise RecipeError(f"{where}, line {line_of(text, path)}: {fault}")
    return recipe


def _decode(data: bytes, *, where: str) -> str:
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        found = f"a byte that is not UTF-8 (0x{data[err.start]:02x}) in line {line}"
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            found = "text in UTF-16"
        msg = f"{where}: expected a recipe in UTF-8, found {found}: save it as UTF-8"
        raise RecipeError(msg) from err
