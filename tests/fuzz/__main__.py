"""Fuzz every parser for a time: ``python -m tests.fuzz --seconds 60 --out fuzz``.

Exit status 1 if a parser raised what is not trimset's own, took too long, or returned
what cannot be; the bytes that did it are in the folder, and run again by ``--replay``.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

from tests.fuzz.loop import Finding, fuzz, keep, replay
from tests.fuzz.targets import targets

_MOST_MEMORY = 6 * 1024**3  # of a process, addresses that it only holds included


def main() -> int:
    """Run what is asked for, and print a line for each target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="targets; all, if none is named")
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=None, help="default: by the clock")
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="of findings")
    parser.add_argument("--replay", type=Path, help="a file; name its target, too")
    args = parser.parse_args()
    seed = int.from_bytes(os.urandom(4), "big") if args.seed is None else args.seed
    if len(args.names) == 1:
        return one(args.names[0], args, seed)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="trimset-fuzz-") as scratch:
        names = args.names or [target.name for target in targets(Path(scratch))]
    given = [
        "--seconds",
        str(args.seconds),
        "--seed",
        str(seed),
        "--out",
        str(args.out),
    ]
    return max(_in_another(name, given, args.out) for name in names)


def _in_another(name: str, given: list[str], out: Path) -> int:
    """Run one target in a process of its own, which it may take down with it."""
    words = [sys.executable, "-m", "tests.fuzz", name, *given]
    status = subprocess.run(words, check=False).returncode
    if status < 0:
        print(f"  {name}: ended by signal {-status}: {_last(out, name)}", flush=True)
    return 0 if status == 0 else 1


def _last(out: Path, name: str) -> Path:
    """Return the file that holds what a target was given last."""
    return out / f"{name}-last"


def one(name: str, args: argparse.Namespace, seed: int) -> int:
    """Fuzz one target, or run one file again, and return the exit status."""
    warnings.simplefilter("ignore")
    logging.disable()
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    args.out.mkdir(parents=True, exist_ok=True)
    last = _last(args.out, name)

    def tell(finding: Finding) -> None:
        path = keep(finding, args.out)
        print(f"  {finding.error}\n    at {finding.place}: {path}", flush=True)

    with tempfile.TemporaryDirectory(prefix="trimset-fuzz-") as scratch:
        target = {t.name: t for t in targets(Path(scratch))}[name]
        if args.replay:
            return replay(target, args.replay)
        done = fuzz(
            target, seed=seed, seconds=args.seconds, found=tell, before=last.write_bytes
        )
    last.unlink(missing_ok=True)
    print(
        f"{name}: {done.inputs:,} inputs in {done.seconds:.0f} s,"
        f" {done.accepted:,} taken, {len(done.findings)} findings",
        flush=True,
    )
    return int(bool(done.findings))


if __name__ == "__main__":
    sys.exit(main())
