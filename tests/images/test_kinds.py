"""Files that are no images are called what they are, with what can be done."""

import pytest

from builder.images.kinds import foreign_kind

BOX = b"\0\0\0\x18ftyp"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer: run git"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file: save the images in it as files"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04", "a zip: give it as the place of the images, or unpack it"),
        (b"\x1f\x8b\x08", "a gzip file: unpack it"),
        (b"\x93NUMPY\x01", "a NumPy array: save it as PNG"),
        (b"SIMPLE  =    T", "a FITS file: convert it"),
        (b"8BPS\0\1", "a Photoshop file: convert it"),
        (b"\0\0\0\x0cjP  \r\n", "JPEG 2000: convert it to PNG or JPEG"),
        (b"\xff\x4f\xff\x51\0", "JPEG 2000: convert it to PNG or JPEG"),
        (b"\0\0\0\x0cJXL \r\n", "JPEG XL: convert it to PNG or JPEG"),
        (b"\xff\x0a\0", "JPEG XL: convert it to PNG or JPEG"),
        (b"II*\0\x10\0\0\0CR\2", "a raw photograph (CR2): convert it"),
        (BOX + b"avif", "AVIF: convert it to PNG or JPEG"),
        (BOX + b"heic", "HEIC: convert it to PNG or JPEG"),
        (BOX + b"mif1", "HEIF: convert it to PNG or JPEG"),
        (BOX + b"isom", "a video or the like"),
        (bytes(128) + b"DICM", "a DICOM file: convert it to PNG"),
        (b"\xef\xbb\xbf\r\n <SVG width='3'>", "an SVG drawing: convert it to PNG"),
        (b"<?xml version='1.0'?>\n<svg>", "an SVG drawing: convert it to PNG"),
        (b"<?XML version='1.0'?>\n<html>", "an HTML page, which was saved in its"),
        (b"\t<!DOCTYPE html>", "an HTML page, which was saved in its place: get the"),
        (b"<HTML lang=en>", "an HTML page, which was saved in its place: get the"),
    ],
)
def test_what_is_no_image_is_told_by_its_beginning(data, told):
    assert (foreign_kind(data) or "").startswith(told)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"words",
        b"a <html>",
        b"<?xml version='1.0'?><kml>",
        b"<!-- <svg> -->",
        bytes(127) + b"DICM",
        b" " * 600 + b"<html>",
        b"ftypavif",
        b"<?xml?>" + b" " * 600 + b"<svg>",
    ],
)
def test_of_others_nothing_is_said(data):
    assert foreign_kind(data) is None
