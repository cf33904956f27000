"""manifest.json: what was made of a selection, and how."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from builder.output.digests import digest_of
from builder.output.records import KIND
from builder.output.versions import versions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from builder.images.facts import Seen
    from builder.output.plan import PlannedShard, ShardInfo
    from builder.selection.contract import ImageGroup, Selection


def describe_images(groups: Sequence[ImageGroup], seen: Seen) -> list[dict[str, Any]]:
    """Return role, name, count and digest of the selected images of each source.

    The digest is the sha256 over one line for each image, sorted by key: its sha256,
    two spaces, its key; as ``sha256sum`` prints them.
    """
    described = []
    start = 0
    for group in groups:
        rows = range(start, start + len(group.keys))
        good = [row for row in rows if row not in seen.facts.reasons]
        sha256 = hashlib.sha256()
        for row in sorted(good, key=seen.keys.__getitem__):
            digest = seen.facts.sha256[row].tobytes().hex()
            sha256.update(f"{digest}  {seen.keys[row]}\n".encode())
        start = rows.stop
        described.append(
            {
                "role": group.role,
                "name": group.store.name,
                **({"url": group.store.url} if group.store.url else {}),
                "images": len(good),
                "sha256": sha256.hexdigest(),
            }
        )
    return described


def make_manifest(
    dataset: str,
    selection: Selection,
    *,
    lock: Mapping[str, Any],
    key: str,
    options: Mapping[str, Any],
    sources: Sequence[Mapping[str, Any]],
    planned: Sequence[PlannedShard],
    shards: Sequence[ShardInfo],
    schemas: Mapping[str, pa.Schema],
    audit: Mapping[str, Any],
    broken: Mapping[str, str],
    about: Mapping[str, Any] | None = None,
    missing: Sequence[str] = (),
    located: Mapping[str, int] | None = None,
    example: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return manifest.json, without the files that are not shards.

    Parameters
    ----------
    dataset : str
        Its name.
    selection : Selection
    lock : dict
        selection.json.
    key : str
        Digest of all that decides the build.
    options : dict
        Options that decide the build besides the recipe.
    sources : sequence of dict
        What the build was made from.
    planned, shards : sequence of PlannedShard, of ShardInfo
        In the same order.
    schemas : dict of str to pa.Schema
        By config.
    audit : dict
        What the audit says.
    broken : dict of str to str
        Images that were left out, and why.
    about : dict, optional
        What the recipe of the dataset says besides its rule.
    missing : sequence of str
        Images that were left out since they are nowhere.
    located : dict of str to int, optional
        By which way how many images were found, if not all as named.
    example : dict, optional
        The first row; see `builder.output.example`.
    """
    from builder.output.schema import features_of  # pyarrow, which a plan does without

    configs: dict[str, dict[str, Any]] = {}
    files = {}
    for plan, shard in zip(planned, shards, strict=True):
        for config, name in plan.listed:
            split = configs.setdefault(config, {}).setdefault(
                name,
                {"num_examples": 0, "num_bytes": 0, "download_size": 0, "files": []},
            )
            split["num_examples"] += shard.rows
            split["num_bytes"] += shard.num_bytes
            split["download_size"] += shard.bytes
            split["files"].append(shard.path)
        files[shard.path] = {
            "sha256": shard.sha256,
            "bytes": shard.bytes,
            "rows": shard.rows,
            "num_bytes": shard.num_bytes,
            "rows_sha256": shard.rows_sha256,
            "images_sha256": shard.images_sha256,
            "task": shard.task,
        }
    return {
        "format": KIND,
        "dataset": dataset,
        "key": key,
        "versions": versions(),
        "recipe": selection.recipe.as_dict(),
        **({"about": dict(about)} if about else {}),
        "options": dict(options),
        "sources": list(sources),
        "selection": lock["digest"],
        "features": {name: features_of(schema) for name, schema in schemas.items()},
        "configs": configs,
        **selection.told(),
        **({"example": dict(example)} if example else {}),
        "audit": dict(audit),
        "broken": [
            {"image": name, "reason": reason} for name, reason in sorted(broken.items())
        ],
        **({"missing": list(missing)} if missing else {}),
        **({"located": dict(located)} if located else {}),
        "files": files,
    }


def with_files(
    manifest: Mapping[str, Any], texts: Mapping[str, bytes]
) -> dict[str, Any]:
    """Return the manifest with the digests of the other files, and with its own.

    Its own, ``digest``, is the sha256 of everything else in canonical JSON.
    """
    described = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in texts.items()
    }
    files = {**manifest["files"], **described}
    whole = {**manifest, "files": {name: files[name] for name in sorted(files)}}
    return {**whole, "digest": digest_of(whole)}


def with_card(
    manifest: Mapping[str, Any],
    repo_id: str,
    card: bytes,
    *,
    generated: Mapping[str, str],
    pushed: Mapping[str, str],
) -> dict[str, Any]:
    """Return the manifest to push: that of a build, and the card as it will be there.

    Parameters
    ----------
    manifest : dict
        Of the build.
    repo_id : str
        The repo that its snippets name.
    card : bytes
        README.md.
    generated, pushed : dict of str to str
        See `builder.output.records.CardEntry`.
    """
    rest = {name: value for name, value in manifest.items() if name != "digest"}
    told = {"generated": dict(generated), "pushed": dict(pushed)}
    return with_files({**rest, "repo_id": repo_id, "card": told}, {"README.md": card})
