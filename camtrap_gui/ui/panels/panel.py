"""What all panels have in common: a title, the step's options with one primary button, and room for the result."""

from collections.abc import Set
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.problem import Problem
from camtrap_gui.steps import missing
from camtrap_gui.ui.models_dialog import ModelsDialog
from camtrap_gui.ui.session import Session, step_of
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.looking import why_not
from camtrap_gui.ui.widgets.options_form import OptionsForm
from camtrap_gui.ui.widgets.sign import Sign
from camtrap_gui.ui.worker import Job

MEASURE = GRID * 75
"""How long lines are at most that are to be read, in pixels."""

FIRST = {
    "dataset": "Import pictures first",
    "detect": "Find animals first",
    "crop": "Cut out the animals first",
    "train": "Train a classifier first",
}
"""What a step asks for that finds nothing to work on, by the step that makes it."""

ELSEWHERE = "Another window or program is doing this now. It can be started here when that has finished."

EXPORTS = (("export", "Classifier"), ("share", "Results"))
"""What can be taken elsewhere, each in a panel of its own."""


class Panel(QWidget):
    """One step on screen. A subclass says which ``step`` and ``verb`` it is, builds ``result`` and fills it.
    Without a verb there is no primary button: nothing has to be started.

    ``topics`` are the changes of the project it shows; ``refresh`` is called when one of them changed and the panel
    is visible (or becomes visible). ``starts`` is the command that the form is of, where that is not the step.
    ``is_empty`` decides between the result and the teaching empty state. ``facets`` are the panels that share one place
    on the rail, this one among them, by step and in words; the place is that of the first.
    """

    step = ""
    starts = ""
    verb = ""
    topics: Set[str] = frozenset()
    only: tuple[str, ...] | None = None
    facets: tuple[tuple[str, str], ...] = ()
    options_width = GRID * 38
    empty_icon = "image-outline"
    empty_text = ""

    go_to = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._stale = True
        self._job: Job | None = None
        self._missing = ""
        about = step_of(self.step)
        self.starts = self.starts or self.step
        self.form = OptionsForm(step_of(self.starts).module().Options, self.only, self.choices())
        self.start_button = QPushButton(self.verb or about.title)
        self.start_button.setProperty("primary", True)
        self.start_button.clicked.connect(self.start)
        if not self.verb:
            self.start_button.hide()
        self.message = text("", wrap=True)
        self.message.setAccessibleName("Message")
        self.message.hide()

        head = QVBoxLayout()
        head.setSpacing(0)
        title = QHBoxLayout()
        title.setSpacing(GRID)
        title.addWidget(text(step_of(self.place()).title, "title", bold=True), 1)
        for facet, words in self.facets:
            title.addWidget(self._facet(facet, words))
        head.addLayout(title)
        head.addWidget(text(about.help, role="muted", wrap=True))
        self.result = self.build()
        self.first_button = QPushButton()  # leads to it
        self.first_button.clicked.connect(lambda: self.go_to.emit(self._missing))
        self._stack = QStackedWidget()
        self._stack.addWidget(self.result)
        self._empty = self.build_empty()
        self._stack.addWidget(self._empty)
        body = QHBoxLayout()
        body.setSpacing(GRID * 2)
        body.addWidget(self._options_card())
        body.addWidget(self._stack, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 2, GRID * 3, GRID * 2)
        layout.setSpacing(GRID * 2)
        layout.addLayout(head)
        layout.addLayout(body, 1)
        session.changed.connect(self._changed)
        self.allow_start()

    # What a panel defines.

    def build(self) -> QWidget:
        """Make the result view."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Fill the result view from the project."""
        raise NotImplementedError

    def is_empty(self) -> bool:
        """Whether there is nothing to show yet."""
        return False

    def choices(self) -> dict[str, list[tuple[Any, str]]]:
        """Lists for options of which only the project knows the values."""
        return {}

    def progressed(self, job: Job) -> None:
        """Show more of a running job than the job bar does."""

    def take_keyboard(self) -> None:
        """Have the keyboard from the moment the panel is shown, where its keys are what one came for."""

    def close_threads(self) -> None:
        """Let no thread of the panel outlive it."""

    def missing_step(self) -> str:
        """The name of the step to be done first, '' when this one can start."""
        first = missing(self.session.project, step_of(self.starts))
        return first.name if first else ""

    def place(self) -> str:
        """The step of the rail that this panel belongs to."""
        return self.facets[0][0] if self.facets else self.step

    def build_empty(self) -> QWidget:
        """A page that teaches what this step does when it has nothing to show."""
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.addStretch(2)
        picture = Sign(self.empty_icon, "muted", GRID * 10)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(picture)
        words = text(self.empty_text, "heading", role="muted", wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words.setMaximumWidth(MEASURE)
        line = QHBoxLayout()
        line.addWidget(words)
        layout.addLayout(line)
        layout.addSpacing(GRID * 2)
        layout.addWidget(self.first_button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)
        return page

    # What the window uses.

    def start(self) -> None:
        """Start the step with the options of the form."""
        try:
            options = self.form.value()
            self.watch(self.session.start(self.starts, options))
        except (Problem, ValueError) as problem:
            self.say(self.form.in_fields(str(problem)), "error")

    def watch(self, job: Job) -> None:
        """Follow a job of this panel's step."""
        self._job = job
        self.say("")
        self.allow_start()
        job.changed.connect(lambda: self.progressed(job))
        job.ended.connect(lambda: self._ended(job))

    def say(self, sentence: str, role: str = "muted") -> None:
        """Show a sentence below the primary button: a problem, or what was made."""
        self.message.setProperty("role", role)
        self.message.style().polish(self.message)
        self.message.setText(sentence)
        self.message.setVisible(bool(sentence))

    def look(self) -> None:
        """Bring the panel up to date if anything it shows has changed."""
        self.allow_start()
        if self._stale:
            self._stale = False
            self._stack.setCurrentWidget(self._empty if self.is_empty() else self.result)
            if not self.is_empty():
                self.refresh()

    def allow_start(self) -> None:
        """Let the step be started, unless it runs or has nothing to work on; then say why it cannot."""
        self._missing = self.missing_step()
        first = FIRST.get(self._missing, "")
        help = step_of(self.starts).help
        elsewhere = self.starts in self.session.elsewhere
        looking = why_not(self.session.project) if step_of(self.starts).changes else ""
        free = self.session.running(self.starts) is None and not elsewhere and not looking
        may_start = not self._missing and free
        if self.start_button.hasFocus() and not may_start:
            self.setFocus()  # else Qt gives the keyboard to whatever comes next, such as the menu
        self.start_button.setEnabled(may_start)
        if self.hasFocus() and may_start:
            self.start_button.setFocus()
        why = looking or (f"{first}." if first else ELSEWHERE if elsewhere else "")
        self.start_button.setToolTip(f"<p>{help}</p>" + (f"<p><b>{why}</b></p>" if why else ""))
        if elsewhere or self.message.text() == ELSEWHERE:
            self.say(ELSEWHERE if elsewhere else "")
        self.first_button.setText(first)
        self.first_button.setAccessibleName(first or "The step to be done first")
        self.first_button.setVisible(bool(first))

    def show_result(self) -> None:
        """Show the result view in place of the empty state, while a job fills it."""
        self._stack.setCurrentWidget(self.result)

    def ask_for_models(self) -> None:
        """Show what models there are; the lists of all panels follow when they change, and here the new one is chosen."""
        dialog = ModelsDialog(self)
        dialog.models.changed.connect(self._choose_model)
        dialog.open()

    def _facet(self, step: str, words: str) -> QPushButton:
        button = QPushButton(words)
        button.setCheckable(True)
        button.setChecked(step == self.step)
        button.setToolTip(f"<p>{step_of(step).help}</p>")

        def show() -> None:
            button.setChecked(step == self.step)  # as it shall be when this panel is shown again
            self.go_to.emit(step)

        button.clicked.connect(show)
        return button

    def _choose_model(self, name: str) -> None:
        self.session.changed.emit({"models"})
        for field, choices in self.choices().items():
            if name in (value for value, _ in choices):
                self.form.set_value(field, name)

    def _changed(self, topics: set[str]) -> None:
        if "models" in topics:
            for name, choices in self.choices().items():
                self.form.set_choices(name, choices)
        if topics & self.topics:
            self._stale = True
        if self.isVisible():
            self.look()

    def _ended(self, job: Job) -> None:
        self.allow_start()
        if job.state == "problem":
            self.say(self.form.in_fields(job.message), "error")
        elif job.state == "failed":
            self.say(
                "This failed unexpectedly; what was done is kept. Details are at the left of the bar below.",
                "error",
            )
        elif job.state == "done":
            self.say("")

    def _options_card(self) -> QWidget:
        card = QFrame()
        card.setObjectName("card")
        self.card = inner = QVBoxLayout(card)
        inner.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        inner.setSpacing(GRID * 2)
        inner.addWidget(self.form)
        inner.addWidget(self.start_button)
        inner.addWidget(self.message)
        inner.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(card)
        scroll.setFixedWidth(self.options_width)
        return scroll
