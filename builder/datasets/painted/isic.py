"""A small drawn source in the layout of SIIM-ISIC 2020: pictures and metadata."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from builder.datasets.painted.painting import clouds, jpeg
from builder.errors import UsageError
from builder.sources import own_files

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_COLUMNS = (
    "image_name",
    "patient_id",
    "sex",
    "age_approx",
    "anatom_site_general_challenge",
    "diagnosis",
    "benign_malignant",
    "target",
)


def paint_isic(folder: Path, *, benign: int, malignant: int, seed: int = 0) -> Path:
    """Return `folder`, filled with a drawn source in the layout of SIIM-ISIC 2020.

    Patients have several images. One image in ten of each label is half of a pair:
    officially listed duplicates (the same picture upside down, same patient), exact
    copies (another patient), and copies a little brighter (same patient).

    Parameters
    ----------
    folder : Path
        Where ``train/`` and the two CSV files go; made if missing.
    benign, malignant : int
        Images of each label, at least 1.
    seed : int
        Another seed draws another source.
    """
    if min(benign, malignant) < 1:
        raise UsageError(
            "cannot draw a SIIM-ISIC source: expected at least one image of each "
            f"label, found benign={benign}, malignant={malignant}; ask for more"
        )
    rng = np.random.default_rng(seed)
    count = benign + malignant
    labels = rng.permutation(np.repeat([False, True], [benign, malignant]))
    numbers = rng.choice(np.arange(15_719, 9_999_999), count, replace=False)
    names = [f"ISIC_{number:07}" for number in numbers]
    twins = _pair(rng, labels)
    patients = rng.integers(0, -(-count // 4), count)
    for k, (original, kind) in twins.items():
        if kind != "exact":
            patients[k] = patients[original]

    pictures = {}
    for k in range(count):
        if k not in twins:
            pictures[k] = _paint_lesion(rng, malignant=bool(labels[k]))
    for k, (original, kind) in twins.items():
        pictures[k] = _twin(pictures[original], kind)
    for k, name in enumerate(names):
        own_files.replace(str(folder), f"train/{name}.jpg", jpeg(pictures[k]))

    people = _people(rng, int(patients.max()) + 1)
    rows = [
        [name, *people[patient], *_findings(rng, malignant=bool(label))]
        for name, patient, label in zip(names, patients, labels, strict=True)
    ]
    _write_csv(folder / "ISIC_2020_Training_GroundTruth.csv", [list(_COLUMNS), *rows])
    pairs = [
        [names[a], names[b]] for b, (a, kind) in twins.items() if kind == "official"
    ]
    _write_csv(
        folder / "ISIC_2020_Training_Duplicates.csv",
        [["image_name_1", "image_name_2"], *pairs],
    )
    return folder


def _pair(
    rng: np.random.Generator, labels: NDArray[np.bool_]
) -> dict[int, tuple[int, str]]:
    """Return which rows copy which others of the same label, and how."""
    twins = {}
    for label in (False, True):
        rows = rng.permutation(np.flatnonzero(labels == label)).tolist()
        for k in range(len(rows) // 20):
            twins[rows[2 * k]] = rows[2 * k + 1], ("official", "exact", "near")[k % 3]
    return twins


def _twin(picture: Image.Image, kind: str) -> Image.Image:
    """Return a copy of a picture: exact, turned around, or a little brighter."""
    if kind == "official":
        return picture.rotate(180)
    return picture.point(lambda value: value * 1.03) if kind == "near" else picture


def _people(rng: np.random.Generator, count: int) -> list[tuple[str, str, str]]:
    """Return patient_id, sex and age_approx of some patients; a few are unknown."""
    numbers = rng.choice(np.arange(10_000, 9_999_999), count, replace=False)
    ages = 5 * rng.integers(3, 18, count)
    sexes = rng.choice(["male", "female"], count)
    unknown = rng.random(count) < 0.04
    return [
        (f"IP_{number:07}", "" if hidden else str(sex), "" if hidden else f"{age}.0")
        for number, age, sex, hidden in zip(numbers, ages, sexes, unknown, strict=True)
    ]


def _findings(
    rng: np.random.Generator, *, malignant: bool
) -> tuple[str, str, str, str]:
    """Return site, diagnosis, benign_malignant and target of one lesion."""
    sites = (
        "torso",
        "lower extremity",
        "upper extremity",
        "head/neck",
        "palms/soles",
        "",
    )
    site = str(rng.choice(sites, p=(0.5, 0.24, 0.14, 0.06, 0.02, 0.04)))
    if malignant:
        return site, "melanoma", "malignant", "1"
    diagnoses = ("unknown", "nevus", "seborrheic keratosis", "lentigo NOS")
    return site, str(rng.choice(diagnoses, p=(0.8, 0.16, 0.03, 0.01))), "benign", "0"


def _write_csv(path: Path, rows: list[list[str]]) -> None:
    """Write rows as the official files are: comma, bare line feeds."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    own_files.replace(str(path.parent), path.name, text.getvalue().encode())


def _paint_lesion(
    rng: np.random.Generator, *, malignant: bool, size: tuple[int, int] = (168, 126)
) -> Image.Image:
    """Return a picture of skin with one pigmented lesion.

    A benign one is round, of one colour and smooth; a malignant one is lopsided,
    of several colours and ragged.
    """
    width, height = size
    y, x = np.mgrid[:height, :width].astype(np.float64)
    centre = np.array([width, height]) * rng.uniform(0.36, 0.64, 2)
    dx, dy = x - centre[0], (y - centre[1]) * rng.uniform(0.85, 1.2)
    angle = np.arctan2(dy, dx)
    radius = height * (
        rng.uniform(0.24, 0.36) if malignant else rng.uniform(0.12, 0.26)
    )
    waves = range(1, 10) if malignant else range(2, 4)
    strength = 0.2 if malignant else 0.03
    border = np.full_like(x, radius)
    for k in waves:
        turn = rng.uniform(0, 2 * np.pi)
        border += (
            radius
            * strength
            * rng.uniform(0.5, 1.0)
            / k**0.6
            * np.cos(k * angle + turn)
        )
    edge = 1.5 if malignant else 4.0
    cover = 1 / (1 + np.exp((np.hypot(dx, dy) - border) / edge))

    skin = np.array([226, 180, 154]) + rng.uniform(-18, 14) + rng.uniform(-9, 9, 3)
    wide, middle, fine = (
        np.asarray(clouds(rng, size, cells), dtype=np.float64)[..., None] - 128
        for cells in (3, 6, 40)
    )
    picture = skin + 0.5 * wide + 0.2 * middle + 0.2 * fine
    tone = rng.uniform(-30, 24) + rng.uniform(-9, 9, 3)
    pigment = np.array([132, 84, 60]) + tone + 0.3 * fine
    if malignant:
        for colour in ([38, 24, 26], [92, 96, 122], [168, 62, 58], [206, 168, 150]):
            spot = centre + radius * rng.uniform(-0.7, 0.7, 2)
            near = np.exp(
                -((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (0.38 * radius) ** 2
            )
            pigment = pigment + near[..., None] * (np.array(colour) - pigment)
    picture = picture + cover[..., None] * (pigment - picture)
    image = Image.fromarray(picture.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(0, 5))):
        ends = rng.uniform(0, 1, 4) * [width, height, width, height]
        draw.line([float(end) for end in ends], fill="#4a3428")
    return image
