"""Finished builds of any rows, made without the pipeline, and their pages."""

import base64
import hashlib
import io
import json
import re
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from tests.tiny_build import seal

VALUE = {"_type": "Value", "dtype": "string"}
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
# What a name may hold that would be markup, or look like another name.
HOSTILE = '</script><img src=x onerror="document.title=1">\u202e\x07&"\''


def label(*names):
    return {"_type": "ClassLabel", "names": list(names)}


def sequence(feature):
    return {"_type": "Sequence", "feature": feature}


def paint(number, size=(48, 36), mode="RGB", **options):
    """Return a picture of coarse noise like no other, as the bytes of a file."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    sink = io.BytesIO()
    picture = coarse.resize(size, Image.Resampling.BICUBIC).convert(mode)
    picture.save(sink, options.pop("format", "JPEG"), **options)
    return sink.getvalue()


def write_build(folder, configs, features, *, shared=None, **said):
    """Write a finished build.

    `configs` holds the rows of each split, `features` the features of each config;
    `shared` lists splits that are files of another config; the rest is the manifest's.
    """
    folder = Path(folder)
    files, listed = {}, {}
    for config, splits in configs.items():
        for split, rows in splits.items():
            name = f"data/{config}/{split}-00000-of-00001.parquet"
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            columns = {key: [row[key] for row in rows] for key in rows[0]}
            arrays = {
                key: pa.array(values, IMAGE if key == "image" else None)
                for key, values in columns.items()
            }
            pq.write_table(pa.table(arrays), path)
            files[name] = describe(path, len(rows))
            listed.setdefault(config, {})[split] = entry(files, [name])
    for config, splits in (shared or {}).items():
        for split, names in splits.items():
            listed.setdefault(config, {})[split] = entry(files, names)
    manifest = {
        "format": "trimset.manifest/1",
        "dataset": "pictures",
        "key": "0" * 64,
        "versions": {"trimset": "0.1.0"},
        "recipe": {},
        "options": {},
        "sources": [],
        "selection": "0" * 64,
        "features": features,
        "configs": listed,
        "audit": {"decoded": True},
        "broken": [],
        "files": files,
        **said,
    }
    seal(folder, manifest)
    return folder


def describe(path, rows):
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    return {
        "sha256": sha256, "bytes": len(data), "rows": rows, "num_bytes": len(data),
        "rows_sha256": "0" * 64, "images_sha256": "0" * 64,
    }  # fmt: skip


def entry(files, names):
    return {
        "num_examples": sum(files[name]["rows"] for name in names),
        "num_bytes": sum(files[name]["num_bytes"] for name in names),
        "download_size": sum(files[name]["bytes"] for name in names),
        "files": names,
    }


def read_page(path):
    """Return the data of a page as its scripts read it, the pictures as bytes."""
    text = Path(path).read_text(encoding="utf-8")
    (block,) = re.findall(
        r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL
    )
    held = json.loads(block)
    told = json.loads(zlib.decompress(base64.b64decode(held["packed"])))
    return told, [base64.b64decode(webp) for webp in held["webp"]]


def image(data, name):
    return {"bytes": data, "path": name}


def write_odd_build(folder):
    """Write a build with something of each kind that a page shows.

    Three classes of ten, one name hostile; the test split holds an equal file, a
    look-alike of another label, a grey, a turned and a broken picture.
    """
    names = ["cat", "dog", f"bird {HOSTILE}"]

    def row(number, split, data=None):
        return {
            "image": image(data or paint(number), f"{split}_{number:02}.jpg"),
            "label": number % 3,
            "sex": "f" if number % 2 else "m",
            "age": float(number) if number % 5 else None,
            "repeat": False,
            "objects": {
                "bbox": [[4.0, 6.0, 20.0, 12.0], [30.0, 2.0, 10.0, 30.0]],
                "category": [number % 3, 1],
            },
            "note": HOSTILE if number == 4 else f"n{number}",
        }

    train = [row(number, "train") for number in range(20)]
    train.append({**row(3, "train"), "repeat": True})
    turned = Image.Exif()
    turned[0x0112] = 6
    test = [
        row(20, "test"),
        row(21, "test", paint(1)),
        row(22, "test", paint(2, quality=30)),
        row(23, "test", paint(23, mode="L")),
        row(24, "test", paint(24, exif=turned)),
        row(25, "test", paint(25)[:-40]),
        row(26, "test", paint(26, mode="CMYK")),
        *(row(number, "test") for number in range(27, 30)),
    ]
    features = {
        "image": {"_type": "Image"},
        "label": label(*names),
        "sex": VALUE,
        "age": VALUE,
        "repeat": {"_type": "Value", "dtype": "bool"},
        "objects": sequence(
            {"bbox": sequence(VALUE), "category": label(*names)}
        ),
        "note": VALUE,
    }  # fmt: skip
    audit = {
        "decoded": True,
        "duplicates": {
            "rule": {"near": "a rule", "threshold": 4},
            "exact": {
                "across": 1,
                "pairs": [
                    {"names": ["train/train_01", "test/test_21"],
                     "splits": ["train", "test"]},
                ],
            },
            "near": {
                "across": 1,
                "pairs": [
                    {"names": ["train_02.jpg", "test_22.jpg"],
                     "splits": ["train", "test"], "turn": "mirrored",
                     "score": 0.9534},
                    {"names": ["train_05", "train_08"], "splits": ["train", "train"],
                     "score": 0.91},
                ],
            },
            "groups": {"largest": 2, "large": [["train_05", "train_08"]]},
            "blank": ["train_07"],
        },
        "labels": {
            "sex": [
                {"value": "f", "classes": {"cat": 3, "dog": 12},
                 "share": [0.5, 0.25, 0.75]},
                {"value": "m", "classes": {"cat": 20, "dog": 1},
                 "share": [0.1, 0.05, 0.3]},
                {"value": HOSTILE, "classes": {"cat": 0, "dog": 0}, "share": None},
            ],
        },
    }  # fmt: skip
    return write_build(
        folder,
        {"default": {"train": train, "test": test}},
        {"default": features, "again": features},
        shared={"again": {"all": ["data/default/test-00000-of-00001.parquet"]}},
        about={"title": f"Odd {HOSTILE}", "license": "mit",
               "homepage": "javascript:alert(1)", "paper": "https://example.org/a"},
        audit=audit,
        broken=[{"image": f"gone {HOSTILE}.jpg", "reason": "is truncated"}],
        missing=["nowhere.jpg"],
    )  # fmt: skip
