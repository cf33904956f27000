"""Every parser of what strangers write, with its seeds, and what must hold of it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from argparse import ArgumentTypeError
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from builder.card import edits, markdown, merge
from builder.card.loading import check_loading
from builder.card.parts import read_card
from builder.cli import values
from builder.cli.commands import COMMANDS
from builder.cli.options import make_parser
from builder.datasets import registry
from builder.datasets.coco.parse import read_table
from builder.datasets.layouts.json_files import read_json
from builder.datasets.layouts.names import escaped
from builder.datasets.table.read import read_frame
from builder.errors import TrimsetError, UsageError
from builder.images.inspect import inspect, look
from builder.images.kinds import foreign_kind
from builder.output import build
from builder.output.image_digests import read_digests, write_digests
from builder.output.lock import first_difference
from builder.selection import names
from builder.selection.recipe import options_of
from builder.sources import http_answers, urls, zips
from builder.sources.kinds import table_fault
from builder.sources.member import LocalMember
from builder.sources.remote import Remote
from builder.sources.retry import Retry, parse_retry_after
from tests.fuzz import seeds
from tests.fuzz.answering import Answering
from tests.fuzz.loop import Target
from tests.fuzz.places import Places
from tests.hostile.names import HOSTILE, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NOW = datetime(2024, 1, 1, tzinfo=timezone.utc)
_FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP")


def targets(scratch: Path) -> Iterator[Target]:
    """Yield every target; what it needs of files lies in a folder of its own."""
    scratch = scratch.resolve()
    jsons = seeds.jsons
    places = Places.make(scratch)
    yield Target("manifest", _manifest, [places.manifest])
    yield Target("verify", places.verify, [places.manifest])
    yield Target("report", places.report, [places.manifest])
    yield Target("shard", places.shard, [places.parquet, *seeds.parquets()])
    yield Target("lock", _lock, jsons(seeds.sealed(seeds.LOCK)))
    yield Target("mark", _mark, jsons(seeds.MARK))
    yield Target("shard-record", build.read_shard_record, jsons(seeds.SHARD))
    yield Target("export-record", _export, jsons(seeds.EXPORT))
    yield Target("digests", _digests, [seeds.DIGESTS])
    yield Target("recorded", _recorded, jsons(*seeds.RECORDED))
    yield Target("cache-record", places.cache, jsons(seeds.SOURCE))
    yield Target("recipe", places.recipe, seeds.RECIPES)
    yield Target("coco", _coco, seeds.coco())
    yield Target("table", partial(read_frame, name="t.csv"), seeds.TABLES)
    yield Target("parquet", partial(read_frame, name="t.csv"), seeds.parquets())
    yield Target("zip", _zip, seeds.zips())
    for kind in _FORMATS:
        yield Target(f"image-{kind.lower()}", _image, seeds.images(kind))
    yield Target("card", _card, [seeds.CARD.encode()], (ValueError,))
    texts = [*HOSTILE, *seeds.NAMES]
    yield Target("markdown", _markdown, _encoded(texts))
    yield Target("terminal", _terminal, _encoded(texts))
    yield Target("name", _name, _encoded(seeds.NAMES))
    yield Target("url", _url, _encoded(seeds.URLS))
    yield Target("header", _header, _encoded(seeds.HEADERS))
    yield Target("value", _value, _encoded(["20MB", "1.5 MiB", "8", "merge", "a/b"]))
    yield Target("words", _words, _encoded(seeds.WORDS))
    yield Target("http", _http, seeds.answers())


def _encoded(texts: list[str]) -> list[bytes]:
    return [text.encode("utf-8", "surrogatepass") for text in texts]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _shown(data: bytes) -> str:
    return data.decode("utf-8", "replace")


# ------------------------------------------------------------------ what trimset wrote


def _manifest(data: bytes) -> None:
    found = build.read_manifest(data, where="manifest.json")
    assert found.is_intact in {True, False}
    assert not any(names.unsafe_reason(name) for name in found.files)
    build.format_of(data)


def _lock(data: bytes) -> None:
    found = build.read_lock(data, where="selection.json")
    assert found.is_intact in {True, False}
    for other in (seeds.LOCK, found.content):
        first_difference(found.content, other)


def _mark(data: bytes) -> None:
    files = build.read_mark(data, kind="trimset.manifest/1", where="build.json")
    files = build.earlier_files(files, "trimset.manifest/1")
    assert not any(map(names.unsafe_reason, files))


def _digests(data: bytes) -> None:
    found = read_digests(data, where="images.sha256")
    assert write_digests(found) == data
    assert not any(map(names.unsafe_reason, found))


def _export(data: bytes) -> None:
    found = build.read_record(data, kind="trimset.export/1", where="trimset.json")
    build.earlier_files(found.files, "trimset.export/1")


def _recorded(data: bytes) -> None:
    """The dataset and recipe that a manifest records: values of any type."""
    try:
        said = json.loads(data)
        name, recipe, about = (said[key] for key in ("name", "recipe", "about"))
    except (ValueError, RecursionError, LookupError, TypeError):
        return
    if isinstance(name, str) and isinstance(recipe, dict) and isinstance(about, dict):
        dataset, found = registry.recorded(name, recipe, about)
        assert dataset.name
        assert found.as_dict()


# -------------------------------------------------------------- annotations and images


def _coco(data: bytes) -> None:
    read_json(data, "a.json")
    table_fault(data)
    for unannotated in (False, True):
        found = read_table(data, name="a.json", unannotated=unannotated)
        assert not any(
            names.unsafe_reason(names.plain_name(image.file_name))
            for image in found.images
        )


def _zip(data: bytes) -> None:
    make = partial(LocalMember, path="a.zip")
    found = zips.read_directory(io.BytesIO(data), where="a.zip", make=make)
    for member in found.values():
        start = member.header_offset
        whole = zips.unpack(data[start : start + member.span], member)
        assert len(whole) == member.file_size


def _image(data: bytes) -> None:
    facts = look(data)
    foreign_kind(data)
    if facts.reason is None:
        assert facts.width > 0
        assert facts.height > 0
        seen = inspect(data)
        assert seen.sha256 == hashlib.sha256(data).digest()
        assert seen.reason or len(seen.measures) > 1


# -------------------------------------------------------------------- text and numbers


def _card(data: bytes) -> None:
    theirs = edits.decode_card(data)
    ours = read_card(seeds.CARD)
    for how in ("merge", "ours", "theirs", None):
        merged = merge.merge_cards(ours, theirs, None, how=how)  # type: ignore[arg-type]
        edits.tell_differences(ours, theirs, merged.conflicts)
        if not merged.conflicts:
            read_card(str(merged.card))
    split = {"files": ["data/default/train-0"], "num_examples": 6}
    said: dict[str, Any] = {"files": {}, "configs": {"default": {"train": split}}}
    list(check_loading(theirs.metadata, said))
    edits.tell_edits(data, said, None)


def _markdown(data: bytes) -> None:
    text = _text(data)
    for made in (markdown.plain(text), markdown.code(text)):
        page = shown(made)
        assert set(page.tags) <= {"p", "code"}, made
        page = shown(f"- {made}")
        assert set(page.tags) <= {"ul", "li", "code"}, made
    page = shown(markdown.table(["a", "b"], [[text, text]]))
    cells = ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert [tag for tag in page.tags if tag != "code"] == cells
    page = shown(markdown.link("x", text))
    assert set(page.tags) <= {"p", "a", "code"}
    assert all(urlsplit(link).scheme in {"http", "https"} for link in page.links)
    code = _shown(data)
    assert shown(markdown.fenced(code, "python")).tags == ["pre", "code"]


def _terminal(data: bytes) -> None:
    assert escaped(_text(data)).isprintable()


def _name(data: bytes) -> None:
    name = _text(data)
    if names.unsafe_reason(name) is None:
        assert os.path.normpath(f"/base/{name}").startswith("/base/")
        assert name.isprintable() or not set(name) & {"\0", "\n", "\r"}
    names.plain_name(name)
    (config,) = names.config_names([(name, 1)])
    assert config
    assert "/" not in config
    names.check_names([name], where="a.json", records=[1])


def _url(data: bytes) -> None:
    url, _, location = _text(data).partition(" ")
    told = urls.shown(url)
    if url.startswith("https://me:s3cr3t@") and url.count("s3cr3t") == 1:
        assert "s3cr3t" not in told
    urls.is_remote(url)
    urls.host_of(url)
    if urls.scheme_of(url) in urls.HTTP_SCHEMES:
        target = urls.follow(url, location)
        assert target.lower().startswith(("http:", "https:"))
        assert target.lower().startswith("https:") or urls.host_of(
            target
        ) == urls.host_of(url)


def _header(data: bytes) -> None:
    text = _text(data)
    wait = parse_retry_after(text, _NOW)
    assert wait >= 0  # and a number
    assert Retry().delay(3, wait) >= wait
    http_answers.version_of({"ETag": text})
    first, last, total = http_answers.content_range("http://a", {"Content-Range": text})
    assert first >= 0
    assert total >= -1
    assert isinstance(last, int)


def _value(data: bytes) -> None:
    text = _text(data)
    for parse in (values.size, values.positive, values.text, values.card):
        with contextlib.suppress(ArgumentTypeError):
            parse(text)  # type: ignore[operator]
    with contextlib.suppress(ArgumentTypeError, UsageError):
        values.dataset(text)
    for recipe in {registry.get(name).recipe for name in registry.names()}:
        for option in options_of(recipe).values():
            with contextlib.suppress(ValueError):
                option.parse(text)


def _words(data: bytes) -> None:
    parser = make_parser(COMMANDS)
    quiet = io.StringIO()
    with contextlib.redirect_stderr(quiet), contextlib.redirect_stdout(quiet):
        try:
            parser.parse_args(_text(data).split("\0"))
        except SystemExit as end:
            assert end.code in {0, 2}  # noqa: PT017


def _http(data: bytes) -> None:
    """Whatever a server answers, to each of the requests that there are."""
    with Answering(data) as server:
        url = server.url
        retry = Retry(attempts=2, base=0, sleep=lambda _: None)
        for ask in (
            lambda remote: remote.stat(url),
            lambda remote: remote.tail(url, 10),
            lambda remote: remote.read(url, 0, 10),
            lambda remote: remote.download(url, io.BytesIO()),
        ):
            with (
                Remote(concurrency=2, retry=retry) as remote,
                contextlib.suppress(TrimsetError),
            ):
                ask(remote)
