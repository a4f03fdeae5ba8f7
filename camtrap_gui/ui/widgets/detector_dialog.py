"""A detector's file before it is added: what it was recognised as, and room to say what is right instead."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.models import change
from camtrap_gui.models.catalogue import parse_categories
from camtrap_gui.problem import Problem
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.options_form import in_fields

LAYOUTS = (
    ("Recognise it", ""),
    ("YOLOv5, YOLOX: a row for each box", "yolov5"),
    ("YOLOv8, 9, 11: a column for each box", "yolov8"),
    ("End to end: only what was found", "end-to-end"),
    ("RT-DETR: fractions of the picture", "rtdetr"),
)
LETTERBOXES = (
    ("Recognise it", ""),
    ("In the middle of a grey square (YOLO)", "centre"),
    ("In the upper left corner of a black square (YOLOX)", "corner"),
    ("Stretched to a square (RT-DETR)", "stretched"),
)
_MOST_PIXELS = 4096


class DetectorDialog(QDialog):
    """Emits ``wanted`` with what is to be done: look at the file again, or add it. Whoever does it tells what came of it.

    Only ONNX files leave open how they are to be used, so only they can be corrected in that.
    """

    wanted = Signal(object)

    def __init__(self, file: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._known: Mapping[str, Any] = {}
        self.setWindowTitle("Add a detector")
        self.setMinimumWidth(GRID * 72)
        self.facts = text("", role="muted", wrap=True)
        self.facts.hide()
        self.message = text("", role="error", wrap=True)
        self.message.setAccessibleName("Message")
        self.add = QPushButton("Add")
        self.add.setProperty("primary", True)
        self.add.setDefault(True)
        self.add.clicked.connect(self._press)
        self.again = QPushButton("Look again")
        self.again.setToolTip("<p>See what the file is with these corrections, before it is added.</p>")
        self.again.clicked.connect(lambda: self._want(preview=True))
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(GRID)
        buttons.addWidget(cancel)
        buttons.addStretch()
        buttons.addWidget(self.again)
        buttons.addWidget(self.add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 4, GRID * 3, GRID * 4, GRID * 3)
        layout.setSpacing(GRID)
        layout.addWidget(text(file.name, "title", bold=True))
        layout.addWidget(self.facts)
        layout.addSpacing(GRID)
        layout.addWidget(text("Correct what is wrong", bold=True))
        layout.addLayout(self._fields())
        layout.addWidget(self.message)
        layout.addSpacing(GRID)
        layout.addLayout(buttons)
        self.finished.connect(self.deleteLater)

    def show_recognised(self, entry: Mapping[str, Any], said: str) -> None:
        """Show what the file is: an entry of the store as plain data, and the same in words."""
        self._known = entry
        self.facts.setText(
            f"{said} The file has {entry['size'] / 1e6:,.1f} MB; its licence is not known here: ask its author."
        )
        self.facts.show()
        self.refuse("")
        self.name.setText(entry["name"])
        for box, name in ((self.layout_box, "layout"), (self.letterbox, "letterbox")):
            box.setCurrentIndex(max(0, box.findData(entry[name])))
        self.input_size.setValue(entry["input_size"])
        self.categories.setText(", ".join(f"{number}={name}" for number, name in entry["categories"].items()))
        self.typical.setValue(entry["typical_threshold"])
        self.conservative.setValue(entry["conservative_threshold"])
        self.add.setFocus()
        self._show_state()

    def refuse(self, reason: str) -> None:
        """Say why the file cannot be used as it stands; '' when it can."""
        self.message.setText(in_fields(reason))
        self.message.setVisible(bool(reason))
        self.set_busy(False)
        if reason and not self._known:
            self.categories.setFocus()

    def set_busy(self, busy: bool) -> None:
        """Whether what was wanted is being done."""
        for button in (self.add, self.again):
            button.setEnabled(not busy)

    def value(self) -> change.Options:
        """What stands in the fields. Raises Problem for categories that cannot be understood."""
        said = change.Options(
            add=self._file,
            name=self.name.text().strip(),
            categories=parse_categories(
                part.strip() for part in self.categories.text().split(",") if part.strip()
            ),
            layout=self.layout_box.currentData(),
            input_size=self.input_size.value(),
            letterbox=self.letterbox.currentData(),
        )
        if not self._known:
            return said
        return replace(
            said,
            typical_threshold=round(self.typical.value(), 2),
            conservative_threshold=round(self.conservative.value(), 2),
        )

    def _press(self) -> None:
        self._want(preview=not self._known)

    def _want(self, preview: bool) -> None:
        try:
            options = replace(self.value(), preview=preview)
        except Problem as problem:
            self.refuse(str(problem))
            return
        self.message.hide()
        self.set_busy(True)
        self.wanted.emit(options)

    def _show_state(self) -> None:
        onnx = self._file.suffix.lower() == ".onnx"
        of_onnx: tuple[QWidget, ...] = (self.layout_box, self.letterbox, self.input_size)
        for field in of_onnx:
            self._rows.setRowVisible(field, onnx)
        for box in (self.typical, self.conservative):
            self._rows.setRowVisible(box, bool(self._known))
        self.add.setText("Add" if self._known else "Look again")
        self.again.setVisible(bool(self._known))

    def _fields(self) -> QFormLayout:
        self.name, self.categories = QLineEdit(), QLineEdit()
        self.categories.setPlaceholderText("1=animal, 2=person, 3=vehicle")
        self.layout_box, self.letterbox = _list(LAYOUTS), _list(LETTERBOXES)
        self.input_size = QSpinBox()
        self.input_size.setRange(0, _MOST_PIXELS)
        self.input_size.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)  # as in a line
        self.input_size.setSuffix(" pixels")
        self.input_size.setSpecialValueText("As the file says")
        self.typical, self.conservative = _confidence(), _confidence()
        self._rows = QFormLayout()
        self._rows.setSpacing(GRID)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for words, field, tip in (
            ("Name", self.name, "What to call it here."),
            ("Categories", self.categories, "The class numbers, the first being 1, and what they mean."),
            ("How it answers", self.layout_box, "The order in which the network writes its boxes down."),
            ("Sees pictures at", self.input_size, "The side of the square that a picture is fitted into."),
            ("Sees the picture", self.letterbox, "Where in that square the picture is put."),
            ("Found from", self.typical, "The confidence from which a box counts as found (0 to 1)."),
            ("Kept from", self.conservative, "The confidence down to which boxes are kept (0 to 1)."),
        ):
            label = text(words, role="muted")
            label.setBuddy(field)
            label.setMinimumHeight(field.sizeHint().height())
            field.setMinimumHeight(field.sizeHint().height())
            field.setAccessibleName(words)
            field.setToolTip(f"<p>{tip}</p>")
            self._rows.addRow(label, field)
        self._show_state()
        return self._rows


def _list(choices: tuple[tuple[str, str], ...]) -> QComboBox:
    box = QComboBox()
    for words, value in choices:
        box.addItem(words, value)
    return box


def _confidence() -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.lineEdit().setTextMargins(GRID - 2, 0, 0, 0)  # as in a line
    box.setRange(0, 1)
    box.setSingleStep(0.05)
    return box
