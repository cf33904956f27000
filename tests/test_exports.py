"""The public surface: what it is, and that each name is what it says."""

import pickle
import subprocess
import sys
from types import ModuleType

import pytest

import builder


def test_the_public_names_are_these():
    assert builder.__all__ == [
        "CocoRecipe",
        "IsicRecipe",
        "TrimsetError",
        "__version__",
        "build",
        "demo",
        "export",
        "plan",
        "push",
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
        "import builder.pipeline.verify, builder.pipeline.export, builder.pipeline.demo\n"
        "from builder.pipeline.verify import verify\n"
        "assert builder.pipeline.verify is verify\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'builder' has no attribute 'x'"):
        builder.x  # noqa: B018


def test_public_functions_travel_to_other_processes():
    for name in builder.__all__:
        value = getattr(builder, name)
        assert not isinstance(value, ModuleType)
        assert pickle.loads(pickle.dumps(value)) == value
