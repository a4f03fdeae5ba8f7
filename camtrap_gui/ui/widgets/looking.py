"""What a window does not offer on a project that can only be looked at, and where it says why."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from camtrap_gui.project import Project


def why_not(project: Project) -> str:
    """A sentence about a project that can only be looked at, '' for all others."""
    return f"This project can only be looked at: {project.read_only}." if project.read_only else ""


def hold(project: Project, *changing: QWidget | QAction) -> None:
    """Keep what changes the project disabled, with the reason, as long as it can only be looked at."""
    if not project.read_only:
        return
    for one in changing:
        one.setToolTip(f"<p>{why_not(project)}</p>")
        if isinstance(one, QAction):
            one.setEnabled(False)
            one.changed.connect(lambda one=one: one.isEnabled() and one.setEnabled(False))
        else:
            one.installEventFilter(_Holding(one))
            one.setEnabled(False)


class _Holding(QObject):
    """Whoever enables the widget as its own state asks for finds it disabled again."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.EnabledChange and isinstance(watched, QWidget) and watched.isEnabled():
            watched.setEnabled(False)
        return False
