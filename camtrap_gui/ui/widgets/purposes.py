"""What files for other programs are wanted for, and what has to be said for each."""

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from camtrap_gui.ui.theme import GRID

SMOOTHING = ("smooth", "smooth_least", "smooth_alone", "smooth_relatives")


@dataclass(frozen=True)
class Purpose:
    """A wish in words. ``forms`` are the formats that meet it, with words to choose by where there are several; ``ending``
    is that of the file, '' of a folder; ``options`` are those of ``steps.share`` that matter, ``said`` what goes without
    asking. ``everything``: the thresholds are left to the program that reads it."""

    wish: str
    words: str
    forms: tuple[tuple[str, str], ...]
    ending: str = ""
    options: tuple[str, ...] = SMOOTHING
    said: tuple[tuple[str, object], ...] = ()
    everything: bool = False
    uses_detections: bool = True


_FOLDERS = (
    ("species-folders", "A folder for each species"),
    ("separate", "Animals, people, vehicles, empty"),
)

PURPOSES = (
    Purpose(
        "For Timelapse",
        "A folder with recognitions for Timelapse, and a table of what is known. Copy both files into the folder of the"
        " pictures. It has all that the detector keeps: Timelapse selects itself.",
        (("timelapse", ""),),
        everything=True,
    ),
    Purpose(
        "For GBIF and R (Camtrap DP)",
        "A Camtrap DP 1.0.2 with deployments, media and observations, as data platforms and the R packages take it.",
        (("camtrap-dp", ""),),
        ".zip",
        (
            "time_zone",
            "coordinates",
            "leave_out_incomplete",
            "events",
            *SMOOTHING,
            "sampling_design",
            "capture_method",
            "contributor",
        ),
    ),
    Purpose(
        "For Excel",
        "One spreadsheet with a sheet each for pictures, detections, species, and species by location.",
        (("xlsx", ""),),
        ".xlsx",
    ),
    Purpose(
        "For statistics (CSV tables)",
        "A folder with tables of pictures, detections, species, and species by location.",
        (("csv", ""),),
    ),
    Purpose(
        "As MegaDetector results",
        "One JSON that most programs of the field read. It has all that the detector keeps: who reads it selects.",
        (("megadetector", ""),),
        ".json",
        everything=True,
    ),
    Purpose(
        "As COCO Camera Traps",
        "One JSON with what people and sources say of each picture, for colleagues who train classifiers.",
        (("coco-camera-traps", ""),),
        ".json",
        (),
        uses_detections=False,
    ),
    Purpose(
        "Boxes to train detectors with",
        "Pictures and boxes in the form that a training program asks for, in the project's splits.",
        (("yolo", "YOLO"), ("coco", "COCO"), ("pascal-voc", "Pascal VOC")),
        "",
        ("boxes", "classes", "pictures", "blur_people", *SMOOTHING),
    ),
    Purpose(
        "Pictures in folders",
        "The pictures, sorted into folders by what is on them. The originals stay as they are.",
        _FOLDERS,
        "",
        ("pictures", "blur_people", *SMOOTHING),
    ),
    Purpose(
        "Pictures with people blurred",
        "Copies in folders in which no person can be recognised. Pictures nobody has looked at are left out.",
        _FOLDERS,
        "",
        SMOOTHING,
        (("blur_people", True),),
    ),
)


class PurposeList(QTableWidget):
    """One row for each purpose, to be chosen by click or arrows. Emits ``chosen``."""

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(len(PURPOSES), 1, parent)
        self.setAccessibleName("What it is for")
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QTableWidget.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setStyleSheet(f"QTableView::item {{ padding: 0 {GRID}px; }}")
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        height = self.fontMetrics().height() + GRID
        for row, purpose in enumerate(PURPOSES):
            item = QTableWidgetItem(purpose.wish)
            item.setToolTip(f"<p>{purpose.words}</p>")
            self.setItem(row, 0, item)
            self.setRowHeight(row, height)
        self.setFixedHeight(height * len(PURPOSES) + 2)
        self.setCurrentCell(0, 0)
        self.itemSelectionChanged.connect(self.chosen)

    def purpose(self) -> Purpose:
        """The one chosen."""
        return PURPOSES[max(0, self.currentRow())]

    def choose(self, wish: str) -> None:
        """Choose one by its words."""
        row = next(place for place, purpose in enumerate(PURPOSES) if purpose.wish == wish)
        self.setCurrentCell(row, 0)
