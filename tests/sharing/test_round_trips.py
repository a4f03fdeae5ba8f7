"""What goes out and comes in again is what it was: pictures, times, places, sequences, labels, boxes and their authors."""

import json
import math
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.project import Project, decisions, images, observations, taxonomy
from camtrap_gui.project.decisions import Said
from camtrap_gui.project.observations import Rules
from camtrap_gui.sharing import camtrap_dp, coco_camera_traps, megadetector
from camtrap_gui.sharing.camtrap_dp import About
from camtrap_gui.steps import dataset, results


def quiet(_):
    pass


ONLY_BOXES = Rules(low=2.0)
_words = (
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
_name = _words.filter(lambda text: " ".join(text.split()) == text)
_side = st.floats(0.01, 0.5)
_box = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5), _side, _side)


@st.composite
def surveys(draw):
    """A COCO Camera Traps survey in which every picture has a time and a place, as Camtrap DP asks for it."""
    species = [*draw(st.lists(_name, min_size=1, max_size=4, unique_by=str.casefold)), "empty", "human"]
    species = list({name.casefold(): name for name in species}.values())
    place = _name | st.integers(-(10**9), 10**9)
    places = draw(st.lists(place, min_size=1, max_size=3, unique_by=lambda one: str(one).casefold()))
    pictures, annotations = [], []
    for number in range(draw(st.integers(1, 6))):
        second = 10 * number
        picture = {
            "id": draw(_name) + str(number),
            "file_name": f"B{number % 2}/{number}.jpg",
            "location": draw(st.sampled_from(places)),
            "datetime": f"2024-03-31 01:{second // 60:02}:{second % 60:02}",  # the night clocks change
            "width": 640,
            "height": 480,
        }
        if draw(st.booleans()):
            picture |= {"seq_id": f"s{number // 2} {picture['location']}"}
        pictures.append(picture)
    _count_frames(pictures, draw(st.integers(0, 1)))
    for picture in pictures:
        for name in draw(st.lists(st.sampled_from(species), max_size=2, unique=True)):
            boxes = [] if name == "empty" else draw(st.lists(_box, max_size=3))
            category = {"category_id": species.index(name), "image_id": picture["id"]}
            if not boxes:
                count = {} if name == "empty" else {"count": draw(st.integers(1, 50))}
                annotations.append({"id": str(len(annotations)), **category, **count})
            for x, y, width, height in boxes:
                x = min(x, 0.4) + 0.002 * len(annotations)  # the same box twice would be one
                box = [x * 640, y * 480, width * 640, height * 480]
                annotations.append({"id": str(len(annotations)), **category, "bbox": box})
    categories = [{"id": number, "name": name} for number, name in enumerate(species)]
    return {"images": pictures, "annotations": annotations, "categories": categories}


def _count_frames(pictures, first):
    for sequence in {picture.get("seq_id") for picture in pictures} - {None}:
        frames = [picture for picture in pictures if picture.get("seq_id") == sequence]
        for number, picture in enumerate(frames, start=first):
            picture |= {"frame_num": number, "seq_num_frames": len(frames)}


def facts(project):
    """All that must be kept, in a form that can be compared; boxes to 1e-6."""
    found = {}
    for one in observations.walk(project, ONLY_BOXES):
        image = one.image
        labels = {(label.species, label.count, label.author, label.sequence_level) for label in one.labels}
        boxes = sorted(
            (*(round(side, 6) for side in region.box), str(region.species), region.author)
            for region in one.regions
        )
        found[image.key] = (
            image.path,
            image.location,
            image.sequence,
            image.frame,
            image.frames,
            image.taken,
            image.width,
            labels,
            boxes,
        )
    return found


