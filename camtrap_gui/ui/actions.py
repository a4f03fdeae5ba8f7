"""Every action of the window in one table: menus, shortcuts, the palette and the tests are made from it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from camtrap_gui.steps import STEPS
from camtrap_gui.ui.theme import icon


@dataclass(frozen=True)
class ActionRow:
    """``slot`` is a method of the window; ``menu`` '' keeps it out of the menus; ``needs_project`` greys it out, and so do projects that
    can only be looked at if it ``changes`` them."""

    name: str
    text: str
    slot: str
    shortcut: str = ""
    icon: str = ""
    menu: str = "File"
    needs_project: bool = True
    changes: bool = False


ACTIONS = (
    ActionRow("new", "New project…", "new_project", "Ctrl+N", "folder-plus-outline", needs_project=False),
    ActionRow("open", "Open project…", "open_project", "Ctrl+O", "folder-open-outline", needs_project=False),
    ActionRow("demo", "Open demo survey", "open_demo", "", "flask-outline", needs_project=False),
    ActionRow("close", "Close project", "close_project", "Ctrl+W", "close"),
    ActionRow(
        "preferences", "Preferences…", "show_preferences", "Ctrl+,", "cog-outline", needs_project=False
    ),
    ActionRow("quit", "Quit", "close", "Ctrl+Q", "power", needs_project=False),
    ActionRow("undo", "Undo", "undo", "Ctrl+Z", "undo", menu="Edit", changes=True),
    ActionRow("redo", "Redo", "redo", "Ctrl+Shift+Z", "redo", menu="Edit", changes=True),
    ActionRow(
        "palette",
        "Find an action or image…",
        "show_palette",
        "Ctrl+K",
        "magnify",
        menu="Edit",
        needs_project=False,
    ),
    ActionRow("start", "Start the step shown", "start_step", "Ctrl+Return", "play", menu="Go"),
    ActionRow("cancel", "Stop the running job", "cancel_job", "Ctrl+.", "stop", menu="Go"),
    *(
        ActionRow(
            f"go_{step.name}",
            step.title,
            f"show_step:{step.name}",
            f"Ctrl+{number}",
            "arrow-right",
            menu="Go",
        )
        for number, step in enumerate(STEPS, 1)
    ),
    ActionRow(
        "theme",
        "Light or dark",
        "switch_theme",
        "Ctrl+Shift+L",
        "brightness-4",
        menu="View",
        needs_project=False,
    ),
    ActionRow(
        "full", "Full screen", "switch_full_screen", "F11", "fullscreen", menu="View", needs_project=False
    ),
    ActionRow(
        "logs",
        "Open the folder of logs",
        "open_logs",
        "",
        "text-box-outline",
        menu="Help",
        needs_project=False,
    ),
    ActionRow("about", "About", "show_about", "", "information-outline", menu="Help", needs_project=False),
)
"""In the order of the menus."""


def make(window: QWidget, act: Callable[[str], object]) -> dict[str, QAction]:
    """The actions of a window by name; ``act`` is called with the ``slot`` of one that is triggered."""
    made = {}
    for row in ACTIONS:
        action = made[row.name] = QAction(row.text, window)
        action.setShortcut(row.shortcut)
        action.setToolTip(f"{row.text} ({row.shortcut})" if row.shortcut else row.text)
        action.triggered.connect(lambda _=False, slot=row.slot: act(slot))
        window.addAction(action)
    return made


def menu_of(actions: Mapping[str, QAction], parent: QWidget) -> QMenu:
    """One menu with all actions in their parts."""
    menu = QMenu(parent)
    parts: dict[str, QMenu] = {}
    for row in ACTIONS:
        if row.menu and row.menu not in parts:
            parts[row.menu] = menu.addMenu(row.menu)
        if row.menu:
            parts[row.menu].addAction(actions[row.name])
    return menu


def enable(actions: Mapping[str, QAction], project_is_open: bool, read_only: bool = False) -> None:
    """Grey out what cannot be done while no project is open, or with one that can only be looked at."""
    for row in ACTIONS:
        can = (project_is_open or not row.needs_project) and not (row.changes and read_only)
        actions[row.name].setEnabled(can)


def tint(actions: Mapping[str, QAction]) -> None:
    """Give the actions their icons in the colours of the theme."""
    for row in ACTIONS:
        if row.icon:
            actions[row.name].setIcon(icon(row.icon))
