"""What an import would bring, found out by an engine of its own while the window stays free."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from camtrap_gui.steps import dataset, merge, results
from camtrap_gui.ui import shard_words
from camtrap_gui.ui.theme import GRID, text
from camtrap_gui.ui.widgets.headline import Figure, Headline
from camtrap_gui.ui.widgets.number_table import NumberTable
from camtrap_gui.ui.widgets.options_form import in_fields
from camtrap_gui.ui.worker import Job, JobQueue

Options = dataset.Options | results.Options | merge.Options
STEPS: dict[type, str] = {dataset.Options: "dataset", results.Options: "results", merge.Options: "merge"}


class ImportPreview(QWidget):
    """``look`` starts; ``changed`` tells that there is news. The import is tried in the project folder ``scratch``, which
    stays as it is. Pictures are looked at in one of their own, results and shards in the one that has their pictures.

    ``meanwhile`` is a sentence: what else can be done while it looks.
    """

    changed = Signal()

    def __init__(self, scratch: Path, meanwhile: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scratch = scratch
        self._meanwhile = meanwhile
        self._queue = JobQueue("preview", self)
        self._job: Job | None = None
        self.words = text("", wrap=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Looking")
        self.figures = Headline("What was found")
        self.dates = text("", role="muted", wrap=True)
        self.problems = text("", role="warning", wrap=True)
        self.table = NumberTable("The first pictures")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        for widget in (self.words, self.bar, self.figures, self.dates, self.problems):
            layout.addWidget(widget)
        layout.addWidget(self.table, 1)
        layout.addStretch()

    def look(self, options: Options) -> None:
        """Find out what importing with these options would bring."""
        self.stop()
        job = self._job = Job(STEPS[type(options)], "Preview", self._scratch, replace(options, preview=True))
        job.changed.connect(lambda: self._show(job))
        self._queue.submit(job)
        self._show(job)

    def stop(self) -> None:
        """Look no further."""
        if self._job is not None and not self._job.is_over():
            self._queue.cancel(self._job)
        self._job = None

    def is_looking(self) -> bool:
        """Whether the preview is still being made."""
        return self._job is not None and not self._job.is_over()

    def is_refused(self) -> bool:
        """Whether there is nothing that could be imported."""
        return self._job is not None and self._job.state in ("problem", "failed")

    def close_threads(self, then: Callable[[], object]) -> None:
        """End the engine without waiting for it; ``then`` is called once it is gone."""
        self._job = None
        self._queue.close(wait=False, then=then)

    def _show(self, job: Job) -> None:
        if job is not self._job:
            return
        done, total = job.progress.get("done", 0), job.progress.get("total")
        self.bar.setVisible(self.is_looking())
        self.bar.setRange(0, total or 0)
        self.bar.setValue(done)
        over = job.state == "done"
        for widget in (self.figures, self.dates, self.problems, self.table):
            widget.setVisible(over)
        self.words.setVisible(not over)
        self.words.setProperty("role", "error" if self.is_refused() else "muted")
        self.words.style().polish(self.words)
        self.words.setText(_sentence(job, done, total, self._meanwhile))
        if over:
            shows = {"results": self._show_results, "merge": self._show_shards}
            shows.get(job.step, self._show_pictures)(job.result)
        self.changed.emit()

    def _show_results(self, found: Mapping[str, Any]) -> None:
        new = f"{found['new']:,} new" if found["known"] else ""
        animals = found["images_with"].get("animal", 0)
        self.figures.show_figures(
            [
                Figure(f"{found['entries']:,}", "images in the file"),
                Figure(f"{found['matched']:,}", "in the project", new),
                Figure(f"{animals:,}", "with animals", f"from a confidence of {found['threshold']:g} on"),
                Figure(f"{found['detections']:,}", "detections"),
            ]
        )
        self.dates.setText(
            " ".join([f"Found by {found['detector']}.", *(f"Names: {way}." for way in found["ways"])])
        )
        lines = [f"{found['known']:,} images have results of this detector already; these stay"] * bool(
            found["known"]
        )
        lines += [f"{found['without']:,} images of the project are not in the file"] * bool(found["without"])
        lines += [f"{count:,} passed over: {reason}" for reason, count in found["passed_over"].items()]
        self._list_problems(lines)
        rows = [(name, kind) for kind, names in found["examples"].items() for name in names]
        self.table.fill(("For example", "What is the matter"), rows)
        self.table.setVisible(bool(rows))

    def _show_shards(self, found: Mapping[str, Any]) -> None:
        self.figures.show_figures(shard_words.figures(found))
        self.dates.setText(shard_words.told(found))
        self._list_problems(shard_words.warnings(found))
        columns, rows = shard_words.table(found)
        self.table.fill(columns, rows)
        self.table.setVisible(bool(rows))

    def _list_problems(self, lines: list[str]) -> None:
        self.problems.setText("\n".join(lines[:6]))
        self.problems.setVisible(bool(lines))

    def _show_pictures(self, found: Mapping[str, Any]) -> None:
        looked = found["described"] - found["unchecked"]
        unusable = sum(found["unusable"].values())
        checked = f"{looked - unusable:,} of {looked:,} looked at can be used" if looked else ""
        self.figures.show_figures(
            [
                Figure(f"{found['described']:,}", "pictures", checked),
                *(
                    Figure(f"{found[name]:,}" if found[name] else "–", name)
                    for name in ("locations", "sequences", "species", "labels")
                ),
            ]
        )
        first, last = found["first"], found["last"]
        told = [_to_come(found["lila"])] if found["lila"] else []
        told.append(
            f"Taken from {first.replace('T', ' ')} to {last.replace('T', ' ')}."
            if first and last
            else "No picture says when it was taken."
        )
        self.dates.setText("\n".join(told))
        lines = [f"{count:,} cannot be used: {reason}" for reason, count in found["unusable"].items()]
        lines += [f"{count:,} passed over: {reason}" for reason, count in found["passed_over"].items()]
        self._list_problems(lines)
        self.table.fill(
            ("Picture", "Location", "Taken", "Species", "Problem"),
            [
                (
                    row["path"],
                    row["location"] or "–",
                    (row["taken"] or "–").replace("T", " "),
                    ", ".join(row["species"]) or "–",
                    row["problem"] or "",
                )
                for row in found["preview"]
            ],
        )


def _to_come(lila: Mapping[str, Any]) -> str:
    """What an import from LILA would download."""
    size = "" if lila["megabytes"] is None else f", about {lila['megabytes']:,} MB"
    offered = " LILA has results of MegaDetector for it." if lila["offered"] else ""
    return f"{lila['chosen']:,} of {lila['of']:,} pictures chosen; {lila['to_come']:,} to be downloaded{size}.{offered}"


def _sentence(job: Job, done: int, total: int | None, meanwhile: str) -> str:
    if job.state == "problem":
        return in_fields(job.message)
    if job.state == "failed":
        return "The preview failed unexpectedly. You can go back and choose something else."
    phase = job.progress.get("phase") or "Starting"
    counted = f"{done:,} of {total:,}" if total else f"{done:,}" if done else ""
    return f"{phase}… {counted}  {meanwhile}"
