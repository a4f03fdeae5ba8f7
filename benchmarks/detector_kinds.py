"""The default detector's weights as every kind of detector, in a store of its own."""

import os
import shutil
from pathlib import Path

from camtrap_gui import paths
from camtrap_gui.models import store
from tests.exported import LAYOUTS, write_onnx, write_saved_model

LOWEST = 0.05
"""Confidence down to which all keep their boxes."""


def install(folder: Path, graph: Path) -> dict[str, str]:
    """Names of the detectors by what they are, the default one first. ``graph`` is its frozen graph.

    From here on this process knows the store in ``folder`` and no other.
    """
    entry = store.install("default", lambda _: None)[0]
    weights = store.read_weights(entry)
    shutil.copytree(paths.models() / entry.name, folder / "models" / entry.name)
    os.environ["CAMTRAP_MODELS"] = str(folder / "models")
    files = {"frozen graph": graph, "SavedModel": write_saved_model(folder / "saved-model", weights)}
    for layout in LAYOUTS:
        files[f"ONNX {layout}"] = write_onnx(folder / f"{layout}.onnx", weights, layout)
    names = {"default": "default"}
    for kind, file in files.items():
        added = store.add(
            file,
            kind.lower().replace(" ", "-"),
            letterbox="corner",
            categories=entry.categories,
            conservative_threshold=LOWEST,
        )
        names[kind] = added.name
    return names
