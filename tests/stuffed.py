"""COCO's stuff annotations for a drawn source, in the form of the official files."""

import json

import numpy as np

#: Ids and names of some categories of stuff_val2017.json, as there; the last covers
#: things, in every image that shows any.
CATEGORIES = (
    (96, "building-other"), (102, "ceiling-other"), (103, "ceiling-tile"),
    (122, "fruit"), (149, "road"), (157, "sky-other"), (168, "towel"), (183, "other"),
)  # fmt: skip
NAMES = {"train2017": "stuff_train2017.json", "val2017": "stuff_val2017.json"}


def stuff_of(instances, *, left_out=()):
    """Return stuff annotations of the images of an instances file.

    Which stuff an image shows follows from its id. As in the official files, an
    annotation is of one category in one image, its mask is an RLE, and some images are
    not listed.
    """
    images = [i for i in instances["images"] if i["id"] not in set(left_out)]
    annotations = []
    for image in images:
        shown = np.random.RandomState(image["id"]).random_sample(len(CATEGORIES)) < 0.5
        for (number, name), is_shown in zip(CATEGORIES, shown.tolist(), strict=True):
            if is_shown or name == "other":
                size = [image["height"], image["width"]]
                annotations.append(
                    {
                        "segmentation": {"counts": "0a1b2" * 9, "size": size},
                        "area": 120.0,
                        "iscrowd": 0,
                        "image_id": image["id"],
                        "bbox": [0.0, 0.0, 12.0, 10.0],
                        "category_id": number,
                        "id": 20_000_000 + len(annotations),
                    }
                )
    return {
        "info": {"description": "COCO 2017 Dataset"},
        "licenses": instances["licenses"],
        "images": images,
        "annotations": annotations,
        "categories": [
            {"supercategory": name.split("-")[0], "id": number, "name": name}
            for number, name in CATEGORIES
        ],
    }


def write_stuff(source, folder, **options):
    """Write both files for a source in COCO's layout, and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, name in NAMES.items():
        path = source / "annotations" / f"instances_{split}.json"
        content = stuff_of(json.loads(path.read_text()), **options)
        (folder / name).write_text(json.dumps(content))
    return folder
