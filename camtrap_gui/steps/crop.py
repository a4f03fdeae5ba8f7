"""Cut out the animals and split them by camera site into train, val and test.

Five parts: choose the crops that labels, boxes and detections ask for; cut those that are not there yet, each picture
decoded once, on all cores; split them by location; write the TFRecords and the COCO-style folder; and make all of it
the data set at once. Until that last part the project keeps its previous data set (see ``project/crop_files.py``), and
a step that was stopped cuts nothing twice when it is run again.

A class (species) is in every split if it was seen at three or more locations, in train and test if at two, in train if
at one. The split of the tutorial has no val; a training then takes its validation crops from some train locations.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from camtrap_gui import remote_pictures
from camtrap_gui.jobs import Progress, Report
from camtrap_gui.options import Option
from camtrap_gui.problem import Problem
from camtrap_gui.project import (
    Project,
    crop_choice,
    crop_files,
    crop_split,
    crops,
    crops_follow,
    detections,
    edits,
    images,
    species_names,
)
from camtrap_gui.project.crop_choice import Rules
from camtrap_gui.project.crop_plan import Plan
from camtrap_gui.project.crops import SPLITS

if TYPE_CHECKING:
    from camtrap_gui.formats.classification_dataset import Entry

_MOST_WITHOUT_LOCATION = 0.05
_BATCH = 200


@dataclass(frozen=True)
class Options:
    """What to cut out, and how to split it."""

    threshold: Annotated[
        float | None,
        Option(
            "Smallest confidence of a detection. Default: the detector's own typical value.",
            low=0,
            high=1,
            label="Confidence",
        ),
    ] = None
    padding: Annotated[float, Option("Side of a crop over the longer side of its box.", low=1, high=10)] = (
        1.69
    )
    exclude: Annotated[
        tuple[str, ...],
        Option(
            "Species to leave out; empty pictures, people and vehicles always are. They stay in the class list.",
            label="Leave out",
        ),
    ] = ()
    location_key: Annotated[
        str,
        Option(
            "What the split keeps together: location, sequence, or another field of the source.",
            label="Keep together",
        ),
    ] = "location"
    split: Annotated[
        str,
        Option(
            "balanced: every species in train, val and test as far as its locations allow. tutorial: random"
            " locations for test, all others train, as in the original tutorial.",
            choices=("balanced", "tutorial"),
        ),
    ] = "balanced"
    test_fraction: Annotated[float, Option("Share of test.", low=0, high=0.9, label="Share of test")] = 0.2
    val_fraction: Annotated[
        float, Option("Share of val (balanced split only).", low=0, high=0.9, label="Share of val")
    ] = 0.15
    seed: Annotated[int, Option("Start of all random choices.", low=0)] = 0
    keep_split: Annotated[
        bool,
        Option(
            "Locations that have a split keep it when crops are made again, so that models stay comparable; new ones are"
            " dealt out to reach the shares. With another split, location key, share or seed all are split anew.",
            label="Locations keep their split",
        ),
    ] = True
    detector: Annotated[
        str,
        Option("Whose detections to use, by name. Default: the detector that worked last.", advanced=True),
    ] = ""
    skip_sequence_labels: Annotated[
        bool,
        Option("Leave out pictures whose species was only given for their whole sequence.", advanced=True),
    ] = False
    per_record: Annotated[int, Option("Crops in one TFRecord file.", low=1, advanced=True)] = 200
    skip_records: Annotated[
        bool, Option("Write no TFRecords, which take as much disk as the crops.", advanced=True)
    ] = False


@dataclass(frozen=True)
class Result:
    """The data set that was made. ``classes`` are the species that have crops, with their number in each split."""

    crops: dict[str, int]
    locations: dict[str, int]
    classes: dict[str, dict[str, int]]
    pictures: int
    left_out: dict[str, int]
    cut: int
    kept: int
    removed: int
    too_small: int
    source: str
    folder: Path
    warnings: tuple[str, ...]

    def text(self) -> str:
        """Totals, a table of the classes, what was left out and why, and what to beware of."""
        lines = [
            f"{sum(self.crops.values()):,} crops of {len(self.classes):,} species from {self.pictures:,} pictures.",
            f"{self.source} {self.cut:,} cut now, {self.kept:,} kept, {self.removed:,} old ones removed.",
        ]
        table = [("crops", self.crops), ("locations", self.locations), *self.classes.items()]
        width = max(len(name) for name, _ in table)
        lines += [f"  {'':{width}} " + " ".join(f"{split:>9}" for split in SPLITS)]
        for name, row in table:
            lines += [f"  {name:{width}} " + " ".join(f"{row[split]:>9,}" for split in SPLITS)]
        if self.left_out:
            lines += [f"Pictures left out: {sum(self.left_out.values()):,}"]
            lines += [f"  {number:>9,}  {reason}" for reason, number in self.left_out.items()]
        if self.too_small:
            lines += [f"Crops smaller than {crop_files.SMALLEST} pixels, left out: {self.too_small:,}"]
        lines += [f"Beware: {warning}" for warning in self.warnings[:10]]
        if len(self.warnings) > 10:
            lines += [f"Beware: {len(self.warnings) - 10} more species are not in every split."]
        return "\n".join([*lines, f"Written to {self.folder}"])


@dataclass(frozen=True)
class Planned:
    """The data set that ``run`` would make. ``classes`` are as in ``Result``.

    Boxes that turn out too small, and pictures that turn out unreadable, are only found by cutting: here they count.
    """

    locations: dict[str, int]
    classes: dict[str, dict[str, int]]
    pictures: int
    left_out: dict[str, int]
    warnings: tuple[str, ...]


@dataclass
class _Tally:
    cut: int = 0
    kept: int = 0
    too_small: int = 0


def run(project: Project, options: Options, report: Report) -> Result:
    """Make the data set. Raises Problem when there is nothing to cut out or nothing to split by."""
    wish = _wish(options)
    moment = edits.moment(project)
    rules, source = _rules(project, options)
    with Plan() as plan:
        _choose(project, rules, plan, options, report)
        tally = _cut(project, plan, options, report)
        _require_crops(project, plan, options)
        warnings = crop_split.split(project, plan, wish, _known(project, options, wish))
        _require_species(project, plan)
        plan.number(project)
        written = _write(project, plan, options, report)
        with project.write():
            crops.replace_all(project, plan.rows, plan.left_out())
            if edits.moment(project) != moment:  # somebody has decided something meanwhile
                crops_follow.follow_as(project, "SELECT image_id FROM crops", options.padding, rules.excluded)
            crop_files.take_place(project, [*written, *plan.staged()])
        removed = crop_files.settle(project, written)
        return _result(project, plan, tally, source, removed, warnings)


def look_ahead(project: Project, options: Options, report: Report) -> Planned:
    """What ``run`` would make, without cutting or changing anything. Raises the same Problems."""
    wish = _wish(options)
    rules, _ = _rules(project, options)
    with Plan() as plan:
        _choose(project, rules, plan, options, report)
        warnings = crop_split.split(project, plan, wish, _known(project, options, wish))
        amounts, at = plan.split_amounts(), plan.split_locations()
        having = {species_id for species_id, _ in amounts}
        names = project.db.execute(
            "SELECT id, name FROM species WHERE merged_into IS NULL ORDER BY position, id"
        ).fetchall()
        return Planned(
            {split: at.get(split, 0) for split in SPLITS},
            {
                name: {split: amounts.get((species_id, split), 0) for split in SPLITS}
                for species_id, name in names
                if species_id in having
            },
            plan.count("images"),
            plan.reasons(),
            warnings,
        )


def _wish(options: Options) -> crop_split.Wish:
    wish = crop_split.Wish(
        options.split, options.location_key, options.val_fraction, options.test_fraction, options.seed
    )
    if wish.shares[0] <= 0:
        raise Problem("Test and val together take all crops; leave some for train with smaller fractions.")
    return wish


def _known(project: Project, options: Options, wish: crop_split.Wish) -> Iterable[tuple[str, str]]:
    return crop_split.known_splits(project, wish) if options.keep_split else ()


def _choose(project: Project, rules: Rules, plan: Plan, options: Options, report: Report) -> None:
    total = images.count(project)
    crop_choice.choose(project, rules, plan, lambda done: report(Progress(done, total, phase="Choosing")))
    _require_crops(project, plan, options)


def _rules(project: Project, options: Options) -> tuple[Rules, str]:
    detector = detections.latest_detector(project)
    if options.detector:
        detector = detections.detector_by_name(project, options.detector)
        if detector is None:
            raise Problem(
                f"No detector “{options.detector}” has worked on this project."
                f" Run it first: camtrap detect {project.folder} --detector {options.detector}"
            )
    drawn = project.db.execute("SELECT EXISTS (SELECT 1 FROM boxes)").fetchone()[0]
    if detector is None and not drawn:
        raise Problem(
            f"There are no detections and no boxes to cut out. Run a detector first: camtrap detect {project.folder}"
        )
    threshold = options.threshold
    if threshold is None:
        threshold = detector.typical_threshold if detector else 0.0
    source = (
        f"Detections of {detector.name} from {threshold:g} on." if detector else "Boxes of the source only."
    )
    return (
        Rules(
            detector.id if detector else None,
            threshold,
            _excluded(project, options.exclude),
            options.location_key,
            options.skip_sequence_labels,
        ),
        source,
    )


def _excluded(project: Project, names: tuple[str, ...]) -> frozenset[int]:
    meant = {name: species_names.find(project.db, name) for name in names}
    if unknown := [name for name, number in meant.items() if number is None]:
        raise Problem(
            f"This project has no species {', '.join(f'“{name}”' for name in unknown)}, so it cannot be excluded."
            f" It has: {', '.join(crops.classes(project))}."
        )
    excluded = {number for number in meant.values() if number is not None}
    return frozenset(excluded | species_names.no_animals(project.db))


def _require_crops(project: Project, plan: Plan, options: Options) -> None:
    lacking = plan.count("left_out", "reason = ?", crop_choice.NO_LOCATION)
    having = plan.count("images")
    if lacking > _MOST_WITHOUT_LOCATION * (lacking + having):
        raise Problem(
            f"{lacking:,} of {lacking + having:,} pictures have no “{options.location_key}”, so they cannot be split"
            f" by it. Fill it in, or split by another field: {crop_split.choices(project, options.location_key)}"
        )
    if not having:
        reasons = "; ".join(f"{number:,}: {reason}" for reason, number in plan.reasons().items())
        raise Problem(
            f"No picture of {project.folder} gives a crop ({reasons or 'it has no pictures'})."
            " Lower the threshold, run the detector, or add labels."
        )


def _require_species(project: Project, plan: Plan) -> None:
    if {species_id for species_id, _ in plan.split_amounts()} - crops.species_places(project).keys():
        raise Problem(
            "A species of the crops was merged or taken back while they were cut. Run the step again: it goes on from here."
        )


def _cut(project: Project, plan: Plan, options: Options, report: Report) -> _Tally:
    from camtrap_gui.parallel import in_order

    crop_files.announce(project, plan.files())
    tally, total = _Tally(), plan.count("images")
    made: list[crop_files.Made] = []
    cutting = in_order(
        partial(crop_files.cut, project.folder, padding=options.padding),
        plan.pictures(project),
        remote_pictures.threads(images.roots(project).values()),
    )
    try:
        with closing(cutting):
            for done, cut in enumerate(cutting, start=1):
                plan.complete(cut)
                fresh = [each for each in cut.made.values() if each is not None and each.fresh]
                made += fresh
                tally.cut += len(fresh)
                tally.kept += sum(each is not None and not each.fresh for each in cut.made.values())
                tally.too_small += sum(each is None for each in cut.made.values())
                if len(made) >= _BATCH:
                    crop_files.remember(project, made)
                    made = []
                report(Progress(done, total, phase="Cutting", values={"crops": tally.cut + tally.kept}))
    finally:
        crop_files.remember(project, made)
    return tally


def _write(project: Project, plan: Plan, options: Options, report: Report) -> list[str]:
    # Everything beside the crops, below .next/; the answer is where it belongs in the project folder.
    from camtrap_gui.formats import classification_dataset

    staging, classes = crop_files.staging(project), crops.classes(project)
    written = [] if options.skip_records else _write_records(project, plan, options, report)
    places = crops.species_places(project)
    for split in SPLITS:
        entries = partial(_entries, plan, split, places)
        classification_dataset.write_split(staging / "crops" / f"{split}.json", classes, entries)
        written.append(f"crops/{split}.json")
    classification_dataset.write_class_list(staging / "crops" / "classlist.txt", classes)
    classification_dataset.write_label_map(staging / "crops" / "label_map.pbtxt", classes)
    return [*written, "crops/classlist.txt", "crops/label_map.pbtxt"]


def _entries(plan: Plan, split: str, places: dict[int, int]) -> Iterator["Entry"]:
    from camtrap_gui.formats.classification_dataset import Entry

    for row in plan.of_split(split):
        width, height = row["right"] - row["left"], row["bottom"] - row["top"]
        yield Entry(
            id=row["number"],
            file=row["file"],
            width=width,
            height=height,
            original_key=row["key"],
            category=places[row["species_id"]],
            location=row["location"],
            sequence=row["sequence"],
            window=(row["left"], row["top"], width, height),
            confidence=row["confidence"],
        )


def _write_records(project: Project, plan: Plan, options: Options, report: Report) -> list[str]:
    from camtrap_gui.formats import tfrecords
    from camtrap_gui.parallel import in_order

    places, classes = crops.species_places(project), crops.classes(project)
    total, done, names = plan.count("crops"), 0, list[str]()

    def load(row: Any) -> bytes:
        place = places[row["species_id"]]
        size = row["right"] - row["left"], row["bottom"] - row["top"]
        data = crop_files.read_checked(project, row["file"], row["staged"], row["sha256"])
        picture = tfrecords.Picture(
            data, *size, row["sha256"], row["number"], row["file"], place, classes[place]
        )
        return tfrecords.example(picture)

    def counted(examples: Iterator[bytes]) -> Iterator[bytes]:
        nonlocal done
        for example in examples:
            yield example
            done += 1
            report(Progress(done, total, phase="Writing records"))

    folder = crop_files.staging(project) / "records"
    for split in SPLITS:
        try:
            with closing(in_order(load, plan.shuffled(split, options.seed))) as examples:
                names += tfrecords.write_shards(folder, split, counted(examples), options.per_record)
        except crop_files.Damaged as damaged:
            crop_files.forget(project, str(damaged))
            raise Problem(
                f"The crop {damaged} was changed by something else. Run the step again to repair it."
            ) from None
    return [f"records/{name}" for name in names]


def _result(
    project: Project, plan: Plan, tally: _Tally, source: str, removed: int, warnings: tuple[str, ...]
) -> Result:
    counts, names = crops.counts(project), crops.classes(project)
    table = {
        name: {split: counts[split][place] for split in SPLITS}
        for place, name in enumerate(names)
        if any(counts[split][place] for split in SPLITS)
    }
    return Result(
        crops={split: sum(counts[split]) for split in SPLITS},
        locations={split: len(crops.locations(project, split)) for split in SPLITS},
        classes=table,
        pictures=plan.count("images"),
        left_out=plan.reasons(),
        cut=tally.cut,
        kept=tally.kept,
        removed=removed,
        too_small=tally.too_small,
        source=source,
        folder=crops.folder(project),
        warnings=warnings,
    )
