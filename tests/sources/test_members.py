"""Many members and texts in columns: the same values, in a fifth of the memory."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.sources.image_stores import FolderImages
from builder.sources.look import locate_in
from builder.sources.member import LocalMember, RemoteMember
from builder.sources.members import MemberBlock, Members
from builder.sources.texts import BLOCK, TextBlock, Texts

NAMES = st.text(max_size=12) | st.sampled_from(["a/b.jpg", "\udcff.jpg", "ü", "\0"])
# Paths that end with the name, that do not, and that say nothing.
PLACES = st.sampled_from(["", "/data/", "http://host/a b/", "C:\\x\\"]) | NAMES
SIZES = st.integers(0, 300) | st.integers(-1, 2**63 - 1)


@st.composite
def members(draw):
    """Return any member, or None."""
    kind = draw(st.sampled_from([None, LocalMember, RemoteMember]))
    if kind is None:
        return None
    name = draw(NAMES)
    where = draw(PLACES) + draw(st.just(name) | NAMES)
    in_zip = {}
    if draw(st.booleans()):
        fields = ("header_offset", "span", "compress_size")
        in_zip = {field: draw(SIZES) for field in fields}
        in_zip |= {"compress_type": draw(st.sampled_from([0, 8]))}
        in_zip |= {"CRC": draw(st.integers(0, 2**32 - 1))}
    if kind is LocalMember:
        root = draw(st.sampled_from(["", "/data", "\udcff"]))
        return LocalMember(name, where, draw(SIZES), root=root, **in_zip)
    etag = draw(st.sampled_from(["", '"1"', '"2"']))
    return RemoteMember(name, where, draw(SIZES), etag, **in_zip)


def everything(member):
    """Return all fields: `root` is no part of what members are compared by."""
    return member and (type(member), member, getattr(member, "root", ""))


@given(st.lists(members(), max_size=8), st.data())
def test_members_are_what_they_were_made_of(some, data):
    stop = data.draw(st.integers(0, len(some)))
    found = Members([MemberBlock(some[:stop]), MemberBlock(some[stop:])])
    for same in (found, Members.of(some), pickle.loads(pickle.dumps(found))):
        assert list(map(everything, same)) == list(map(everything, some))
        assert [everything(same[at]) for at in range(-len(some), len(some))] == list(
            map(everything, some + some)
        )
        assert same == some
        assert same[1:-1] == some[1:-1]
        assert same != [*some, None]
        assert len(same) == len(some)
        sizes = [0 if one is None else one.file_size for one in some]
        assert same.file_sizes.tolist() == sizes
        nowhere = [at for at, one in enumerate(some) if one is None]
        assert same.nowhere.tolist() == nowhere
        assert same.is_local != any(isinstance(one, RemoteMember) for one in some)
    for place in (len(some), -len(some) - 1):
        with pytest.raises(IndexError):
            found[place]


@given(st.lists(NAMES, max_size=8), st.data())
def test_texts_are_what_they_were_made_of(some, data):
    stop = data.draw(st.integers(0, len(some)))
    found = Texts([TextBlock(some[:stop]), TextBlock(some[stop:])])
    for same in (found, Texts.of(some), pickle.loads(pickle.dumps(found))):
        assert same == some
        assert list(same) == some
        assert [same[at] for at in range(len(some))] == some
    assert Texts.of(found) is found


def index_of(names, member_of):
    """Return the bytes a row of keys and members, of names that both have."""
    keys = Texts.of(names)
    found = Members(
        MemberBlock([member_of(name, at) for at, name in enumerate(part)], part)
        for part in keys.blocks
    )
    assert found.blocks[0]._names is keys.blocks[0]
    return found.nbytes / len(found)


def test_a_row_takes_few_bytes():
    names = [f"train2017/{number:012}.jpg" for number in range(BLOCK + 1)]
    of_files = index_of(
        names, lambda name, at: LocalMember(name, f"/data/{name}", 163_000 + at)
    )
    of_zips = index_of(
        names,
        lambda name, at: RemoteMember(
            name, "http://host/a.zip", 163_000, '"1"', header_offset=163_100 * at,
            span=163_090, compress_size=163_000, CRC=2**31 + at,
        ),
    )  # fmt: skip
    assert of_files < 36
    assert of_zips < 60
    assert len(Texts.of(names).blocks[0]) == BLOCK


def test_names_of_which_one_differs_are_not_shared():
    keys = TextBlock(["a.jpg", "b.jpg"])
    some = [LocalMember("a.jpg", "x/a.jpg", 1), LocalMember("c.jpg", "x/b.jpg", 1)]
    assert list(MemberBlock(some, keys)) == some
    assert list(MemberBlock([some[0], None], keys)) == [some[0], None]


@settings(max_examples=20)
@given(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1))
def test_stores_are_looked_into_block_by_block(tmp_path_factory, names):
    """What is found does not depend on where the blocks end."""
    folder = tmp_path_factory.mktemp("images")
    for part, known in (("one", "abcd"), ("two", "cdef")):
        (folder / part).mkdir()
        for name in known:
            size = 1 + (name == "c" and part == "two")
            (folder / part / f"{name}.jpg").write_bytes(b"x" * size)
    files = [f"{name}.jpg" for name in names]
    stores = tuple(FolderImages((str(folder / part),), "") for part in ("one", "two"))
    views = [store.view(files, _NoRemote) for store in stores]
    whole = locate_in(views, files)
    apart = locate_in(views, Texts(TextBlock([name]) for name in files))
    assert apart == whole
    assert [member and member.name for member in whole.members] == [
        name if name[0] < "g" else None for name in files
    ]
    others = {"in several places that differ, of which the first is taken": 1}
    count = sum(name[0] < "g" for name in files) - ("c.jpg" in files)
    assert whole.ways == {"as named": count, **(others if "c.jpg" in files else {})}


class _NoRemote:
    class limits:  # noqa: N801
        max_file_size = 100
