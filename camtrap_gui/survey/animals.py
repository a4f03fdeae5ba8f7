"""Animals, people and vehicles as drawings: the outline is a glyph of an icon font, the rest is coat, light and shape.

Faces ("front") get a body behind them. Light falls from above, the outline is bent a little so that no two animals and no
two frames are alike, and the coat belongs to the individual.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from camtrap_gui.survey import coats, glyphs
from camtrap_gui.survey.noise import Field
from camtrap_gui.survey.species import Colour, Species

_EYE, _GLASS, _METAL = (18, 15, 13), (46, 54, 62), (150, 150, 150)


@dataclass(frozen=True)
class Sprite:
    """A drawing cut out: ``colour`` uint8 [h, w, 3], ``alpha`` float32 [h, w] 0..1, ``shine`` float32 [h, w] 0..1 where eyes glow in a flash."""

    colour: NDArray[np.uint8]
    alpha: Field
    shine: Field


def draw(species: Species, height: int, mirrored: bool, identity: int, pose: int) -> Sprite:
    """An individual (``identity``) in one of its postures (``pose``), about ``height`` pixels high, facing right unless mirrored."""
    individual = np.random.default_rng([identity, 11])
    painted = (
        _front(species, height, individual)
        if species.build == "front"
        else _side(species, height, individual)
    )
    painted = _bent(painted, individual, np.random.default_rng([identity, 12, pose]))
    if mirrored:
        painted = [band.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for band in painted]
    drawing, shine = painted
    box = drawing.getchannel("A").point(lambda a: 255 * (a > 40)).getbbox() or (0, 0, 1, 1)
    drawing, shine = drawing.crop(box), shine.crop(box)
    rgba = np.asarray(drawing)
    return Sprite(
        rgba[..., :3], rgba[..., 3].astype(np.float32) / 255, np.asarray(shine).astype(np.float32) / 255
    )


def _side(species: Species, height: int, rng: np.random.Generator) -> list[Image.Image]:
    margin = height // 7
    ink = glyphs.ink(species.glyph, height)
    if species.joined:
        ink = glyphs.joined(ink)
    frame = (margin, margin, ink.shape[1], ink.shape[0])
    mask, holes = np.pad(ink, margin), np.pad(glyphs.enclosed(species.glyph, ink), margin)
    colour = coats.paint(
        species, coats.tones(species, rng), coats.Shape.of("whole", np.maximum(mask, holes), rng)
    )
    eyes = _fill_holes(colour, holes, species, frame)
    if species.eye is not None:
        eyes = _eye(colour, species.eye, frame)
    solid = Image.fromarray((np.maximum(mask, holes) * 255).astype(np.uint8))
    drawing = Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8))
    drawing.putalpha(solid)
    return [drawing, eyes]


def _front(species: Species, height: int, rng: np.random.Generator) -> list[Image.Image]:
    """A face with the body behind it, seen from three quarters; all measures in heights."""
    margin = height // 7
    perched = species.glyph == "owl"
    face = glyphs.ink(species.glyph, round(height * (0.62 if perched else 0.5)))
    wide = (face.shape[1] if perched else round(1.3 * height)) + 2 * margin
    tall = height + 2 * margin
    body = Image.new("L", (2 * wide, 2 * tall), 0)
    pen = ImageDraw.Draw(body)

    def unit(*numbers: float) -> tuple[float, ...]:
        return tuple(2 * (margin + number * height) for number in numbers)

    slim = 0.06 if species.glyph == "cat" else 0.0
    if perched:
        half = face.shape[1] / height / 2
        pen.ellipse(unit(half - 0.27, 0.2, half + 0.27, 1.0), fill=255)
    else:
        for x in (0.4, 0.58, 0.98, 1.12):
            x += rng.normal(0, 0.02)
            pen.polygon(
                list(
                    zip(
                        unit(x - 0.055, x + 0.055, x + 0.035, x - 0.035),
                        unit(0.55, 0.55, 1.0, 1.0),
                        strict=True,
                    )
                ),
                fill=255,
            )
        pen.rounded_rectangle(
            unit(0.26, 0.2 + slim, 1.22, 0.74 - slim), radius=int(height * (0.5 - 2 * slim)), fill=255
        )
        tip = (1.28, 0.1) if species.glyph == "cat" else (1.27, 0.62)
        pen.line(
            [unit(1.18, 0.34), unit(1.25, 0.36), unit(*tip)],
            fill=255,
            width=max(3, int(height * 0.07)),
            joint="curve",
        )
    body_mask = np.asarray(body.reduce(2)).astype(np.float32) / 255
    head = np.zeros_like(body_mask)
    up = margin + (0 if perched else round(height * 0.02))
    head[up : up + face.shape[0], margin : margin + face.shape[1]] = face
    holes = np.zeros_like(head)
    holes[up : up + face.shape[0], margin : margin + face.shape[1]] = glyphs.enclosed(species.glyph, face)
    solid = np.maximum(head, holes)

    tones = coats.tones(species, rng)
    colour = coats.paint(species, tones, coats.Shape.of("body", body_mask, rng))
    under = Image.fromarray((solid * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(height * 0.035))
    colour *= (1 - 0.35 * np.asarray(under).astype(np.float32) / 255)[
        ..., None
    ]  # the head's shadow on the body
    face_colour = coats.paint(species, tones, coats.Shape.of("face", solid, rng))
    eyes = _fill_holes(face_colour, holes, species, (margin, up, face.shape[1], face.shape[0]))
    colour += (face_colour - colour) * solid[..., None]
    drawing = Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8))
    drawing.putalpha(Image.fromarray((np.maximum(body_mask, solid) * 255).astype(np.uint8)))
    return [drawing, eyes]


def _fill_holes(
    colour: Field,
    holes: Field,
    species: Species,
    frame: tuple[int, int, int, int],
) -> Image.Image:
    """Colour the glyph's holes in place: eyes dark with a spark, others in the second colour. Returns the eyes.

    ``frame`` is the glyph's box (left, top, width, height) in ``colour``.
    """
    left, top, wide, tall = frame
    eyes = Image.new("L", (holes.shape[1], holes.shape[0]), 0)
    for spot in glyphs.spots(species.glyph):
        x0, x1 = left + spot.left * wide, left + spot.right * wide
        y0, y1 = top + spot.top * tall, top + spot.bottom * tall
        part = (slice(int(y0) - 1, int(y1) + 2), slice(int(x0) - 1, int(x1) + 2))
        tone = _hole_colour(species, spot)
        if tone == _EYE and spot.area > 0.0008:
            r = min(x1 - x0, y1 - y0) * 0.45
            x, y = (x0 + x1) / 2, (y0 + y1) / 2
            ImageDraw.Draw(eyes).ellipse((x - r, y - r, x + r, y + r), fill=255)
        weight = np.clip(holes[part] * 1.4, 0, 1)[..., None]
        colour[part] += (np.array(tone, np.float32) - colour[part]) * weight
        if tone == _EYE:
            _spark(colour, x0, y0, x1, y1)
    return eyes


def _hole_colour(species: Species, spot: glyphs.Spot) -> Colour:
    """A small round hole is an eye (in a face: only above the mouth), any other the second colour, or glass and metal."""
    upper = spot.top < 0.5
    if species.category == "vehicle":
        return _GLASS if upper else _METAL
    wide, tall = spot.right - spot.left, spot.bottom - spot.top
    if spot.area < 0.03 and wide < 2 * tall and (upper or species.build == "side"):
        return _EYE
    return species.second


def _eye(colour: Field, place: tuple[float, float], frame: tuple[int, int, int, int]) -> Image.Image:
    """Draw the eye of a glyph that has none, at fractions of the glyph's box. Returns the eyes."""
    left, top, wide, tall = frame
    eyes = Image.new("L", (colour.shape[1], colour.shape[0]), 0)
    x, y, radius = left + place[0] * wide, top + place[1] * tall, max(1.5, tall * 0.014)
    ImageDraw.Draw(eyes).ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    colour *= 1 - 0.85 * np.asarray(eyes).astype(np.float32)[..., None] / 255
    _spark(colour, x - radius, y - radius, x + radius, y + radius)
    return eyes


