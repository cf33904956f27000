"""The dataset card: prose that people wrote, with numbers that the build computed.

In the prose, between ``<!-- trimset: NAME -->`` and ``<!-- trimset: end -->``, stands
what is generated; whatever was there before goes, unless the block has nothing else to
say of this build. The YAML at the top is completed by the configs and their features.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BLOCK = re.compile(
    r"<!-- trimset: (?P<name>(?!end)\w+) -->\n(?P<prose>.*?)<!-- trimset: end -->\n",
    re.DOTALL,
)
# The Hub's own classes of sizes (huggingface.co/docs/hub/datasets-cards).
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)


def render_card(
    manifest: Mapping[str, Any],
    prose: str,
    blocks: Mapping[str, Callable[[Mapping[str, Any]], str | None]],
) -> str:
    """Return README.md of a build.

    Parameters
    ----------
    manifest : dict
        See `builder.output.manifest.make_manifest`.
    prose : str
        The text that people wrote, YAML first, with marked places for the blocks.
    blocks : dict of str to callable
        What fills each place; see `fill_blocks`.
    """
    _, front, text = prose.split("---\n", 2)
    metadata = {**yaml.safe_load(front), **card_metadata(manifest)}
    head = yaml.safe_dump(
        metadata,
        sort_keys=False,
        allow_unicode=True,
        width=88,
        default_flow_style=False,
    )
    return f"---\n{head}---\n{fill_blocks(text, manifest, blocks)}"


def fill_blocks(
    prose: str,
    manifest: Mapping[str, Any],
    blocks: Mapping[str, Callable[[Mapping[str, Any]], str | None]],
) -> str:
    """Return the prose with every marked block generated anew.

    Parameters
    ----------
    prose : str
    manifest : dict
    blocks : dict of str to callable
        What makes the text of each block from the manifest, or None where the prose in
        it holds for the build; an unknown block is a KeyError.
    """

    def fill(match: re.Match[str]) -> str:
        text = blocks[match["name"]](manifest)
        if text is None:
            return match["prose"]
        return f"{text.strip()}\n" if text.strip() else ""

    return re.sub(r"\n{3,}", "\n\n", _BLOCK.sub(fill, prose))


def card_metadata(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the computed part of the card's YAML."""
    largest = max(
        sum(split["num_examples"] for split in splits.values())
        for splits in manifest["configs"].values()
    )
    size = next((name for limit, name in _SIZES if largest < limit), "n>1B")
    return {
        "size_categories": [size],
        "configs": [
            _config(name, splits) for name, splits in manifest["configs"].items()
        ],
        "dataset_info": [
            {
                "config_name": name,
                "features": yaml_features(manifest["features"][name]),
                "splits": [
                    {
                        "name": split,
                        "num_bytes": facts["num_bytes"],
                        "num_examples": facts["num_examples"],
                    }
                    for split, facts in splits.items()
                ],
                "download_size": sum(s["download_size"] for s in splits.values()),
                "dataset_size": sum(s["num_bytes"] for s in splits.values()),
            }
            for name, splits in manifest["configs"].items()
        ],
    }


def yaml_features(features: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return features as the card spells them, for `datasets` 2.14 to 5.

    >>> yaml_features({"ids": {"feature": {"dtype": "int32", "_type": "Value"},
    ...                        "_type": "Sequence"}})
    [{'name': 'ids', 'sequence': 'int32'}]
    """
    found = []
    for name, feature in features.items():
        if feature["_type"] == "Sequence":
            found.append({"name": name, "sequence": _dtype(feature["feature"])})
        else:
            found.append({"name": name, "dtype": _dtype(feature)})
    return found


def _dtype(feature: Mapping[str, Any]) -> Any:
    kind = feature["_type"]
    if kind == "ClassLabel":
        names = {str(i): name for i, name in enumerate(feature["names"])}
        return {"class_label": {"names": names}}
    return feature["dtype"] if kind == "Value" else kind.lower()


def _config(name: str, splits: Mapping[str, Any]) -> dict[str, Any]:
    # `path` may be a list, but a config of one pattern a split reads better.
    entry: dict[str, Any] = {
        "config_name": name,
        "data_files": [
            {"split": split, "path": _pattern(name, split, facts["files"])}
            for split, facts in splits.items()
        ],
    }
    return {**entry, "default": True} if name == "default" else entry


def _pattern(config: str, split: str, paths: list[str]) -> str | list[str]:
    own = f"data/{config}/{split}-"
    if all(path.startswith(own) for path in paths):
        return f"{own}*.parquet"
    return list(paths)
