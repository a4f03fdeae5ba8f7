"""From keys and clicks to decisions: what is said of the pictures at hand, saved at once, and on to the next one."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decisions, edits, runs, suggestions
from camtrap_gui.project.decisions import Said
from camtrap_gui.project.not_animals import NOT_ANIMALS
from camtrap_gui.ui.at_hand import at_hand, keep_places
from camtrap_gui.ui.explaining import Explaining
from camtrap_gui.ui.review_keys import BY_NAME, KEYS, NUMBERS, Key
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.widgets.label_pad import LabelPad
from camtrap_gui.ui.widgets.review_views import ReviewViews

ARROWS = ("Left", "Right")
"""Keys of the table that mean something else where the pictures do not have the keyboard."""

Decision = Callable[[Project, Sequence[int]], int]


class Deciding(QObject):
    """The slots of the table of keys. ``decided`` follows every decision, ``refused`` says why there was none.

    While ``busy`` a change of the project is one that was made here and is on the screen already.
    """

    decided = Signal()
    refused = Signal(str)
    keys_wanted = Signal()
    history_wanted = Signal()

    def __init__(self, session: Session, views: ReviewViews, pad: LabelPad, page: QWidget) -> None:
        super().__init__(page)
        self.busy = False
        self._session, self._views, self._pad = session, views, pad
        self._used: list[str] = []
        self._recent: list[str] = []
        self._places: dict[int, int] = {}
        self.explaining = Explaining(session, views.single.viewer, self._model)
        views.moved.connect(self.show_at_hand)
        views.grid.accepted.connect(self.accept)
        views.single.accepted.connect(self.accept)
        views.single.box_decided.connect(self._decide_box)
        pad.wanted.connect(lambda name, sequence: self.act(BY_NAME[name], sequence))
        pad.removed.connect(self.remove)
        pad.counted.connect(self.count)
        pad.species.named.connect(self.say_species)
        pad.species.added.connect(self.add)
        pad.species.left.connect(views.set_focus)
        session.turned.connect(self._follow)
        for key in KEYS:
            if key.slot and not key.elsewhere:
                self._make_shortcuts(key, page)

    def _make_shortcuts(self, key: Key, page: QWidget) -> None:
        """Wherever the keyboard is on the page; a field that is typed in keeps its letters."""
        for keys in (one for one in key.keys if one not in ARROWS):
            self._shortcut(keys, page, lambda: self.act(key))
            if key.sequence:
                self._shortcut(f"Shift+{keys}", page, lambda: self.act(key, True))

    @staticmethod
    def _shortcut(keys: str, page: QWidget, slot: Callable[[], object]) -> None:
        made = QShortcut(QKeySequence(keys), page, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
        made.activated.connect(slot)

    def act(self, key: Key, sequence: bool = False) -> None:
        """Do what a key means."""
        arguments: list[object] = [key.argument] if key.argument else []
        getattr(self, key.slot)(*arguments, *([sequence] if key.sequence else []))

    def know_recent(self, names: Sequence[str]) -> None:
        """Offer what people of this project said last, what they accepted among it."""
        self._remember([*names, *self._used])
        self.show_at_hand()

    def show_at_hand(self) -> None:
        """Let the pad tell about the pictures at hand."""
        views = self._views
        self._pad.show_at_hand(at_hand(self._session.project, views.at_hand(), views.region(), self._recent))

    # What is said.

    def accept(self, sequence: bool = False) -> None:
        """What is proposed for each picture is so."""
        self._decide(decisions.accept, sequence)

    def say_species(self, name: str, sequence: bool = False) -> None:
        """The pictures show this and nothing else; or the box that is chosen does."""
        image_ids, region = self._views.at_hand(), self._views.region()
        self._use(name)
        if region is not None:
            self._decide_box(
                lambda project: decisions.relabel_box(project, image_ids[0], region, name), False
            )
        else:
            self._decide(lambda project, ids: decisions.label(project, ids, [Said(name)]), sequence)

    def say_number(self, number: str, sequence: bool = False) -> None:
        """They show the species that the pad lists with this number."""
        if name := self._pad.numbers.name(int(number)):
            self.say_species(name, sequence)

    def add(self, name: str) -> None:
        """They show this as well."""
        self._use(name)
        self._decide(lambda project, ids: decisions.add_label(project, ids, [Said(name)]), stay=True)

    def remove(self, name: str) -> None:
        """They do not show this."""
        self._decide(lambda project, ids: decisions.remove_label(project, ids, name), stay=True)

    def count(self, number: int) -> None:
        """So many of the one species of the picture are there; 0: not counted."""
        proposal = decisions.proposal(self._session.project, self._views.at_hand()[0])
        said = [Said(one.species, number or None, one.run_id, one.confidence) for one in proposal.said]
        self._decide(lambda project, ids: decisions.label(project, ids, said), stay=True)
        self._views.set_focus()

    def flag(self, sequence: bool = False) -> None:
        """Come back to the pictures later, or no more."""
        flagged = self._pad.is_flagged()
        self._decide(lambda project, ids: decisions.flag(project, ids, not flagged), sequence, stay=True)

    # Typing, and going about.

    def type_species(self) -> None:
        """Name a species by typing."""
        self._type(adds=False)

    def type_another(self) -> None:
        """Name one that is there as well."""
        self._type(adds=True)

    def type_count(self) -> None:
        """Type how many there are."""
        self._pad.type_count()

    def switch_sequence(self) -> None:
        """Say everything of whole sequences from now on, or no more."""
        self._pad.switch_sequence()

    def step(self, by: str) -> None:
        """On or back in the queue."""
        self._views.step(int(by))

    def go_unreviewed(self) -> None:
        """On to what nobody has looked at."""
        if not self._views.go_unreviewed():
            self._pad.say("Everything after this one is reviewed")

    def explain(self) -> None:
        """Show what the classifier looked at in the selected box of the picture in front, or no more."""
        if self._views.shows_single():
            self._views.single.viewer.toolbar.explain.click()

    def ask_again(self) -> None:
        """Let what was decided leave the queue."""
        self._views.again_wanted.emit()

    def undo(self) -> None:
        """Take back the newest decision."""
        note = self._session.undo()
        self._pad.say(f"Undone: {note}" if note else "Nothing to undo")

    def redo(self) -> None:
        """Make it again."""
        note = self._session.redo()
        self._pad.say(f"Redone: {note}" if note else "Nothing to redo")

    def show_history(self) -> None:
        """Browse all decisions."""
        self.history_wanted.emit()

    def show_keys(self) -> None:
        """Show the table of keys."""
        self.keys_wanted.emit()

    # How it is done.

    def _model(self) -> Path | None:
        """Of the classifier that has named the selected box; of the one in use where none of the project's did."""
        project, single = self._session.project, self._views.single
        box, image_id = single.viewer.canvas.chosen(), single.image_id()
        usable = {run.id: run.folder for run in runs.usable(runs.all_of(project))}
        if box is not None and box.region is not None and image_id is not None:
            said = suggestions.of_image(project, image_id).get(box.region[1])
            if said is not None and box.region[0] == "detection" and said.run_id in usable:
                return usable[said.run_id]
        return next(iter(usable.values()), None)

    def _type(self, adds: bool) -> None:
        if self._views.at_hand():
            self._pad.species.begin(self._recent, adds)

    def _use(self, name: str) -> None:
        self._remember([name, *self._used])

    def _remember(self, names: Sequence[str]) -> None:
        """These were used, the last one first; what has a letter needs no number."""
        animals = [name for name in dict.fromkeys(names) if name.casefold() not in NOT_ANIMALS]
        self._used = animals[:NUMBERS]
        self._recent = keep_places(self._recent, self._used)

    def _decide(self, decision: Decision, sequence: bool = False, stay: bool = False) -> None:
        image_ids = self._views.at_hand()
        if not image_ids:
            return
        if sequence or self._pad.is_of_sequences():
            image_ids = decisions.of_sequences(self._session.project, image_ids)
        done = self._made(lambda project: decision(project, image_ids), image_ids, quiet=len(image_ids) == 1)
        if done and stay:
            self._views.look_again(image_ids)
        elif done:
            self._views.go_on(image_ids)

    def _decide_box(self, decision: Callable[[Project], int], names: bool) -> None:
        image_ids = self._views.at_hand()
        if self._made(decision, image_ids, quiet=True):
            self._views.look_again(image_ids)
            if names:
                self._type(adds=False)

    def _made(self, decision: Callable[[Project], int], image_ids: Sequence[int], quiet: bool) -> bool:
        self.busy = True
        try:
            self._places[self._session.decide(decision, quiet)] = image_ids[0]
        except Problem as problem:
            self.refused.emit(str(problem))
            return False
        finally:
            self.busy = False
        self.refused.emit("")
        self._pad.say(next(edits.history(self._session.project, limit=1)).note if quiet else "")
        self.decided.emit()
        return True

    def _follow(self, edit_id: int) -> None:
        """After undo and redo: back to where that was decided."""
        if edit_id in self._places:
            self._views.go_to_image(self._places[edit_id])
