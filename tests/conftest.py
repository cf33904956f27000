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
    from builder.drawn import draw_coco

    return draw_coco(tmp_path_factory.mktemp("source") / "coco", train=60, val=40)


@pytest.fixture(scope="session")
def isic_source(tmp_path_factory):
    """Return a drawn source of SIIM-ISIC."""
    from builder.drawn import draw_isic

    folder = tmp_path_factory.mktemp("source") / "isic"
    return draw_isic(folder, benign=120, malignant=30)


@pytest.fixture(scope="session")
def sources(coco_source, isic_source):
    """Return the source of each dataset."""
    return {"coco_stuff_trimmed": coco_source, "siim_isic_small": isic_source}


@pytest.fixture(scope="session")
def recipes():
    """Return the recipe of each dataset."""
    return {"coco_stuff_trimmed": COCO_RECIPE, "siim_isic_small": ISIC_RECIPE}


@pytest.fixture(scope="session")
def builds(tmp_path_factory, sources, recipes):
    """Return a finished build of each dataset, for reading only."""
    from builder import build

    folders = {}
    for dataset, source in sources.items():
        folders[dataset] = tmp_path_factory.mktemp("build") / dataset
        build(
            dataset,
            folders[dataset],
            recipes[dataset],
            source=str(source),
            max_shard_size=SHARD_SIZE,
        )
    return folders


@pytest.fixture(scope="session")
def exports(tmp_path_factory, sources, recipes):
    """Return a finished export of each dataset, for reading only."""
    from builder import export

    folders = {}
    for dataset, source in sources.items():
        folders[dataset] = tmp_path_factory.mktemp("export") / dataset
        export(dataset, folders[dataset], recipes[dataset], source=str(source))
    return folders


@pytest.fixture(scope="session")
def resized_cache(tmp_path_factory):
    """Return the cache that resized builds and exports share; for reading only."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def resized_builds(tmp_path_factory, sources, recipes, resized_cache):
    """Return a finished build of each dataset with resized images, for reading only."""
    from builder import build

    folders = {}
    for dataset, source in sources.items():
        folders[dataset] = tmp_path_factory.mktemp("resized") / dataset
        build(
            dataset,
            folders[dataset],
            recipes[dataset],
            source=str(source),
            cache_dir=resized_cache,
            image_size=IMAGE_SIZE,
            max_shard_size=SHARD_SIZE,
        )
    return folders


@pytest.fixture(scope="session")
def resized_exports(tmp_path_factory, sources, recipes, resized_cache):
    """Return a finished export of each dataset with resized images."""
    from builder import export

    folders = {}
    for dataset, source in sources.items():
        folders[dataset] = tmp_path_factory.mktemp("resized-export") / dataset
        export(
            dataset,
            folders[dataset],
            recipes[dataset],
            source=str(source),
            cache_dir=resized_cache,
            image_size=IMAGE_SIZE,
        )
    return folders


@pytest.fixture
def copy_of(tmp_path):
    """Return a function that copies a folder to where a test may change it."""

    def copy(folder: Path, name: str = "copy") -> Path:
        return Path(shutil.copytree(folder, tmp_path / name))

    return copy
