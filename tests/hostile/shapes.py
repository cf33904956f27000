"""What no record, no card and no recipe is, and what is said of it."""

DEEP = 100_000
# What no record is, and what is said of it.
SHAPES = {
    "nothing": (b"", "Expecting value"),
    "null": (b"null", "expected the format"),
    "a list": (b"[]", "expected the format"),
    "a text": (b'"x"', "expected the format"),
    "no JSON": (b"{", "do not pair"),
    "deep lists": (b"[" * DEEP + b"]" * DEEP, "within each other"),
    "deep objects": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "within each other"),
    "lists without an end": (b"[" * DEEP, "within each other"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "BOM"),
    "UTF-16": ("{}".encode("utf-16"), "not UTF-8"),
    "no UTF-8": (b'{"format": "\xff"}', "not UTF-8"),
    "half a character": (rb'{"format": "\ud800"}', "half a character"),
    "half a character as a key": (rb'{"\udfff": 1}', "half a character"),
    "a raw NUL": (b'{"format": "\x00"}', "Invalid control character"),
    "a key twice": (b'{"format": 1, "format": 2}', "stands twice"),
    "NaN": (b'{"format": NaN}', "NaN"),
    "infinity": (b'{"format": -Infinity}', "Infinity"),
    "a large number": (b'{"format": 1e999}', "too large"),
    "many digits": (b'{"format": 1%s}' % (b"0" * 5_000), "5,001 digits"),
    "an escape without an end": (b'"' + b'\\"' * DEEP, "Unterminated"),
}
CARDS = {
    "deep": "a: " + "[" * DEEP + "]" * DEEP,
    "deeper than may be": "a: " + "[" * 99 + "]" * 99,
    "aliases": "a0: &a0 [x, x]\n"
    + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)),
    "aliases in pairs": "a0: &a0 [x, x]\n"
    + "".join(
        f"a{n}: &a{n} !!pairs [x: *a{n - 1}, y: *a{n - 1}]\n" for n in range(1, 60)
    ),
    "an alias in itself": "a: &a [*a]",
    "merges": "a0: &a0 {x0: 1}\n"
    + "".join(
        f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], x{n}: 1}}\n" for n in range(1, 60)
    ),
    "a class": "a: !!python/object/apply:os.getcwd []",
    "many digits": "a: " + "9" * DEEP,
    "no date": "a: 2021-13-45",
    "keys that are lists": "? [a]\n: 1",
    "a key twice": "a: 1\na: 2",
    "NUL": "a: \0",
    "a list": "- a",
}


TOMLS = {
    "deep lists": "a = " + "[" * DEEP + "]" * DEEP,
    "deep tables": "a = " + "{a=" * DEEP + "1" + "}" * DEEP,
    "a long key": ".".join("a" * DEEP) + " = 1",
    "a long header": f"[{'.'.join('a' * DEEP)}]",
    "many digits": f"a = {'9' * DEEP}",
    "no date": "a = 2021-13-45",
    "an escape without an end": 'a = "' + '\\"' * DEEP,
    "too large": "#" * 2**21,
    "NUL": 'kind = "\0"',
    "half a character": 'kind = "\\ud800"',
    "a date for a number": 'kind = "table"\nname = "x"\n[select]\nseed = 2021-01-01',
    "no number": 'kind = "table"\nname = "x"\n[splits]\na = nan',
    "infinity": 'kind = "table"\nname = "x"\n[splits]\na = inf',
    "a name of many": f'kind = "table"\nname = "{"n" * 5_000}"',
}
