"""The pictures of the survey: bring them in, look through them, see what cannot be used."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.formats.kinds import kind_of
from camtrap_gui.project import browse, detections, images
from camtrap_gui.ui import dropped
from camtrap_gui.ui.panels.panel import Panel
from camtrap_gui.ui.preview_dialog import PreviewDialog, offer_results, offer_shards
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.browser import Browser
from camtrap_gui.ui.widgets.drops import dropped_paths
from camtrap_gui.ui.widgets.image_filter import ImageFilter
from camtrap_gui.ui.widgets.looking import hold
from camtrap_gui.ui.widgets.save_problems import SaveProblems
from camtrap_gui.ui.worker import Job

KINDS = {
    "folder": ("folder", "folder_rule", "sequence_gap"),
    "json": ("json", "images"),
    "camtrap_dp": ("camtrap_dp", "images"),
    "csv": ("csv", "images", "csv_columns", "folder_rule"),
    "lila": (
        "lila",
        "images",
        "lila_species",
        "lila_seasons",
        "lila_locations",
        "lila_sample",
        "lila_results",
    ),
}
"""The ways to import, each with the options that matter to it."""

KIND_WORDS = {
    "folder": ("Folder", "Pictures in folders. What is known about them comes from the folders' names."),
    "json": ("COCO JSON", "A COCO Camera Traps file. It brings labels, locations and times along."),
    "camtrap_dp": (
        "Camtrap DP",
        "A data package: its folder, its datapackage.json, or a zip file. It brings what was observed along.",
    ),
    "csv": (
        "Table",
        "A CSV with a row for each picture and species: from a spreadsheet, Timelapse or camtrapR.",
    ),
    "lila": (
        "LILA",
        "A data set of lila.science, such as snapshot-serengeti. What you choose of it is downloaded into a folder.",
    ),
}


class DatasetPanel(Panel):
    """Whatever is dropped on it is recognised and shown before it is brought in (``ui.dropped``, ``formats.kinds``).

    Once there are pictures, the form is folded away behind a button, so that they have the room.
    """

    step = "dataset"
    verb = "Import"
    topics = frozenset({"images", "labels", "detections"})
    only = tuple(
        dict.fromkeys(
            (
                *("json", "camtrap_dp", "csv", "lila", "images", "csv_columns"),
                *(name for names in KINDS.values() for name in names),
            )
        )
    )
    empty_icon = "image-plus-outline"
    empty_text = (
        "Drop a folder of pictures, a COCO Camera Traps JSON, a Camtrap DP or a CSV of labels here, or choose it at the left. "
        "Originals are only read: nothing is moved, changed, or written beside them."
    )

    def build(self) -> QWidget:
        self.setAcceptDrops(not self.session.project.read_only)
        self.kind = "folder"
        self.preview: PreviewDialog | None = None
        self.more = QPushButton("Import more…")
        self.more.setCheckable(True)
        self.more.setToolTip("<p>Bring in more pictures, or look again for new ones.</p>")
        self.more.toggled.connect(lambda _: self._fold())
        hold(self.session.project, self.more)
        self.save_problems = SaveProblems(self.session.project, "problems.csv", self._problems)
        self.browser = Browser(self.session)
        self.filter = ImageFilter(self.session.project)
        self.filter.changed.connect(self.apply_filter)
        self.filter.table_wanted.connect(lambda table: self.browser.list.show_grid(not table))
        self.filter.second_row.addWidget(self.more)
        listing = QWidget()
        column = QVBoxLayout(listing)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        head = QWidget()
        rows = QVBoxLayout(head)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(GRID)
        rows.addWidget(self.filter)
        rows.addWidget(self.save_problems)
        self.browser.currentChanged.connect(lambda page: head.setVisible(page == 0))  # room for the picture
        column.addWidget(head)
        column.addWidget(self.browser, 1)
        return listing

    def is_empty(self) -> bool:
        return images.count(self.session.project) == 0

    def refresh(self) -> None:
        self.filter.refresh()
        if (detector := detections.latest_detector(self.session.project)) is not None:
            self.browser.viewer.set_threshold(detector.typical_threshold)
        self.apply_filter()

    def apply_filter(self) -> None:
        """Show the images that pass the fields above the list."""
        chosen = self.filter.value()
        found = browse.ids(self.session.project, chosen)
        self.browser.show_ids(found)
        self.save_problems.show_for(chosen.state == "problem" and len(found) > 0)
        self.filter.tell(len(found))

    def look(self) -> None:
        super().look()
        self._fold()

    def choose_kind(self, kind: str) -> None:
        """Ask for a 'folder', a 'json', a data set of 'lila' or another of ``KINDS``, and for what belongs to it."""
        self.kind = kind
        self.kind_buttons[kind].setChecked(True)
        self.kind_words.setText(KIND_WORDS[kind][1])
        others = {name for names in KINDS.values() for name in names} - {*KINDS[kind]}
        self.form.hide_fields(*others)
        self.lila_button.setVisible(kind == "lila")

    def start(self) -> None:
        if self._is_complete() and not self._are_results():
            super().start()

    def show_preview(self) -> None:
        """Show what the import would bring, in a dialog from which it can be started."""
        try:
            if not self._is_complete() or self._are_results():
                return
            self.preview = PreviewDialog(self.form.value(), self)
        except ValueError as problem:
            self.say(str(problem), "error")
            return
        self.preview.accepted.connect(self._start_previewed)
        self.preview.finished.connect(self._forget_preview)
        self.preview.open()

    def ask_lila(self) -> None:
        """Show what there is to choose from at LILA; the form takes what is chosen."""
        from camtrap_gui.ui.widgets.lila_dialog import LilaDialog

        dialog = LilaDialog(self.form.value_of("lila"), self.form.value_of("images"), self)
        dialog.chosen.connect(self._take_choice)
        dialog.open()

    def _take_choice(self, chosen: Mapping[str, object]) -> None:
        for name, value in chosen.items():
            self.form.set_value(name, value)
        self.say("Look at the preview, or press Import.")

    def show_results(self, path: Path) -> None:
        """Show what results of a detector would bring, in a dialog from which they can be brought in."""
        self.preview = offer_results(self, path)
        self.preview.finished.connect(self._forget_preview)

    def watch(self, job: Job) -> None:
        super().watch(job)
        job.ended.connect(lambda: self.more.setChecked(self.more.isChecked() and job.state != "done"))

    def say(self, sentence: str, role: str = "muted") -> None:
        super().say(sentence, role)
        if role == "error" and sentence:
            self.more.setChecked(True)  # where the sentence can be read

    def close_threads(self) -> None:
        if self.preview is not None:
            self.preview.reject()
        self.save_problems.close_threads()
        self.browser.close_threads()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        paths = dropped_paths(event.mimeData())
        if len(paths) == 1 or dropped.are_shards(paths):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = dropped_paths(event.mimeData())
        if dropped.are_shards(paths):
            self.preview = offer_shards(self, paths)
            self.preview.finished.connect(self._forget_preview)
            return
        (path,) = paths
        kind = kind_of(path)
        if kind == "results":
            self.show_results(path)
        elif kind in dropped.NOT_TAKEN:
            self.say(dropped.NOT_TAKEN[kind].format(path.name), "error")
        elif dropped.offer(kind, path, self.session, self) is None:
            self._take_survey(kind.replace("-", "_"), path)

    def _options_card(self) -> QWidget:
        self.side = super()._options_card()
        kinds = QGridLayout()
        kinds.setSpacing(GRID)
        group = QButtonGroup(self)
        self.kind_buttons: dict[str, QPushButton] = {}
        for kind, (name, explanation) in KIND_WORDS.items():
            button = self.kind_buttons[kind] = QPushButton(name)
            button.setCheckable(True)
            button.setToolTip(f"<p>{explanation}</p>")
            button.clicked.connect(lambda _=False, kind=kind: self.choose_kind(kind))
            group.addButton(button)
            kinds.addWidget(button, *divmod(len(self.kind_buttons) - 1, 2))
        self.kind_words = text("", role="muted", wrap=True)
        self.lila_button = QPushButton("Choose from LILA…")
        self.lila_button.setToolTip(
            "<p>See its data sets, and how many pictures of each species they have.</p>"
        )
        self.lila_button.clicked.connect(self.ask_lila)
        self.preview_button = QPushButton("Preview…")
        self.preview_button.setToolTip("<p>See what would come in, before anything is imported.</p>")
        self.preview_button.clicked.connect(self.show_preview)
        hold(self.session.project, self.preview_button)
        self.card.insertWidget(0, text("Import from", bold=True))
        self.card.insertLayout(1, kinds)
        self.card.insertWidget(2, self.kind_words)
        self.card.insertWidget(3, self.lila_button)
        self.card.insertWidget(self.card.indexOf(self.start_button), self.preview_button)
        rule = self.form.input("folder_rule")
        assert isinstance(rule, QLineEdit)
        rule.setPlaceholderText("{location}/{species}")
        columns = self.form.input("csv_columns")
        assert isinstance(columns, QLineEdit)
        columns.setPlaceholderText("species=Art")
        QWidget.setTabOrder(self.kind_buttons["json"], self.form)
        self.choose_kind("folder")
        return self.side

    def _start_previewed(self) -> None:
        if self.preview is not None:
            self.form.set_value("images", getattr(self.preview.options, "images", None))
        self.start()

    def _take_survey(self, kind: str, path: Path) -> None:
        self.choose_kind(kind)
        self.form.set_value(kind, path)
        self.form.set_value("images", None)
        self.more.setChecked(True)
        self.say("")
        self.show_preview()

    def _is_complete(self) -> bool:
        chosen = self.form.value()
        missing = ""
        if self.kind == "folder" and chosen.folder is None:
            missing = "Choose the folder of the pictures first."
        elif self.kind == "json" and chosen.json is None:
            missing = "Choose the COCO Camera Traps file first."
        elif self.kind == "camtrap_dp" and chosen.camtrap_dp is None:
            missing = "Choose the folder or file of the Camtrap DP first."
        elif self.kind == "csv" and chosen.csv is None:
            missing = "Choose the table first."
        elif self.kind == "lila" and not chosen.lila:
            missing = "Say which data set of LILA it is first, for example snapshot-serengeti."
        elif self.kind == "lila" and chosen.images is None:
            missing = "Choose the folder into which the pictures are to be downloaded first."
        if missing:
            self.say(missing, "error")
        return not missing

    def _are_results(self) -> bool:
        # A file of detections where a survey was asked for: show what can be done with it.
        chosen = self.form.value().json
        if chosen is None or kind_of(chosen) != "results":
            return False
        self.show_results(chosen)
        return True

    def _fold(self) -> None:
        empty = self.is_empty()
        self.side.setVisible(empty or self.more.isChecked())

    def _forget_preview(self) -> None:
        self.preview = None

    def _problems(self) -> tuple[Sequence[int], Mapping[int, str]]:
        return self.browser.list.rows.ids, {}
