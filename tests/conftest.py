"""Sources, builds and exports that are made once; tests change only copies of them."""

from __future__ import annotations

import functools
import gc
import hashlib
import os
import pickle
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings

from builder import CocoRecipe, IsicRecipe

COCO_RECIPE = CocoRecipe(
    targets=("car", "sports ball", "toaster"), train_samples=20, test_samples=12
)
ISIC_RECIPE = IsicRecipe(benign=(10, 90), malignant=(5, 25))
# Small enough that every split has several shards.
SHARD_SIZE = 100_000
# Smaller than most drawn images, and larger than some: they are 99 to 144 pixels high.
IMAGE_SIZE = 100
_FIGURES = {}  # by function and digest of the arguments


def pytest_configure(config):
    """Keep `datasets` off the network and its cache out of the home folder."""
    # Of a run in the background of a shell, or under nohup, what the tests start would
    # inherit that these are ignored, and never end at those that the tests send.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if os.name == "posix" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # A run fails for what was changed, not by luck or for a busy machine: the same
    # examples each time, as slow as they are. `make fuzz` looks for others.
    settings.register_profile(
        "suite",
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    if not config.pluginmanager.has_plugin("tests.mutants.quick"):
        settings.load_profile("suite")
    # Hundreds of processes are started, and would compile every module anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    home = tempfile.mkdtemp(prefix="trimset-tests-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ.update(
        HF_HOME=home,
        HF_ENDPOINT="http://127.0.0.1:9",  # nobody answers there
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
    )


def pytest_collection_finish():
    """Leave what stays to the end, as modules do, out of each search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def make_once(tmp_path_factory):
    """Return a function that gives a folder, made once for all processes of a run.

    Each process of pytest-xdist has its own session: whoever asks first makes it.
    """
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    root.mkdir(exist_ok=True)

    def make(name, function):
        folder, done = root / name, root / f"{name}.done"
        with FileLock(root / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of one who failed
                folder.mkdir()
                function(folder)
                done.touch()
        return folder

    return make


@pytest.fixture(scope="session")
def coco_source(make_once):
    """Return a drawn source of COCO: toasters are rare, and drawn again."""

    def paint(folder):
        from builder.datasets.painted.coco import paint_coco

        paint_coco(folder / "coco", train=60, val=40)

    return make_once("coco-source", paint) / "coco"


@pytest.fixture(scope="session")
def isic_source(make_once):
    """Return a drawn source of SIIM-ISIC."""

    def paint(folder):
        from builder.datasets.painted.isic import paint_isic

        paint_isic(folder / "isic", benign=120, malignant=30)

    return make_once("isic-source", paint) / "isic"


@pytest.fixture(scope="session")
def sources(coco_source, isic_source):
    """Return the source of each dataset."""
    return {"coco_stuff_trimmed": coco_source, "siim_isic_small": isic_source}


@pytest.fixture(scope="session")
def recipes():
    """Return the recipe of each dataset."""
    return {"coco_stuff_trimmed": COCO_RECIPE, "siim_isic_small": ISIC_RECIPE}


@pytest.fixture(scope="session")
def make_each(make_once, sources, recipes):
    """Return a function that builds or exports each dataset."""

    def make(command, name, **options):
        def run(dataset):
            import builder  # and with it `datasets`, once its folders are set

            function = getattr(builder, command)
            source = str(sources[dataset])
            return lambda folder: function(
                dataset, folder / dataset, recipes[dataset], source=source, **options
            )

        return {
            dataset: make_once(f"{name}-{dataset}", run(dataset)) / dataset
            for dataset in sources
        }

    return make


@pytest.fixture(scope="session")
def builds(make_each):
    """Return a finished build of each dataset, for reading only."""
    return make_each("build", "build", max_shard_size=SHARD_SIZE)


@pytest.fixture(scope="session")
def exports(make_each):
    """Return a finished export of each dataset, for reading only."""
    return make_each("export", "export")


@pytest.fixture(scope="session")
def resized_options(make_once):
    """Return the size, and the cache that resized builds and exports share."""
    cache = make_once("resized-cache", lambda _: None)
    return {"image_size": IMAGE_SIZE, "cache_dir": cache}


@pytest.fixture(scope="session")
def resized_builds(make_each, resized_options):
    """Return a finished build of each dataset with resized images, for reading only."""
    return make_each("build", "resized", max_shard_size=SHARD_SIZE, **resized_options)


@pytest.fixture(scope="session")
def resized_exports(make_each, resized_options, resized_builds):
    """Return a finished export of each dataset with resized images.

    After the builds, so that no other process writes to the cache by then.
    """
    return make_each("export", "resized-export", **resized_options)


@pytest.fixture
def copy_of(tmp_path):
    """Return a function that copies a folder to where a test may change it."""

    def copy(folder: Path, name: str = "copy") -> Path:
        return Path(shutil.copytree(folder, tmp_path / name))

    return copy


@pytest.fixture(scope="module", autouse=True)
def figures_once():
    """Draw each figure of equal data once: that is most of the time of a build.

    Nothing of this in the tests of the figures, nor in the processes that tests
    start: there every figure is drawn, and is the same as here.
    """
    from builder.audit import contact_sheet, figures, shortcut_figure

    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (contact_sheet, "contact_sheet"),
            (figures, "plot_context"),
            (figures, "plot_labels"),
            (shortcut_figure, "plot_shortcuts"),
        ):
            patch.setattr(module, name, remember(getattr(module, name)))
        yield


def remember(draw):
    """Return a function that draws once for equal arguments."""

    @functools.wraps(draw)
    def remembered(*args, **options):
        said = pickle.dumps((args, sorted(options.items())))
        key = draw, hashlib.sha256(said).digest()
        if key not in _FIGURES:
            _FIGURES[key] = draw(*args, **options)
        return _FIGURES[key]

    return remembered
