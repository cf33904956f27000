"""Images are looked at while others still come, and nothing depends on the order."""

import io
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from builder.errors import FetchError, ImageError
from builder.images.facts import MISSING
from builder.pipeline.bring import bring
from builder.pipeline.examine import see
from builder.pipeline.execute import InlineExecutor
from builder.pipeline.work import working
from builder.sources.cache import Cache
from builder.sources.fetch import needed
from builder.sources.member import LocalMember
from tests.archives import make_zip
from tests.servers.range_server import RangeServer, Rule
from tests.sources.alone import read_zip

CHUNK = 64


def jpeg(number):
    picture = Image.new("RGB", (8 + number % 40, 8), (number % 251, number % 13, 99))
    file = io.BytesIO()
    picture.save(file, "JPEG")
    return file.getvalue()


# Between two of them is one that nobody wants, so that each is a request.
PICTURES = [jpeg(n) for n in range(6 * CHUNK + 5)]
FILES = {
    f"{n:03}{side}.jpg": data if side == "a" else bytes(2000)
    for n, data in enumerate(PICTURES)
    for side in "ab"
}


@pytest.fixture(autouse=True)
def _direct(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server():
    with RangeServer({"a.zip": make_zip(FILES)}) as server:
        yield server


@pytest.fixture
def away(server):
    members = read_zip(server.url("a.zip"))
    server.forget()
    return [member for name, member in members.items() if name.endswith("a.jpg")]


@pytest.fixture(params=[1, 2])
def work(request, tmp_path):
    with ThreadPoolExecutor(2) as pool:
        executor = InlineExecutor() if request.param == 1 else pool
        options = {"executor": executor, "workers": request.param}
        with working(tmp_path / "cache", **options) as work:
            yield work


def look(members, work, **options):
    keys = [member.name for member in members]
    with bring(members, work) as images:
        seen = see(
            keys, images.members, work, numbers=images.numbers, decode=True, **options
        )
    return seen, images.members


def same(one, other):
    for name in ("sha256", "is_grey", "sizes", "measures", "modes", "thumbnails"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.reasons == other.reasons


def test_the_last_request_is_answered_after_the_first_looks(server, away, work):
    """It is held until then; were nothing looked at before, it would never come."""
    gate = threading.Event()
    server.rules.append(Rule(skip=len(away) - 1, gate=gate))
    told = []

    def progress(stage, done, total):
        told.append((stage, done, total))
        if stage == "look" and not gate.is_set():
            assert len(server.log) < len(away)
            gate.set()

    seen, files = look(away, replace(work, progress=progress))
    assert gate.is_set()
    moved = sum(member.span for member in away)
    for stage, total in (("fetch", moved), ("look", len(away))):
        parts = [(done, of) for name, done, of in told if name == stage]
        assert sum(done for done, _ in parts) == total
        assert {of for _, of in parts} == {total}
    stages = [stage for stage, _, _ in told]
    assert stages.index("look") < len(stages) - stages[::-1].index("fetch") - 1
    assert [file.name for file in files] == [member.name for member in away]
    assert all(isinstance(file, LocalMember) for file in files)
    same(seen.facts, see(seen.keys, files, work, decode=True).facts)


def test_the_order_in_which_images_come_changes_nothing(away, work):
    _, files = look(away, work)
    keys = [member.name for member in files]
    broken, gone = 70, np.array([3, 300])
    data = b"no image"
    (work.cache.root / "broken").write_bytes(data)
    files = list(files)
    files[broken] = LocalMember("b", str(work.cache.root / "broken"), len(data))
    for number in gone:
        files[number] = LocalMember("", "", 0)
    options = {"decode": True, "missing": gone, "sizes": None}
    expected = see(keys, files, work, **options)
    assert set(expected.facts.reasons) == {broken, *gone}
    assert expected.facts.reasons[3] == MISSING
    order = list(range(len(files)))
    for _ in range(3):
        random.Random(5).shuffle(order)
        found = see(keys, files, work, numbers=iter(order), **options)
        same(found.facts, expected.facts)
        assert found.broken == expected.broken
        assert found.missing == expected.missing


def test_of_a_member_that_stands_twice_both_are_looked_at(away, work):
    seen, files = look([away[1], away[0], away[1]], work)
    assert [file.name for file in files] == ["001a.jpg", "000a.jpg", "001a.jpg"]
    assert (seen.facts.sha256[0] == seen.facts.sha256[2]).all()
    assert (seen.facts.sha256[0] != seen.facts.sha256[1]).any()


def test_what_is_kept_or_here_is_looked_at_before_the_rest_comes(
    server, away, work, tmp_path
):
    look(away[:CHUNK], work)
    (tmp_path / "here.jpg").write_bytes(PICTURES[0])
    here = LocalMember("here.jpg", str(tmp_path / "here.jpg"), len(PICTURES[0]))
    gate = threading.Event()
    server.rules.append(Rule(gate=gate))
    order = []
    members = [*away[: 3 * CHUNK], here]
    with bring(members, work) as images:
        for number in images.numbers:
            order.append(number)
            if len(order) == CHUNK + 1:
                gate.set()
    assert order[: CHUNK + 1] == [3 * CHUNK, *range(CHUNK)]
    assert sorted(order) == list(range(len(members)))


def test_an_error_of_looking_ends_the_fetch(server, away, tmp_path):
    """At once, though answers are held; what came is kept."""
    gate = threading.Event()
    server.rules.append(Rule(skip=2 * CHUNK, gate=gate))

    class Broken(InlineExecutor):
        def submit(self, *_):
            raise ImageError("seen enough")

    with working(tmp_path / "cache", executor=Broken()) as work:
        with pytest.raises(ImageError, match="seen enough"):
            look(away, work)
        assert not gate.is_set()
        assert CHUNK <= needed(away, work.cache).n_cached <= 2 * CHUNK
    assert not list(work.cache.root.rglob("*.tmp"))


def test_an_error_of_fetching_keeps_what_came(server, away, work):
    told = []
    server.rules.append(Rule(skip=len(away) - 1, status=404))
    work = replace(work, progress=lambda *news: told.append(news))
    with pytest.raises(FetchError, match="no such file"):
        look(away, work)
    assert "look" in {stage for stage, _, _ in told}
    cached = needed(away, Cache(work.cache.root)).n_cached
    assert 5 * CHUNK < cached < len(away)
