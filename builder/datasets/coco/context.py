"""What others found to stand beside the classes of COCO."""

#: The 20 most biased pairs of category and context of COCO-Stuff in Singh et al.,
#: "Don't Judge an Object by Its Context: Learning to Overcome Contextual Bias",
#: CVPR 2020 (arXiv:2001.03152), in the order of its table, with names as in COCO;
#: compared with ``create_evaldata.py`` of the replication by Kim et al. (ReScience C,
#: 2021, github.com/princetonvisualai/ContextualBias), which notes that the kind of
#: ceiling is unclear from the paper.
KNOWN_PAIRS = (
    ("cup", "dining table"),
    ("wine glass", "person"),
    ("handbag", "person"),
    ("apple", "fruit"),
    ("car", "road"),
    ("bus", "road"),
    ("potted plant", "vase"),
    ("spoon", "bowl"),
    ("microwave", "oven"),
    ("keyboard", "mouse"),
    ("skis", "person"),
    ("clock", "building"),
    ("sports ball", "person"),
    ("remote", "person"),
    ("snowboard", "person"),
    ("toaster", "ceiling"),
    ("hair drier", "towel"),
    ("tennis racket", "person"),
    ("skateboard", "person"),
    ("baseball glove", "person"),
)
#: Contexts of these that are stuff, with the category of COCO-Stuff that each is: the
#: annotations of instances hold only the 80 things. Where COCO-Stuff has several kinds,
#: it is the one that ``create_evaldata.py`` takes, named above.
STUFF = {
    "fruit": "fruit",
    "road": "road",
    "building": "building-other",
    "ceiling": "ceiling-other",
    "towel": "towel",
}
#: The same pairs, with the contexts as annotations of things and stuff name them.
MEASURED_PAIRS = tuple(
    (target, STUFF.get(context, context)) for target, context in KNOWN_PAIRS
)
#: How the figure says whose pairs they are.
FRAMED = "Singh et al. 2020"
