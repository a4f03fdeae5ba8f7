"""Where the pictures of a survey are: a folder, or a file that names them with their folder; dropped or chosen."""

from itertools import islice
from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from camtrap_gui.formats.kinds import Kind, kind_of
from camtrap_gui.formats.picture_folder import FolderRule, usual_rule, walk
from camtrap_gui.problem import Problem
from camtrap_gui.remote_pictures import is_elsewhere, place, shown
from camtrap_gui.steps.dataset import Options
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets import ask
from camtrap_gui.ui.widgets.background import Background
from camtrap_gui.ui.widgets.drop_zone import DropZone
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.widgets.options_form import PathEdit, in_fields

SHOWN, LOOKED = 8, 4_000
_REFUSED: dict[str | None, str] = {
    "results": "These are results of a detector. Make the project of the pictures first, then drop them on its dataset.",
    "decisions": "These are decisions about a survey. Make the project of its pictures first, then drop them there.",
    "detector": "This is a detector. Make a project of pictures first; it is added under “Detect”.",
    "shard": "This is what a computer found in its part of the pictures. Open the project they belong to, then drop it there.",
    "picture": "This is a single picture. Drop the folder it lies in.",
    "unknown": "This is of no kind that can be brought in.",
}


class PictureSource(QWidget):
    """Shows at once what a folder rule makes of the first folders found."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._kind: Kind | Literal["lila"] | None = None
        self._lila = Options()
        self._sample: tuple[str, ...] = ()
        self._usual = ""
        self._asking = Background(self)
        self._asking.answered.connect(self._show_sample)
        self._asking.failed.connect(self._show_failure)
        self.choose_folder = QPushButton("Choose a folder…")
        self.choose_json = QPushButton("Choose a file…")
        self.choose_folder.clicked.connect(
            lambda: ask.for_folder(self, "Choose the folder of the pictures", Path.home(), self.choose)
        )
        self.choose_json.clicked.connect(
            lambda: ask.for_files(
                self,
                "Choose a COCO Camera Traps file, a Camtrap DP or a table of labels",
                Path.home(),
                "COCO Camera Traps, Camtrap DP and tables (*.json *.zip *.csv *.tsv)",
                lambda paths: self.choose(paths[0]),
            )
        )
        self.choose_lila = QPushButton("From LILA…")
        self.choose_lila.setToolTip("<p>Download a part of a public data set of lila.science.</p>")
        self.choose_lila.clicked.connect(self.ask_lila)
        self.choose_address = QPushButton("Type an address…")
        self.choose_address.setToolTip(
            "<p>Of a folder of pictures in a cloud, such as s3://bucket/folder. They stay there, and are fetched when they are"
            " needed.</p>"
        )
        self.choose_address.clicked.connect(
            lambda: ask.for_address(
                self,
                "Pictures in a cloud",
                "Address of the folder of pictures (s3://…, gs://…, az://…):",
                self.choose_typed,
            )
        )
        self.zone = DropZone(
            "image-multiple-outline",
            "Drop a folder of pictures, a COCO Camera Traps JSON, a Camtrap DP or a CSV of labels here",
            "A folder counts with all folders below it. A file brings labels, locations and times along.",
            self.choose_folder,
            self.choose_json,
            self.choose_address,
            self.choose_lila,
        )
        self.images_edit = PathEdit(folder=True)
        self.images_edit.setAccessibleName("Folder or address the file names start from")
        self.images_edit.setToolTip("<p>A folder, or an address: https://…, s3://…, gs://…, az://…</p>")
        self.images_edit.textChanged.connect(lambda _: self.changed.emit())
        self.rule = QLineEdit()
        self.rule.setAccessibleName("What the folders are called after")
        self.rule.setToolTip(
            "<p>From the outside in: {location} and {species} stand for a folder, or a part of its name; * for anything.</p>"
        )
        self.rule.textChanged.connect(lambda _: self._show_rule())
        self.words = text("", role="muted", wrap=True)
        self.found = NumberTable("What the folder rule makes of the first pictures")
        self.columns = QLineEdit()
        self.columns.setAccessibleName("What columns of the table are called")
        self.columns.setPlaceholderText(
            "only where they are not recognised, for example file=Photo, species=Art"
        )
        self.columns.textChanged.connect(lambda _: self.changed.emit())
        self._json_rows = self._rows("Pictures in", self.images_edit)
        self._csv_rows = self._rows("CSV columns", self.columns)
        self._folder_rows = self._rows("Folders are called", self.rule)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.zone, 1)
        layout.addWidget(self._json_rows)
        layout.addWidget(self._csv_rows)
        layout.addWidget(self._folder_rows)
        layout.addWidget(self.words)
        layout.addWidget(self.found, 1)
        self._show_kind()

    def choose(self, path: Path) -> None:
        """Take a folder or a JSON file."""
        far = is_elsewhere(path)
        self._path, self._sample, self._kind = path, (), "folder" if far else kind_of(path)
        self.zone.heading.setText(shown(path))
        self.zone.words.setText("Drop or choose another one to change it.")
        if self._is_folder():
            self._say("Looking into the folders…", "muted")
            self._asking.ask(lambda: look_into(path))
        else:
            self.images_edit.setText(str(path if path.is_dir() else path.parent))
            self._say(_REFUSED.get(self._kind, ""), "error")
        self._show_kind()

    def choose_typed(self, words: str) -> None:
        """Take an address, or a path of this computer, as it was typed."""
        self.choose(Path(words) if is_elsewhere(words) else Path(words).expanduser())

    def ask_lila(self) -> None:
        """Show what there is to choose from at LILA."""
        from camtrap_gui.ui.widgets.lila_dialog import LilaDialog

        dialog = LilaDialog("", None, self)
        dialog.chosen.connect(self._take_lila)
        dialog.open()

    def _take_lila(self, chosen: dict[str, Any]) -> None:
        self._path, self._kind, self._lila = chosen["images"], "lila", Options(**chosen)
        self.zone.heading.setText(f"{chosen['lila']}, of LILA")
        self.zone.words.setText(f"Downloaded into {chosen['images']} when the project is made.")
        self._say("", "muted")
        self._show_kind()

    def options(self) -> Options:
        """What is to be imported."""
        assert self._path is not None
        if self._kind == "lila":
            return self._lila
        if self._is_folder():
            return Options(folder=self._path, folder_rule=self.rule.text().strip())
        if self._kind == "camtrap-dp":
            return Options(camtrap_dp=self._path, images=self.images())
        if self._kind == "csv":
            told = self.columns.text().strip()
            return Options(csv=self._path, images=self.images(), csv_columns=(told,) if told else ())
        return Options(json=self._path, images=self.images())

    def name(self) -> str:
        """A name for the project."""
        assert self._path is not None
        if self._kind == "lila":
            return self._lila.lila
        return self._path.name if self._is_folder() or self._path.is_dir() else self._path.stem

    def images(self) -> Path:
        """The folder of the pictures; that of the JSON unless another one is given."""
        assert self._path is not None
        given = self.images_edit.text().strip()
        if self._is_folder() or self._kind == "lila":
            return self._path
        beside = self._path if self._path.is_dir() else self._path.parent
        return Path(given).expanduser() if given else beside

    def is_ready(self) -> bool:
        """Whether there is something to look at."""
        if self._kind == "lila":
            return True
        if self._path is None or self._kind in _REFUSED:
            return False
        if self._is_folder():
            is_there = bool(self._sample) if is_elsewhere(self._path) else self._path.exists()
            return is_there and self._rule() is not None
        return self._path.exists() and (is_elsewhere(self.images()) or self.images().is_dir())

    def close_threads(self) -> None:
        """Let no thread outlive the dialog."""
        self._asking.close()

    def _rows(self, label: str, field: QWidget) -> QWidget:
        rows = QWidget()
        form = QFormLayout(rows)
        form.setContentsMargins(0, GRID, 0, 0)
        words = text(label, role="muted")
        words.setBuddy(field)
        form.addRow(words, field)
        return rows

    def _is_folder(self) -> bool:
        return self._kind == "folder"

    def _show_kind(self) -> None:
        is_folder = self._is_folder()
        self._json_rows.setVisible(self._kind is not None and not is_folder and self._kind != "lila")
        self._csv_rows.setVisible(self._kind == "csv")
        self._folder_rows.setVisible(is_folder)
        self.found.setVisible(is_folder and bool(self._sample))
        self.changed.emit()

    def _show_sample(self, answer: tuple[tuple[str, ...], str]) -> None:
        self._sample, self._usual = answer
        self.rule.setPlaceholderText(self._usual or "nothing: no location is known")
        self._show_rule()
        self._show_kind()

    def _show_failure(self, error: Exception) -> None:
        self._say(in_fields(str(error)), "error")

    def _rule(self) -> FolderRule | None:
        try:
            return FolderRule(self.rule.text().strip() or self._usual)
        except Problem as problem:
            self._say(str(problem), "error")
            return None

    def _show_rule(self) -> None:
        rule = self._rule()
        if rule is not None:
            rows = [(path, *(said or "–" for said in rule.read(path))) for path in self._sample]
            self.found.fill(("Picture", "Location", "Species"), rows)
            none = "There is no picture in this folder." if self._path and not self._sample else ""
            known = (
                "" if any(rule.read(path)[0] for path in self._sample) else (
                    "No location is known: all pictures count as one place, and cannot be split by it. "
                    "Say which folders are locations, for example {location} or {location}/{species}."
                )
            )  # fmt: skip
            self._say(none or known, "error" if none else "warning")
        self.changed.emit()

    def _say(self, sentence: str, role: str) -> None:
        self.words.setProperty("role", role)
        self.words.style().polish(self.words)
        self.words.setText(sentence)
        self.words.setVisible(bool(sentence))


def look_into(folder: Path) -> tuple[tuple[str, ...], str]:
    """Some pictures below a folder, of as many folders as possible, and the rule when nobody says one."""
    folder = place(folder) if is_elsewhere(folder) else folder
    by_folder: dict[str, str] = {}
    others: list[str] = []
    for found in islice(walk(folder), LOOKED):
        parent = found.path.rpartition("/")[0]
        if found.refused:
            continue
        if parent not in by_folder:
            by_folder[parent] = found.path
        elif len(others) < SHOWN:
            others.append(found.path)
        if len(by_folder) == SHOWN:
            break
    sample = [*by_folder.values(), *others][:SHOWN]
    return tuple(sorted(sample)), usual_rule(folder).text
