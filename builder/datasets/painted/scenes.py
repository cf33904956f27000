"""Scenes in which drawn things stand together as they do in photographs."""

# ruff: noqa: E501 - a scene reads best as a table
from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from builder.datasets.painted.painting import clouds
from builder.datasets.painted.shapes import SHAPES, Part, Point, box, oval

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCALE = 2  # pictures are drawn this much larger, for smooth edges


@dataclass(frozen=True, slots=True)
class Scene:
    """A place, and how often each category is seen in it.

    Attributes
    ----------
    wall, floor : tuple of str
        Colours above and below the horizon, one of each by chance.
    horizon : int
        Height of the horizon, in hundredths from the top.
    likely : dict of int to float
        Category ids that stand on the floor, with their probabilities.
    hanging : dict of int to float
        Category ids that hang on the wall, with their probabilities.
    support : int
        Category id of what the things stand on, such as a table; 0 for the floor.
    crowd : int
        Category id of which a crowd may be seen; 0 for none.
    backdrop : list of Part
        DemoSource on wall and floor, in hundredths of the picture.
    """

    wall: tuple[str, ...]
    floor: tuple[str, ...]
    horizon: int
    likely: dict[int, float]
    hanging: dict[int, float] = field(default_factory=dict)
    support: int = 0
    crowd: int = 0
    backdrop: list[Part] = field(default_factory=list)


_WALLS = ("#e8dcc4", "#cfd8d0", "#d8cfe0", "#c4d4e0", "#ecd6c8")
_FLOORS = ("#b08d64", "#9a9a94", "#8a6a4c", "#c0a888")
_TILES: list[Part] = [("#b9c4c6", box(x, 8, x + 0.7, 58)) for x in range(4, 100, 12)]

