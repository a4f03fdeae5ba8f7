"""Count the crops of each species in each split, as the tutorial reports them; also as a table and as a chart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from camtrap_gui import charts
from camtrap_gui.files import replacing, write_text
from camtrap_gui.formats import tables
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, detections, images

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SPOKEN = {"train": "training", "val": "validation", "test": "testing"}
_MOST = 12  # detections in an image that have a column of their own
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Options:
    csv: Annotated[
        Path | None, Option("Also write the counts as a CSV table: id, name, train, val, test, total.")
    ] = None
    chart: Annotated[
        Path | None, Option("Also draw the counts; the file's ending chooses .png, .svg or .pdf.")
    ] = None
    classlist: Annotated[
        Path | None, Option("Also write the class names, one per line; a line's place is the class id.")
    ] = None
    view: Annotated[
        str,
        Option(
            "What the chart counts crops by; or how many detections there are in an image.",
            choices=("species", "location", "hour", "month", "detections-per-image"),
            advanced=True,
            label="Count by",
        ),
    ] = "species"
    layout: Annotated[
        str,
        Option(
            "Splits of the chart on one bar, or each in a column of its own.",
            choices=("stacked", "side-by-side"),
            advanced=True,
            label="Splits",
        ),
    ] = "stacked"
    log: Annotated[
        bool,
        Option(
            "Logarithmic chart: shows rare species beside common ones. Always side by side.",
            advanced=True,
            label="Logarithmic scale",
        ),
    ] = False
    sort: Annotated[
        str,
        Option(
            "Order of the chart's rows.", choices=("count", "name", "id"), advanced=True, label="Order by"
        ),
    ] = "count"
    top: Annotated[
        int,
        Option(
            "Draw only the rows with the most crops; 0 draws all.",
            low=0,
            advanced=True,
            lowest="All",
            label="Rows shown",
        ),
    ] = 0
    theme: Annotated[str, Option("Look of the chart.", choices=tuple(charts.THEMES), advanced=True)] = "light"


@dataclass(frozen=True)
class Split:
    """The crops of one split: where they were taken (sorted), and how many there are of each class."""

    name: str
    locations: tuple[str, ...]
    counts: tuple[int, ...]

    def text(self, classes: Sequence[str]) -> str:
        """The tutorial's report of a split, word for word (contract: cropped_camera_trap_dataset_statistics.py)."""
        lines = [
            f"Statistics of the {_SPOKEN[self.name]} split: ",
            "Locations used:",
            repr(list(self.locations)),
            f"In total {len(classes)} classes and {sum(self.counts)} images.",
            f"Classes with one or more images: {sum(count > 0 for count in self.counts)}",
            "Images per class:",
            "{:5} {:<15} {:>11}".format("ID", "Name", "Image count"),
        ]
        lines += [
            f"{place:5} {name:<15} {count:>11}"
            for place, (name, count) in enumerate(zip(classes, self.counts, strict=True))
        ]
        return "\n".join(lines)


@dataclass(frozen=True)
class Result:
    """Counts of every split (the validation split only where there is one), and the files that were written."""

    classes: tuple[str, ...]
    splits: tuple[Split, ...]
    wrote: tuple[Path, ...] = ()

    def text(self) -> str:
        """The tutorial's report. The lines pycocotools prints while loading are left out: nothing is loaded."""
        report = "\n\n\n".join(split.text(self.classes) for split in self.splits)
        return report + "".join(f"\n\nWrote {path}" for path in self.wrote)


def run(project: Project, options: Options, report: Report) -> Result:
    """Count, and write what was asked for.

    Raises Problem when there are no crops, for a chart of unknown kind, or when a file cannot be written.
    """
    if options.chart is not None and options.chart.suffix.lower() not in charts.FORMATS:
        raise Problem(
            f"“{options.chart.name}” does not end like a chart that can be written. "
            f"Choose one of {', '.join(charts.FORMATS)}."
        )
    writers: list[tuple[Path | None, Callable[[Result, Path], None]]] = [
        (options.csv, _write_table),
        (options.classlist, lambda result, path: write_text(path, "\n".join(result.classes))),
        (options.chart, lambda result, path: _write_chart(draw(project, result, options), path)),
    ]
    wanted = [(path, write) for path, write in writers if path is not None]
    total = 1 + len(wanted)
    report(Progress(0, total, phase="Counting"))
    result = count(project)
    for done, (path, write) in enumerate(wanted, start=1):
        report(Progress(done, total, f"writing {path.name}", "Counting"))
        try:
            write(result, path)
        except OSError as error:
            raise Problem(f"{path} cannot be written: {error.strerror}. Choose another place.") from error
    report(Progress(total, total, phase="Counting"))
    return Result(result.classes, result.splits, tuple(path for path, _ in wanted))


