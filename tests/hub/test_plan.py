"""The decision what to send: applied to the remote, the plan gives the build."""

import doctest
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

import builder.hub.plan
from builder.hub.plan import (
    HUBS_OWN,
    HubFile,
    group_uploads,
    plan_push,
)
from builder.output.check import LocalFile

# few names and few contents, so that all kinds of meetings happen
NAMES = ["README.md", "a.parquet", "b.parquet", "c/d.json", "manifest.json", "notes"]
contents = st.integers(0, 3)
names = st.sampled_from([*NAMES, *HUBS_OWN])
remotes = st.dictionaries(names, st.tuples(contents, st.booleans()))
locals_ = st.dictionaries(st.sampled_from(NAMES), contents)


def local_file(content):
    return LocalFile(content, f"sha256 of {content}", f"git name of {content}")


def hub_file(content, in_lfs):
    if in_lfs:
        return HubFile(content, f"pointer to {content}", f"sha256 of {content}")
    return HubFile(content, f"git name of {content}")


@settings(deadline=None)
@given(local=locals_, remote=remotes, previous=st.sets(names))
def test_the_plan_turns_the_remote_into_the_build(local, remote, previous):
    files = {path: local_file(content) for path, content in local.items()}
    tree = {path: hub_file(*what) for path, what in remote.items()}
    plan = plan_push(files, tree, previous)

    # carried out, it leaves the build, and of the rest what is nobody's left-over
    after = {path: content for path, (content, _) in remote.items()}
    for path in plan.deleted:
        del after[path]
    for path in plan.sent:
        after[path] = local[path]
    kept = {path: after[path] for path in after.keys() - local.keys()}
    assert {path: after[path] for path in local} == local
    assert kept.keys() == set(plan.foreign) | (HUBS_OWN & remote.keys())
    assert all(remote[path][0] == content for path, content in kept.items())

    # nothing is sent without need, deleted without right, or named twice
    assert all(
        path not in remote or remote[path][0] != local[path] for path in plan.sent
    )
    assert set(plan.deleted) <= previous - local.keys()
    groups = (plan.added, plan.changed, plan.deleted, plan.unchanged, plan.foreign)
    named = [path for group in groups for path in group]
    assert sorted(named) == sorted({*local, *remote} - HUBS_OWN)
    assert all(list(group) == sorted(group) for group in groups)

    # and then there is nothing left to do
    tree = {path: hub_file(content, in_lfs=False) for path, content in after.items()}
    assert plan_push(files, tree, previous).is_empty
    assert plan.is_empty == (not plan.sent and not plan.deleted)
    assert bool(str(plan)) != plan.is_empty


@settings(deadline=None)
@given(
    sizes=st.lists(st.integers(0, 50)),
    files=st.integers(1, 5),
    size=st.integers(1, 60),
)
def test_groups_keep_order_and_limits(sizes, files, size):
    by_path = {f"{i:03}": weight for i, weight in enumerate(sizes)}
    groups = list(group_uploads(by_path, files=files, size=size))
    assert [path for group in groups for path in group] == list(by_path)
    for group in groups:
        assert 1 <= len(group) <= files
        assert len(group) == 1 or sum(by_path[path] for path in group) <= size
    for group, following in itertools.pairwise(groups):
        joined = sum(by_path[path] for path in [*group, following[0]])
        assert len(group) == files or joined > size


def test_long_plans_are_shown_short():
    files = {f"{i}.parquet": local_file(i) for i in range(5)}
    text = str(plan_push(files, {"old": hub_file(1, in_lfs=True)}, ["old"]))
    assert text == "add 0.parquet, 1.parquet, 2.parquet and 2 more; delete old"


def test_doctests():
    assert doctest.testmod(builder.hub.plan).failed == 0
