"""Using exported classifiers in a fresh process, as a stranger would: nothing of the training is in memory there.

An export can be wrong in ways that the process that made it does not see: a variable that only lives in memory, a
name that is taken, a file that is not whole.
"""

import multiprocessing
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.formats.classifier_exports import (
    BUNDLE,
    FROZEN_GRAPH,
    ONNX,
    SAVED_MODEL,
    TFLITE,
    TFLITE_FP16,
    TFLITE_INT8,
)
from camtrap_gui.models.classifiers import bundle, exports, exports_onnx
from camtrap_gui.models.classifiers.preprocessing import WHOLE, to_input
from camtrap_gui.pictures import read_upright
from camtrap_gui.problem import Problem


@dataclass(frozen=True)
class Tolerance:
    """How much an export may differ: the ``largest`` difference of a probability, and the ``typical`` one (the mean over
    crops of each crop's largest). Another most likely class counts where the trained classifier preferred its own by more
    than ``tie``; the share of crops with that may be ``changed``."""

    largest: float
    typical: float
    tie: float
    changed: float


EXACT = Tolerance(0.01, 0.01, 0.01, 0.0)
"""For what computes in 32-bit floats. Measured on 413 crops of 12 to 2000 pixels: 2e-6."""

TOLERANCES = {
    ONNX: Tolerance(0.05, 0.01, 0.05, 0.0),
    TFLITE_FP16: Tolerance(0.05, 0.01, 0.05, 0.0),
    TFLITE_INT8: Tolerance(1.0, 0.1, 0.3, 0.02),
}
"""Of those that do not. Measured with the default backbone on the demo survey: ONNX in OpenVINO, which computes the
resize in 32 bits, 0.008 at most, 0.0005 typically, the same decisions on 64 of 64 crops; in 16 bits 0.007 at most, 0.0009 typically,
the same decisions on 80 of 80 crops; in 8 bits 0.36 at most, 0.04 typically, another decision on 7 of 79 crops, all of
them with a preference of less than 0.23, and as many right as before (62 instead of 60)."""


@dataclass(frozen=True)
class Agreement:
    """How well an export repeats the trained classifier on ``crops`` crops.

    ``max_difference`` of any probability, ``mean_difference`` of each crop's largest; ``changed`` crops whose most
    likely class is another one, of them ``changed_clearly`` where the trained classifier preferred its class by more
    than a tie. ``is_good``: within the tolerance of its format, so that it may be called the same classifier.
    """

    crops: int
    max_difference: float
    changed: int
    changed_clearly: int
    mean_difference: float = 0.0
    is_good: bool = True


def agreement(
    trained: NDArray[np.float32], exported: NDArray[np.float32], tolerance: Tolerance = EXACT
) -> Agreement:
    """Compare probabilities float32 [N, C] of the same crops. NaN agrees with nothing."""
    crops = len(trained)
    if trained.shape != exported.shape or not np.isfinite(exported).all():
        return Agreement(crops, 1.0, crops, crops, 1.0, False)
    best, now = trained.argmax(axis=1), exported.argmax(axis=1)
    rows = np.arange(crops)
    preferred = trained[rows, best] - trained[rows, now]
    apart = np.abs(trained - exported).max(axis=1, initial=0.0)
    largest, typical = float(apart.max(initial=0.0)), float(apart.mean()) if crops else 0.0
    clearly = int((preferred > tolerance.tie).sum())
    is_good = (
        largest <= tolerance.largest and typical <= tolerance.typical and clearly <= tolerance.changed * crops
    )
    return Agreement(crops, largest, int((best != now).sum()), clearly, typical, is_good)


