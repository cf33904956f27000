"""What the card says of test sets in and out of context. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from builder.card import blocks
from builder.card.markdown import count_of, table
from builder.card.place import repo_of
from builder.datasets.coco.context import STUFF

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHAT = (
    "Singh et al. (2020, [arXiv:2001.03152](https://arxiv.org/abs/2001.03152)) ask how"
    " well a classifier knows a class where its usual context is missing. {configs} for"
    " that: `cooccur` has test images that show the class together with its context,"
    " `exclusive` such that show the class without it, and the same images without the"
    " class are in both. `label` says which images show the class; the columns are"
    " those of the config of a class. `default` holds only those of these images that"
    " were drawn for a class, too."
)
_HOW = (
    "For every class NumPy's legacy generator is set to the seed {seed} anew, and draws"
    " without replacement up to {quota:,} images with the class and its context, then"
    " with the class alone, then without the class, of the {images:,} test images that"
    " were looked through for stuff. {short}"
)
_ENOUGH = "There were as many for every set."
_SHORT = (
    "There were fewer for {short} of {sets}, which {have} all that there are, and"
    " therefore another share of images with the class. Compare the two splits of a"
    " class by what does not depend on that share, such as recall or the area under the"
    " ROC curve, and not by precision or average precision."
)
_NONE = (
    " No image of {none} shows the class: all that can be learned there is how often it"
    " is seen where it is not."
)
_OTHERS = (
    "These are not the sets of the paper: it takes all images of its test split of"
    " COCO. Stuff is what COCO-Stuff annotates (Caesar et al. 2018,"
    " [arXiv:1612.03716](https://arxiv.org/abs/1612.03716)){kinds}. The files that it"
    " was read from were not compared with digests of the official ones, of which none"
    " are known here."
)


def tell_context_sets(manifest: Mapping[str, Any]) -> str:
    """Return the section of the context sets; nothing where there are none."""
    told = manifest.get("context_sets")
    if not told:
        return ""
    sets = told["sets"]
    configs = context_configs(manifest)
    return "\n\n".join(
        [
            "## Test sets in and out of context",
            _WHAT.format(configs=_named(configs)),
            blocks.python(
                "ds = load_dataset(",
                f'    "{repo_of(manifest)}", "{configs[0]}", split="exclusive"',
                ")",
                'print(len(ds), sum(ds["label"]))',
            ),
            _how(manifest, sets),
            table(
                ["class", "context", "split", "with the class in the source", "drawn",
                 "without it in the source", "drawn"],
                [
                    [
                        entry["target"],
                        entry["context"],
                        entry["split"],
                        entry["positives_available"],
                        entry["positives"],
                        entry["negatives_available"],
                        entry["negatives"],
                    ]
                    for entry in sets
                ],
            ),
            _OTHERS.format(kinds=_kinds([entry["context"] for entry in sets])),
        ]
    )  # fmt: skip


def context_configs(manifest: Mapping[str, Any]) -> list[str]:
    """Return the configs of the context sets."""
    sets = manifest.get("context_sets", {}).get("sets", ())
    return list(dict.fromkeys(entry["config"] for entry in sets))


def tell_pairs(manifest: Mapping[str, Any]) -> str:
    """Return what is to be said of the known pairs where stuff was read."""
    roles = [entry["role"] for entry in manifest["sources"]]
    splits = [
        split for split in manifest["parent"] if f"{split} stuff annotations" in roles
    ]
    if not splits and "stuff annotations" not in roles:
        return ""
    counts = [
        f"{manifest['audit']['context'][split]['source']['images']:,} of {split}"
        for split in splits or manifest["parent"]
    ]
    return (
        " Categories of things and stuff are counted on the images that were looked"
        f" through for both, {' and '.join(counts)}{_kinds(STUFF.values())}."
    )


def _how(manifest: Mapping[str, Any], sets: Any) -> str:
    short = [
        entry
        for entry in sets
        if min(entry["positives"], entry["negatives"]) < entry["quota"]
    ]
    words = _ENOUGH
    if short:
        words = _SHORT.format(
            short=len(short),
            sets=count_of(len(sets), "set", "sets"),
            have="holds" if len(short) == 1 else "hold",
        )
    empty = [
        f"`{entry['config']}`/`{entry['split']}`"
        for entry in sets
        if not entry["positives"]
    ]
    if empty:
        words += _NONE.format(none=_list(empty))
    [test] = {entry["images"] for entry in sets}
    return _HOW.format(
        seed=manifest["recipe"]["seed"],
        quota=sets[0]["quota"],
        images=test,
        short=words,
    )


def _named(configs: list[str]) -> str:
    """Say which configs are test sets, as the start of a sentence."""
    if len(configs) == 1:
        return f"The config `{configs[0]}` is a pair of test sets"
    return (
        f"The {len(configs)} configs whose name ends in `_context`, such as"
        f" `{configs[0]}`, are pairs of test sets"
    )


def _kinds(contexts: Any) -> str:
    """Say which kinds of stuff stand for a context of the paper."""
    kinds = [
        f"`{kind}` is its {name}"
        for name, kind in STUFF.items()
        if name != kind and kind in set(contexts)
    ]
    if not kinds:
        return ""
    return f"; of the paper's contexts {_list(kinds)}, as in Kim et al. (2021)"


def _list(words: list[str]) -> str:
    """Return words as a sentence lists them.

    >>> _list(["a"]), _list(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
