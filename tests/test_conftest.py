"""What the tests share is made once, and is what they would have made."""

import pytest

from builder.audit import contact_sheet
from tests.conftest import remember


def test_a_folder_is_made_once_and_anew_after_a_failure(make_once):
    calls = []

    def make(folder):
        calls.append(folder)
        assert not list(folder.iterdir())
        (folder / "file").touch()
        if len(calls) == 1:
            raise ValueError("stopped")

    with pytest.raises(ValueError, match="stopped"):
        make_once("made-by-test", make)
    folder = make_once("made-by-test", make)
    assert make_once("made-by-test", make) == folder
    assert calls == [folder, folder]
    assert (folder / "file").is_file()


def test_equal_data_is_drawn_once_and_other_data_anew():
    calls = []

    def draw(*args, **options):
        calls.append((args, options))
        return len(calls)

    drawn = remember(draw)
    assert [drawn([1], dpi=1), drawn([1], dpi=1), drawn([2], dpi=1)] == [1, 1, 2]
    assert drawn([1], dpi=2) == 3
    assert remember(lambda *_: "other")([1]) == "other"


def test_a_figure_that_is_remembered_is_the_one_that_is_drawn():
    remembered = contact_sheet.contact_sheet
    drawn = remembered.__wrapped__
    assert remembered([]) == drawn([]) == remembered([])
