"""A filter to be kept under a name, as a queue of its own; and saved ones to be forgotten."""

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.problem import Problem
from camtrap_gui.project import browse, edits, images, queues
from camtrap_gui.ui.session import Session
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.looking import hold


class SearchDialog(QDialog):
    """An empty field lets all pass; the number of images that pass is told while one chooses."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project = session.project
        self.setWindowTitle("Save a search")
        self.setMinimumWidth(GRID * 56)
        self.name = QComboBox()
        self.name.setEditable(True)
        self.name.addItems(list(queues.searches(self._project)))
        self.name.setCurrentIndex(-1)
        self.name.setEditText("")
        if line := self.name.lineEdit():
            line.setPlaceholderText("Night pictures of B04")
        self.species = _choice("Any species", images.species(self._project))
        self.location = _choice("Any location", images.locations(self._project))
        self.state = _choice("Any state", browse.STATES)
        self.author = _choice("Anybody", edits.authors(self._project))
        self.words = QLineEdit()
        self.since, self.until = QLineEdit(), QLineEdit()
        form = QFormLayout()
        form.setSpacing(GRID)
        for words, field in (
            ("Name", self.name),
            ("Species", self.species),
            ("Location", self.location),
            ("State", self.state),
            ("Labelled by", self.author),
            ("File name has", self.words),
            ("From day", self.since),
            ("To day", self.until),
        ):
            field.setAccessibleName(words)
            form.addRow(words, field)
        for day in (self.since, self.until):
            day.setPlaceholderText("2024-05-31")
        self.count = text("", role="muted", wrap=True)
        self.save = QPushButton("Save")
        self.save.setProperty("primary", True)
        self.save.setDefault(True)
        self.save.clicked.connect(self._save)
        self.forget = QPushButton("Forget this search")
        self.forget.setAutoDefault(False)
        self.forget.clicked.connect(self._forget)
        hold(self._project, self.save, self.forget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.forget)
        buttons.addStretch()
        buttons.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 3, GRID * 2, GRID * 3, GRID * 2)
        layout.setSpacing(GRID * 2)
        layout.addWidget(
            text("A saved search is a queue at the left of the review page.", role="muted", wrap=True)
        )
        layout.addLayout(form)
        layout.addWidget(self.count)
        layout.addLayout(buttons)
        for box in (self.species, self.location, self.state, self.author):
            box.currentIndexChanged.connect(lambda _: self._tell())
        for field in (self.words, self.since, self.until):
            field.editingFinished.connect(self._tell)
        self.name.editTextChanged.connect(lambda _: self._allow())
        self.name.activated.connect(lambda _: self._show())
        self._tell()
        self._allow()

    def filter(self) -> browse.Filter:
        """What is asked for."""
        return browse.Filter(
            location=self.location.currentData() or "", species=self.species.currentData() or "",
            since=self.since.text().strip(), until=self.until.text().strip(), state=self.state.currentData() or "",
            text=self.words.text().strip(), author=self.author.currentData() or "",
        )  # fmt: skip

    def _tell(self) -> None:
        count = len(browse.ids(self._project, self.filter()))
        self.count.setText(f"{count:,} pictures pass now.")

    def _allow(self) -> None:
        name = self.name.currentText().strip()
        self.save.setEnabled(bool(name))
        self.forget.setEnabled(name in queues.searches(self._project))

    def _show(self) -> None:
        """Fill the fields with a search that is there."""
        known = queues.searches(self._project).get(self.name.currentText())
        if known is not None:
            for box, value in (
                (self.species, known.species),
                (self.location, known.location),
                (self.state, known.state),
                (self.author, known.author),
            ):
                box.setCurrentIndex(max(0, box.findData(value)))
            for field, words in (
                (self.words, known.text),
                (self.since, known.since),
                (self.until, known.until),
            ):
                field.setText(words)
            self._tell()

    def _save(self) -> None:
        try:
            queues.save_search(self._project, self.name.currentText(), self.filter())
        except Problem as problem:
            self.count.setText(str(problem))
            return
        self.accept()

    def _forget(self) -> None:
        queues.forget_search(self._project, self.name.currentText().strip())
        self.accept()


def _choice(everything: str, names: "tuple[str, ...] | list[str]") -> QComboBox:
    box = QComboBox()
    box.addItem(everything, "")
    for name in names:
        box.addItem(name, name)
    return box
