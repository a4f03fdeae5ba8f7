"""What happens in the survey: its cameras, when each is triggered, and who walks by.

Nothing is drawn here and nothing is stored: any picture of a survey of any size can be asked for directly, and the
answer depends only on the seed, the number of pictures and the place of the picture. That is what lets the survey be
made in parallel, stopped, and continued, and always come out the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

import numpy as np

from camtrap_gui.survey.species import ANIMALS, PEOPLE, VEHICLES, Species

HABITATS = ("savanna", "forest", "meadow", "waterhole", "desert")

_BURST = 3
_FIRST_NIGHT = datetime(2023, 3, 4, 12, 0, 0)
_DAYS = 120
_GOLDEN = 0.6180339887498949
_EMPTY, _HUMAN, _VEHICLE, _SECOND_SPECIES = 0.42, 0.05, 0.035, 0.06
_PICTURES_PER_CAMERA = 30
_CAMERAS = (12, 400)

# Stored size, EXIF orientation, make, model, height of the information bar.
_BODIES = (
    (1024, 768, 1, "Reconyx", "HC500 HyperFire", 26),
    (1024, 768, 1, "Bushnell", "Trophy Cam HD", 32),
    (1280, 960, 1, "Browning", "Dark Ops Pro", 36),
    (1024, 768, 1, "Reconyx", "HC500 HyperFire", 26),
    (1280, 720, 1, "Spypoint", "Force-20", 34),
    (1024, 768, 6, "Bushnell", "Trophy Cam HD", 32),
)


@dataclass(frozen=True)
class Camera:
    """One site. ``width`` and ``height`` are of the stored picture; ``orientation`` is EXIF's (6: turn clockwise)."""

    number: int
    name: str
    habitat: str
    width: int
    height: int
    orientation: int
    make: str
    model: str
    bar: int
    first: int
    pictures: int

    @property
    def upright(self) -> tuple[int, int]:
        """Width and height of the picture as the eye should see it."""
        return (self.height, self.width) if self.orientation in (5, 6, 7, 8) else (self.width, self.height)


@dataclass(frozen=True)
class Visitor:
    """Someone in a frame. ``x``, ``y`` (fractions of the upright picture) are between the feet, ``height`` is a fraction of 768 rows.

    ``identity`` fixes the individual's looks over the frames of a burst; ``pose`` differs from frame to frame.
    """

    species: Species
    x: float
    y: float
    height: float
    mirrored: bool
    identity: int
    pose: int


@dataclass(frozen=True)
class Shot:
    """One picture: where and when it was taken, what its label says, and who is really in it."""

    index: int
    camera: Camera
    file: str
    sequence: str
    frame: int
    frames: int
    taken: datetime
    celsius: int
    night: bool
    labels: tuple[str, ...]
    visitors: tuple[Visitor, ...]


