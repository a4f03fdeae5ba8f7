"""Results made elsewhere: what comes in, what stays as it is, and that a file can do no harm."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.jobs import Cancelled
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decisions, detections, images, problems, proposals, suggestions
from camtrap_gui.sharing import megadetector
from camtrap_gui.steps import named, results, run_step, states
from tests import reviewable
from tests.formats.test_megadetector_reading import VERSIONS, change_somewhere

ROOT = Path(__file__).parent.parent.parent
BOX = [0.1, 0.2, 0.3, 0.4]
CATEGORIES = {"1": "animal", "2": "person", "3": "vehicle"}
PATHS = ["A/1.jpg", "A/2.jpg", "B/1.jpg", "B/2.jpg"]


@pytest.fixture
def survey(project):
    add_images(project, PATHS)
    return project


def add_images(project, paths):
    with project.write() as db:
        db.execute("INSERT OR IGNORE INTO roots (id, path) VALUES (1, '/pictures')")
        db.executemany(
            "INSERT INTO images (key, root_id, path) VALUES (?1, 1, ?1)", ((path,) for path in paths)
        )


def animal(**others):
    return {"category": "1", "conf": 0.9, "bbox": BOX, **others}


def write(path, *entries, **others):
    info = {"format_version": "1.6", "detector": "models/md_v5a.0.0.pt"}
    content = {"images": list(entries), "detection_categories": CATEGORIES, "info": info, **others}
    path.write_text(json.dumps(content))
    return path


def bring_in(project, path, **options):
    return run_step(named("results"), project, results.Options(path, **options), lambda _: None)


def everything(project):
    """All that results change, in words that another project with the same images understands."""
    tables = {
        "detectors": "SELECT sha256, name, kind, typical_threshold, conservative_threshold FROM detectors ORDER BY 1",
        "detected": "SELECT path, detected.problem FROM detected JOIN images ON images.id = image_id ORDER BY path",
        "detections": (
            "SELECT path, category, confidence, x, y, d.width, d.height, rejected FROM detections AS d"
            " JOIN images ON images.id = image_id ORDER BY path, confidence DESC, x, y, d.width, d.height"
        ),
        "suggestions": (
            "SELECT path, run_id, top FROM suggestions AS s JOIN images ON images.id = s.image_id"
            " JOIN detections AS d ON d.id = detection_id ORDER BY path, d.confidence DESC, x, top"
        ),
    }
    return {name: [tuple(row) for row in project.db.execute(query)] for name, query in tables.items()}


def test_that_what_was_found_elsewhere_is_as_if_it_had_been_found_here(survey, tmp_path):
    path = write(
        tmp_path / "md.json",
        {"file": "A/1.jpg", "detections": [animal(), animal(category="2", conf=0.3), animal(conf=0.03)]},
        {"file": "A/2.jpg", "detections": []},
        {"file": "B/1.jpg", "failure": "image access failure", "detections": None},
        {"file": "C/9.jpg", "detections": []},
        {"file": "B/clip.mp4", "frame_rate": 30, "detections": []},
    )
    result = bring_in(survey, path)
    detector = detections.latest_detector(survey)
    assert (detector.name, detector.kind) == ("md_v5a.0.0.pt", "results")
    assert (detector.typical_threshold, detector.conservative_threshold) == (0.2, 0.05)
    found = detections.of_image(survey, 1, detector.id)
    assert [(one.category, one.confidence, one.x, one.height, one.rejected) for one in found] == [
        ("animal", 0.9, 0.1, 0.4, False),
        ("person", 0.3, 0.1, 0.4, False),
    ]
    assert list(detections.problems(survey, detector.id)) == [(3, "image access failure")]
    assert detections.count_unseen(survey, detector.id) == 1
    assert (result.entries, result.matched, result.new, result.without) == (5, 3, 3, 1)
    assert result.images_with == {"animal": 1, "person": 1} and result.failures == 1
    assert problems.counts(survey, "results") == {"video, not a picture": 1, "not in the project": 1}
    assert result.passed_over["detection below the lowest confidence that is kept"] == 1
    assert "md_v5a.0.0.pt" in result.text() and "Not in the file: 1 image of the project" in result.text()


def test_that_a_preview_says_the_same_and_changes_nothing(survey, tmp_path):
    path = write(tmp_path / "md.json", {"file": "x/A/1.jpg", "detections": [animal()]}, {"file": "x/C/1.jpg"})
    before = list(survey.db.iterdump())
    preview = bring_in(survey, path, preview=True)
    assert list(survey.db.iterdump()) == before
    assert preview.ways == ("“x/” is left out",)
    assert preview.examples == {
        "not in the project": ("x/C/1.jpg",),
        "in the project, but not in the file": ("A/2.jpg", "B/1.jpg", "B/2.jpg"),
    }
    assert "nothing was changed" in preview.text() and "x/C/1.jpg" in preview.text()
    result = bring_in(survey, path)
    assert (result.new, result.detections) == (preview.new, preview.detections) == (1, 1)


def test_that_files_of_one_detector_add_up_and_what_is_known_stays(survey, tmp_path):
    bring_in(survey, write(tmp_path / "a.json", {"file": "A/1.jpg", "detections": [animal()]}))
    again = write(
        tmp_path / "b.json",
        {"file": "A/1.jpg", "detections": []},
        {"file": "B/1.jpg", "detections": [animal()]},
    )
    result = bring_in(survey, again)
    assert (result.matched, result.new, result.known) == (2, 1, 1) and "--name" in result.text()
    assert [len(detections.of_image(survey, number, 1)) for number in (1, 3)] == [1, 1]
    other = bring_in(survey, again, name="after repeats were removed")
    assert other.new == 2 and detections.latest_detector(survey).name == "after repeats were removed"
    assert detections.of_image(survey, 1, detections.latest_detector(survey).id) == []


def test_that_more_or_less_can_be_kept_than_is_usual(survey, tmp_path):
    entries = {"file": "A/1.jpg", "detections": [animal(conf=share) for share in (0.9, 0.1, 0.01)]}
    path = write(tmp_path / "a.json", entries)
    assert bring_in(survey, path, lowest=0.0, name="all").detections == 3
    assert bring_in(survey, path, lowest=0.5, name="few").detections == 1
    assert detections.latest_detector(survey).conservative_threshold == 0.5


def test_that_static_objects_of_other_programs_come_in_as_rejected(survey, tmp_path):
    bring_in(
        survey, write(tmp_path / "a.json", {"file": "A/1.jpg", "detections": [animal(conf=-0.8), animal()]})
    )
    assert [(one.confidence, one.rejected) for one in detections.of_image(survey, 1, 1)] == [
        (0.9, False),
        (0.8, True),
    ]


def test_that_the_word_of_a_classifier_becomes_a_suggestion_that_can_be_accepted(survey, tmp_path):
    with survey.write() as db:
        db.execute("INSERT INTO species (name, position) VALUES ('red fox', 0)")
    top = [["7", 0.7], ["8", 0.2]]
    path = write(
        tmp_path / "a.json",
        {
            "file": "A/1.jpg",
            "detections": [animal(classifications=top), animal(conf=0.1, classifications=top)],
        },
        {"file": "A/2.jpg", "detections": [animal(classifications=[["8", 0.9]])]},
        {"file": "B/1.jpg", "detections": [animal(category="2", classifications=top)]},
        classification_categories={"7": "Red Fox", "8": "okapi"},
        info={"detector": "md_v5a", "classifier": "speciesnet"},
    )
    assert bring_in(survey, path).suggestions == 2
    assert images.species(survey) == ("red fox",), "no class list grows by what a machine says"
    [said] = suggestions.of_image(survey, 1).values()
    assert (said.run_id, said.species, said.confidence) == ("speciesnet (elsewhere)", "red fox", 0.7)
    assert said.top == (("red fox", 0.7), ("okapi", 0.2)) and said.margin == pytest.approx(0.5)
    assert [one.species for one in proposals.of_image(survey, 2).said] == ["okapi"]
    decisions.accept(survey, [1, 2], author="Ana")
    rows = survey.db.execute(
        "SELECT name, run_id, author FROM labels JOIN species ON species.id = species_id"
    )
    assert sorted(map(tuple, rows)) == [
        ("okapi", "speciesnet (elsewhere)", "Ana"),
        ("red fox", "speciesnet (elsewhere)", "Ana"),
    ]


def test_that_a_review_without_a_classifier_keeps_what_one_elsewhere_said(survey, tmp_path):
    entry = {"file": "A/1.jpg", "detections": [animal(classifications=[["7", 0.7]])]}
    bring_in(survey, write(tmp_path / "a.json", entry, classification_categories={"7": "fox"}))
    suggestions.add(survey, "", "hash", [suggestions.Said(1, b"key", ())])
    assert suggestions.of_image(survey, 1)[1].species == "fox"
    suggestions.add(survey, "a run", "hash", [suggestions.Said(1, b"key", (("lynx", 0.6),))])
    assert suggestions.of_image(survey, 1)[1].species == "lynx"


@pytest.mark.parametrize(
    ("info", "name", "thresholds"),
    [
        ({"detector": "md_v4.1.0.pb"}, "md_v4.1.0.pb", (0.8, 0.3)),
        ({"detector": "megadetector_v3"}, "megadetector_v3", (0.8, 0.3)),
        ({"detector": "c:\\md\\md_v5b.0.0.pt"}, "md_v5b.0.0.pt", (0.2, 0.05)),
        ({"detector": "md_v1000.0.0-redwood.pt"}, "md_v1000.0.0-redwood.pt", (0.3, 0.05)),
        ({"detector": "my own"}, "my own", (0.2, 0.1)),
        ({"format_version": "1.0"}, "file", (0.8, 0.3)),
        ({}, "file", (0.2, 0.1)),
        (
            {"detector": "x", "detector_metadata": {"typical_detection_threshold": 0.4, "conservative_detection_threshold": 9}},
            "x",
            (0.4, 0.1),
        ),
    ],
)  # fmt: skip
def test_that_thresholds_are_those_of_the_file_else_of_the_known_detectors(
    survey, tmp_path, info, name, thresholds
):
    bring_in(survey, write(tmp_path / "file.json", {"file": "A/1.jpg", "detections": []}, info=info))
    detector = detections.latest_detector(survey)
    assert detector.name == name
    assert (detector.typical_threshold, detector.conservative_threshold) == thresholds


def test_that_other_words_for_the_usual_categories_are_understood(survey, tmp_path):
    words = {"0": "empty", "1": "Animal", "2": "human", "3": "Vehicles", "4": "drone"}
    found = [animal(category=number) for number in words]
    bring_in(
        survey,
        write(tmp_path / "a.json", {"file": "A/1.jpg", "detections": found}, detection_categories=words),
    )
    kept = sorted(one.category for one in detections.of_image(survey, 1, 1))
    assert kept == ["animal", "drone", "person", "vehicle"]


@pytest.mark.parametrize(
    ("entries", "match"),
    [
        ([], "it has no image"),
        ([{"file": "C/3.jpg", "detections": []}], "No name in .* fits"),
    ],
)
def test_that_a_file_of_other_pictures_is_refused_and_changes_nothing(survey, tmp_path, entries, match):
    before = everything(survey)
    with pytest.raises(Problem, match=match):
        bring_in(survey, write(tmp_path / "a.json", *entries))
    assert everything(survey) == before


def test_that_a_project_without_images_says_what_to_do_first(project, tmp_path):
    with pytest.raises(Problem, match="camtrap dataset"):
        bring_in(project, write(tmp_path / "a.json", {"file": "A/1.jpg"}))


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), noise=st.binary(min_size=1, max_size=3), structure=st.booleans())
def test_that_a_broken_file_is_used_as_far_as_it_goes_or_changes_nothing(
    tmp_path_factory, seed, noise, structure
):
    folder = tmp_path_factory.mktemp("fuzz")
    chance = random.Random(seed)
    content = json.loads(json.dumps(chance.choice(list(VERSIONS.values()))))
    if structure:
        change_somewhere(content, chance.choice([None, -1, 1e999, "\ud800", [], {}, "x" * 5000]), chance)
    text = bytearray(json.dumps(content).encode())
    if not structure:
        start = chance.randrange(len(text))
        text[start : start + chance.choice([0, 1, 9])] = noise
    (folder / "r.json").write_bytes(text)
    with Project.create(folder / "project") as project:
        add_images(project, ["a.jpg", "b.jpg"])
        before = everything(project)
        try:
            result = bring_in(project, folder / "r.json")
        except Problem:
            assert everything(project) == before
        else:
            assert result.matched == len(everything(project)["detected"]) and result.text()


def test_that_what_goes_out_comes_back_into_a_new_project(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project, Project.create(tmp_path / "other") as other:
        with project.write() as db:
            db.execute("DELETE FROM labels")
            db.execute("UPDATE suggestions SET run_id = 'a-run (elsewhere)'")
            db.execute("UPDATE detected SET problem = 'truncated' WHERE image_id = 6")
            db.execute("UPDATE detectors SET sha256 = ?, kind = 'results'", ("0f" * 32,))
        megadetector.write(project, tmp_path / "r.json", lambda _: None)
        add_images(other, [f"{number:03}.jpg" for number in range(1, reviewable.IMAGES + 1)])
        with other.write() as db:
            db.executemany(
                "INSERT INTO species (name, position) VALUES (?, 0)", ((name,) for name in reviewable.SPECIES)
            )
        bring_in(other, tmp_path / "r.json")
        assert plain(everything(other)) == plain(everything(project))


def plain(everything):
    """``everything`` with the texts of suggestions read."""
    return everything | {
        "suggestions": [(*some, json.loads(top)) for *some, top in everything["suggestions"]]
    }


def test_that_an_import_that_was_stopped_goes_on_where_it_was(tmp_path):
    paths = [f"{number:05}.jpg" for number in range(12_000)]
    entries = [{"file": path, "detections": [animal(conf=0.5), animal(category="2")]} for path in paths]
    path = write(tmp_path / "md.json", *entries)
    whole, stopped = (Project.create(tmp_path / name) for name in ("whole", "stopped"))
    with whole, stopped:
        for project in (whole, stopped):
            add_images(project, paths)
        bring_in(whole, path)

        def stop(progress):
            if progress.phase == "Importing" and 0 < progress.done < 12_000:
                raise Cancelled

        with pytest.raises(Cancelled):
            results.run(stopped, results.Options(path), stop)
        kept = stopped.db.execute("SELECT count(*) FROM detected").fetchone()[0]
        assert 0 < kept < 12_000
        assert bring_in(stopped, path).known == kept
        assert everything(stopped) == everything(whole)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_that_an_import_that_was_killed_loses_nothing(tmp_path):
    paths = [f"{number:05}.jpg" for number in range(25_000)]
    path = write(
        tmp_path / "md.json", *({"file": name, "detections": [animal(), animal(conf=0.4)]} for name in paths)
    )
    with Project.create(tmp_path / "killed") as project, Project.create(tmp_path / "whole") as whole:
        for one in (project, whole):
            add_images(one, paths)
        bring_in(whole, path)
        command = [sys.executable, "-m", "camtrap_gui", "results", str(project.folder), str(path)]
        for more in (1, 8_000):
            child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            before = project.db.execute("SELECT count(*) FROM detected").fetchone()[0]
            while project.db.execute("SELECT count(*) FROM detected").fetchone()[0] < before + more:
                assert child.poll() is None
                time.sleep(0.005)
            child.send_signal(signal.SIGKILL)
            child.wait()
        assert project.db.execute("SELECT count(*) FROM detected").fetchone()[0] > 0
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        assert everything(project) == everything(whole)


def test_that_detecting_counts_as_done_elsewhere_until_it_is_done_here(survey, tmp_path):
    assert states(survey)["detect"] == "not yet"
    bring_in(survey, write(tmp_path / "md.json", {"file": "A/1.jpg", "detections": [animal()]}))
    assert states(survey)["detect"] == "brought in" and states(survey)["crop"] == "not yet"
