"""Load an export through its dataset script and compare it with the Parquet of a build.

Stands alone, as `tests/probes/load_probe.py` does, whose summaries it compares; run in
environments of datasets 3.6, 4 and 5:

    python script_probe.py SCRIPT_FOLDER EXPORT BUILD
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import datasets
from load_probe import summarise


def load_export(folder, config, export):
    """Return the splits as this version of `datasets` gives them."""
    if int(datasets.__version__.split(".")[0]) < 4:
        return datasets.load_dataset(
            str(folder), config, data_dir=export, trust_remote_code=True
        )
    spec = importlib.util.spec_from_file_location(
        folder.name, folder / f"{folder.name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[folder.name] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    name = "".join(part.capitalize() for part in folder.name.split("_"))
    builder = getattr(module, name)(config_name=config, data_dir=export)
    builder.download_and_prepare()
    return builder.as_dataset()


if __name__ == "__main__":
    script, exported, built = sys.argv[1:]
    report = {}
    for config in datasets.get_dataset_config_names(built):
        parquet = datasets.load_dataset(built, config)
        loaded = load_export(Path(script), config, exported)
        for split in sorted({*parquet, *loaded}):
            report[f"{config}/{split}"] = {
                "parquet": summarise(parquet[split]) if split in parquet else None,
                "script": summarise(loaded[split]) if split in loaded else None,
            }
    print(json.dumps({"datasets": datasets.__version__, "splits": report}), flush=True)
    os._exit(0)  # as load_probe.py does
