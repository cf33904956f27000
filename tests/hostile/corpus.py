"""All inputs: each module puts its own into the list."""

from tests.hostile import (  # noqa: F401
    annotations,
    archive_members,
    archives,
    environment,
    images,
    links,
    locks,
    manifests,
    marks,
    objects,
    output_links,
    paths,
    recipes,
    server_answers,
    servers,
    tables,
    texts,
    together,
)
from tests.hostile.trial import INPUTS

__all__ = ["INPUTS"]
