"""Trees, bushes, cacti, rocks and grass, each drawn onto a scene where it stands.

Everything is drawn at twice its size and reduced, which gives soft edges. The further away, the paler: air lies between.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from camtrap_gui.survey import noise
from camtrap_gui.survey.species import Colour

_FINE = 2


@dataclass
class Canvas:
    """A scene being drawn: the picture, for each pixel the row its thing stands on, the horizon's row, the soil's colour."""

    picture: Image.Image
    row: NDArray[np.int16]
    horizon: int
    soil: Colour

    def put(self, drawing: Image.Image, left: int, top: int, foot: int) -> None:
        """Lay an RGBA drawing of ``_FINE`` times its size over the picture; it stands on row ``foot``."""
        drawing = drawing.reduce(_FINE)
        air = float(np.clip(1 - (foot - self.horizon) / (0.3 * self.picture.height), 0, 1)) * 0.4
        colours = drawing.convert("RGB")
        if air > 0.02:
            colours = Image.blend(colours, Image.new("RGB", drawing.size, (176, 188, 190)), air)
        alpha = drawing.getchannel("A")
        self.picture.paste(colours, (left, top), alpha)
        height, width = self.row.shape
        x0, y0, x1, y1 = (
            max(left, 0),
            max(top, 0),
            min(left + drawing.width, width),
            min(top + drawing.height, height),
        )
        if x0 < x1 and y0 < y1:
            solid = np.asarray(alpha)[y0 - top : y1 - top, x0 - left : x1 - left] > 110
            self.row[y0:y1, x0:x1][solid] = foot

    def shade(self, x: int, foot: int, wide: float, strength: float = 0.45) -> None:
        """A soft shadow on the ground around (x, foot)."""
        half, flat = max(3, int(wide)), max(2, int(wide * 0.22))
        soft = Image.new("L", (4 * half, 4 * flat), 0)
        ImageDraw.Draw(soft).ellipse((half, flat, 3 * half, 3 * flat), fill=int(255 * strength))
        soft = soft.filter(ImageFilter.GaussianBlur(flat * 0.6))
        self.picture.paste((34, 32, 26), (x - 2 * half, foot - 2 * flat), soft)


def acacia(canvas: Canvas, x: int, foot: int, size: float, rng: np.random.Generator) -> None:
    """A flat-topped tree."""
    wide, tall = int(size * 1.5), int(size)
    drawing, pen = _blank(wide, tall)
    w, h = wide * _FINE, tall * _FINE
    bark = _vary((92, 74, 56), rng)
    thick = h * 0.045
    fork = (w * rng.uniform(0.46, 0.54), h * rng.uniform(0.5, 0.62))
    _limb(pen, (w / 2, h * 0.99), fork, thick, thick * 0.7, bark)
    for _ in range(5):
        _limb(
            pen,
            fork,
            (w * rng.uniform(0.15, 0.85), h * rng.uniform(0.22, 0.34)),
            thick * 0.55,
            thick * 0.2,
            bark,
        )
    leaf = _vary((104, 116, 60), rng)
    for _ in range(int(rng.integers(3, 6))):
        cx, cy = w * rng.uniform(0.24, 0.76), h * rng.uniform(0.12, 0.3)
        _leaves(pen, cx, cy, w * rng.uniform(0.16, 0.26), h * rng.uniform(0.06, 0.1), leaf, h, rng)
    canvas.shade(x, foot, wide * 0.36)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)


def broadleaf(canvas: Canvas, x: int, foot: int, size: float, rng: np.random.Generator) -> None:
    """A round-headed tree."""
    wide, tall = int(size * 1.1), int(size)
    drawing, pen = _blank(wide, tall)
    w, h = wide * _FINE, tall * _FINE
    _limb(pen, (w / 2, h * 0.99), (w * 0.5, h * 0.5), h * 0.06, h * 0.035, _vary((88, 72, 54), rng))
    leaf = _vary((76, 104, 50), rng)
    for _ in range(8):
        cx, cy = w * rng.uniform(0.28, 0.72), h * rng.uniform(0.2, 0.55)
        _leaves(pen, cx, cy, w * rng.uniform(0.16, 0.24), h * rng.uniform(0.12, 0.18), leaf, h * 0.8, rng)
    canvas.shade(x, foot, wide * 0.36)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)


def trunk(canvas: Canvas, x: int, foot: int, size: float, rng: np.random.Generator) -> None:
    """A forest tree whose crown is above the picture, with undergrowth at its foot."""
    tall = max(8, min(int(size * 1.2), foot + 10))
    thick = max(6, int(size * rng.uniform(0.05, 0.085)))
    wide = thick * 3
    w, h = wide * _FINE, tall * _FINE
    rows = np.linspace(0, 1, h)
    centre = (
        w / 2 + thick * _FINE * 0.12 * noise.line(rng, h, h / 2, 2) + (rows - 1) * w * rng.normal(0, 0.03)
    )
    half = thick * _FINE / 2 * (0.75 + 0.25 * rows + 0.6 * np.clip(rows - 0.93, 0, 1) * 8)
    columns = np.arange(w)[None, :]
    side = (columns - centre[:, None]) / half[:, None]
    bark = noise.field(rng, h // 6 + 1, w, max(3.0, thick * 0.3), 3)
    bark = np.asarray(Image.fromarray(bark).resize((w, h), Image.Resampling.BICUBIC))
    shade = (0.62 + 0.4 * np.sqrt(np.clip(1 - (side + 0.35) ** 2, 0, 1))) * (1 + 0.16 * bark)
    colour = np.array(_vary((104, 90, 72), rng))[None, None] * shade[..., None]
    alpha = np.where(np.abs(side) <= 1, 255, 0)
    drawing = Image.fromarray(np.dstack([np.clip(colour, 0, 255), alpha]).astype(np.uint8), "RGBA")
    canvas.shade(x, foot, thick * 1.3)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)
    bush(canvas, x + int(rng.normal(0, 0.4) * thick), foot + 1, thick * rng.uniform(0.9, 1.5), rng)


def bush(canvas: Canvas, x: int, foot: int, size: float, rng: np.random.Generator) -> None:
    """A low shrub."""
    wide, tall = max(6, int(size * 1.7)), max(5, int(size))
    drawing, pen = _blank(wide, tall)
    w, h = wide * _FINE, tall * _FINE
    leaf = _vary((92, 102, 58), rng)
    for _ in range(5):
        cx, cy = w * rng.uniform(0.25, 0.75), h * rng.uniform(0.42, 0.72)
        _leaves(pen, cx, cy, w * rng.uniform(0.13, 0.22), h * rng.uniform(0.2, 0.3), leaf, h, rng)
    canvas.shade(x, foot, wide * 0.4)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)


def cactus(canvas: Canvas, x: int, foot: int, size: float, rng: np.random.Generator) -> None:
    """A columnar cactus with arms."""
    wide, tall = max(8, int(size * 0.7)), max(8, int(size))
    drawing, pen = _blank(wide, tall)
    w, h = wide * _FINE, tall * _FINE
    green = _vary((92, 110, 70), rng)
    thick = h * 0.075

    def column(points: list[tuple[float, float]], across: float) -> None:
        for offset, light in ((0.0, 0.72), (-0.22, 0.95), (-0.45, 1.16)):
            shade = tuple(int(min(255, c * light)) for c in green)
            moved = [(px + offset * across * 0.5, py) for px, py in points]
            breadth = across * (1 - abs(offset))
            pen.line(moved, fill=(*shade, 255), width=max(1, int(breadth)), joint="curve")
            for px, py in moved:
                r = breadth / 2
                pen.ellipse((px - r, py - r, px + r, py + r), fill=(*shade, 255))

    column([(w / 2, h * 0.98), (w / 2, h * 0.06)], thick * 1.5)
    for side in (-1, 1):
        if rng.uniform() < 0.8:
            elbow, tip, out = (
                h * rng.uniform(0.45, 0.62),
                h * rng.uniform(0.15, 0.35),
                w * rng.uniform(0.24, 0.36),
            )
            column([(w / 2, elbow), (w / 2 + side * out, elbow - h * 0.03), (w / 2 + side * out, tip)], thick)
    canvas.shade(x, foot, wide * 0.3)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)


def agave(canvas: Canvas, x: int, foot: int, size: float, rng: np.random.Generator) -> None:
    """A rosette of stiff pointed leaves."""
    tall, wide = max(6, int(size)), max(10, int(size * 2))
    drawing, pen = _blank(wide, tall)
    w, h = wide * _FINE, tall * _FINE
    green = np.array(_vary((124, 128, 96), rng))
    for angle in np.concatenate([rng.uniform(-1.45, 1.45, 22), np.linspace(-1.3, 1.3, 7)]):
        reach = rng.uniform(0.75, 1.0)
        tip = (w / 2 + w * 0.48 * reach * np.sin(angle), h * (1 - 0.95 * reach * np.cos(angle) ** 0.7))
        shade = tuple(int(c) for c in np.clip(green * rng.uniform(0.72, 1.12), 0, 255))
        half = h * 0.05
        across, up = half * np.cos(angle), half * np.sin(angle)
        pen.polygon(
            [(w / 2 - across, h * 0.97 - up), (w / 2 + across, h * 0.97 + up), tip], fill=(*shade, 255)
        )
    canvas.shade(x, foot, wide * 0.35, 0.3)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)


def rock(canvas: Canvas, x: int, foot: int, size: float, rng: np.random.Generator) -> None:
    """A flat stone of the same ground it lies on, half sunk into it."""
    tall = max(4, int(size * rng.uniform(0.5, 0.9)))
    wide = int(tall * rng.uniform(2.4, 4.2))
    w, h = wide * _FINE, tall * _FINE
    across = np.linspace(-1, 1, w)
    top = h * (0.2 + 0.7 * across**4 + 0.05 * noise.line(rng, w, w / 2, 2))
    rows = np.arange(h)[:, None]
    mask = Image.fromarray(((rows > top) & (rows < h * (1 - 0.3 * across**4))).astype(np.uint8) * 255)
    light = 1.12 - 0.3 * (rows > top + h * 0.3) + 0.07 * noise.field(rng, h, w, max(3.0, h / 2), 4)
    stone = (np.array(canvas.soil) * 0.75 + np.array((150, 142, 132)) * 0.25) * rng.uniform(0.88, 1.0)
    drawing = Image.fromarray(np.clip(stone * light[..., None], 0, 255).astype(np.uint8)).convert("RGBA")
    drawing.putalpha(mask.filter(ImageFilter.GaussianBlur(1.5)))
    canvas.shade(x, foot, wide * 0.5, 0.2)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)


def log(canvas: Canvas, x: int, foot: int, size: float, rng: np.random.Generator) -> None:
    """A fallen trunk."""
    tall, wide = max(5, int(size)), int(size * rng.uniform(5, 8))
    w, h = wide * _FINE, tall * _FINE
    down = np.linspace(-1, 1, h)[:, None]
    edge = 0.8 + 0.12 * noise.line(rng, w, 60, 3)[None, :]
    bark = noise.field(rng, h, w // 8 + 2, max(3.0, h / 4), 3)
    bark = np.asarray(Image.fromarray(bark).resize((w, h), Image.Resampling.BICUBIC))
    light = (1.0 - 0.45 * down) * (1 + 0.15 * bark)
    colour = np.array(_vary((96, 80, 60), rng))[None, None] * light[..., None]
    alpha = np.where(np.abs(down) < edge, 255, 0)
    drawing = Image.fromarray(np.dstack([np.clip(colour, 0, 255), alpha]).astype(np.uint8), "RGBA")
    canvas.shade(x, foot, wide * 0.5)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)


def tuft(
    canvas: Canvas, x: int, foot: int, size: float, colours: tuple[Colour, Colour], rng: np.random.Generator
) -> None:
    """A bunch of grass."""
    tall = max(4, int(size * 1.1))
    wide = int(tall * 1.6)
    drawing, pen = _blank(wide, tall)
    w, h = wide * _FINE, tall * _FINE
    base = np.array(colours[0]) + (np.array(colours[1]) - np.array(colours[0])) * rng.uniform()
    for _ in range(int(rng.integers(7, 16))):
        root = w * rng.normal(0.5, 0.1)
        lean, up = w * rng.normal(0, 0.16), h * rng.uniform(0.5, 0.98)
        colour = tuple(int(c) for c in np.clip(base * rng.uniform(0.68, 1.2), 0, 255))
        path = [(root, h), (root + lean * 0.3, h - up * 0.6), (root + lean, h - up)]
        pen.line(path, fill=(*colour, 255), width=max(1, round(tall / 22)) + 1)
    canvas.put(drawing, x - wide // 2, foot - tall, foot)


def _blank(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    drawing = Image.new("RGBA", (max(2, width * _FINE), max(2, height * _FINE)), (70, 70, 50, 0))
    return drawing, ImageDraw.Draw(drawing)


def _vary(colour: Colour, rng: np.random.Generator) -> Colour:
    red, green, blue = (
        int(c) for c in np.clip(np.array(colour) * rng.uniform(0.85, 1.15) + rng.normal(0, 4, 3), 0, 255)
    )
    return red, green, blue


def _limb(
    pen: ImageDraw.ImageDraw,
    start: tuple[float, float],
    end: tuple[float, float],
    thick: float,
    thin: float,
    colour: Colour,
) -> None:
    (x0, y0), (x1, y1) = start, end
    pen.polygon(
        [(x0 - thick / 2, y0), (x0 + thick / 2, y0), (x1 + thin / 2, y1), (x1 - thin / 2, y1)],
        fill=(*colour, 255),
    )


def _leaves(
    pen: ImageDraw.ImageDraw,
    cx: float,
    cy: float,
    wide: float,
    tall: float,
    colour: Colour,
    size: float,
    rng: np.random.Generator,
) -> None:
    """A clump of leaves: dabs, dark below and inside, light above."""
    count = int(np.clip(size * 0.5, 40, 260))
    angle, out = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0, 1, count))
    xs, ys = cx + wide * out * np.cos(angle), cy + tall * out * np.sin(angle)
    radii = np.clip(size * rng.uniform(0.006, 0.014, count), 1.2, 9)
    light = 0.85 - 0.35 * (ys - cy) / tall + rng.normal(0, 0.12, count)
    for place in np.argsort(light):
        x, y, r = xs[place], ys[place], radii[place]
        shade = tuple(int(min(255, max(0, c * light[place]))) for c in colour)
        pen.ellipse((x - 1.5 * r, y - r, x + 1.5 * r, y + r), fill=(*shade, 255))
