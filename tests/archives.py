"""Zips made on the spot."""

import io
import zipfile


def make_zip(files, *, method=zipfile.ZIP_STORED, force_zip64=False, comment=b""):
    """Return the bytes of a zip of `files`, a dict of names to contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            with archive.open(name, "w", force_zip64=force_zip64) as member:
                member.write(data)
        archive.comment = comment
    return buffer.getvalue()
