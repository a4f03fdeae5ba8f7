"""A classifier as TensorFlow Lite files, for small devices: exact, with weights of 16 bits, and in whole numbers of 8.

All three take one crop that was resized before, uint8 [1, S, S, 3] RGB 0..255 (TensorFlow Lite has no operation that
resizes as training does), and give probabilities as floats.

In the 8-bit file everything up to the features is computed in whole numbers; the last layer and softmax stay floats. A
class without training crops has a logit of -10,000, and a scale of 256 steps that reaches so far leaves none for the
others: with the last layer in 8 bits, too, 72 of 80 crops of the demo survey were called something else; so, 1 of 80.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.files import write_bytes
from camtrap_gui.formats.classifier_exports import TFLITE, TFLITE_FP16
from camtrap_gui.models.classifiers import Classifier
from camtrap_gui.models.classifiers.backbones import SPECIES_LAYER

_KEPT_AS_FLOATS = ["FULLY_CONNECTED", "SOFTMAX"]


def write_tflite(classifier: Classifier, path: Path, kind: str, crops: Sequence[NDArray[np.uint8]]) -> None:
    """Write ``images`` uint8 [1, S, S, 3], RGB 0..255 -> probabilities float32 [1, C].

    ``kind`` is one of "tflite", "tflite-fp16" and "tflite-int8"; the last takes the ranges of its numbers from
    ``crops``, uint8 [S, S, 3] each, as ``Classifier.prepare`` makes them (some tens of the training crops).
    """
    import tensorflow as tf

    function = _constant(classifier)
    # Only what has no variables any more can be converted so: those of a Keras model would silently be left out.
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if kind == TFLITE:
            made = converter.convert()
        elif kind == TFLITE_FP16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
            made = converter.convert()
        else:
            made = _in_whole_numbers(converter, crops)
    write_bytes(path, made)


def _in_whole_numbers(converter: Any, crops: Sequence[NDArray[np.uint8]]) -> bytes:
    import tensorflow as tf

    def calibration() -> Iterator[list[NDArray[np.uint8]]]:
        for crop in crops:
            yield [crop[np.newaxis]]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration
    # The converter itself quantises all or nothing; its debugger is the public way to leave operations out.
    debugging = tf.lite.experimental
    options = debugging.QuantizationDebugOptions(denylisted_ops=_KEPT_AS_FLOATS)
    debugger = debugging.QuantizationDebugger(
        converter=converter, debug_dataset=calibration, debug_options=options
    )
    made: bytes = debugger.get_nondebug_quantized_model()
    return made


def _constant(classifier: Classifier) -> Any:
    """The network for one prepared crop as a concrete function with constants in place of variables."""
    import keras
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    species = classifier.model.get_layer(SPECIES_LAYER)
    features_of = keras.Model(classifier.model.input, species.input)
    # Divided here, so that no operation on logits is left to be quantised.
    kernel, bias = (np.asarray(weights) / np.float32(classifier.temperature) for weights in species.weights)
    size = classifier.input_size

    @tf.function(
        input_signature=[tf.TensorSpec((1, size, size, 3), tf.uint8, name="images")], autograph=False
    )
    def classify(images: Any) -> Any:
        features = features_of(tf.cast(images, tf.float32), training=False)
        return tf.nn.softmax(tf.matmul(features, kernel) + bias)

    return convert_to_constants.convert_variables_to_constants_v2(classify.get_concrete_function())
