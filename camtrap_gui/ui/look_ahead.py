"""What a crop step would make of the options in hand, found out in a thread while they are changed."""

from PySide6.QtCore import QObject, Signal

from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.project import Project
from camtrap_gui.steps import crop
from camtrap_gui.ui.widgets.background import Background


class LookAhead(QObject):
    """Only the newest question is answered; one that is being worked on is given up for it."""

    planned = Signal(crop.Planned)
    failed = Signal(Exception)

    def __init__(self, project: Project, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self._newest = 0
        self._background = Background(self)
        self._background.answered.connect(self.planned)
        self._background.failed.connect(self.failed)

    def ask(self, options: crop.Options) -> None:
        """Find out what these options would give."""
        self._newest += 1
        number = self._newest
        self._background.ask(lambda: self._plan(number, options))

    def close(self) -> None:
        """Let no thread outlive the window."""
        self._newest += 1
        self._background.close()

    def _plan(self, number: int, options: crop.Options) -> crop.Planned:
        def stop_when_asked_anew(_: Progress) -> None:
            if number != self._newest:
                raise Cancelled

        with self._project.apart() as project:
            return crop.look_ahead(project, options, stop_when_asked_anew)
