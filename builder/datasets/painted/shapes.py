"""Little drawings of things, as polygons in a box of 100 by 100.

One shape stands for one COCO category. Its `body` is the outline that an
annotation traces; `detail` is painted over it and lies inside the outline.
"""

# ruff: noqa: E501 - a drawing reads best as a table
from __future__ import annotations

import math
from dataclasses import dataclass

Point = tuple[float, float]
Part = tuple[str, list[Point]]  # a colour, or "" for the shape's own, and a polygon


@dataclass(frozen=True, slots=True)
class Shape:
    """A drawing of one category.

    Attributes
    ----------
    width, height : int
        Size in pixels in an image that is 120 pixels high.
    colours : tuple of str
        What the parts without a colour of their own are painted in, one by chance.
    body, detail : list of Part
        DemoSource in this order; the body is what an annotation traces.
    """

    width: int
    height: int
    colours: tuple[str, ...]
    body: list[Part]
    detail: list[Part]


def box(x0: float, y0: float, x1: float, y1: float) -> list[Point]:
    """Return a rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def oval(x: float, y: float, rx: float, ry: float, points: int = 20) -> list[Point]:
    """Return an ellipse around a centre."""
    turns = (2 * math.pi * k / points for k in range(points))
    return [(x + rx * math.cos(t), y + ry * math.sin(t)) for t in turns]


def bar(x0: float, y0: float, x1: float, y1: float, width: float) -> list[Point]:
    """Return a straight bar from one point to another."""
    length = math.hypot(x1 - x0, y1 - y0)
    dx, dy = (y1 - y0) / length * width / 2, (x0 - x1) / length * width / 2
    return [
        (x0 + dx, y0 + dy),
        (x1 + dx, y1 + dy),
        (x1 - dx, y1 - dy),
        (x0 - dx, y0 - dy),
    ]


def arc(
    x: float, y: float, rx: float, ry: float, width: float, start: float, stop: float
) -> list[Point]:
    """Return a band along an ellipse, from one angle to another in half turns."""
    turns = [math.pi * (start + (stop - start) * k / 10) for k in range(11)]
    outer = [(x + rx * math.cos(t), y + ry * math.sin(t)) for t in turns]
    rx, ry = rx - width, ry - width
    return outer + [(x + rx * math.cos(t), y + ry * math.sin(t)) for t in turns[::-1]]


_DARK, _GREY, _PALE, _WHITE, _SKIN = (
    "#26262b",
    "#8b9097",
    "#cfe6f2",
    "#fbfbf7",
    "#e2b18d",
)
_BRIGHT = ("#c8322b", "#2b5fb8", "#e0b020", "#3b8f4a", "#7a3f98", "#e8e8e8")

SHAPES: dict[int, Shape] = {
    1: Shape(  # person
        24, 62, ("#c8322b", "#2b5fb8", "#3b8f4a", "#7a3f98", "#d98324"),
        [(_SKIN, oval(50, 11, 19, 11)), ("", box(26, 24, 74, 60)),
         ("", bar(24, 27, 8, 58, 15)), ("", bar(76, 27, 92, 58, 15)),
         ("#2f3552", bar(38, 58, 34, 99, 19)), ("#2f3552", bar(62, 58, 66, 99, 19))],
        [("#4a3020", arc(50, 10, 19, 10, 6, 1, 2)), (_DARK, oval(42, 11, 3, 1.3)),
         (_DARK, oval(58, 11, 3, 1.3))],
    ),
    3: Shape(  # car
        54, 25, _BRIGHT,
        [("", [(18, 42), (30, 4), (68, 4), (84, 42)]),
         ("", [(3, 40), (90, 40), (100, 52), (100, 80), (0, 80), (0, 48)]),
         (_DARK, oval(22, 80, 10, 20)), (_DARK, oval(78, 80, 10, 20))],
        [(_PALE, [(25, 40), (33, 12), (48, 12), (48, 40)]),
         (_PALE, [(52, 40), (52, 12), (66, 12), (77, 40)]),
         (_GREY, oval(22, 80, 4, 9)), (_GREY, oval(78, 80, 4, 9)),
         ("#ffe680", box(95, 52, 100, 62))],
    ),
    6: Shape(  # bus
        76, 40, ("#d9a21b", "#c8322b", "#2b5fb8", "#3b8f4a"),
        [("", box(0, 0, 100, 87)), (_DARK, oval(20, 86, 8, 14)), (_DARK, oval(78, 86, 8, 14))],
        [(_PALE, box(x, 14, x + 13, 45)) for x in (4, 20, 36, 52)]
        + [(_PALE, box(72, 14, 83, 78)), (_DARK, box(77, 14, 78, 78)),
           (_PALE, box(88, 14, 100, 50)), (_WHITE, box(0, 55, 70, 61)),
           (_GREY, oval(20, 86, 3, 6)), (_GREY, oval(78, 86, 3, 6))],
    ),
    10: Shape(  # traffic light
        13, 52, ("#3a3d42",),
        [("", box(8, 0, 92, 62)), ("", box(42, 60, 58, 100))],
        [("#e23b30", oval(50, 11, 24, 7)), ("#f0c030", oval(50, 31, 24, 7)),
         ("#35b04a", oval(50, 51, 24, 7))],
    ),
    31: Shape(  # handbag
        25, 29, ("#8a4b2a", "#b0303a", "#2a3550", "#c58a3a"),
        [("", arc(50, 44, 30, 44, 9, 1, 2)), ("", [(8, 38), (92, 38), (100, 100), (0, 100)])],
        [("#5b2f1a", [(8, 38), (92, 38), (94, 56), (6, 56)]), ("#e8c45a", box(43, 50, 57, 64))],
    ),
    35: Shape(  # skis
        34, 60, ("#d0342c", "#2456b0", "#e08a1e"),
        [("", [(2, 99), (12, 100), (58, 10), (57, 0), (49, 4)]),
         ("", [(38, 99), (48, 100), (94, 10), (93, 0), (85, 4)])],
        [(_DARK, bar(24, 65, 32, 50, 11)), (_DARK, bar(60, 65, 68, 50, 11))],
    ),
    36: Shape(  # snowboard
        19, 62, ("#17a398", "#e2508a", "#6a4bc4", "#f08a24"),
        [("", oval(50, 16, 48, 16)[10:] + oval(50, 84, 48, 16)[:11])],
        [(_WHITE, [(4, 52), (96, 40), (96, 48), (4, 60)]), (_DARK, box(8, 26, 92, 33)),
         (_DARK, box(8, 68, 92, 75))],
    ),
    37: Shape(  # sports ball
        20, 20, (_WHITE,),
        [(_DARK, oval(50, 50, 50, 50))],
        [("", oval(50, 50, 45, 45)), (_DARK, oval(50, 50, 17, 17, 5))]
        + [(_DARK, bar(50, 50, x, y, 5)) for x, y in ((95, 50), (64, 93), (14, 76), (14, 24), (64, 7))]
        + [(_DARK, oval(x, y, 9, 9, 5)) for x, y in ((86, 50), (61, 84), (21, 71), (21, 29), (61, 16))],
    ),
    39: Shape(  # baseball bat
        12, 52, ("#c99a5b", "#a8743a"),
        [("", [(28, 0), (72, 0), (92, 8), (60, 94), (40, 94), (8, 8)]), ("", box(28, 93, 72, 100))],
        [(_DARK, [(44, 74), (56, 74), (58, 92), (42, 92)])],
    ),
    40: Shape(  # baseball glove
        31, 31, ("#9a5a2c", "#7d4524", "#b5713a"),
        [("", oval(54, 66, 40, 33)), ("", oval(27, 31, 11, 28)), ("", oval(48, 27, 11, 27)),
         ("", oval(69, 29, 11, 27)), ("", oval(88, 43, 11, 25)), ("", oval(13, 66, 13, 22))],
        [("#5f3416", bar(37, 24, 37, 60, 3)), ("#5f3416", bar(58, 22, 58, 60, 3)),
         ("#5f3416", bar(79, 30, 77, 60, 3)), (_WHITE, oval(52, 66, 19, 19)),
         ("#c8322b", arc(38, 66, 16, 19, 3, -0.3, 0.3)), ("#c8322b", arc(66, 66, 16, 19, 3, 0.7, 1.3))],
    ),
    41: Shape(  # skateboard
        52, 15, ("#d98324", "#3b8f4a", "#b03060", "#2b5fb8"),
        [("", [(0, 8), (6, 0), (17, 32), (83, 32), (94, 0), (100, 8), (87, 58), (13, 58)]),
         (_WHITE, oval(25, 76, 8, 24)), (_WHITE, oval(75, 76, 8, 24))],
        [(_DARK, oval(25, 76, 4, 12)), (_DARK, oval(75, 76, 4, 12))],
    ),
    43: Shape(  # tennis racket
        27, 60, ("#c8322b", "#2b5fb8", "#1f1f24"),
        [("", oval(50, 31, 46, 31)), ("", bar(50, 58, 50, 100, 14))],
        [("#f2f4e4", oval(50, 31, 36, 25))]
        + [(_GREY, bar(x, 31 - d, x, 31 + d, 2)) for x, d in ((26, 18), (38, 23), (50, 24), (62, 23), (74, 18))]
        + [(_GREY, bar(50 - d, y, 50 + d, y, 1.2)) for y, d in ((15, 26), (23, 33), (31, 35), (39, 33), (47, 26))]
        + [(_DARK, bar(50, 76, 50, 100, 13))],
    ),
    46: Shape(  # wine glass
        20, 46, ("#dcecf2",),
        [("", [(8, 0), (92, 0), (96, 24), (80, 46), (56, 54), (44, 54), (20, 46), (4, 24)]),
         ("", box(44, 52, 56, 94)), ("", oval(50, 95, 38, 5))],
        [("#8e1530", [(7, 22), (93, 22), (78, 43), (56, 50), (44, 50), (22, 43)])],
    ),
    47: Shape(  # cup
        27, 23, ("#f4f4ee", "#4b8fc4", "#d05a3a", "#4c9a62"),
        [("", [(0, 10), (74, 10), (66, 100), (8, 100)]), ("", arc(70, 46, 30, 36, 11, -0.5, 0.5)),
         ("", oval(37, 10, 37, 10))],
        [("#4a2a18", oval(37, 11, 31, 7))],
    ),
    50: Shape(  # spoon
        13, 48, ("#b9bfc6", "#a3abb5", "#c9a66a"),
        [("", oval(50, 18, 44, 18)), ("", [(38, 32), (62, 32), (66, 97), (50, 100), (34, 97)])],
        [("#e9edf0", oval(44, 16, 24, 12))],
    ),
    51: Shape(  # bowl
        34, 16, ("#5a8fb8", "#c9764a", "#e8e0d0", "#5f9a6a"),
        [("", oval(50, 14, 50, 86, 40)[:21]), ("", oval(50, 14, 50, 14))],
        [("#f3e7c8", oval(50, 14, 42, 9))],
    ),
    52: Shape(  # banana
        32, 17, ("#f2cf35", "#d9c03a"),
        [("", [(0, 12), (7, 8), (22, 46), (50, 62), (78, 46), (92, 0), (100, 6), (92, 62),
               (70, 94), (44, 100), (16, 76)])],
        [("#6b4a1a", [(92, 0), (100, 6), (98, 16), (90, 12)]), ("#6b4a1a", [(0, 12), (7, 8), (8, 18)])],
    ),
    53: Shape(  # apple
        21, 24, ("#cc2a28", "#b81f2e", "#d84030"),
        [("", oval(35, 60, 35, 37)), ("", oval(65, 60, 35, 37)), ("", oval(50, 70, 34, 30)),
         ("#5a3a1c", bar(50, 34, 54, 4, 8)), ("#3f9a3a", [(55, 20), (70, 4), (92, 6), (78, 22)])],
        [("#f08a80", oval(26, 50, 8, 11))],
    ),
    63: Shape(  # couch
        74, 36, ("#6b7fa8", "#a8604c", "#6a8a6a", "#8a6aa0"),
        [("", box(10, 0, 90, 60)), ("", box(0, 26, 15, 90)), ("", box(85, 26, 100, 90)),
         ("", box(10, 52, 90, 90)), (_DARK, box(5, 90, 12, 100)), (_DARK, box(88, 90, 95, 100))],
        [(_DARK, box(49.5, 4, 50.5, 76)), (_DARK, box(15, 54, 85, 57)), (_DARK, box(15, 76, 85, 78))],
    ),
    64: Shape(  # potted plant
        34, 50, ("#3f8f43", "#57a04a", "#2f7a50"),
        [("", [(50, 66), (8, 40), (0, 16), (30, 30)]), ("", [(50, 66), (92, 40), (100, 16), (70, 30)]),
         ("", [(50, 68), (26, 30), (34, 2), (50, 22)]), ("", [(50, 68), (74, 30), (66, 2), (50, 22)]),
         ("", [(47, 66), (4, 62), (14, 50), (40, 54)]), ("", [(53, 66), (96, 62), (86, 50), (60, 54)]),
         ("#b8643a", [(24, 64), (76, 64), (68, 100), (32, 100)])],
        [("#9a4f2c", box(23, 64, 77, 71)), ("#8cc474", bar(50, 64, 32, 18, 2)), ("#8cc474", bar(50, 64, 68, 18, 2))],
    ),
    67: Shape(  # dining table
        140, 52, ("#a9743f", "#8f5e34", "#c29a68"),
        [("", [(12, 0), (88, 0), (100, 44), (0, 44)]), ("#6e4626", box(0, 44, 100, 54)),
         ("#6e4626", box(5, 54, 11, 100)), ("#6e4626", box(89, 54, 95, 100))],
        [],
    ),
    72: Shape(  # tv
        54, 39, ("#23242a",),
        [("", box(0, 0, 100, 82)), ("", box(44, 82, 56, 94)), ("", box(26, 93, 74, 100))],
        [("#5f93b8", box(4, 5, 96, 76)), ("#a8d0e0", [(4, 5), (50, 5), (24, 76), (4, 76)])],
    ),
    74: Shape(  # mouse
        13, 19, ("#e4e4e2", "#3a3a40", "#a8b0c0"),
        [("", oval(50, 54, 46, 46)), (_DARK, box(47, 0, 53, 12))],
        [(_GREY, box(48, 9, 52, 48)), (_GREY, box(6, 46, 94, 49)), (_DARK, oval(50, 30, 8, 9))],
    ),
    75: Shape(  # remote
        15, 42, ("#2c2d33", "#4a4c55"),
        [("", [(16, 0), (84, 0), (98, 5), (100, 95), (86, 100), (14, 100), (0, 95), (2, 5)])],
        [("#e03a30", oval(28, 10, 13, 4.5)), ("#e8e8e8", oval(50, 32, 30, 11)), ("#2c2d33", oval(50, 32, 13, 5))]
        + [("#d5d8dc", box(x, y, x + 18, y + 6)) for y in (52, 64, 76, 88) for x in (14, 41, 68)],
    ),
    76: Shape(  # keyboard
        62, 21, ("#d7d9dc", "#34363c", "#b8bcc2"),
        [("", [(6, 0), (94, 0), (100, 100), (0, 100)])],
        [("#8f949b" if (i + j) % 2 else "#6d727a", box(11 - 1.5 * j + i * (7.9 + 0.3 * j), 9 + 22 * j,
                                                      16.5 - 1.5 * j + i * (7.9 + 0.3 * j), 25 + 22 * j))
         for j in range(3) for i in range(10)] + [("#6d727a", box(28, 76, 72, 91))],
    ),
    78: Shape(  # microwave
        50, 30, ("#d5d7da", "#3b3d44", "#b3b7bd"),
        [("", box(0, 0, 100, 93)), (_DARK, box(6, 92, 14, 100)), (_DARK, box(86, 92, 94, 100))],
        [(_DARK, box(5, 10, 66, 84)), ("#6d6a4a", box(10, 20, 61, 74)), (_WHITE, box(68, 12, 71, 82)),
         (_DARK, box(75, 8, 96, 86)), ("#45e07a", box(78, 14, 93, 28))]
        + [(_PALE, box(x, y, x + 4, y + 9)) for y in (38, 54, 70) for x in (78, 84, 90)],
    ),
    79: Shape(  # oven
        44, 50, ("#e6e6e2", "#b9bdc2", "#5a5d64"),
        [("", box(0, 0, 100, 100))],
        [(_DARK, box(0, 0, 100, 5)), (_DARK, box(10, 40, 90, 86)), ("#d9772c", box(20, 54, 80, 78)),
         (_GREY, box(8, 29, 92, 34))] + [(_DARK, oval(x, 17, 6, 6)) for x in (16, 38, 62, 84)],
    ),
    80: Shape(  # toaster
        36, 33, ("#b9c0c8", "#c8433a", "#9fb8a8"),
        [("#d9a860", [(18, 42), (18, 8), (26, 0), (40, 0), (48, 8), (48, 42)]),
         ("#d9a860", [(54, 42), (54, 8), (62, 0), (76, 0), (84, 8), (84, 42)]),
         ("", [(10, 32), (88, 32), (94, 42), (95, 92), (3, 92), (4, 42)]), (_DARK, box(94, 48, 100, 60)),
         (_DARK, box(8, 91, 20, 100)), (_DARK, box(78, 91, 90, 100))],
        [("#f2d9a0", box(23, 7, 43, 32)), ("#f2d9a0", box(59, 7, 79, 32)), (_DARK, box(14, 32, 50, 37)),
         (_DARK, box(52, 32, 86, 37)), (_DARK, box(86, 46, 89, 82)), (_WHITE, bar(18, 50, 18, 80, 5))],
    ),
    81: Shape(  # sink
        50, 28, ("#eef0f2", "#d8dde2"),
        [("", oval(50, 46, 50, 54, 40)[:21]), ("", box(0, 38, 100, 52)),
         (_GREY, arc(58, 20, 20, 20, 8, 1, 2)), (_GREY, box(70, 16, 78, 42))],
        [("#b8c4cc", oval(50, 45, 40, 5))],
    ),
    85: Shape(  # clock
        31, 31, ("#3a2a20", "#1f2f4f", "#a02c2c"),
        [("", oval(50, 50, 50, 50, 28))],
        [(_WHITE, oval(50, 50, 41, 41, 28))]
        + [(_DARK, bar(50 + 31 * x, 50 + 31 * y, 50 + 38 * x, 50 + 38 * y, 6)) for x, y in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        + [(_DARK, bar(50, 53, 50, 18, 6)), (_DARK, bar(48, 50, 73, 62, 7)), ("#c8322b", oval(50, 50, 6, 6))],
    ),
    86: Shape(  # vase
        20, 44, ("#3f6fb0", "#e6dcc8", "#7a4fa0"),
        [("", [(36, 48), (64, 48), (60, 58), (88, 78), (72, 100), (28, 100), (12, 78), (40, 58)]),
         ("#3f8f43", bar(50, 52, 22, 14, 8)), ("#3f8f43", bar(50, 52, 50, 10, 8)), ("#3f8f43", bar(50, 52, 78, 14, 8)),
         ("#e2508a", oval(20, 14, 20, 9)), ("#f0c030", oval(50, 9, 20, 9)), ("#e2508a", oval(80, 14, 20, 9))],
        [(_WHITE, [(20, 76), (80, 76), (84, 80), (16, 80)])],
    ),
    89: Shape(  # hair drier
        44, 40, ("#d0407a", "#26262b", "#3fa0b0"),
        [("", oval(34, 28, 30, 28)), ("", [(34, 4), (82, 14), (82, 42), (34, 52)]),
         (_DARK, [(82, 8), (100, 4), (100, 52), (82, 48)]), ("", [(28, 48), (48, 48), (42, 94), (24, 94)]),
         (_DARK, arc(18, 88, 18, 12, 5, 0, 1))],
        [(_DARK, oval(26, 28, 15, 16)), (_GREY, oval(26, 28, 9, 10)), (_WHITE, box(32, 60, 39, 72))],
    ),
}  # fmt: skip
