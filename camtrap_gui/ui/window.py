"""The main window: the rail of steps, the panel of one step, the job bar, and the welcome page before a project is open."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QCloseEvent, QDesktopServices, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QMessageBox,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui import __version__, paths
from camtrap_gui.problem import Problem
from camtrap_gui.project.history import PastJob
from camtrap_gui.settings import Settings
from camtrap_gui.steps import STEPS, states
from camtrap_gui.ui import errors
from camtrap_gui.ui.actions import ACTIONS, ActionRow
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.panels.table import panel_of
from camtrap_gui.ui.session import Session, open_session
from camtrap_gui.ui.theme import GRID, icon, rescale, sized, theme
from camtrap_gui.ui.welcome import Welcome
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.cut_off_bar import CutOffBar
from camtrap_gui.ui.widgets.job_bar import JobBar
from camtrap_gui.ui.widgets.palette import CommandPalette
from camtrap_gui.ui.widgets.rail import Rail
from camtrap_gui.ui.widgets.toast import Toast
from camtrap_gui.ui.worker import Job


class Window(QMainWindow):
    """Shows one project at a time. Public methods are the slots of the action table."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.session: Session | None = None
        self._question: QMessageBox | None = None
        self.panels: dict[str, Panel] = {}
        self.actions_by_name: dict[str, QAction] = {}
        self.setWindowTitle("camtrap")
        self.setAcceptDrops(True)
        self.resize(1280, 820)
        self.rail = Rail()
        self.rail.chosen.connect(self.show_step)
        self.cut_off_bar = CutOffBar()
        self.cut_off_bar.wanted.connect(self._go_on)
        self.cut_off_bar.left.connect(self._leave)
        self.job_bar = JobBar()
        self.job_bar.step_wanted.connect(self.show_step)
        self.job_bar.again_wanted.connect(self._again)
        self.job_bar.details_wanted.connect(self._show_details)
        self.welcome = Welcome(settings)
        self.welcome.open_wanted.connect(self.open_folder)
        self.welcome.action_wanted.connect(lambda name: self.actions_by_name[name].trigger())
        self.welcome.forget_wanted.connect(self._forget)
        self._panel_stack = QStackedWidget()
        self._pages = QStackedWidget()
        self._make_actions()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self._workplace())
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._header())
        layout.addWidget(self.cut_off_bar)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.job_bar)
        self.setCentralWidget(whole)
        self.toast = Toast(self)
        self.palette_box = CommandPalette(self)
        self.palette_box.image_wanted.connect(self.show_image)
        if settings.window:
            self.restoreGeometry(QByteArray.fromBase64(settings.window.encode()))
        theme.changed.connect(self._tint)
        self._show_welcome()
        self._painted = False

    # Projects.

    def open_folder(self, folder: Path, then: Callable[[], object] = lambda: None) -> bool:
        """Open a project; on a problem say why and keep what is open. Asks first when work is running.

        ``then`` is called when it is open. Returns whether it is open already.
        """
        try:
            session = open_session(folder)
        except Problem as problem:
            self.problem(str(problem))
            return False

        def change() -> None:
            self._end_session()
            self._show_session(session)
            then()

        self._when_free(change, otherwise=session.close)
        return self.session is session

    def open_project(self) -> None:
        """Ask for a project folder."""
        ask.for_folder(self, "Open a project", Path.home(), self.open_folder)

    def new_project(self) -> None:
        """Show the wizard that previews a survey before it is imported."""
        from camtrap_gui.ui.new_project import NewProject

        wizard = NewProject(self)
        wizard.made.connect(self.start_project)
        wizard.open()

    def start_project(self, folder: Path, options: object) -> None:
        """Make a project and start its import with the options of the wizard."""
        from camtrap_gui.project import Project

        try:
            Project.open_or_create(folder).close()
        except Problem as problem:
            self.problem(str(problem))
            return

        def start() -> None:
            assert self.session is not None
            self.show_step("dataset")
            self.panels["dataset"].watch(self.session.start("dataset", options))

        self.open_folder(folder, start)

    def open_demo(self) -> None:
        """Open the demo survey, made first when it is not there yet."""
        from camtrap_gui.ui.make_demo import make_demo

        make_demo(self)

    def close_project(self) -> None:
        """Close the project; asks first when work is running."""
        self._when_free(self._end_session)

    def _when_free(self, then: Callable[[], object], otherwise: Callable[[], object] = lambda: None) -> None:
        """Do something that ends the session: at once, or after the user has agreed that running work stops."""
        if self.session is None or not self.session.busy():
            then()
            return
        if self._question is not None and self._question.isVisible():
            otherwise()
            return
        self._question = box = QMessageBox(
            QMessageBox.Icon.Question,
            "Stop the work?",
            f"Still working on {self.session.busy_with()}.",
            parent=self,
        )
        box.setInformativeText(
            "What is done is kept. The next time, the same step can go on where it stops now."
        )
        box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton("Keep working", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.accepted.connect(then)
        box.rejected.connect(otherwise)
        box.open()

    def _end_session(self) -> None:
        if self.session is None:
            return
        session, self.session = self.session, None
        self.palette_box.hide()
        self.job_bar.watch(None)
        self.cut_off_bar.offer([])
        for panel in self.panels.values():
            panel.close_threads()
            self._panel_stack.removeWidget(panel)
            panel.deleteLater()
        self.panels.clear()
        session.close()
        self._show_welcome()

    # Steps.

    def show_step(self, name: str) -> None:
        """Show the panel of a step."""
        if self.session is None:
            return
        if name not in self.panels:
            panel = panel_of(name)(self.session)
            panel.go_to.connect(self.show_step)
            self._panel_stack.addWidget(panel)
            self.panels[name] = panel
            if job := self.session.running(name):
                panel.watch(job)
        self.rail.choose(name)
        self._panel_stack.setCurrentWidget(self.panels[name])
        self.panels[name].look()

    def show_image(self, image_id: int) -> None:
        """Show one image of the project, with its sequence."""
        from camtrap_gui.ui.panels.dataset import DatasetPanel

        self.show_step("dataset")
        panel = self.panels["dataset"]
        assert isinstance(panel, DatasetPanel)
        panel.browser.open_image(image_id)

    def start_step(self) -> None:
        """Press the primary button of the panel shown."""
        panel = self._panel_stack.currentWidget()
        if isinstance(panel, Panel) and panel.start_button.isEnabled():
            panel.start()

    def cancel_job(self) -> None:
        """Stop what is running."""
        if self.session is not None:
            for queue in (self.session.short, self.session.long):
                if queue.running is not None:
                    self.session.cancel(queue.running)

    # Edits and view.

    def undo(self) -> None:
        """Take back the last decision."""
        if self.session is not None:
            note = self.session.undo()
            self.toast.say(f"Undone: {note}" if note else "Nothing to undo")

    def redo(self) -> None:
        """Make the decision again that was taken back last."""
        if self.session is not None:
            note = self.session.redo()
            self.toast.say(f"Redone: {note}" if note else "Nothing to redo")

    def switch_theme(self) -> None:
        """From light to dark and back."""
        self.settings.theme = "light" if theme.dark else "dark"
        theme.apply(self.settings.theme)
        self.settings.save()

    def switch_full_screen(self) -> None:
        """To the whole screen and back."""
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_palette(self) -> None:
        """Find any action, or any image of the project."""
        self.palette_box.open_over(self.session.project.folder if self.session is not None else None)

    def show_preferences(self) -> None:
        """Show what the user can choose for every project."""
        from camtrap_gui.ui.preferences import Preferences

        Preferences(self.settings, self).open()

    def show_about(self) -> None:
        """Say what this is and under which licence."""
        QMessageBox(
            QMessageBox.Icon.NoIcon,
            "About",
            f"<h3>camtrap {__version__}</h3><p>From camera-trap pictures to a species classifier of your own.</p>"
            "<p>MIT licence. Models and parts have licences of their own, listed in Preferences.</p>",
            parent=self,
        ).open()

    def open_logs(self) -> None:
        """Show the folder of logs in the file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.logs())))

    def problem(self, sentence: str) -> None:
        """Tell the user what she can mend."""
        QMessageBox(QMessageBox.Icon.Warning, "This did not work", sentence, parent=self).open()

    def defect(self, headline: str, details: str) -> None:
        """Tell the user about a defect of the program."""
        errors.show_details(self, headline, details)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(
                0, self._tint
            )  # icons come after the first paint: their font takes 0.16 s to load

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            rescale()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.session is not None and self.session.busy():
            event.ignore()
            self._when_free(self._end_and_close)
            return
        self.settings.window = bytes(self.saveGeometry().toBase64().data()).decode()
        self.settings.save()
        self.shut_down()
        super().closeEvent(event)

    def _end_and_close(self) -> None:
        self._end_session()
        self.close()

    def shut_down(self) -> None:
        """End the engines and threads, whatever they do: the program is about to end."""
        self._end_session()
        self.palette_box.close_threads()
        self.welcome.close_threads()

    # Building.

    def _show_session(self, session: Session) -> None:
        self.session = session
        self.settings.remember(session.project.folder)
        self.settings.save()
        session.changed.connect(lambda _: self._show_states())
        session.job_started.connect(lambda _: self._job_started())
        session.job_ended.connect(self._job_ended)
        self.job_bar.watch(session)
        self.project_button.setText(session.project.name)
        self._pages.setCurrentIndex(1)
        self.setWindowTitle(f"{session.project.name} – camtrap")
        self._enable_actions()
        suggested = self._show_states()
        self.show_step(suggested or STEPS[0].name)
        session.long.warm_up()
        self.cut_off_bar.offer(session.interrupted())

    def _go_on(self, past: PastJob) -> None:
        assert self.session is not None
        try:
            job = self.session.go_on(past)
        except Problem as problem:
            self.problem(str(problem))
            return
        self.show_step(past.step)
        self.panels[past.step].watch(job)
        self.cut_off_bar.offer(self.session.interrupted())

    def _again(self, job: Job) -> None:
        assert self.session is not None
        again = self.session.start(job.step, job.options)
        if job.step in self.panels:
            self.panels[job.step].watch(again)

    def _leave(self, past: PastJob) -> None:
        assert self.session is not None
        self.session.leave(past)
        self.cut_off_bar.offer(self.session.interrupted())

    def _forget(self, folder: Path) -> None:
        self.settings.forget(folder)
        self.settings.save()
        self.welcome.refresh()

    def _show_welcome(self) -> None:
        self.project_button.setText("camtrap")
        self.setWindowTitle("camtrap")
        self.welcome.refresh()
        self._pages.setCurrentIndex(0)
        self.welcome.setFocus()
        self._enable_actions()

    def _show_states(self) -> str:
        if self.session is None:
            return ""
        known = states(self.session.project)
        running = {step.name for step in STEPS if self.session.running(step.name)}
        # Steps that keep nothing in the project are never done, so they would be suggested for ever.
        lasting = (step.name for step in STEPS if step.project != "none")
        suggested = next((name for name in lasting if known[name] != "done" and name not in running), "")
        self.rail.show_states(known, running, suggested)
        return suggested

    def _job_started(self) -> None:
        self._show_states()
        if self.session is not None:
            self.cut_off_bar.offer(self.session.interrupted())

    def _job_ended(self, job: Job) -> None:
        self._show_states()
        ended = {"done": "is done", "problem": "could not go on", "failed": "failed unexpectedly"}.get(
            job.state
        )
        panel = self._panel_stack.currentWidget()
        if ended and not (isinstance(panel, Panel) and panel.step == job.step):
            self.toast.say(f"{job.title} {ended}.", "Show", lambda: self.show_step(job.step))
        if not self.isActiveWindow():
            QApplication.alert(self)

    def _show_details(self, job: Job) -> None:
        from camtrap_gui.ui.widgets.job_details import JobDetails

        log = self.session.log_of(job) if self.session is not None else ""
        JobDetails(job, log, self).open()

    def _workplace(self) -> QWidget:
        page = QWidget()
        layout = QHBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        layout.addWidget(self._panel_stack, 1)
        return page

    def _header(self) -> QWidget:
        bar = QFrame()
        bar.setObjectName("bar")
        layout = QHBoxLayout(bar)
        layout.setContentsMargins(GRID * 2, GRID // 2, GRID * 2, GRID // 2)
        self._menu_button = QToolButton()
        self._menu_button.setAccessibleName("Menu")
        self._menu_button.setToolTip("Menu")
        self._menu_button.setMenu(self._menu())
        self._menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.project_button = QToolButton()
        self.project_button.setObjectName("project")
        self.project_button.setAccessibleName("Project")
        self.project_button.setToolTip("Recent projects")
        self.project_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        projects = QMenu(self.project_button)
        projects.aboutToShow.connect(lambda: self._list_projects(projects))
        self.project_button.setMenu(projects)
        sized(self.project_button, "heading", bold=True)
        layout.addWidget(self._menu_button)
        layout.addWidget(self.project_button)
        layout.addStretch()
        self._search = QToolButton()
        self._search.setDefaultAction(self.actions_by_name["palette"])
        self._search.setText("Search…  Ctrl+K")
        self._search.setObjectName("search")
        self._search.setAccessibleName("Find an action or an image")
        self._search.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        layout.addWidget(self._search)
        for name in ("undo", "redo", "theme"):
            button = QToolButton()
            button.setDefaultAction(self.actions_by_name[name])
            button.setAccessibleName(self.actions_by_name[name].text())
            layout.addWidget(button)
        return bar

    def _list_projects(self, menu: QMenu) -> None:
        menu.clear()
        here = str(self.session.project.folder) if self.session is not None else ""
        for folder in (Path(folder) for folder in self.settings.recent if folder != here):
            action = menu.addAction(folder.name)
            action.setToolTip(str(folder))
            action.triggered.connect(lambda _=False, folder=folder: self.open_folder(folder))
        menu.addSeparator()
        menu.addActions([self.actions_by_name[name] for name in ("new", "open", "demo", "close")])

    def _menu(self) -> QMenu:
        menu = QMenu(self)
        parts: dict[str, QMenu] = {}
        for row in ACTIONS:
            if row.menu and row.menu not in parts:
                parts[row.menu] = menu.addMenu(row.menu)
            if row.menu:
                parts[row.menu].addAction(self.actions_by_name[row.name])
        return menu

    def _make_actions(self) -> None:
        for row in ACTIONS:
            action = QAction(row.text, self)
            action.setShortcut(row.shortcut)
            action.setToolTip(f"{row.text} ({row.shortcut})" if row.shortcut else row.text)
            action.triggered.connect(lambda _=False, row=row: self._act(row))
            self.addAction(action)
            self.actions_by_name[row.name] = action

    def _act(self, row: ActionRow) -> None:
        method, _, argument = row.slot.partition(":")
        getattr(self, method)(*([argument] if argument else []))

    def _enable_actions(self) -> None:
        for row in ACTIONS:
            self.actions_by_name[row.name].setEnabled(self.session is not None or not row.needs_project)

    def _tint(self) -> None:
        for row in ACTIONS:
            if row.icon:
                self.actions_by_name[row.name].setIcon(icon(row.icon))
        self._menu_button.setIcon(icon("menu"))
