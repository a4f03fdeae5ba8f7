"""What was found in new pictures: one of them with its boxes, a table of all, and where else to look or take it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from camtrap_gui.remote_files import quoted
from camtrap_gui.remote_patience import WEB, scheme
from camtrap_gui.remote_pictures import is_elsewhere, shown
from camtrap_gui.ui.pictures import of_prediction
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.viewer.viewer import Viewer
from camtrap_gui.ui.widgets.classifier_choice import ClassifierChoice
from camtrap_gui.ui.widgets.prediction_saving import PredictionSaving
from camtrap_gui.ui.widgets.prediction_table import MOST, PredictionRows, PredictionTable


class PredictionView(QWidget):
    """Shows the picture of the row selected; boxes have the colours of the species of ``model``."""

    def __init__(self, model: ClassifierChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.rows = PredictionRows()
        self.viewer = Viewer()
        self.viewer.hide_threshold()  # the one in the form says what is a box at all
        self.table = PredictionTable(self.rows)
        self.table.picked.connect(self.show_place)
        self.headline = text("", "heading", bold=True, wrap=True)
        self.save = PredictionSaving()
        self.besides = QPushButton("Show in file manager")
        self.besides.clicked.connect(self._look_besides)
        head = QHBoxLayout()
        head.setSpacing(GRID)
        head.addWidget(self.headline, 1)
        head.addWidget(self.besides)
        head.addWidget(self.save)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.viewer)
        parts.addWidget(self.table)
        parts.setStretchFactor(0, 2)
        parts.setStretchFactor(1, 1)
        parts.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(head)
        layout.addWidget(parts, 1)

    def begin(self, chosen: Sequence[Path]) -> None:
        """Show the first picture of this computer at once; one that lies elsewhere is shown when it is here."""
        self.rows.clear()
        near = [path for path in chosen if not is_elsewhere(path)]
        first = next((path for path in near if path.is_file()), None)
        self.table.setVisible(len(chosen) > 1 or (first is None and bool(near)))
        self.viewer.show_pictures([of_prediction({"path": str(first), "name": first.name})] if first else [])
        self.headline.setText("Looking…" if near else "Fetching…")
        self._show_besides(first)

    def add(self, progress: Mapping[str, Any]) -> None:
        """Take in what a job has just found, and how far it is."""
        self.rows.add(progress.get("made", ()))
        if self.rows.rowCount() > 1:
            self.table.show()
        if not self.table.currentIndex().isValid() and self.rows.rowCount():
            self.table.selectRow(0)
        done, total = progress.get("done", 0), progress.get("total")
        if total is not None and done < total:
            self.headline.setText(f"{done:,} of {total:,} pictures")

    def show_place(self, place: int) -> None:
        """Show the picture of a row."""
        if not 0 <= place < self.rows.rowCount():
            return
        found = of_prediction(self.rows.picture(place), self._model.classes)
        now = self.viewer.current()
        if now is not None and now.path == found.path:
            self.viewer.replace_boxes(0, found.boxes)
        else:
            self.viewer.show_pictures([found])
        self._show_besides(found.path)

    def _show_besides(self, path: Path | None) -> None:
        on_the_web = path is not None and is_elsewhere(path) and scheme(shown(path)) in WEB
        self.besides.setText("Open in web browser" if on_the_web else "Show in file manager")
        self.besides.setEnabled(path is not None and (on_the_web or not is_elsewhere(path)))

    def _look_besides(self) -> None:
        now = self.viewer.current()
        if now is not None and is_elsewhere(now.path):
            QDesktopServices.openUrl(QUrl(quoted(shown(now.path))))
        elif now is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(now.path.parent)))


def summary(result: Mapping[str, Any]) -> str:
    """The result of a prediction, as plain data, in one line."""
    pictures, species = result["pictures"], result["species"]
    parts = [f"{pictures:,} pictures"] if pictures > 1 else [result["shown"][0]["name"]]
    most = sorted(species.items(), key=lambda item: -item[1])[:3]
    parts += [f"{count:,} × {name}" for name, count in most]
    if others := sum(species.values()) - sum(count for _, count in most):
        parts.append(f"{others:,} of other species")
    parts += [f"{count:,} × {name}" for name, count in result["categories"].items() if name != "animal"]
    if result["without_detection"]:
        count = result["without_detection"]
        parts.append(f"{count:,} empty" if pictures > 1 else "nothing was detected")
    accepted = result["accepted"] if pictures > 1 else None
    if accepted is not None and (doubtful := sum(species.values()) - accepted):
        unknown = f" ({result['unknown']:,} unknown?)" if result["unknown"] else ""
        parts.append(f"{doubtful:,} to look at{unknown}")
    if result["failures"]:
        parts.append(f"{result['failures']:,} could not be read" if pictures > 1 else "could not be read")
    if pictures > MOST:
        parts.append(f"the first {MOST:,} are listed")
    return " · ".join(parts)