def same(one, other):
    assert one.keys() == other.keys()
    for key in one:
        assert one[key][:-1] == other[key][:-1]
        for box, again in zip(one[key][-1], other[key][-1], strict=True):
            assert box[4:] == again[4:]
            assert all(math.isclose(a, b, abs_tol=1.5e-6) for a, b in zip(box[:4], again[:4], strict=True))


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(surveys(), st.data())
def test_that_a_survey_survives_all_formats(survey, data):
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "pictures").mkdir()
        (work / "survey.json").write_text(json.dumps(survey))
        first = work / "1"
        with Project.create(first) as project:
            _bring_in(project, json=work / "survey.json", images=work / "pictures")
            chosen = data.draw(st.sampled_from([image.id for image in images.walk(project)]))
            decisions.label(project, [chosen], [Said("zebra", 2)], author="Ana")
            if data.draw(st.booleans()):
                decisions.draw_box(project, chosen, (0.5, 0.25, 0.25, 0.5), "zebra", author="Ben")
            taxonomy.learn(project, {"zebra": ("mammalia", "perissodactyla", "equidae", "equus", "quagga")})
            before = facts(project)
            coco_camera_traps.write(project, work / "2.json", quiet)
            megadetector.write(project, work / "results.json", quiet)
            places = "".join(f"\n{_quoted(place)},1.5,-2.25" for place in images.locations(project))
            (work / "places.csv").write_text(f"location,latitude,longitude{places}\n")
        with Project.create(work / "2") as project:
            _bring_in(project, json=work / "2.json", images=work / "pictures")
            same(before, facts(project))
            # The word of a results file on top changes nothing of what people said.
            results.run(project, results.Options(work / "results.json"), quiet)
            same(before, facts(project))
            assert taxonomy.places(project.db).keys() == {"zebra"}
            for one in observations.walk(project, Rules(low=0.0, boxes=False)):
                drawn = [] if _is_empty(one) else sorted(box[:4] for box in before[one.image.key][-1])
                detected = sorted(region.box for region in one.regions)
                assert len(drawn) == len(detected)
                assert all(
                    math.isclose(a, b, abs_tol=1.5e-6)
                    for pair in zip(drawn, detected, strict=True)
                    for a, b in zip(*pair, strict=True)
                )
            about = About("Europe/Berlin", work / "places.csv")
            camtrap_dp.write(project, work / "dp", about, quiet, ONLY_BOXES)
        assert _has_both_names(work / "dp" / "datapackage.json")
        with Project.create(work / "3") as project:
            _bring_in(project, camtrap_dp=work / "dp", images=work / "pictures")
            same(before, facts(project))
            coco_camera_traps.write(project, work / "3.json", quiet)
        same(_plain(work / "2.json"), _plain(work / "3.json"))


def test_that_animals_with_a_box_each_are_counted_together_again(tmp_path):
    boxes = [{"id": n, "image_id": "a", "category_id": 0, "bbox": [10 * n, 0, 320, 240]} for n in range(3)]
    image = {"id": "a", "file_name": "a.jpg", "width": 640, "height": 480}
    survey = {"images": [image], "annotations": boxes, "categories": [{"id": 0, "name": "gnu"}]}
    (tmp_path / "survey.json").write_text(json.dumps(survey))
    with Project.create(tmp_path / "1") as project:
        _bring_in(project, json=tmp_path / "survey.json", images=tmp_path)
        decisions.label(project, [1], [Said("zebra", 3)], author="Ana")
        before = facts(project)
        coco_camera_traps.write(project, tmp_path / "2.json", quiet)
    with Project.create(tmp_path / "2") as project:
        _bring_in(project, json=tmp_path / "2.json", images=tmp_path)
        same(before, facts(project))


def _bring_in(project, **options):
    dataset.run(project, dataset.Options(**options, skip_check=True), quiet)


def _has_both_names(description):
    taxa = json.loads(description.read_text())["taxonomic"]
    return {"scientificName": "Equus quagga", "vernacularNames": {"und": "zebra"}} in taxa


def _is_empty(observed):
    return [label.species for label in observed.labels] == ["empty"]


def _quoted(text):
    return '"' + text.replace('"', '""') + '"'


def _plain(path):
    """A COCO Camera Traps file in a form that can be compared: names for ids, seconds for times of labelling."""
    found = json.loads(path.read_text())
    names = {one["id"]: one["name"] for one in found["categories"]}
    said = {one["id"]: [] for one in found["images"]}
    for one in found["annotations"]:
        box = one.get("bbox", [0, 0, 0, 0])
        about = (
            names[one["category_id"]],
            one.get("count"),
            one.get("author"),
            one.get("box_author"),
            (one.get("made") or "")[:19],
        )
        said[one["image_id"]].append((*(side / 640 for side in box), *map(str, about)))
    return {
        one["id"]: (
            one,
            sorted(said[one["id"]]),
        )
        for one in found["images"]
    }
