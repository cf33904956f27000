"""Images in columns are those that went in."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from builder.datasets.coco.images_table import Image, Images

SIZES = st.integers(0, 2**31 - 1)
TEXTS = st.text(min_size=1, max_size=9)
IMAGES = st.builds(
    Image,
    id=st.integers(-(2**63), 2**63 - 1),
    file_name=st.text(max_size=9),
    width=SIZES,
    height=SIZES,
    license=st.none() | st.integers() | st.text(max_size=3),
    coco_url=st.none() | TEXTS,
    flickr_url=st.none() | TEXTS,
)


@given(st.lists(IMAGES, max_size=9))
def test_images_come_out_as_they_went_in(images):
    found = Images.of(images)
    assert list(found) == images
    assert [found[at] for at in range(len(found))] == images
    assert found.sizes.dtype == np.int32
    assert found.sizes.tolist() == [[image.width, image.height] for image in images]


def test_images_of_coco_take_less_than_200_bytes():
    images = Images.of(
        Image(
            number,
            f"{number:012}.jpg",
            640,
            480,
            3,
            f"http://images.cocodataset.org/train2017/{number:012}.jpg",
            f"http://farm9.staticflickr.com/8107/{number:010}_1a2b3c4d5e_z.jpg",
        )
        for number in range(1000)
    )
    assert images.nbytes < 200 * len(images)
