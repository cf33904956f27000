"""The size of an image, from its header, once its end marker is seen to be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image
from PIL.TiffImagePlugin import IMAGELENGTH, IMAGEWIDTH, TiffImageFile

from builder.images.bounds import check_bounds
from builder.images.kinds import foreign_kind
from builder.images.open import FORMATS, open_image
from builder.images.tags import BrokenError

if TYPE_CHECKING:
    from builder.limits import Limits


def read_size(data: bytes, limits: Limits) -> tuple[tuple[int, int], bool]:
    """Return width and height as stored, once the end marker is seen to be there.

    And whether there may be an orientation: see `builder.images.bounds.Header`.

    Raises
    ------
    BrokenError
        It is no image, was cut short, or asks for more than `limits` allow.
    """
    if not data:
        raise BrokenError("is an empty file")
    size, may_be_turned = check_bounds(data, limits)
    if size is not None and not data.startswith(b"RIFF"):  # its end is not seen by that
        return size, may_be_turned
    try:
        with open_image(data, limits) as image:
            if isinstance(image, TiffImageFile):  # whose size some Pillows turn
                tags = image.tag_v2
                return (int(tags[IMAGEWIDTH]), int(tags[IMAGELENGTH])), may_be_turned
            return image.size, may_be_turned
    except BrokenError:
        raise
    except Exception as err:
        if isinstance(err, Image.DecompressionBombError):
            raise BrokenError("is too large to open safely") from err
        kind = foreign_kind(data)
        if kind is not None:
            raise BrokenError(f"is no image but {kind}") from err
        raise BrokenError(
            f"is not an image in any of {', '.join(FORMATS)}, or one without width "
            f"or height: it begins with {data[:8].hex()}"
        ) from err
