"""Files that a parser reads by name: a tiny build, a cache, a recipe."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder import report, verify
from builder.datasets import registry
from builder.sources.cache import list_cache
from tests.fuzz.seeds import sealed
from tests.tiny_build import make_build

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Places:
    """A build whose files are replaced by what is tried, one at a time.

    Attributes
    ----------
    build, cached : Path
        The folder of a build, and one of a source in a cache.
    manifest, parquet : bytes
        Of the build; the Parquet file is its first.
    name : str
        Of that file.
    """

    build: Path
    cached: Path
    manifest: bytes
    parquet: bytes
    name: str

    @classmethod
    def make(cls, scratch: Path) -> Places:
        """Make them in a folder."""
        build = scratch / "build"
        make_build(build, configs=("car",))
        cached = scratch / "cache/fetched" / ("0" * 32)
        cached.mkdir(parents=True)
        content = json.loads((build / "manifest.json").read_bytes())
        dataset = registry.get("coco_stuff_trimmed")
        content |= {"dataset": dataset.name, "recipe": dataset.default.as_dict()}
        manifest = json.dumps(sealed(content)).encode()
        name = next(n for n in json.loads(manifest)["files"] if n.endswith(".parquet"))
        return cls(build, cached, manifest, (build / name).read_bytes(), name)

    def verify(self, data: bytes) -> None:
        """Check a build that says so of itself."""
        (self.build / "manifest.json").write_bytes(data)
        verify(self.build)

    def report(self, data: bytes) -> None:
        """Show a build that says so of itself."""
        (self.build / "manifest.json").write_bytes(data)
        report(self.build, self.build.parent / "page.html")

    def shard(self, data: bytes) -> None:
        """Check a build one file of which has these bytes, and their digest."""
        content = json.loads(self.manifest)
        entry = content["files"][self.name]
        entry |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        (self.build / self.name).write_bytes(data)
        try:
            self.verify(json.dumps(sealed(content)).encode())
        finally:
            (self.build / self.name).write_bytes(self.parquet)

    def cache(self, data: bytes) -> None:
        """List a cache that says so of a source."""
        (self.cached / "source.json").write_bytes(data)
        (entry,) = list_cache(self.cached.parent.parent)
        assert entry.url.isprintable()

    def recipe(self, data: bytes) -> None:
        """Read a recipe file."""
        path = self.build.parent / "r.toml"
        path.write_bytes(data)
        registry.get(str(path))
