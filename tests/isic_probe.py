"""Trim SIIM-ISIC with whatever pandas and NumPy are installed, and report it as JSON.

Needs only pandas and NumPy: `builder.datasets.isic.parse` and
`builder.selection.rules` work without pyarrow and `datasets`. Run by
`tests/isic_matrix.py` in environments of its own:

    python isic_probe.py [CSV]
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import platform
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
SLICES = {"benign": (2000, 4000), "malignant": (50, 550)}
HEAD = (
    "image_name,patient_id,sex,age_approx,anatom_site_general_challenge,diagnosis,"
    "benign_malignant,target"
)
# sha256 of metadata_small.csv: of `make_csv`, as pandas 2.3.0 and NumPy 1.26.4 give it
# by the notebook's own lines, and of the official file, as the notebook wrote it.
MADE_UP = "d43f7f9ed0b834c025c6e3cb92f70750a6bc3674fb17bc2a0932adba40df8f8c"
OFFICIAL = "31aee2976cc7087e4aa4d04c8ade69b7d7d39ad79b0b05343f422f03b129fac8"


def make_csv() -> bytes:
    """Return made-up metadata of the official size: 33,126 rows, 584 malignant."""
    random = np.random.RandomState(2020)
    malignant = np.zeros(33_126, dtype=int)
    malignant[random.permutation(33_126)[:584]] = 1
    draws = random.randint(0, 2**31 - 1, size=(33_126, 4)).tolist()
    sites = ("torso", "head/neck", "lower extremity", "palms/soles", "")
    lines = [HEAD]
    for row, (target, (a, b, c, d)) in enumerate(
        zip(malignant.tolist(), draws, strict=True)
    ):
        sex = ("male", "female", "male", "female", "")[a % 5]
        age = f"{5 * (b % 19)}.0" if b % 50 else ""
        diagnosis = "melanoma" if target else ("unknown", "nevus")[c % 2]
        lines.append(
            f"ISIC_{row * 271 % 9_999_991:07},IP_{d % 2056:07},{sex},{age},"
            f"{sites[c % 5]},{diagnosis},{('benign', 'malignant')[target]},{target}"
        )
    return ("\n".join(lines) + "\n").encode()


def trim(data: bytes) -> bytes:
    """Return metadata_small.csv as trimset makes it."""
    from builder.datasets.isic import parse as isic
    from builder.selection import rules as selection

    frame = isic.read_metadata(data, name="metadata.csv")
    rows = selection.slice_labels(isic.labels(frame), SLICES)
    return isic.write_metadata(frame.iloc[rows])


def main() -> None:
    """Print what was found."""
    sys.path.insert(0, str(ROOT))
    report = {
        "python": platform.python_version(),
        "pandas": pd.__version__,
        "numpy": np.__version__,
        "pyarrow": importlib.util.find_spec("pyarrow") is not None,
        "made_up": hashlib.sha256(trim(make_csv())).hexdigest(),
        "heavy": sorted(
            {"datasets", "fsspec", "msgspec", "PIL", "matplotlib"} & set(sys.modules)
        ),
    }
    if sys.argv[1:]:
        official = Path(sys.argv[1]).read_bytes()
        report["official"] = hashlib.sha256(trim(official)).hexdigest()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