def answers(
    exported: Mapping[str, Path], crops: Sequence[Path], waiting: Callable[[], None], way: str = WHOLE
) -> dict[str, NDArray[np.float32]]:
    """Probabilities float32 [N, C] that each export (by format) gives for the crops in a process started for it.

    ``way`` is how crops become the network's input (``preprocessing``), for formats that leave that to others.
    ``waiting`` is called several times a second and may raise to give up. Raises Problem when the other process could
    not use an export.
    """
    # Started by multiprocessing and not as "python -m": that works in an installed program without Python, too.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, dict(exported), list(crops), way), daemon=True)
    process.start()
    there.close()
    try:
        while not here.poll(0.2):
            waiting()
        kind, answer = here.recv()
    except EOFError:
        process.join()
        raise Problem(
            f"The process that tried the export ended by itself (status {process.exitcode}), most likely for lack"
            " of memory. Close other programs and export again."
        ) from None
    finally:
        process.terminate()
        process.join()
        here.close()
    if kind == "error":
        raise Problem(f"The export cannot be used again and was not kept: {answer}")
    done: dict[str, NDArray[np.float32]] = answer
    return done


def _answer(there: Connection, exported: Mapping[str, Path], crops: Sequence[Path], way: str) -> None:
    try:
        there.send(("answers", _all_answers(exported, crops, way)))
    except Exception as error:
        there.send(("error", f"{type(error).__name__}: {error}"))


def _all_answers(
    exported: Mapping[str, Path], crops: Sequence[Path], way: str
) -> dict[str, NDArray[np.float32]]:
    pictures = [read_upright(path) for path in crops]
    return {kind: _USES[kind](path, pictures, way) for kind, path in exported.items()}


def _use_bundle(path: Path, pictures: Sequence[Any], _: str) -> NDArray[np.float32]:
    return bundle.load(path).predict(pictures)


def _use_frozen_graph(path: Path, pictures: Sequence[Any], _: str) -> NDArray[np.float32]:
    """As predict_image.py of the tutorial does it: one picture, values 0..1, a session."""
    import tensorflow as tf

    v1 = tf.compat.v1
    definition = v1.GraphDef()
    definition.ParseFromString(path.read_bytes())
    with tf.Graph().as_default() as graph:
        v1.import_graph_def(definition, name="")
        with v1.Session(graph=graph) as session:
            rows = [
                session.run(f"{exports.OUTPUT}:0", {f"{exports.INPUT}:0": _from_0_to_1(picture)})
                for picture in pictures
            ]
    return np.concatenate(rows)


def _use_saved_model(path: Path, pictures: Sequence[Any], _: str) -> NDArray[np.float32]:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    serve = loaded.signatures["serving_default"]
    rows = [
        serve(images=tf.constant(_from_0_to_1(picture)[None]))["probabilities"].numpy()
        for picture in pictures
    ]
    return np.concatenate(rows)


def _use_onnx(path: Path, pictures: Sequence[Any], _: str) -> NDArray[np.float32]:
    import openvino

    network = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    output = network.output(exports_onnx.OUTPUT)
    return np.concatenate([network(np.asarray(picture)[np.newaxis])[output] for picture in pictures])


def _use_tflite(path: Path, pictures: Sequence[Any], way: str) -> NDArray[np.float32]:
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that this moves to a package of its own
        network = tf.lite.Interpreter(model_path=str(path))
    network.allocate_tensors()
    (given,), (answer,) = network.get_input_details(), network.get_output_details()
    rows = []
    for picture in pictures:
        network.set_tensor(given["index"], to_input(picture, int(given["shape"][1]), way)[np.newaxis])
        network.invoke()
        rows.append(network.get_tensor(answer["index"]))
    return np.concatenate(rows)


def _from_0_to_1(picture: Any) -> NDArray[np.float32]:
    return np.divide(np.asarray(picture), np.float32(255), dtype=np.float32)


_USES: dict[str, Callable[[Path, Sequence[Any], str], NDArray[np.float32]]] = {
    BUNDLE: _use_bundle,
    FROZEN_GRAPH: _use_frozen_graph,
    SAVED_MODEL: _use_saved_model,
    ONNX: _use_onnx,
    TFLITE: _use_tflite,
    TFLITE_FP16: _use_tflite,
    TFLITE_INT8: _use_tflite,
}
