"""The command line: parse, call the library, print. Nothing else prints or exits."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from builder.errors import TrimsetError, UsageError, VerifyError
from builder.recipes import NOTEBOOK_TARGETS, CocoRecipe, IsicRecipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

_COCO_FILES = (
    "train_annotations",
    "train_images",
    "test_annotations",
    "test_images",
)
_ISIC_FILES = ("metadata", "images", "duplicates")
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9,
          "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}  # fmt: skip
# Arrow counts the bytes of a column of images with 31 bits.
_LARGEST_SHARD = 2 * 10**9


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status.

    0: done. 1: the job failed, and one line says why. 2: wrong usage. 130: Ctrl-C;
    the same command goes on where it was.
    """
    args = _parser().parse_args(argv)
    try:
        command: Callable[[argparse.Namespace], int] = args.command
        return command(args)
    except KeyboardInterrupt:
        _say("interrupted; the same command goes on from here")
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough, as in `trimset plan | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (TrimsetError, OSError, MemoryError) as err:
        if args.debug:
            raise
        _say(f"{type(err).__name__}: {' '.join(str(err).split())}")
        return 2 if isinstance(err, UsageError) else 1
    except Exception as err:
        if args.debug:
            raise
        words = " ".join(str(err).split())
        _say(
            f"a bug of trimset: {type(err).__name__}: {words}; nothing passes for"
            " finished: run the same command with --debug and report what it says"
        )
        return 1


def _say(line: str) -> None:
    print(f"trimset: {line}", file=sys.stderr)


def _demo(args: argparse.Namespace) -> int:
    from builder.demo import demo

    done = demo(args.out)
    for item in done:
        print(f"\n{item.dataset}: built in {item.folder} from {item.source}, verified")
        for config, splits in item.manifest["configs"].items():
            counts = ", ".join(f"{s['num_examples']} {n}" for n, s in splits.items())
            print(f"  {config:16} {counts}")
        for row in item.rows:
            shown = {**row, "image": str(row["image"].size)}
            print(f"  first row of {shown.pop('config')}: {shown}")
    print("\nLook at the pictures, the cards and the manifests:")
    for item in done:
        print(f"  {item.folder}/README.md  {item.folder}/manifest.json")
    first, folder = done[0], done[0].folder.absolute()
    print("\nTry next:")
    print(f"  trimset plan {first.dataset} --source {first.source}")
    print(f"  trimset verify {first.folder} --source {first.source}")
    print(
        f'  python -c "from datasets import load_dataset; '
        f"print(load_dataset('{folder}', 'car'))\""
    )
    report = [
        {
            "dataset": d.dataset,
            "folder": str(d.folder),
            "configs": d.manifest["configs"],
        }
        for d in done
    ]
    _finish(args, {"demo": report})
    return 0


def _plan(args: argparse.Namespace) -> int:
    from builder.plan import plan

    report = plan(**_arguments(args))
    rows = sum(n for splits in report["rows"].values() for n in splits.values())
    configs = len(report["rows"])
    print(f"{report['dataset']}: {rows:,} rows in {configs} configs")
    print(f"{report['images']:,} distinct images, {report['bytes']:,} bytes")
    for fact in report["feasibility"]:
        print("  " + ", ".join(f"{name} {value}" for name, value in fact.items()))
    _finish(args, report)
    return 0


def _build(args: argparse.Namespace) -> int:
    from builder.pipeline import build

    with _executor(args) as executor:
        manifest = build(
            **_arguments(args),
            out=args.out,
            executor=executor,
            workers=args.workers,
            max_shard_size=args.max_shard_size,
            audit=not args.no_audit,
            allow_broken=args.allow_broken,
            overwrite=args.overwrite,
        )
    rows = sum(
        split["num_examples"]
        for splits in manifest["configs"].values()
        for split in splits.values()
    )
    size = sum(entry["bytes"] for entry in manifest["files"].values())
    print(f"{args.out}: {rows:,} rows, {len(manifest['files'])} files, {size:,} bytes")
    for entry in manifest["broken"]:
        print(f"left out: {entry['image']} {entry['reason']}")
    print(f"next: trimset verify {args.out}")
    print(f"      load_dataset({os.path.abspath(args.out)!r})")  # noqa: PTH100
    _finish(
        args,
        {
            "folder": str(args.out),
            "dataset": manifest["dataset"],
            "selection": manifest["selection"],
            "rows": rows,
            "files": len(manifest["files"]),
            "bytes": size,
            "broken": manifest["broken"],
        },
    )
    return 0


def _export(args: argparse.Namespace) -> int:
    from builder.export import export

    record = export(
        **_arguments(args),
        out=args.out,
        allow_broken=args.allow_broken,
        overwrite=args.overwrite,
    )
    print(f"{args.out}: {len(record['files'])} files of the notebook")
    _finish(
        args,
        {
            "folder": str(args.out),
            "dataset": record["dataset"],
            "selection": record["selection"],
            "files": len(record["files"]),
        },
    )
    return 0


def _verify(args: argparse.Namespace) -> int:
    from builder.verify import verify

    files = {name: getattr(args, name) for name in (*_COCO_FILES, *_ISIC_FILES)}
    report = verify(
        args.folder,
        source=args.source,
        files={name: path for name, path in files.items() if path},
    )
    for fault in report.faults:
        print(fault)
    if not report.faults:
        replayed = ", selection replayed from the source" if report.replayed else ""
        print(
            f"{args.folder}: {report.files} files, {report.rows:,} rows{replayed}: ok"
        )
    _finish(
        args,
        {
            "folder": args.folder,
            "files": report.files,
            "rows": report.rows,
            "replayed": report.replayed,
            "faults": list(report.faults),
        },
    )
    if report.faults:
        count = len(report.faults)
        msg = (
            f"{args.folder}: expected all as in its manifest, found {count}"
            f" fault{'s' * (count > 1)}, the first: {report.faults[0]}; build it again"
        )
        raise VerifyError(msg)
    return 0


def _finish(args: argparse.Namespace, report: dict[str, Any]) -> None:
    if args.json:
        print(json.dumps(report, ensure_ascii=False))


def _arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments that plan, build and export share."""
    coco = args.dataset == "coco_stuff_trimmed"
    theirs = ("benign", "malignant", *_ISIC_FILES)
    ours = ("targets", "train_samples", "test_samples", *_COCO_FILES)
    for name in theirs if coco else ours:
        if getattr(args, name) is not None:
            option = "--" + name.replace("_", "-")
            msg = f"{option} is not an option of {args.dataset}"
            raise UsageError(msg)
    names = ("targets", "train_samples", "test_samples") if coco else theirs[:2]
    given = {n: getattr(args, n) for n in names if getattr(args, n) is not None}
    recipe = (CocoRecipe if coco else IsicRecipe)(seed=args.seed, **given)
    files = {n: getattr(args, n) for n in (_COCO_FILES if coco else _ISIC_FILES)}
    return {
        "dataset": args.dataset,
        "recipe": recipe,
        "source": args.source,
        "files": {name: path for name, path in files.items() if path},
    }


def _executor(args: argparse.Namespace) -> Executor:
    from concurrent.futures import ThreadPoolExecutor

    from builder.execute import InlineExecutor

    if args.workers == 1:
        return InlineExecutor()
    # Reading, hashing and writing Parquet all run outside the interpreter's lock.
    return ThreadPoolExecutor(args.workers)


def _parser() -> argparse.ArgumentParser:
    from builder import __version__

    parser = argparse.ArgumentParser(
        prog="trimset",
        description="Trim COCO 2017 and SIIM-ISIC 2020 to what a study needs.",
    )
    parser.add_argument("--version", action="version", version=f"trimset {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="end with one JSON object")
    common.add_argument(
        "--debug", action="store_true", help="show the traceback of an error"
    )

    command = _command(commands, "demo", _demo, [common])
    command.add_argument("--out", default="demo", metavar="DIR", help="default: demo")

    selection = _selection_options()
    command = _command(commands, "plan", _plan, [common, selection])
    command = _command(commands, "build", _build, [common, selection])
    command.add_argument("--out", required=True, metavar="DIR")
    command.add_argument(
        "--workers", type=_positive, default=os.cpu_count() or 1, metavar="N",
        help="shards written at a time; default: one for each processor",
    )  # fmt: skip
    command.add_argument(
        "--max-shard-size", type=_size, default="40MB", metavar="SIZE",
        help="bytes that a Parquet file may have; default: 40MB",
    )  # fmt: skip
    _output_options(command)
    command = _command(commands, "export", _export, [common, selection])
    command.add_argument("--out", required=True, metavar="DIR")
    _output_options(command)

    command = _command(commands, "verify", _verify, [common])
    command.add_argument("folder", metavar="DIR", help="of a build")
    command.add_argument(
        "--source", metavar="SRC", help="replay the selection from this source"
    )
    for name in (*_COCO_FILES, *_ISIC_FILES):
        command.add_argument(_option(name), metavar="PATH", help=argparse.SUPPRESS)
    return parser


_HELP = {
    "demo": "draw a small source, build both datasets, verify and load them",
    "plan": "say what would be selected and read; nothing is written",
    "build": "build a dataset folder that load_dataset reads",
    "export": "write the notebook's own files, for the dataset scripts",
    "verify": "check a build against its manifest and its source",
}


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace], int],
    parents: list[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name, help=_HELP[name], description=_HELP[name], parents=parents
    )
    command.set_defaults(command=function)
    return command


def _selection_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("dataset", choices=["coco_stuff_trimmed", "siim_isic_small"])
    options.add_argument("--source", metavar="SRC", help="folder in an official layout")
    options.add_argument("--seed", type=int, default=42, help="default: 42")
    coco = options.add_argument_group("coco_stuff_trimmed")
    coco.add_argument(
        "--targets", type=_targets, metavar="NAMES",
        help="names or COCO ids with commas between them; default: "
        + ",".join(NOTEBOOK_TARGETS),
    )  # fmt: skip
    coco.add_argument(
        "--train-samples", type=int, metavar="N", help="for a target; default: 500"
    )
    coco.add_argument(
        "--test-samples", type=int, metavar="N", help="for a target; default: 250"
    )
    for name in _COCO_FILES:
        coco.add_argument(_option(name), metavar="PATH", help="instead of --source")
    isic = options.add_argument_group("siim_isic_small")
    isic.add_argument(
        "--benign", type=_slice, metavar="START:STOP", help="default: 2000:4000"
    )
    isic.add_argument(
        "--malignant", type=_slice, metavar="START:STOP", help="default: 50:550"
    )
    for name in _ISIC_FILES:
        isic.add_argument(_option(name), metavar="PATH", help="instead of --source")
    return options


def _output_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--no-audit", action="store_true",
        help="do not decode the images: no search for near duplicates",
    )  # fmt: skip
    command.add_argument(
        "--allow-broken", action="store_true", help="go on without broken images"
    )
    command.add_argument(
        "--overwrite", action="store_true",
        help="replace a finished output of other options",
    )  # fmt: skip


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _targets(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        msg = f"expected names or ids with commas between them, found {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return names


def _slice(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+):(\d+)", text)
    if not match:
        msg = f"expected START:STOP such as 2000:4000, found {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(match[1]), int(match[2])


def _positive(text: str) -> int:
    if not re.fullmatch(r"[1-9]\d*", text):
        msg = f"expected a number from 1 on, found {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?i?B)?", text, re.IGNORECASE)
    size = int(float(match[1]) * _UNITS[(match[2] or "").upper()]) if match else 0
    if not 10**5 <= size <= _LARGEST_SHARD:
        msg = f"expected a size from 100KB to 2GB such as 40MB, found {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return size
