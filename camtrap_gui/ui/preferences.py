"""What the user can choose for every project: the look, and which models are installed."""

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui import paths
from camtrap_gui.models import store
from camtrap_gui.settings import Settings
from camtrap_gui.ui.theme import GRID, text, theme

THEMES = (("system", "Like the system"), ("light", "Light"), ("dark", "Dark"))


class Preferences(QDialog):
    """Changes take effect at once and are saved at once."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle("Preferences")
        self.resize(GRID * 116, GRID * 56)
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
        folder = QPushButton("Open the folder of models")
        folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.models()))))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.addButton(folder, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        layout.setSpacing(GRID * 2)
        layout.addLayout(form)
        layout.addWidget(text("Installed models", "heading", bold=True))
        layout.addWidget(_models())
        layout.addWidget(buttons)

    def _choose_look(self) -> None:
        self._settings.theme = self.look.currentData()
        self._settings.save()
        theme.apply(self._settings.theme)


def _models() -> QTableWidget:
    entries = list(store.entries())
    columns = ("Name", "Is a", "Licence", "Source")
    table = QTableWidget(len(entries), len(columns))
    table.setHorizontalHeaderLabels(columns)
    table.verticalHeader().hide()
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    table.setAccessibleName("Installed models and their licences")
    for row, entry in enumerate(entries):
        for column, words in enumerate((entry.title, entry.role.capitalize(), entry.licence, entry.source)):
            item = QTableWidgetItem(f" {words}  ")
            item.setToolTip(str(words))
            table.setItem(row, column, item)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    return table
