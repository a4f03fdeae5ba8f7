"""A classifier on disk: ``bundle.json`` that says everything in words, and the weights as plain arrays.

Nothing in a bundle is code. The network is built from the backbone's name, which must be one this program knows; the
arrays are read without pickle, and only when names, shapes, sizes and the SHA-256 are those the manifest promises. So
a bundle from a stranger can at worst be wrong about animals.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camtrap_gui.models.classifiers import Classifier

MANIFEST = "bundle.json"


def save(folder: Path, classifier: Classifier, about: Mapping[str, Any]) -> None:
    """Write the classifier to ``folder``; an older bundle there stays whole until the new one is complete."""
    raise NotImplementedError


def load(folder: Path) -> Classifier:
    """Read a classifier. Raises Problem when the folder holds no bundle, a damaged or a foreign one."""
    raise NotImplementedError
