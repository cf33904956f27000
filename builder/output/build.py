"""Reads a finished build folder, and checks it against its manifest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from builder.errors import OutputError, VerifyError
from builder.hub.plan import MANIFEST, LocalFile

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "trimset.manifest/1"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Build:
    """A finished build: its folder, its manifest, and every file as it is there."""

    folder: Path
    manifest: Mapping[str, Any]
    files: Mapping[str, LocalFile]

    @property
    def dataset(self) -> str:
        """Name of the dataset."""
        return str(self.manifest.get("dataset", ""))

    @property
    def configs(self) -> Mapping[str, Mapping[str, Any]]:
        """Splits by config, each with its files and `num_examples`."""
        configs: Mapping[str, Mapping[str, Any]] = self.manifest.get("configs", {})
        return configs


def read_build(folder: str | Path) -> Build:
    """Return the build in a folder, having hashed every file of it.

    Raises
    ------
    OutputError
        The folder is not a finished build.
    VerifyError
        A file is missing, left over, or not what the manifest says.
    """
    folder = Path(folder)
    try:
        raw = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise OutputError(
            f"{folder} is not a finished build: expected {MANIFEST}, which is written "
            "last, found none; run `trimset build` on it again."
        ) from None
    manifest = parse_manifest(raw, str(folder / MANIFEST), OutputError)
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    }
    listed: Mapping[str, Mapping[str, Any]] = manifest["files"]
    files = {MANIFEST: _fingerprint(folder / MANIFEST)}
    faults = [f"{path} is left over" for path in found - {*listed, MANIFEST}]
    for path, said in listed.items():
        if path not in found:
            faults.append(f"{path} is missing")
            continue
        files[path] = _fingerprint(folder / path)
        if files[path].sha256 != said["sha256"]:
            found_sha256 = files[path].sha256[:12]
            faults.append(
                f"{path} has sha256 {found_sha256}…, expected {said['sha256'][:12]}…"
            )
    if faults:
        faults.sort()
        more = f" (and {len(faults) - 5} more)" if len(faults) > 5 else ""
        raise VerifyError(
            f"{folder} is not what its {MANIFEST} says: {'; '.join(faults[:5])}{more}; "
            "build it again, or remove what does not belong there."
        )
    return Build(folder, manifest, dict(sorted(files.items())))


def parse_manifest(
    raw: bytes, where: str, error: type[OutputError | VerifyError]
) -> dict[str, Any]:
    """Return the manifest in these bytes; keys that are not known are let pass."""
    try:
        manifest = json.loads(raw)
        kind = manifest["format"]
        paths = {path: str(said["sha256"]) for path, said in manifest["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise error(
            f"{where} is not a manifest of trimset: expected JSON with format {FORMAT} "
            "and files; use a folder or repo that `trimset` made."
        ) from None
    if kind != FORMAT:
        raise error(
            f"{where} has format {kind}, expected {FORMAT}; use the version of trimset "
            "that wrote it."
        )
    for path in paths:
        parts = PurePosixPath(path).parts
        if path != "/".join(parts) or ".." in parts or path.startswith("/"):
            raise error(
                f"{where} lists the path {path!r}, expected one relative to the "
                "folder; build it again."
            )
    checked: dict[str, Any] = manifest
    return checked


def _fingerprint(path: Path) -> LocalFile:
    """Hash a file for both kinds of storage that the Hub has, in one pass."""
    size = path.stat().st_size
    sha256, git = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size)  # noqa: S324
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            sha256.update(data)
            git.update(data)
    return LocalFile(size, sha256.hexdigest(), git.hexdigest())
