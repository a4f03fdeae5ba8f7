"""The main window: the rail of steps, the panel of one step, the job bar, and the welcome page before a project is open."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui import __version__, paths
from camtrap_gui.problem import Problem
from camtrap_gui.project.history import PastJob
from camtrap_gui.settings import Settings
from camtrap_gui.ui import actions, errors
from camtrap_gui.ui.panels.table import PLACES
from camtrap_gui.ui.session import Session, open_session
from camtrap_gui.ui.theme import rescale, theme
from camtrap_gui.ui.welcome import Welcome
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.cut_off_bar import CutOffBar
from camtrap_gui.ui.widgets.header import Header
from camtrap_gui.ui.widgets.job_bar import JobBar
from camtrap_gui.ui.widgets.palette import CommandPalette
from camtrap_gui.ui.widgets.place_bar import PlaceBar
from camtrap_gui.ui.widgets.toast import Toast
from camtrap_gui.ui.worker import Job
from camtrap_gui.ui.workplace import Workplace


class Window(QMainWindow):
    """Shows one project at a time. Public methods are the slots of the action table."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.session: Session | None = None
        self._question: QMessageBox | None = None
        self.actions_by_name = actions.make(self, self._act)
        self.setWindowTitle("camtrap")
        self.setAcceptDrops(True)
        self.resize(1280, 820)
        self._make_parts()
        self._lay_out()
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
            session = open_session(folder, self.settings)
        except Problem as problem:
            self.problem(str(problem))
            return False

        def change() -> None:
            self._end_session()
            self._show_session(session)
            then()

        self._when_free(change, otherwise=session.close)
        return self.session is session

    def open_again(self) -> None:
        """See the project as it is now; work on it if no other computer does."""
        if (folder := self.folder()) is not None:
            self.open_folder(folder)

    def take_over(self) -> None:
        """Work on the project that another computer has open, if that gives no sign of life."""
        from camtrap_gui.steps.unlock import Options

        assert self.session is not None
        job = self.session.start("unlock", Options(self.session.project.folder))
        job.ended.connect(lambda: self._taken_over(job))

    def _taken_over(self, job: Job) -> None:
        if job.state == "done":
            QTimer.singleShot(0, self, self.open_again)
        elif job.complaint():
            self.problem(job.complaint())

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
        if self._question is None or not self._question.isVisible():
            self._question = ask.whether_to_stop(self, self.session.busy_with(), then, otherwise)
        else:
            otherwise()

    def _end_session(self) -> None:
        if self.session is None:
            return
        session, self.session = self.session, None
        self.palette_box.hide()
        self.palette_box.close_threads()
        self.job_bar.watch(None)
        self.cut_off_bar.watch(None)
        self.place_bar.watch(None)
        self.workplace.watch(None)
        session.close()
        self._show_welcome()

    # Steps.

    def show_step(self, name: str) -> None:
        """Show the panel of a step."""
        self.workplace.show_step(name)

    def show_image(self, image_id: int) -> None:
        """Show one image of the project, with its sequence."""
        from camtrap_gui.ui.panels.dataset import DatasetPanel

        self.show_step("dataset")
        panel = self.panels["dataset"]
        assert isinstance(panel, DatasetPanel)
        panel.browser.open_image(image_id)

    def start_step(self) -> None:
        """Press the primary button of the panel shown."""
        panel = self.workplace.shown()
        if panel is not None and panel.start_button.isEnabled():
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
        self.palette_box.open_over(self.session.project if self.session is not None else None)

    def show_preferences(self) -> None:
        """Show what the user can choose for every project."""
        from camtrap_gui.ui.preferences import Preferences

        dialog = Preferences(self.settings, self)
        dialog.models.changed.connect(lambda _: self._models_changed())
        dialog.open()

    def _models_changed(self) -> None:
        if self.session is not None:
            self.session.changed.emit({"models"})

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
        """Tell the user what she can mend, once as long as she has not read it."""
        if any(box.isVisible() and box.text() == sentence for box in self.findChildren(QMessageBox)):
            return
        QMessageBox(QMessageBox.Icon.Warning, "This did not work", sentence, parent=self).open()

    def mishap(self, sentence: str) -> None:
        """Tell of what befell the program from outside, unless a bar says already that the project's folder is away."""
        if self.session is not None:
            self.session.look_elsewhere()
        if self.session is None or not self.session.is_away:
            self.problem(sentence)

    def folder(self) -> Path | None:
        """That of the open project."""
        return self.session.project.folder if self.session is not None else None

    def defect(self, headline: str, details: str) -> None:
        """Tell the user about a defect of the program."""
        errors.show_details(self, headline, details)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            # Icons come after the first paint: their font takes 0.16 s to load.
            QTimer.singleShot(0, self, self._tint)

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
        self.welcome.close_threads()

    # What happens to the session.

    def _show_session(self, session: Session) -> None:
        self.session = session
        self.settings.remember(session.project.folder)
        self.settings.save()
        session.job_ended.connect(self._job_ended)
        session.decided.connect(self._say_decided)
        session.told.connect(self.toast.say)
        self.job_bar.watch(session)
        self.cut_off_bar.watch(session)
        self.place_bar.watch(session)
        self.header.show_project(session.project)
        self._pages.setCurrentIndex(1)
        self.setWindowTitle(f"{session.project.name} – camtrap")
        actions.enable(self.actions_by_name, project_is_open=True, read_only=bool(session.project.read_only))
        self.workplace.watch(session)
        session.long.warm_up()

    def _go_on(self, past: PastJob) -> None:
        assert self.session is not None
        try:
            job = self.session.go_on(past)
        except Problem as problem:
            self.problem(str(problem))
            return
        self.show_step(past.step)
        self.panels[past.step].watch(job)

    def _again(self, job: Job) -> None:
        assert self.session is not None
        again = self.session.start(job.step, job.options)
        if job.step in self.panels:
            self.panels[job.step].watch(again)

    def _forget(self, folder: Path) -> None:
        self.settings.forget(folder)
        self.settings.save()
        self.welcome.refresh()

    def _show_welcome(self) -> None:
        self.header.show_project(None)
        self.setWindowTitle("camtrap")
        self.welcome.refresh()
        self._pages.setCurrentIndex(0)
        self.welcome.setFocus()
        actions.enable(self.actions_by_name, project_is_open=False)

    def _say_decided(self, note: str) -> None:
        if note:
            self.toast.say(note, "Undo", self.undo)
        else:
            self.toast.hide()  # its Undo would now take back something else

    def _job_ended(self, job: Job) -> None:
        ended = {"done": "is done", "problem": "could not go on", "failed": "failed unexpectedly"}.get(
            job.state
        )
        shown = self.workplace.shown()
        if ended and (shown is None or shown.step != PLACES.get(job.step, job.step)):
            self.toast.say(f"{job.title} {ended}.", "Show", lambda: self.show_step(job.step))
        if not self.isActiveWindow():
            QApplication.alert(self)

    def _show_details(self, job: Job) -> None:
        from camtrap_gui.ui.widgets.job_details import JobDetails

        log = self.session.log_of(job) if self.session is not None else ""
        JobDetails(job, log, self).open()

    # Building.

    def _make_parts(self) -> None:
        self.header = Header(self.settings, self.actions_by_name)
        self.header.open_wanted.connect(self.open_folder)
        self.workplace = Workplace()
        self.panels = self.workplace.panels
        self.place_bar = PlaceBar()
        self.place_bar.anew_wanted.connect(self.open_again)
        self.place_bar.taking_over_wanted.connect(self.take_over)
        self.cut_off_bar = CutOffBar()
        self.cut_off_bar.wanted.connect(self._go_on)
        self.job_bar = JobBar()
        self.job_bar.step_wanted.connect(self.show_step)
        self.job_bar.again_wanted.connect(self._again)
        self.job_bar.details_wanted.connect(self._show_details)
        self.welcome = Welcome(self.settings)
        self.welcome.open_wanted.connect(self.open_folder)
        self.welcome.action_wanted.connect(lambda name: self.actions_by_name[name].trigger())
        self.welcome.forget_wanted.connect(self._forget)
        self.toast = Toast(self)
        self.palette_box = CommandPalette(self)
        self.palette_box.image_wanted.connect(self.show_image)

    def _lay_out(self) -> None:
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self.workplace)
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.place_bar)
        layout.addWidget(self.cut_off_bar)
        layout.addWidget(self._pages, 1)
        layout.addWidget(self.job_bar)
        self.setCentralWidget(whole)

    def _act(self, slot: str) -> None:
        method, _, argument = slot.partition(":")
        getattr(self, method)(*([argument] if argument else []))

    def _tint(self) -> None:
        actions.tint(self.actions_by_name)
        self.header.tint()
