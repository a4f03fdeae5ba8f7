"""The steps of ``benchmarks.flat_memory``: ``python -m benchmarks.flat_steps STEP FOLDER PICTURES prepare|run``.

``prepare`` brings the project of FOLDER to where the step begins; ``run`` carries it out and prints what it took.
"""

import json
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from camtrap_gui.jobs import Progress
from camtrap_gui.project import Project

FRESH_CROPS = "DELETE FROM crops; DELETE FROM crop_files"
ALL_TEST = """
    DELETE FROM predictions; DELETE FROM crops;
    INSERT INTO crops (image_id, species_id, location, split, file, "left", top, right, bottom, sha256)
        SELECT images.id, 2 + images.id / 3 % 60, locations.name, 'test', 'animal/' || images.id || '.jpg', 10, 10, 90, 90, ''
        FROM images JOIN locations ON locations.id = location_id
"""
DECIDED = """
    UPDATE images SET reviewed = '2024-05-01T10:00:00+00:00' WHERE id IN (SELECT image_id FROM labels);
    UPDATE labels SET author = 'Ann', made = '2024-05-01T10:00:00+00:00'
"""
UNDECIDED = "UPDATE images SET reviewed = NULL; UPDATE labels SET author = 'import', made = NULL, species_id = 2 WHERE species_id = 1"


def main() -> None:
    """Prepare or run the step that the arguments ask for."""
    name, folder, pictures, phase = sys.argv[1:]
    own = Path(folder)
    if phase == "prepare":
        PREPARE.get(name, lambda _: None)(own)
        return
    step: Callable[[Path, Path], object] = STEPS[name]
    watch = _Private()
    began = time.perf_counter()
    step(own, Path(pictures))
    seconds = time.perf_counter() - began
    started = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    found = {"seconds": seconds, "peak_mb": _status("VmHWM") + started, "private_mb": watch.stop() + started}
    print(json.dumps({key: round(value, 3) for key, value in found.items()}))


def _status(name: str) -> float:
    """A figure of this process in MB, as Linux tells it; elsewhere the peak."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
            2**20 if sys.platform == "darwin" else 1024
        )
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


class _Private(threading.Thread):
    """Watches what the process has in memory that is no file's."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._most, self._over = 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self._over.wait(0.02):
            self._most = max(self._most, _status("RssAnon"))

    def stop(self) -> float:
        self._over.set()
        self.join()
        return max(self._most, _status("RssAnon"))


def quiet(_: Progress) -> None:
    """Hears of progress."""


def step(name: str, /, **options: Any) -> Callable[[Path, Path], object]:
    """A step of the program on the project, with these options."""

    def run(own: Path, _: Path) -> object:
        from importlib import import_module

        module = import_module(f"camtrap_gui.steps.{name}")
        with Project.open(own / "project") as project:
            return module.run(project, module.Options(**options), quiet)

    return run


def share(form: str, target: str, **options: Any) -> Callable[[Path, Path], object]:
    """Writing for another program."""

    def run(own: Path, _: Path) -> object:
        from camtrap_gui.steps import share as sharing

        with Project.open(own / "project") as project:
            return sharing.run(project, sharing.Options(form, own / target, **options), quiet)

    return run


def with_stand_ins(run: Callable[[Path, Path], object]) -> Callable[[Path, Path], object]:
    """The same, with stand-ins that look at pictures."""

    def instead(own: Path, pictures: Path) -> object:
        from benchmarks.flat_standins import StandInDetector, StandInEmbedder
        from camtrap_gui.models import detectors, store
        from camtrap_gui.models.classifiers import features

        store.fetch = lambda *_: None
        detectors.load = lambda _: StandInDetector()  # type: ignore[assignment]
        features.Embedder = StandInEmbedder  # type: ignore[assignment,misc]
        return run(own, pictures)

    return instead


def detect_shards(own: Path, _: Path) -> None:
    """Both halves of the survey."""
    from camtrap_gui.steps import detect

    for shard in ("1/2", "2/2"):
        detect.run_reading(own / "project", detect.Options(shard=shard), quiet)


def plan_crops(own: Path, _: Path) -> object:
    """What crops there would be."""
    from camtrap_gui.steps import crop

    with Project.open(own / "project") as project:
        return crop.look_ahead(project, crop.Options(), quiet)


def stats(own: Path, _: Path) -> None:
    """Every view, as table and chart."""
    from camtrap_gui.steps import stats

    with Project.open(own / "project") as project:
        for view in ("species", "location", "hour", "month", "detections-per-image"):
            chosen = stats.Options(view=view, chart=own / f"{view}.png", csv=own / "counts.csv")
            stats.run(project, chosen, quiet)


def queues(own: Path, _: Path) -> None:
    """Every queue, with its first lines, and the counts."""
    from camtrap_gui.project import queues
    from camtrap_gui.project.queues import Queue

    values = {"species": "species07", "location": "C07"}
    with Project.open(own / "project") as project:
        for kind in queues.KINDS:
            if kind.name != "search":
                ids = queues.ids(project, Queue(kind.name, values.get(kind.name, "")))
                queues.lines(project, ids[:20])
        queues.counts(project)


def window_counts(own: Path, _: Path) -> None:
    """What pages of the window count while a person chooses."""
    from camtrap_gui.project import detections, images
    from camtrap_gui.sharing import outlook

    with Project.open(own / "project") as project:
        detector = detections.latest_detector(project)
        assert detector is not None
        detections.count(project, detector.id, 0.5)
        detections.per_image(project, detector.id, 0.5)
        images.location_keys(project)
        outlook.Outlook(project, quiet).count({})


