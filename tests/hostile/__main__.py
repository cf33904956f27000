"""Run the corpus: ``python -m tests.hostile [--table] [--json FILE] [NAME ...]``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.hostile.corpus import INPUTS
from tests.hostile.trial import as_json, attempt, told
from tests.hostile.world import make_bases


def main() -> int:
    """Print each fault, and the table; exit status 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="those whose ids hold one of these")
    parser.add_argument("--table", action="store_true", help="print only the table")
    parser.add_argument("--list", action="store_true", help="print each and its line")
    parser.add_argument("--json", type=Path, help="write all results to this file")
    args = parser.parse_args()
    wanted = [
        given
        for given in INPUTS
        if not args.names or any(name in given.id for name in args.names)
    ]
    results = []
    with tempfile.TemporaryDirectory(prefix="trimset-hostile-") as scratch:
        root = Path(scratch).resolve()
        make_bases(root / "bases")
        for number, given in enumerate(wanted):
            start = time.monotonic()
            result = attempt(given, root / f"{number:04}", root / "bases")
            results.append(result)
            seconds = time.monotonic() - start
            if args.list:
                said = result.line.replace(str(root), "")
                print(f"{given.id}: {result.taken} {seconds:.2f} s: {said}", flush=True)
            if not args.table:
                for fault in result.faults:
                    print(f"FAILED {given.id}: {fault}".replace(str(root), ""))
    print(told(results))
    if args.json:
        args.json.write_text(as_json(results))
    return int(any(result.faults for result in results))


if __name__ == "__main__":
    sys.exit(main())
