"""The options of the command line, and what they may be."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from builder.errors import UsageError
from builder.selection.recipe import (
    NOTEBOOK_TARGETS,
    CocoRecipe,
    IsicRecipe,
    check_image_size,
)
from builder.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Command = Callable[[argparse.Namespace], int]

COCO_FILES = ("train_annotations", "train_images", "test_annotations", "test_images")
ISIC_FILES = ("metadata", "images", "duplicates")
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9,
          "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}  # fmt: skip
# Arrow counts the bytes of a column of images with 31 bits.
_LARGEST_SHARD = 2 * 10**9
_HELP = {
    "demo": "draw a small source, build both datasets, verify and load them",
    "plan": "say what would be selected and fetched; no image is moved",
    "build": "build a dataset folder that load_dataset reads",
    "export": "write the notebook's own files, for the dataset scripts",
    "verify": "check a build, here or on the Hub, against its manifest and source",
    "push": "publish a build on the Hugging Face Hub, in one commit",
    "cache": "list or clear what was fetched",
}


def make_parser(functions: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Return the parser; `functions` gives what runs each command."""
    parser = argparse.ArgumentParser(
        prog="trimset",
        description="Trim COCO 2017 and SIIM-ISIC 2020 to what a study needs.",
    )
    parser.add_argument("--version", action="version", version=f"trimset {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    add = common.add_argument
    add("--json", action="store_true", help="end with one JSON object on stdout")
    add("--debug", action="store_true", help="show the traceback of an error")
    add("--progress", action="store_true", help="show progress on any stderr")
    selection = _selection_options()
    made = {
        name: commands.add_parser(
            name,
            help=_HELP[name],
            description=_HELP[name],
            parents=[common, selection]
            if name in {"plan", "build", "export"}
            else [common],
        )
        for name in _HELP
    }
    for name, command in made.items():
        command.set_defaults(command=functions[name])
    made["demo"].add_argument(
        "--out", default="demo", metavar="DIR", help="default: demo"
    )
    for name in ("build", "export"):
        made[name].add_argument("--out", required=True, metavar="DIR", help="to write")
    _verify_options(made["verify"])
    _push_options(made["push"])
    action = made["cache"].add_argument
    action("action", choices=["list", "clear"], nargs="?", default="list")
    action("--cache-dir", metavar="DIR", help="default: the platform's cache folder")
    return parser


def _selection_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    add = options.add_argument
    add("dataset", choices=["coco_stuff_trimmed", "siim_isic_small"])
    add("--source", metavar="SRC", help="folder or URL in an official layout; default:"
        " the official servers")  # fmt: skip
    add("--seed", type=int, default=42, help="default: 42")
    add("--image-size", type=_positive, metavar="PX",
        help="shorter side that larger images are resized to; default: they are left"
        " as they are")  # fmt: skip
    add(
        "--lock",
        metavar="FILE",
        help="stop unless exactly this selection.json comes out",
    )
    add("--workers", type=_positive, metavar="N",
        help="tasks at a time; default: one for each processor, or for each thread of"
        " the cluster")  # fmt: skip
    add("--scheduler", metavar="ADDRESS",
        help="run the tasks of a build on this Dask cluster")  # fmt: skip
    add("--max-shard-size", type=_size, default="40MB", metavar="SIZE",
        help="bytes that a Parquet file may have; default: 40MB")  # fmt: skip
    add("--no-audit", action="store_true",
        help="do not decode the images: no search for near duplicates")  # fmt: skip
    add("--allow-broken", action="store_true", help="go on without broken images")
    add("--overwrite", action="store_true",
        help="replace a finished output of other options")  # fmt: skip
    _fetch_options(options)
    coco = options.add_argument_group("coco_stuff_trimmed").add_argument
    coco("--targets", type=_targets, metavar="NAMES",
         help="names or COCO ids with commas between them; default: "
         + ",".join(NOTEBOOK_TARGETS))  # fmt: skip
    coco("--train-samples", type=int, metavar="N", help="for a target; default: 500")
    coco("--test-samples", type=int, metavar="N", help="for a target; default: 250")
    for name in COCO_FILES:
        coco(option(name), metavar="PATH", help="goes before --source")
    isic = options.add_argument_group("siim_isic_small").add_argument
    isic("--benign", type=_slice, metavar="START:STOP", help="default: 2000:4000")
    isic("--malignant", type=_slice, metavar="START:STOP", help="default: 50:550")
    for name in ISIC_FILES:
        isic(option(name), metavar="PATH", help="goes before --source")
    return options


def _fetch_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add(
        "--cache-dir",
        metavar="DIR",
        help="for what is fetched; default: the platform's",
    )
    add("--allow-host", action="append", default=[], metavar="HOST",
        help="get images without folder or zip from coco_url there")  # fmt: skip


def _verify_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("target", metavar="DIR|REPO_ID", help="folder of a build, or repo on the Hub")
    add("--source", metavar="SRC", help="replay the selection from this source")
    add("--revision", metavar="REV", help="of the repo; default: main")
    add("--deep", action="store_true", help="read every row of the repo again")
    add("--workers", type=_positive, metavar="N",
        help="tasks at a time; default: one for each processor")  # fmt: skip
    for name in (*COCO_FILES, *ISIC_FILES):
        add(option(name), metavar="PATH", help="of a build from single files")
    _fetch_options(command)


def _push_options(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("folder", metavar="DIR", help="of a build")
    add("--repo-id", required=True, metavar="NAMESPACE/NAME")
    add("--private", action="store_true", help="make the repo private")
    add("--tag", metavar="TAG", help="tag of the commit, such as v1.0.0")
    add("--create-pr", action="store_true", help="open a pull request instead")
    add("--revision", metavar="BRANCH", help="default: main")
    add("--message", metavar="TEXT", help="first line of the commit")
    add("--dry-run", action="store_true", help="only say what would be done")


def selection_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments that plan, build and export share.

    Raises
    ------
    UsageError
        An option of the other dataset is given, or two that exclude each other.
    """
    check_image_size(args.image_size, remote_workers=bool(args.scheduler))
    coco = args.dataset == "coco_stuff_trimmed"
    theirs = ("benign", "malignant", *ISIC_FILES)
    ours = ("targets", "train_samples", "test_samples", *COCO_FILES)
    for name in theirs if coco else ours:
        if getattr(args, name) is not None:
            msg = f"{option(name)} is not an option of {args.dataset}"
            raise UsageError(msg)
    names = ("targets", "train_samples", "test_samples") if coco else theirs[:2]
    given = {n: getattr(args, n) for n in names if getattr(args, n) is not None}
    return {
        "dataset": args.dataset,
        "recipe": (CocoRecipe if coco else IsicRecipe)(seed=args.seed, **given),
        "source": args.source,
        "files": given_files(args, COCO_FILES if coco else ISIC_FILES),
        "image_size": args.image_size,
        "cache_dir": args.cache_dir,
        "allow_hosts": args.allow_host,
    }


def given_files(args: argparse.Namespace, names: Iterable[str]) -> dict[str, str]:
    """Return the paths of the options that name single files, if they are given."""
    return {name: path for name in names if (path := getattr(args, name))}


def option(name: str) -> str:
    """Return the option of an argument.

    >>> option("train_images")
    '--train-images'
    """
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