def count(project: Project) -> Result:
    """The counts of every split. Raises Problem, naming the step to run first, when there are no crops."""
    crops.require_whole(project)
    counts = crops.counts(project)
    if not any(map(any, counts.values())):
        raise Problem(_why_no_crops(project))
    return Result(
        crops.classes(project),
        tuple(
            Split(split, tuple(sorted(crops.locations(project, split))), tuple(counts[split]))
            for split in crops.SPLITS
            if split != "val" or any(counts["val"])
        ),
    )


def draw(project: Project, result: Result, options: Options) -> "Figure":
    """The chart that the options ask for, as a figure."""
    total = sum(sum(split.counts) for split in result.splits)
    about = f"{project.name} · {total:,} crops"
    if options.view in ("hour", "month"):
        return _draw_times(project, options, about, total)
    if options.view == "detections-per-image":
        return _draw_detections(project, options)
    names: Sequence[str]
    if options.view == "location":
        table = crops.counts_at_locations(project)
        names, noun = list(table), ("location", "locations")
        counts = {split.name: [row[split.name] for row in table.values()] for split in result.splits}
    else:
        names, noun = result.classes, ("species", "species")
        counts = {split.name: list(split.counts) for split in result.splits}
    total_of = [sum(column) for column in zip(*counts.values(), strict=True)]
    rows = order(names, total_of, options.sort, options.top)
    note = ""
    if len(rows) < len(names):
        rest = len(names) - len(rows)
        left_out = total - sum(total_of[row] for row in rows)
        note = f"{rest:,} more {noun[rest != 1]} with {left_out:,} crops in all are not drawn."
    return charts.counts(
        [names[row] for row in rows],
        {split: [values[row] for row in rows] for split, values in counts.items()},
        title=f"Crops per {noun[0]}",
        subtitle=f"{project.name} · {len(names):,} {noun[len(names) != 1]} · {total:,} crops",
        note=note,
        side_by_side=options.layout == "side-by-side",
        log=options.log,
        theme=options.theme,
    )


def order(names: Sequence[str], counts: Sequence[int], by: str, top: int = 0) -> list[int]:
    """Places of the rows to draw: the ``top`` most frequent ones (0: all), sorted by 'count', 'name' or 'id'."""
    by_count = sorted(range(len(names)), key=lambda row: (-counts[row], row))
    rows = by_count[:top] if top else by_count
    if by == "name":
        return sorted(rows, key=lambda row: (names[row].casefold(), row))
    return sorted(rows) if by == "id" else rows


def _draw_times(project: Project, options: Options, about: str, total: int) -> "Figure":
    times = crops.counts_over_time(project, options.view)
    untimed = total - sum(times.values())
    return charts.over_time(
        [str(part) if options.view == "hour" else _MONTHS[part - 1] for part in times],
        list(times.values()),
        title="Crops by hour of the day" if options.view == "hour" else "Crops by month",
        subtitle=about,
        note="As the cameras' clocks said."
        + (f" {untimed:,} crops are of pictures without a time." if untimed else ""),
        theme=options.theme,
    )


def _draw_detections(project: Project, options: Options) -> "Figure":
    detector = detections.latest_detector(project)
    if detector is None:
        raise Problem("No detector has looked at the pictures yet. Find the animals first: camtrap detect.")
    threshold = detector.typical_threshold
    found = detections.per_image(project, detector.id, threshold)
    columns = {str(number): found.get(number, 0) for number in range(min(max(found), _MOST) + 1)}
    if more := sum(images for number, images in found.items() if number > _MOST):
        columns[f"> {_MOST}"] = more
    boxes = sum(number * images for number, images in found.items())
    return charts.over_time(
        list(columns),
        list(columns.values()),
        title="Images by number of detections",
        subtitle=f"{project.name} · {sum(found.values()):,} images · {boxes:,} detections",
        note=f"By {detector.name}, of confidence {threshold:g} or more.",
        theme=options.theme,
    )


def _write_table(result: Result, path: Path) -> None:
    counts: Mapping[str, Sequence[int]] = {split.name: split.counts for split in result.splits}
    none = [0] * len(result.classes)
    columns = [counts.get(split, none) for split in crops.SPLITS]
    tables.write(
        path,
        ("id", "name", *crops.SPLITS, "total"),
        (
            (place, name, *(column[place] for column in columns), sum(column[place] for column in columns))
            for place, name in enumerate(result.classes)
        ),
    )


def _write_chart(figure: "Figure", path: Path) -> None:
    with replacing(path) as beside:
        charts.save(figure, beside)


def _why_no_crops(project: Project) -> str:
    """Which step to run first."""
    if images.count(project) == 0:
        return f"There are no pictures in {project.folder} yet. Bring some in first: camtrap dataset."
    if detections.latest_detector(project) is None:
        step = "Find the animals first: camtrap detect; then cut them out: camtrap crop."
    else:
        step = "Cut out the animals first: camtrap crop."
    return f"There are no crops in {project.folder} yet. {step}"
