"""What the Hub, or the way to it, refused, in a line that says what to do. Pure."""

from __future__ import annotations

import re
import tempfile

from huggingface_hub.errors import (
    GatedRepoError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from builder.errors import is_full
from builder.hub.errors import (
    TRANSIENT,
    asked_wait,
    cause_of,
    is_network,
    root_of,
    status_of,
)
from builder.sources.retry import Retry

# Who is asked to wait longer is told to come back.
RETRY = Retry(attempts=6, base=1.0, longest=32.0, most_asked=900.0)


def tell_refusal(err: BaseException, *, url: str, token: str | None) -> str:
    """Return the reason and the next step.

    Parameters
    ----------
    err : BaseException
        An error of the client.
    url : str
        Page of the repo.
    token : str, optional
        What must not be shown.
    """
    status, said, wait = status_of(err), _said(err, token), asked_wait(err)
    root = _shown(str(root_of(err)), token)
    if wait > RETRY.most_asked:
        reason, step = f"the Hub asks to wait {wait:.0f} s", "try again then"
    elif is_full(err):
        reason = f"no room on this machine ({root})"
        step = f"free some for {tempfile.gettempdir()}, or set TMPDIR to another disk"
    elif isinstance(err, GatedRepoError):
        # an heir of RepositoryNotFoundError
        reason = f"its owner lets in only those who asked ({status}: {said})"
        step = (
            f"ask for access on {url}, and use a token of that account that may read"
            " gated repos (`hf auth login` or HF_TOKEN)"
        )
    elif status == 401:
        reason = f"the Hub does not accept the token (401: {said})"
        step = "log in with `hf auth login` or set HF_TOKEN to a valid token"
    elif status == 403:
        reason = f"the token may not do that (403: {said})"
        step = "use a token with write permission and a namespace that it may use"
    elif isinstance(err, RevisionNotFoundError):
        reason, step = "there is no such revision (404)", "give one that exists"
    elif isinstance(err, RepositoryNotFoundError) or status == 404:
        reason = f"the Hub knows nothing there, for this token (404: {said})"
        step = "check the namespace, the name and the token"
    elif status is not None:
        reason = f"the Hub answered {status} ({said})"
        step = "try again later" if status in TRANSIENT else "mend that first"
    elif is_network(err):
        reason = f"the connection failed ({root})"
        step = "try again when the network is back"
    else:
        reason, step = said, "mend that first"
        if root_of(err) is not err:
            reason += f" ({root})"
    return f"{reason}; {step}"


def _said(err: BaseException, token: str | None) -> str:
    """Return what the server said, or else the client."""
    cause = cause_of(err)
    text = _shown(str(getattr(cause, "server_message", None) or cause), token)
    return text or type(cause).__name__


def _shown(text: str, token: str | None) -> str:
    """Return a text as part of a line, without what must not be shown."""
    # upload URLs are signed: their query lets anyone write for a while
    text = re.sub(r"\?\S+", "", " ".join(text.split()))
    if token:
        text = text.replace(token, "***")
    return text[:300].rstrip(". ")
