"""What is told about every image: labels, boxes or detections, and whose word the species is."""

from camtrap_gui.project import Project, decisions, observations
from camtrap_gui.project.decisions import Said
from camtrap_gui.project.observations import Rules
from tests import reviewable


def told(project: Project, rules: Rules | None = None):
    return {one.image.id: one for one in observations.walk(project, rules)}


def test_that_each_image_comes_once_with_labels_and_what_was_found(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project:
        found = told(project)
        assert list(found) == list(range(1, reviewable.IMAGES + 1))
        [first] = found[1].regions
        assert (first.kind, first.id, first.category, first.confidence) == ("detection", 1, "animal", 0.9)
        assert (first.species, first.source, first.author) == ("gnu", "import", "import")
        assert first.top[0] == ("lion", 0.8) and first.run_id is None
        assert [region.species for region in found[2].regions] == ["gnu"] * 3
        assert {region.source for region in found[2].regions} == {"model"}
        assert found[2].regions[0].run_id == "a-run" and found[2].regions[0].species_confidence == 0.8
        assert found[2].species == ("gnu",) and found[6].species == () and found[6].seen
        assert list(told(project)) == [1, *(one.image.id for one in observations.walk(project, after=1))]


def test_that_boxes_stand_for_detections_and_tell_who_drew_them(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project:
        decisions.label(project, [2], [Said("lion", 3)], author="Ana")
        decisions.move_box(project, 2, ("detection", 1002), (0.5, 0.5, 0.1, 0.1), author="Ben")
        boxes = told(project)[2].regions
        assert [region.kind for region in boxes] == ["box"] * 3
        assert {region.confidence for region in boxes} == {1.0}
        assert {(region.category, region.species, region.source) for region in boxes} == {
            ("animal", "lion", "person")
        }
        assert (0.5, 0.5, 0.1, 0.1) in [region.box for region in boxes]
        assert [region.kind for region in told(project, Rules(boxes=False))[2].regions] == ["detection"] * 3


def test_that_what_people_denied_is_not_told(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project:
        decisions.label(project, [1], [Said("empty")], author="Ana")
        decisions.reject(project, [3])
        found = told(project)
        assert found[1].regions == found[3].regions == () and found[1].reviewed and not found[3].reviewed
        assert found[1].species == ("empty",)


def test_that_thresholds_may_differ_between_categories(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project:
        with project.write() as db:
            db.execute("UPDATE detections SET confidence = 0.3, category = 'person' WHERE id = 1002")
            db.execute("UPDATE detections SET confidence = 0.3 WHERE id = 2002")

        def ids(rules):
            return [region.id for region in told(project, rules)[2].regions]

        assert ids(Rules()) == [2] and ids(Rules(low=0.2)) == [2, 1002, 2002]
        assert ids(Rules(lows=(("person", 0.25),))) == [2, 1002]
        assert ids(Rules(low=0.2, lows=(("animal", 0.95),))) == [1002]


def test_that_a_label_goes_to_the_detections_it_can_be_meant_for(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project:
        with project.write() as db:
            db.execute("UPDATE detections SET category = 'person' WHERE id = 1002")
            db.execute("UPDATE detections SET category = 'vehicle' WHERE id = 2002")
        decisions.label(project, [2], [Said("lion"), Said("human")], author="Ana")
        assert [r.species for r in told(project)[2].regions] == ["lion", "human", None]
        decisions.label(project, [2], [Said("lion"), Said("gnu")], author="Ana")
        # The classifier says gnu, which is one of the two.
        assert [r.species for r in told(project)[2].regions] == ["gnu", None, None]


def test_that_bad_pictures_and_those_not_seen_say_so(tmp_path):
    with Project.open(reviewable.make(tmp_path)) as project:
        with project.write() as db:
            db.execute("UPDATE detected SET problem = 'truncated' WHERE image_id = 6")
            db.execute("DELETE FROM detected WHERE image_id = 12")
        found = told(project)
        assert (found[6].seen, found[6].failure) == (True, "truncated")
        assert (found[12].seen, found[12].failure) == (False, None)
