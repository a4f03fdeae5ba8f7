"""Who lives in the generated survey: one row per species, drawn after a glyph of the icon font.

Proportions, colours and coats follow the living animal as far as a silhouette allows; heights do not (a camera sees a
rabbit from nearby and an elephant from afar, so both fill a similar part of the picture).
"""

from dataclasses import dataclass

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Species:
    """A kind of visitor.

    ``glyph`` is its name in the icon font; ``build`` says what the glyph shows: 'side' (the whole animal from the
    side) or 'front' (only the face: a body is drawn behind it). ``height`` is relative (1: 240 of 768 pixel rows at
    middle distance). ``share`` is relative abundance where it lives, ``habitats`` are the scenes it lives in
    (empty: everywhere), ``nocturnal`` 0..1 is how much it prefers the night, ``herd`` the largest group. ``eye`` is where a
    glyph's eye is (fractions of its width and height) when the glyph itself leaves no hole for it; ``joined`` closes the
    narrow gaps of a glyph that is drawn in pieces.
    """

    name: str
    glyph: str
    build: str
    coat: Colour
    second: Colour
    pattern: str
    height: float
    share: float
    habitats: tuple[str, ...]
    nocturnal: float
    herd: int
    eye: tuple[float, float] | None = None
    category: str = "animal"
    joined: bool = False


ANIMALS = (
    Species(
        "zebra",
        "horse",
        "side",
        (196, 188, 172),
        (70, 62, 58),
        "stripes",
        1.0,
        15,
        ("savanna", "waterhole"),
        0.3,
        3,
        (0.9, 0.17),
    ),
    Species(
        "elephant",
        "elephant",
        "side",
        (126, 116, 108),
        (92, 84, 78),
        "wrinkles",
        1.2,
        12,
        ("savanna", "waterhole", "forest"),
        0.4,
        3,
        (0.72, 0.28),
    ),
    Species(
        "cattle",
        "cow",
        "front",
        (120, 66, 38),
        (226, 216, 200),
        "patches",
        1.1,
        11,
        ("savanna", "meadow"),
        0.2,
        3,
    ),
    Species(
        "kangaroo",
        "kangaroo",
        "side",
        (138, 94, 62),
        (184, 150, 116),
        "belly",
        1.1,
        9,
        ("desert", "meadow"),
        0.6,
        3,
        (0.86, 0.1),
    ),
    Species(
        "donkey",
        "donkey",
        "side",
        (120, 110, 102),
        (66, 58, 54),
        "saddle",
        0.95,
        9,
        ("desert", "savanna"),
        0.3,
        2,
        (0.86, 0.2),
    ),
    Species(
        "pig",
        "pig",
        "front",
        (126, 102, 88),
        (108, 86, 74),
        "bristles",
        0.85,
        9,
        ("forest", "waterhole"),
        0.7,
        3,
    ),
    Species(
        "rabbit",
        "rabbit",
        "side",
        (112, 94, 76),
        (164, 146, 122),
        "agouti",
        0.8,
        8,
        ("meadow", "forest", "desert"),
        0.7,
        2,
    ),
    Species("sheep", "sheep", "front", (222, 214, 198), (58, 50, 46), "wool", 0.85, 7, ("meadow",), 0.2, 3),
    Species(
        "dog",
        "dog-side",
        "side",
        (118, 86, 58),
        (60, 48, 40),
        "saddle",
        0.85,
        6,
        ("savanna", "forest", "desert"),
        0.6,
        2,
        (0.86, 0.14),
        joined=True,
    ),
    Species(
        "horse",
        "horse",
        "side",
        (112, 62, 36),
        (44, 28, 22),
        "points",
        1.05,
        5,
        ("meadow",),
        0.2,
        2,
        (0.9, 0.17),
    ),
    Species(
        "tortoise",
        "tortoise",
        "side",
        (84, 78, 50),
        (46, 42, 30),
        "scutes",
        0.85,
        2,
        ("desert", "savanna"),
        0.0,
        1,
        (0.9, 0.2),
    ),
    Species("duck", "duck", "side", (118, 92, 66), (46, 74, 54), "feathers", 0.7, 4, ("waterhole",), 0.1, 3),
    Species(
        "cat", "cat", "front", (104, 94, 84), (58, 52, 48), "tabby", 0.75, 3.5, ("forest", "savanna"), 0.8, 1
    ),
    Species(
        "rodent",
        "rodent",
        "side",
        (112, 92, 74),
        (74, 60, 50),
        "agouti",
        0.65,
        2.5,
        ("forest", "meadow"),
        0.9,
        1,
    ),
    Species(
        "turkey", "turkey", "side", (78, 56, 42), (128, 84, 50), "feathers", 0.9, 1.5, ("forest",), 0.0, 2
    ),
    Species("owl", "owl", "front", (132, 104, 74), (84, 64, 46), "feathers", 0.8, 0.8, ("forest",), 1.0, 1),
)
"""Wild and stray animals, common ones first: a long tail."""

PEOPLE = (
    Species(
        "human", "walk", "side", (70, 84, 116), (58, 50, 44), "clothes", 1.3, 1, (), 0.2, 2, category="person"
    ),
    Species(
        "human",
        "hiking",
        "side",
        (128, 74, 58),
        (60, 62, 54),
        "clothes",
        1.3,
        1,
        (),
        0.1,
        2,
        category="person",
    ),
)

VEHICLES = (
    Species(
        "vehicle",
        "car-estate",
        "side",
        (206, 204, 196),
        (40, 42, 46),
        "paint",
        1.05,
        1,
        (),
        0.2,
        1,
        category="vehicle",
    ),
    Species(
        "vehicle",
        "car-pickup",
        "side",
        (126, 52, 44),
        (40, 42, 46),
        "paint",
        1.05,
        1,
        (),
        0.2,
        1,
        category="vehicle",
    ),
    Species(
        "vehicle",
        "truck",
        "side",
        (150, 156, 140),
        (40, 42, 46),
        "paint",
        1.2,
        1,
        (),
        0.2,
        1,
        category="vehicle",
    ),
)

CATEGORIES = ("empty", "human", "vehicle", *(species.name for species in ANIMALS))
"""Label names in the order of their ids; 0 is ``empty``, as COCO Camera Traps asks."""
