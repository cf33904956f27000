"""What is bounded, and by how much: every room reads it here. SECURITY.md lists it.

Nothing that is published comes near one of these. Those of `Limits` are options of the
command line, for who has larger files, or a slower server; the rest is fixed.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Most pixels of an image that is opened: where Pillow itself begins to warn of a
#: decompression bomb (`PIL.Image.MAX_IMAGE_PIXELS` as shipped: a quarter of a GiB at
#: three bytes a pixel). Photographs of skin end at 6000 x 4000, a quarter of it.
MAX_PIXELS = 1024 * 1024 * 1024 // 4 // 3
#: Most parts of an image file: segments and stray bytes of a JPEG before its first
#: scan, chunks of a PNG. 90 million pixels of 16 bits have 66,000 of the usual size.
MAX_PARTS = 100_000
#: Most bytes of EXIF, of which a JPEG can hold 64 KiB in a segment; and of what stands
#: before the first picture of a GIF.
MAX_ASIDE = 1024**2
#: Most numbers in the tags of a TIFF or of EXIF. A TIFF of `MAX_PIXELS` in the smallest
#: tiles has 700,000, where each is and how long.
MAX_TAG_VALUES = 1024**2
#: Most pixels of a BMP with run lengths, which Pillow decodes in Python: 2 s of them.
MAX_RUN_PIXELS = 2048**2
#: Seconds over which the slowest allowed rate of a server is taken.
RATE_WINDOW = 60.0
#: Most characters of the name of a file in a source: an object store's longest key.
MAX_NAME = 1024
#: Most names that are looked at below a folder: four times those of ImageNet-1k.
MAX_ENTRIES = 5_000_000
#: Most bytes of the directory of a zip, and members in it: that of `train2017.zip` has
#: 14 MB and 118,288 of them; a million take 1 GB of memory.
MAX_ZIP_DIRECTORY = 128 * 1024**2
MAX_ZIP_MEMBERS = 1_000_000
#: Most bytes of a recipe: those that come with the package have 2,000. TOML takes 10 s
#: a MiB where each line is a key.
MAX_RECIPE = 256 * 1024
#: Most bytes of the licences of an annotation file, which names 8 or so, in 1 KB.
MAX_LICENSES = 1024**2
#: Most bytes of a line of a table: the widest that is published has 3,000.
MAX_LINE = 1024**2
#: Most columns of a table, and most values in it: one with 55 columns of 401,059
#: rows is published, which are 22 million; 100 million take 800 MB of memory.
MAX_COLUMNS = 4096
MAX_CELLS = 100_000_000
#: Attempts at what a server sends too slowly: each costs a minute or two.
SLOW_ATTEMPTS = 3
#: Most bytes of the head of an HTTP answer, and of what frames its body beyond eight
#: times the body: real heads have one or two thousand, and cookies end at 4 KiB.
MAX_HEAD = 128 * 1024
#: Longest address that is asked for: servers refuse from 8 KiB on.
MAX_URL = 8 * 1024
#: Longest wait that a Retry-After is read as, in seconds: thirty years. What is longer
#: is no more than that, and nobody waits for either.
MAX_WAIT = 1e9


@dataclass(frozen=True)
class Limits:
    """What a source may ask of this machine.

    Attributes
    ----------
    max_file_size : int
        Most bytes of a file, or of a member of a zip. The largest metadata file of the
        official sources has 448 MiB, and Pillow refuses images above 179 million
        pixels; what declares more is a mistake or a zip bomb.
    min_rate : int
        Least bytes a second that a server must send, over `RATE_WINDOW`.
    max_pixels : int
        Most pixels of an image that is opened.
    max_scans : int
        Most scans of a progressive JPEG, each of which is a pass over all of the image.
        Encoders write ten or so.
    """

    max_file_size: int = 512 * 1024**2
    min_rate: int = 1024
    max_pixels: int = MAX_PIXELS
    max_scans: int = 64

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                msg = f"{name}: expected a number from 1 on, found {value}"
                raise ValueError(msg)

    def of_images(self) -> dict[str, int]:
        """Return what decides which images are broken, where it is no default."""
        return {
            name: getattr(self, name)
            for name in OF_IMAGES
            if getattr(self, name) != getattr(LIMITS, name)
        }


#: The limits that decide which images are broken: an output records them.
OF_IMAGES = ("max_pixels", "max_scans")
LIMITS = Limits()

#: Seconds that a command has to put away what it was doing, once a signal told it to
#: stop; then it ends as it stands. Ctrl-C is meant now: a person waits that long.
STOPPING = 3.0

# Of what trimset wrote and reads again, which anybody may have changed since.
#: Most bytes of a manifest, a lock or a mark. The lock of 118,287 images with a
#: config for each of 80 classes has some 20 MB.
MAX_RECORD = 256 * 1024**2
#: Most values in such a record: a few bytes make many, and each takes 100 in memory.
MAX_RECORD_VALUES = 8_000_000
#: Most bytes of the record of one shard, or of one folder of the cache: ten times what
#: the longest URL needs.
MAX_SMALL_RECORD = 64 * 1024
#: Most lists and objects within each other, in JSON, TOML and YAML. A manifest has ten;
#: libraries, and Python itself, give up at some hundreds.
MAX_DEPTH = 64
#: Most digits of a whole number in a record: those of 64 bits.
MAX_DIGITS = 20
#: Most bytes of a part of a path between slashes: no file system takes more.
MAX_PART = 255
#: Most bytes of a card: the Hub itself takes no larger file without LFS.
MAX_CARD = 10 * 1024**2
# Of a shard, by its footer, before it is read. Builds write 250 rows to one, and image
# bytes as they are, so that nothing of it grows.
#: Most rows of a shard.
MAX_SHARD_ROWS = 1_000_000
#: Most values of all columns of a shard together.
MAX_SHARD_VALUES = 100_000_000
#: How many times its file the columns of a shard may take, besides labels.
MAX_SHARD_RATIO = 20
#: Most bytes that labels and other small columns may take besides.
MAX_SHARD_LABELS = 256 * 1024**2
