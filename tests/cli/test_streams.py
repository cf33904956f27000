"""Closed, full and strange streams: nothing that is written there ends a command."""

import errno
import io
import json
import os
import subprocess
import sys
import warnings

import pytest

from builder.cli import main as cli
from builder.cli.lines import print_json
from builder.cli.streams import ClosedPipeError, Stream, shown_streams, warn_in_lines
from builder.errors import OutputError
from tests.cli.test_output import RAW, SHOWN
from tests.small import COCO, OPTIONS
from tests.tiny import ROOT

ESCAPED = r"a\x1b[31mb\u202ec\r\x9bd" + "\n" + r"e\u2066f\U000e0001g\udcffh"


class Sink(io.StringIO):
    """A stream that fails as it is told to."""

    def __init__(self, fault=None, encoding="utf-8"):
        super().__init__()
        self.fault = fault
        self.named = encoding

    encoding = property(lambda self: self.named)

    def write(self, text):
        if self.fault is not None:
            raise self.fault
        return super().write(text.encode(self.named).decode(self.named))


@pytest.mark.parametrize("is_result", [True, False])
def test_what_a_library_writes_is_shown_for_what_it_is(is_result):
    sink = Sink()
    stream = Stream(sink, is_result=is_result)
    assert stream.write(RAW) == len(RAW)
    print("naïve 猫", file=stream)
    assert sink.getvalue() == f"{ESCAPED}naïve 猫\n"


def test_a_bar_may_go_back_to_where_it_stood_and_nothing_else_may():
    sink = Sink()
    stream = Stream(sink, is_result=False)
    for text in ("\rwrite: 1", "\n", "\x1b[A", "\n\n", "\r\x1b[A", "\x1b[Ax"):
        stream.write(text)
    assert sink.getvalue() == "\rwrite: 1\n\x1b[A\n\n\r" + r"\x1b[A\x1b[Ax"


def test_characters_that_the_encoding_has_not_are_written_out():
    sink = Sink(encoding="ascii")
    Stream(sink, is_result=True).write("über → 猫\n")
    assert sink.getvalue() == "\\xfcber \\u2192 \\u732b\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_json_is_json_in_every_encoding(encoding, monkeypatch):
    told = {"name": RAW, "ü\x7f": ["→ 猫 \U0001f600"]}
    sink = Sink(encoding=encoding)
    monkeypatch.setattr(sys, "stdout", sink)
    with shown_streams():
        print_json(told)
    assert json.loads(sink.getvalue()) == told
    assert sink.getvalue().rstrip("\n").isprintable()
    assert ("猫" in sink.getvalue()) == (encoding == "utf-8")


def test_a_stream_that_is_closed_takes_all_and_shows_nothing():
    for is_result in (True, False):
        stream = Stream(None, is_result=is_result)
        assert stream.write("x") == 1
        stream.flush()
        assert not stream.isatty()
        assert stream.encoding == "utf-8"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (OSError(28, "No space left on device"), OutputError),
        (ValueError("I/O operation on closed file"), OutputError),
        (BrokenPipeError(), ClosedPipeError),
    ],
)
def test_only_a_result_that_cannot_be_written_is_an_error(fault, error):
    Stream(Sink(fault), is_result=False).write("x")
    with pytest.raises(error):
        Stream(Sink(fault), is_result=True).write("x")


def test_wrong_usage_is_one_line_in_characters_that_show(usage):
    for words in (["plan", COCO, f"--x{RAW}"], ["build", COCO, "--out", "o", RAW]):
        last = usage(*words).splitlines()[-1]
        assert SHOWN in last
        assert last.isprintable()
    assert usage(RAW).splitlines()[-1].isprintable()


def test_streams_are_the_callers_again_after_a_command(capsys):
    before = sys.stdout, sys.stderr
    assert cli.main(["cache", "--cache-dir", os.devnull]) in {0, 1}
    assert (sys.stdout, sys.stderr) == before
    capsys.readouterr()


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [("1", 0, "--version"), ("2", 2, "plan"), ("2", 0, "--version")],
)
def test_a_closed_stream_in_this_process(number, status, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout" if number == "1" else "stderr", None)
    with pytest.raises(SystemExit) as caught:
        cli.main([words])
    assert caught.value.code == status


def test_a_warning_is_one_line_without_a_place_in_the_code(monkeypatch):
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    warn_in_lines()
    told = warnings.formatwarning(f"of\n{RAW}", UserWarning, "/a/b.py", 7, "x = 1")
    sink = Sink()
    Stream(sink, is_result=False).write(told)
    assert sink.getvalue().startswith(r"trimset: UserWarning: of a\x1b[31mb\u202ec ")
    assert sink.getvalue().count("\n") == 1
    assert "b.py" not in told


def test_an_error_that_nobody_foresaw_says_where_it_was(monkeypatch, capsys, tmp_path):
    """A folder that is gone, and a disk that is full somewhere below."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert cli.main(["init", ".", "--out", "x.toml"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "the current folder is gone: change to one that is there" in err


@pytest.mark.parametrize(
    ("number", "step"),
    [
        (errno.ENOSPC, "; free some room, or choose a place on another disk (TMPDIR"),
        (errno.EDQUOT, "; free some room, or choose a place on another disk (TMPDIR"),
        (errno.EROFS, "; check the permissions, or choose another place"),
        (errno.ENAMETOOLONG, "; give a shorter name"),
        (errno.EMFILE, "; let it open more files (ulimit -n)"),
        (errno.EIO, ": '/a/b'"),
    ],
)
def test_an_error_of_the_system_has_a_next_step(number, step, monkeypatch, fails):
    def fail(_):
        raise OSError(number, os.strerror(number), "/a/b")

    monkeypatch.setitem(cli.COMMANDS, "cache", fail)
    line = fails(1, "cache")
    assert f"{os.strerror(number)}: '/a/b'" in line
    assert step in line


PROBE = """
import os, sys, warnings
from builder.cli import main as cli

def command(args):
    file = os.open(args.words[1], os.O_WRONLY | os.O_CREAT)
    assert file > 2, file  # not the place of a stream
    os.write(2, b"of a library in C")
    print("to nobody", flush=True)
    print("to nobody", file=sys.stderr, flush=True)
    return 0

cli.COMMANDS["cache"] = command
cli.make_parser = lambda made: __import__("argparse").Namespace(
    parse_args=lambda words: __import__("argparse").Namespace(
        command=command, words=words, debug=False))
sys.exit(cli.main())
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such shell")
def test_no_file_gets_the_number_of_a_closed_stream(tmp_path):
    """Or what a library prints lands in it."""
    words = [sys.executable, "-c", PROBE, "cache", str(tmp_path / "file")]
    done = subprocess.run(
        ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", *words], cwd=ROOT, check=False
    )
    assert done.returncode == 0
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")  # noqa: PTH110
def test_a_full_disk_behind_the_streams(coco_source, tmp_path):
    words = [sys.executable, "-m", "builder", "plan", COCO, "--source", coco_source,
             *OPTIONS[COCO][:6]]  # fmt: skip
    words = ["sh", "-c", '"$@" > /dev/full', "sh", *map(str, words)]
    done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("trimset: OutputError: standard output: cannot write")
    assert "Traceback" not in done.stderr
