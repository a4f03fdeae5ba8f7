"""Where a long piece of work is done: on this computer, or on a cluster of computers, which can be tried first."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Annotated, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.cluster import connection_test
from camtrap_gui.options import Option
from camtrap_gui.settings import Settings
from camtrap_gui.steps import CLUSTER
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.options_form import Fold, OptionsForm, in_fields
from camtrap_gui.ui.worker import Job, JobQueue

WHERE = (("here", "This computer"), ("ray", "A cluster of computers"))
AUTOMATIC = "auto"
PATIENCE_MS = 60_000
"""What takes an address and says nothing, such as a server of another kind, is given up after this time."""
MOST_NAMED = 4
"""So many computers are named one by one; of more the tooltip does."""


@dataclass(frozen=True)
class Workers:
    """The options of steps that a cluster can do, in the words of the window (``cluster.choices``)."""

    worker_cores: Annotated[
        int,
        Option(
            "Processor cores that each worker uses. Automatic: four, or less on small computers.",
            low=0,
            high=256,
            lowest="Automatic",
            label="Cores of each",
        ),
    ] = 0
    worker_gpus: Annotated[
        float,
        Option(
            "Graphics cards that each worker uses. With 0.5 two workers share one.",
            low=0,
            high=16,
            lowest="None",
            label="Graphics cards",
        ),
    ] = 0.0
    worker_price: Annotated[
        float,
        Option(
            "What an hour of one worker costs, in whatever money. While they work you see what each has cost so far.",
            low=0,
            high=10_000,
            lowest="Not known",
            label="Price per hour",
        ),
    ] = 0.0


class ClusterForm(QWidget):
    """``value`` is what to give to the options of a step. Without ``asks_where`` it is about a cluster at any rate.

    The address is tried in an engine of its own, which ends with the answer.
    """

    changed = Signal()

    def __init__(self, settings: Settings, asks_where: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._queue = JobQueue("cluster", self)
        self._job: Job | None = None
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._give_up)
        self.where = QComboBox()
        for engine, words in WHERE:
            self.where.addItem(words, engine)
        self.where.setCurrentIndex(0 if asks_where else 1)
        self.where.setAccessibleName("Where")
        self.where.setToolTip(
            "<p>A cluster is a number of computers that Ray keeps together. All of them see the project and its pictures"
            " under the same path.</p>"
        )
        self.where.currentIndexChanged.connect(lambda _: self._follow())
        self.address = QLineEdit(settings.cluster)
        self.address.setPlaceholderText("Automatic")
        self.address.setAccessibleName("Address")
        self.address.setToolTip(
            "<p>Left empty: the cluster that this computer belongs to.<br>HOST:PORT: the first computer of another"
            " one, such as gpu-1:6379.<br>local: a cluster of this computer alone.</p>"
        )
        self.address.textChanged.connect(self._forget_answer)
        self.address.returnPressed.connect(self.test)
        self.test_button = QPushButton("Test")
        self.test_button.clicked.connect(self.test)
        self.answer = text("", role="muted", wrap=True)
        self.answer.setAccessibleName("What the test has found")
        self.workers = OptionsForm(Workers)
        price = self.workers.input("worker_price")
        assert isinstance(price, QDoubleSpinBox)
        price.setDecimals(2)  # wide as its bounds are
        self.workers.changed.connect(self.changed)
        self._body = QWidget()
        self._lay_out(asks_where)
        self._follow()

    def value(self) -> Mapping[str, Any]:
        """The values of the options ``engine``, ``address`` and those of ``Workers``."""
        engine = self.where.currentData()
        if engine == "here":
            return {"engine": engine}
        asked = self.workers.value()
        return {"engine": engine, "address": self._address(), **vars(asked)}

    def remember(self) -> None:
        """Keep the address for the next time, if a cluster was chosen."""
        address = self.address.text().strip()
        if self.where.currentData() == "ray" and address != self._settings.cluster:
            self._settings.cluster = address
            self._settings.save()

    def add_fold(self, title: str, widget: QWidget) -> None:
        """Add something that belongs to the choice of a cluster, folded away."""
        body = QVBoxLayout()
        body.addWidget(widget)
        self._column.addWidget(Fold(title, body))

    def test(self) -> None:
        """Find out what is at the address, or stop finding out."""
        if self._job is not None:
            self._end_test()
            return
        options = connection_test.Options(address=self._address())
        job = self._job = Job(CLUSTER.name, CLUSTER.title, None, options, quiet=True)
        job.ended.connect(lambda: self._tell(job))
        self._say("Looking what is there… This may take some seconds.")
        self._queue.submit(job)
        self._patience.start()
        self._name_button()

    def is_testing(self) -> bool:
        """Whether an answer is to come."""
        return self._job is not None

    def close_threads(self) -> None:
        """End the engine."""
        self._job = None
        self._patience.stop()
        self._queue.close()

    def _address(self) -> str:
        return self.address.text().strip() or AUTOMATIC

    def _tell(self, job: Job) -> None:
        if job is not self._job:
            return
        self._end_test()
        if job.state == "done":
            doubtful = any(node["problem"] for node in job.result["nodes"])
            first, *others = job.message.splitlines()
            if len(job.result["nodes"]) > MOST_NAMED:
                first = first.partition(":")[0]
            self._say("\n".join([first, *others]), "warning" if doubtful else "success")
            self.answer.setToolTip(f"<p>{'<br>'.join(map(escape, job.message.splitlines()))}</p>")
            self.remember()
        elif job.state == "problem":
            self._say(in_fields(job.message), "error")
        else:
            self._say("This test failed unexpectedly.", "error")

    def _give_up(self) -> None:
        if self._job is not None:
            self._end_test()
            self._say(
                f"Nothing at “{self._address()}” answered like a Ray cluster within"
                f" {self._patience.interval() / 1000:.0f} seconds.",
                "error",
            )

    def _end_test(self) -> None:
        self.close_threads()  # the memory that Ray takes, too
        self._say("")
        self._name_button()

    def _forget_answer(self) -> None:
        if self._job is not None:
            self._end_test()
        self._say("")
        self.changed.emit()

    def _say(self, sentence: str, role: str = "muted") -> None:
        self.answer.setProperty("role", role)
        self.answer.style().polish(self.answer)
        self.answer.setText(sentence)
        self.answer.setToolTip("")
        self.answer.setVisible(bool(sentence))

    def _name_button(self) -> None:
        testing = self.is_testing()
        self.test_button.setText("Stop" if testing else "Test")
        self.test_button.setToolTip(
            "<p>Look no further.</p>"
            if testing
            else "<p>See which computers are at this address, before they are given work.</p>"
        )

    def _follow(self) -> None:
        on_cluster = self.where.currentData() == "ray"
        self._rows.setRowVisible(self._try, on_cluster)
        self._body.setVisible(on_cluster)
        self.changed.emit()

    def _lay_out(self, asks_where: bool) -> None:
        self._try = QWidget()
        beside = QHBoxLayout(self._try)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(GRID)
        beside.addWidget(self.address, 1)
        beside.addWidget(self.test_button)
        self._rows = QFormLayout()
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows.setSpacing(GRID)
        if asks_where:
            self._rows.addRow(_label("Where", self.where), self.where)
        self._rows.addRow(_label("Address", self.address), self._try)
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(GRID)
        self._column.addWidget(self.answer)
        self.add_fold("Workers and their price", self.workers)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(self._rows)
        layout.addWidget(self._body)
        self._say("")
        self._name_button()


def _label(words: str, field: QWidget) -> QWidget:
    label = text(words, role="muted")
    label.setBuddy(field)
    label.setMinimumHeight(field.sizeHint().height())
    return label
