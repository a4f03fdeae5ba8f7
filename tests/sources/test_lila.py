"""Data from LILA: chosen before it is downloaded, downloaded once, whatever is stopped or breaks on the way.

The server has LILA's layout: a table of data sets, zips of metadata, and the same pictures on three clouds.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, images
from camtrap_gui.sources import lila_choice, lila_contents, lila_index, lila_pictures
from camtrap_gui.steps import dataset
from camtrap_gui.steps.dataset import Options
from tests import serving
from tests.lila import HUMAN, PICTURES, RECORDS, SAID, SURVEY, serving_lila, zipped


@pytest.fixture
def server(monkeypatch):
    with serving_lila(monkeypatch) as served:
        yield served


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "pictures of lila"


def bring(project: Project, folder: Path, report=lambda _: None, **options) -> dataset.Result:
    return dataset.run(project, Options(lila="snapshot-serengeti", images=folder, **options), report)


def pictures_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.JPG")}


def number_of(project: Project, key: str) -> int:
    return next(image.id for image in images.walk(project) if image.key == key)


def asked_for(server) -> list[str]:
    return [path.partition("/unzipped/")[2] for path, _ in server.asked if "/unzipped/" in path]


def test_that_a_data_set_comes_in_with_its_pictures_labels_and_places(project, server, folder):
    result = bring(project, folder)
    assert pictures_in(folder) == PICTURES
    assert (result.described, result.labels, result.locations) == (36, 36, 2)
    assert result.lila.missing == {"not published": len(HUMAN)}
    assert "LILA has results of MegaDetector for it" in result.text()
    label = images.labels_of(project, number_of(project, RECORDS[2]["id"]))[0]
    assert label.species == "zebra"
    assert not list(folder.rglob("*.part*"))


@pytest.mark.parametrize(
    ("choice", "keep"),
    [
        ({"lila_seasons": ("s1",)}, lambda record, said: record["season"] == "S1"),
        ({"lila_locations": ("C 05",)}, lambda record, said: record["location"] == "C 05"),
        ({"lila_species": ("Zebra", "gazellethomsons")}, lambda record, said: said > 1),
        (
            {"lila_species": ("zebra",), "lila_seasons": ("S2",), "lila_locations": ("B04",)},
            lambda record, said: said == 2 and record["season"] == "S2" and record["location"] == "B04",
        ),
    ],
)
def test_that_only_what_was_chosen_is_downloaded(project, server, folder, choice, keep):
    wanted = {
        record["file_name"]
        for record, said in zip(RECORDS, SAID, strict=True)
        if keep(record, said["category_id"])
    }
    result = bring(project, folder, **choice)
    assert set(asked_for(server)) == wanted and len(wanted) == result.lila.chosen == result.described
    assert pictures_in(folder).keys() == wanted & PICTURES.keys()
    assert result.labels == len(wanted)


def test_that_a_random_sample_is_the_same_again_and_another_with_another_seed(server, tmp_path):
    def sample(name: str, seed: int) -> set[str]:
        with Project.create(tmp_path / name) as project:
            bring(
                project,
                tmp_path / f"{name} pictures",
                lila_sample=8,
                lila_seed=seed,
                lila_species=("zebra", "empty"),
            )
        return pictures_in(tmp_path / f"{name} pictures").keys()

    first, again, other = sample("a", 0), sample("b", 0), sample("c", 1)
    assert first == again != other and len(first) == len(other) == 8


def test_that_a_preview_says_how_much_it_is_and_downloads_no_picture(project, server, folder):
    result = bring(project, folder, preview=True, lila_species=("zebra",))
    assert (result.lila.chosen, result.lila.of, result.lila.to_come) == (9, 36, 9)
    assert result.lila.megabytes == 1 and "To be downloaded: 9 pictures, about 1 MB." in result.text()
    assert "Cannot be used" not in result.text() and "nothing was changed" in result.text()
    assert asked_for(server) == [] and images.count(project) == 0
    bring(project, folder, lila_species=("zebra",))
    assert len(server.ranges("gcp/meta/Serengeti.json.zip")) == 1  # the metadata is fetched once
    assert bring(project, folder, preview=True, lila_species=("zebra",)).lila.to_come == 0


def test_that_what_is_there_is_not_downloaded_again(project, server, folder):
    bring(project, folder, lila_species=("zebra",))
    before = len(server.asked)
    bring(project, folder, lila_species=("zebra",))
    assert [path for path, _ in server.asked[before:]] == ["index.csv"]


def test_that_another_choice_adds_to_the_first(project, server, folder):
    bring(project, folder, lila_species=("zebra",))
    result = bring(project, folder, lila_species=("empty",))
    assert (result.described, result.images) == (9, 18) and len(pictures_in(folder)) == 18


def test_that_the_other_clouds_help(project, server, folder):
    path = f"gcp/unzipped/{next(iter(PICTURES))}"
    for name in list(server.files):
        if name.startswith("gcp/"):
            server.always[name] = serving.status(404)
    server.always[path] = serving.page
    server.always["gcp/meta/Serengeti.json.zip"] = serving.status(503, Retry_After="0")
    bring(project, folder, lila_seasons=("S1",))
    assert pictures_in(folder).items() <= PICTURES.items() and len(pictures_in(folder)) > 10


def test_that_a_cloud_can_be_asked_first(project, server, folder):
    bring(project, folder, lila_cloud="azure", lila_species=("zebra",))
    assert {path.partition("/")[0] for path, _ in server.asked} == {"index.csv", "azure"}


def test_that_broken_lines_give_whole_pictures(project, server, folder):
    for place, path in enumerate(PICTURES):
        server.tricks[f"gcp/unzipped/{path}"] = [serving.cut(100 + place), serving.hang_up]
    server.tricks["gcp/meta/Serengeti.json.zip"] = [serving.cut(300)]
    bring(project, folder)
    assert pictures_in(folder) == PICTURES


def test_that_a_picture_that_is_broken_at_lila_is_a_row_with_a_reason(project, server, folder):
    path = next(iter(PICTURES))
    server.files[f"gcp/unzipped/{path}"] = PICTURES[path][:-200]
    result = bring(project, folder)
    assert any(reason.startswith("truncated") for reason in result.unusable)


def test_that_a_cancelled_download_goes_on(project, server, folder):
    def cancel(progress: Progress) -> None:
        if progress.phase == lila_pictures.PHASE and progress.done == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        bring(project, folder, report=cancel)
    come = pictures_in(folder)
    assert len(come) > 0 and images.count(project) == 0
    before = len(server.asked)
    bring(project, folder)
    assert pictures_in(folder) == PICTURES
    again = {path.partition("/unzipped/")[2] for path, _ in server.asked[before:]}
    assert not come.keys() & again


def test_that_a_killed_download_goes_on(tmp_path, server, folder):
    def slowly(handler: serving.Handler, data: bytes) -> bool:
        time.sleep(0.2)
        return False

    for path in PICTURES:
        server.always[f"gcp/unzipped/{path}"] = slowly
    command = [
        sys.executable, "-m", "camtrap_gui", "dataset", str(tmp_path / "killed"),
        "--lila", "Snapshot Serengeti", "--images", str(folder),
    ]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not (folder.is_dir() and any(folder.rglob("*.JPG"))) and time.monotonic() < until:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    child.wait()
    come = pictures_in(folder)
    assert 0 < len(come) < len(PICTURES) and come.items() <= PICTURES.items()
    server.always.clear()
    before = len(server.asked)
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert pictures_in(folder) == PICTURES and "36 of 36 pictures chosen" in done.stdout
    again = {path.partition("/unzipped/")[2] for path, _ in server.asked[before:]}
    assert not come.keys() & again and "gcp/meta/Serengeti.json.zip" not in again


def test_that_results_of_megadetector_are_used(project, server, folder):
    result = bring(project, folder, lila_results=True, lila_species=("zebra",))
    assert result.detected == 9 and "Results of MegaDetector came in for 9 pictures." in result.text()
    detector = detections.latest_detector(project)
    assert detector.name.startswith("md_v4.1.0") and detector.typical_threshold == 0.8
    [found] = detections.of_image(project, number_of(project, RECORDS[2]["id"]), detector.id)
    assert (found.x, found.y, found.width, found.height) == pytest.approx((0.1, 0.2, 0.3, 0.4))
    assert not any("not in the project" in reason for reason in result.passed_over)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"lila_species": ("okapi",)}, "There is no species “okapi”. There are: empty, gazellethomsons"),
        ({"lila_seasons": ("S9",)}, "There is no season “s9”. There are: s1, s2."),
        ({"lila_locations": ("Z9", "B04")}, "There is no location “z9”. There are: b04, c 05."),
        ({"images": None}, "Say into which folder"),
        ({"lila": "snapshot-serengetti"}, "Is it snapshot-serengeti\\?"),
        ({"lila": "none"}, "LILA has no data set “none”"),
        ({"folder": Path()}, "Say where the pictures come from"),
    ],
)
def test_that_mistakes_are_said_in_a_sentence(project, server, folder, quiet, options, sentence):
    with pytest.raises(Problem, match=sentence):
        dataset.run(project, replace(Options(lila="snapshot-serengeti", images=folder), **options), quiet)
    assert not folder.exists() or not any(folder.rglob("*.JPG"))


def test_that_without_lila_the_tutorials_data_set_is_known(server, monkeypatch, quiet):
    monkeypatch.setenv("CAMTRAP_LILA_INDEX", server.url("gone.csv"))
    known = lila_index.named("Snapshot Serengeti", quiet)
    assert known.metadata["gcp"].endswith("/snapshotserengeti-v-2-0/SnapshotSerengeti_S1-11_v2_1.json.zip")
    assert known.images["aws"].endswith("/agentmorris/lila-wildlife/snapshotserengeti-unzipped")


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:200] + b"\0\0\0\0" + data[204:],
        lambda data: b"not a zip",
        lambda data: zipped("a.txt", {}),
        lambda data: zipped("a.json", {"images": []}),
        lambda data: zipped("a.json", []),
    ],
)
def test_that_damaged_metadata_is_a_sentence(project, server, folder, damage):
    for cloud in lila_index.CLOUDS:
        path = f"{cloud}/meta/Serengeti.json.zip"
        server.files[path] = damage(server.files[path])
    with pytest.raises(Problem):
        bring(project, folder)


def test_that_no_picture_leaves_the_folder(project, server, tmp_path, folder):
    evil = ["../evil.jpg", "/evil.jpg", "C:\\evil.jpg", "evil.exe", ".hidden.jpg", "Serengeti.json.zip"]
    survey = {
        **SURVEY,
        "images": [*RECORDS, *({"id": path, "file_name": path, "season": "S1"} for path in evil)],
    }
    for cloud in lila_index.CLOUDS:
        server.files[f"{cloud}/meta/Serengeti.json.zip"] = zipped("Serengeti.json", survey)
        server.files |= {f"{cloud}/unzipped/{path.lstrip('/')}": b"evil" for path in evil}
    bring(project, folder)
    assert pictures_in(folder) == PICTURES
    names = {path.name for path in tmp_path.rglob("*")}
    assert not names & {"evil.jpg", "evil.exe", ".hidden.jpg", "C:\\evil.jpg"}


def test_that_odd_records_do_not_stop_the_choice(tmp_path, quiet):
    odd = [
        {"id": 1, "file_name": "a/1.jpg", "location": 7},
        {"id": "2", "file_name": "b/2.jpg", "width": float("nan")},
        {"file_name": "no id.jpg"},
        "no record",
        None,
        {"id": 3, "file_name": "a/3.jpg", "location": {"x": 1}},
    ]
    said = [{"image_id": 1, "category_id": "9"}, {"image_id": 2, "category_id": 9}, {"image_id": None}, 5]
    metadata = tmp_path / "odd.json"
    text = json.dumps({"images": odd, "annotations": said, "categories": [{"id": 9, "name": "fox"}, {}]})
    metadata.write_text(text)
    target = tmp_path / "chosen.json"
    choice = lila_choice.Choice(species=("fox",))
    assert lila_choice.choose(metadata, choice, target, quiet) == lila_choice.Chosen(2, 6)
    written = json.loads(target.read_text())
    assert [image["id"] for image in written["images"]] == [1, "2"] and len(written["annotations"]) == 2
    seasons = lila_choice.Choice(seasons=("a",))
    assert lila_choice.choose(metadata, seasons, target, quiet).pictures == 1


def test_that_what_is_written_is_what_lila_says(project, server, folder):
    bring(project, folder, lila_locations=("B04",), lila_sample=5)
    written = json.loads((folder / "snapshot-serengeti chosen.json").read_text())
    assert written["source"] == SURVEY["info"] and written["categories"] == SURVEY["categories"]
    assert all(image in RECORDS for image in written["images"]) and len(written["images"]) == 5
    ids = {image["id"] for image in written["images"]}
    assert written["annotations"] == [said for said in SAID if said["image_id"] in ids]


def test_that_one_can_see_what_there_is_before_choosing(server, folder):
    assert ("snapshot-serengeti", "Snapshot Serengeti") in lila_contents.run(
        None, lila_contents.Options(), lambda _: None
    ).data_sets
    there = lila_contents.run(None, lila_contents.Options("snapshot-serengeti", folder), lambda _: None)
    assert (there.pictures, there.seasons, there.locations) == (36, ("S1", "S2"), ("B04", "C 05"))
    assert set(there.species) == {"empty", "human", "zebra", "gazelleThomsons"}

    def count(season, place, kind):
        wanted = (there.seasons.index(season), there.locations.index(place), kind)
        return next((number for *cell, number in there.cells if tuple(cell) == wanted), 0)

    assert count("S1", "B04", lila_contents.WHATEVER) == 9
    zebras = [
        record
        for record, said in zip(RECORDS, SAID, strict=True)
        if said["category_id"] == 2 and (record["season"], record["location"]) == ("S2", "C 05")
    ]
    assert count("S2", "C 05", there.species.index("zebra")) == len(zebras) > 0
    assert not list(folder.rglob("*.JPG"))
