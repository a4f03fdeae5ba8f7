"""What the user can choose for every project: the look, and which models are installed."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QFormLayout, QPushButton, QWidget

from camtrap_gui import paths
from camtrap_gui.settings import Settings
from camtrap_gui.ui.models_dialog import ModelsDialog
from camtrap_gui.ui.theme import GRID, text, theme

THEMES = (("system", "Like the system"), ("light", "Light"), ("dark", "Dark"))


class Preferences(ModelsDialog):
    """Changes take effect at once and are saved at once."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle("Preferences")
        self.look = QComboBox()
        self.look.setAccessibleName("Look")
        for value, words in THEMES:
            self.look.addItem(words, value)
        self.look.setCurrentIndex(self.look.findData(settings.theme))
        self.look.currentIndexChanged.connect(self._choose_look)
        form = QFormLayout()
        form.setHorizontalSpacing(GRID * 2)
        label = text("Look")
        label.setMinimumHeight(self.look.sizeHint().height())
        label.setBuddy(self.look)
        form.addRow(label, self.look)
        self.above.addLayout(form)
        folder = QPushButton("Open the folder of models")
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.models()))))
        self.buttons.addButton(folder, QDialogButtonBox.ButtonRole.ActionRole)

    def _choose_look(self) -> None:
        self._settings.theme = self.look.currentData()
        self._settings.save()
        theme.apply(self._settings.theme)
