"""Looks for what would keep a build from loading everywhere, or being shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from builder.card.edits import decode_card
from builder.card.loading import resolve
from builder.card.parts import entries
from builder.errors import MISFITS
from builder.limits import MAX_CARD
from builder.output.records import LAST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from builder.output.check import Build

# The dataset viewer of the Hub scans 300 MB to show 100 rows; rows of 2 MB and row
# groups of half that stay well inside, whatever rows it is asked for.
MAX_ROW_GROUP = 150_000_000
MAX_ROW = 2_000_000
# What `datasets` before version 4 cannot read in the schema of a Parquet file.
NEW_SPELLING = ('"_type": "List"', '"_type": "LargeList"')
CARD_KEYS = (
    "pretty_name",
    "task_categories",
    "size_categories",
    "configs",
    "dataset_info",
)
_LICENSE_ID = re.compile(r"[a-z0-9][a-z0-9.+_-]*")
#: Of a card without a licence: recipes may leave it out, and that of an official source
#: is not that of another.
NO_LICENSE = "no licence is stated"
# Characters of a licence that is none.
_SHOWN = 60


def lint(build: Build) -> list[str]:
    """Return what is wrong with a build, each fault in a few words; none is well.

    Its licence is not looked at: it is that of the card on the Hub, see `lint_license`.
    """
    faults = [
        f"{path} is a script, expected none" for path in build.files if _is_script(path)
    ]
    shards = {path for path in build.files if path.endswith(".parquet")}
    rows: dict[str, int] = {}
    for path in sorted(shards):
        faults += _lint_shard(build, path, rows)
    try:
        card, text = _read_card(build)
        faults += _lint_card(build, card, text)
        faults += _lint_configs(build, card, shards, rows)
    except MISFITS as err:  # such as a name that is a list
        first = str(err).partition("\n")[0]
        return [*faults, f"README.md: {first}"]
    return faults


def _is_script(path: str) -> bool:
    return path.lower().endswith((".py", ".pyc"))


def _lint_shard(build: Build, path: str, rows: dict[str, int]) -> Iterator[str]:
    """Check the layout of a shard by its footer, and note its number of rows."""
    try:
        footer = pq.read_metadata(build.folder / path)
    except (OSError, ValueError) as err:  # pyarrow's own errors are heirs of these
        yield f"{path} cannot be read as Parquet ({str(err).partition(chr(10))[0]})"
        return
    rows[path] = footer.num_rows
    if footer.num_row_groups != 1:
        yield f"{path} has {footer.num_row_groups} row groups, expected 1"
        return
    size = footer.row_group(0).total_byte_size
    if size > MAX_ROW_GROUP:
        yield f"{path} has {size} bytes in a row group, expected <= {MAX_ROW_GROUP}"
    if size > MAX_ROW * max(1, footer.num_rows):
        mean = size // max(1, footer.num_rows)
        yield f"{path} has {mean} bytes in a row, expected <= {MAX_ROW}"
    schema = (footer.metadata or {}).get(b"huggingface", b"").decode(errors="replace")
    if any(kind in schema for kind in NEW_SPELLING):
        yield f"{path} spells its features so that datasets 3.6 cannot read them"
    said = build.manifest.files[path].rows
    if said != footer.num_rows:
        yield f"{path} has {footer.num_rows} rows, expected {said} by {LAST}"


def _read_card(build: Build) -> tuple[Mapping[str, Any], str]:
    """Return the YAML of the card and its prose."""
    if "README.md" not in build.files:
        raise ValueError("expected a card, found none")
    with (build.folder / "README.md").open("rb") as file:
        data = file.read(MAX_CARD + 1)
    card = decode_card(data).metadata
    text = data.decode()
    match = re.match(r"---\n(.*?)\n---\n(.*)", text, re.DOTALL)
    if match is None:
        raise ValueError("expected YAML between two lines of ---, found none")
    return card, match[2]


def _lint_card(build: Build, card: Mapping[str, Any], text: str) -> Iterator[str]:
    """Check that the card is complete and that what it shows is there."""
    if missing := [key for key in CARD_KEYS if not card.get(key)]:
        yield f"README.md lacks {', '.join(missing)}"
    # Names in code, and those with a backslash before their brackets, are no links.
    prose = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
    for target in re.findall(r"(?<!\\)\[(?:[^]\\]|\\.)*\]\(([^)\s]+)\)", prose):
        path = target.partition("#")[0].removeprefix("./")
        if path and ":" not in path and path not in {*build.files, LAST}:
            yield f"README.md points to {path}, which is not there"


def lint_license(
    card: Mapping[str, Any], built: Mapping[str, Any], about: Mapping[str, Any]
) -> Iterator[str]:
    """Check that the licence is one that the Hub takes, by its rules for cards.

    See huggingface.co/docs/hub/repositories-licenses: an id of its list, or "other"
    with a name.

    Parameters
    ----------
    card : dict
        YAML of the card that is to lie on the Hub.
    built : dict
        That of the build.
    about : dict
        What the manifest records of the recipe.
    """
    step = "in the card on the Hub"
    if any(card.get(key) != built.get(key) for key in ("license", "license_name")):
        step += ", or push with --card ours to replace that"
    elif about and not about.keys() & {"prose", "license"}:
        step = f'in the recipe (license = "…") and build again, or {step}'
    else:
        # the recipe comes with the package, or speaks of an official source
        step = f"in a recipe of this source, which `trimset init SRC` writes, or {step}"
    said = card.get("license")
    if not said:
        yield f"{NO_LICENSE}: state one {step}"
        return
    if said == "other" and not card.get("license_name"):
        yield f'license is "other": state a license_name {step}'
    for name in said if isinstance(said, list) else [said]:
        if not _LICENSE_ID.fullmatch(str(name)):
            yield (
                "license: expected an id of the Hub such as cc-by-4.0, found"
                f" {str(name)[:_SHOWN]!r}: change it {step}"
            )


def _lint_configs(
    build: Build, card: Mapping[str, Any], shards: set[str], rows: Mapping[str, int]
) -> Iterator[str]:
    """Check that card, manifest and Parquet tell the same of every config."""
    stated = build.manifest.configs
    configs = {entry["config_name"]: entry for entry in entries(card, "configs")}
    infos = {
        entry.get("config_name", "default"): entry
        for entry in entries(card, "dataset_info")
    }
    for name, known in (("configs", configs), ("dataset_info", infos)):
        if odd := sorted(known.keys() ^ stated.keys()):
            yield f"README.md and {LAST} differ in {name}: {', '.join(odd)}"
    if "default" in configs and not configs["default"].get("default"):
        yield "README.md does not mark config default with default: true"
    used: set[str] = set()
    for name in sorted(configs.keys() & infos.keys() & stated.keys()):
        counts = {s["name"]: s["num_examples"] for s in infos[name].get("splits", [])}
        found = dict(resolve(configs[name], shards))
        for split in sorted({*counts, *found, *stated[name]}):
            files = found.get(split, [])
            used.update(files)
            said = stated[name].get(split)
            listed = said.files if said else []
            expected = said.num_examples if said else None
            total = sum(rows.get(path, 0) for path in files)
            if files != sorted(listed):
                yield (
                    f"{name}/{split} resolves to {len(files)} files by README.md, "
                    f"expected {len(listed)} by {LAST}"
                )
            elif not total == counts.get(split) == expected:
                yield (
                    f"{name}/{split} has {total} rows, expected "
                    f"{counts.get(split)} by README.md and "
                    f"{expected} by {LAST}"
                )
        yield from _lint_features(build, name, infos[name], found, rows)
    for path in sorted(shards - used):
        yield f"{path} belongs to no config"


def _lint_features(
    build: Build,
    name: str,
    info: Mapping[str, Any],
    found: Mapping[str, list[str]],
    rows: Mapping[str, int],
) -> Iterator[str]:
    """Compare the features in the card with those in every shard of a config."""
    from datasets import Features

    try:
        in_card = Features._from_yaml_list(list(info.get("features", [])))
    except MISFITS as err:
        yield f"{name} has features in README.md that cannot be read ({err})"
        return
    for path in sorted(path for files in found.values() for path in files):
        if path not in rows:
            continue  # named already
        schema = pq.read_schema(build.folder / path)
        if b"huggingface" not in (schema.metadata or {}):
            yield f"{path} holds no features, expected those of README.md"
            continue
        try:
            in_shard = Features.from_arrow_schema(schema)
        except MISFITS as err:
            yield f"{path} has features that cannot be read ({err})"
            continue
        if _plain(in_shard) != _plain(in_card):
            yield f"{path} has other features than {name} in README.md"


def _plain(feature: Any) -> object:
    """Return a feature so that two spellings of one list are equal.

    Until version 4 of `datasets`, ``list:`` in a card and ``Sequence`` in a schema
    came out as different objects.
    """
    if isinstance(feature, dict):
        return {name: _plain(inner) for name, inner in feature.items()}
    if isinstance(feature, list):
        return [_plain(feature[0])]
    if type(feature).__name__ in ("Sequence", "List"):
        return [_plain(feature.feature)]
    return repr(feature)
