"""images.sha256: what a build writes there, and nothing else is read."""

import os
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import ImageError, SelectionError, VerifyError
from builder.images.facts import MISSING, AuditFacts, Seen
from builder.limits import Limits
from builder.output.image_digests import (
    DIGESTS,
    beside,
    check_digests,
    differences,
    digests_of,
    read_digests,
    write_digests,
)
from builder.selection.names import unsafe_reason

ONE, TWO = "1" * 64, "2" * 64
GOOD = f"{ONE}  a.jpg\n{TWO}  b/c d.jpg\n".encode()
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).filter(
    lambda name: not unsafe_reason(name)
)
SHA256 = st.binary(min_size=32, max_size=32).map(bytes.hex)


def seen_of(**digests):
    facts = AuditFacts.of(len(digests))
    for row, sha256 in enumerate(digests.values()):
        facts.sha256[row] = np.frombuffer(bytes.fromhex(sha256), np.uint8)
    return Seen([f"{key}.jpg" for key in digests], facts, read=True)


@given(st.dictionaries(NAMES, SHA256, max_size=8))
def test_what_is_written_is_read(digests):
    data = write_digests(digests)
    assert read_digests(data, where="x") == digests
    assert [*read_digests(data, where="x")] == sorted(digests)


@given(st.binary(max_size=300) | st.text().map(str.encode) | st.just(GOOD))
def test_any_bytes_are_read_or_refused(data):
    try:
        found = read_digests(data, where="x")
    except SelectionError as err:
        assert str(err).startswith("x: ")  # noqa: PT017
    else:
        assert write_digests(found) == data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (GOOD[:-1], "line 2 has no end"),
        (GOOD + GOOD, "line 3 is there twice, or not in the order of names"),
        (GOOD[72:] + GOOD[:72], "line 2 is there twice, or not in the order of names"),
        (GOOD.replace(b"\n", b"\r\n"), "line 1 has a name that has a NUL or another"),
        (GOOD.replace(b"  a", b" *a"), "line 1 is no sha256, two spaces and a name"),
        (GOOD.replace(b"1" * 64, b"A" * 64), "line 1 is no sha256"),
        (GOOD.replace(b"1" * 64, b"1" * 63), "line 1 is no sha256"),
        (GOOD.replace(b"1", "\u0661".encode(), 1), "line 1 is no sha256"),
        (GOOD.replace(b"a.jpg", b"../a.jpg"), "line 1 has a name that has a '..' part"),
        (GOOD.replace(b"a.jpg", b"/a.jpg"), "line 1 has a name that is absolute"),
        (GOOD.replace(b"a.jpg", b"a\\n.jpg"), "line 1 has a name that has a backslash"),
        (GOOD.replace(b"a.jpg", b"a" * 4097), "line 1 is no sha256"),
        (GOOD.replace(b"a.jpg", b"a\xff.jpg"), "byte 67 is not UTF-8"),
        (b"\n", "line 1 is no sha256"),
    ],
)
def test_what_no_build_writes_is_named_by_its_line(data, words):
    with pytest.raises(VerifyError, match=r": get the original") as caught:
        read_digests(data, where="x", error=VerifyError)
    assert str(caught.value).startswith(f"x: {words}")


def test_only_good_images_are_listed():
    seen = seen_of(b=TWO, a=ONE, c=TWO, d=ONE)
    seen.facts.reasons.update({2: MISSING, 3: "is truncated"})
    assert digests_of(seen) == {"a.jpg": ONE, "b.jpg": TWO}
    assert write_digests(digests_of(seen)) == f"{ONE}  a.jpg\n{TWO}  b.jpg\n".encode()


def test_sha256sum_reads_it(tmp_path):
    """Names of more than ASCII included."""
    names = ["a b.jpg", "b/\u00fc.jpg"]
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"abc")
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (tmp_path / DIGESTS).write_bytes(write_digests(dict.fromkeys(names, abc)))
    try:
        done = subprocess.run(
            ["sha256sum", "--check", "--strict", DIGESTS], cwd=tmp_path, check=False
        )
    except FileNotFoundError:
        pytest.skip("needs sha256sum")
    assert done.returncode == 0


def test_images_are_compared_by_name(tmp_path):
    path = tmp_path / DIGESTS
    listed = {"a.jpg": ONE, "b.jpg": TWO}
    check_digests(path, listed, seen_of(b=TWO, a=ONE))
    broken = seen_of(b=TWO, a=TWO)
    broken.facts.reasons[1] = "is truncated"
    check_digests(path, listed, broken)  # which is not written, and told elsewhere
    with pytest.raises(ImageError) as caught:
        check_digests(path, listed, seen_of(a=TWO, b=ONE))
    assert str(caught.value) == (
        f"{path}: a.jpg: expected sha256 1111111111111111…, found 2222222222222222…:"
        " the source has another image of this name than when the lock was made (the"
        " first of 2 images); nothing was built"
    )
    with pytest.raises(ImageError, match=r"c.jpg: was broken or nowhere when the lock"):
        check_digests(path, listed, seen_of(a=ONE, b=TWO, c=ONE))
    with pytest.raises(SelectionError, match=r"found b.jpg, which it does not name"):
        check_digests(path, listed, seen_of(a=ONE))
    assert differences(listed, listed) == []


def test_it_is_read_from_beside_the_lock(tmp_path):
    lock = tmp_path / "selection.json"
    assert beside(lock, Limits()) == (tmp_path / DIGESTS, None)
    (tmp_path / DIGESTS).write_bytes(GOOD)
    found = {"a.jpg": ONE, "b/c d.jpg": TWO}
    assert beside(lock, Limits(max_file_size=len(GOOD)))[1] == found
    with pytest.raises(SelectionError, match=r"147 bytes at most, found more"):
        beside(lock, Limits(max_file_size=len(GOOD) - 1))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_read(make, tmp_path):
    make(tmp_path / DIGESTS)
    with pytest.raises(SelectionError, match=r"expected a file, found something else"):
        beside(tmp_path / "selection.json", Limits())
