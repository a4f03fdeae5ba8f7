"""A classifier as TensorFlow files that need nothing of this program: frozen graph and SavedModel.

Both take crops of any size, RGB 0..1, and do the rest themselves: resize, scale, network, softmax. The frozen graph is
the tutorial's ``frozen_inference_graph_w_preprocessing.pb`` (``input:0`` [H, W, 3] -> ``output:0`` [1, C]), so scripts
made for that work with it.

The resize is Pillow's own, bit for bit: a triangle as filter, applied across and then down as matrix products, with the
filter in 22-bit fixed point and the result rounded to whole values each time (Pillow, src/libImaging/Resample.c).
``tf.image.resize`` with ``antialias=True`` is the same filter without the roundings (confidences of a trained network
then differ by up to 0.004), and its ``ScaleAndTranslate`` is read by no other runtime. A classifier that sees crops the
tutorial's way gets the tutorial's graph: central seven eighths, resized as TensorFlow 1 does it.
"""

from pathlib import Path
from typing import Any

from camtrap_gui.files import write_bytes
from camtrap_gui.models.classifiers import Classifier
from camtrap_gui.models.classifiers.preprocessing import BORDER, INCEPTION

INPUT, OUTPUT = "input", "output"
_ONE = 2.0**22


def write_frozen_graph(classifier: Classifier, path: Path) -> None:
    """Write the graph ``input:0`` float32 [H, W, 3] in 0..1 -> ``output:0`` float32 [1, C], rows summing to 1.

    One file: weights are constants, what can be computed beforehand is, and nothing of training is left in it.
    """
    import tensorflow as tf

    network = probabilities_of(classifier)

    @tf.function(input_signature=[tf.TensorSpec((None, None, 3), tf.float32, name=INPUT)], autograph=False)
    def one_crop(crop: Any) -> Any:
        return network(_whole(crop[tf.newaxis]))

    write_bytes(path, _frozen(one_crop.get_concrete_function()).SerializeToString())


def write_saved_model(classifier: Classifier, folder: Path) -> None:
    """Write a SavedModel: signature ``serving_default``, ``images`` float32 [N, H, W, 3] -> ``probabilities`` [N, C]."""
    import tensorflow as tf

    network = probabilities_of(classifier)

    @tf.function(
        input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32, name="images")], autograph=False
    )
    def serve(images: Any) -> Any:
        return {"probabilities": network(_whole(images))}

    module = tf.Module(name="classifier")
    module.kept = classifier.model.variables  # a SavedModel has the variables that hang on its module
    tf.saved_model.save(module, str(folder), signatures=serve)


def probabilities_of(classifier: Classifier) -> Any:
    """The whole way as TensorFlow operations: crops of one size, whole values 0..255 float32 [N, H, W, 3] -> [N, C]."""
    import tensorflow as tf

    size, model = classifier.input_size, classifier.model
    resized = _central_resized if classifier.preprocessing == INCEPTION else _resized

    def probabilities(images: Any) -> Any:
        return tf.nn.softmax(model(resized(images, size), training=False) / classifier.temperature)

    return probabilities


def _whole(images: Any) -> Any:
    """Values 0..1 as the whole values 0..255 that they were before."""
    import tensorflow as tf

    return tf.floor(images * 255.0 + 0.5)


def _central_resized(images: Any, size: int) -> Any:
    """The same for classifiers that see crops the tutorial's way."""
    import tensorflow as tf

    shape = tf.shape(images)
    top, left = shape[1] // BORDER, shape[2] // BORDER
    central = images[:, top : shape[1] - top, left : shape[2] - left]
    resized = tf.raw_ops.ResizeBilinear(
        images=central, size=(size, size), align_corners=False, half_pixel_centers=False
    )
    return tf.floor(resized + 0.5)


def _resized(images: Any, size: int) -> Any:
    """Images [N, H, W, 3] of whole values 0..255 as float32 [N, size, size, 3], as ``preprocessing.to_input`` does it."""
    import tensorflow as tf

    shape = tf.shape(images)
    count, height, width = shape[0], shape[1], shape[2]
    images = tf.cast(images, tf.float64)  # holds the products of 8 and 22 bits exactly
    across = _rounded(tf.matmul(_filter(width, size), images))  # [size, W] x [N, H, W, 3]
    across = tf.reshape(across, (count, height, size * 3))
    down = _rounded(tf.matmul(_filter(height, size), across))  # [size, H] x [N, H, size * 3]
    return tf.cast(tf.reshape(down, (-1, size, size, 3)), tf.float32)


def _filter(length: Any, size: int) -> Any:
    """What each of ``length`` pixels gives to each of ``size``, float64 [size, length], in units of 2**-22.

    A triangle that reaches one pixel of the coarser side to either side; what lies beyond the border counts for nothing.
    """
    import tensorflow as tf

    scale = tf.cast(length, tf.float64) / size
    centres = (tf.range(size, dtype=tf.float64) + 0.5) * scale
    pixels = tf.cast(tf.range(length), tf.float64)
    # In Pillow's order of operations: the last bit decides which way a half is rounded.
    steps = (pixels - centres[:, tf.newaxis] + 0.5) * (1.0 / tf.maximum(scale, 1.0))
    triangle = tf.nn.relu(1.0 - tf.abs(steps))
    triangle *= 1.0 / tf.reduce_sum(triangle, axis=1, keepdims=True)
    return tf.floor(triangle * _ONE + 0.5)


def _rounded(sums: Any) -> Any:
    import tensorflow as tf

    return tf.floor(sums / _ONE + 0.5)


def _frozen(function: Any) -> Any:
    """A concrete function with one input and one output as a GraphDef with constants in place of variables."""
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    constant = convert_to_constants.convert_variables_to_constants_v2(function)
    result = constant.outputs[0].name  # some Identity, whatever it was called in the function
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(constant.graph.as_graph_def(), name="")
        tf.identity(graph.get_tensor_by_name(result), name=OUTPUT)
        return _folded(tf.compat.v1.train.export_meta_graph(graph=graph))


def _folded(meta: Any) -> Any:
    """The part of a graph that the output needs, constants computed."""
    from tensorflow.core.protobuf import config_pb2
    from tensorflow.python.grappler import tf_optimizer

    for name in (INPUT, OUTPUT):  # says what must keep its name
        meta.collection_def["train_op"].node_list.value.append(f"{name}:0")
    config = config_pb2.ConfigProto()
    rewriting = config.graph_options.rewrite_options
    rewriting.optimizers.extend(["pruning", "constfold", "dependency"])
    rewriting.meta_optimizer_iterations = 2
    rewriting.min_graph_nodes = -1
    return tf_optimizer.OptimizeGraph(config, meta)
