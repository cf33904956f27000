"""SIIM-ISIC small: 2,000 benign and 500 malignant images of SIIM-ISIC 2020.

Reads a folder that ``trimset export siim_isic_small`` wrote. Give it as `data_dir`.
On datasets 3.6 this file is a dataset script:

    load_dataset("./siim_isic_small", data_dir=DIR, trust_remote_code=True)

datasets 4 and later run no scripts; there the builder is used directly:

    builder = SiimIsicSmall(config_name="default", data_dir=DIR)
    builder.download_and_prepare()
    builder.as_dataset()
"""

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Optional

import datasets

# Of what the configs hold, not of the code: raise it when rows change.
_VERSION = datasets.Version("1.0.0")

_DESCRIPTION = """\
SIIM-ISIC 2020 trimmed to 2,000 benign and 500 malignant dermoscopic images, as in a
reproducibility study of post-hoc concept bottleneck models."""

_HOMEPAGE = "https://challenge2020.isic-archive.com"

_LICENSE = "CC BY-NC 4.0"

_CITATION = """\
@article{rotemberg2021patient,
  title = {A patient-centric dataset of images and metadata for identifying melanomas
           using clinical context},
  author = {Rotemberg, Veronica and Kurtansky, Nicholas and Betz-Stablein, Brigid and
            Caffery, Liam and Chousakos, Emmanouil and Codella, Noel and
            Combalia, Marc and Dusza, Stephen and Guitera, Pascale and Gutman, David
            and others},
  journal = {Scientific Data},
  volume = {8},
  pages = {34},
  year = {2021},
  doi = {10.1038/s41597-021-00815-z}
}"""

# The columns of ISIC_2020_Training_GroundTruth.csv, in the file's order.
COLUMNS = {
    "image_name": "string",
    "patient_id": "string",
    "sex": "string",
    "age_approx": "float64",
    "anatom_site_general_challenge": "string",
    "diagnosis": "string",
    "benign_malignant": "string",
    "target": "int64",
}


def features(columns: Mapping[str, str] = COLUMNS) -> datasets.Features:
    """Return the features of every config.

    `columns` maps the metadata's own columns to their dtypes, in the file's order.
    """
    return datasets.Features(
        {
            "image": datasets.Image(),
            "label": datasets.ClassLabel(names=["benign", "malignant"]),
            **{name: datasets.Value(dtype) for name, dtype in columns.items()},
            "position": datasets.Value("int32"),
        }
    )


# Of the last two an export has one: the first where its metadata names patients.
FEATURES = {name: features() for name in ("default", "patient", "split")}

_PARSERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "float64": float,
    "int64": int,
    "bool": lambda text: text == "True",
}


def inside(folder: str, name: str) -> str:
    """Return the path of a file of an export, whose record anybody may have written."""
    parts = str(name).replace("\\", "/").split("/")
    if not name or os.path.isabs(name) or os.path.splitdrive(name)[0] or ".." in parts:
        raise ValueError(
            f"the export in {folder} names {name!r}: expected a file in its folder"
        )
    return os.path.join(folder, name)


@dataclass
class SiimIsicSmallConfig(datasets.BuilderConfig):
    """One config: all rows as ``train``, or the same rows cut into splits.

    ``patient`` keeps patients apart; without known patients there is ``split``.
    """

    def create_config_id(
        self,
        config_kwargs: dict[str, Any],
        custom_features: Optional[datasets.Features] = None,  # noqa: UP045
    ) -> str:
        """Return the id for the cache, which changes when the export changes."""
        if self.data_dir:
            with open(os.path.join(self.data_dir, "trimset.json"), "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
            config_kwargs = {**config_kwargs, "export": digest}
        return super().create_config_id(config_kwargs, custom_features)


class SiimIsicSmall(datasets.GeneratorBasedBuilder):
    """SIIM-ISIC small, read from an exported folder."""

    VERSION = _VERSION
    BUILDER_CONFIG_CLASS = SiimIsicSmallConfig
    BUILDER_CONFIGS: ClassVar[list[SiimIsicSmallConfig]] = [
        SiimIsicSmallConfig(name=name, version=_VERSION) for name in FEATURES
    ]
    DEFAULT_CONFIG_NAME = "default"
    # Up to 6000 x 4000 pixels an image: keep what is buffered small.
    DEFAULT_WRITER_BATCH_SIZE = 20

    def _export(self) -> dict[str, Any]:
        if not self.config.data_dir:
            raise ValueError(
                "siim_isic_small reads an exported folder: run 'trimset export "
                "siim_isic_small --out DIR' and give data_dir=DIR"
            )
        path = os.path.join(self.config.data_dir, "trimset.json")
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def _info(self) -> datasets.DatasetInfo:
        columns = self._export()["columns"] if self.config.data_dir else COLUMNS
        return datasets.DatasetInfo(
            description=_DESCRIPTION,
            features=features(columns),
            homepage=_HOMEPAGE,
            license=_LICENSE,
            citation=_CITATION,
        )

    def _split_generators(
        self, dl_manager: datasets.DownloadManager
    ) -> list[datasets.SplitGenerator]:
        export = self._export()
        splits = export["configs"].get(self.config.name)
        if splits is None:
            raise ValueError(
                f"the export in {self.config.data_dir} has no config "
                f"{self.config.name!r}, only {', '.join(export['configs'])}"
            )
        return [
            datasets.SplitGenerator(
                name=split, gen_kwargs={"export": export, "positions": positions}
            )
            for split, positions in splits.items()
        ]

    def _generate_examples(
        self, export: dict[str, Any], positions: list[int]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        path = os.path.join(self.config.data_dir, "metadata_small.csv")
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for position in positions:
            row = rows[position]
            name = export["images"][position]
            if name in export["broken"]:
                continue
            with open(inside(self.config.data_dir, name), "rb") as image:
                data = image.read()
            yield (
                position,
                {
                    "image": {"bytes": data, "path": os.path.basename(name)},
                    "label": row["benign_malignant"],
                    **{
                        column: _PARSERS[dtype](row[column]) if row[column] else None
                        for column, dtype in export["columns"].items()
                    },
                    "position": position,
                },
            )
