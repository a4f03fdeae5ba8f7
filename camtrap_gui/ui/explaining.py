"""What a classifier looked at, asked for while somebody wants to see it, and shown in a viewer."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QDialog, QVBoxLayout

from camtrap_gui.geometry import Box
from camtrap_gui.jobs import from_plain
from camtrap_gui.models.explanation import Explanation, Like, Options
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID
from camtrap_gui.ui.viewer.shown import ShownBox, ShownPicture
from camtrap_gui.ui.viewer.viewer import Viewer
from camtrap_gui.ui.worker import Job

KEPT = 64
PAUSE_MS = 120
"""Whoever goes through pictures quickly asks for none of them."""

Key = tuple[Path, Path, Box, str]
"""Classifier, picture, box and species."""


class Explaining(QObject):
    """Answers the wishes of a viewer. ``model`` says which classifier is asked now, None for none.

    The engine of short requests does the work; only the newest wish waits for it.
    """

    def __init__(self, session: Session, viewer: Viewer, model: Callable[[], Path | None]) -> None:
        super().__init__(viewer)
        self._session, self._viewer, self._model = session, viewer, model
        self._known: OrderedDict[Key, Explanation] = OrderedDict()
        self._job: Job | None = None
        self._dialog: QDialog | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        viewer.set_explainable(True)
        viewer.explain_wanted.connect(self._look)
        viewer.likest.opened.connect(self.open_crop)

    def open_crop(self, like: Like) -> None:
        """Show a training crop by itself."""
        self._dialog = dialog = QDialog(self._viewer)
        dialog.setWindowTitle(f"Training crop: {like.species}")
        dialog.resize(GRID * 90, GRID * 64)
        viewer = Viewer()
        viewer.hide_threshold()
        layout = QVBoxLayout(dialog)
        layout.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        layout.addWidget(viewer)
        facts = (("Is", like.species), ("Location", like.location), ("Likeness", f"{like.likeness:.3f}"))
        viewer.show_pictures([ShownPicture(like.path, like.path.name, facts=facts)])
        dialog.finished.connect(viewer.close_threads)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _look(self) -> None:
        """Show what is known of the box that is chosen; ask when it stays so."""
        self._pause.stop()
        key = self._wanted()
        if key is None:
            asked = self._viewer.explains() and self._viewer.current() is not None
            self._viewer.show_explanation(None, "Select an animal that was named." if asked else "")
        elif key in self._known:
            self._viewer.show_explanation(
                self._known[key], f"Colours: what spoke for {self._known[key].species}."
            )
        else:
            self._viewer.show_explanation(None, "Looking…")
            self._pause.start()

    def _ask(self) -> None:
        key = self._wanted()
        if key is None:
            return
        if self._job is not None and not self._job.is_over():
            self._session.cancel(self._job)
        model, picture, box, species = key
        self._job = job = Job(
            "explanation", "Explanation", None, Options(model, picture, box, species), quiet=True
        )
        job.ended.connect(lambda: self._ended(job, key))
        self._session.short.submit(job)

    def _ended(self, job: Job, key: Key) -> None:
        if job.state == "done":
            self._known[key] = from_plain(Explanation, job.result)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
        if key == self._wanted():
            if job.state == "done":
                self._look()
            elif job is self._job and job.state != "cancelled":
                said = job.message if job.state == "problem" else "This cannot be explained."
                self._viewer.show_explanation(None, said)

    def _wanted(self) -> Key | None:
        picture, box, model = self._viewer.current(), self._viewer.canvas.chosen(), self._model()
        if not self._viewer.explains() or picture is None or box is None or model is None:
            return None
        species = _species(box)
        return None if species is None else (model, picture.path, box.area, species)


def _species(box: ShownBox) -> str | None:
    """What is to be explained about a box: its likeliest species, '' for any; None where no species is the question."""
    if box.top:
        return box.top[0][0]
    return box.words if box.region is not None and box.region[0] == "box" else None
