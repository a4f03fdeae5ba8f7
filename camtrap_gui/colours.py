"""The one list of class colours: the same for a species in boxes, charts and tables."""

import colorsys

Colour = tuple[int, int, int]
"""Red, green, blue, 0..255."""

CLASS_COLOURS: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (204, 121, 167),
    (213, 94, 0),
    (0, 114, 178),
)
"""Tell apart with any kind of colour vision: Okabe and Ito 2008, https://jfly.uni-koeln.de/color, without black."""

NEUTRAL: Colour = (222, 226, 230)
"""For what has no species: people, vehicles, animals not classified."""


def class_colour(place: int) -> Colour:
    """The colour of the class at a place of the class list.

    After the first seven, hues turn by the golden angle in three steps of lightness: neighbours differ much, and no
    two of the first hundred are equal. So many cannot be told apart by colour alone: say the name beside it.
    """
    if place < len(CLASS_COLOURS):
        return CLASS_COLOURS[place]
    hue = place * 0.618033988749895 % 1.0
    red, green, blue = colorsys.hls_to_rgb(hue, (0.42, 0.58, 0.74)[place % 3], 0.62)
    return round(red * 255), round(green * 255), round(blue * 255)


def ink_on(paper: Colour) -> Colour:
    """Black or white, whichever reads better on a colour: contrast at least 4.5 to 1 (WCAG 2)."""
    black, white = (0, 0, 0), (255, 255, 255)
    return black if contrast(black, paper) >= contrast(white, paper) else white


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1..21 (WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    linear = [v / 12.92 if (v := part / 255) <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
