"""The rooms in which mutants are looked for: their modules, and the tests that matter.

To these come the examples of all docstrings. Tests that build whole datasets are none
of them: they would take a minute for each mutant.
"""

AUDIT = (
    "auc", "conflicts", "context", "drift", "duplicates", "first_look", "intervals",
    "labels", "lookalikes", "modes", "second_look", "shortcuts", "sizes", "splits",
    "turns",
)  # fmt: skip
AUDIT_TESTS = (
    "auc", "conflicts", "context", "drift", "duplicates", "intervals", "labels",
    "lookalikes", "looks", "modes", "shortcuts", "sizes", "splits",
)  # fmt: skip
# How a figure looks is for eyes: a room of its own.
FIGURES = ("contact_sheet", "figures", "paper", "shortcut_figure")
SELECTION = ("contract", "groups", "names", "recipe", "rules", "unfair")
# How splits are cut: half of the room, and its slow tests.
SEARCH = ("cuts", "exact", "greedy", "splits")
COCO = (
    "categories", "context_sets", "contrasts", "draws", "rules", "study_selection",
    "table", "targets",
)  # fmt: skip
COCO_TESTS = (
    "categories", "context_sets", "draws", "rules", "selection", "study", "table",
)  # fmt: skip


def _named(folder, names, start=""):
    return [f"{folder}/{start}{name}.py" for name in names]


ROOMS = {
    "ranges": (["builder/sources/ranges.py"], ["tests/sources/test_ranges.py"]),
    "zips": (
        ["builder/sources/zips.py"],
        ["tests/sources/test_zips.py", "tests/sources/test_member.py"],
    ),
    "selection": (
        _named("builder/selection", SELECTION),
        ["tests/selection", "tests/datasets/coco/test_parse.py"],
    ),
    "search": (
        _named("builder/selection", SEARCH),
        _named("tests/selection", ("groups", "pinned", "splits"), "test_"),
    ),
    "audit": (
        _named("builder/audit", AUDIT),
        _named("tests/audit", AUDIT_TESTS, "test_"),
    ),
    "figures": (_named("builder/audit", FIGURES), ["tests/audit/test_figures.py"]),
    "images": (["builder/images/*.py"], ["tests/images"]),
    "card": (["builder/card/*.py"], ["tests/card"]),
    "coco": (
        _named("builder/datasets/coco", COCO),
        _named("tests/datasets/coco", COCO_TESTS, "test_"),
    ),
}
