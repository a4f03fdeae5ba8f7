"""What is seen before a project is open: recent projects with a picture, and three ways to begin."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImageReader, QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from camtrap_gui.project import CONFIG
from camtrap_gui.settings import Settings
from camtrap_gui.ui.theme import GRID, icon, text, theme

PICTURE = QSize(GRID * 18, GRID * 13)


class Welcome(QWidget):
    """Emits ``open_wanted`` with a project folder and ``action_wanted`` with the name of an action."""

    open_wanted = Signal(Path)
    action_wanted = Signal(str)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        inner = QWidget()
        inner.setMaximumWidth(GRID * 110)
        column = QVBoxLayout(inner)
        column.setSpacing(GRID * 2)
        column.addSpacing(GRID * 4)
        column.addWidget(
            text(
                "From camera-trap pictures to a species classifier of your own", "title", bold=True, wrap=True
            )
        )
        column.addWidget(
            text(
                "Import a survey, find the animals, train on your own labels, measure on cameras the model has never "
                "seen, and use it on new pictures. Your originals are never changed, moved, or sent anywhere.",
                role="muted",
                wrap=True,
            )
        )
        column.addLayout(self._ways())
        column.addSpacing(GRID * 2)
        self._heading = text("Recent projects", "heading", bold=True)
        column.addWidget(self._heading)
        self._list = QVBoxLayout()
        self._list.setSpacing(GRID)
        column.addLayout(self._list)
        column.addStretch()
        centred = QWidget()
        row = QHBoxLayout(centred)
        row.addStretch(1)
        row.addWidget(inner, 100)
        row.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(centred)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)

    def refresh(self) -> None:
        """Show the recent projects that are still there."""
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        folders = [Path(folder) for folder in self._settings.recent if (Path(folder) / CONFIG).is_file()]
        self._heading.setVisible(bool(folders))
        for folder in folders:
            card = ProjectCard(folder)
            card.chosen.connect(self.open_wanted)
            self._list.addWidget(card)

    def _ways(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for name, words, primary in (
            ("new", "New project…", True),
            ("open", "Open project…", False),
            ("demo", "Open demo survey", False),
        ):
            button = QPushButton(words)
            button.setProperty("primary", primary)
            button.clicked.connect(lambda _=False, name=name: self.action_wanted.emit(name))
            row.addWidget(button)
        row.addStretch()
        return row


class ProjectCard(QFrame):
    """A project with one of its pictures; opened by a click or Enter."""

    chosen = Signal(Path)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.setObjectName("card")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Open {folder.name}")
        picture = QLabel()
        picture.setFixedSize(PICTURE)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        shown = _picture(folder)
        picture.setPixmap(shown or icon("image-outline", theme.colours.muted).pixmap(48, 48))
        name, counts = _about(folder)
        words = QVBoxLayout()
        words.addStretch()
        words.addWidget(text(name, "heading", bold=True))
        words.addWidget(text(counts, role="muted"))
        words.addWidget(text(str(folder), "small", role="muted"))
        words.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, GRID, GRID * 2, GRID)
        row.setSpacing(GRID * 2)
        row.addWidget(picture)
        row.addLayout(words, 1)
        for label in self.findChildren(QLabel):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit(self._folder)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self._folder)
        else:
            super().keyPressEvent(event)


def _about(folder: Path) -> tuple[str, str]:
    """Name and counts of a project, read without migrating it."""
    import sqlite3
    import tomllib

    try:
        name = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8")).get("name", folder.name)
        uri = f"{(folder / 'project.sqlite').as_uri()}?mode=ro"
        with sqlite3.connect(uri, uri=True) as db:
            images = db.execute("SELECT count(*) FROM images").fetchone()[0]
            locations = db.execute("SELECT count(*) FROM locations").fetchone()[0]
            runs = db.execute("SELECT count(*) FROM runs WHERE state = 'done'").fetchone()[0]
        db.close()
    except (OSError, ValueError, sqlite3.Error):
        return folder.name, "cannot be read"
    trained = f" · {runs} trained" if runs else ""
    return str(name), f"{images:,} images · {locations:,} locations{trained}"


def _picture(folder: Path) -> QPixmap | None:
    crop = next((folder / "crops").glob("*/**/*.jpg"), None) if (folder / "crops").is_dir() else None
    if crop is None:
        return None
    reader = QImageReader(str(crop))
    reader.setAutoTransform(True)
    size = reader.size()
    if not size.isValid():
        return None
    reader.setScaledSize(size.scaled(PICTURE, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    pixmap = QPixmap.fromImage(reader.read())
    excess = pixmap.rect()
    excess.setSize(PICTURE)
    excess.moveCenter(pixmap.rect().center())
    return pixmap.copy(excess)
