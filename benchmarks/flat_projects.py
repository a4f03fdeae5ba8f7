"""Projects for ``benchmarks.flat_memory``: a survey as far along the road as wanted, made in the database.

A quarter of the pictures has no label. A detector has seen all; it found an animal on those that are not known to be
empty, and a stone at every camera again and again. There is a suggestion for every animal, a crop for every animal with
a label, split by camera, a trained run, and its prediction for every crop.
"""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.dataset_import import IMPORT, in_process, write_survey
from benchmarks.million import FRAMES
from camtrap_gui.formats import coordinates
from camtrap_gui.formats.coordinates import Place
from camtrap_gui.project import Project, images, runs

LINKS = 50_000
"""Names of one file; ext4 allows 65,000."""
BACKBONE = "efficientnet-lite0"

FILL = """
    DELETE FROM labels WHERE image_id % 4 = 0;
    INSERT INTO detectors VALUES (1, 'd', 'a detector', 'benchmark', 0.3, 0.1, '2024-01-01');
    INSERT INTO detected SELECT 1, id, NULL FROM images;
    INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)
        SELECT id, 1, 'animal', 0.3 + id % 70 / 100.0, id % 61 / 100.0, id % 43 / 100.0, 0.2 + id % 13 / 100.0, 0.3
        FROM images WHERE NOT EXISTS (SELECT 1 FROM labels WHERE image_id = images.id AND species_id = 1)
        UNION ALL SELECT id, 1, 'animal', 0.2, 0.7, 0.7, 0.1, 0.1 FROM images WHERE id % 20 = 7;
    INSERT INTO suggestions (detection_id, image_id, run_id, species_id, confidence, margin, top, teaches, alike)
        SELECT detections.id, image_id, 'a-run', species.id, confidence, confidence / 2,
            '[["' || name || '",' || confidence || '],["species02",0.01]]', detections.id * 7919 % 999983, detections.id
        FROM detections JOIN species ON species.id = 2 + image_id / 3 % 60 WHERE confidence >= 0.3;
    INSERT INTO crops (image_id, species_id, detection_id, location, split, file, "left", top, right, bottom, sha256)
        SELECT images.id, labels.species_id, detections.id, locations.name,
            CASE WHEN locations.id % 20 < 13 THEN 'train' WHEN locations.id % 20 < 16 THEN 'val' ELSE 'test' END,
            'animal/' || printf('%08d', detections.id) || '.jpg', 10, 10, 90, 90, lower(hex(randomblob(32)))
        FROM detections JOIN images ON images.id = detections.image_id JOIN locations ON locations.id = location_id
        JOIN labels ON labels.image_id = images.id AND labels.species_id = (
            SELECT min(species_id) FROM labels AS one WHERE one.image_id = images.id)
        WHERE detections.confidence >= 0.3;
    UPDATE images SET flagged = 1 WHERE id % 1000 = 5;
"""
PREDICT = """
    INSERT OR REPLACE INTO predictions SELECT run.id, crops.id, said.id, 0.5 + crops.id % 50 / 100.0,
        '[["' || said.name || '",' || (0.5 + crops.id % 50 / 100.0) || '],["species03",0.004],["species04",0.003]]'
        FROM crops JOIN runs AS run JOIN species AS said
        ON said.id = CASE WHEN crops.id % 5 THEN crops.species_id ELSE 2 + crops.id % 60 END;
"""


def make(folder: Path, size: int) -> dict[str, float]:
    """A project in ``folder / "project"`` whose pictures lie in ``folder / "pictures"``; what its import took."""
    survey = folder / "survey.json"
    write_survey(survey, size, frames=FRAMES)
    began = time.perf_counter()
    _, _, peak = in_process(IMPORT, survey, folder / "project")
    figures = {"seconds": time.perf_counter() - began, "peak_mb": peak}
    survey.unlink()
    with Project.open(folder / "project") as project:
        with project.write() as db:
            db.execute("UPDATE roots SET path = ?", (str(folder / "pictures"),))
            for statement in FILL.split(";"):
                db.execute(statement)
        run = _run(project)
        with project.write() as db:
            db.execute(PREDICT)
            db.execute("UPDATE runs SET predicted_with = ?", (run,))
        places = {name: [Place(-2.5, 34.8)] for name in images.locations(project)}
        coordinates.write_template(folder / "coordinates.csv", places, places)
        project.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _link_pictures(project, folder / "pictures")
    return figures


def _run(project: Project) -> str:
    """A run with a classifier that has not learnt anything; the fingerprint of its bundle."""
    from camtrap_gui.models.classifiers import Classifier, backbones, bundle

    classes = images.species(project)
    data: dict[str, Any] = {
        "classes": list(classes),
        "data_hash": "",
        "padding": 1.69,
        "location_key": "location",
        "locations": {"train": [], "val": []},
    }
    run = runs.start(project, "quick", BACKBONE, {}, data, {})
    backbone = backbones.get(BACKBONE)
    model = backbones.network(backbone, len(classes), backbone.input_size)
    bundle.save(run.model, Classifier(model, classes, BACKBONE, backbone.input_size, 1.69))
    runs.set_state(project, run.id, "done", {})
    return bundle.fingerprint(run.model)


def _link_pictures(project: Project, folder: Path) -> None:
    """Let every picture of the project be there: links to a few small ones."""
    real = folder.parent / "real"
    real.mkdir()
    chance = np.random.default_rng(0)
    made = set()
    for number, (path,) in enumerate(project.db.execute("SELECT path FROM images ORDER BY id")):
        source = real / f"{number // LINKS}.jpg"
        if number % LINKS == 0:
            coarse = Image.fromarray(chance.integers(40, 200, (9, 12, 3), np.uint8))
            coarse.resize((160, 120), Image.Resampling.BICUBIC).save(source, quality=80)
        target = folder / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        os.link(source, target)
