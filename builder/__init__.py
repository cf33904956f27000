"""trimset: trim large vision datasets to what a study needs, and publish them.

Everything that the command line does is one call of a function here. The names are
imported when they are first used, so that the light ones stay light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from builder import datasets
from builder.version import __version__

if TYPE_CHECKING:
    from builder.datasets import *  # noqa: F403 (the recipes)
    from builder.errors import TrimsetError
    from builder.hub.push import push
    from builder.hub.verify import verify_remote
    from builder.pipeline.build import build
    from builder.pipeline.demo import demo
    from builder.pipeline.export import export
    from builder.pipeline.init import init
    from builder.pipeline.plan import plan
    from builder.pipeline.report import report
    from builder.pipeline.verify import verify

__all__ = []
__all__ += datasets.__all__
__all__ += [
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

_HOMES = {
    **datasets.RECIPES,
    "TrimsetError": "builder.errors",
    "build": "builder.pipeline.build",
    "demo": "builder.pipeline.demo",
    "export": "builder.pipeline.export",
    "init": "builder.pipeline.init",
    "plan": "builder.pipeline.plan",
    "push": "builder.hub.push",
    "report": "builder.pipeline.report",
    "verify": "builder.pipeline.verify",
    "verify_remote": "builder.hub.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)
