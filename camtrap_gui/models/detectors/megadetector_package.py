"""The published MegaDetectors in PyTorch files (v5 and later), run by their authors' own package, ``megadetector``.

The package has a Python environment of its own (``megadetector_place``): PyTorch takes gigabytes, some of the code below it
is under the (A)GPL, and its libraries do not go together with this program's. It works there in a process of its own
(``megadetector_process``), so that no crash of theirs meets this program. A PyTorch file is a program: only files that
``recognition`` knows as published ones come here.
"""

import json
import os
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from PIL import Image

from camtrap_gui.models import recognition
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.models.detectors import Detection, megadetector_place
from camtrap_gui.problem import Problem

if TYPE_CHECKING:
    import numpy

LARGEST = 4096
"""Pixels of the longer side above which a picture is reduced before it is handed over (the network sees 1280 at most)."""

_LOG_TAIL = 1500
_PROCESS = Path(__file__).with_name("megadetector_process.py")


class MegadetectorPackage:
    """A MegaDetector in a process of its own, which ends with this object or with this program."""

    def __init__(self, entry: Entry, python: Path) -> None:
        self.name, self.kind, self.sha256 = entry.name, entry.kind, entry.sha256
        self.typical_threshold = entry.typical_threshold or 0.0
        self.conservative_threshold = entry.conservative_threshold or 0.0
        self.categories = tuple(entry.categories.values())
        self.at_least = LARGEST
        self.batch = 4
        self._names = entry.categories
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            # -I: neither this program's modules nor its environment are the other Python's business.
            [python, "-I", "-u", _PROCESS, entry.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            # PyTorch's threads wait for each other by counting. Beside other busy threads that took 7 times the processor time.
            env={"OMP_WAIT_POLICY": "PASSIVE", **os.environ},
        )
        weakref.finalize(self, _end, self._process, self._log)
        self._answer()

    def prepare(self, picture: Image.Image) -> "numpy.ndarray":
        import numpy as np

        factor = -(-max(picture.size) // LARGEST)
        return np.ascontiguousarray(picture.reduce(factor) if factor > 1 else picture)

    def detect(self, prepared: Sequence["numpy.ndarray"]) -> list[list[Detection]]:
        return [self._detect(picture) for picture in prepared]

    def _detect(self, picture: "numpy.ndarray") -> list[Detection]:
        height, width, _ = picture.shape
        order = {"width": width, "height": height, "threshold": self.conservative_threshold}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.write(picture.data)
            self._process.stdin.flush()
        except OSError:
            pass  # it is gone; why is said below
        found = [
            Detection(self._names[box["category"]], box["conf"], *_inside(*box["bbox"]))
            for box in self._answer()["detections"]
            if box["category"] in self._names and box["conf"] >= self.conservative_threshold
        ]
        return sorted(found, key=lambda one: -one.confidence)

    def _answer(self) -> dict[str, Any]:
        """The next line of the process. Raises Problem when it has none, or what it says is a problem."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - _LOG_TAIL))
            said = self._log.read().decode("utf-8", "replace").strip()
            raise Problem(f"The megadetector package stopped working. Its last words were:\n{said}")
        answer: dict[str, Any] = json.loads(line)
        if "problem" in answer:
            raise Problem(f"The megadetector package cannot use “{self.name}”: {answer['problem']}")
        return answer


def load(entry: Entry) -> MegadetectorPackage:
    """A published MegaDetector. Raises Problem when the file is not one any more, or the package is not installed."""
    if recognition.describe(entry.path).sha256 != entry.sha256:
        raise Problem(
            f"The file of the model “{entry.name}” has changed since it was added. Add it again: "
            f"camtrap models remove {entry.name}, camtrap models add FILE"
        )
    python = megadetector_place.python()
    if python is None:
        raise Problem(
            f"“{entry.name}” is a PyTorch file, which the megadetector package runs. It is not here. "
            f"{megadetector_place.how_to_make()} An ONNX file of the model needs nothing more."
        )
    return MegadetectorPackage(entry, python)


def _inside(x: float, y: float, width: float, height: float) -> Sequence[float]:
    """A box without what rounding put outside of the picture."""
    left, top, right, bottom = (min(max(value, 0.0), 1.0) for value in (x, y, x + width, y + height))
    return left, top, right - left, bottom - top


def _end(process: "subprocess.Popen[bytes]", log: IO[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, log):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what was not written yet has nobody to read it
                continue
