"""The bar at the top of the window: the menu, the project and its neighbours, the search, and what is used all the time."""

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QToolButton, QWidget

from camtrap_gui.project import Project
from camtrap_gui.settings import Settings
from camtrap_gui.ui.actions import menu_of
from camtrap_gui.ui.theme import GRID, icon, sized


class Header(QFrame):
    """Emits ``open_wanted`` with the folder of another project."""

    open_wanted = Signal(Path)

    def __init__(
        self, settings: Settings, actions: Mapping[str, QAction], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self._settings = settings
        self._actions = actions
        self._folder = ""
        self.menu_button = QToolButton()
        self.menu_button.setAccessibleName("Menu")
        self.menu_button.setToolTip("Menu")
        self.menu_button.setMenu(menu_of(actions, self.menu_button))
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.project_button = QToolButton()
        self.project_button.setObjectName("project")
        self.project_button.setAccessibleName("Project")
        self.project_button.setToolTip("Recent projects")
        self.project_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        projects = QMenu(self.project_button)
        projects.aboutToShow.connect(lambda: self._list_projects(projects))
        self.project_button.setMenu(projects)
        sized(self.project_button, "heading", bold=True)
        search = QToolButton()
        actions["palette"].setIconText("Search…  Ctrl+K")  # what a tool button says
        search.setDefaultAction(actions["palette"])
        search.setObjectName("search")
        search.setAccessibleName("Find an action or an image")
        search.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GRID * 2, GRID // 2, GRID * 2, GRID // 2)
        layout.addWidget(self.menu_button)
        layout.addWidget(self.project_button)
        layout.addStretch()
        layout.addWidget(search)
        for name in ("undo", "redo", "theme"):
            button = QToolButton()
            button.setDefaultAction(actions[name])
            button.setAccessibleName(actions[name].text())
            layout.addWidget(button)

    def show_project(self, project: Project | None) -> None:
        """Say which project is open; None when the welcome page is shown."""
        self._folder = str(project.folder) if project is not None else ""
        self.project_button.setText(project.name if project is not None else "camtrap")

    def tint(self) -> None:
        """Take the colours of the theme."""
        self.menu_button.setIcon(icon("menu"))

    def _list_projects(self, menu: QMenu) -> None:
        menu.clear()
        for folder in (Path(folder) for folder in self._settings.recent if folder != self._folder):
            action = menu.addAction(folder.name)
            action.setToolTip(str(folder))
            action.triggered.connect(lambda _=False, folder=folder: self.open_wanted.emit(folder))
        menu.addSeparator()
        menu.addActions([self._actions[name] for name in ("new", "open", "demo", "close")])
