"""Read the bytes of a file that lies here, whole or out of a zip."""

from __future__ import annotations

import mmap
import os
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from typing import IO, TYPE_CHECKING

from builder.errors import ImageError, OutputError, SourceError
from builder.sources.disk import check_room
from builder.sources.links import open_within
from builder.sources.zips import is_stored, unpack, unpack_pieces

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator

    from builder.sources.member import LocalMember


def read_into(member: LocalMember, out: memoryview) -> int:
    """Fill `out` with the bytes of an image.

    Parameters
    ----------
    member : LocalMember
        A file, or a member of a zip.
    out : memoryview of uint8[file_size]

    Returns
    -------
    int
        Stamp of the file (or zip): device, inode, size, time of change and of last
        write, in 64 bits. While it is the same, so are the bytes, and their digest need
        not be taken again; it is never the same on two machines. 0, which stands for
        nothing, if the file changed while it was read.

    Raises
    ------
    ImageError
        The file is not there, or has not the size that it had when it was found.
    SourceError
        A link leads out of the source.
    DamagedError
        The zip's member is damaged.
    """
    if member.in_zip:
        span, stamp = _read_span(member)
        done = 0
        for piece in unpack_pieces(span, member):
            out[done : done + len(piece)] = piece
            done += len(piece)
        return stamp

    def fill(file: io.FileIO) -> int:
        done = 0
        while count := file.readinto(out[done:]):
            done += count
        return done

    return _read_file(member, len(out), fill)


def read_image(member: LocalMember) -> bytes:
    """Return the bytes of an image; raises what `read_into` does."""
    return read_stamped(member)[0]


def read_stamped(member: LocalMember) -> tuple[bytes, int]:
    """Return the bytes of an image, and the stamp that `read_into` gives."""
    if member.in_zip:
        span, stamp = _read_span(member)
        return bytes(unpack(span, member)), stamp
    data = b""

    def take(file: io.FileIO) -> int:
        nonlocal data
        while more := file.read(member.file_size - len(data)):
            data = data + more if data else more  # all of it at once, as a rule
        return len(data)

    stamp = _read_file(member, member.file_size, take)
    return data, stamp


def _read_file(
    member: LocalMember, expected: int, read: Callable[[io.FileIO], int]
) -> int:
    """Return the stamp of a file of which `read` has read as much as is expected."""
    try:
        with open_within(member.path, member.root) as file:
            size, stamp = _look(file)
            done = read(file) if size == expected else size
            stamp = stamp if _look(file)[1] == stamp else 0
    except OSError as err:
        msg = f"{member.path}: cannot read the image: {err.strerror}"
        raise ImageError(msg) from err
    if done != expected:
        msg = (
            f"{member.path}: expected {expected} bytes as when the build began, found"
            f" {done}: the source changed; run the build again"
        )
        raise ImageError(msg)
    return stamp


@contextmanager
def mapped(member: LocalMember) -> Iterator[memoryview]:
    """Map a large file into memory, or a member of a zip, checked.

    A stored member is mapped where it lies; a deflated one is unpacked into a temporary
    file, which never gets larger than the zip's directory declares.

    Raises
    ------
    SourceError
        The file cannot be read, or a link leads out of the source.
    OutputError
        There is no room to unpack it.
    DamagedError
        The zip's member is damaged.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_within(member.path, member.root))
            size, _ = _look(file)
            if not member.in_zip and size != member.file_size:
                msg = (
                    f"{member.path}: expected {member.file_size} bytes as when it was"
                    f" found, found {size}: it changed; run it again"
                )
                raise SourceError(msg)
            view = stack.enter_context(_map(file.fileno()))
            if member.in_zip:
                span = view[member.header_offset :][: member.span]
                view = stack.enter_context(_mapped_member(span, member))
        except OSError as err:
            msg = (
                f"{member.path}: cannot read {member.name}: {err.strerror or err}; give"
                " another source"
            )
            raise SourceError(msg) from err
        yield view


@contextmanager
def _mapped_member(span: memoryview, member: LocalMember) -> Iterator[memoryview]:
    with span:
        if is_stored(member):
            with memoryview(unpack(span, member)) as view:
                yield view
            return
        with _unpacked(span, member) as copy, _map(copy.fileno()) as view:
            yield view


@contextmanager
def _unpacked(span: memoryview, member: LocalMember) -> Iterator[IO[bytes]]:
    """Unpack a member into a temporary file, for which there is room."""
    try:
        check_room({tempfile.gettempdir(): member.file_size})
        copy = tempfile.TemporaryFile()  # noqa: SIM115 (closed below)
    except OSError as err:
        raise _no_room(member, err) from err
    with copy:
        try:
            for piece in unpack_pieces(span, member):
                copy.write(piece)
            copy.flush()
        except OSError as err:
            raise _no_room(member, err) from err
        yield copy


def _no_room(member: LocalMember, err: OSError) -> OutputError:
    return OutputError(
        f"{member.path}: no room to unpack {member.name}, {member.file_size:,} bytes,"
        f" into the temporary folder ({err.strerror or err}): free some, or set TMPDIR"
        " to a folder on another disk"
    )


@contextmanager
def _map(number: int) -> Iterator[memoryview]:
    """Map an open file into memory; an empty one cannot be mapped."""
    if os.fstat(number).st_size == 0:
        yield memoryview(b"")
        return
    whole = mmap.mmap(number, 0, access=mmap.ACCESS_READ)
    view = memoryview(whole)
    try:
        yield view
    finally:
        # The frames of an error may hold parts of it; then it closes with them.
        with suppress(BufferError):
            view.release()
            whole.close()


def _look(file: io.FileIO) -> tuple[int, int]:
    """Return size and stamp of an open file."""
    found = os.fstat(file.fileno())
    # The time of change cannot be set back, but on Windows; that of the last write can.
    parts = (found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns)
    return found.st_size, hash((found.st_size, *parts))


def _read_span(member: LocalMember) -> tuple[bytes, int]:
    try:
        with open_within(member.path, member.root) as file:
            _, stamp = _look(file)
            file.seek(member.header_offset)
            return file.read(member.span), stamp
    except OSError as err:
        msg = f"{member.path}: cannot read {member.name}: {err.strerror}"
        raise ImageError(msg) from err
