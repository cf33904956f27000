"""What a push leaves untold, and the process as it was."""

import logging
import logging.handlers
import re
import traceback

import huggingface_hub.utils._http as client
import pytest
from huggingface_hub import constants
from huggingface_hub import logging as hub_logging
from huggingface_hub.utils import are_progress_bars_disabled

from builder.errors import PushError
from builder.hub.push import push
from tests.hub.pushing import REPO, STORE, published
from tests.servers.hub_repos import Blob

# the client's own way to send a file, on httpx
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


def test_the_token_is_nowhere(hub, built, caplog, capfd, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_alice")
    caplog.set_level(logging.DEBUG)
    hub.fail("POST", "/commit/", times=1, body='{"error": "token hf_alice is tired"}')
    hub.fail("PUT", STORE, "reset", after=100)
    report = push(built, REPO, tag="v1", sleep=lambda _: None)
    hub.fail("GET", "/whoami", status=403, body='{"error": "hf_alice may not"}')
    with pytest.raises(PushError) as caught:
        push(built, REPO)
    out, err = capfd.readouterr()
    seen = [repr(report), out, err, caplog.text, *map(str, caplog.records)]
    seen += traceback.format_exception(caught.value)
    assert "the Hub answered 503" in caplog.text  # there was something to see
    assert not any("hf_alice" in text for text in seen)
    # httpx logs URLs at INFO, signed ones too; nothing else tells them
    seen = [text for text in seen if text is not caplog.text and "httpx" not in text]
    assert not any("X-Amz-Signature" in text for text in seen)
    assert all(b"hf_alice" not in data for data in published(hub).values())
    assert not any(r.authorized for r in hub.log if r.on_store)


def test_nothing_is_printed(hub, built, capfd):
    push(built, REPO, sleep=lambda _: None)
    assert capfd.readouterr() == ("", "")


def switches():
    """What of the client all threads of a process share."""
    session = client.get_session()
    return {
        "xet": constants.HF_HUB_DISABLE_XET,
        "bars": are_progress_bars_disabled(),
        "verbosity": hub_logging.get_verbosity(),
        "factory": vars(client).get("_GLOBAL_BACKEND_FACTORY"),
        "timeout": getattr(session, "timeout", None),
        "request": vars(session).get("request"),
    }


@pytest.mark.parametrize("status", [200, 403])
def test_the_client_is_left_as_it_was_for_all_other_threads(hub, built, status):
    log = logging.getLogger("huggingface_hub.utils._http")
    before, hooks = switches(), list(getattr(client.get_session(), "event_hooks", []))
    seen, heard = [], logging.handlers.BufferingHandler(99)

    def look():  # in a thread of the server
        seen.append(switches())
        log.warning("heard")
        session = client.get_session()
        if hooks:
            request = session.build_request("GET", "http://localhost")
            for hook in session.event_hooks["request"][1:]:
                hook(request)
            seen[-1]["waits"] = request.extensions["timeout"]["read"]

    log.addHandler(heard)
    try:
        hub.fail("PUT", STORE, "call", call=look)
        if status == 403:
            hub.fail("POST", "/commit/", status=status, times=9)
            with pytest.raises(PushError, match="the token may not do that"):
                push(built, REPO)
        else:
            hub.fail("POST", "/commit/", "call", call=look)
            push(built, REPO)
    finally:
        log.removeHandler(heard)
    assert len(seen) == len([r for r in heard.buffer if r.msg == "heard"]) > 0
    assert {record.msg for record in heard.buffer} == {"heard"}
    own = {**before, "waits": None} if hooks else before
    ignored = () if hooks else ("request",)  # of this thread alone
    for found in seen:
        assert {k: v for k, v in found.items() if k not in ignored} == {
            k: v for k, v in own.items() if k not in ignored
        }
    assert switches() == before
    assert not any(logger.filters for logger in (log,))
    if hooks:
        assert len(client.get_session().event_hooks["request"]) == 1


def test_uploads_go_by_lfs(hub, built):
    push(built, REPO)
    assert not [r for r in hub.log if "xet" in r.path]
    assert {b.sha256 is not None for b in hub.repo(REPO).resolve("main").tree.values()}


def test_blobs_have_the_names_of_git():
    assert Blob.regular(b"hello\n").oid == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert re.fullmatch("[0-9a-f]{40}", Blob.lfs("0" * 64, 1).oid)
