"""Images of a project as the viewer shows them: regions, suggestions, and what a person has decided."""

from types import SimpleNamespace

import pytest
from PIL import Image

from camtrap_gui.geometry import Box
from camtrap_gui.project import Project, decisions, detections, edits, suggestions
from camtrap_gui.ui import pictures
from camtrap_gui.ui.pictures import OfProject


@pytest.fixture
def project(tmp_path):
    Image.new("RGB", (640, 480)).save(tmp_path / "a.jpg")
    with Project.create(tmp_path / "project") as made:
        with made.write() as db:
            db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (str(tmp_path),))
            db.execute("INSERT INTO species (id, name, position) VALUES (1, 'zebra', 0), (2, 'lion', 1)")
            db.execute("INSERT INTO images (id, key, root_id, path, checked) VALUES (1, 'a', 1, 'a.jpg', 1)")
            db.execute(
                "INSERT INTO images (id, key, root_id, path, checked) VALUES (2, 'b', 1, '../b.jpg', 1)"
            )
        yield made


def find(project: Project, *boxes: tuple[float, Box]) -> list[int]:
    """Let a detector find animals in image 1."""
    detector = SimpleNamespace(
        name="d", kind="k", sha256="1", typical_threshold=0.3, conservative_threshold=0.1
    )
    number = detections.register(project, detector)
    found = [
        SimpleNamespace(category="animal", confidence=sure, x=b[0], y=b[1], width=b[2], height=b[3])
        for sure, b in boxes
    ]
    detections.add(project, number, [detections.Seen(1, found)])
    return [one.id for one in detections.of_image(project, 1, number)]


ONE, OTHER = (0.1, 0.1, 0.2, 0.2), (0.6, 0.6, 0.2, 0.2)


def test_that_a_detection_shows_what_a_classifier_suggests_and_stays_under_its_own_threshold(project):
    first, second = find(project, (0.9, ONE), (0.5, OTHER))
    top = (("zebra", 0.7), ("lion", 0.3))
    suggestions.add(project, "run", "model", [suggestions.Said(first, b"", top)])
    said, unsaid = pictures.of_image(project, 1).boxes
    assert (said.region, said.words, said.confidence, said.top) == (
        ("detection", first),
        "zebra 0.70",
        0.9,
        top,
    )
    assert (unsaid.region, unsaid.words, unsaid.top) == (("detection", second), "animal 0.50", ())
    assert said.colour != unsaid.colour


@pytest.mark.parametrize(("author", "shown"), [("import", 3), ("folder", 3), ("maria", 1)])
def test_that_boxes_of_people_stand_alone_and_those_of_a_source_beside_detections(project, author, shown):
    find(project, (0.9, ONE), (0.5, OTHER))
    with project.write() as db:
        db.execute(
            "INSERT INTO boxes (id, image_id, species_id, x, y, width, height, author)"
            " VALUES (8, 1, 1, 0.1, 0.1, 0.2, 0.2, ?)",
            (author,),
        )
    boxes = pictures.of_image(project, 1).boxes
    assert len(boxes) == shown and (boxes[0].region, boxes[0].words) == (("box", 8), "zebra")
    assert boxes[0].area == ONE


def test_that_pictures_of_the_project_are_as_they_are_when_looked_at(project, tmp_path):
    shown = OfProject(project, [1, 2, 99])
    assert len(shown) == 3 and shown[0].boxes == () and shown.path(0) == tmp_path / "a.jpg"
    find(project, (0.9, ONE))
    assert len(shown[0].boxes) == 1 and [picture.title for picture in shown[0:1]] == ["a.jpg"]


def test_that_an_image_that_is_gone_or_leads_out_of_its_root_says_so(project):
    shown = OfProject(project, [2, 99])
    for place in (0, 1):
        assert shown[place].problem and not shown.path(place).name


def test_that_an_edited_detection_comes_back_as_a_box_and_a_deleted_one_not_at_all(project):
    first, second = find(project, (0.9, ONE), (0.5, OTHER))
    decisions.move_box(project, 1, ("detection", first), (0.2, 0.2, 0.2, 0.2))
    shown = pictures.of_image(project, 1).boxes
    assert sorted(box.area for box in shown) == [(0.2, 0.2, 0.2, 0.2), OTHER]
    assert {box.region[0] for box in shown if box.region} == {"box"}
    for box in shown:
        decisions.delete_box(project, 1, box.region)
    assert pictures.of_image(project, 1).boxes == ()
    for _ in range(3):
        edits.undo(project)
    assert [box.region for box in pictures.of_image(project, 1).boxes] == [
        ("detection", first),
        ("detection", second),
    ]
