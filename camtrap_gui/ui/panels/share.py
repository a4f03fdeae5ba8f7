"""Taking results elsewhere: choose what they are for, see what would be written, and write it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from camtrap_gui.formats import coordinates
from camtrap_gui.formats.coordinates import Place
from camtrap_gui.options import fields
from camtrap_gui.problem import Problem
from camtrap_gui.project import history, images
from camtrap_gui.project.smoothing import How
from camtrap_gui.steps.share import Options
from camtrap_gui.ui.panels.panel import EXPORTS, Panel
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.coordinates_dialog import CoordinatesDialog
from camtrap_gui.ui.widgets.purposes import SMOOTHING, PurposeList
from camtrap_gui.ui.widgets.share_preview import SharePreview
from camtrap_gui.ui.widgets.target_edit import TargetEdit

NOT_ASKED = ("thresholds", "check")
LISTS: dict[str, list[tuple[Any, str]]] = {
    "boxes": [("both", "Drawn, else detected"), ("people", "Drawn by people"), ("detector", "Detected")],
    "classes": [("species", "Species"), ("category", "Animal, person, vehicle")],
    "pictures": [("copy", "Copied"), ("link", "Linked: takes no room"), ("list", "Only listed")],
}
QUESTIONS = {
    "leave_out_incomplete": "Leave out what is incomplete",
    "events": "Tell sequences as a whole, too",
    "smooth": "Smooth suggestions over sequences",
}
"""Options in words that need no manual."""


class SharePanel(Panel):
    """The form has the options of the chosen purpose only. Counts at the right follow every choice at once."""

    step = "share"
    verb = "Write"
    topics = frozenset({"images", "labels", "detections", "predictions", "exports"})
    only = tuple(field.name for field in fields(Options) if field.name not in NOT_ASKED)
    facets = EXPORTS
    empty_icon = "export-variant"
    empty_text = (
        "What is known about the pictures is written for other programs: Timelapse, R, GBIF, Excel, training programs. "
        "There are no pictures yet."
    )

    def build(self) -> QWidget:
        self.purposes = PurposeList()
        self.form_box = QComboBox()
        self.form_box.setAccessibleName("Form")
        self.target = TargetEdit()
        self.fill_in = QPushButton("Fill in coordinates…")
        self.fill_in.clicked.connect(self.ask_for_coordinates)
        self.preview = SharePreview(self.session.project)
        self.preview.smoothing_wanted.connect(lambda use: self.form.set_value("smooth", use))
        self.last = text("", role="muted", wrap=True)
        self.last.setAccessibleName("What was written last")
        self.open_button = QPushButton("Open folder")
        self.open_button.clicked.connect(self._open_folder)
        self._complete_zones()
        for name, words in QUESTIONS.items():
            box = self.form.input(name)
            assert isinstance(box, QCheckBox)
            box.setText(words)
        self.purposes.chosen.connect(self.show_purpose)
        self.form_box.currentIndexChanged.connect(lambda _: self._offer_target())
        self.form.changed.connect(self._show_preview)
        end = QHBoxLayout()
        end.setSpacing(GRID)
        end.addWidget(self.last, 1)
        end.addWidget(self.open_button)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.preview, 1)
        layout.addLayout(end)
        return page

    def choices(self) -> dict[str, list[tuple[Any, str]]]:
        return LISTS

    def is_empty(self) -> bool:
        return images.count(self.session.project) == 0

    def refresh(self) -> None:
        self.preview.look()
        self._offer_target()
        last = self._last()
        there = last is not None and Path(last["target"]).exists()
        self.open_button.setVisible(there)
        self.last.setText("" if last is None else _told(last) if there else f"{last['target']} is gone.")

    def show_purpose(self) -> None:
        """Ask for what the chosen purpose needs, and show what it would bring."""
        purpose = self.purposes.purpose()
        self.form_box.blockSignals(True)
        self.form_box.clear()
        for form, words in purpose.forms:
            self.form_box.addItem(words, form)
        self.form_box.blockSignals(False)
        self.form_box.setVisible(len(purpose.forms) > 1)
        self.fill_in.setVisible("coordinates" in purpose.options)
        self.form.hide_fields(*(name for name in self.only or () if name not in purpose.options))
        self._offer_target()
        self._show_preview()

    def start(self) -> None:
        purpose = self.purposes.purpose()
        asked = self.preview.asked()
        self.form.fixed = {
            "format": self.form_box.currentData(),
            "target": self.target.path(),
            "check": True,
            "thresholds": tuple(f"{category}={low:g}" for category, low in asked.items()),
        }
        hidden = dict(purpose.said)
        if self._is_complete():
            self.form.fixed |= hidden
            super().start()

    def ask_for_coordinates(self) -> None:
        """Show the locations with the coordinates known so far, to be filled in."""
        exports = self.session.project.folder / "exports"
        exports.mkdir(exist_ok=True)
        dialog = CoordinatesDialog(
            images.locations(self.session.project), self._places(), exports / "coordinates.csv", self
        )
        dialog.made.connect(lambda path: self.form.set_value("coordinates", path))
        dialog.open()

    def say(self, sentence: str, role: str = "muted") -> None:
        super().say(sentence, role)
        if sentence:  # on a small screen it stands below what is seen of the form
            QTimer.singleShot(0, self, lambda: self._side.ensureWidgetVisible(self.message))

    def close_threads(self) -> None:
        self.preview.close_threads()

    def _options_card(self) -> QWidget:
        side = super()._options_card()
        assert isinstance(side, QScrollArea)
        self._side = side
        self.card.insertWidget(0, text("What is it for?", bold=True))
        self.card.insertWidget(1, self.purposes)
        self.card.insertWidget(2, self.form_box)
        place = self.card.indexOf(self.form)
        self.card.insertWidget(place + 1, self.fill_in)
        self.card.insertWidget(place + 2, text("Write to", role="muted"))
        self.card.insertWidget(place + 3, self.target)
        self.card.setSpacing(GRID)
        self.show_purpose()
        return side

    def _show_preview(self) -> None:
        how = How(*(self.form.value_of(name) for name in SMOOTHING[1:]))
        self.preview.show_for(self.purposes.purpose(), bool(self.form.value_of("smooth")), how)
        self.preview.doubt(self._lacking())

    def _offer_target(self) -> None:
        purpose = self.purposes.purpose()
        form = self.form_box.currentData() or purpose.forms[0][0]
        blurred = " blurred" if purpose.said else ""
        name = f"{self.session.project.folder.name} {form}{blurred}{purpose.ending}"
        self.target.offer(self.session.project.folder / "exports" / name)

    def _is_complete(self) -> bool:
        """Whether all is said that only a person can know; asks for it where not."""
        if self.form_box.currentData() != "camtrap-dp":
            return True
        if not self.form.value_of("time_zone"):
            self.say(
                "Say which time zone the cameras' clocks were set to, for example Africa/Nairobi.", "error"
            )
            self.form.input("time_zone").setFocus()
            return False
        lacking = self._unplaced()
        if lacking and not self.form.value_of("leave_out_incomplete"):
            self.say(f"{lacking:,} locations have no coordinates yet.", "error")
            self.ask_for_coordinates()
            return False
        return True

    def _lacking(self) -> list[str]:
        """What a Camtrap DP asks for that not everything has."""
        if self.form_box.currentData() != "camtrap-dp":
            return []
        placeless, timeless = images.count_incomplete(self.session.project)
        then = "are left out" if self.form.value_of("leave_out_incomplete") else "have to be left out"
        lacking = [f"{placeless:,} pictures have no location; they {then}."] if placeless else []
        lacking += [f"{timeless:,} pictures have no time; they {then}."] if timeless else []
        unplaced = self._unplaced()
        lacking += [f"{unplaced:,} locations have no coordinates yet."] if unplaced else []
        return lacking

    def _unplaced(self) -> int:
        return len(set(images.locations(self.session.project)) - set(self._places()))

    def _places(self) -> dict[str, list[Place]]:
        table = self.form.value_of("coordinates")
        try:
            return coordinates.read(table) if table is not None else {}
        except Problem as problem:
            self.say(str(problem), "error")
            return {}

    def _complete_zones(self) -> None:
        import zoneinfo

        edit = self.form.input("time_zone")
        assert isinstance(edit, QLineEdit)
        zones = QCompleter(sorted(zoneinfo.available_timezones()), edit)
        zones.setFilterMode(Qt.MatchFlag.MatchContains)
        zones.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        edit.setCompleter(zones)
        edit.setPlaceholderText("Africa/Nairobi or +03:00")

    def _last(self) -> Mapping[str, Any] | None:
        job = history.last_done(self.session.project).get(self.step)
        return None if job is None else job.result

    def _open_folder(self) -> None:
        if (last := self._last()) is not None:
            target = Path(last["target"])
            folder = target if target.is_dir() else target.parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


def _told(last: Mapping[str, Any]) -> str:
    figures = ", ".join(
        f"{number:,} {name.replace('_', ' ')}" for name, number in last["counts"].items() if number
    )
    checked = "".join(f" {note}" for note in last["notes"] if note.startswith("Read again"))
    return f"Written last: {Path(last['target']).name} ({figures}).{checked}"