@dataclass(frozen=True)
class Plan:
    """A survey of ``images`` pictures; equal plans are equal surveys."""

    images: int
    seed: int

    def cameras(self) -> tuple[Camera, ...]:
        """All cameras, in the order of their pictures."""
        return _cameras(self)

    def shots(self, camera: Camera, first: int = 0, last: int | None = None) -> Iterator[Shot]:
        """The pictures ``first`` to ``last`` (exclusive) of a camera, in time."""
        for number in range(first, camera.pictures if last is None else min(last, camera.pictures)):
            yield self.shot(camera, number)

    def shot(self, camera: Camera, number: int) -> Shot:
        """Picture ``number`` (from 0, below ``camera.pictures``) of a camera."""
        burst, frame = divmod(number, _BURST)
        frames = min(_BURST, camera.pictures - burst * _BURST)
        bursts = -(-camera.pictures // _BURST)
        rng = np.random.default_rng([self.seed, 1, camera.number, burst])
        days = (burst + rng.uniform(0.0, 0.97)) / bursts * _DAYS
        taken = _FIRST_NIGHT + timedelta(days=days) + timedelta(seconds=frame)
        hour = taken.hour + taken.minute / 60
        night = not 5.8 < hour < 18.6
        labels, present = self._visit(camera, burst, night, frames, rng)
        return Shot(
            index=camera.first + number,
            camera=camera,
            file=f"{camera.name}/{100 + number // 9999}EK113/IMG_{number % 9999 + 1:04d}.JPG",
            sequence=f"{camera.name}_{burst + 1:05d}",
            frame=frame,
            frames=frames,
            taken=taken.replace(microsecond=0),
            celsius=round(17 + 9 * np.cos((hour - 15) / 24 * 2 * np.pi) + rng.normal(0, 2)),
            night=night,
            labels=labels,
            visitors=present[frame],
        )

    def _visit(
        self, camera: Camera, burst: int, night: bool, frames: int, rng: np.random.Generator
    ) -> tuple[tuple[str, ...], list[tuple[Visitor, ...]]]:
        """Labels of a burst and the visitors of each of its frames."""
        # The golden ratio spreads the kinds of visit evenly over a camera's bursts, so that small surveys have them all.
        lot = (burst * _GOLDEN + np.random.default_rng([self.seed, 2, camera.number]).uniform()) % 1.0
        if lot < _EMPTY:
            return ("empty",), [()] * frames
        if lot < _EMPTY + _HUMAN:
            kinds = [PEOPLE[rng.integers(len(PEOPLE))]]
        elif lot < _EMPTY + _HUMAN + _VEHICLE:
            kinds = [VEHICLES[rng.integers(len(VEHICLES))]]
        else:
            lot = (lot - _EMPTY - _HUMAN - _VEHICLE) / (1 - _EMPTY - _HUMAN - _VEHICLE)
            fauna, shares = residents(self.seed, camera.number, camera.habitat, night)
            kinds = [fauna[min(int(np.searchsorted(np.cumsum(shares), lot)), len(fauna) - 1)]]
            if rng.uniform() < _SECOND_SPECIES and len(fauna) > 1:
                kinds.append(fauna[rng.choice([n for n, kind in enumerate(fauna) if kind != kinds[0]])])
        start = rng.uniform(0.12, 0.88)
        visits = [
            visitor
            for place, kind in enumerate(kinds)
            for visitor in _group(kind, (start + 0.42 * place) % 1.0, len(kinds) == 1, camera, frames, rng)
        ]
        present: list[tuple[Visitor, ...]] = []
        for frame in range(frames):
            there = [visitor for visit in visits if (visitor := visit[frame]) is not None]
            present.append(tuple(sorted(there, key=lambda visitor: visitor.y)))
        if not any(present):  # a trigger needs somebody
            present[0] = tuple(v for visit in visits for v in visit if v is not None)[:1]
        return tuple(dict.fromkeys(kind.name for kind in kinds)), present


@cache
def _cameras(plan: Plan) -> tuple[Camera, ...]:
    few, many = _CAMERAS
    count = max(1, min(plan.images, max(few, min(many, plan.images // _PICTURES_PER_CAMERA))))
    rng = np.random.default_rng([plan.seed, 0])
    weights = rng.uniform(0.7, 1.3, count)
    ends = np.round(np.cumsum(weights) / weights.sum() * plan.images).astype(int)
    cameras, first = [], 0
    for number, end in enumerate(ends):
        habitat = HABITATS[number % len(HABITATS)]
        width, height, orientation, make, model, bar = _BODIES[(number * 7 + number // 6) % len(_BODIES)]
        cameras.append(
            Camera(
                number,
                f"{habitat}-{number + 1:02d}",
                habitat,
                width,
                height,
                orientation,
                make,
                model,
                bar,
                first,
                int(end) - first,
            )
        )
        first = int(end)
    return tuple(cameras)


@cache
def residents(
    seed: int, camera: int, habitat: str, night: bool
) -> tuple[tuple[Species, ...], tuple[float, ...]]:
    """Who lives at a camera and how likely each is to be the next visitor by day or by night (sums to 1).

    Of the species of its habitat each camera sees most but not all, and never in the same proportions, so that
    cameras differ in their fauna as they do in the field.
    """
    rng = np.random.default_rng([seed, 3, camera])
    at_home = [species for species in ANIMALS if habitat in species.habitats]
    luck = rng.lognormal(0, 0.6, len(at_home)) * (rng.uniform(size=len(at_home)) > 0.15)
    if not luck.any():
        luck[:] = 1.0
    hours = np.array([0.08 + (s.nocturnal if night else 1 - s.nocturnal) for s in at_home])
    shares = np.array([species.share for species in at_home]) ** 0.8 * luck * hours
    chosen = [
        (species, float(share))
        for species, share in zip(at_home, shares / shares.sum(), strict=True)
        if share > 0
    ]
    return tuple(species for species, _ in chosen), tuple(share for _, share in chosen)


def _group(
    kind: Species, start: float, may_be_many: bool, camera: Camera, frames: int, rng: np.random.Generator
) -> list[list[Visitor | None]]:
    """The members of a group, each with its appearance per frame (None: not there in that frame)."""
    size = int(rng.integers(2, kind.herd + 1)) if may_be_many and kind.herd > 1 and rng.uniform() < 0.4 else 1
    mirrored = bool(rng.uniform() < 0.5)
    speed = rng.choice([0.0, 0.02, 0.06, 0.2], p=[0.35, 0.35, 0.2, 0.1]) * (-1 if mirrored else 1)
    leaves_after = int(rng.integers(1, frames + 1)) if rng.uniform() < 0.22 else frames
    x, row = start, rng.uniform(0.66, 0.9)
    members: list[list[Visitor | None]] = []
    for number in range(size):
        y = float(np.clip(row + rng.normal(0, 0.02), 0.64, 0.92))
        nearness = 0.55 + 0.75 * (y - 0.6) / 0.3
        tall = 240 / 768 * kind.height * nearness * rng.uniform(0.9, 1.15) * 0.88 ** (size - 1)
        room = 1.45 * tall * min(camera.upright) / camera.upright[0]
        if number and room * (number + 1) > 1:
            break
        if number:
            x = (x + room + rng.uniform(0, 0.1)) % 1.0
        facing = mirrored if rng.uniform() < 0.85 else not mirrored
        identity = int(rng.integers(2**31))
        steps = rng.normal(0, 0.006, (frames, 2))
        members.append(
            [
                Visitor(
                    kind,
                    x + speed * f + steps[f, 0],
                    y + steps[f, 1] / 2,
                    float(np.clip(tall, 0.17, 0.44)),
                    facing,
                    identity,
                    f,
                )
                if f < leaves_after and -0.02 < x + speed * f < 1.02
                else None
                for f in range(frames)
            ]
        )
    return members
