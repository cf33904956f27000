"""A manifest that was made up: of no dataset, with one of everything."""

from __future__ import annotations

from typing import Any

NONE: dict[str, Any] = {"pairs": [], "across": 0}


def make_manifest() -> dict[str, Any]:
    """Return a manifest that a test may change."""
    return {
        "dataset": "shapes",
        "configs": {
            "default": {
                "train": split("default", "train", 1_200),
                "test": split("default", "test", 34),
            },
            "round": {"train": split("round", "train", 50)},
        },
        "features": {
            "default": {
                "image": {"_type": "Image"},
                "label": {"names": ["round", "square"], "_type": "ClassLabel"},
            },
            "round": {"image": {"_type": "Image"}},
        },
        "files": {
            "data/default/train-00000.parquet": {"bytes": 2_000_000},
            "data/default/test-00000.parquet": {"bytes": 50_000},
            "README.md": {"bytes": 999_999},
        },
        "sources": [
            {"role": "table", "name": "shapes.csv", "sha256": "ab" * 32},
            {"role": "images", "name": "all/", "images": 1, "sha256": "cd" * 32},
        ],
        "versions": {"trimset": "9.8", "pillow": "7.6"},
        "options": {"allow_broken": False},
        "broken": [],
        "licences": {"CC BY": 1_230, "none": 4},
        "audit": {
            "decoded": True,
            "images": 1_234,
            "duplicates": {
                "rule": {"score": 0.96},
                "exact": NONE,
                "near": NONE,
                "groups": {"largest": 1, "large": []},
                "blank": [],
            },
            "grey": {
                "parts": {
                    "train": {"images": 1_200, "grey": 3},
                    "test": {"images": 34, "grey": 0},
                }
            },
        },
    }


def split(config: str, name: str, rows: int) -> dict[str, Any]:
    """Return what the manifest says of a split."""
    return {
        "num_examples": rows,
        "num_bytes": rows * 10,
        "download_size": rows * 2,
        "files": [f"data/{config}/{name}-00000.parquet"],
    }


def pair(*names: str, splits: tuple[str, str] = ("train", "train")) -> dict[str, Any]:
    """Return a pair of duplicates."""
    return {"names": list(names), "splits": list(splits)}
