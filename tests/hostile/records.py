"""Records of trimset with one value changed, and all that reads them.

`fuzz_record` takes any bytes; `mutated` makes those that get furthest: a real record,
one place of which is of another type or size, with the digest that fits.
"""

import copy
import json
import random

from builder import report, verify
from builder.errors import TrimsetError, VerifyError
from builder.hub.lint import lint
from builder.hub.published import publish_anew
from builder.output.build import (
    format_of,
    read_lock,
    read_manifest,
    read_mark,
    read_record,
    read_shard_record,
)
from builder.output.check import read_build
from builder.output.digests import digest_of, to_json
from builder.output.records import EXPORT_KIND, KIND, LAST

# What stands in the place of a value: of every type, and of odd sizes.
VALUES = [
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**19, 0.5, -0.0, 1e308, "", "0", "x",
    "../../outside.txt", "/etc/passwd", "C:\\x", "a\0b", "\x1b[31mred", "\u202egpj.exe",
    "n" * 5_000, "evil", "evil:run", "../x/recipe.toml", "http://127.0.0.1:9/x",
    "0" * 64,
    [], [[]], [None], ["x", 1], {}, {"": None}, {"x": {"y": []}}, {"_type": "Value"},
    {"_type": "Sequence"}, {"_type": "ClassLabel", "names": [1, None]},
    [{"value": "x", "low": 2, "high": None}], "GONE",
]  # fmt: skip


def places(value, path=()):
    """Yield the path of every value in plain data."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value[:3]):
            yield from places(inner, (*path, key))


def changed(content, path, value):
    """Return a copy with another value in one place; without it, if that is "GONE"."""
    if not path:
        return value
    whole = copy.deepcopy(content)
    place = whole
    for key in path[:-1]:
        place = place[key]
    if value == "GONE":
        del place[path[-1]]
    else:
        place[path[-1]] = copy.deepcopy(value)
    return whole


def sealed(content):
    """Return a record as bytes, with the digest of what it says."""
    if not isinstance(content, dict) or "digest" not in content:
        return json.dumps(content).encode()
    rest = {name: value for name, value in content.items() if name != "digest"}
    return to_json({**rest, "digest": digest_of(rest)})


def mutated(content, seed):
    """Return a record with one change, by chance, and what was changed."""
    rng = random.Random(seed)
    # parts are as likely as each other, however much they hold
    part = rng.choice(sorted(content))
    path = rng.choice([(part, *rest) for rest in places(content[part])])
    value = rng.choice(VALUES)
    return sealed(changed(content, path, value)), f"{path} = {str(value)[:40]!r}"


def fuzz_record(data: bytes) -> None:
    """Give bytes to every reader of records; only trimset's own errors are raised."""
    readers = [
        lambda: read_manifest(data, where="x", error=VerifyError),
        lambda: read_lock(data, where="x"),
        *(
            lambda kind=kind, read=read: read(data, kind=kind, where="x")
            for kind in (KIND, EXPORT_KIND)
            for read in (read_record, read_mark)
        ),
    ]
    for reader in readers:
        message = ""
        try:
            reader()
        except TrimsetError as err:
            message = str(err)
        assert message.isprintable(), repr(message)
    read_shard_record(data)
    format_of(data)


def fuzz_build(folder, content, seed, *, page=None) -> None:
    """Change one value of the manifest of a build; give it to all that reads it.

    Parameters
    ----------
    folder : Path
        A copy, whose manifest is replaced.
    content : dict
        The manifest of the build.
    seed : int
        Of the change.
    page : Path, optional
        Where a report is written; none, if not given, as that takes longer.
    """
    data, told = mutated(content, seed)
    (folder / LAST).write_bytes(data)
    refusal(told, verify, folder)
    refusal(told, _push, folder)
    if page is not None:
        refusal(told, report, folder, page)


def refusal(told, function, *args) -> str:
    """Return what trimset says, in one line; any other error names the change."""
    try:
        function(*args)
    except TrimsetError as err:
        message = str(err)
    except Exception as err:
        raise AssertionError(told) from err
    else:
        message = ""
    assert "\n" not in message, told
    return message


def _push(folder):
    build = read_build(folder)
    lint(build)
    publish_anew(build, "somebody/theirs")