def smoothing(own: Path, _: Path) -> None:
    """What smoothing would change, and the first changes in words."""
    from camtrap_gui.project import smoothing

    with Project.open(own / "project") as project:
        smoothing.explain(project, smoothing.smooth(project), 100)


def accept(own: Path, _: Path) -> None:
    """One decision about all pictures without a label."""
    from camtrap_gui.project import browse, decisions
    from camtrap_gui.project.browse import Filter

    with Project.open(own / "project") as project:
        decisions.accept(project, browse.ids(project, Filter(state="unlabelled")), "Ann")


def labels(own: Path, *words: str) -> None:
    """A command line of ``camtrap labels``."""
    from camtrap_gui import cli

    if cli.run(["labels", words[0], str(own / "project"), *words[1:]]):
        raise SystemExit(1)


def predict(own: Path, pictures: Path) -> object:
    """All pictures, with a table and results."""
    from benchmarks.flat_standins import StandInClassifier
    from camtrap_gui.models import prediction
    from camtrap_gui.steps import predict

    prediction.load_classifier = lambda _: StandInClassifier([f"species{n:02}" for n in range(61)])  # type: ignore[assignment,return-value]
    chosen = predict.Options(own, (pictures,), detect=True, csv=own / "said.csv", json=own / "said.json")
    return predict.run(None, chosen, quiet)


STEPS: dict[str, Callable[[Path, Path], object]] = {
    "detect": with_stand_ins(step("detect")),
    "shards": with_stand_ins(detect_shards),
    "merge": step("merge"),
    "static": step("static"),
    "crop-plan": plan_crops,
    "crop": step("crop"),
    "crop-again": step("crop", threshold=0.5),
    "stats": stats,
    "train": with_stand_ins(step("train", epochs=1, fresh=True)),
    "evaluate": step("evaluate"),
    "sample": lambda own, pictures: step("sample", output=own / "sample", sample=100)(own, pictures),
    "review": with_stand_ins(step("review")),
    "queues": queues,
    "window-counts": window_counts,
    "smoothing": smoothing,
    "accept": accept,
    "share-megadetector": share("megadetector", "results.json"),
    "results": lambda own, pictures: step("results", file=own / "results.json", name="another")(
        own, pictures
    ),
    "share-camtrap-dp": lambda own, pictures: share(
        "camtrap-dp",
        "package",
        time_zone="Africa/Dar_es_Salaam",
        coordinates=own.parent / "coordinates.csv",
        events=True,
    )(own, pictures),
    "share-coco-camera-traps": share("coco-camera-traps", "survey.json"),
    "share-csv": share("csv", "tables"),
    "share-xlsx": share("xlsx", "tables.xlsx"),
    "share-coco": share("coco", "coco", pictures="list"),
    "share-yolo": share("yolo", "yolo", pictures="link"),
    "share-species-folders": share("species-folders", "folders", pictures="link"),
    "labels-export": lambda own, _: labels(own, "export", str(own / "decisions.json")),
    "labels-import": lambda own, _: labels(own, "import", str(own / "decisions.json"), "--author", "Ben"),
    "labels-undo": lambda own, _: labels(own, "undo"),
    "predict": with_stand_ins(predict),
}
"""By name; each takes the folder of its project and that of the pictures."""


def _write(statements: str) -> Callable[[Path], None]:
    def prepare(own: Path) -> None:
        with Project.open(own / "project") as project, project.write() as db:
            for statement in statements.split(";"):
                db.execute(statement)

    return prepare


def _predictions(own: Path) -> None:
    """A crop for every picture, all of them held out, with a prediction each."""
    from benchmarks.flat_projects import PREDICT

    _write(f"{ALL_TEST}; {PREDICT.strip().rstrip(';')}")(own)


def _features(own: Path) -> None:
    """What a network saw in every crop and every animal, as if it had been at work."""
    import numpy as np

    from camtrap_gui.models import reviewing
    from camtrap_gui.models.classifiers import backbones, features

    chance = np.random.default_rng(0)
    with Project.open(own / "project") as project:
        project.db.create_function(
            "unhex", 1, bytes.fromhex, deterministic=True
        )  # SQLite has it from 3.41 on
        with project.write() as db:
            db.execute("DELETE FROM runs")
            db.execute(
                "DELETE FROM suggestions WHERE detection_id IN (SELECT id FROM detections WHERE confidence < 0.3)"
            )
            db.execute(
                "UPDATE suggestions SET run_id = '', species_id = NULL, top = NULL, features = randomblob(32)"
            )
            db.execute(
                "UPDATE suggestions SET features = unhex(sha256) FROM crops WHERE crops.detection_id = suggestions.detection_id"
            )
            made_with = reviewing.Review(project, None, 0, quiet).made_with
            db.execute("UPDATE suggestions SET made_with = ?", (made_with,))
        store = features.store_of(project.folder, backbones.usual())
        rows = project.db.execute("SELECT lower(hex(features)) FROM suggestions")
        while page := rows.fetchmany(10_000):
            vectors = chance.standard_normal((len(page), backbones.usual().features), np.float32)
            store.add([key for (key,) in page], vectors)


PREPARE: dict[str, Callable[[Path], None]] = {
    "crop": _write(FRESH_CROPS),
    "train": _features,
    "evaluate": _predictions,
    "review": _features,
    "labels-export": _write(DECIDED),
    "labels-import": _write(UNDECIDED),
}
"""What there is to be done before, by step."""


if __name__ == "__main__":
    main()
