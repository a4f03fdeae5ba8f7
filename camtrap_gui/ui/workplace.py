"""Where one works while a project is open: the rail of steps at the left, the panel of one of them at the right."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from camtrap_gui.steps import STEPS, states
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.panels.table import PLACES, panel_of
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.widgets.rail import Rail

AHEAD_MS = 400
"""How long the window has for itself between two modules that are imported before they are wanted."""


class Workplace(QWidget):
    """Makes the panels of a session when they are first looked at. ``panels`` holds those made, by their step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panels: dict[str, Panel] = {}
        self.rail = Rail()
        self._newest: dict[str, str] = {}  # which of the panels of one place was shown last
        self.rail.chosen.connect(self._show_place)
        self._session: Session | None = None
        self._not_imported = [step.name for step in STEPS]
        self._importing = QTimer(self, interval=AHEAD_MS)
        self._importing.timeout.connect(self._import_next)
        self._stack = QStackedWidget()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        layout.addWidget(self._stack, 1)

    def watch(self, session: Session | None) -> None:
        """Take the panels down; then show the next sensible step of this session, if there is one."""
        for panel in self.panels.values():
            panel.close_threads()
            self._stack.removeWidget(panel)
            panel.deleteLater()
        self.panels.clear()
        self._newest.clear()
        self._session = session
        if session is not None:
            for signal in (session.changed, session.job_started, session.job_ended):
                signal.connect(lambda _: self._show_states())
            self.show_step(self._show_states() or STEPS[0].name)
            self._importing.start()

    def shown(self) -> Panel | None:
        """The panel that is shown."""
        panel = self._stack.currentWidget()
        return panel if isinstance(panel, Panel) else None

    def show_step(self, name: str) -> None:
        """Show the panel of a step, or of the one that a command belongs to."""
        name = PLACES.get(name, name)
        if self._session is None:
            return
        if name not in self.panels:
            panel = self.panels[name] = panel_of(name)(self._session)
            panel.go_to.connect(self.show_step)
            self._stack.addWidget(panel)
            if job := self._session.running(name):
                panel.watch(job)
        place = self.panels[name].place()
        self._newest[place] = name
        self.rail.choose(place)
        self._stack.setCurrentWidget(self.panels[name])
        self.panels[name].look()
        self.panels[name].take_keyboard()

    def _import_next(self) -> None:
        if self._not_imported:
            panel_of(self._not_imported.pop(0))
        else:
            self._importing.stop()

    def _show_place(self, name: str) -> None:
        self.show_step(self._newest.get(name, name))

    def _show_states(self) -> str:
        if self._session is None:
            return ""
        known = states(self._session.project) | dict.fromkeys(self._session.elsewhere, "elsewhere")
        running = {step.name for step in STEPS if self._session.running(step.name)}
        # Steps that keep nothing in the project are never done, so they would be suggested for ever.
        lasting = (step.name for step in STEPS if step.project != "none")
        settled = ("done", "brought in", "elsewhere")
        suggested = next((name for name in lasting if known[name] not in settled and name not in running), "")
        self.rail.show_states(known, running, suggested)
        return suggested
