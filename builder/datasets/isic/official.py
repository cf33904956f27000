"""SIIM-ISIC 2020 as challenge2020.isic-archive.com gives it."""

from __future__ import annotations

from builder.datasets.inputs import Official

OFFICIAL = Official(
    url="https://isic-challenge-data.s3.amazonaws.com/2020",
    publisher="ISIC",
    sha256={
        # ISIC_2020_Training_GroundTruth.csv: the same bytes as Kaggle's train.csv.
        "metadata": "98c68a10eb669215e3458ad193a24a582c974a4401e539dbbf099b318584264b",
    },
)
