"""Calls of the Hub's client end, however slowly their answers come."""

import pytest
from huggingface_hub.utils._http import get_session

from builder.hub import timeouts
from builder.hub.timeouts import fast_enough
from tests.servers.raw_server import RawServer, head


class Clock:
    """Goes on by half a second each time that it is looked at."""

    now = 0.0

    def __call__(self):
        self.now += 0.5
        return self.now


@pytest.mark.parametrize(("least", "parts"), [(20, 100), (21, 4)])
def test_a_rate_over_a_window(least, parts):
    """Ten bytes each half a second."""
    came = fast_enough([b"0123456789"] * 100, least=least, window=2, clock=Clock())
    if least <= 20:
        assert len(list(came)) == parts
        return
    told = r"only 40 bytes came in 2 s, less than 21 a second"
    found = []
    with pytest.raises(TimeoutError, match=told):
        found.extend(came)
    assert len(found) == parts - 1


@pytest.mark.skipif(
    not hasattr(get_session(), "event_hooks"), reason="the client has no hook for it"
)
def test_a_body_that_drips_ends_the_call(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(timeouts, "RATE_WINDOW", 0.1)

    def answer(*_):
        yield head("200 OK", Content_Length=10_000)
        while True:
            yield b"x"
            servers[0].wait(0.005)

    servers = []
    hooks = get_session().event_hooks
    before = {name: list(found) for name, found in hooks.items()}
    with RawServer(answer) as server:
        servers.append(server)
        with (
            timeouts.own_calls(),
            pytest.raises(TimeoutError, match="less than 1024 a second"),
        ):
            get_session().get(server.url())
    assert {name: list(found) for name, found in hooks.items()} == before
