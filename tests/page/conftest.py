"""A real Chromium, and the page of a build that has something of everything."""

import os

import pytest

from builder.pipeline.report import report
from tests.page.made import write_odd_build

# Set by `.ci/run`, where a browser that is not there is a failure.
REQUIRED = "TRIMSET_CHROMIUM"


@pytest.fixture(scope="session")
def odd_build(make_once):
    """Return a finished build, for reading only."""
    return make_once("odd-build", lambda folder: write_odd_build(folder / "b")) / "b"


@pytest.fixture(scope="session")
def odd_page(make_once, odd_build):
    """Return the page of it."""
    made = make_once("odd-page", lambda folder: report(odd_build, folder / "odd.html"))
    return made / "odd.html"


@pytest.fixture(scope="session")
def chromium():
    """Return a running browser, one for each process of a run."""
    from tests.browser import ChromiumError, launched

    try:
        with launched() as browser:
            yield browser
    except ChromiumError as error:
        if os.environ.get(REQUIRED):
            pytest.fail(f"{REQUIRED} is set: {error}")
        pytest.skip(str(error))


@pytest.fixture
def open_page(chromium):
    """Return a function that opens a page, and see that it asks and breaks nothing."""
    asked, faults, contexts = [], [], []

    def open_(path, view="", *, width=1280, height=900, scheme="light", **options):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)

        def answer(route):
            url = route.request.url
            if url.startswith(("file:", "data:")):
                route.continue_()
                return
            asked.append(url)
            route.abort()

        page.route("**/*", answer)
        page.on("console", lambda message: faults.append(message.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{path.as_uri()}{view}")
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert asked == []
    assert faults == []