def _spark(colour: Field, x0: float, y0: float, x1: float, y1: float) -> None:
    """The sky mirrored in an eye."""
    y, x = int(y0 + 0.25 * (y1 - y0)), int(x0 + 0.3 * (x1 - x0))
    colour[y : y + max(1, int((y1 - y0) / 5)), x : x + max(1, int((x1 - x0) / 5))] = 225


def _bent(
    bands: list[Image.Image], individual: np.random.Generator, pose: np.random.Generator
) -> list[Image.Image]:
    """The drawing with its shape a little changed: for good by the individual, for now by the pose."""
    width, height = bands[0].size
    cells = 5
    shift = np.zeros((cells + 1, cells + 1, 2))
    shift += individual.normal(0, 0.012 * height, shift.shape) + pose.normal(0, 0.008 * height, shift.shape)
    shift[-1:, :, 1] *= 0.3
    lean = pose.normal(0, 0.03) * height
    shift[..., 0] += lean * np.linspace(1, 0, cells + 1)[:, None]
    stretch = individual.uniform(0.92, 1.1)
    size = (round(width * stretch), height)
    xs, ys = np.linspace(0, size[0], cells + 1), np.linspace(0, height, cells + 1)
    corners = np.dstack(np.meshgrid(np.linspace(0, width, cells + 1), ys)) + shift
    mesh = []
    for r in range(cells):
        for c in range(cells):
            target = (int(xs[c]), int(ys[r]), int(xs[c + 1]), int(ys[r + 1]))
            quad = (*corners[r, c], *corners[r + 1, c], *corners[r + 1, c + 1], *corners[r, c + 1])
            mesh.append((target, quad))
    return [band.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR) for band in bands]
