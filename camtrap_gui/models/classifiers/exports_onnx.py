"""A classifier as an ONNX file: the whole way from a crop to probabilities, for every runtime that reads ONNX.

The graph is that of the SavedModel, translated by tf2onnx: the resize is inside, as matrix products, so that no program has
to repeat it. Runtimes that have no 64-bit floats on their device (OpenVINO) round a few pixels of the resize another
way; on 64 crops that moved no probability by more than 0.008, and typically by 0.0005.
"""

import contextlib
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from camtrap_gui.files import write_bytes
from camtrap_gui.models.classifiers import Classifier
from camtrap_gui.models.classifiers.exports import probabilities_of

INPUT, OUTPUT = "images", "probabilities"
_OPSET = 17
"""Read by ONNX Runtime since 1.12 (2022)."""


def write_onnx(classifier: Classifier, path: Path) -> None:
    """Write ``images`` uint8 [N, H, W, 3], RGB 0..255 -> ``probabilities`` float32 [N, C], rows summing to 1.

    The file's ``metadata_props`` name the classes: ``classes``, a JSON list.
    """
    import tensorflow as tf
    from onnx import helper

    network = probabilities_of(classifier)

    @tf.function(
        input_signature=[tf.TensorSpec((None, None, None, 3), tf.uint8, name=INPUT)], autograph=False
    )
    def classify(images: Any) -> Any:
        return network(tf.cast(images, tf.float32))

    with _quietly():
        import tf2onnx

        model, _ = tf2onnx.convert.from_function(
            classify, input_signature=classify.input_signature, opset=_OPSET
        )
    _name_output(model.graph)
    model.producer_name = "camtrap-gui"
    helper.set_model_props(model, {"classes": json.dumps(classifier.classes, ensure_ascii=False)})
    write_bytes(path, model.SerializeToString())


def _name_output(graph: Any) -> None:
    """Call the one output by its name: the converter says "Identity:0"."""
    (output,) = graph.output
    for node in graph.node:
        for place, name in enumerate(node.output):
            if name == output.name:
                node.output[place] = OUTPUT
    output.name = OUTPUT


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without the converter's words: it tells of every rewriting that it tried and did not need."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(before)
