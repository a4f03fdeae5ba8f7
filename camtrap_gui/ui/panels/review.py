"""Look, correct, retrain: queues at the left, their pictures in the middle, what is said of them at the right."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decisions, images, queues, runs, species, suggestions
from camtrap_gui.project.queues import KINDS, Queue
from camtrap_gui.ui.deciding import Deciding
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID
from camtrap_gui.ui.widgets.accept_sure import AcceptSure
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.label_pad import LabelPad, scrolled
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.places_view import PlacesView
from camtrap_gui.ui.widgets.queue_list import Names, QueueList
from camtrap_gui.ui.widgets.retrain import Retrain
from camtrap_gui.ui.widgets.review_menu import ReviewMenu
from camtrap_gui.ui.widgets.review_progress import ReviewProgress
from camtrap_gui.ui.widgets.review_views import ReviewViews

COUNT_MS = 1_000
"""The queues are counted anew in a thread when nothing was decided for so long: a thread that reads a hundred thousand
numbers holds the window up by 0.1 s and more."""

SIDE_WIDTH, PAD_WIDTH = GRID * 28, GRID * 31
FOLDS = GRID * 133
"""Narrower than that, a single picture takes the place of the queues; Escape leads back to them."""

_KINDS = {kind.name: kind for kind in KINDS}
Question = Callable[[Project], Any]


class _Standing(NamedTuple):
    counts: Mapping[str, int]
    names: Names
    standing: decisions.Standing
    recent: Sequence[str]


class ReviewPanel(Panel):
    """What the keys do is in ``deciding``; here are the queues."""

    step = "review"
    verb = "Find what to review"
    topics = frozenset({"images", "labels", "detections", "crops", "runs", "predictions"})
    only = ()
    empty_icon = "check-all"
    empty_text = (
        "Here you look at pictures and say what they show, at the speed of a keyboard. The program proposes, "
        "you decide, and what you correct makes the next classifier better."
    )

    def __init__(self, session: Session) -> None:
        self.queue: Queue | None = None
        super().__init__(session)

    def build(self) -> QWidget:
        project = self.session.project
        self._asking, self._counting = Background(self), Background(self)
        self._asking.answered.connect(lambda found: self._show_queue(*found))
        self._asking.failed.connect(self._refuse)
        self._counting.answered.connect(self._show_standing)
        self._counting.failed.connect(self._refuse)
        self._count_soon = QTimer(self, singleShot=True, interval=COUNT_MS)
        self._count_soon.timeout.connect(self._count)
        self.views = ReviewViews(project)
        self.views.again_wanted.connect(self.ask_again)
        self.views.turned.connect(self._fold)
        self.places = PlacesView(self.session)
        self.places.decided.connect(self.session.decided)
        self.places.opened.connect(self.show_image)
        self.views.add_page(self.places)
        self.pad = LabelPad(project)
        self.deciding = Deciding(self.session, self.views, self.pad, self)
        self.deciding.decided.connect(self._count_soon.start)
        self.deciding.refused.connect(lambda sentence: self.say(sentence, "error"))
        self.menu = ReviewMenu(self.session, self)
        self.menu.changed.connect(self._count)
        self.deciding.history_wanted.connect(self.menu.show_history)
        self.deciding.keys_wanted.connect(self.menu.show_keys)
        self.views.bar.addWidget(self.menu)
        hold(project, self.pad.saying, *self.pad.turning, self.menu.rows["import_decisions"])
        self.pad.setFixedWidth(PAD_WIDTH)
        page = QWidget()
        layout = QHBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID * 2)
        self.retrain = Retrain(self.session)
        self.retrain.go_to.connect(self.go_to)
        hold(project, self.retrain)
        middle = QVBoxLayout()
        middle.setSpacing(GRID * 2)
        middle.addWidget(self.views, 1)
        middle.addWidget(self.retrain)
        layout.addLayout(middle, 1)
        layout.addWidget(self.pad)
        return page

    def _options_card(self) -> QWidget:
        self.queues = QueueList()
        self.queues.chosen.connect(self.show_queue)
        self.queues.static_wanted.connect(self.show_places)
        self.progress = ReviewProgress()
        self.accept_sure = QPushButton("Accept what is sure…")
        self.accept_sure.setToolTip(
            "<p>Labels what the classifier is sure of, without a look at each picture. Says how many first.</p>"
        )
        self.accept_sure.clicked.connect(self.ask_to_accept)
        hold(self.session.project, self.accept_sure)
        self.form.hide()
        card = QFrame()
        card.setObjectName("card")
        inner = QVBoxLayout(card)
        inner.setContentsMargins(GRID, GRID * 2, GRID, GRID * 2)
        inner.setSpacing(GRID)
        for widget in (self.queues, self.progress, self.start_button, self.accept_sure, self.message):
            inner.addWidget(widget)
        inner.addStretch()
        self.left = scrolled(card)
        self.left.setFixedWidth(SIDE_WIDTH)
        return self.left

    def is_empty(self) -> bool:
        return images.count(self.session.project) == 0

    def refresh(self) -> None:
        if self.queue is None:
            self._count()
            self.queues.choose("unreviewed")
        else:
            self._count_soon.start()
            self.views.look_again()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def take_keyboard(self) -> None:
        self.views.set_focus()

    def close_threads(self) -> None:
        self._count_soon.stop()
        self._asking.close()
        self._counting.close()
        self.views.close_threads()
        self.places.close_threads()

    # Queues.

    def show_queue(self, queue: Queue) -> None:
        """Ask for the images of a queue, in a thread."""
        self.queue = queue
        self._ask(
            lambda project: (queue, queues.ids(project, queue), suggestions.count(project) > 0), self._asking
        )

    def ask_again(self) -> None:
        """Ask the queue again: what was decided leaves it."""
        if self.queue is not None:
            self.show_queue(self.queue)

    def ask_to_accept(self) -> None:
        """Offer to label what the current classifier is sure of."""
        try:
            run = runs.current(self.session.project)
        except Problem as problem:
            self.say(self.form.in_fields(str(problem)), "error")
            return
        dialog = AcceptSure(self.session, run, self.window())
        dialog.go_to.connect(self.go_to)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def show_places(self) -> None:
        """Show what the detector finds at one place again and again."""
        self.pad.hide()
        self.views.show_other("", self.places)
        self.places.look()

    def show_image(self, image_id: int) -> None:
        """Show one image by itself."""
        self.pad.show()
        self.views.show_queue("One picture", [image_id], "")
        self.views.open_place(0)

    def _show_queue(self, queue: Queue, ids: Sequence[int], was_looked: bool) -> None:
        self.pad.show()
        kind = _KINDS[queue.kind]
        has_focus = self.isAncestorOf(self.window().focusWidget()) if self.window().focusWidget() else False
        typing = has_focus and self.queues.isAncestorOf(self.window().focusWidget())
        self.views.show_queue(
            queue.value if kind.needs else kind.title, ids, self._why_nothing(queue, was_looked)
        )
        if has_focus and not typing:
            self.views.set_focus()

    def _why_nothing(self, queue: Queue, was_looked: bool) -> str:
        if _KINDS[queue.kind].by_review and not was_looked:
            return f"“{self.verb}” fills this queue: the program looks at every animal and says what is worth a look."
        if queue.kind == "disagrees":
            return "No label is in doubt."
        if queue.kind == "flagged":
            return "Nothing is flagged. F flags a picture that you want to come back to."
        return "Everything here is reviewed." if queue.only_unreviewed else "There are no pictures here."

    def _fold(self) -> None:
        single = self.views.shows_single()
        self.left.setVisible(self.width() >= FOLDS or not single)
        self.retrain.about.setVisible(self.width() >= FOLDS or not self.retrain.button.isEnabled())
        self.retrain.setVisible(not single and self.views.pages.currentWidget() is not self.places)

    def _count(self) -> None:
        def question(project: Project) -> _Standing:
            names = Names(
                [each[0] for each in species.all_of_names(project)],
                images.locations(project),
                list(queues.searches(project)),
            )
            return _Standing(queues.counts(project), names, decisions.left(project), species.recent(project))

        self._ask(question, self._counting)

    def _ask(self, question: Question, thread: Background) -> None:
        project = self.session.project

        def ask() -> Any:
            with project.apart() as own:
                return question(own)

        thread.ask(ask)

    def _show_standing(self, found: _Standing) -> None:
        self.queues.show_names(found.names)
        self.queues.show_counts(found.counts)
        self.progress.show_standing(found.standing)
        self.deciding.know_recent(found.recent)
        self._fold()

    def _refuse(self, error: Exception) -> None:
        if not isinstance(error, Problem):
            raise error
        self.say(str(error), "error")

    def _changed(self, topics: set[str]) -> None:
        if not self.deciding.busy:  # what was decided here is on the screen already
            super()._changed(topics)
