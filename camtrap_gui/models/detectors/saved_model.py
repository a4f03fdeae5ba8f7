"""Detectors in TensorFlow SavedModels, such as those exported by the TensorFlow Object Detection API.

Such a model takes pictures (uint8) through its signature "serving_default" and answers like a frozen graph. So it is made
one when it is loaded: what the signature needs, with the weights as constants. All else that is in the file stays
behind, the graph is judged once more as it is going to run, and it runs as fast as a frozen graph does, in bfloat16 too.
"""

import logging
from pathlib import Path
from typing import Any

from camtrap_gui.models import saved_model_files
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.detectors.frozen_graph import FrozenGraph, Tensors
from camtrap_gui.models.graph_files import check_nodes
from camtrap_gui.problem import Problem

_ANSWERS = ("detection_boxes", "detection_scores", "detection_classes")


def load(entry: Entry, bfloat16: bool | None = None) -> FrozenGraph:
    """The detector in a SavedModel. Raises Problem when it is none, is not what it was, or TensorFlow refuses it."""
    with saved_model_files.opened(entry.path) as folder:
        saved_model_files.check(folder, entry.name)
        if saved_model_files.fingerprint(folder)[0] != entry.sha256:
            raise Problem(
                f"The files of the model “{entry.name}” have changed since it was added. Add it again: "
                f"camtrap models remove {entry.name}, camtrap models add FOLDER"
            )
        data, tensors = freeze(folder)
    check_nodes(data, entry.name)
    return FrozenGraph(entry, data, bfloat16, tensors)


def freeze(folder: Path) -> tuple[bytes, Tensors]:
    """What the signature needs as a GraphDef with constants for weights, and where pictures go in and boxes come out."""
    import tensorflow as tf
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    tf.get_logger().setLevel(logging.ERROR)
    try:
        saved = SavedModel.FromString((folder / saved_model_files.GRAPH).read_bytes()).meta_graphs[0]
        definition, tensors = (
            _from_functions(folder) if saved.HasField("object_graph_def") else _from_graph(saved)
        )
        return definition.SerializeToString(), tensors
    except Problem:
        raise
    except Exception as error:  # protobuf, ValueError, OpError ...: a file can be wrong in every way
        raise Problem(f"TensorFlow cannot use this SavedModel: {str(error).splitlines()[0][:300]}") from error


def _from_functions(folder: Path) -> tuple[Any, Tensors]:
    """Of TensorFlow 2: a function, its weights beside it."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    loaded = tf.saved_model.load(str(folder))  # has the weights, so it must be there while they are read
    signature = loaded.signatures[saved_model_files.SIGNATURE]
    frozen = convert_variables_to_constants_v2(signature, lower_control_flow=False)
    answers = dict(zip(sorted(signature.structured_outputs), frozen.outputs, strict=True))
    return frozen.graph.as_graph_def(), Tensors(
        frozen.inputs[0].name, *(answers[name].name for name in _ANSWERS)
    )


def _from_graph(saved: Any) -> tuple[Any, Tensors]:
    """Of TensorFlow 1: one graph, whose weights are constants, as in MegaDetector v4.1."""
    import tensorflow.compat.v1 as tf

    signature = saved.signature_def[saved_model_files.SIGNATURE]
    (picture,) = signature.inputs.values()
    tensors = Tensors(picture.name, *(signature.outputs[name].name for name in _ANSWERS))
    wanted = [name.partition(":")[0] for name in tensors[1:]]
    definition = tf.graph_util.extract_sub_graph(saved.graph_def, wanted)
    if any(node.op in ("Variable", "VariableV2", "VarHandleOp") for node in definition.node):
        raise Problem(
            "This SavedModel of TensorFlow 1 has its weights beside the graph, which is not supported. Export it again as a "
            "frozen graph (.pb)."
        )
    return definition, tensors
