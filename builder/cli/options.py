"""The options of the command line: each command has those that it uses, no others."""

from __future__ import annotations

import argparse
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NoReturn

from builder.cli.dataset_options import (
    add_dataset_options,
    add_inputs,
    chosen_files,
    chosen_recipe,
    given_options,
)
from builder.cli.limit_options import (
    add_image_limits,
    add_source_limits,
    given_limits,
)
from builder.cli.values import card, dataset, positive, shown, size, text
from builder.datasets import registry
from builder.datasets.layouts.names import escaped
from builder.output.limits import MAX_SHARD_SIZE
from builder.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Command = Callable[[argparse.Namespace], int]


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, whatever names the shell put there for a `*`."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))


class _CommandParser(_Parser):
    """Names the first option that it does not know.

    Before argparse does, which would take the value behind it for something else.
    """

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str], namespace: Any = None
    ) -> tuple[Any, list[str]]:
        for word in takewhile("--".__ne__, args):
            option = word.partition("=")[0]
            is_option = option.startswith("--") and " " not in word
            if is_option and option not in self._option_string_actions:
                self.error(f"unrecognized arguments: {option}")
        return super().parse_known_args(args, namespace)


def make_parser(functions: Mapping[str, Command]) -> argparse.ArgumentParser:
    """Return the parser; `functions` gives what runs each command."""
    parser = _Parser(
        prog="trimset",
        description="Trim large vision datasets to what a study needs.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"trimset {__version__}")
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", parser_class=_CommandParser
    )
    for name, (about, add_options) in _COMMANDS.items():
        made = commands.add_parser(
            name, help=about, description=about, allow_abbrev=False
        )
        add = made.add_argument
        add("--json", action="store_true", help="end with one JSON object on stdout")
        add("--debug", action="store_true", help="show the traceback of an error")
        add_options(made)
        # Known to the command as well: some faults show only once all is parsed.
        made.set_defaults(command=functions[name], parser=made)
    return parser


