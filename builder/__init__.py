"""trimset: trim large vision datasets to what a study needs, and publish them.

Everything that the command line does is one call of a function here. The names are
imported when they are first used, so that the light ones stay light.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builder.demo import demo
    from builder.errors import TrimsetError
    from builder.export import export
    from builder.pipeline import build
    from builder.plan import plan
    from builder.push import push
    from builder.recipes import CocoRecipe, IsicRecipe
    from builder.remote_verify import verify_remote
    from builder.verify import verify

__version__ = "0.1.0"

__all__ = [
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

_HOMES = {
    "CocoRecipe": "builder.recipes",
    "IsicRecipe": "builder.recipes",
    "TrimsetError": "builder.errors",
    "build": "builder.pipeline",
    "demo": "builder.demo",
    "export": "builder.export",
    "plan": "builder.plan",
    "push": "builder.push",
    "verify": "builder.verify",
    "verify_remote": "builder.remote_verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


class _Package(ModuleType):
    """Keeps `verify` the function, once ``builder.verify`` the module is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system binds every module to its package under its own name.
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
