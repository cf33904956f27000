"""Told to stop, a command ends soon, in one line, whatever holds it up."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from builder.cli import main as cli
from builder.cli.signals import INTERRUPTED, StopError
from tests.tiny import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

# A command that waits, and is put away as the word says that it is called with.
PROBE = """
import argparse, signal, sys, threading, time
from builder.cli import main as cli, signals

def command(args):
    how = args.words[0]
    if how == "late":
        signals.STOPPING = 0.2
    if how == "thread":
        threading.Thread(target=time.sleep, args=[60]).start()
    if how == "deaf":  # the signal comes to another thread, so it ends no wait of this
        threading.Thread(target=time.sleep, args=[60]).start()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        print("ready", flush=True)
        threading.Event().wait(60)
    finally:
        print("put away", flush=True)
        if how in {"late", "twice"}:
            signals.STOPPING = 60
            for _ in range(600):  # a signal that comes just before a wait ends the next
                time.sleep(0.1)
    return 0

cli.make_parser = lambda _: argparse.Namespace(
    parse_args=lambda words: argparse.Namespace(command=command, debug=False))
sys.exit(cli.main())
"""


@contextmanager
def probe(how, *, ignored=False):
    """Give a process that waits in a command."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN) if ignored else None
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", PROBE, how],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
    finally:
        if ignored:
            signal.signal(signal.SIGHUP, before)
    with process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def ends(process, status):
    """Check how a process ends, and that it does so at once."""
    started = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - started < 15  # not the minute that it waits for
    assert process.returncode == status
    assert err == f"trimset: {INTERRUPTED}\n"
    return out


@pytest.mark.parametrize(
    ("how", "number"),
    [
        ("soon", signal.SIGTERM),
        ("thread", signal.SIGHUP),  # nobody waits for it
        ("late", signal.SIGINT),
        ("deaf", signal.SIGINT),  # as where it comes just before a wait begins
    ],
)
def test_a_signal_ends_it_and_all_is_put_away(how, number):
    with probe(how) as process:
        process.send_signal(number)
        assert ends(process, 128 + number) == "put away\n"


def test_a_second_signal_does_not_wait():
    with probe("twice") as process:
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "put away\n"
        process.send_signal(signal.SIGTERM)
        ends(process, 128 + signal.SIGTERM)


def test_a_signal_that_the_caller_ignores_is_ignored():
    """As with nohup."""
    with probe("soon", ignored=True) as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        ends(process, 128 + signal.SIGTERM)


@pytest.mark.parametrize(
    ("stop", "status"),
    [(KeyboardInterrupt(), 130), (StopError(signal.SIGTERM), 143)],
)
def test_called_as_a_function_it_returns_the_status(stop, status, monkeypatch, capsys):
    def stopped(_):
        raise stop

    handlers = [signal.getsignal(number) for number in (1, 2, 15)]
    monkeypatch.setitem(cli.COMMANDS, "cache", stopped)
    assert cli.main(["cache"]) == status
    assert capsys.readouterr().err == f"trimset: {INTERRUPTED}\n"
    assert [signal.getsignal(number) for number in (1, 2, 15)] == handlers
