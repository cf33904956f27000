"""Each limit reaches what it bounds, wherever the work is done."""

import pytest
from PIL import Image

from builder import build, export, report, verify
from builder.cli.main import main
from builder.errors import FetchError, ImageError, OutputError, VerifyError
from builder.images.facts import gather
from builder.images.inspect import look
from builder.limits import Limits
from builder.pipeline import work as module
from builder.pipeline.bring import reader, run_tasks
from builder.pipeline.work import working
from builder.sources.member import LocalMember, RemoteMember
from tests.images.test_bounds import scans
from tests.images.test_inspect import draw, encode
from tests.pipeline.test_bring import Names, Pickling, tell
from tests.servers.range_server import RangeServer
from tests.small import COCO, ISIC, OPTIONS, build_from, read_json
from tests.tiny import contents

FEW = Limits(max_scans=3)
WIDE = Limits(max_scans=70)


@pytest.fixture
def one(builds, isic_source, copy_of):
    """Return a source with one progressive JPEG, and a function that sets its scans."""
    source = copy_of(isic_source, "source")
    [name, *_] = read_json(builds[ISIC] / "selection.json")["draws"]["default"]["train"]
    path = source / f"train/{name}.jpg"
    with Image.open(path) as image:
        data = encode(image, progressive=True)

    def put(number):
        path.write_bytes(scans(number, data))
        return source

    put(10)
    return put


def run(capsys, *words):
    status = main([*map(str, words)])
    return status, capsys.readouterr().err.rstrip("\n").rpartition("\n")[2]