def selection_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments that plan, build and export share.

    Raises
    ------
    UsageError
        An option of another dataset is given, or one that would be ignored.
    """
    dataset = registry.get(args.dataset)
    return {
        "dataset": args.dataset,
        "recipe": chosen_recipe(args, dataset),
        "source": args.source,
        "files": chosen_files(args, [dataset]),
        "image_size": args.image_size,
        "skip_missing": args.skip_missing,
        "lock": args.lock,
        "cache_dir": args.cache_dir,
        "allow_hosts": given_options(args).get("--allow-host", ()),
        "follow_links": args.follow_links,
        "limits": given_limits(args),
    }


def _demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", default="demo", metavar="DIR", type=text, help="default: demo"
    )


def _init(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("source", metavar="SRC", type=text,
        help="folder, file or URL to look at; or the name of a recipe that comes with"
        " trimset, to print it")  # fmt: skip
    add("--out", metavar="RECIPE.toml", type=text,
        help="to write; default: named for the folder, here")  # fmt: skip
    _follow_links(parser)
    _cache_dir(parser)
    add_source_limits(parser)


def _plan(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("dataset", type=dataset,
        help=f"{', '.join(registry.names())}, or the path of a recipe (*.toml)"
    )  # fmt: skip
    add("--source", metavar="SRC", type=text,
        help="folder or URL with the files that the recipe names; default: the official"
        " server, or the folder of the recipe")  # fmt: skip
    add("--image-size", type=positive, metavar="PX",
        help="shorter side that larger images are resized to; default: they are left"
        " as they are")  # fmt: skip
    add("--skip-missing", action="store_true",
        help="go on without images that are nowhere")  # fmt: skip
    add("--lock", metavar="FILE", type=text,
        help="stop unless exactly this selection.json comes out")  # fmt: skip
    _follow_links(parser)
    _cache_dir(parser)
    add_source_limits(parser)
    _progress(parser)
    add_dataset_options(parser)


def _build(parser: argparse.ArgumentParser) -> None:
    _export(parser)
    add = parser.add_argument
    add("--scheduler", metavar="ADDRESS", type=text,
        help="run the tasks on this Dask cluster, as many as it has threads if"
        " --workers does not say")  # fmt: skip
    add("--max-shard-size", type=size, default=MAX_SHARD_SIZE, metavar="SIZE",
        help="bytes that a Parquet file may have; default:"
        f" {shown(MAX_SHARD_SIZE)}")  # fmt: skip


def _export(parser: argparse.ArgumentParser) -> None:
    _plan(parser)
    _workers(parser)
    add = parser.add_argument
    add("--out", required=True, metavar="DIR", type=text, help="to write")
    add("--no-audit", action="store_true",
        help="do not decode the images: no search for near duplicates")  # fmt: skip
    add("--allow-broken", action="store_true", help="go on without broken images")
    add("--overwrite", action="store_true",
        help="replace a finished output of other options")  # fmt: skip
    add_image_limits(parser)


def _verify(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("build", metavar="DIR|REPO_ID", type=text,
        help="folder of a build, or repo on the Hub")  # fmt: skip
    add("--strict", action="store_true",
        help="a card that somebody edited is a fault too")  # fmt: skip
    _progress(parser)
    repo = parser.add_argument_group("of a repo")
    repo.add_argument("--revision", metavar="REV", type=text, help="default: main")
    repo.add_argument("--deep", action="store_true", help="read every row again")
    folder = parser.add_argument_group("of a folder, with its source")
    folder.add_argument("--source", metavar="SRC", type=text,
        help="replay the selection from this source")  # fmt: skip
    _follow_links(folder)
    _workers(folder)
    _cache_dir(folder)
    add_source_limits(folder)
    add_image_limits(folder)
    add_inputs(folder)


def _push(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("folder", metavar="DIR", type=text, help="of a build")
    add("--repo-id", required=True, metavar="NAMESPACE/NAME", type=text)
    add("--private", action="store_true", help="make the repo private")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--tag", metavar="TAG", type=text,
        help="tag of the commit, such as v1.0.0")  # fmt: skip
    either.add_argument("--create-pr", action="store_true",
        help="open a pull request instead, which cannot be tagged")  # fmt: skip
    add("--revision", metavar="BRANCH", type=text, help="default: main")
    add("--message", metavar="TEXT", type=text, help="first line of the commit")
    add("--card", metavar="merge|ours|theirs", type=card,
        help="where somebody edited what is generated, or wrote a card before: only"
        " that as built, all as built, or all as it is there but for what loading"
        " needs; without it the push stops")  # fmt: skip
    add("--dry-run", action="store_true",
        help="only say what this very command would do")  # fmt: skip
    _progress(parser)


def _report(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("build", metavar="DIR", type=text, help="folder of a build")
    add("--out", metavar="FILE.html", type=text,
        help="to write; default: named for the folder, here")  # fmt: skip
    _workers(parser)
    add_image_limits(parser)
    _progress(parser)


def _cache(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("action", choices=["list", "clear"], nargs="?", default="list")
    _cache_dir(parser)


def _cache_dir(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--cache-dir", metavar="DIR", type=text,
        help="of what was fetched; default: the platform's cache folder")  # fmt: skip


def _follow_links(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--follow-links", action="store_true",
        help="read what links in the source lead to outside of it")  # fmt: skip


def _progress(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--progress", action="store_true",
        help="show progress on any stderr, not only on a terminal")  # fmt: skip


def _workers(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--workers", type=positive, metavar="N",
        help="tasks at a time; default: one for each processor")  # fmt: skip


_COMMANDS = {
    "demo": ("draw small sources, build, verify and load each dataset", _demo),
    "init": ("look at a folder, a file or a URL, and write a recipe of it", _init),
    "plan": ("say what would be selected and fetched; no image is moved", _plan),
    "build": ("build a dataset folder that load_dataset reads", _build),
    "export": ("write the notebook's own files, for the dataset scripts", _export),
    "verify": (
        "check a build, here or on the Hub, against its manifest and source",
        _verify,
    ),
    "push": ("publish a build on the Hugging Face Hub, in one commit", _push),
    "report": ("write one page to look at a build, with no server", _report),
    "cache": ("list or clear what was fetched", _cache),
}
