"""Any table with a row an image, as its recipe describes it: the kind ``table``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from builder.card.markdown import code
from builder.datasets.file_recipe import places_of
from builder.datasets.recipe_dataset import RecipeDataset

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from builder.datasets.file_recipe import FileRecipe
    from builder.datasets.files import Files
    from builder.datasets.table.selection import TableSelection


@dataclass(frozen=True)
class TableDataset(RecipeDataset):
    """A table of images; see `builder.datasets.base.Dataset`."""

    has_urls: bool = False

    def select(self, files: Files, recipe: FileRecipe) -> TableSelection:
        """Read the tables, and apply the rule; see `Dataset.select`."""
        from builder.datasets.table.pairs import read_pairs
        from builder.datasets.table.pool import columns_as_text
        from builder.datasets.table.read import read_frame
        from builder.datasets.table.selection import select_table

        assert self.file.columns is not None  # noqa: S101 (recipes of this kind have)
        texts = columns_as_text(self.file.columns)
        frames, stores, pairs = {}, {}, []
        has_pairs = False
        for split, part in places_of(self.file).items():
            before = f"{split}_" if split else ""
            with files.open(f"{before}metadata") as table:
                assert table is not None  # noqa: S101 (the input is needed)
                data = bytes(table.data)
                frames[split] = read_frame(data, name=table.name, texts=texts)
            if part.duplicates is not None:
                with files.open(f"{before}duplicates") as table:
                    if table is not None:
                        has_pairs = True
                        pairs += read_pairs(bytes(table.data), name=table.name)
            store = files.images(f"{before}images")
            if store is None:
                raise files.missing_images(f"{before}images", "check the recipe")
            stores[split] = store
        selection = select_table(
            frames, stores, self.file, recipe, pairs=pairs if has_pairs else None
        )
        for note in (*selection.notes, *selection.notes_of_cut):
            files.say(note)
        return selection

    def blocks(self) -> Mapping[str, Callable[[Mapping[str, Any]], str | None]]:
        """Return what fills the marked places of the card."""
        from builder.datasets.recipe_card import OF_RECIPE
        from builder.datasets.table.card import BLOCKS

        return {**BLOCKS, **OF_RECIPE, "columns": _columns, "licences": lambda _: ""}


def _columns(manifest: Mapping[str, Any]) -> str:
    """Return what the columns are."""
    names = [n for n in manifest["features"]["default"] if n not in {"image", "label"}]
    label = manifest["recipe"]["columns"].get("label")
    lines = []
    if label is not None:
        named = ", ".join(map(code, [label] if isinstance(label, str) else label))
        lines.append(f"- `label` is the class, from {named} of the source.")
    if names:
        listed = ", ".join(map(code, names))
        lines.append(
            f"- {listed}: as the table of the source has them; a null is a gap there."
        )
    return "\n".join(lines)
