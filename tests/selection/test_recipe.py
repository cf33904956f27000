"""The record of a recipe: whole, but for what nobody asked for."""

import pytest

from builder import CocoRecipe, IsicRecipe
from builder.errors import UsageError
from builder.selection.recipe import read_recipe


@pytest.mark.parametrize("stuff", [False, True])
def test_what_was_not_asked_for_is_not_recorded(stuff):
    recipe = CocoRecipe(("3",), 4, 2, 7, stuff=stuff)
    record = recipe.as_dict()
    assert ("stuff" in record) == stuff
    assert read_recipe(CocoRecipe, record) == recipe


def test_a_record_lacks_no_other_field_and_has_no_more():
    record = CocoRecipe().as_dict()
    assert set(record) == {"targets", "train_samples", "test_samples", "seed"}
    for wrong in ({**record, "stuffing": True}, {"seed": 42}):
        with pytest.raises(UsageError, match="recipe: expected targets, "):
            read_recipe(CocoRecipe, wrong)
    with pytest.raises(UsageError, match="recipe: expected benign, malignant, seed"):
        read_recipe(IsicRecipe, {"seed": 42})
    with pytest.raises(UsageError, match="recipe: Expected `bool`"):
        read_recipe(CocoRecipe, {**record, "stuff": 1})
