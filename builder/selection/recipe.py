"""What is drawn from what: the notebook's numbers, and those that a user gives."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from builder.errors import UsageError

# The notebook's list, by COCO category id.
NOTEBOOK_TARGETS = (
    "3", "6", "31", "35", "36", "37", "40", "41", "43", "46", "47", "50", "53", "64",
    "75", "76", "78", "80", "85", "89",
)  # fmt: skip

# What the official sources hold, by which a card tells whether a build is of them:
# COCO 2017 (cocodataset.org), and ISIC_2020_Training_GroundTruth.csv
# (challenge2020.isic-archive.com), the same bytes as Kaggle's train.csv.
OFFICIAL_COCO = {
    "train": {"images": 118287, "annotated_images": 117266, "annotations": 860001},
    "test": {"images": 5000, "annotated_images": 4952, "annotations": 36781},
}
OFFICIAL_ISIC_SHA256 = (
    "98c68a10eb669215e3458ad193a24a582c974a4401e539dbbf099b318584264b"
)

# Of resized images. Of 99 photographs of COCO at 224 pixels, quality 95 without chroma
# subsampling keeps 40.7 dB (PSNR; 36.8 at worst) in 45 kB; with it, 36.8 (30.1) in 34
# kB; quality 90 without it, 37.4 (32.9) in 30 kB (tests/benchmarks/trial_resize.py).
JPEG_QUALITY = 95


@dataclass(frozen=True)
class CocoRecipe:
    """How COCO is trimmed.

    Attributes
    ----------
    targets : tuple of str
        Names or COCO category ids, in order.
    train_samples, test_samples : int
        Images to draw for a target, half of them with it; from train2017 and from
        val2017.
    seed : int
        Of the legacy NumPy generator, set anew for every target.
    """

    targets: tuple[str, ...] = NOTEBOOK_TARGETS
    train_samples: int = 500
    test_samples: int = 250
    seed: int = 42

    def __post_init__(self) -> None:
        check_seed(self.seed)
        if not self.targets:
            raise UsageError("targets: expected at least one, found none")
        if len(set(self.targets)) < len(self.targets):
            msg = f"targets: {', '.join(self.targets)} names one of them twice"
            raise UsageError(msg)
        for name in ("train_samples", "test_samples"):
            if getattr(self, name) < 2:
                msg = f"{name}: expected 2 or more, found {getattr(self, name)}"
                raise UsageError(msg)

    def as_dict(self) -> dict[str, Any]:
        """Return what decides the selection, for the lock."""
        return {**asdict(self), "targets": list(self.targets)}


@dataclass(frozen=True)
class IsicRecipe:
    """How SIIM-ISIC is trimmed.

    Attributes
    ----------
    benign, malignant : (int, int)
        Half-open slices of the rows sorted by label.
    seed : int
        Of the patient split; the rows themselves are not drawn by chance.
    """

    benign: tuple[int, int] = (2000, 4000)
    malignant: tuple[int, int] = (50, 550)
    seed: int = field(default=42)

    def __post_init__(self) -> None:
        check_seed(self.seed)
        for name in ("benign", "malignant"):
            start, stop = getattr(self, name)
            if not 0 <= start < stop:
                msg = (
                    f"{name}: expected START:STOP with 0 <= START < STOP, found"
                    f" {start}:{stop}"
                )
                raise UsageError(msg)

    def as_dict(self) -> dict[str, Any]:
        """Return what decides the selection, for the lock."""
        return {
            "benign": list(self.benign),
            "malignant": list(self.malignant),
            "seed": self.seed,
        }


Recipe = CocoRecipe | IsicRecipe


def check_image_size(image_size: int | None, *, remote_workers: bool = False) -> None:
    """Raise UsageError for a size that images cannot be given, or not there.

    Parameters
    ----------
    image_size : int, optional
        Shorter side, in pixels.
    remote_workers : bool
        Whether the images would be resized on other machines.
    """
    if image_size is None:
        return
    if image_size < 1:
        msg = f"image_size: expected 1 pixel or more, found {image_size}"
        raise UsageError(msg)
    if remote_workers:
        msg = (
            "--image-size: resized images are kept in the cache of this machine, which"
            " a cluster does not share: build without --scheduler"
        )
        raise UsageError(msg)


def check_seed(seed: int) -> None:
    """Raise UsageError for a seed that the legacy generator does not take."""
    if not 0 <= seed < 2**32:
        msg = f"seed: expected 0 to {2**32 - 1}, found {seed}"
        raise UsageError(msg)