@pytest.mark.parametrize("audit", [[], ["--no-audit"]])
def test_scans_are_bounded_on_the_command_line(audit, one, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["build", ISIC, "--source", one(10), "--out", out, *OPTIONS[ISIC], *audit]
    words += ["--workers", 2]
    status, line = run(capsys, *words, "--max-scans", 3)
    assert status == 1
    assert " has more than 3 scans, each a pass over the whole picture (--max" in line
    assert not (out / "manifest.json").exists()
    assert run(capsys, *words, "--max-scans", 3, "--allow-broken")[0] == 0
    manifest = read_json(out / "manifest.json")
    assert manifest["options"]["max_scans"] == 3
    assert "max_pixels" not in manifest["options"]
    assert [b["reason"][:21] for b in manifest["broken"]] == ["has more than 3 scans"]
    # It is another build than that of all images.
    status, line = run(capsys, *words, "--allow-broken")
    assert (status, "of other options" in line) == (1, True)
    assert verify(out, source=str(one(10))).faults == ()


@pytest.mark.parametrize("audit", [True, False])
def test_a_build_within_other_limits_is_another_one(audit, one, tmp_path):
    options = {"audit": audit, "allow_broken": True, "overwrite": True}
    build_from(ISIC, one(10), tmp_path / "new", **options)
    first = contents(tmp_path / "new")
    build_from(ISIC, one(10), tmp_path / "out", limits=FEW, **options)
    with pytest.raises(OutputError, match="other options"):
        build_from(ISIC, one(10), tmp_path / "out", audit=audit, allow_broken=True)
    build_from(ISIC, one(10), tmp_path / "out", **options)
    assert contents(tmp_path / "out") == first
    assert not set(read_json(tmp_path / "out/manifest.json")["options"]) & {
        "max_scans",
        "max_pixels",
    }


def test_verify_takes_no_wider_limits_from_a_manifest(one, tmp_path, capsys):
    with pytest.raises(ImageError, match="has more than 64 scans"):
        build_from(ISIC, one(66), tmp_path / "out")
    build_from(ISIC, one(66), tmp_path / "out", limits=WIDE)
    source = str(one(66))
    with pytest.raises(VerifyError) as caught:
        verify(tmp_path / "out", source=source)
    assert str(caught.value).endswith(
        "manifest.json: was built with --max-scans 70, allowed are 64: give --max-scans"
        " 70 to read its source like that"
    )
    words = ["verify", tmp_path / "out", "--source", source, "--max-scans", 70]
    assert main([*map(str, words)]) == 0
    capsys.readouterr()
    assert verify(tmp_path / "out").faults == ()


def test_an_export_is_bounded_alike(one, recipes, tmp_path):
    options = {"source": str(one(10)), "allow_broken": True}
    first = export(ISIC, tmp_path / "out", recipes[ISIC], limits=FEW, **options)
    assert first["max_scans"] == 3
    assert [why[:21] for why in first["broken"].values()] == ["has more than 3 scans"]
    with pytest.raises(OutputError, match="other options"):
        export(ISIC, tmp_path / "out", recipes[ISIC], **options)
    again = export(ISIC, tmp_path / "out", recipes[ISIC], overwrite=True, **options)
    assert again["broken"] == {}
    assert "max_scans" not in again


def test_pixels_are_bounded_on_the_page(builds, tmp_path):
    few = Limits(max_pixels=15_000)
    done = report(builds[ISIC], tmp_path / "few.html", limits=few)
    assert done.unshown == done.pictures > 0
    assert report(builds[ISIC], tmp_path / "all.html").unshown == 0


@pytest.mark.parametrize("audit", [True, False])
def test_tasks_that_are_sent_have_the_limits(audit, one, recipes, tmp_path):
    executor = Pickling()
    with pytest.raises(ImageError, match="has more than 3 scans"):
        build(
            ISIC, tmp_path / "out", recipes[ISIC], source=str(one(10)), audit=audit,
            executor=executor, workers=2, limits=FEW,
        )  # fmt: skip
    assert executor.sent


def test_resizing_is_bounded_alike(one, tmp_path):
    options = {"image_size": 50, "cache_dir": tmp_path / "cache", "audit": False}
    with pytest.raises(ImageError, match="has more than 3 scans"):
        build_from(ISIC, one(10), tmp_path / "out", limits=FEW, **options)
    build_from(ISIC, one(10), tmp_path / "out", **options)


def test_figures_show_what_was_looked_at_alone(tmp_path):
    """And no other: the source may have become another one by then."""
    path = tmp_path / "a.jpg"
    path.write_bytes(encode(draw()))
    member = LocalMember("a.jpg", str(path), path.stat().st_size)
    known = gather([look(path.read_bytes())])
    with working(tmp_path / "cache") as work:
        assert reader([member], work, known)(0) == path.read_bytes()
        path.write_bytes(path.read_bytes()[:-3] + b"\0\xff\xd9")
        assert reader([member], work)(0) == path.read_bytes()
        with pytest.raises(ImageError, match=r"a.jpg: is another image than was"):
            reader([member], work, known)(0)


def test_file_sizes_are_bounded_where_files_are_fetched(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("TRIMSET_CACHE", str(tmp_path / "of the worker"))
    with RangeServer({"b.csv": b"image,label\n" + b"a.jpg,x\n" * 200}) as server:
        far = {"executor": Pickling(), "workers": 2, "remote_workers": True}
        little = Limits(max_file_size=1000)
        task = Names((RemoteMember("b.csv", server.url("b.csv"), -1),))
        with (
            working(tmp_path / "cache", limits=little, **far) as work,
            pytest.raises(FetchError, match=r"expected 1000 bytes at most"),
        ):
            list(run_tasks(work, tell, [task]))
        with working(tmp_path / "cache", **far) as work:
            assert len(list(run_tasks(work, tell, [task]))) == 1
        words = ["init", server.url("b.csv"), "--cache-dir", tmp_path / "cache"]
        words += ["--out", tmp_path / "b.toml"]
        assert run(capsys, *words, "--max-file-size", "1000B")[0] == 1
        assert not (tmp_path / "b.toml").exists()
        assert run(capsys, *words)[0] == 0


@pytest.mark.parametrize("command", ["plan", "build", "export", "init", "verify"])
def test_options_reach_the_connections(command, builds, tmp_path, monkeypatch):
    heard = []

    def remote(*, limits, **_):
        heard.append(limits)
        raise FetchError("heard")

    monkeypatch.setattr(module, "Remote", remote)
    words = [command, {"init": "s", "verify": builds[COCO]}.get(command, COCO)]
    words += [] if command == "init" else ["--source", tmp_path]
    words += ["--out", tmp_path / "out"] if command in {"build", "export"} else []
    words += ["--max-file-size", "2MiB", "--min-rate", "3KB"]
    assert main([*map(str, words)]) == 1
    assert heard == [Limits(max_file_size=2 * 1024**2, min_rate=3000)]


@pytest.mark.parametrize(
    ("option", "value"),
    [("--max-pixels", "0"), ("--max-pixels", "-1"), ("--max-scans", "ten"),
     ("--max-file-size", "0"), ("--max-file-size", "1PB"), ("--min-rate", "0"),
     ("--min-rate", "-5"), ("--min-rate", "inf")],
)  # fmt: skip
def test_values_that_are_none_are_wrong_usage(option, value, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["build", COCO, "--out", "o", f"{option}={value}"])
    assert caught.value.code == 2
    assert f"argument {option}: expected a " in capsys.readouterr().err


def test_limits_are_positive():
    with pytest.raises(ValueError, match="max_scans: expected a number from 1 on"):
        Limits(max_scans=0)
