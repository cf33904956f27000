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
    from builder.errors import TrimsetError
    from builder.hub.push import push
    from builder.hub.verify import verify_remote
    from builder.pipeline.build import build
    from builder.pipeline.demo import demo
    from builder.pipeline.export import export
    from builder.pipeline.plan import plan
    from builder.pipeline.verify import verify
    from builder.selection.recipe import CocoRecipe, IsicRecipe

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
    "CocoRecipe": "builder.selection.recipe",
    "IsicRecipe": "builder.selection.recipe",
    "TrimsetError": "builder.errors",
    "build": "builder.pipeline.build",
    "demo": "builder.pipeline.demo",
    "export": "builder.pipeline.export",
    "plan": "builder.pipeline.plan",
    "push": "builder.hub.push",
    "verify": "builder.pipeline.verify",
    "verify_remote": "builder.hub.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)


class _Package(ModuleType):
    """Keeps `verify` the function, once ``builder.pipeline.verify`` the module is imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        # The import system binds every module to its package under its own name.
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
