"""What a manifest holds as plain data, as tables. Pure.

Nothing is known of most parts: whatever an audit tells in lists and dicts becomes rows,
by its shape alone.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from builder.page.text import visible
from builder.page.titles import title_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    Row = dict[str, Any]
    Table = dict[str, Any]

#: Tables deeper than this are left to the manifest itself.
_DEPTH = 8
# Columns whose values are keys: those of a dict, and the measures of an audit.
_KEYS = {"", "measure", "measures"}
# Columns that the title of a table names.
_NAMED = 3


def tables_of(
    name: str, value: Any, titles: Mapping[str, str] = MappingProxyType({})
) -> list[Table]:
    """Return the tables that plain data makes, each with `title`, `head` and `rows`.

    A cell is a text, a number, a bool, None, or ``[value, low, high]``. Tables of parts
    that are known are called as `titles` says, others by the keys that lead to them.

    Examples
    --------
    >>> tables_of("age", [{"value": "40", "classes": {"no": 3, "yes": 1}}])
    [{'title': 'age', 'head': ['value', 'no', 'yes'], 'rows': [['40', 3, 1]]}]
    >>> tables_of("drift", {"values": ["a", "b"], "share": [0.5, 0.5]})[0]["rows"]
    [['a', 0.5], ['b', 0.5]]
    """
    tables = []
    seen: dict[str, int] = {}
    for path, rows in _walk((name,), value, 0):
        if rows:
            table = _as_table(title_of(path, titles), rows)
            title = table["title"]
            seen[title] = seen.get(title, 0) + 1
            if seen[title] > 1:  # by its name alone, a table is told from others
                table["title"] = f"{title} ({seen[title]})"
            tables.append(table)
    return tables


def _walk(
    path: tuple[str, ...], value: Any, depth: int
) -> Iterator[tuple[tuple[str, ...], list[Row]]]:
    if depth > _DEPTH:
        return
    if isinstance(value, list):
        yield path, _rows_of_list(value)
        return
    if not isinstance(value, dict):
        return
    if _is_context(value):
        yield path, list(_context_rows(value))
        for key in (key for key in value if key not in _CONTEXT):
            yield from _walk((*path, str(key)), value[key], depth + 1)
        return
    crossed = _crossed(value)
    if crossed is not None:
        names, lists, rows = crossed
        yield path, rows
        rest = {key: held for key, held in value.items() if key not in {names, lists}}
        yield from _walk(path, rest, depth + 1)
        return
    merged = _merged(path[-1], value)
    if merged is not None:
        yield path, merged
        return
    scalars = {k: v for k, v in value.items() if v is not None and _is_cell(v)}
    columns = {key: held for key, held in value.items() if _is_column(held)}
    lengths = {len(held) for held in columns.values()}
    if len(columns) < 2 or len(lengths) != 1:
        columns = {}
    if scalars:
        yield path, [{"": key, "value": held} for key, held in scalars.items()]
    if columns:
        yield (*path, _listed(columns)) if scalars else path, _zipped(columns)
    for key, held in value.items():
        if key not in scalars and key not in columns:
            yield from _walk((*path, str(key)), held, depth + 1)


def _merged(name: str, value: Mapping[str, Any]) -> list[Row] | None:
    """Return the rows of a dict whose values have one shape, with its key in front."""
    held = list(value.values())
    if len(held) < 1 or not all(held):
        return None
    if all(isinstance(v, list) and all(isinstance(r, dict) for r in v) for v in held):
        parts = [(key, _rows_of_list(rows)) for key, rows in value.items()]
    elif all(isinstance(v, dict) and all(map(_is_cell, v.values())) for v in held):
        parts = [(key, [dict(row)]) for key, row in value.items()]
    elif all(_is_columnar(v) for v in held):
        parts = [
            (key, _zipped({k: v for k, v in rows.items() if _is_column(v)}))
            for key, rows in value.items()
        ]
    else:
        return None
    return [{name: key, **row} for key, rows in parts for row in rows]


def _crossed(value: Mapping[str, Any]) -> tuple[str, str, list[Row]] | None:
    """Return the rows of a list of names and a list of dicts with a value for each.

    With the keys of both lists.
    """
    for names, held in value.items():
        if not _is_names(held):
            continue
        for lists, items in value.items():
            is_list = isinstance(items, list) and items and lists != names
            if is_list and all(_has_lists(item, len(held)) for item in items):
                rows = [row for item in items for row in _cross(names, held, item)]
                return names, lists, rows
    return None


def _cross(names: str, held: Sequence[str], item: Row) -> Iterator[Row]:
    single, many = _parted(item, len(held))
    for name, *values in zip(held, *many.values(), strict=True):
        row = {**single, names: name, **dict(zip(many, values, strict=True))}
        yield _with_interval(row)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and {*map(type, value)} == {str}


def _has_lists(item: Any, length: int) -> bool:
    return isinstance(item, dict) and len(_parted(item, length)[1]) > 1


def _parted(item: Row, length: int) -> tuple[Row, dict[str, list[Any]]]:
    """Return what a dict says once, and what it says in lists of some length."""
    lists = {k: v for k, v in item.items() if isinstance(v, list) and len(v) == length}
    return {k: _text(v) for k, v in item.items() if k not in lists}, lists


def _with_interval(row: Row) -> Row:
    """Return a row whose bounds stand with their value, if it has `low` and `high`.

    >>> _with_interval({"auc": 0.7, "low": 0.6, "high": 0.8, "with": 9})
    {'auc': [0.7, 0.6, 0.8], 'with': 9}
    """
    keys = list(row)
    if not {"low", "high"} <= row.keys() or keys[0] == "low":
        return row
    name = keys[keys.index("low") - 1]
    interval = [row[name], row["low"], row["high"]]
    told = {**row, name: interval if _is_interval(interval) else row[name]}
    return {key: v for key, v in told.items() if key not in {"low", "high"}}


def _is_columnar(value: Any) -> bool:
    """Whether it is a dict of cells and of at least two columns of one length."""
    if not isinstance(value, dict):
        return False
    columns = [v for v in value.values() if _is_column(v)]
    others = [v for v in value.values() if not _is_column(v)]
    is_even = len(columns) > 1 and len({len(column) for column in columns}) == 1
    return is_even and all(map(_is_cell, others))


def _rows_of_list(value: Sequence[Any]) -> list[Row]:
    rows = []
    for item in value:
        if isinstance(item, dict):
            rows.append(_flat(item))
        elif isinstance(item, list) and not _is_interval(item):
            rows.append({str(i): _text(v) for i, v in enumerate(item, start=1)})
        else:
            rows.append({"value": item})
    return rows


def _flat(item: Mapping[str, Any]) -> Row:
    """Return one row; a dict in it gives columns, another list becomes text."""
    row: Row = {}
    for key, value in item.items():
        if isinstance(value, dict):
            row |= {inner: _text(held) for inner, held in value.items()}
        else:
            row[key] = _text(value)
    return _with_interval(row)


def _text(value: Any) -> Any:
    if _is_cell(value):
        return value
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value)


def _zipped(columns: Mapping[str, Sequence[Any]]) -> list[Row]:
    return [
        dict(zip(columns, values, strict=True))
        for values in zip(*columns.values(), strict=True)
    ]


def _is_cell(value: Any) -> bool:
    return not isinstance(value, list | dict) or _is_interval(value)


def _is_column(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) > 1
        and not _is_interval(value)
        and all(map(_is_cell, value))
    )


def _is_interval(value: Any) -> bool:
    """Whether it is a value with its lower and upper bound, as the audit has them."""
    return (
        isinstance(value, list)
        and len(value) == 3
        and all(type(v) in {int, float} for v in value)
        and value[1] <= value[0] <= value[2]
        and any(isinstance(v, float) for v in value)
    )


_CONTEXT = {"categories", "source", "targets"}


def _is_context(value: Mapping[str, Any]) -> bool:
    return value.keys() >= _CONTEXT and isinstance(value["targets"], dict)


def _context_rows(value: Mapping[str, Any]) -> Iterator[Row]:
    """Yield what stands beside each target: those that do in none of its images not."""
    names, source = value["categories"], value["source"]
    try:
        for target, facts in value["targets"].items():
            sides = facts["positives"], facts["negatives"], source
            lifts = zip(
                facts["lift"], facts["lift_low"], facts["lift_high"], strict=True
            )
            counts = zip(*(side["counts"] for side in sides), strict=True)
            for name, seen, lift in zip(names, counts, lifts, strict=True):
                if name == target or not seen[0]:
                    continue
                shares = [
                    n / side["images"] if side["images"] else None
                    for n, side in zip(seen, sides, strict=True)
                ]
                told = dict(zip(("with it", "without", "source"), shares, strict=True))
                yield {"target": target, "beside": name, **told, "lift": list(lift)}
    except (KeyError, TypeError, ValueError):  # of another shape than it seemed
        return


def _listed(names: Collection[str]) -> str:
    """Return the first names of several."""
    more = ", …" if len(names) > _NAMED else ""
    return ", ".join(list(names)[:_NAMED]) + more


def _as_table(title: str, rows: Sequence[Row]) -> Table:
    head = list(dict.fromkeys(key for row in rows for key in row))
    return {
        "title": title,
        "head": [visible(str(key)).replace("_", " ") for key in head],
        "rows": [[_cell(key, row.get(key)) for key in head] for row in rows],
    }


def _cell(column: str, value: Any) -> Any:
    shown = _shown(value)
    is_key = column in _KEYS and isinstance(shown, str)
    return shown.replace("_", " ") if is_key else shown


def _shown(value: Any) -> Any:
    if isinstance(value, list):
        return [_shown(v) for v in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return visible(str(value))
