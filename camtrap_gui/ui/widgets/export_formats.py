"""The forms in which a classifier can be written, each with a sentence that says whom it is for."""

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from camtrap_gui.formats.classifier_exports import FORMATS, USUAL
from camtrap_gui.ui.theme import GRID, text


class ExportFormats(QWidget):
    """A box to tick for each form; what most people need is ticked."""

    def __init__(self) -> None:
        super().__init__()
        self.boxes = {name: QCheckBox(form.title) for name, form in FORMATS.items()}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for name, box in self.boxes.items():
            about = FORMATS[name].about
            box.setChecked(name in USUAL)
            box.setAccessibleDescription(about)
            box.setToolTip(f"<p>{about}</p><p>File: {FORMATS[name].file}</p>")
            words = text(about, "small", role="muted", wrap=True)
            words.setIndent(GRID * 3)
            layout.addWidget(box)
            layout.addWidget(words)
            layout.addSpacing(GRID)

    def chosen(self) -> tuple[str, ...]:
        """The names of the forms that are ticked."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())
