"""What preparing leaves behind: nothing that nobody holds."""

import gc
import weakref

from builder.pipeline.prepare import Request, prepare
from builder.pipeline.work import working
from tests.conftest import COCO_RECIPE


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