SCENES: tuple[Scene, ...] = (
    Scene(  # street
        wall=("#a8cbe8", "#c8d4dc", "#e8c8a8"), floor=("#6d6f74", "#7d7a76"), horizon=58,
        likely={3: 0.6, 6: 0.25, 1: 0.5, 31: 0.15, 41: 0.08, 10: 0.3},
        hanging={85: 0.12}, crowd=1,
        backdrop=[("#a89080", box(2, 22, 24, 58)), ("#908a94", box(26, 10, 44, 58)),
                  ("#b8a48c", box(68, 18, 96, 58)), ("#e4e4d8", box(5, 82, 25, 85)),
                  ("#e4e4d8", box(40, 82, 60, 85)), ("#e4e4d8", box(75, 82, 95, 85))],
    ),
    Scene(  # snow
        wall=("#9cc4ea", "#b8d2ea"), floor=("#f4f7fb", "#e4edf6"), horizon=48,
        likely={1: 0.85, 35: 0.35, 36: 0.25}, crowd=1,
        backdrop=[("#c4d2e2", [(0, 48), (26, 12), (52, 48)]), ("#d4e0ec", [(40, 48), (74, 20), (100, 48)]),
                  ("#3f6a50", [(84, 60), (90, 34), (96, 60)])],
    ),
    Scene(  # field
        wall=("#a4d0ee", "#cce0ee"), floor=("#7fb060", "#94bc6c", "#b89a68"), horizon=45,
        likely={1: 0.8, 37: 0.2, 40: 0.2, 43: 0.2, 39: 0.25, 41: 0.1, 31: 0.05}, crowd=1,
        backdrop=[("#5f9058", oval(20, 46, 22, 14)), ("#6d9c5c", oval(66, 47, 30, 11)),
                  ("#f4f4ea", box(0, 74, 100, 76))],
    ),
    Scene(  # dining table
        wall=_WALLS, floor=_FLOORS, horizon=62, support=67, crowd=53,
        likely={46: 0.25, 47: 0.35, 50: 0.3, 51: 0.35, 53: 0.2, 52: 0.2, 86: 0.15, 80: 0.0},
        hanging={85: 0.1},
        backdrop=[("#dfeef4", box(66, 8, 92, 38)), ("#a08060", box(78, 8, 79.5, 38))],
    ),
    Scene(  # kitchen
        wall=_WALLS, floor=_FLOORS, horizon=58,
        likely={78: 0.4, 79: 0.5, 80: 0.0, 81: 0.3, 47: 0.2, 50: 0.15, 53: 0.15, 51: 0.2, 64: 0.1},
        hanging={85: 0.2}, backdrop=[*_TILES, ("#8a6a50", box(0, 56, 100, 60))],
    ),
    Scene(  # desk
        wall=_WALLS, floor=("#b88a58", "#d8c4a0", "#7d5a3c"), horizon=56,
        likely={76: 0.5, 74: 0.55, 72: 0.4, 47: 0.3, 64: 0.15, 75: 0.1},
        hanging={85: 0.2}, backdrop=[("#6d4a2c", box(0, 96, 100, 100))],
    ),
    Scene(  # living room
        wall=_WALLS, floor=_FLOORS, horizon=62,
        likely={63: 0.6, 72: 0.4, 75: 0.3, 64: 0.3, 86: 0.2, 1: 0.35, 31: 0.15, 37: 0.05},
        hanging={85: 0.25}, backdrop=[("#f0e6d4", box(8, 12, 28, 34)), ("#8fb0a0", box(10, 15, 26, 31))],
    ),
    Scene(  # bathroom
        wall=("#d4e6e8", "#e4e8ea", "#c4dcd4"), floor=("#a8b4b8", "#c8c4bc"), horizon=62,
        likely={81: 0.8, 89: 0.0, 47: 0.2, 1: 0.25, 64: 0.15}, backdrop=_TILES,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Thing:
    """One drawn thing, or one crowd of them, in pixels of the finished picture."""

    category_id: int
    polygons: list[list[Point]]
    crowd: bool = False


def _paint(
    draw: ImageDraw.ImageDraw,
    parts: list[Part],
    colour: str,
    at: tuple[float, float, float, float],
) -> None:
    """Paint parts into the box `at` (left, top, width, height)."""
    x0, y0, width, height = (SCALE * value for value in at)
    for own, polygon in parts:
        points = [(x0 + x * width / 100, y0 + y * height / 100) for x, y in polygon]
        draw.polygon(points, fill=own or colour)


def _place(
    rng: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    category_id: int,
    at: tuple[float, float, float, float],
) -> list[list[Point]]:
    """Paint one thing into the box `at` and return its outline."""
    shape = SHAPES[category_id]
    colour = shape.colours[rng.integers(len(shape.colours))]
    _paint(draw, shape.body + shape.detail, colour, at)
    x0, y0, width, height = at
    return [
        [
            (round(x0 + x * width / 100, 2), round(y0 + y * height / 100, 2))
            for x, y in polygon
        ]
        for _, polygon in shape.body
    ]


def paint_scene(
    rng: np.random.Generator,
    scene: Scene,
    size: tuple[int, int],
    categories: list[int],
    *,
    crowd: bool = False,
) -> tuple[Image.Image, list[Thing]]:
    """Return a picture of `scene` that shows exactly `categories`, and their outlines."""
    width, height = size
    canvas = (width * SCALE, height * SCALE)
    image = Image.new("RGB", canvas, scene.wall[rng.integers(len(scene.wall))])
    draw = ImageDraw.Draw(image)
    horizon = scene.horizon * height / 100
    floor = scene.floor[rng.integers(len(scene.floor))]
    draw.rectangle((0, SCALE * horizon, *canvas), fill=floor)
    mirrored = [(c, [(100 - x, y) for x, y in p]) for c, p in scene.backdrop]
    _paint(
        draw,
        mirrored if rng.random() < 0.5 else scene.backdrop,
        floor,
        (0, 0, width, height),
    )
    haze = clouds(rng, canvas, int(rng.integers(3, 7))).convert("RGB")
    image = Image.blend(image, haze, 0.22)
    draw = ImageDraw.Draw(image)
    zoom = min(width / 160, height / 120)

    things = []
    if crowd:
        things.append(_paint_crowd(rng, draw, scene, size))
    if scene.support in categories:
        categories = [c for c in categories if c != scene.support]
        top = horizon + 2
        at = (0.04 * width, top, 0.92 * width, (height - top) * 0.96)
        things.append(Thing(scene.support, _place(rng, draw, scene.support, at)))
    for row, hangs in ((scene.hanging, True), (scene.likely, False)):
        ids = [
            c for c in categories if (c in row) and (hangs or c not in scene.hanging)
        ]
        edges = np.linspace(0.03 * width, 0.97 * width, len(ids) + 1)
        for k, place in enumerate(rng.permutation(len(ids))):
            shape, room = SHAPES[ids[k]], edges[place + 1] - edges[place] - 2
            grown = rng.uniform(0.95, 1.35) * (1.25 if len(ids) < 3 else 1)
            zoomed = min(zoom * grown, room / shape.width, 0.9 * height / shape.height)
            w, h = shape.width * zoomed, shape.height * zoomed
            x = edges[place] + rng.uniform(0.2, 0.8) * (room - w)
            if hangs:
                y = rng.uniform(0.04, 0.1) * height
            else:
                low = 0.72 if scene.support else 0.86
                y = max(1.0, rng.uniform(low, low + 0.1) * height - h)
            at = (float(x), float(y), float(w), float(h))
            things.append(Thing(ids[k], _place(rng, draw, ids[k], at)))
    return image.reduce(SCALE), things


def _paint_crowd(
    rng: np.random.Generator,
    draw: ImageDraw.ImageDraw,
    scene: Scene,
    size: tuple[int, int],
) -> Thing:
    """Paint a row of a dozen small things along the horizon."""
    shape, polygons = SHAPES[scene.crowd], []
    height = 0.16 * size[1]
    width = height * shape.width / shape.height
    for k in range(12):
        x = (0.04 + 0.07 * k) * size[0]
        y = scene.horizon * size[1] / 100 - height * rng.uniform(0.6, 0.8)
        at = (float(x), float(y), float(min(width, 0.12 * size[0])), float(height))
        polygons += _place(rng, draw, scene.crowd, at)
    return Thing(scene.crowd, polygons, crowd=True)


def paint_mask(polygons: list[list[Point]], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels some polygons cover, shape (height, width)."""
    mask = Image.new("L", size)
    draw = ImageDraw.Draw(mask)
    for polygon in polygons:
        draw.polygon(polygon, fill=1)
    return np.asarray(mask).astype(bool)
