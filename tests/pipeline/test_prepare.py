"""What preparing leaves behind: nothing that nobody holds."""

import gc
import weakref

import pytest

from builder.errors import FetchError
from builder.output.digests import to_json
from builder.output.lock import make_lock
from builder.pipeline.prepare import Request, prepare
from builder.pipeline.work import working
from tests.conftest import COCO_RECIPE
from tests.servers.range_server import RangeServer
from tests.small import COCO


def test_a_selection_goes_when_nobody_holds_it_any_more(coco_source):
    """No circle keeps the annotations of a build until the collector comes."""
    gc.collect()
    gc.disable()
    try:
        with working(None) as work:
            request = Request("coco_stuff_trimmed", COCO_RECIPE, str(coco_source))
            prepared = prepare(request, work)
            columns = [rows.columns for rows in prepared.selection.splits()]
            table = weakref.ref(prepared.selection.tables["train"])
            assert columns
            assert table() is not None
        del prepared
        assert table() is None
    finally:
        gc.enable()


def test_a_locked_table_of_a_server_is_checked_before_it_is_kept(
    coco_source, tmp_path, monkeypatch
):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    table = "annotations/instances_train2017.json"
    files = {
        path.relative_to(coco_source).as_posix(): path.read_bytes()
        for path in coco_source.rglob("*")
        if path.is_file()
    }

    def prepared(source, lock=None, cache="cache"):
        request = Request(COCO, COCO_RECIPE, str(source), lock=lock)
        with working(tmp_path / cache) as work:
            return prepare(request, work)

    first = prepared(coco_source)
    lock = tmp_path / "selection.json"
    lock.write_bytes(to_json(make_lock(COCO, first.selection, first.inputs)))
    with RangeServer(files) as server:
        prepared(server.url("").rstrip("/"), lock, "other")
        server.files[table] += b"\n"
        with pytest.raises(FetchError, match=r"expected sha256 .* \(by the lock "):
            prepared(server.url("").rstrip("/"), lock)
    assert [path.name for path in (tmp_path / "cache").rglob("*.crc")] == []
