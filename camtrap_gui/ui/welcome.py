"""What is seen before a project is open: recent projects with a picture, and three ways to begin."""

import sqlite3
import tomllib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QImage, QImageReader, QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.project import CONFIG, DATABASE
from camtrap_gui.project.opening import peeked
from camtrap_gui.settings import Settings
from camtrap_gui.ui.theme import GRID, icon, sized, text, theme
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.elided_label import ElidedLabel
from camtrap_gui.ui.widgets.sign import Sign

POINTS = (
    (
        "image-search-outline",
        "Finds the animals",
        "A detector looks at every picture and cuts the animals out. Pictures without any are set apart.",
    ),
    (
        "school-outline",
        "Learns your species",
        "A classifier is trained on your labels, on this computer, in minutes.",
    ),
    (
        "target",
        "Says how far to trust it",
        "It is measured at cameras it has never seen, as it will be used.",
    ),
)
"""What the program does, for who has no project yet: icon, heading, sentence."""

PICTURE = QSize(GRID * 18, GRID * 13)


class Welcome(QWidget):
    """Emits ``open_wanted`` or ``forget_wanted`` with a project folder, ``action_wanted`` with the name of an action."""

    open_wanted = Signal(Path)
    forget_wanted = Signal(Path)
    action_wanted = Signal(str)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._looking = Background(self)
        self._looking.answered.connect(self._show)
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
        self._points = _points()
        column.addWidget(self._points)
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
        """Show the recent projects; what is in them is read in a thread, because a disk may sleep."""
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        folders = [Path(folder) for folder in self._settings.recent]
        self._heading.setVisible(bool(folders))
        self._points.setVisible(not folders)
        for folder in folders:
            card = ProjectCard(folder)
            card.chosen.connect(self.open_wanted)
            card.forget.clicked.connect(lambda _=False, folder=folder: self.forget_wanted.emit(folder))
            self._list.addWidget(card)
        self._looking.ask(lambda: [look(folder) for folder in folders])

    def cards(self) -> list["ProjectCard"]:
        """The recent projects shown, the newest first."""
        items = (self._list.itemAt(place) for place in range(self._list.count()))
        return [card for item in items if item is not None and isinstance(card := item.widget(), ProjectCard)]

    def close_threads(self) -> None:
        """Let no reading outlive the window."""
        self._looking.close()

    def _show(self, facts: list["Facts"]) -> None:
        for card, one in zip(self.cards(), facts, strict=True):
            card.show_facts(one)

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
            if primary:
                self.setFocusProxy(button)
        row.addStretch()
        return row


def _points() -> QWidget:
    page = QWidget()
    row = QHBoxLayout(page)
    row.setContentsMargins(0, GRID * 2, 0, 0)
    row.setSpacing(GRID * 4)
    for name, heading, sentence in POINTS:
        column = QVBoxLayout()
        column.setSpacing(GRID)
        column.addWidget(Sign(name, "accent", GRID * 5))
        column.addWidget(text(heading, "heading", bold=True, wrap=True))
        column.addWidget(text(sentence, role="muted", wrap=True))
        column.addStretch()
        row.addLayout(column, 1)
    return page


@dataclass(frozen=True)
class Facts:
    """What a card says of a project; ``picture`` is null where there is none. Only what is there can be opened."""

    name: str
    counts: str
    picture: QImage
    is_there: bool = True


class ProjectCard(QFrame):
    """A project with one of its pictures; opened by a click or Enter."""

    chosen = Signal(Path)

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self.setObjectName("card")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setProperty("clickable", True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"Open {folder.name}")
        self._picture = QLabel()
        self._picture.setFixedSize(PICTURE)
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._name = text(folder.name, "heading", bold=True)
        self._counts = text("", role="muted")
        self.forget = QToolButton()
        self.forget.setText("Forget")
        self.forget.setToolTip("Take it off this list; the folder is not touched")
        self.forget.setAccessibleName(f"Forget {folder.name}")
        words = QVBoxLayout()
        words.addStretch()
        words.addWidget(self._name)
        words.addWidget(self._counts)
        words.addWidget(_place(folder))
        words.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, GRID, GRID * 2, GRID)
        row.setSpacing(GRID * 2)
        row.addWidget(self._picture)
        row.addLayout(words, 1)
        row.addWidget(self.forget)
        for label in self.findChildren(QLabel):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_facts(self, facts: Facts) -> None:
        """Say what is in the project."""
        self._name.setText(facts.name)
        self._counts.setText(facts.counts)
        if facts.picture.isNull():
            sign = "image-outline" if facts.is_there else "folder-question-outline"
            self._picture.setPixmap(icon(sign, theme.colours.muted).pixmap(48, 48))
        else:
            self._picture.setPixmap(QPixmap.fromImage(facts.picture))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit(self._folder)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self._folder)
        else:
            super().keyPressEvent(event)


def look(folder: Path) -> Facts:
    """What a project folder holds, read without opening (and so without changing) the project."""
    if not (folder / CONFIG).is_file():
        return Facts(folder.name, "Not there: it was moved, or its disk is not connected", QImage(), False)
    try:
        name = tomllib.loads((folder / CONFIG).read_text(encoding="utf-8")).get("name", folder.name)
        with closing(peeked(folder / DATABASE)) as db:
            images, locations, runs = (
                db.execute(f"SELECT count(*) FROM {rows}").fetchone()[0]
                for rows in ("images", "locations", "runs WHERE state = 'done'")
            )
    except (OSError, ValueError, sqlite3.Error):
        return Facts(folder.name, "Cannot be read", QImage())
    counts = [_many(images, "image"), _many(locations, "location")]
    if runs:
        counts.append(_many(runs, "classifier"))
    return Facts(str(name), " · ".join(counts), _crop_of(folder))


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _crop_of(folder: Path) -> QImage:
    crop = next((folder / "crops").glob("*/**/*.jpg"), None) if (folder / "crops").is_dir() else None
    reader = QImageReader(str(crop or ""))
    if crop is None or not (size := reader.size()).isValid():
        return QImage()
    reader.setScaledSize(size.scaled(PICTURE, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    image = reader.read()
    middle = QRect(QPoint(), PICTURE)
    middle.moveCenter(image.rect().center())
    return image.copy(middle)


def _place(folder: Path) -> QWidget:
    """Where a project is, cut in the middle where there is no room."""
    label = ElidedLabel(Qt.TextElideMode.ElideMiddle)
    label.setProperty("role", "muted")
    label.setText(str(folder))
    return sized(label, "small")
