"""Sources, builds and exports that are made once; tests change only copies of them."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from builder import CocoRecipe, IsicRecipe

COCO_RECIPE = CocoRecipe(
    targets=("car", "sports ball", "toaster"), train_samples=20, test_samples=12
)
ISIC_RECIPE = IsicRecipe(benign=(10, 90), malignant=(5, 25))
# Small enough that every split has several shards.
SHARD_SIZE = 100_000
# Smaller than most drawn images, and larger than some: they are 99 to 144 pixels high.
IMAGE_SIZE = 100


def pytest_configure(config):
    """Keep `datasets` off the network and its cache out of the home folder."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Started in the background of a shell; what the tests start inherits that,
        # and would never end at the Ctrl-C that they send.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    home = tempfile.mkdtemp(prefix="trimset-tests-")
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    os.environ.update(
        HF_HOME=home,
        HF_ENDPOINT="http://127.0.0.1:9",  # nobody answers there
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
    )


@pytest.fixture(scope="session")
def coco_source(tmp_path_factory):
    """Return a drawn source of COCO: toasters are rare, and drawn again."""
    from builder.datasets.painted.coco import paint_coco

    return paint_coco(tmp_path_factory.mktemp("source") / "coco", train=60, val=40)


@pytest.fixture(scope="session")
def isic_source(tmp_path_factory):
    """Return a drawn source of SIIM-ISIC."""
    from builder.datasets.painted.isic import paint_isic

    folder = tmp_path_factory.mktemp("source") / "isic"
    return paint_isic(folder, benign=120, malignant=30)


@pytest.fixture(scope="session")
def sources(coco_source, isic_source):
    """Return the source of each dataset."""
    return {"coco_stuff_trimmed": coco_source, "siim_isic_small": isic_source}


@pytest.fixture(scope="session")
def recipes():
    """Return the recipe of each dataset."""
    return {"coco_stuff_trimmed": COCO_RECIPE, "siim_isic_small": ISIC_RECIPE}


@pytest.fixture(scope="session")
def make_each(tmp_path_factory, sources, recipes):
    """Return a function that builds or exports each dataset."""
    import builder  # and with it `datasets`, once its folders are set

    def make(command, name, **options):
        folders = {}
        for dataset, source in sources.items():
            folders[dataset] = tmp_path_factory.mktemp(name) / dataset
            recipe = recipes[dataset]
            function = getattr(builder, command)
            function(dataset, folders[dataset], recipe, source=str(source), **options)
        return folders

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
def resized_options(tmp_path_factory):
    """Return the size, and the cache that resized builds and exports share."""
    return {"image_size": IMAGE_SIZE, "cache_dir": tmp_path_factory.mktemp("cache")}


@pytest.fixture(scope="session")
def resized_builds(make_each, resized_options):
    """Return a finished build of each dataset with resized images, for reading only."""
    return make_each("build", "resized", max_shard_size=SHARD_SIZE, **resized_options)


@pytest.fixture(scope="session")
def resized_exports(make_each, resized_options):
    """Return a finished export of each dataset with resized images."""
    return make_each("export", "resized-export", **resized_options)


@pytest.fixture
def copy_of(tmp_path):
    """Return a function that copies a folder to where a test may change it."""

    def copy(folder: Path, name: str = "copy") -> Path:
        return Path(shutil.copytree(folder, tmp_path / name))

    return copy
