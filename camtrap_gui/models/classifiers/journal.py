"""The figures of every epoch, for programs (``metrics.jsonl``) and for TensorBoard (``tensorboard/``)."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from camtrap_gui.files import write_text
from camtrap_gui.models.classifiers.learning import Epoch


class Journal:
    """Appends the epochs of one phase of a run. Epochs from ``first`` on, and phases in ``later``, are forgotten first:
    they were written by a process that was killed before it could keep their outcome, and come again."""

    def __init__(self, run: Path, phase: str, first: int, later: tuple[str, ...] = ()) -> None:
        self._lines = run / "metrics.jsonl"
        if self._lines.exists():
            kept = [line for line in self._read() if _stays(line, phase, first, later)]
            write_text(self._lines, "".join(f"{line}\n" for line in kept))
        folder = run / "tensorboard"
        for name in (phase, *later):
            if name != phase or first == 1:
                shutil.rmtree(folder / _plain(name), ignore_errors=True)
        self._folder = folder / _plain(phase)
        self._writer: Any = None

    def add(self, epoch: Epoch) -> None:
        """Write one epoch; it is on disk when this returns."""
        import tensorflow as tf

        with self._lines.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(epoch)) + "\n")
        if self._writer is None:
            self._writer = tf.summary.create_file_writer(str(self._folder))
        figures = {
            "train/loss": epoch.loss,
            "train/accuracy": epoch.accuracy,
            "validation/loss": epoch.val_loss,
            "validation/accuracy": epoch.val_accuracy,
            "validation/macro_f1": epoch.macro_f1,
        }
        # What tf.summary.scalar writes; that function itself wants TensorBoard installed.
        kind = tf.compat.v1.SummaryMetadata()
        kind.plugin_data.plugin_name = "scalars"
        with self._writer.as_default():
            for name, value in figures.items():
                tf.summary.write(name, tf.constant(value, tf.float32), epoch.epoch, kind)
        self._writer.flush()

    def close(self) -> None:
        """Close TensorBoard's file."""
        if self._writer is not None:
            self._writer.close()

    def _read(self) -> list[str]:
        # A line that a kill cut short has no end and is left out.
        whole = self._lines.read_text(encoding="utf-8").split("\n")[:-1]
        return [line for line in whole if line.startswith("{") and line.endswith("}")]


def _stays(line: str, phase: str, first: int, later: tuple[str, ...]) -> bool:
    epoch = json.loads(line)
    return epoch["phase"] not in later and not (epoch["phase"] == phase and epoch["epoch"] >= first)


def _plain(phase: str) -> str:
    return phase.lower().replace(" ", "-")
