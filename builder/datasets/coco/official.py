"""COCO 2017 as cocodataset.org gives it."""

from __future__ import annotations

from builder.datasets.inputs import Official

OFFICIAL = Official(
    url="http://images.cocodataset.org",
    publisher="COCO",
    sha256={
        # instances_train2017.json and instances_val2017.json
        "train annotations": (
            "610fce4944abdeb15354cc765333805529359d12d88f2f711393ca586901d01d"
        ),
        "test annotations": (
            "e8c7f7908f1d7278341fae127d0da654f102f11bd7b21d8aeefa635b8c810b6f"
        ),
    },
)
