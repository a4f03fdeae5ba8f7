"""A trained classifier for use from Python: pictures in, species with probabilities out (``camtrap_gui.load_model``).

No project, no window, no network: a bundle holds all that is needed.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Union

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from camtrap_gui.geometry import Box, crop_window
from camtrap_gui.models.classifiers import bundle
from camtrap_gui.parallel import in_order
from camtrap_gui.pictures import read_upright, to_rgb

if TYPE_CHECKING:
    from camtrap_gui.models.classifiers import Classifier

Picture = Union[str, "os.PathLike[str]", Image.Image, "NDArray[np.uint8]"]
"""A file, an opened picture, or its pixels: uint8 [height, width, 3] (RGB) or [height, width] (grey)."""

_PLACES = ("", "bundle", "model")  # of a bundle itself, in an export, in a run
_BATCH = 32


def load(path: "str | os.PathLike[str]") -> "Model":
    """The classifier in a folder: a bundle, an export or a run. Raises Problem when there is none."""
    folder = Path(path)
    found = (folder / place for place in _PLACES if (folder / place / bundle.MANIFEST).is_file())
    return Model(bundle.load(next(found, folder)))


@dataclass(frozen=True)
class Model:
    """A trained classifier. It names animals in *crops*: pieces of pictures with one animal in the middle."""

    classifier: "Classifier"

    @property
    def classes(self) -> tuple[str, ...]:
        """The species it knows, in the order of its class list."""
        return self.classifier.classes

    @property
    def padding(self) -> float:
        """The side of a crop over the longer side of the animal's box, as in training; ``boxes`` are cut out so."""
        return self.classifier.padding

    def predict(
        self, images: Sequence[Picture], boxes: Sequence[Box] | None = None
    ) -> list[dict[str, float]]:
        """The probability of each species, likeliest first, for each image: ``[{"zebra": 0.93, ...}, ...]``.

        Each image is a file, a PIL picture or an array (see ``Picture``), of any size and not all alike; files are
        turned upright. Without ``boxes`` each image must be a crop. With ``boxes``, one for each image, the crop is
        cut out here: (left, top, width, height) as fractions of the upright picture, as MegaDetector tells them.

        Probabilities are calibrated as the classifier is, and sum to 1: it always answers with species it knows, also
        for a picture of something else. Raises ``camtrap_gui.pictures.Unreadable`` for a file that is no picture, and
        TypeError or ValueError for what is no picture at all.
        """
        if isinstance(images, (str, os.PathLike, Image.Image)) or getattr(images, "ndim", 4) != 4:
            raise TypeError("predict() takes a list of pictures: give [picture] for a single one")
        if boxes is not None and len(boxes) != len(images):
            raise ValueError(f"there are {len(images)} images and {len(boxes)} boxes; give one box for each")
        asked = zip(images, boxes if boxes is not None else [None] * len(images), strict=True)
        ready = in_order(self._prepared, asked)
        told: list[dict[str, float]] = []
        while batch := list(islice(ready, _BATCH)):
            told += map(self._in_words, self.classifier.predict_arrays(np.stack(batch)))
        return told

    def _prepared(self, asked: tuple[Picture, Box | None]) -> NDArray[np.uint8]:
        image, box = asked
        picture = _opened(image)
        if box is not None:
            picture = picture.crop(crop_window(box, picture.size, self.padding))
        return self.classifier.prepare(picture)

    def _in_words(self, probabilities: NDArray[np.float32]) -> dict[str, float]:
        order = np.argsort(-probabilities, kind="stable")
        return {self.classes[place]: float(probabilities[place]) for place in order}


def _opened(image: Picture) -> Image.Image:
    if isinstance(image, Image.Image):
        return to_rgb(image)
    if isinstance(image, (str, os.PathLike)):
        return read_upright(Path(image))
    if isinstance(image, np.ndarray):
        if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 3)):
            raise ValueError(
                f"an array must be uint8 [height, width, 3] or [height, width], not {image.dtype} {list(image.shape)}"
            )
        return Image.fromarray(image).convert("RGB")
    raise TypeError(f"{type(image).__name__} is no picture: give a file, a PIL picture or an array")
