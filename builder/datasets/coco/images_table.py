"""The images of an annotation file, without an object for each: 200 bytes at most."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Annotated

import msgspec
import numpy as np

from builder.sources.texts import Blocks, TextBlock, in_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray


# As the column stores it.
ImageId = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class Image(msgspec.Struct, gc=False, frozen=True):
    """One entry of ``images``, with COCO's own field names.

    A width and a height of 0 are not stated; a licence is the id of one of the
    licences, or the name of one.
    """

    id: ImageId
    file_name: str = ""
    width: int = 0
    height: int = 0
    license: int | str | None = None
    coco_url: str | None = None
    flickr_url: str | None = None


class ImageBlock:
    """Some images, a column for each field."""

    __slots__ = ("_heights", "_ids", "_licenses", "_names", "_urls", "_widths")

    def __init__(self, images: Sequence[Image]) -> None:
        self._ids = array("q", [image.id for image in images])
        self._names = TextBlock([image.file_name for image in images])
        self._widths = array("i", [image.width for image in images])
        self._heights = array("i", [image.height for image in images])
        self._licenses = [image.license for image in images]
        # An address that is not stated is no text of any length.
        self._urls = [
            TextBlock([image.coco_url or "" for image in images]),
            TextBlock([image.flickr_url or "" for image in images]),
        ]

    @property
    def nbytes(self) -> int:
        """Bytes that it takes; licences are few, and shared."""
        texts = (self._names, *self._urls)
        each = sum(c.itemsize for c in (self._ids, self._widths, self._heights)) + 8
        return len(self) * each + sum(text.nbytes for text in texts)

    @property
    def sizes(self) -> NDArray[np.int32]:
        """Width and height of each, int32[n, 2]."""
        return np.stack([self._widths, self._heights], axis=1, dtype=np.int32)

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, at: int) -> Image:
        coco_url, flickr_url = (urls[at] or None for urls in self._urls)
        return Image(
            self._ids[at],
            self._names[at],
            self._widths[at],
            self._heights[at],
            self._licenses[at],
            coco_url,
            flickr_url,
        )

    def __iter__(self) -> Iterator[Image]:
        return (self[at] for at in range(len(self)))


class Images(Blocks[Image]):
    """The images of a file, or some of them."""

    __slots__ = ()
    blocks: Sequence[ImageBlock]

    @classmethod
    def of(cls, images: Iterable[Image]) -> Images:
        """Return images in blocks.

        >>> Images.of([Image(9, "a.jpg", 640, 480)])[0].file_name
        'a.jpg'
        """
        return cls(map(ImageBlock, in_blocks(images)))

    @property
    def sizes(self) -> NDArray[np.int32]:
        """Width and height of each, int32[n, 2]; 0 where they are not stated."""
        none = np.zeros((0, 2), np.int32)
        return np.concatenate([none, *(block.sizes for block in self.blocks)])
