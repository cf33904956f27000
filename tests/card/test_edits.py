"""What stops a push is told with what helps, for every way that was chosen."""

import pytest

from builder.card.edits import tell_conflict, tell_differences
from builder.card.parts import read_card

MERGE = "merge (what is generated as built, all else as it is there)"
HELPS = f"push with --card {MERGE}, theirs (as it is there) or ours (as built)"
REPLACE = (
    "give what is there another config_name, or push with --card"
    f" {MERGE} or ours (as built), which replace it"
)
CLAIM = "other files or splits there than the build has, and cannot be both"
EDITED = "found block counts, the text edited there since the last push"
EXPECTED = "expected the card that was pushed last, "


@pytest.mark.parametrize(
    ("parts", "how", "known", "found", "helps"),
    [
        (["block counts", "text"], None, True, EXPECTED + EDITED, HELPS),
        (
            ["text"],
            None,
            False,
            f"{EXPECTED}found one that trimset did not push",
            HELPS,
        ),
        (
            ["config a", "text"],
            None,
            True,
            (
                f"{EXPECTED}found config a, the text edited there since the last push;"
                f" config a loads {CLAIM}"
            ),
            REPLACE,
        ),
        (
            ["config a", "config b"],
            "theirs",
            True,
            f"config a, config b load {CLAIM}",
            REPLACE,
        ),
    ],
)
def test_what_stops_a_push_and_what_helps(parts, how, known, found, helps):
    assert tell_conflict("a/b", parts, how, known=known) == (
        f"README.md of a/b: {found}; nothing was sent; look at the difference, then"
        f" {helps}."
    )


def block(name, *lines):
    return "\n".join([f"<!-- trimset: {name} -->", *lines, "<!-- trimset: end -->", ""])


def test_of_a_difference_so_much_is_shown_as_one_looks_at():
    ours = read_card(block("a", *(f"{n} new" for n in range(37))) + block("b", "x"))
    for width, ending in ((159, "x"), (160, "…")):
        theirs = read_card(block("a", "x" * width))
        lines = tell_differences(ours, theirs, iter(["block a"]))
        assert lines[:3] == [
            "--- on the Hub: block a",
            "+++ as built: block a",
            "@@ -1 +1,37 @@",
        ]
        assert len(lines[3]) == 160
        assert lines[3][-1] == ending
    # Forty lines and the one of the blocks that are not there.
    assert len(lines) == 42
    assert lines[-2] == "… and 1 lines more"
    assert lines[-1] == "and 1 generated block would be added"
    assert tell_differences(ours, theirs, ["block b"])[-1] == "+x"
    shorter = read_card(block("a", *(f"{n} new" for n in range(36))))
    assert len(tell_differences(shorter, theirs, ["block a"])) == 40
