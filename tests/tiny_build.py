"""A finished build of a few drawn images, made without the pipeline."""

import hashlib
import io
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from PIL import Image

from builder.output.digests import digest_of, rows_digest, to_json

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
SCHEMA = pa.schema(
    [
        ("image", IMAGE),
        ("image_id", pa.int64()),
        ("label", pa.int64()),
        ("category_ids", pa.list_(pa.int32())),
    ]
)
ROWS = 3  # of a shard
NONE = "0" * 64


def features(config):
    """The features, in the spelling that datasets 2.14 to 5.x read."""
    value = {"dtype": "int64", "_type": "Value"}
    return {
        "image": {"_type": "Image"},
        "image_id": value,
        "label": {"names": ["other", config], "_type": "ClassLabel"},
        "category_ids": {
            "feature": {"dtype": "int32", "_type": "Value"},
            "_type": "Sequence",
        },
    }


def yaml_features(config):
    names = {"0": "other", "1": config}
    return [
        {"name": "image", "dtype": "image"},
        {"name": "image_id", "dtype": "int64"},
        {"name": "label", "dtype": {"class_label": {"names": names}}},
        {"name": "category_ids", "list": "int32"},
    ]


def draw(key, pixels):
    """Noise, so that the size of the file follows from the number of pixels."""
    noise = random.Random(key).randbytes(pixels * pixels * 3)
    sink = io.BytesIO()
    Image.frombytes("RGB", (pixels, pixels), noise).save(sink, "PNG")
    return sink.getvalue()


def write_shard(path, config, number, *, seed, pixels):
    rows = []
    for i in range(ROWS):
        image_id = number * ROWS + i
        key = f"{seed}/{config}/{path.name}/{image_id}"
        image = {"bytes": draw(key, pixels), "path": f"{image_id:012}.png"}
        rows.append(
            {
                "image": image,
                "image_id": image_id,
                "label": i % 2,
                "category_ids": list(range(1, i + 1)),
            }
        )
    metadata = json.dumps({"info": {"features": features(config)}})
    schema = SCHEMA.with_metadata({"huggingface": metadata})
    table = pa.Table.from_pylist(rows, schema=schema)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, compression="none", row_group_size=ROWS)
    return table


def make_build(
    folder,
    *,
    configs=("default", "car", "dog"),
    shards=2,
    pixels=8,
    seed=0,
    seeds=None,
    dataset="coco_stuff_trimmed",
):
    """Write a finished build; `seeds` gives single configs a seed of their own."""
    folder = Path(folder)
    listed, extra, card_configs, infos = {}, {}, [], []
    for config in configs:
        splits, data_files = {}, []
        for split, count in (("train", shards), ("test", 1)):
            paths = [
                f"data/{config}/{split}-{i:05}-of-{count:05}.parquet"
                for i in range(count)
            ]
            for i, path in enumerate(paths):
                own = (seeds or {}).get(config, seed)
                table = write_shard(folder / path, config, i, seed=own, pixels=pixels)
                images = [
                    hashlib.sha256(i["bytes"]) for i in table["image"].to_pylist()
                ]
                extra[path] = {
                    "rows": ROWS,
                    "num_bytes": table.nbytes,
                    "rows_sha256": rows_digest(table),
                    "images_sha256": hashlib.sha256(
                        b"".join(image.digest() for image in images)
                    ).hexdigest(),
                }
            size = sum((folder / path).stat().st_size for path in paths)
            splits[split] = {
                "num_examples": ROWS * count,
                "num_bytes": sum(extra[path]["num_bytes"] for path in paths),
                "download_size": size,
                "files": paths,
            }
            data_files.append({"split": split, "path": f"data/{config}/{split}-*"})
        entry = {"config_name": config, "data_files": data_files}
        card_configs.append(entry | ({"default": True} if config == "default" else {}))
        total = sum(split["num_bytes"] for split in splits.values())
        infos.append(
            {
                "config_name": config,
                "features": yaml_features(config),
                "splits": [
                    {
                        "name": name,
                        "num_bytes": split["num_bytes"],
                        "num_examples": split["num_examples"],
                    }
                    for name, split in splits.items()
                ],
                "download_size": total,
                "dataset_size": total,
            }
        )
        listed[config] = splits
    card = {
        "pretty_name": "Tiny",
        "license": "cc-by-4.0",
        "task_categories": ["image-classification"],
        "size_categories": ["n<1K"],
        "configs": card_configs,
        "dataset_info": infos,
    }
    text = yaml.safe_dump(card, sort_keys=False)
    prose = f"---\n{text}---\n\n# Tiny, seed {seed}\n\n![counts](figures/counts.png)\n"
    (folder / "README.md").write_text(prose)
    (folder / "selection.json").write_text(json.dumps({"seed": seed, "seeds": seeds}))
    (folder / "figures").mkdir(exist_ok=True)
    (folder / "figures" / "counts.png").write_bytes(draw(f"figure {seed}", 8))
    write_manifest(folder, extra=extra, configs=listed, dataset=dataset)
    return folder


def write_manifest(folder, *, extra, configs, dataset):
    """List what lies in the folder; the last file of a build."""
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name == "manifest.json":
            continue
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        files[name] = {"sha256": sha256, "bytes": len(data), **extra.get(name, {})}
    manifest = {
        "format": "trimset.manifest/1",
        "dataset": dataset,
        "key": "0" * 64,
        "versions": {"trimset": "0.1.0"},
        "recipe": {},
        "options": {},
        "sources": [],
        "selection": "0" * 64,
        "features": {config: features(config) for config in configs},
        "configs": configs,
        "audit": {},
        "broken": [],
        "files": files,
    }
    seal(folder, manifest)


def seal(folder, manifest):
    """Write a manifest with the digest of what it says."""
    content = {name: value for name, value in manifest.items() if name != "digest"}
    whole = {**content, "digest": digest_of(content)}
    (folder / "manifest.json").write_bytes(to_json(whole))


def relist(folder):
    """Make the manifest true again after a file was changed by hand."""
    manifest = json.loads((folder / "manifest.json").read_text())
    kept = ("rows", "num_bytes", "rows_sha256", "images_sha256")
    extra = {
        path: {key: said[key] for key in kept if key in said}
        for path, said in manifest["files"].items()
    }
    for path in sorted(folder.rglob("*.parquet")):
        name = path.relative_to(folder).as_posix()
        extra.setdefault(
            name, dict.fromkeys(kept[:2], ROWS) | dict.fromkeys(kept[2:], NONE)
        )
    for splits in manifest["configs"].values():
        for split in splits.values():
            paths = [folder / path for path in split["files"]]
            split["download_size"] = sum(path.stat().st_size for path in paths)
    write_manifest(
        folder,
        extra=extra,
        configs=manifest["configs"],
        dataset=manifest["dataset"],
    )
