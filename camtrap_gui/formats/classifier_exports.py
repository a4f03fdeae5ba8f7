"""The forms in which a classifier leaves the program: their files, what each takes in, and whom it is for."""

from dataclasses import dataclass

BUNDLE, FROZEN_GRAPH, SAVED_MODEL, ONNX = "bundle", "frozen-graph", "saved-model", "onnx"
TFLITE, TFLITE_FP16, TFLITE_INT8 = "tflite", "tflite-fp16", "tflite-int8"


@dataclass(frozen=True)
class Format:
    """``file`` is its name in the export; ``input`` says what it takes, ``about`` whom it is for."""

    title: str
    file: str
    about: str
    input: str


_SMALL = (
    "uint8 [1, {size}, {size}, 3]: one crop, RGB 0..255, resized to {size} x {size} pixels before ({resize})"
)

FORMATS = {
    BUNDLE: Format(
        "Bundle",
        "bundle",
        "For this program on any machine, and for Python: weights as plain numbers, nothing that could run.",
        "crops of any size, by camtrap_gui.load_model(folder).predict(pictures) or camtrap predict",
    ),
    FROZEN_GRAPH: Format(
        "Frozen graph",
        "frozen_inference_graph_w_preprocessing.pb",
        "For scripts of the TensorFlow 1 tutorials: one file with the names they expect, resize inside.",
        "input:0, float32 [height, width, 3]: one crop of any size, RGB 0..1",
    ),
    SAVED_MODEL: Format(
        "SavedModel",
        "saved_model",
        "For TensorFlow 2, TensorFlow Serving and its converters: takes batches, resize inside.",
        "images, float32 [crops, height, width, 3]: crops of one size each time, RGB 0..1",
    ),
    ONNX: Format(
        "ONNX",
        "classifier.onnx",
        "For ONNX Runtime, OpenVINO, R, C#, web pages: one file that needs no TensorFlow, resize inside.",
        "images, uint8 [crops, height, width, 3]: crops of one size each time, RGB 0..255",
    ),
    TFLITE: Format(
        "TensorFlow Lite",
        "classifier.tflite",
        "For phones, Raspberry Pi and cameras: the same numbers as in training.",
        _SMALL,
    ),
    TFLITE_FP16: Format(
        "TensorFlow Lite, half size",
        "classifier-fp16.tflite",
        "The same with weights of 16 bits: half the file, the same decisions as a rule.",
        _SMALL,
    ),
    TFLITE_INT8: Format(
        "TensorFlow Lite, 8 bits",
        "classifier-int8.tflite",
        "For the smallest devices: a quarter of the file and about three times as fast, but confidence shifts and a few crops are named differently.",
        _SMALL,
    ),
}
"""Every form by name, in the order in which they are shown."""

USUAL = (BUNDLE, FROZEN_GRAPH, SAVED_MODEL)
"""What is written unless something else is asked for."""

RESIZE = {
    "whole": "the whole crop, bilinear with antialiasing as Pillow's BILINEAR, aspect ignored",
    "inception": "the central seven eighths of either side, bilinear as TensorFlow 1 resizes, aspect ignored",
}
"""How a crop becomes the network's input, by the way of ``models.classifiers.preprocessing``."""


def input_of(name: str, size: int, way: str) -> str:
    """What a form takes in, in words, for a network that sees ``size`` pixels its own ``way``."""
    return FORMATS[name].input.format(size=size, resize=RESIZE[way])
