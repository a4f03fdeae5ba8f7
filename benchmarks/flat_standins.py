"""What looks at pictures in ``benchmarks.flat_memory`` in place of networks: it answers at once, and always alike."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camtrap_gui.models.classifiers.preprocessing import to_input
from camtrap_gui.models.detectors import Detection


class StandInDetector:
    """Finds an animal on every picture, and a person on some."""

    name, kind, sha256 = "stand-in", "benchmark", "5" * 64
    typical_threshold, conservative_threshold = 0.3, 0.1
    categories: tuple[str, ...] = ("animal", "person")
    at_least, batch = 64, 32

    def prepare(self, picture: Image.Image) -> int:
        """A number that says which answer it is."""
        return sum(picture.getpixel((0, 0)))  # type: ignore[arg-type]

    def detect(self, prepared: Sequence[int]) -> list[list[Detection]]:
        """Boxes of each."""
        animal = Detection("animal", 0.8, 0.2, 0.2, 0.4, 0.5)
        person = Detection("person", 0.4, 0.6, 0.1, 0.2, 0.6)
        return [[animal, person] if number % 5 == 0 else [animal] for number in prepared]


class StandInClassifier:
    """Is about as sure of every crop."""

    backbone, padding, input_size, accepting, unknown_below = "stand-in", 1.69, 32, None, 0.0

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)

    def prepare(self, crop: Image.Image) -> NDArray[np.uint8]:
        """As a network sees it."""
        return to_input(crop, self.input_size)

    def predict_arrays(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """A probability of every class, [N, C]."""
        scores = np.zeros((len(crops), len(self.classes)), np.float32)
        scores[np.arange(len(crops)), crops[:, 0, 0, 0] % len(self.classes)] = 1
        return np.float32(0.8) * scores + np.float32(0.2 / len(self.classes))


class StandInEmbedder:
    """As ``features.Embedder``; the features are those of a few pixels."""

    size = 32

    def __init__(self, backbone: Any) -> None:
        self._width = backbone.features

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features [N, F]."""
        flat = crops.reshape(len(crops), -1)[:, : self._width]
        return flat.astype(np.float32) / np.float32(255)
