"""Accepting what a run's classifier is sure of, without a look at each picture.

A picture is accepted when nobody has said anything of it and every animal in it has a suggestion of the run that reaches
its species' threshold (``acceptance``). All at once is one edit, which is undone as any other. The labels have the author
'model' with run and confidence, so they are told apart from a person's for ever; they are no truth that anything
is trained on or measured by, as no crops are made of them, until a person accepts them.

What the thresholds promise holds for animals of species the classifier knows. It says nothing of a branch that the
detector took for an animal, or of a species that was never labelled.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, acceptance, detections, edits, species
from camtrap_gui.project.machines import MODEL
from camtrap_gui.project.runs import Run

_SURE = """
    SELECT detections.image_id AS image_id FROM detections JOIN images ON images.id = detections.image_id
    LEFT JOIN suggestions ON detection_id = detections.id AND run_id = :run
    LEFT JOIN species ON species.id = suggestions.species_id
    LEFT JOIN temp.least ON least.species_id = coalesce(merged_into, species.id)
    WHERE detector_id = :detector AND category = 'animal' AND NOT rejected AND detections.confidence >= :threshold
        AND reviewed IS NULL AND problem IS NULL
        AND NOT EXISTS (SELECT 1 FROM labels WHERE labels.image_id = images.id)
        AND NOT EXISTS (SELECT 1 FROM boxes WHERE boxes.image_id = images.id)
    GROUP BY detections.image_id HAVING min(coalesce(suggestions.confidence >= least.confidence, 0))
"""

_SAID = f"""
    SELECT suggestions.image_id, coalesce(merged_into, species.id) AS species_id, count(*) AS count,
        min(suggestions.confidence) AS confidence
    FROM suggestions JOIN detections ON detections.id = detection_id JOIN species ON species.id = species_id
    WHERE suggestions.image_id IN ({_SURE}) AND run_id = :run AND detector_id = :detector AND category = 'animal'
        AND NOT rejected AND detections.confidence >= :threshold
    GROUP BY suggestions.image_id, coalesce(merged_into, species.id)
"""


def count(project: Project, run: Run) -> dict[str, int]:
    """How many pictures ``accept`` would label with each species, most first. Raises Problem without thresholds."""
    with _known(project, run) as values:
        query = f"SELECT species_id, count(*) FROM ({_SAID}) GROUP BY 1 ORDER BY 2 DESC, 1"
        rows = project.db.execute(query, values).fetchall()
    names = species.names(project)
    return {names[number]: pictures for number, pictures in rows}


def pictures(project: Project, run: Run) -> int:
    """How many pictures ``accept`` would label: fewer than ``count`` adds up to, where some have two species."""
    with _known(project, run) as values:
        return int(project.db.execute(f"SELECT count(*) FROM ({_SURE})", values).fetchone()[0])


def has_looked(project: Project, run: Run) -> bool:
    """Whether the run's classifier has said anything of the project's pictures, so that something can be accepted."""
    row = project.db.execute(
        "SELECT EXISTS (SELECT 1 FROM suggestions WHERE run_id = ?)", (run.id,)
    ).fetchone()
    return bool(row[0])


def accept(project: Project, run: Run, author: str | None = None) -> int:
    """Accept what the run is sure of, as one edit of ``author``; how many pictures that are. For none no edit is made.

    Raises Problem when the run has no thresholds.
    """
    with project.write() as db:
        with _known(project, run) as values:
            db.execute(f"CREATE TEMP TABLE said AS {_SAID}", values)
        try:
            (pictures,) = db.execute("SELECT count(DISTINCT image_id) FROM temp.said").fetchone()
            if pictures:
                _keep(project, run, pictures, author)
        finally:
            db.execute("DROP TABLE temp.said")
    return int(pictures)


def _keep(project: Project, run: Run, pictures: int, author: str | None) -> None:
    note = f"Accept what run {run.id} is sure of: {pictures:,} picture{'' if pictures == 1 else 's'}"
    with edits.recording(project, note, author) as edit:
        edit.db.execute(
            "INSERT INTO labels (image_id, species_id, count, author, made, run_id, confidence)"
            " SELECT image_id, species_id, count, ?, ?, ?, confidence FROM temp.said",
            (MODEL, edit.made, run.id),
        )
        edit.db.execute(
            "UPDATE images SET reviewed = ? WHERE id IN (SELECT image_id FROM temp.said)", (edit.made,)
        )


@contextmanager
def _known(project: Project, run: Run) -> Iterator[dict[str, object]]:
    """The thresholds as the temporary table "least"; yields the values that the queries ask for."""
    accepting = acceptance.accepting_now(project, run)
    if accepting is None:
        raise Problem(
            f"Run {run.id} has no thresholds, so nothing tells what it is sure of. Make them: camtrap evaluate"
            " --precision 0.99; a run from before there were thresholds must be trained again."
        )
    detector = detections.latest_detector(project)
    db = project.db
    db.execute("CREATE TEMP TABLE least (species_id INTEGER PRIMARY KEY, confidence REAL)")
    try:
        for name, least in accepting.least.items():
            db.execute("INSERT INTO temp.least VALUES (?, ?)", (species.existing(project, name), least))
        yield {
            "run": run.id,
            "detector": detector.id if detector else None,
            "threshold": detector.typical_threshold if detector else 0.0,
        }
    finally:
        db.execute("DROP TABLE temp.least")
