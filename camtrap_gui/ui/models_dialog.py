"""The models there are, to install, remove and add, from wherever one is to be chosen."""

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.model_list import ModelList

TITLE = "Models"
ABOUT = (
    "A detector finds the animals; a backbone is the network that learns your species. Installing one fetches it from "
    "where its authors publish it and checks that it is the right one; after that no network is needed. If you have the "
    "file already, add it."
)


class ModelsDialog(QDialog):
    """Closing while something is being installed stops that first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(TITLE)
        self.resize(GRID * 116, GRID * 56)
        self.models = ModelList()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        layout.setSpacing(GRID * 2)
        self.above = QVBoxLayout()
        layout.addLayout(self.above)
        layout.addWidget(text(TITLE, "heading", bold=True))
        layout.addWidget(text(ABOUT, role="muted", wrap=True))
        layout.addWidget(self.models, 1)
        layout.addWidget(buttons)
        self.buttons = buttons
        self.finished.connect(self.deleteLater)

    def done(self, result: int) -> None:
        if self.models.job is not None:
            self.models.idle.connect(lambda: self.done(result))
            self.models.stop()
            return
        self.models.close_threads()
        super().done(result)
