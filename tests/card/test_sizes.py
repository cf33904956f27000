"""The sizes of images in the card: one, or how far they spread."""

from builder.card.blocks import summary
from builder.card.sizes import tell_sizes
from tests.card.made import make_manifest


def spread(least, median, most):
    return {"least": least, "median": median, "most": most}


def tell(width, height, *, known=9, **options):
    sizes = {"images": 9, "known": known, "width": width, "height": height}
    return tell_sizes({"audit": {"sizes": sizes}, "options": options})


def test_one_size_is_one_and_others_are_told_by_range_and_median():
    one, other = spread(200, 200.0, 200), spread(150, 150.0, 150)
    assert tell(one, other) == "Images are 200 x 150 pixels."
    assert tell(spread(50, 120.5, 2000), spread(40, 90.0, 95)) == (
        "Images are 50 to 2,000 (median 120.5) pixels wide and 40 to 95 (median 90)"
        " high."
    )
    assert tell(one, spread(40, 90.0, 95)) == (
        "Images are 200 pixels wide and 40 to 95 (median 90) high."
    )
    assert tell(one, other, known=4) == (
        "Images are 200 x 150 pixels, as far as their size is known (4 of them)."
    )


def test_of_resized_images_the_sizes_are_those_before():
    one = spread(200, 200.0, 200)
    assert tell(one, one, image_size=100) == (
        "Before they were resized, images were 200 x 200 pixels."
    )


def test_nothing_is_said_where_no_size_is_known():
    manifest = make_manifest()
    assert tell_sizes(manifest) == ""
    manifest["audit"]["sizes"] = {"images": 3, "known": 0}
    assert tell_sizes(manifest) == ""
    one = spread(7, 7.0, 7)
    manifest["audit"]["sizes"] = {"images": 3, "known": 3, "width": one, "height": one}
    assert " MB. Images are 7 x 7 pixels.\n\n" in summary(manifest)
