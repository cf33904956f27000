"""Whether the card of a folder is that of the build, was edited, or is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from yaml import YAMLError

from builder.card.edits import decode_card, tell_edits
from builder.card.loading import check_loading
from builder.card.parts import digests, read_card
from builder.card.render import render_card
from builder.errors import MISFITS
from builder.output.records import LAST, README

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.card.parts import Card
    from builder.datasets.base import Dataset
    from builder.output.records import Manifest

_CANNOT_BE: tuple[type[Exception], ...] = (YAMLError, *MISFITS)
_SHOWN = 200  # characters of what a library says


def check_card(card: bytes, manifest: Manifest, dataset: Dataset[Any]) -> Iterator[str]:
    """Compare a card that the digests vouch for with what the manifest gives.

    Of one that was pushed, what people had written into it is not compared.
    """
    try:
        rendered = _render(manifest, dataset)
    # Of what the card shows, only what is used elsewhere was checked before.
    except _CANNOT_BE as err:
        words = " ".join(str(err).split())[:_SHOWN]
        yield f"{LAST}: gives no card ({type(err).__name__}: {words})"
        return
    is_same = card == rendered.encode()
    if not is_same and manifest.card is not None:
        try:
            is_same = _is_generated(decode_card(card), read_card(rendered), manifest)
        except ValueError as err:
            yield f"{README}: {err}"
            return
        yield from (
            f"{README}: {fault}"
            for fault in check_loading(decode_card(card).metadata, manifest.content)
        )
    if not is_same:
        yield f"{README}: is not the card that the manifest gives"


def _is_generated(card: Card, rendered: Card, manifest: Manifest) -> bool:
    """Tell whether the blocks are those of the build, but for edits that were kept."""
    assert manifest.card is not None  # noqa: S101 (the caller looked)
    told, found, wanted = manifest.card, digests(card), digests(rendered)
    return all(
        digest == wanted.get(part)
        for part, digest in found.items()
        if part.startswith("block ")
        and told.pushed.get(part) == told.generated.get(part)
    )


def is_flipped(card: bytes, manifest: Manifest, dataset: Dataset[Any]) -> bool:
    """Tell whether one byte is another: so disks err, and people hardly.

    Only known of a build that was not pushed, whose card can be made again.
    """
    wanted = (_rendered(manifest, dataset) or "").encode()
    pairs = zip(card, wanted, strict=False)
    return len(card) == len(wanted) and sum(a != b for a, b in pairs) == 1


def look_at_edits(
    card: bytes, manifest: Manifest, dataset: Dataset[Any]
) -> tuple[list[str], tuple[str, ...]]:
    """Return why a card is damaged, and else what people changed in it."""
    if manifest.card is not None:
        return tell_edits(card, manifest.content, manifest.card.pushed)
    wanted = _rendered(manifest, dataset)
    pushed = None if wanted is None else digests(read_card(wanted))
    return tell_edits(card, manifest.content, pushed)


def _rendered(manifest: Manifest, dataset: Dataset[Any]) -> str | None:
    """Return the card that the manifest gives, if it gives one."""
    try:
        return _render(manifest, dataset)
    except _CANNOT_BE:
        return None


def _render(manifest: Manifest, dataset: Dataset[Any]) -> str:
    parts = dataset.card(manifest.content)
    return render_card(manifest.content, parts.prose, parts.blocks)
