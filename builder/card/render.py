"""The dataset card: prose that people wrote, with numbers that the build computed.

In the prose, between ``<!-- trimset: NAME -->`` and ``<!-- trimset: end -->``, stands
what is generated; whatever was there before goes, unless the block has nothing else to
say of this build. The marks stay, so that a push can tell what it may write anew from
what people wrote since; the Hub shows no comments. The YAML at the top is completed by
the configs and their features.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from builder.card.front import dump_all

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
    _, front, text = re.split(r"^---\n", prose, maxsplit=2, flags=re.MULTILINE)
    metadata = {**yaml.safe_load(front), **card_metadata(manifest)}
    return f"---\n{dump_all(metadata)}---\n{fill_blocks(text, manifest, blocks)}"


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
        text = match["prose"] if text is None else text
        inside = f"{text.strip()}\n" if text.strip() else ""
        mark, end = f"<!-- trimset: {match['name']} -->", "<!-- trimset: end -->"
        before = match.string[: match.start()]
        if before and not before.endswith("\n\n"):
            # a comment at the start of a line would end the paragraph that goes on
            return f"\0{mark}\n{inside}\0{end}\n"
        return f"{mark}\n\n{inside}\n{end}\n"

    filled = _BLOCK.sub(fill, prose).replace("\n\0", " ")
    return re.sub(r"\n{3,}", "\n\n", filled)


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
    return [{"name": name, **_typed(feature)} for name, feature in features.items()]


def _typed(feature: Mapping[str, Any]) -> dict[str, Any]:
    kind = feature.get("_type")
    if not isinstance(kind, str):  # a record, one of whose fields may have that name
        return {"struct": yaml_features(feature)}
    if kind != "Sequence":
        return {"dtype": _dtype(feature)}
    inner = _typed(feature["feature"])
    return {"sequence": inner["dtype"] if set(inner) == {"dtype"} else inner}


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
