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
        "verify",
    ]


@pytest.mark.parametrize("name", builder.__all__)
def test_each_name_is_the_thing_and_not_the_module_around_it(name):
    # In a process of its own: the first look-up imports, the second must not differ.
    code = (
        f"import builder; first = builder.{name}; from builder import {name} as second;"
        f"import builder.verify, builder.export, builder.demo;"
        f"from builder.verify import VerifyReport;"
        f"assert first is second is builder.{name}; print(type(first).__name__)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() in {"function", "type", "str"}


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'builder' has no attribute 'x'"):
        builder.x  # noqa: B018


def test_public_functions_travel_to_other_processes():
    for name in builder.__all__:
        value = getattr(builder, name)
        assert not isinstance(value, ModuleType)
        assert pickle.loads(pickle.dumps(value)) == value
