"""COCO-Stuff trimmed: 20 context-biased classes of COCO 2017, 500 + 250 images each.

Reads a folder that ``trimset export coco_stuff_trimmed`` wrote. Give it as
`data_dir`. On datasets 3.6 this file is a dataset script:

    load_dataset("./coco_stuff_trimmed", "car", data_dir=DIR, trust_remote_code=True)

datasets 4 and later run no scripts; there the builder is used directly:

    builder = CocoStuffTrimmed(config_name="car", data_dir=DIR)
    builder.download_and_prepare()
    builder.as_dataset()
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Optional

import datasets

# Of what the configs hold, not of the code: raise it when rows change.
_VERSION = datasets.Version("1.0.0")

_DESCRIPTION = """\
COCO 2017 trimmed to 20 classes that models tend to recognise by their context
(Singh et al. 2020). For each class 500 training images from train2017 and 250 test
images from val2017, half with the class and half without; and the union of all, with
the categories of every image."""

_HOMEPAGE = "https://cocodataset.org"

_LICENSE = (
    "Annotations: CC BY 4.0. Images: a licence of its own for each, see `license`."
)

_CITATION = """\
@inproceedings{lin2014microsoft,
  title = {Microsoft {COCO}: Common Objects in Context},
  author = {Lin, Tsung-Yi and Maire, Michael and Belongie, Serge and Hays, James and
            Perona, Pietro and Ramanan, Deva and Doll{\\'a}r, Piotr and
            Zitnick, C. Lawrence},
  booktitle = {European Conference on Computer Vision},
  pages = {740--755},
  year = {2014}
}
@inproceedings{singh2020dont,
  title = {Don't Judge an Object by Its Context: Learning to Overcome Contextual Bias},
  author = {Singh, Krishna Kumar and Mahajan, Dhruv and Grauman, Kristen and
            Lee, Yong Jae and Feiszli, Matt and Ghadiyaram, Deepti},
  booktitle = {Conference on Computer Vision and Pattern Recognition},
  year = {2020}
}"""

# The names of the 80 `categories` of instances_train2017.json, in the file's order.
CATEGORIES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck",
    "boat", "traffic light", "fire hydrant", "stop sign", "parking meter", "bench",
    "bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra",
    "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove",
    "skateboard", "surfboard", "tennis racket", "bottle", "wine glass", "cup", "fork",
    "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli",
    "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant",
    "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard",
    "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", "book",
    "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush",
)  # fmt: skip

# The notebook's 20 targets, in its order: category ids 3, 6, 31, 35, 36, 37, 40, 41,
# 43, 46, 47, 50, 53, 64, 75, 76, 78, 80, 85 and 89.
TARGETS = (
    "car", "bus", "handbag", "skis", "snowboard", "sports ball", "baseball glove",
    "skateboard", "tennis racket", "wine glass", "cup", "spoon", "apple",
    "potted plant", "remote", "keyboard", "microwave", "toaster", "clock",
    "hair drier",
)  # fmt: skip


def default_features(
    categories: Sequence[str] = CATEGORIES,
    targets: Sequence[str] = TARGETS,
    objects: str = "boxes",
) -> datasets.Features:
    """Return the features of the multi-label config ``default``.

    `categories` names the labels, `targets` the classes that images were drawn for.
    `objects` is ``none``, ``boxes`` or ``masks``: whether each annotation of an image
    has an entry, with a box in pixels (x and y of the upper left corner, width and
    height), and with its polygons or RLE counts as JSON.
    """
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "image_id": datasets.Value("int64"),
            "file_name": datasets.Value("string"),
            "width": datasets.Value("int32"),
            "height": datasets.Value("int32"),
            "category_ids": datasets.Sequence(datasets.Value("int32")),
            "labels": datasets.Sequence(datasets.ClassLabel(names=list(categories))),
            "drawn_for": datasets.Sequence(datasets.ClassLabel(names=list(targets))),
            "license": datasets.Value("string"),
            "coco_url": datasets.Value("string"),
            "flickr_url": datasets.Value("string"),
        }
    )
    if objects == "none":
        return features
    # A list a field, not a list of records: so every version of datasets shows it.
    found = {
        "id": datasets.Sequence(datasets.Value("int64")),
        "bbox": datasets.Sequence(datasets.Sequence(datasets.Value("float64"))),
        "category": datasets.Sequence(datasets.ClassLabel(names=list(categories))),
        "area": datasets.Sequence(datasets.Value("float64")),
        "iscrowd": datasets.Sequence(datasets.Value("bool")),
    }
    if objects == "masks":
        found["segmentation"] = datasets.Sequence(datasets.Value("string"))
    return datasets.Features({**features, "objects": found})


def target_features(target: str) -> datasets.Features:
    """Return the features of the config of one target."""
    other = "other" if target != "other" else "not other"
    return datasets.Features(
        {
            "image": datasets.Image(),
            "image_id": datasets.Value("int64"),
            "file_name": datasets.Value("string"),
            "width": datasets.Value("int32"),
            "height": datasets.Value("int32"),
            "label": datasets.ClassLabel(names=[other, target]),
            "category_ids": datasets.Sequence(datasets.Value("int32")),
            "draw": datasets.Value("int32"),
            "repeat": datasets.Value("bool"),
        }
    )


FEATURES = {
    "default": default_features(),
    **{target.replace(" ", "_"): target_features(target) for target in TARGETS},
    # All of them, of an export with stuff annotations: see CocoStuffTrimmedConfig.
    **{f"{t.replace(' ', '_')}_context": target_features(t) for t in TARGETS},
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
class CocoStuffTrimmedConfig(datasets.BuilderConfig):
    """One config: the union of all draws, the draw of one target, or its context sets.

    `target` is the name of a category, such as ``sports ball``; the union has none.
    Name one as ``load_dataset(..., target="person")`` to read the draw of a target
    that is not among the notebook's 20. With `context`, it is the test sets of the
    target with and without its context: only an export with --stuff has them.
    """

    target: Optional[str] = None  # noqa: UP045 (read by datasets on Python 3.9 too)
    context: bool = False

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


class CocoStuffTrimmed(datasets.GeneratorBasedBuilder):
    """COCO-Stuff trimmed, read from an exported folder."""

    VERSION = _VERSION
    BUILDER_CONFIG_CLASS = CocoStuffTrimmedConfig
    BUILDER_CONFIGS: ClassVar[list[CocoStuffTrimmedConfig]] = [
        CocoStuffTrimmedConfig(name="default", version=_VERSION),
        *(
            CocoStuffTrimmedConfig(
                name=target.replace(" ", "_"), version=_VERSION, target=target
            )
            for target in TARGETS
        ),
        *(
            CocoStuffTrimmedConfig(
                name=f"{target.replace(' ', '_')}_context",
                version=_VERSION,
                target=target,
                context=True,
            )
            for target in TARGETS
        ),
    ]
    DEFAULT_CONFIG_NAME = "default"
    DEFAULT_WRITER_BATCH_SIZE = 100

    def _export(self) -> dict[str, Any]:
        if not self.config.data_dir:
            raise ValueError(
                "coco_stuff_trimmed reads an exported folder: run 'trimset export "
                "coco_stuff_trimmed --out DIR' and give data_dir=DIR"
            )
        return self._read("trimset.json")

    def _read(self, name: str) -> dict[str, Any]:
        path = inside(self.config.data_dir, name)
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def _info(self) -> datasets.DatasetInfo:
        features = FEATURES.get(self.config.name)
        if self.config.target is not None:
            features = target_features(self.config.target)
        elif self.config.data_dir:
            export = self._export()
            has_objects = any("objects" in files for files in export["splits"].values())
            features = default_features(
                [category["name"] for category in export["categories"]],
                [target["name"] for target in export["targets"]],
                objects="boxes" if has_objects else "none",
            )
        return datasets.DatasetInfo(
            description=_DESCRIPTION,
            features=features,
            homepage=_HOMEPAGE,
            license=_LICENSE,
            citation=_CITATION,
        )

    def _split_generators(
        self, dl_manager: datasets.DownloadManager
    ) -> list[datasets.SplitGenerator]:
        export = self._export()
        target = self.config.target
        known = [entry["name"] for entry in export["targets"]]
        if target is not None and target not in known:
            raise ValueError(
                f"the export in {self.config.data_dir} has no draw for {target!r}, "
                f"only for {', '.join(known)}: export again with --targets"
            )
        splits = list(export["splits"])
        if self.config.context:
            if not any("contexts" in files for files in export["splits"].values()):
                raise ValueError(
                    f"the export in {self.config.data_dir} has no context sets: export "
                    "again with --stuff"
                )
            splits = ["cooccur", "exclusive"]
        return [
            datasets.SplitGenerator(
                name=split, gen_kwargs={"export": export, "split": split}
            )
            for split in splits
        ]

    def _generate_examples(
        self, export: dict[str, Any], split: str
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        ids = {entry["name"]: str(entry["id"]) for entry in export["targets"]}
        if self.config.context:
            [files] = [f for f in export["splits"].values() if "contexts" in f]
            contexts = self._read(files["contexts"])
            table = {**self._read(files["labels"]), **contexts["labels"]}
            drawn = contexts["sets"][ids[self.config.target]][split]
            yield from self._generate_drawn(export, table, drawn)
            return
        table = self._read(export["splits"][split]["labels"])
        draws = self._read(export["splits"][split]["draws"])
        if self.config.target is None:
            drawn = {name: set(draws[ids[name]]) for name in ids}
            names = {entry["id"]: entry["name"] for entry in export["categories"]}
            objects = None
            if "objects" in export["splits"][split]:
                objects = self._read(export["splits"][split]["objects"])
            for number, (file, categories) in enumerate(table.items()):
                if file in export["broken"]:
                    continue
                record = export["images"][file]
                row = {
                    **self._columns(file, record, categories),
                    "labels": [names[category] for category in categories],
                    "drawn_for": [name for name in ids if file in drawn[name]],
                    "license": record["license"],
                    "coco_url": record["coco_url"],
                    "flickr_url": record["flickr_url"],
                }
                if objects is not None:
                    found = objects[file]
                    row["objects"] = {
                        "id": found["id"],
                        "bbox": found["bbox"],
                        "category": [names[number] for number in found["category_id"]],
                        "area": found["area"],
                        "iscrowd": [bool(value) for value in found["iscrowd"]],
                    }
                yield number, row
            return
        yield from self._generate_drawn(export, table, draws[ids[self.config.target]])

    def _generate_drawn(
        self, export: dict[str, Any], table: dict[str, list[int]], drawn: list[str]
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield the rows of images that were drawn for the target."""
        [target_id] = [
            entry["id"]
            for entry in export["targets"]
            if entry["name"] == self.config.target
        ]
        seen = set()
        for number, file in enumerate(drawn):
            if file in export["broken"]:
                continue
            categories = table[file]
            yield (
                number,
                {
                    **self._columns(file, export["images"][file], categories),
                    "label": int(target_id in categories),
                    "draw": number,
                    "repeat": file in seen,
                },
            )
            seen.add(file)

    def _columns(
        self, file: str, record: dict[str, Any], categories: list[int]
    ) -> dict[str, Any]:
        with open(inside(self.config.data_dir, file), "rb") as image:
            data = image.read()
        return {
            "image": {"bytes": data, "path": os.path.basename(file)},
            "image_id": record["image_id"],
            "file_name": record["file_name"],
            "width": record["width"],
            "height": record["height"],
            "category_ids": categories,
        }
