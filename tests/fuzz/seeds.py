"""What is right, or nearly: from where the changes at random start."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from builder.datasets import registry
from builder.datasets.shipped import recipe_text, shipped
from builder.output.digests import digest_of
from tests.conftest import COCO_RECIPE, ISIC_RECIPE
from tests.tiny import coco_json

NONE = "0" * 64
LOCK: dict[str, Any] = {
    "format": "trimset.selection/1",
    "dataset": "coco_stuff_trimmed",
    "rule": "balanced",
    "recipe": COCO_RECIPE.as_dict(),
    "seed": 42,
    "inputs": [{"role": "train annotations", "name": "a.json", "sha256": NONE}],
    "draws": {"default": {"train": ["a/1.jpg", "a/2.jpg"]}, "car": {"test": ["b.jpg"]}},
}
SHARD = {
    "path": "data/car/train-00000-of-00001.parquet", "task": NONE, "sha256": NONE,
    "bytes": 10, "rows": 3, "num_bytes": 9, "rows_sha256": NONE, "images_sha256": NONE,
}  # fmt: skip
MARK = {
    "format": "trimset.manifest/1",
    "key": NONE,
    "previous": {"files": {SHARD["path"]: SHARD, "README.md": {}}},
}
EXPORT = {"format": "trimset.export/1", "key": NONE, "files": {"labels_train.json": {}}}
DIGESTS = f"{'0' * 64}  a.jpg\n{'1' * 64}  b/c.jpg\n".encode()
SOURCE = {"url": "https://a.example/b.zip", "etag": '"1"'}
CARD = """---
pretty_name: Tiny
license: [cc-by-4.0, other]
configs:
- config_name: default
  default: true
  data_files:
  - split: train
    path: data/default/train-*
dataset_info:
- config_name: default
  features:
  - name: image
    dtype: image
  splits:
  - name: train
    num_examples: 6
size_categories: [n<1K] # computed
---

# Tiny

<!-- trimset: facts -->
| a | b |
|---|--:|
| x | 1 |
<!-- trimset: end -->

