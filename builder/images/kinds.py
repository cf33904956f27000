"""What files are that were given as images and are none. Pure."""

from __future__ import annotations

# By how they begin: as a user would call it, and what can be done.
_BEGINNINGS = (
    (b"version https://git-lfs", "a Git LFS pointer: run git lfs pull"),
    (b"\x89HDF", "an HDF5 file: save the images in it as files of their own"),
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip: give it as the place of the images, or unpack it"),
    (b"\x1f\x8b", "a gzip file: unpack it"),
    (b"\x93NUMPY", "a NumPy array: save it as PNG"),
    (b"SIMPLE  =", "a FITS file: convert it"),
    (b"8BPS", "a Photoshop file: convert it"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000: convert it to PNG or JPEG"),
    (b"\xff\x4f\xff\x51", "JPEG 2000: convert it to PNG or JPEG"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL: convert it to PNG or JPEG"),
    (b"\xff\x0a", "JPEG XL: convert it to PNG or JPEG"),
    (b"II*\x00\x10\x00\x00\x00CR", "a raw photograph (CR2): convert it"),
)
_BRANDS = {
    b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC",
    b"mif1": "HEIF", b"msf1": "HEIF",
}  # fmt: skip
_TEXTS = ((b"<!doctype html", "HTML"), (b"<html", "HTML"), (b"<svg", "SVG"))


def foreign_kind(data: bytes) -> str | None:
    """Return what a file is that is no image we read, and the next step, if known.

    >>> foreign_kind(b"<!DOCTYPE html><title>Not found")
    'an HTML page, which was saved in its place: get the image again'
    """
    for beginning, kind in _BEGINNINGS:
        if data.startswith(beginning):
            return kind
    if data[4:8] == b"ftyp":
        name = _BRANDS.get(data[8:12])
        return f"{name}: convert it to PNG or JPEG" if name else "a video or the like"
    if data[128:132] == b"DICM":
        return "a DICOM file: convert it to PNG"
    text = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for beginning, kind in _TEXTS:
        if text.startswith(beginning) or (text[:5] == b"<?xml" and beginning in text):
            if kind == "SVG":
                return "an SVG drawing: convert it to PNG"
            return "an HTML page, which was saved in its place: get the image again"
    return None
