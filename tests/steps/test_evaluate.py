import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camtrap_gui.cli import run as camtrap
from camtrap_gui.jobs import Cancelled
from camtrap_gui.models import crop_predictions
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, crops, evaluations, predictions, problems, runs
from camtrap_gui.steps import evaluate, named, run_step
from camtrap_gui.steps.evaluate import Options

CLASSES = ("human", "zebra", "gazelle", "rhino")


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A real bundle of a real, if ignorant, network on tiny pictures: its answers differ from crop to crop."""
    import keras

    from camtrap_gui.models.classifiers import Classifier, backbones, bundle

    keras.utils.set_random_seed(5)
    backbone = backbones.get(backbones.DEFAULT)
    network = backbones.network(backbone, len(CLASSES), 32)
    kernel, bias = network.get_layer(backbones.SPECIES_LAYER).weights
    kernel.assign(np.random.default_rng(1).normal(0, 3, kernel.shape))
    bias.assign([backbones.NEVER, 0, 0, 0])  # as training leaves a class without crops
    folder = tmp_path_factory.mktemp("model")
    bundle.save(folder, Classifier(network, CLASSES, backbone.name, 32, 1.69), {})
    return folder


@pytest.fixture(scope="session")
def classifier(model):
    """The bundle, read back once: building the network takes seconds."""
    from camtrap_gui.models.classifiers import bundle

    return bundle.load(model)


@pytest.fixture(autouse=True)
def read_once(classifier, monkeypatch):
    """Only the killed process, which shares nothing with the tests, reads the bundle itself."""
    from camtrap_gui.models.classifiers import bundle

    monkeypatch.setattr(bundle, "load", lambda folder: classifier)


@pytest.fixture
def trained(cropped: Project, model: Path) -> Project:
    """A project with crops and a finished run."""
    data = {"classes": crops.classes(cropped), "data_hash": crops.data_hash(cropped)}
    run = runs.start(cropped, "quick", "efficientnet-lite0", {}, data, {})
    shutil.copytree(model, run.model)
    runs.set_state(cropped, run.id, "done", {"val_macro_f1": 0.5})
    return cropped


def test_that_an_evaluation_is_shown_again_where_nothing_can_be_measured(trained, quiet):
    step = named("evaluate")
    trained.read_only = "of this test"
    with pytest.raises(Problem, match="can only be looked at"):
        run_step(step, trained, Options(), quiet)
    trained.read_only = ""
    measured = run_step(step, trained, Options(), quiet)
    trained.read_only = "of this test"
    again = run_step(step, trained, Options(), quiet)
    assert again.figures == measured.figures and again.notes == measured.notes
    assert again.text() == measured.text().replace("Wrote", "As it was measured last, in")
    for asked in (Options(split="val"), Options(precision=0.9)):
        with pytest.raises(Problem, match="can only be looked at"):
            run_step(step, trained, asked, quiet)


def table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def evaluation(project):
    return runs.newest(project).folder / "evaluation"


def test_that_all_figures_agree_with_the_classifier_itself(trained, classifier, quiet):
    result = evaluate.run(trained, Options(), quiet)
    test = list(crops.of_split(trained, "test"))
    pictures = [Image.open(crops.path_of(trained, crop)).convert("RGB") for crop in test]
    scores = classifier.predict(pictures)
    truth = np.array([crop.species for crop in test])
    first = scores.argmax(axis=1)

    assert result.figures.crops == len(test) == 7
    assert result.figures.accuracy == pytest.approx((first == truth).mean())
    assert result.figures.k == 4
    rows = table(evaluation(trained) / "predictions.csv")
    assert [row["crop"] for row in rows] == [crop.file for crop in test]
    assert [row["truth"] for row in rows] == [CLASSES[place] for place in truth]
    assert [row["top_1"] for row in rows] == [CLASSES[place] for place in first]
    assert [float(row["confidence"]) for row in rows] == pytest.approx(list(scores.max(axis=1)), abs=1e-4)


def test_that_the_confusion_matrix_adds_up_to_the_crops_of_each_species(trained, quiet):
    evaluate.run(trained, Options(), quiet)
    rows = table(evaluation(trained) / "confusion_matrix.csv")
    assert [row.pop("truth \\ prediction") for row in rows] == list(CLASSES)
    assert [sum(map(int, row.values())) for row in rows] == [0, 4, 3, 0]
    per_class = table(evaluation(trained) / "per_class.csv")
    assert [(row["crops"], row["locations"]) for row in per_class] == [
        ("0", "0"),
        ("4", "1"),
        ("3", "2"),
        ("0", "0"),
    ]
    assert per_class[0]["recall"] == ""


def test_that_every_location_has_its_figures(trained, quiet):
    result = evaluate.run(trained, Options(), quiet)
    rows = table(evaluation(trained) / "per_location.csv")
    assert [(row["location"], row["crops"], row["species"]) for row in rows] == [
        ("C01", "6", "2"),
        ("C02", "1", "1"),
    ]
    hits = sum(float(row["accuracy"]) * int(row["crops"]) for row in rows)
    assert hits / 7 == pytest.approx(result.figures.accuracy, abs=1e-5)


def test_that_the_evaluation_folder_and_the_run_hold_the_same_figures(trained, quiet):
    result = evaluate.run(trained, Options(), quiet)
    kept = json.loads((evaluation(trained) / "metrics.json").read_text(encoding="utf-8"))
    assert kept["accuracy"] == result.figures.accuracy
    assert [row["name"] for row in kept["classes"]] == list(CLASSES)
    assert kept["classes"][0]["recall"] is None
    figures = runs.newest(trained).figures
    assert figures["test_accuracy"] == result.figures.accuracy
    assert figures["test_macro_f1"] == result.figures.macro_f1
    assert figures["val_macro_f1"] == 0.5
    with Image.open(evaluation(trained) / "confusion_matrix.png") as image:
        assert image.width > 500
    assert not list(evaluation(trained).glob(".*"))


def test_that_reliability_is_kept_as_figures_a_table_and_a_picture(trained, quiet):
    result = evaluate.run(trained, Options(), quiet)
    known = result.figures.calibration
    said = list(predictions.judged(trained, runs.newest(trained).id, "test"))
    confidence = [judged.top[0][1] for judged in said]
    right = [judged.top[0][0] == judged.truth for judged in said]
    assert (known.confidence, known.accuracy) == (pytest.approx(np.mean(confidence)), np.mean(right))
    kept = json.loads((evaluation(trained) / "metrics.json").read_text(encoding="utf-8"))["calibration"]
    assert kept["error"] == known.error and len(kept["bins"]) == len(known.bins)
    rows = table(evaluation(trained) / "reliability.csv")
    assert [int(row["crops"]) for row in rows] == [each.crops for each in known.bins]
    apart = sum(
        int(row["crops"]) * abs(float(row["confidence"]) - float(row["right"]))
        for row in rows
        if row["right"]
    )
    assert apart / len(said) == pytest.approx(known.error, abs=1e-5)
    with Image.open(evaluation(trained) / "reliability.png") as image:
        assert image.width > 500
    assert f"Calibration error  {known.error:6.1%} (95 % interval" in result.text()


def test_that_tables_and_charts_have_the_intervals_of_the_figures(trained, quiet):
    figures = evaluate.run(trained, Options(), quiet).figures
    gazelle = next(row for row in table(evaluation(trained) / "per_class.csv") if row["name"] == "gazelle")
    of = next(c for c in figures.classes if c.name == "gazelle")
    assert of.locations == 2 and of.recall_interval is not None
    assert [float(gazelle["recall_low"]), float(gazelle["recall_high"])] == pytest.approx(
        of.recall_interval, abs=1e-6
    )
    zebra = next(row for row in table(evaluation(trained) / "per_class.csv") if row["name"] == "zebra")
    assert zebra["recall_low"] == "", "seen at one location"
    whole = table(evaluation(trained) / "parts.csv")[0]
    assert (whole["part"], whole["count"]) == ("All crops", "7")
    assert [float(whole["accuracy_low"]), float(whole["accuracy_high"])] == pytest.approx(
        figures.interval, abs=1e-6
    )
    with Image.open(evaluation(trained) / "per_class.png") as image:
        assert image.width > 500


def test_that_crops_of_a_sequence_are_voted_on(trained, quiet):
    assert evaluate.run(trained, Options(), quiet).figures.sequences is None, "every picture is alone"
    with trained.write() as db:
        db.execute("INSERT INTO sequences (id, root_id, name) VALUES (1, 1, 'a'), (2, 1, 'b')")
        db.execute("UPDATE images SET sequence_id = 1 WHERE id IN (16, 17, 18, 19)")  # zebras
        db.execute("UPDATE images SET sequence_id = 2 WHERE id IN (20, 21)")  # gazelles
    found = evaluate.run(trained, Options(), quiet).figures.sequences
    assert (found.voted.count, found.crops.count, found.mixed) == (3, 7, 0)
    sums: dict[tuple[str, int], dict[str, float]] = {}
    for judged in predictions.judged(trained, runs.newest(trained).id, "test"):
        of = sums.setdefault((judged.truth, judged.burst), {})
        for name, score in judged.top:
            of[name] = of.get(name, 0) + score
    right = [max(of, key=lambda name: of[name]) == truth for (truth, _), of in sums.items()]
    assert len(right) == 3 and found.voted.accuracy == pytest.approx(np.mean(right))
    rows = table(evaluation(trained) / "parts.csv")
    assert [row["part"] for row in rows][:3] == [
        "All crops",
        "Sequences, by vote",
        "Their crops, one by one",
    ]


def test_that_day_and_night_are_told_by_the_clock_or_else_by_colour(trained, quiet):
    with trained.write() as db:
        db.execute("UPDATE images SET taken = NULL WHERE id = 22")
        db.execute("UPDATE images SET taken = '2024-01-05T12:00:00' WHERE id < 20")
        db.execute("UPDATE images SET taken = '2024-01-05T23:00:00' WHERE id IN (20, 21)")
    result = evaluate.run(trained, Options(), quiet)
    known = result.figures.day_night
    assert (known.by_clock, known.by_colour, known.unknown) == (6, 1, 0)
    assert (known.day.count, known.night.count) == (4, 3), "a crop of one tint is taken for infrared"
    assert "Without a time, grey pictures are taken for night (1 crops)." in result.text()


def test_that_a_random_split_is_measured_when_asked_for_and_found_again(trained, quiet, monkeypatch):
    from camtrap_gui.evaluation import Leakage
    from camtrap_gui.models import leakage

    assert evaluate.run(trained, Options(), quiet).leakage is None
    run = runs.newest(trained)
    assert evaluations.leakage(run) is None
    asked = []

    def measure(project, run, seed, step, report):
        from camtrap_gui.evaluation import part_of

        asked.append(step)
        one, other = (part_of(np.zeros(4, int), np.array([[guess]] * 4), np.arange(4), 2) for guess in (1, 0))
        key = leakage.made_from(project, run, seed)
        return Leakage("tiny", seed, 4, 4, 4, 12, cameras=one, at_random=other, made_from=key)

    monkeypatch.setattr(leakage, "measure", measure)
    first = evaluate.run(trained, Options(random_split=True), quiet)
    assert "A random split would have claimed 100%; at new cameras it is 0%." in first.text()
    assert evaluate.run(trained, Options(random_split=True), quiet) == first
    assert evaluations.leakage(run) == first.leakage
    assert asked == ["evaluate"]
    with trained.write() as db:
        db.execute("UPDATE crops SET species_id = 12 WHERE id = 16")
        db.execute("UPDATE runs SET data_hash = ?", (crops.data_hash(trained),))
    evaluate.run(trained, Options(random_split=True), quiet)
    assert asked == ["evaluate"] * 2, "the data have changed"


def test_that_an_evaluation_of_an_earlier_version_can_still_be_read(trained, quiet):
    evaluate.run(trained, Options(), quiet)
    path = evaluation(trained) / "metrics.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    later = ("top_k_interval", "macro_f1_interval", "balanced_accuracy_interval", "sequences", "day_night")
    older = {key: value for key, value in kept.items() if key not in later}
    for row in older["classes"]:
        for name in ("precision", "recall", "f1"):
            del row[f"{name}_interval"]
    path.write_text(json.dumps(older), encoding="utf-8")
    read = evaluations.of_run(runs.newest(trained), "test")
    assert read is not None and read.figures.accuracy == kept["accuracy"]
    assert read.figures.day_night is None and read.figures.classes[1].f1_interval is None
    assert "Top-1 accuracy" in read.figures.text()


def test_that_the_command_prints_the_tutorials_line(trained, capsys):
    assert camtrap(["evaluate", str(trained.folder)]) == 0
    out = capsys.readouterr().out
    figures = runs.newest(trained).figures
    assert (
        f"\neval/Accuracy[{figures['test_accuracy']:.9g}]eval/Recall_4[{figures['test_top_4']:.9g}]\n" in out
    )


def test_that_it_says_what_the_figures_do_not_tell(trained, quiet):
    text = evaluate.run(trained, Options(), quiet).text()
    assert "No test crops, so nothing is known about: human, rhino." in text
    assert (
        "Seen at fewer than 3 test locations, so the figures may not hold elsewhere: zebra, gazelle." in text
    )


def test_that_a_species_without_training_crops_is_never_among_the_guesses(trained, quiet):
    evaluate.run(trained, Options(), quiet)
    for row in predictions.judged(trained, runs.newest(trained).id, "test"):
        assert "human" not in [name for name, _ in row.top]
        assert len(row.top) == 3


def test_that_another_split_is_measured_beside_the_test_split(trained, quiet):
    result = evaluate.run(trained, Options(split="val"), quiet)
    assert result.figures.crops == 3
    assert result.figures.interval is None
    assert (evaluation(trained) / "val" / "metrics.json").is_file()
    assert "test_accuracy" not in runs.newest(trained).figures


def test_that_an_evaluation_that_was_stopped_predicts_only_what_is_missing(trained, quiet, monkeypatch):
    monkeypatch.setattr(crop_predictions, "_BATCH", 2)
    whole = evaluate.run(trained, Options(), quiet)
    listed = (evaluation(trained) / "predictions.csv").read_bytes()
    run = runs.newest(trained)
    with trained.write() as db:
        db.execute("DELETE FROM predictions")

    def stop_early(progress):
        if progress.phase == "Predicting" and progress.done >= 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        evaluate.run(trained, Options(), stop_early)
    assert predictions.count(trained, run.id, "test") == 4
    seen = []
    again = evaluate.run(trained, Options(), seen.append)
    assert [progress.done for progress in seen if progress.phase == "Predicting"] == [4, 6, 7]
    assert again == whole
    assert (evaluation(trained) / "predictions.csv").read_bytes() == listed


def test_that_measuring_again_needs_no_classifier(trained, quiet, monkeypatch):
    from camtrap_gui.models.classifiers import bundle

    first = evaluate.run(trained, Options(), quiet)
    monkeypatch.setattr(bundle, "load", None)
    assert evaluate.run(trained, Options(), quiet) == first


def test_that_a_crop_that_cannot_be_read_is_counted_and_named_but_measured_nowhere(trained, quiet):
    (trained.folder / "crops" / "zebra" / "16.jpg").write_bytes(b"no picture")
    (trained.folder / "crops" / "zebra" / "17.jpg").unlink()
    result = evaluate.run(trained, Options(), quiet)
    assert (result.figures.crops, result.unreadable) == (5, 2)
    assert "Unreadable and not counted: 2 crops." in result.text()
    assert [subject for subject, _ in problems.of_step(trained, "evaluate")] == [
        "zebra/16.jpg",
        "zebra/17.jpg",
    ]


def test_that_a_split_without_a_readable_crop_is_a_problem(trained, quiet):
    for file in (trained.folder / "crops").glob("*/*.jpg"):
        file.write_bytes(b"")
    with pytest.raises(Problem, match=r"zebra/16\.jpg: empty.*camtrap crop"):
        evaluate.run(trained, Options(), quiet)


def test_that_without_a_run_train_is_named(cropped, quiet):
    with pytest.raises(Problem, match="camtrap train"):
        evaluate.run(cropped, Options(), quiet)


def test_that_a_split_without_crops_is_refused(trained, quiet):
    with trained.write() as db:
        db.execute("DELETE FROM crops WHERE split = 'val'")
        db.execute("UPDATE runs SET data_hash = ?", (crops.data_hash(trained),))
    with pytest.raises(Problem, match="val split has no crops"):
        evaluate.run(trained, Options(split="val"), quiet)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE crops SET split = 'test' WHERE split = 'val'", "split have changed"),
        ("UPDATE species SET name = 'gnu' WHERE name = 'zebra'", "knows “zebra”"),
        ("DELETE FROM crops WHERE id = 1", "Crops, their labels or their split have changed"),
    ],
)
def test_that_other_data_than_the_runs_are_refused_with_what_to_do(trained, quiet, change, says):
    with trained.write() as db:
        db.execute(change)
    with pytest.raises(Problem, match=rf"{says}.*camtrap train"):
        evaluate.run(trained, Options(), quiet)


def test_that_a_killed_evaluation_continues_and_ends_the_same(trained, quiet):
    whole = evaluate.run(trained, Options(), quiet)
    run = runs.newest(trained)
    with trained.write() as db:
        db.execute("DELETE FROM predictions")
    shutil.rmtree(evaluation(trained))
    code = (
        "import sys; from camtrap_gui.models import crop_predictions; crop_predictions._BATCH = 1\n"
        "from camtrap_gui.cli import run\n"
        "import time; add = crop_predictions.predictions.add\n"
        "def slow(*given): add(*given); time.sleep(0.3)\n"
        "crop_predictions.predictions.add = slow\n"
        "sys.exit(run(['evaluate', sys.argv[1]]))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(trained.folder)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while predictions.count(trained, run.id, "test") < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert 2 <= predictions.count(trained, run.id, "test") < 7
    assert not evaluation(trained).exists()
    assert evaluate.run(trained, Options(), quiet) == whole
