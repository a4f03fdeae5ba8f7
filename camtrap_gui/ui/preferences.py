"""What the user can choose for every project: the look, room for copies of pictures, and which models are installed."""

from html import escape

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QFormLayout, QPushButton, QSpinBox, QWidget

from camtrap_gui import paths, picture_cache
from camtrap_gui.settings import LEAST_CACHE_GB, Settings
from camtrap_gui.ui.models_dialog import ModelsDialog
from camtrap_gui.ui.theme import GRID, text, theme

THEMES = (("system", "Like the system"), ("light", "Light"), ("dark", "Dark"))


class Preferences(ModelsDialog):
    """Changes take effect at once and are saved at once."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle("Preferences")
        self.resize(self.width(), self.height() + GRID * 12)
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
        self.copies = QSpinBox()
        self.copies.setAccessibleName("Room for copies")
        self.copies.setRange(LEAST_CACHE_GB, 10_000)
        self.copies.setSuffix(" GB")
        self.copies.lineEdit().setTextMargins(
            GRID - 2, 0, 0, 0
        )  # as in a line; the style sheet's padding is not heeded
        self.copies.setValue(settings.picture_cache_gb)
        self.copies.setToolTip(
            "<p>Pictures that lie on a server or in a cloud are fetched when they are needed. So much room their copies may"
            f" take in {escape(str(picture_cache.folder()))}; those used longest ago go first.</p>"
        )
        self.copies.valueChanged.connect(self._choose_room)
        room = text("Room for copies of pictures elsewhere")
        room.setMinimumHeight(self.copies.sizeHint().height())
        room.setBuddy(self.copies)
        form.addRow(room, self.copies)
        self.above.addLayout(form)
        folder = QPushButton("Open the folder of models")
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.models()))))
        self.buttons.addButton(folder, QDialogButtonBox.ButtonRole.ActionRole)

    def _choose_room(self, gb: int) -> None:
        self._settings.picture_cache_gb = gb
        self._settings.save()

    def _choose_look(self) -> None:
        self._settings.theme = self.look.currentData()
        self._settings.save()
        theme.apply(self._settings.theme)
