"""Trainings of a project: a row each, and a folder below ``runs/`` with everything to tell what was trained on what.

``runs/<id>/`` holds ``options.json``, ``data.json`` (class list, counts, locations of the split, data hash), every crop
with its SHA-256 (``crops.csv.gz``), the command that does the same again (``command.txt``), ``environment.json``,
``machine.json`` (batch size, parts and precision of the whole network's training), ``metrics.jsonl``, ``tensorboard/``,
``checkpoints/`` while unfinished, and ``model/``, the bundle of the best network.
A run is ``running`` until it is ``done`` or was ``stopped``; one left ``running`` by a killed process or ``stopped`` by
the user can be taken up again.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from camtrap_gui.files import inside, write_text
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, clock, crop_split, crops, species

FOLDER = "runs"


@dataclass(frozen=True)
class Run:
    """One training. ``figures`` are its best validation figures (later also the evaluation's), by name.

    ``promoted`` is when a person last made it the one to use.
    """

    id: str
    folder: Path
    started: datetime
    finished: datetime | None
    state: str
    preset: str
    backbone: str
    data_hash: str
    figures: Mapping[str, Any]
    promoted: datetime | None = None

    @property
    def model(self) -> Path:
        """Folder of the trained classifier's bundle; complete once ``has_model``."""
        return self.folder / "model"

    @property
    def has_model(self) -> bool:
        """Whether a classifier was kept already."""
        return (self.model / "bundle.json").is_file()

    @cached_property
    def options(self) -> dict[str, Any]:
        """The options of the train step it was started with. Raises Problem when the file is gone or damaged."""
        return self._read("options.json")

    @cached_property
    def data(self) -> dict[str, Any]:
        """What it was trained on: ``classes``, ``padding``, ``counts`` per split and class, ``data_hash`` ..."""
        return self._read("data.json")

    @cached_property
    def machine(self) -> dict[str, Any]:
        """What was decided for the computer it was trained on: ``batch_size``, ``parts`` (0: not known yet), ``precision``,
        ``rate_factor``. Empty where nothing had to be, or has been so far."""
        try:
            return self._read("machine.json")
        except Problem:
            return {}

    @property
    def learnt_from_validation(self) -> bool:
        """Whether its classifier has learnt from the validation crops, too, after they had judged it."""
        return bool(self.figures.get("learnt_from_validation"))

    def crops_learnt(self) -> dict[str, int]:
        """How many crops of each class its classifier has learnt from."""
        counts = self.data.get("counts", {})
        parts = ("train", "validation") if self.learnt_from_validation else ("train",)
        return {name: sum(counts.get(part, {}).get(name, 0) for part in parts) for name in self.classes}

    @property
    def classes(self) -> tuple[str, ...]:
        """The class list; a class's place is its label."""
        return tuple(self.data["classes"])

    @property
    def input_size(self) -> int:
        """Pixels of a side at which its network sees a crop; 0: the backbone's own."""
        return int(self.options.get("input_size", 0))

    def _read(self, name: str) -> dict[str, Any]:
        try:
            read = json.loads((self.folder / name).read_text(encoding="utf-8"))
            if not isinstance(read, dict):
                raise ValueError("no object")
            return read
        except (OSError, ValueError) as error:
            raise Problem(
                f"{self.folder / name} cannot be read ({error}). Train again: camtrap train --fresh."
            ) from error


def start(
    project: Project,
    preset: str,
    backbone: str,
    options: Mapping[str, Any],
    data: Mapping[str, Any],
    environment: Mapping[str, Any],
) -> Run:
    """Make a new run with its folder. ``data`` must have ``classes`` and ``data_hash``."""
    now = clock.now(project.db)
    stem = f"{now.astimezone():%Y-%m-%d_%H.%M.%S}_{preset}"
    (project.folder / FOLDER).mkdir(exist_ok=True)
    for number in range(1, 1000):
        run_id = stem if number == 1 else f"{stem}-{number}"
        try:
            (project.folder / FOLDER / run_id).mkdir()
            break
        except FileExistsError:
            continue
    folder = project.folder / FOLDER / run_id
    try:
        for name, content in (("options", options), ("data", data), ("environment", environment)):
            write_text(folder / f"{name}.json", as_json(content))
        with project.write() as db:
            db.execute(
                "INSERT INTO runs (id, started, state, preset, backbone, data_hash) VALUES (?, ?, 'running', ?, ?, ?)",
                (run_id, now.isoformat(), preset, backbone, data["data_hash"]),
            )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return get(project, run_id)


def as_json(content: Mapping[str, Any]) -> str:
    """The text of a file of a run."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def remember(project: Project, run: Run) -> None:
    """Give a project a run that another computer has begun, with its figures; in a copy of the project (``private_copy``)."""
    with project.write() as db:
        db.execute(
            "INSERT OR REPLACE INTO runs (id, started, state, preset, backbone, data_hash, figures)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(run.id, run.started.isoformat(), run.state, run.preset, run.backbone, run.data_hash),
                json.dumps(dict(run.figures)),
            ),
        )


def set_state(project: Project, run_id: str, state: str, figures: Mapping[str, Any]) -> None:
    """Record how a run stands: 'running', 'done' or 'stopped'. ``figures`` are added to those known."""
    with project.write() as db:
        finished = None if state == "running" else clock.now(db).isoformat()
        db.execute("UPDATE runs SET state = ?, finished = ? WHERE id = ?", (state, finished, run_id))
    add_figures(project, run_id, figures)


def add_figures(project: Project, run_id: str, figures: Mapping[str, Any]) -> None:
    """Add figures worth showing in a table of runs; a name that is there already gets the new value."""
    with project.write() as db:
        db.execute(
            "UPDATE runs SET figures = json_patch(coalesce(figures, '{}'), ?) WHERE id = ?",
            (json.dumps(figures), run_id),
        )


def all_of(project: Project) -> list[Run]:
    """Every run, newest first."""
    rows = project.db.execute("SELECT * FROM runs ORDER BY started DESC, rowid DESC").fetchall()
    return [_run(project, row) for row in rows]


def get(project: Project, run_id: str) -> Run:
    """The run of that id. Raises Problem when there is none."""
    row = project.db.execute("SELECT * FROM runs WHERE id = ?", (run_id,)).fetchone()
    if row is None:
        known = ", ".join(run.id for run in all_of(project)[:5]) or "none yet"
        raise Problem(f"There is no run “{run_id}” in this project. The newest ones: {known}.")
    return _run(project, row)


def newest(project: Project) -> Run:
    """The newest run that has a classifier. Raises Problem when nothing was trained yet."""
    for run in all_of(project):
        if run.has_model:
            return run
    raise Problem(f"No classifier has been trained in {project.folder}. Train one first: camtrap train.")


def current(project: Project) -> Run:
    """The run whose classifier is used: the one promoted last, before any promotion the newest that has one.

    Raises Problem when nothing was trained yet.
    """
    having = usable(all_of(project))
    return having[0] if having else newest(project)


def usable(found: Sequence[Run]) -> list[Run]:
    """Those of some runs, given newest first, that have a classifier: the current one first, then the newest."""
    having = [run for run in found if run.has_model]
    promoted = [run for run in having if run.promoted]
    first = max(promoted, key=lambda run: run.promoted or run.started) if promoted else None
    return sorted(having, key=lambda run: run is not first)


def promote(project: Project, run_id: str) -> Run:
    """Make a run the current one, until another one is promoted. Raises Problem when it has no classifier."""
    run = choose(project, run_id)
    with project.write() as db:
        db.execute("UPDATE runs SET promoted = ? WHERE id = ?", (clock.now(db).isoformat(), run.id))
    return get(project, run.id)


def pin(project: Project) -> None:
    """Keep the current run the current one whatever is trained from now on, until another one is promoted."""
    runs = [run for run in all_of(project) if run.has_model]
    if runs and not any(run.promoted for run in runs):
        promote(project, runs[0].id)


def choose(project: Project, run_id: str = "") -> Run:
    """The run of that id, or the current one. Raises Problem when it has no classifier."""
    if not run_id:
        return current(project)
    run = get(project, run_id)
    if not run.has_model:
        raise Problem(f"The run {run_id} has no classifier yet. Continue it: camtrap train --run {run_id}.")
    return run


def names_of_now(project: Project, run: Run) -> tuple[str, ...]:
    """What this project calls each class of the run today: species may have been renamed, or merged into one.

    Raises Problem when a class is no species any more.
    """
    names = species.names(project)
    numbers = [species.resolve(project, name) for name in run.classes]
    if gone := [name for name, number in zip(run.classes, numbers, strict=True) if number is None]:
        listed = ", ".join(f"“{name}”" for name in gone[:5])
        raise Problem(
            f"Run {run.id} knows {listed}, which this project has no species for any more. Add the name to the species"
            " it means, as an alias; or train again: camtrap train."
        )
    return tuple(names[number] for number in numbers if number is not None)


def check_data(project: Project, run: Run, split: str = "test") -> None:
    """Make sure that the crops of a split tell fairly how good a run's classifier is. Raises Problem otherwise.

    Labels may have changed and crops have come or gone since. But its classes must be species of now, the crops be cut
    as those it learnt from, and, for the test split, its cameras be none that it learnt from or was chosen by.
    """
    names_of_now(project, run)
    if (
        "locations" not in run.data
    ):  # kept since labels can be corrected; without them only equal data is sure
        if crops.data_hash(project) != run.data_hash:
            raise Problem(
                f"Crops, their labels or their split have changed since run {run.id} was trained, and it does not say"
                " which cameras it has seen. Train again: camtrap train."
            )
        return
    made = crop_split.made(project)
    for option, now in (("padding", made.padding), ("location_key", made.wish.key)):
        if run.data[option] != now:
            raise Problem(
                f"The crops are made with the {option.replace('_', ' ')} {now} now, those that run {run.id} learnt from"
                f" with {run.data[option]}. Make them again as they were: camtrap crop; or train again: camtrap train."
            )
    learnt = {location for part in run.data["locations"].values() for location in part}
    if split == "test" and (seen := [name for name in crops.locations(project, split) if name in learnt]):
        raise Problem(
            f"Run {run.id} has learnt from {len(seen):,} of the cameras that are held out now"
            f" ({', '.join(seen[:5])}{' ...' if len(seen) > 5 else ''}), so it would look better than it is."
            " Train again: camtrap train."
        )


def check_same_data(project: Project, run: Run) -> None:
    """Make sure that nothing a training depends on has changed since the run began. Raises Problem otherwise."""
    if crops.classes(project) != run.classes or crops.data_hash(project) != run.data_hash:
        raise Problem(
            f"Crops, their labels or their split have changed since run {run.id} was begun, so it cannot be gone on"
            " with. Train anew: camtrap train --fresh."
        )


@contextmanager
def held(run: Run) -> Iterator[bool]:
    """Hold a run so that no second process works on it; False when another does.

    The lock is SQLite's: it works on every system and is gone with the process that held it.
    """
    db = sqlite3.connect(run.folder / ".lock", timeout=0, isolation_level=None)
    try:
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # the disk is full, or away
                raise
            yield False
        else:
            yield True
    finally:
        db.close()


def _run(project: Project, row: sqlite3.Row) -> Run:
    return Run(
        id=row["id"],
        folder=inside(project.folder / FOLDER, row["id"]),
        started=datetime.fromisoformat(row["started"]),
        finished=None if row["finished"] is None else datetime.fromisoformat(row["finished"]),
        state=row["state"],
        preset=row["preset"],
        backbone=row["backbone"],
        data_hash=row["data_hash"],
        figures=json.loads(row["figures"] or "{}"),
        promoted=None if row["promoted"] is None else datetime.fromisoformat(row["promoted"]),
    )
