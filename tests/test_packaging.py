"""What a wheel holds: all that is read when the package runs."""

from tests.floors import tomllib
from tests.tiny import ROOT

DATA = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_file_that_is_no_module_is_packed():
    """By the globs of setuptools, which are those of pathlib."""
    for package, globs in DATA["package-data"].items():
        packed = {path for glob in globs for path in (ROOT / package).glob(glob)}
        others = {
            path
            for path in (ROOT / package).rglob("*")
            if path.is_file() and path.suffix not in {".py", ".pyc"}
        }
        assert others <= packed, package
        assert packed
