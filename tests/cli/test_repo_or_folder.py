"""What `verify` takes for a repo of the Hub, and what for a mistyped folder."""

import pytest

from builder.cli.values import is_repo
from builder.errors import VerifyError


@pytest.mark.parametrize(
    ("target", "answer"),
    [
        ("alice/cars", True),
        ("al.ice/c-a_rs.1", True),
        ("out/built", False),
        ("./alice/cars", False),
        ("../cars", False),
        ("./cars", False),
        ("~/cars", False),
        ("/cars", False),
        ("alice/cars/", False),
        ("alice/", False),
        ("cars", False),
        ("a/b/c", False),
        ("s3://bucket/cars", False),
        ("alice/cars\n", False),
    ],
)
def test_what_is_a_repo_and_what_a_folder(target, answer, tmp_path, monkeypatch):
    (tmp_path / "out/built").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert is_repo(target, surely=False) is answer


def test_a_mistyped_folder_is_not_asked_of_the_hub(tmp_path, monkeypatch):
    (tmp_path / "out/built").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        VerifyError, match="found no such folder: check its name in out"
    ):
        is_repo("out/buitl", surely=False)
    assert is_repo("out/buitl", surely=True)
