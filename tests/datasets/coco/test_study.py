"""What the options of the study's dataset stand for, for annotations of others."""

import pytest

from builder.datasets.coco.recipe import CocoRecipe
from builder.datasets.coco.study_selection import unnamed_recipe
from builder.datasets.recipe_record import Select, SourceFiles
from builder.errors import UsageError
from tests.datasets.coco.tables import table_of

TABLES = {
    "train": table_of([[1]], ("a", "b", "c", "d"), name="one.json"),
    "test": table_of([[1]], ("a", "b", "c", "d"), name="two.json"),
}


@pytest.mark.parametrize(
    ("targets", "meant"), [(("a", "2"), ["a", "2"]), (("all",), "all")]
)
def test_options_stand_for_a_recipe(targets, meant):
    recipe = unnamed_recipe(TABLES, CocoRecipe(targets, 8, 6, 7), CocoRecipe())
    assert (recipe.kind, recipe.name) == ("coco", "unnamed")
    assert recipe.splits == {
        "train": SourceFiles(annotations="one.json", images="train/"),
        "test": SourceFiles(annotations="two.json", images="test/"),
    }
    assert recipe.select == Select(
        rule="balanced", targets=meant, samples={"train": 8, "test": 6}, seed=7
    )


def test_of_one_split_the_samples_of_one_are_asked_for():
    one = {"test": TABLES["test"]}
    recipe = unnamed_recipe(one, CocoRecipe(("a",), 8, 6), CocoRecipe())
    assert recipe.select.samples == {"test": 6}
    assert recipe.select.seed == 42


def test_the_classes_of_the_study_mean_nothing_elsewhere():
    with pytest.raises(UsageError) as caught:
        unnamed_recipe(TABLES, CocoRecipe(train_samples=8), CocoRecipe())
    assert str(caught.value) == (
        "one.json: its categories (a, b, c, and 1 more) are not those of COCO 2017,"
        " whose classes are taken where --targets does not say: give --targets all, or"
        " some of them"
    )
