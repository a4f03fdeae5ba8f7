"""A survey whose pictures lie on a web server or in a cloud: everything goes as if they were here."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from PIL import Image

from camtrap_gui import remote_pictures
from camtrap_gui.files import sha256_of
from camtrap_gui.picture_cache import Cache
from camtrap_gui.problem import Interrupted, Problem
from camtrap_gui.project import Project, images, problems
from camtrap_gui.steps import crop, dataset, detect, share
from tests import serving
from tests.models.detectors.graphs import brightness_graph
from tests.serving import Served

SPECIES = ("zebra", "lion")

pytestmark = pytest.mark.usefixtures("copies")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector that finds an animal in light pictures."""
    return brightness_graph(tmp_path_factory.mktemp("detector") / "md_v4.pb")


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``survey.json`` and 24 pictures at four locations."""
    folder = tmp_path_factory.mktemp("survey")
    records, labels = [], []
    for number in range(24):
        name = f"L{number % 4}/a picture {number}.jpg"
        (folder / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        exif = Image.Exif()
        exif[306] = f"2020:01:01 12:{number:02}:00"
        Image.new("L", (64, 48), 130 + 5 * number).save(folder / "pictures" / name, exif=exif)
        records.append({"id": f"i{number}", "file_name": name, "location": f"L{number % 4}"})
        labels.append({"id": number, "image_id": f"i{number}", "category_id": number // 4 % 2})
    categories = [{"id": number, "name": name} for number, name in enumerate(SPECIES)]
    text = json.dumps({"images": records, "annotations": labels, "categories": categories})
    (folder / "survey.json").write_text(text)
    return folder


def serve(served: Served, survey: Path) -> Path:
    """The address of the pictures, once a server has them."""
    for path in (survey / "pictures").rglob("*.jpg"):
        served.files[f"my survey/{path.relative_to(survey / 'pictures').as_posix()}"] = path.read_bytes()
    return Path(served.url("my%20survey/"))


def all_of(project: Project, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in project.db.execute(query)]


def run_all(project: Project, survey: Path, pictures: Path, graph: Path, quiet: Any) -> dict[str, Any]:
    dataset.run(project, dataset.Options(json=survey / "survey.json", images=pictures), quiet)
    detect.run(project, detect.Options(str(graph)), quiet)
    made = crop.run(project, crop.Options(skip_records=True), quiet)
    target = project.folder / "exports" / "by species"
    share.run(project, share.Options(format="species-folders", target=target), quiet)
    return {
        "images": all_of(project, "SELECT key, path, taken, width, height, checked, problem FROM images"),
        "detections": all_of(
            project, "SELECT image_id, category, confidence, x, y FROM detections ORDER BY id"
        ),
        "crops": all_of(project, "SELECT file, sha256, split FROM crops ORDER BY file"),
        "counts": made.crops,
        "copies": {p.relative_to(target): sha256_of(p) for p in target.rglob("*.jpg")},
    }


def test_that_a_survey_elsewhere_becomes_the_same_data_set(
    survey: Path, served: Served, graph: Path, tmp_path: Path, quiet: Any
) -> None:
    place = serve(served, survey)
    before = {path: path.stat().st_mtime_ns for path in survey.rglob("*")}
    with Project.create(tmp_path / "far") as far, Project.create(tmp_path / "near") as near:
        expected = run_all(near, survey, survey / "pictures", graph, quiet)
        assert run_all(far, survey, place, graph, quiet) == expected
        assert len(expected["crops"]) > 5 and len(expected["copies"]) == 24
        [root] = images.roots(far).values()
        assert remote_pictures.shown(root) == served.url("my survey")
        asked = len(served.asked)
        crop.run(far, crop.Options(skip_records=True), quiet)
        assert len(served.asked) == asked, "nothing has changed, nothing is fetched"
    assert len(served.asked) <= 24 + 10, (
        "each small picture once, and some before to see whether they are there"
    )
    assert before == {path: path.stat().st_mtime_ns for path in survey.rglob("*")}


def test_that_what_cannot_be_fetched_is_a_row_with_a_reason(
    survey: Path, served: Served, graph: Path, project: Project, copies: Cache, quiet: Any
) -> None:
    place = serve(served, survey)
    del served.files["my survey/L0/a picture 0.jpg"]
    served.files["my survey/L1/a picture 1.jpg"] = b"no picture"
    served.always["my survey/L2/a picture 2.jpg"] = serving.status(403)
    result = dataset.run(project, dataset.Options(json=survey / "survey.json", images=place), quiet)
    assert result.unchecked == 0
    assert f"The pictures stay at {remote_pictures.shown(place)}" in result.text()
    reasons = [row[0] or "" for row in all_of(project, "SELECT problem FROM images ORDER BY id LIMIT 4")]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "missing",
        "not a picture",
        "cannot be fetched",
        "",
    ]
    assert sum(problems.counts_of_images(project).values()) == 3
    served.always["my survey/L3/a picture 3.jpg"] = serving.cut(50)
    shutil.rmtree(copies.place)
    detect.run(project, detect.Options(str(graph)), quiet)
    found = all_of(project, "SELECT image_id, problem FROM detected ORDER BY image_id")
    assert len(found) == 21
    assert [row for row in found if row[1]] == [(4, "cannot be fetched: the connection broke")]


def test_that_detection_stops_when_the_server_is_gone_and_goes_on_when_it_is_back(
    survey: Path, graph: Path, project: Project, copies: Cache, quiet: Any
) -> None:
    options = detect.Options(str(graph))
    with serving.serving() as served:
        place = serve(served, survey)
        dataset.run(project, dataset.Options(json=survey / "survey.json", images=place), quiet)
    shutil.rmtree(copies.place, ignore_errors=True)
    with pytest.raises(Interrupted, match=r"http://127\.0\.0\.1:\d+ cannot be read"):
        detect.run(project, options, quiet)
    assert all_of(project, "SELECT * FROM detected WHERE problem IS NOT NULL") == []
    with serving.serving(urlsplit(served.address).port or 0) as again:
        serve(again, survey)
        detect.run(project, options, quiet)
    assert all_of(project, "SELECT count(*) FROM detected WHERE problem IS NULL") == [(24,)]


def test_that_the_wrong_address_is_refused_before_anything_is_imported(
    survey: Path, served: Served, project: Project, quiet: Any
) -> None:
    options = dataset.Options(json=survey / "survey.json", images=Path(served.url("nothing here")))
    with pytest.raises(Problem, match="None of the pictures") as refused:
        dataset.run(project, options, quiet)
    assert served.url("nothing here") in str(refused.value)
    with pytest.raises(Problem, match="password"):
        dataset.run(project, replace(options, images=Path("https://me:word@host/x")), quiet)
    assert images.count(project) == 0


def test_that_a_survey_that_went_to_a_server_stays_the_same_survey(
    survey: Path, served: Served, project: Project, tmp_path: Path, quiet: Any
) -> None:
    place, here = serve(served, survey), tmp_path / "here"
    shutil.copytree(survey / "pictures", here)
    options = dataset.Options(json=survey / "survey.json", images=here)
    dataset.run(project, options, quiet)
    with pytest.raises(Problem, match="already in the project"):
        dataset.run(project, replace(options, images=place), quiet)
    shutil.rmtree(here)
    assert dataset.run(project, replace(options, images=place), quiet).new == 0
    assert [remote_pictures.shown(root) for root in images.roots(project).values()] == [
        served.url("my survey")
    ]
    assert dataset.run(project, replace(options, images=place), quiet).images == 24


@pytest.mark.parametrize("preview", [False, True])
def test_that_a_folder_in_a_cloud_is_imported_with_its_locations_and_times(
    survey: Path, project: Project, quiet: Any, preview: bool
) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    for path in (survey / "pictures").rglob("*.jpg"):
        store.pipe(f"memory://bucket/{path.relative_to(survey / 'pictures').as_posix()}", path.read_bytes())
    options = dataset.Options(folder=Path("memory://bucket"), sequence_gap=300, preview=preview)
    result = dataset.run(project, options, quiet)
    assert (result.images, result.locations, result.sequences, result.unchecked) == (24, 4, 4, 0)
    assert result.first == "2020-01-01T12:00:00"
    assert images.count(project) == (0 if preview else 24)


def test_that_copies_for_other_programs_are_never_links_into_the_cache(
    survey: Path, served: Served, project: Project, copies: Cache, quiet: Any
) -> None:
    place = serve(served, survey)
    dataset.run(project, dataset.Options(json=survey / "survey.json", images=place), quiet)
    target = project.folder / "exports" / "linked"
    share.run(project, share.Options(format="species-folders", target=target, pictures="link"), quiet)
    written = [path.stat().st_ino for path in target.rglob("*.jpg")]
    kept = {path.stat().st_ino for path in copies.place.rglob("*.jpg")}
    assert len(written) == 24
    assert not kept & {*written}
