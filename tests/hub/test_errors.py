"""What is read from the errors of a client, whichever HTTP library it uses."""

import types
from datetime import datetime, timezone

import pytest
from huggingface_hub.errors import HfHubHTTPError

from builder.hub.errors import FAILURES, asked_wait, is_network, root_of, status_of

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def error(status=503, **headers):
    err = RuntimeError("of the client")
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    err.response = types.SimpleNamespace(status_code=status, headers=headers)
    return err


def test_the_status_is_found_behind_other_errors():
    outer = ValueError("wrapped")
    outer.__cause__ = error(403)
    assert status_of(outer) == 403
    assert root_of(outer) is outer.__cause__
    outer = ValueError("raised while another was handled")
    outer.__context__ = error(400)
    assert status_of(outer) == 400
    assert status_of(ValueError()) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "120"}, 120),
        ({"Retry_After": "Thu, 01 Jan 2026 00:01:00 GMT"}, 60),
        ({"Retry_After": "Wed, 31 Dec 2025 23:59:00 GMT"}, 0),
        ({"Retry_After": "soon"}, 0),
        ({"RateLimit": '"api";r=0;t=55'}, 55),
        ({"RateLimit": '"api";r=10;t=55'}, 0),
        ({}, 0),
    ],
)
def test_how_long_the_server_asks_to_wait(headers, seconds):
    assert asked_wait(error(429, **headers), NOW) == seconds


def test_without_an_answer_nothing_is_asked():
    assert asked_wait(ConnectionError(), NOW) == 0


def test_network():
    assert is_network(ConnectionResetError())
    assert is_network(TimeoutError())
    assert not is_network(FileNotFoundError())
    assert not is_network(ValueError())


def test_the_http_library_of_this_client_is_known():
    library = FAILURES[-1]
    assert issubclass(HfHubHTTPError, library)
    assert is_network(library("no answer"))
