"""The errors that trimset raises on purpose; anything else is a bug.

TrimsetError
├── UsageError           an option or argument makes no sense (exit status 2)
├── SourceError          a source is missing, unknown, or contradicts itself
│   ├── AnnotationError  what an annotation or metadata file says is wrong
│   ├── ImageError       an image is missing, broken, or not what its record says
│   └── FetchError       bytes could not be fetched, or are not the right ones
│       ├── MissingError there is no such file, or none that may be read
│       └── DamagedError all bytes came, but they are not those that were packed
├── SelectionError       the rule cannot be applied to this source
├── OutputError          the output folder is foreign, unfinished, or cannot be written
├── ClusterError         the Dask cluster cannot finish its tasks
├── VerifyError          what was built is not what its manifest says
└── PushError            the Hub refused, or the push would not be safe

Each takes one message that says what, where, expected, found, and the next
step, so that it survives pickling between processes.
"""


class TrimsetError(Exception):
    """Base of every error that trimset raises on purpose."""


class UsageError(TrimsetError, ValueError):
    """An option or argument makes no sense."""


class SourceError(TrimsetError):
    """A source is missing, of an unknown layout, or contradicts itself."""


class AnnotationError(SourceError):
    """An annotation or metadata file holds something that cannot be right."""


class ImageError(SourceError):
    """An image is missing, broken, or not what its record says."""


class FetchError(SourceError):
    """Bytes could not be fetched, or are not the bytes that were asked for."""


class MissingError(FetchError):
    """There is no file at an address, or none that may be read."""


class DamagedError(FetchError):
    """All bytes of a member came, but they are not the bytes that were packed."""


class SelectionError(TrimsetError):
    """The rule of selection cannot be applied to this source."""


class OutputError(TrimsetError):
    """The output folder is foreign, unfinished, or cannot be written."""


class ClusterError(TrimsetError):
    """The Dask cluster went away, or lost a task again and again."""


class VerifyError(TrimsetError):
    """What was built is not what its manifest says."""


class PushError(TrimsetError):
    """The Hub refused the push, or the push would not be safe."""
