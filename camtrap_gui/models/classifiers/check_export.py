"""Using exported classifiers in a fresh process, as a stranger would: nothing of the training is in memory there.

An export can be wrong in ways that the process that made it does not see: a variable that only lives in memory, a
name that is taken, a file that is not whole.
"""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camtrap_gui.models.classifiers import bundle, exports
from camtrap_gui.pictures import read_upright
from camtrap_gui.problem import Problem

TOLERANCE = 0.01
"""Largest difference of a probability that counts as the same answer. Measured on 413 crops of 12 to 2000 pixels: 2e-6."""


@dataclass(frozen=True)
class Agreement:
    """How well an export repeats the trained classifier on ``crops`` crops.

    ``max_difference`` of any probability; ``changed`` crops whose most likely class is another one, of them
    ``changed_clearly`` where the trained classifier preferred its class by more than the tolerance.
    """

    crops: int
    max_difference: float
    changed: int
    changed_clearly: int

    @property
    def is_good(self) -> bool:
        """Whether the export may be called the same classifier."""
        return self.max_difference <= TOLERANCE and not self.changed_clearly


def agreement(trained: NDArray[np.float32], exported: NDArray[np.float32]) -> Agreement:
    """Compare probabilities float32 [N, C] of the same crops. NaN agrees with nothing."""
    if trained.shape != exported.shape or not np.isfinite(exported).all():
        return Agreement(len(trained), 1.0, len(trained), len(trained))
    best, now = trained.argmax(axis=1), exported.argmax(axis=1)
    rows = np.arange(len(trained))
    preferred = trained[rows, best] - trained[rows, now]
    return Agreement(
        len(trained),
        float(np.abs(trained - exported).max(initial=0.0)),
        int((best != now).sum()),
        int((preferred > TOLERANCE).sum()),
    )


def answers(
    exported: Mapping[str, Path], crops: Sequence[Path], waiting: Callable[[], None]
) -> dict[str, NDArray[np.float32]]:
    """Probabilities float32 [N, C] that each export (by kind) gives for the crops in a process started for it.

    ``waiting`` is called several times a second and may raise to give up. Raises Problem when the other process could
    not use an export.
    """
    # Started by multiprocessing and not as "python -m": that works in an installed program without Python, too.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(there, dict(exported), list(crops)), daemon=True)
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


def _answer(there: Connection, exported: Mapping[str, Path], crops: Sequence[Path]) -> None:
    try:
        pictures = [read_upright(path) for path in crops]
        there.send(("answers", {kind: _USES[kind](path, pictures) for kind, path in exported.items()}))
    except Exception as error:
        there.send(("error", f"{type(error).__name__}: {error}"))


def _use_bundle(path: Path, pictures: Sequence[Any]) -> NDArray[np.float32]:
    return bundle.load(path).predict(pictures)


def _use_frozen_graph(path: Path, pictures: Sequence[Any]) -> NDArray[np.float32]:
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


def _use_saved_model(path: Path, pictures: Sequence[Any]) -> NDArray[np.float32]:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    serve = loaded.signatures["serving_default"]
    rows = [
        serve(images=tf.constant(_from_0_to_1(picture)[None]))["probabilities"].numpy()
        for picture in pictures
    ]
    return np.concatenate(rows)


def _from_0_to_1(picture: Any) -> NDArray[np.float32]:
    return np.divide(np.asarray(picture), np.float32(255), dtype=np.float32)


_USES: dict[str, Callable[[Path, Sequence[Any]], NDArray[np.float32]]] = {
    "bundle": _use_bundle,
    "frozen-graph": _use_frozen_graph,
    "saved-model": _use_saved_model,
}
