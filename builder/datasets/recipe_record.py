"""What a recipe says: typed records, which refuse keys that they do not know. Pure."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

# What the Hub takes for the name of a repo, and `datasets` for that of a split
# (datasets.naming._split_re; "all" is its word for all of them), which is also part of
# file names.
NAME = r"^(?!.*(--|\.\.))[0-9A-Za-z_][0-9A-Za-z_.-]{0,95}(?<![.-])(?<!\.git)\Z"
SPLIT = r"^(?![aA][lL][lL]\Z)(?=.{1,64}\Z)\w+(\.\w+)*\Z"
SLICE = r"^[0-9]+:[0-9]+\Z"
SHA256 = r"^[0-9a-f]{64}\Z"
#: What each pattern stands for, for messages.
PATTERNS = {
    NAME: (
        "a name of letters, digits, _, - and . (no two of - or . in a row, and no .git"
        " at the end), 96 at most"
    ),
    SPLIT: (
        "a name of letters, digits, _ and dots between them, 64 at most, and not 'all'"
    ),
    SLICE: "START:STOP in whole numbers",
    SHA256: "64 hexadecimal digits in lower case",
}

Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
Texts: TypeAlias = Text | Annotated[list[Text], msgspec.Meta(min_length=1)]
Fraction: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=1)]
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
Amount: TypeAlias = Number | Fraction
Rule: TypeAlias = Literal["balanced", "per_label", "slices", "sample", "all"]


class SourceFiles(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """Where a split, or the one source, lies: ``[splits.NAME]`` or ``[source]``.

    Attributes
    ----------
    annotations, metadata : str or list of str
        Of the kind ``coco``, and of the kind ``table``: a file, or
        ``archive.zip::member``; of several the first that is there.
    images : str or list of str
        Folders and zips, all of which are looked through.
    duplicates : str or list of str
        Of a table: a file of pairs of images that belong together.
    """

    annotations: Texts | None = None
    metadata: Texts | None = None
    images: Texts | None = None
    duplicates: Texts | None = None


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the columns of a table are: ``[columns]``.

    Attributes
    ----------
    image : str
        Name of the image, with or without ending and folder.
    label : str or list of str
        The class; or the columns, one a class, of which one is 1.
    group : list of str
        What is kept in one split, such as patients.
    split : str
        The split that a row belongs to.
    labels : dict of str to list of str
        Names of the classes, with the values of `label` that each stands for; rows
        of other values are left out.
    """

    image: Text
    label: Texts | None = None
    group: Texts | None = None
    split: Text | None = None
    labels: dict[str, Texts] = {}


class Select(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which rows are taken: ``[select]``.

    Attributes
    ----------
    rule : str
    targets : "all" or list of (str or int)
        Of ``balanced`` and ``per_label``: classes by name, or by the id of a category.
    samples : number, or dict of str to number
        For each target, label or split; a whole number, or a fraction.
    slices : dict of str to str
        ``START:STOP`` of the rows of each label, sorted by it.
    unannotated : bool
        Whether images without annotations count as images without any class.
    objects : {"none", "boxes", "masks"}
    seed : int
    tolerance : float, optional
        How far splits that are cut may be from their fractions, and the share of a
        label in them from that of all rows, if that is more than one group.
    """

    rule: Rule = "all"
    targets: Literal["all"] | list[Text | int] = "all"
    samples: Amount | dict[str, Amount] | None = None
    slices: dict[str, Annotated[str, msgspec.Meta(pattern=SLICE)]] = {}
    unannotated: bool = False
    objects: Literal["none", "boxes", "masks"] = "none"
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)] = 42
    tolerance: Annotated[float, msgspec.Meta(ge=0, lt=1)] | None = None


class OfficialSource(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True
):
    """The source that the recipe comes from: ``[official]``.

    Attributes
    ----------
    sha256 : dict of str to str
        Digest of each of its tables, by role, such as ``train annotations``.
    url : str
        Server that has it, in the layout that the recipe names.
    publisher : str
        Who published the images.
    """

    sha256: dict[str, Annotated[str, msgspec.Meta(pattern=SHA256)]]
    url: str = ""
    publisher: str = ""


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the card says of the dataset itself.

    Attributes
    ----------
    title, description, homepage, repository, paper, citation : str
    license, license_name, license_link : str
        As on a card of the Hub.
    language, tags, task_categories : list of str
        As on a card of the Hub.
    uses, out_of_scope : str
        What the dataset is for, and what it is not for.
    curation, annotation, personal : str
        How the images were collected; how they were annotated, and by whom; what of
        persons is in them. What is not said here, the card says is not stated.
    """

    title: str = ""
    description: str = ""
    homepage: str = ""
    repository: str = ""
    paper: str = ""
    citation: str = ""
    license: str = ""
    license_name: str = ""
    license_link: str = ""
    language: str | list[str] = []
    tags: list[str] = []
    task_categories: list[str] = []
    uses: str = ""
    out_of_scope: str = ""
    curation: str = ""
    annotation: str = ""
    personal: str = ""


class RecipeFile(About, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recipe, as its file says it.

    Attributes
    ----------
    kind : {"coco", "table"}
    name : str
        Of the dataset.
    splits : dict of str to (SourceFiles or float)
        Splits of the source as they are, or fractions to cut `source` into.
    source : SourceFiles, optional
    columns : Columns, optional
        Of the kind ``table``.
    select : Select
    official : OfficialSource, optional
    """

    kind: Literal["coco", "table"]
    name: Annotated[str, msgspec.Meta(pattern=NAME)]
    splits: dict[
        Annotated[str, msgspec.Meta(pattern=SPLIT)], SourceFiles | Fraction
    ] = {}
    source: SourceFiles | None = None
    columns: Columns | None = None
    select: Select = Select()
    official: OfficialSource | None = None
