"""Annotation files and tables as people have them: what each gives, as a table.

``python -m tests.cases [--shared PATH] [--before TRIMSET]`` runs every case of the
folders ``cases/coco`` and ``cases/isic`` in a temporary folder and prints what came
out; with `--before` also what another `trimset` makes of the same command. The cases
are not part of the repository: they hold other people's data.

Splits by patient of small sets (``25_split_small``, ``33_split_sizes``) are no files to
read, and are left out: `tests.benchmarks.trial_splits` draws such sets.
"""

from __future__ import annotations

import argparse
import contextlib
import http.server
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from builder.cli.main import main as trimset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SHARED = Path(__file__).resolve().parents[2] / "shared"
LEFT_OUT = {"25_split_small", "33_split_sizes"}
OUT = "out"


@dataclass(frozen=True)
class Case:
    """A command on a copy of a case.

    Attributes
    ----------
    name : str
        Folder of the case, and what tells it from others on the same.
    expected : str
        What its text expects.
    commands : sequence of str
        Of trimset, in the order in which they run; the last but for `verify` writes to
        `OUT`. All but the first run only where the one before it was done.
    data : str
        Name of a folder of ``shared/data`` that is linked to beside the case.
    files : mapping of str to str
        Written first: name and content. An empty content makes a folder of it, which
        the cases have lost where it was empty.
    before : sequence of str
        Commands of a trimset that has no recipes, where others are needed for it.
    """

    name: str
    expected: str
    commands: Sequence[str]
    data: str = ""
    files: dict[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()

    @property
    def folder(self) -> str:
        """The folder of the case, below ``cases``."""
        return self.name.partition(" ")[0]


@dataclass(frozen=True)
class Outcome:
    """What came out of the last command that ran, and what Python's warnings said."""

    status: int
    out: str
    err: str
    warned: str = ""

    @property
    def line(self) -> str:
        """The line that says what came out, and what was said besides."""
        said = f"{self.out}{self.err}"
        lines = [line for line in said.splitlines() if line.strip()]
        faults = [line for line in lines if "Error: " in line or "error: " in line]
        rows = [line for line in lines if re.search(r" rows|: ok", line)]
        first = (faults or rows or lines or ["nothing"])[0].replace(f"{OUT}: ", "", 1)
        notes = [
            line
            for line in self.err.splitlines()
            if not faults and "no licence is stated" not in line
        ]
        return "; ".join(line.removeprefix("trimset: ") for line in [first, *notes])


def cases(shared: Path) -> list[Case]:
    """Return all cases."""
    folders = sorted(at for at in shared.glob("cases/coco/*") if at.is_dir())
    return [*(case for folder in folders for case in _coco(folder)), *_isic()]


# --------------------------------------------------------------------------- coco

_BACKGROUND = """kind = "coco"
name = "raccoons"
[splits.train]
annotations = "train.json"
images = "train/"
[splits.test]
annotations = "test.json"
images = "test/"
[select]
rule = "balanced"
targets = ["raccoon"]
samples = 4
unannotated = true
"""


def _coco(folder: Path) -> Iterator[Case]:
    """Yield what the scripts of a case run, in a recipe where that says it better."""
    name = f"coco/{folder.name}"
    scripts = {path.name: path.read_text() for path in folder.glob("run*.sh")}
    expected = re.findall(r"^# expected: (.*)$", scripts["run.sh"], re.MULTILINE)[0]
    commands = {}
    for script, text in sorted(scripts.items()):
        (command,) = re.findall(r"trimset (build .*?)(?:;.*)?$", text, re.MULTILINE)
        command = re.sub(r'--out ("[^"]*")?\S+', f"--out {OUT}", command)
        commands[script] = command.strip()
    if folder.name.startswith("03_"):
        build = f"build r.toml --out {OUT}"
        files, old = {"r.toml": _BACKGROUND}, [commands["run.sh"]]
        yield Case(name, expected, [build], files=files, before=old)
    elif folder.name.startswith("76_"):
        yield Case(name, expected, [commands["run.sh"], commands["run_again.sh"]])
    elif folder.name.startswith("77_"):
        build = commands["run.sh"].replace("../77", "fetched")
        yield Case(name, expected, [build], files={"empty": ""})
    elif folder.name.startswith("72_"):
        yield Case(name, expected, [commands["run.sh"]], files={"train/tr1.jpg": ""})
    else:
        for script, command in commands.items():
            more = "" if script == "run.sh" else f" {script}"
            yield Case(name + more, expected, [command])


# --------------------------------------------------------------------------- isic


_STUDY = "build siim_isic_small --metadata in/m.csv"


def _isic() -> Iterator[Case]:
    """Yield the cases of tables: the texts of their folders say what was tried."""

    def slices(benign: int, malignant: int, more: str = "") -> str:
        return f"--benign 0:{benign} --malignant 0:{malignant} --out {OUT} {more}"

    def study(folder: str, table: str, images: str, expected: str, rest: str) -> Case:
        files = f"--metadata in/{table} --images {images}"
        command = f"build siim_isic_small {files} {rest}"
        return Case(f"isic/{folder} {table} {images}", expected, [command])

    def seen(folder: str, source: str, expected: str, images: str = "img") -> Case:
        build = f"build r.toml --out {OUT}"
        init = f"init {source} --out r.toml"
        name, files = f"isic/{folder} init {source}", f"--images in/{images}"
        old = f"build siim_isic_small --metadata {source} {files} {slices(20, 10)}"
        return Case(name, expected, [init, build], before=[old])

    ham = "HAM10000 as published"
    yield Case(
        "isic/02_ham_raw init",
        f"{ham}: builds by a recipe",
        ["init ham10000 --out r.toml", f"build r.toml --out {OUT} --skip-missing"],
        data="ham10000",
    )
    yield Case(
        "isic/02_ham_raw ham10000_small",
        f"{ham}: builds by the recipe that comes with trimset",
        [f"build ham10000_small --source ham10000 --out {OUT} --skip-missing"],
        data="ham10000",
    )
    yield Case(
        "isic/03_ham_renamed m.csv",
        "builds, those of the images that are there",
        [f"{_STUDY} --images ham10000/images {slices(8061, 1954, '--skip-missing')}"],
        data="ham10000",
    )
    yield study(
        "07_unknown_patient",
        "m.csv",
        "in/img",
        "builds; blanks link nothing",
        slices(120, 60),
    )
    for table, rest in (
        ("clean.csv", slices(55, 25)),
        ("renamed.csv", slices(50, 20)),
        ("new_renamed.csv", slices(50, 20)),
        ("old.csv", slices(50, 20)),
    ):
        yield study("08_isic_cli_export", table, "in/img", "builds", rest)
    for table in ("old.csv", "new.csv"):
        yield seen("08_isic_cli_export", f"in/{table}", "builds by a recipe")
    yield study("09_isic2019_onehot", "m.csv", "in/img", "builds", slices(46, 22))
    yield seen("09_isic2019_onehot", "in/gt.csv", "one-hot: builds by a recipe")
    yield study("10_slice3d", "m.csv", "in/img", "builds", slices(20, 10))
    yield study(
        "10_slice3d", "m.csv", "in/train-image.hdf5", "says HDF5", slices(20, 10)
    )
    yield seen("10_slice3d", "in/train-metadata.csv", "target 0, 1: builds by a recipe")
    yield study("12_pad_ufes", "m.csv", "in/images", "builds", slices(60, 40))
    yield seen("12_pad_ufes", "in/metadata.csv", "builds by a recipe", "images")
    yield study("14_fitzpatrick17k", "m.csv", "in/img", "builds", slices(33, 17))
    for table in ("label_clash.csv", "renamed.csv"):
        yield study("14_fitzpatrick17k", table, "in/img", "builds", slices(30, 10))
    yield seen("14_fitzpatrick17k", "in/f17k.csv", "builds by a recipe")
    for name in _DIALECTS:
        yield study(
            "15_csv_dialects",
            f"{name}.csv",
            "in/img",
            "says that there is nothing"
            if name in {"empty", "headonly"}
            else "builds, or says what it is",
            slices(40, 20),
        )
    for name in ("jpg", "both", "prefix", "win", "abs", "noext"):
        yield study(
            "16_names_with_jpg", f"{name}.csv", "in/img", "builds", slices(40, 20)
        )
    yield study("16_names_with_jpg", "prefix.csv", "in", "builds", slices(40, 20))
    for images in ("in/ham", "in/cls", "in/cls/train"):
        yield study("18_nested_parts", "m.csv", images, "builds", slices(40, 20))
    yield study(
        "18_nested_parts", "cls/m.csv", "in/cls/train", "builds", slices(40, 20)
    )
    yield Case(
        "isic/18_nested_parts --source in/kag",
        "builds",
        [f"build siim_isic_small --source in/kag {slices(40, 20)}"],
    )
    yield seen("18_nested_parts", "in/cls/train", "class folders: builds by a recipe")
    bad = partial(study, "20_bad_images", "m.csv", "in/img")
    yield bad("names the broken", slices(80, 40))
    yield Case(
        "isic/20_bad_images --allow-broken",
        "left out and said so",
        [f"{_STUDY} --images in/img {slices(80, 40, '--allow-broken')}"],
    )
    for more, words in (
        ("", "names the missing"),
        ("--allow-broken", "names the missing, and what goes on without them"),
        ("--skip-missing", "left out and said so"),
    ):
        yield Case(
            f"isic/21_missing {more}".strip(),
            words,
            [f"{_STUDY} --images in/img {slices(80, 40, more)}"],
        )
    build = (
        f"build siim_isic_small --metadata in/m.csv --images in/img {slices(80, 40)}"
    )
    for name, files, words in (
        ("as it was", "--metadata in/m.csv --images in/img", "ok"),
        ("m2.csv", "--metadata in/m2.csv --images in/img", "names what differs"),
        ("img2", "--metadata in/m.csv --images in/img2", "names what differs"),
    ):
        verify = f"verify {OUT} {files}"
        yield Case(f"isic/24_verify_tamper {name}", words, [build, verify])
    for table in ("m.csv", "ok.csv"):
        yield study(
            "27_age_crash", table, "in/img", "builds, or names the age", slices(40, 20)
        )
    yield Case(
        "isic/31_imagefolder_jsonl --source in/s",
        "builds",
        [f"build siim_isic_small --source in/s {slices(40, 20)}"],
    )
    yield study(
        "31_imagefolder_jsonl", "s/metadata.jsonl", "in/s", "builds", slices(40, 20)
    )
    yield seen("31_imagefolder_jsonl", "in/s", "builds by a recipe", "s")
    yield study(
        "32_exif_size",
        "m.csv",
        "in/img",
        "upright, colours kept",
        slices(40, 20, "--image-size 75"),
    )


_DIALECTS = (
    *("base", "bom", "crlf", "bomcrlf", "cr", "quotes", "semicolon", "tab", "index"),
    *("utf16", "cp1252", "trailingcomma", "trailingcomma_rows", "padded", "blank"),
    *("sepline", "caphead", "caplabel", "commaage", "nastrings", "age85plus"),
    *("ageunknown", "comment", "empty", "headonly"),
)


# ---------------------------------------------------------------------- to run them


def prepare(case: Case, shared: Path, folder: Path) -> None:
    """Copy a case to a folder, which must not be there, with what it needs besides."""
    shutil.copytree(
        shared / "cases" / case.folder, folder, copy_function=shutil.copyfile
    )
    if case.data:
        (folder / case.data).symlink_to(shared / "data" / case.data)
    for name, content in case.files.items():
        if content:
            (folder / name).write_text(content)
        else:
            (folder / name).mkdir()


def run(
    case: Case,
    folder: Path,
    call: Callable[[list[str]], Outcome],
    more: str = "",
    *,
    old: bool = False,
) -> Outcome:
    """Run the commands of a case in its folder, from where its paths count."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with _served(folder) if case.folder.endswith("_url_only") else _nothing():
            for command in (old and case.before) or case.commands:
                building = command.startswith("build")
                words = [
                    *shlex.split(command),
                    *(shlex.split(more) if building else []),
                ]
                outcome = call(words)
                if outcome.status:
                    break
    finally:
        os.chdir(before)
    return outcome


def in_process(words: list[str]) -> Outcome:
    """Run one command here."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("default")
        try:
            status = trimset(words)
        except SystemExit as end:
            status = int(end.code or 0)
    warned = "\n".join(str(warning.message) for warning in caught)
    return Outcome(status, out.getvalue(), err.getvalue(), warned)


def in_another(program: str, words: list[str]) -> Outcome:
    """Run one command of another installation."""
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, check=False
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[None]:
    """Serve the folder at the address that the records of a case name."""
    found = re.findall(r"127\.0\.0\.1:(\d+)", (folder / "train.json").read_text())

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    handler = partial(Handler, directory=str(folder))
    address = ("127.0.0.1", int(found[0]))
    with http.server.ThreadingHTTPServer(address, handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield
        server.shutdown()


_nothing = contextlib.nullcontext


def _cell(text: str) -> str:
    """Return a text as a cell of a table."""
    return " ".join(text.split()).replace("|", r"\|")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--before", metavar="TRIMSET", help="another installation")
    parser.add_argument("cases", nargs="*", help="those whose names hold one of these")
    args = parser.parse_args()
    columns = ["case", "expected", *(["before"] if args.before else []), "now"]
    print(f"| {' | '.join(columns)} |\n|{' --- |' * len(columns)}")
    wanted = [
        case
        for case in cases(args.shared)
        if not args.cases or any(part in case.name for part in args.cases)
    ]
    calls = [partial(in_another, args.before)] if args.before else []
    for case in wanted:
        cells = [case.name, case.expected]
        for call in (*calls, in_process):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "case"
                prepare(case, args.shared, folder)
                outcome = run(case, folder, call, old=call is not in_process)
            cells.append(f"{outcome.status}: {outcome.line}{outcome.warned}")
        print(f"| {' | '.join(map(_cell, cells))} |", flush=True)
    print("\nLeft out: " + ", ".join(sorted(LEFT_OUT)) + " (splits by patient).")


if __name__ == "__main__":
    sys.exit(main())
