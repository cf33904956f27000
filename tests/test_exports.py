"""The public surface: what it is, and that each name is what it says."""

import pickle
import pkgutil
import subprocess
import sys
from importlib.metadata import version
from types import ModuleType

import pytest

import builder
from builder.datasets import registry


def test_the_public_names_are_these():
    assert builder.__all__ == [
        "CocoRecipe",
        "IsicRecipe",
        "TrimsetError",
        "__version__",
        "build",
        "demo",
        "export",
        "init",
        "plan",
        "push",
        "report",
        "verify",
        "verify_remote",
    ]


@pytest.mark.parametrize("names", [builder.__all__, builder.__all__[::-1]])
def test_each_name_is_the_thing_and_not_the_module_around_it(names):
    # In a process of its own: the first look-up imports, the second must not differ.
    code = (
        "import sys, builder\n"
        "for name in sys.argv[1:]:\n"
        "    first = getattr(builder, name)\n"
        "    exec(f'from builder import {name} as second')\n"
        "    assert first is second is getattr(builder, name), name\n"
        "    assert type(first).__name__ in {'function', 'type', 'str'}, name\n"
        "import builder.pipeline.verify, builder.pipeline.build\n"
        "from builder.pipeline.verify import verify\n"
        "assert builder.verify is verify\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr


def test_no_module_has_the_name_of_a_function():
    """Else the import of the module would put it where the function was."""
    modules = {module.name for module in pkgutil.iter_modules(builder.__path__)}
    assert {"datasets", "pipeline", "version"} <= modules
    assert not modules & set(builder.__all__)


def test_the_version_is_said_once():
    from builder.version import __version__

    assert builder.__version__ == __version__ == version("trimset")


def test_the_recipes_are_those_of_the_datasets():
    recipes = [registry.get(name).recipe for name in registry.studies()]
    assert [recipe.__name__ for recipe in recipes] == builder.__all__[:2]
    assert [builder.CocoRecipe, builder.IsicRecipe] == recipes


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'builder' has no attribute 'x'"):
        builder.x  # noqa: B018


def test_public_functions_travel_to_other_processes():
    for name in builder.__all__:
        value = getattr(builder, name)
        assert not isinstance(value, ModuleType)
        assert pickle.loads(pickle.dumps(value)) == value
