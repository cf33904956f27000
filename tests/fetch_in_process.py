"""Fetches pickled members in a process of its own, for tests that kill it.

python -m tests.fetch_in_process MEMBERS CACHE CONCURRENCY
"""

import pickle
import sys
from pathlib import Path

from builder.sources.cache import Cache
from builder.sources.fetch import fetch
from builder.sources.remote import Remote

if __name__ == "__main__":
    members, root, concurrency = sys.argv[1:]
    with Remote(concurrency=int(concurrency)) as remote:
        fetch(
            pickle.loads(Path(members).read_bytes()),
            cache=Cache(root),
            remote=remote,
            max_request=1,
        )
