"""Debian's Chromium, driven by Playwright, for tests of the page and screenshots."""

from __future__ import annotations

import shutil
from contextlib import contextmanager

# Nothing of its own over the network, and no processes for a screen that is not there.
ARGUMENTS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
    "--font-render-hinting=none",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


class ChromiumError(Exception):
    """There is no browser, or nothing to drive it with."""


@contextmanager
def launched():
    """Give a running browser.

    Raises
    ------
    ChromiumError
        Playwright or Chromium is not there.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        msg = "no Playwright: pip install playwright"
        raise ChromiumError(msg) from None
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        msg = "no Chromium: apt-get install chromium"
        raise ChromiumError(msg)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=ARGUMENTS, chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            browser.close()
