"""What is said of detectors where one is chosen and where its results are shown."""

from html import escape

from camtrap_gui.models import recognition, store
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.problem import Problem
from camtrap_gui.project import detections


def installed() -> list[Entry]:
    """The detectors in the store; none where a description is damaged, which the step says when it is started."""
    try:
        return [entry for entry in store.entries() if entry.role == "detector"]
    except Problem:
        return []


def title_of(detector: detections.KnownDetector) -> str:
    """How the detector is called in the store, or by whoever ran it when it is not there any more."""
    titles = (entry.title for entry in installed() if entry.sha256 == detector.sha256)
    return next(titles, detector.name)


def short_title(title: str) -> str:
    """A detector's title without what it adds in parentheses, which tooltips have."""
    return title.partition(" (")[0]


def facts(entry: Entry) -> str:
    typical = "" if entry.typical_threshold is None else f"<br>Typical threshold {entry.typical_threshold:g}"
    known = escape(" ".join(recognition.facts(entry)))
    return (
        f"<p><b>{escape(entry.title)}</b><br>Licence {escape(entry.licence)}<br>"
        f"{entry.size / 1e6:,.1f} MB{typical}<br>{known}</p>"
    )