Words of *somebody*, with [a link](https://a.example).
"""
RECIPES = [recipe_text(name) for name in shipped()]
RECORDED = [
    {"name": "coco_stuff_trimmed", "recipe": COCO_RECIPE.as_dict(), "about": {}},
    {"name": "siim_isic_small", "recipe": ISIC_RECIPE.as_dict(), "about": {}},
    *(
        {
            "name": found.name,
            "recipe": found.default.as_dict(),
            "about": dict(found.about or {}),
        }
        for found in map(registry.get, shipped())
    ),
]
TABLES = [
    b"image_id,dx,lesion_id,age\na,mel,l1,40.0\nb,nv,l2,\nc,nv,l2,unknown\n",
    '\ufeffimage;label;größe\r\n0012;"a\nb";1,5\r\n013;c;2,5\r\n'.encode(),
    b"sep=,\n# c\n\timage\tlabel\n0\ta\tx\n",
    "image,label\nä,ü\n".encode("cp1252"),
    b'{"image": "a", "dx": 1}\n{"image": "b", "dx": null, "n": [1]}\n',
    b'[{"image": "a", "dx": 1.5}, {"image": 7, "dx": true}]',
]
NAMES = [
    "train2017/000000000009.jpg", "../a", "C:/x.jpg", "a\\b", "./a//b", "~x", "a\0b",
    "http://a/b", "ü/é.png", "a/./b", "x" * 300, "a\nb", "2021-01-01T10:00:00.jpg",
]  # fmt: skip
URLS = [
    "https://me:s3cr3t@host:8443/a.zip?sig=s3cr3t#s3cr3t http://host/b",
    "http://[::1]:80/a //other/b", "s3://b/k /c", "file:///a ../b", "a::b://c x",
    "http://host:99999/ http://host:80/", "http://h\u2100/ \x00", "C:\\x y",
]  # fmt: skip
HEADERS = [
    "120", "Mon, 01 Jan 2024 00:00:30 GMT", "soon", "-1", "1e9",
    "Fri, 31 Dec 9999 23:59:59 -2359",    "bytes 10-19/100", "bytes 0-0/*", "bytes */9",
]  # fmt: skip
WORDS = [
    "plan\0coco_stuff_trimmed\0--targets\0car,bus\0--seed\07",
    "build\0siim_isic_small\0--out\0x\0--benign\00:10\0--max-shard-size\020MB",
    "verify\0a/b\0--source\0c\0--workers\02",
    "push\0a\0--repo-id\0n/n\0--tag\0v1\0--card\0ours",
    "export\0ham10000_small\0--out\0x\0--image-size\064\0--lock\0f",
]


def jsons(*values: object) -> list[bytes]:
    """Return values as JSON."""
    return [json.dumps(value).encode() for value in values]


def sealed(content: dict[str, Any]) -> dict[str, Any]:
    """Return a record with the digest of all else in it."""
    rest = {name: value for name, value in content.items() if name != "digest"}
    return {**rest, "digest": digest_of(rest)}


def coco() -> list[bytes]:
    """Return annotations as some programs write them."""
    plain = coco_json(3, ((1, 1), (2, 2), (2, 1)))
    odd = coco_json(2)
    odd["annotations"][0] |= {
        "bbox": [0, 0, 1.5, 2],
        "area": 3,
        "segmentation": [[0] * 6],
    }
    odd["images"][0]["id"], odd["annotations"][0]["image_id"] = "01", "01"
    odd["licenses"] = [{"id": 1, "name": "x", "url": "y"}]
    odd["images"][1]["license"] = 1
    return jsons(plain, odd, [], {"images": [], "annotations": [], "categories": []})


def parquets() -> list[bytes]:
    """Return two tables as Parquet."""
    frame = pd.DataFrame({"image": ["a", "b"], "n": [1, 2], "x": [0.5, None]})
    sinks = io.BytesIO(), io.BytesIO()
    frame.to_parquet(sinks[0], compression=None)
    frame.assign(d=pd.Timestamp("2020-01-01"), l=[[1], [2, 3]]).to_parquet(sinks[1])
    return [sink.getvalue() for sink in sinks]


def zips() -> list[bytes]:
    """Return zips of a few members."""
    found = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        sink = io.BytesIO()
        with zipfile.ZipFile(sink, "w", method) as archive:
            archive.writestr("a/", b"")
            archive.writestr("a/b.txt", b"0123456789" * 9)
            archive.writestr("ü.json", b"{}")
            with archive.open("big", "w", force_zip64=True) as member:
                member.write(b"x" * 99)
            archive.comment = b"a comment"
        found.append(sink.getvalue())
    return found


def images(*formats: str) -> list[bytes]:
    """Return small images of these formats, in the modes that they have."""
    ways: list[tuple[str, str, dict[str, Any]]] = [
        ("JPEG", "RGB", {"progressive": True}),
        ("JPEG", "L", {"exif": _turned()}),
        ("JPEG", "CMYK", {}),
        ("PNG", "RGB", {}),
        ("PNG", "P", {"transparency": 0, "exif": _turned()}),
        ("PNG", "I;16", {}),
        ("PNG", "LA", {}),
        ("GIF", "P", {"save_all": True, "append_images": [Image.new("P", (19, 9), 3)]}),
        ("TIFF", "RGB", {"compression": "tiff_adobe_deflate", "exif": _turned()}),
        ("TIFF", "L", {"compression": "tiff_lzw"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "F", {}),
        ("WEBP", "RGB", {"exif": _turned()}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("BMP", "RGB", {}),
        ("BMP", "1", {}),
    ]
    found = []
    for kind, mode, more in ways:
        if kind in formats:
            picture = Image.linear_gradient("L").resize((19, 33))
            sink = io.BytesIO()
            picture.convert("I").convert(mode).save(sink, kind, **more) if (
                mode == "I;16"
            ) else picture.convert(mode).save(sink, kind, **more)
            found.append(sink.getvalue())
    bad = Path(__file__).resolve().parents[3] / "shared/data/bad"
    endings = {f".{kind.lower()}" for kind in formats} | {".jpg"} & {
        ".jpg" for kind in formats if kind == "JPEG"
    }
    found += [
        path.read_bytes()
        for path in sorted(bad.glob("*"))
        if path.suffix in endings and path.stat().st_size < 50_000
    ]
    return found


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def answers() -> list[bytes]:
    """Return HTTP answers to any request."""
    part, day, body = "bytes 0-9/10", "Mon, 01 Jan 2024 00:00:30 GMT", "0123456789"
    told = [
        (f'206 Part\nContent-Range: {part}\nContent-Length: 10\nETag: "a"', body),
        (f"200 OK\nContent-Length: 10\nLast-Modified: {day}", body),
        ("200 OK\nTransfer-Encoding: chunked", "5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"),
        ("302 Found\nLocation: /b\nContent-Length: 0", ""),
        ("503 Busy\nRetry-After: 120\nContent-Length: 0", ""),
        ("416 No\nContent-Range: bytes */10\nContent-Length: 0", ""),
    ]
    lines = [
        f"HTTP/1.1 {head}\nConnection: close\n\n".replace("\n", "\r\n") + rest
        for head, rest in told
    ]
    return [line.encode() for line in lines]
