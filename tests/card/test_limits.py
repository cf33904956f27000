"""Limits are told where a build has them, and as far as it was looked at."""

import pytest

from builder.card.limits import disjoint, left_out, listed
from tests.card.made import make_manifest


def test_limits_are_a_list_of_those_that_there_are():
    assert listed("One.", "", "Two.") == "## Limits\n\n- One.\n- Two."
    assert listed("", "") == ""


def found(exact=0, near=0, *, decoded=True):
    """Return a manifest with pairs that lie across splits."""
    manifest = make_manifest()
    told = manifest["audit"]
    told["decoded"] = decoded
    told["duplicates"]["exact"] = {"pairs": [], "across": exact}
    told["duplicates"]["near"] = {"pairs": [], "across": near}
    return manifest


NONE = "No image of one split has the bytes of one of another"
SOME = "The splits are not disjoint: {} of images that have the same bytes"
UNSEEN = "Whether some look alike **was not looked for**."


@pytest.mark.parametrize(
    ("manifest", "start", "end"),
    [
        (found(1, 1), SOME.format("2 pairs"), " or look the same lie in two of them"),
        (found(0, 1), SOME.format("1 pair"), " or look the same lies in two of them"),
        (found(), NONE, ", and none was found to look like one"),
        (found(2, 5, decoded=False), SOME.format("2 pairs"), " lie in two of them"),
        (found(decoded=False), NONE, f". {UNSEEN}"),
    ],
)
def test_whether_splits_share_images_is_told_as_far_as_it_was_looked_at(
    manifest, start, end
):
    text = disjoint(manifest)
    assert text.startswith(start + end)
    assert text.endswith(UNSEEN) != manifest["audit"]["decoded"]


def test_one_split_shares_nothing_and_two_may():
    manifest = found(1)
    del manifest["configs"]["default"]["test"]
    assert disjoint(manifest) == ""


def test_images_that_are_left_out_are_counted_whatever_the_reason():
    manifest = make_manifest()
    assert left_out(manifest) == ""
    manifest["missing"] = ["a.jpg"]
    told = "left out, being broken or nowhere (see Counts)."
    assert left_out(manifest) == f"1 selected image is {told}"
    manifest["broken"] = [{"image": "b.jpg", "reason": "is odd"}]
    assert left_out(manifest) == f"2 selected images are {told}"
