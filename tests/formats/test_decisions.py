"""Two people review copies of one survey and exchange what they decided."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.formats import decisions as decisions_file
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, decided, decisions, edits, merging, species
from camtrap_gui.project.decisions import Said

IMAGES = 8
SPECIES = ("zebra", "lion", "gnu")


@pytest.fixture
def both(tmp_path: Path):
    """Two copies of a survey of eight pictures, the first four labelled zebra by the source, with two detections each."""
    with Project.create(tmp_path / "anna") as project, project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/disk/pictures')")
        for place, name in enumerate(SPECIES):
            db.execute("INSERT INTO species (id, name, position) VALUES (?, ?, ?)", (place + 1, name, place))
        db.execute("INSERT INTO detectors VALUES (1, 'hash', 'd', 'k', 0.5, 0.1, '')")
        for number in range(1, IMAGES + 1):
            db.execute(
                "INSERT INTO images (id, key, root_id, path) VALUES (?1, 'key ' || ?1, 1, 'B/' || ?1 || '.jpg')",
                (number,),
            )
            db.execute("INSERT INTO detected VALUES (1, ?, NULL)", (number,))
            for place in (1, 2):
                db.execute(
                    "INSERT INTO detections (id, image_id, detector_id, category, confidence, x, y, width, height)"
                    " VALUES (?, ?, 1, 'animal', 0.9, ?, 0.1, 0.2, 0.3)",
                    (10 * number + place, number, place / 4),
                )
            if number <= 4:
                db.execute("INSERT INTO labels (image_id, species_id) VALUES (?, 1)", (number,))
    shutil.copytree(tmp_path / "anna", tmp_path / "ben")
    with Project.open(tmp_path / "anna") as anna, Project.open(tmp_path / "ben") as ben:
        yield anna, ben


def export(project: Project, path: Path, **which) -> Path:
    about = decisions_file.About(project.name, datetime.now(UTC))
    decisions_file.write(path, about, decided.class_list(project), decided.walk(project, **which))
    return path


def bring(into: Project, source: Project, policy="list", preview=False, **which) -> merging.Merged:
    file = decisions_file.DecisionsFile(export(source, source.folder.parent / "decisions.json", **which))
    return merging.merge(into, file.species, file.images(), policy=policy, preview=preview)


TABLES = (
    "labels",
    "boxes",
    "images",
    "detections",
    "species",
    "aliases",
    "edits",
    "changes",
    "crops",
    "set_aside",
)


def everything(project: Project, tables=TABLES):
    return {table: [tuple(row) for row in project.db.execute(f"SELECT * FROM {table}")] for table in tables}


def shown(project: Project, image_id: int):
    """What an image shows, without times and numbers of rows."""
    one = decided.of_images(project, [image_id])[image_id]
    labels = sorted((label.species, label.count, label.author) for label in one.labels)
    boxes = sorted((drawn.box, drawn.species, drawn.author) for drawn in one.boxes)
    return labels, boxes, one.flagged, len(one.rejected), len(one.confirmed), one.reviewed


def test_that_what_only_one_decided_is_taken_with_who_and_when(both):
    anna, ben = both
    decisions.label(anna, [1, 2], [Said("lion", 2, "run-1", 0.75)], "anna")
    decisions.label(anna, [5], [Said("okapi")], "anna")
    decisions.draw_box(anna, 6, (0.1, 0.2, 0.3, 0.4), "gnu", "anna")
    decisions.flag(anna, [7], True, "anna")
    decisions.reject(anna, [81], "stone", "anna")
    decisions.confirm(anna, [82], "a bird", "anna")
    merged = bring(ben, anna)
    assert (merged.images, merged.taken, merged.flagged, merged.judged) == (6, 4, 1, 2)
    assert merged.species == ["okapi"]
    assert merged.authors == {"anna"}
    assert not (merged.conflicts or merged.unmatched or merged.missing)
    for number in range(1, IMAGES + 1):
        assert shown(ben, number) == shown(anna, number)
    provenance = "SELECT author, made, run_id, confidence FROM labels WHERE image_id = 1"
    assert tuple(ben.db.execute(provenance).fetchone()) == tuple(anna.db.execute(provenance).fetchone())
    from_detections = "SELECT detection_id FROM boxes ORDER BY id"
    assert ben.db.execute(from_detections).fetchall() == anna.db.execute(from_detections).fetchall()


def test_that_a_merge_is_one_edit_that_undo_takes_back_and_redo_makes_again(both):
    anna, ben = both
    decisions.label(ben, [3], [Said("zebra")], "ben")
    decisions.label(anna, [1, 2, 5], [Said("okapi")], "anna")
    decisions.move_box(anna, 6, ("detection", 61), (0.5, 0.5, 0.2, 0.2), "anna")
    decisions.reject(anna, [81], "stone", "anna")
    tables = ("labels", "boxes", "images", "detections", "species", "aliases")
    before = everything(ben, tables)
    merged = bring(ben, anna)
    after = everything(ben, tables)
    assert [edit.id for edit in edits.history(ben, limit=1)] == [merged.edit_id]
    edits.undo(ben)
    assert everything(ben, tables) == before
    edits.redo(ben)
    assert everything(ben, tables) == after


def test_that_a_preview_tells_the_same_and_changes_nothing(both):
    anna, ben = both
    decisions.label(ben, [1], [Said("zebra")], "ben")
    decisions.label(ben, [8], [Said("gnu")], "ben")
    edits.undo(ben)  # a preview leaves what can be redone
    decisions.label(anna, [1, 2], [Said("okapi")], "anna")
    before = everything(ben)
    told = bring(ben, anna, preview=True)
    assert everything(ben) == before
    merged = bring(ben, anna)
    assert told.edit_id is None
    merged.edit_id = None
    assert told == merged
    assert told.taken == 1
    assert len(told.conflicts) == 1


def test_that_the_same_file_brings_nothing_the_second_time(both):
    anna, ben = both
    decisions.label(anna, [1, 2], [Said("lion", 2)], "anna")
    decisions.flag(anna, [4], True, "anna")
    decisions.delete_box(anna, 6, ("detection", 61), "anna")
    bring(ben, anna)
    before = everything(ben)
    again = bring(ben, anna)
    assert (again.same, again.taken, again.flagged, again.judged, again.edit_id) == (3, 0, 0, 0, None)
    assert everything(ben) == before


def test_that_the_same_decision_by_both_is_no_conflict_and_stays_who_made_it(both):
    anna, ben = both
    decisions.label(anna, [1], [Said("lion", 2)], "anna")
    decisions.label(ben, [1], [Said("Lion", 2)], "ben")
    merged = bring(ben, anna)
    assert (merged.same, merged.conflicts) == (1, [])
    assert [label.author for label in decided.of_images(ben, [1])[1].labels] == ["ben"]


def test_that_of_two_that_agree_the_fuller_one_counts(both):
    anna, ben = both
    decisions.label(anna, [1, 2], [Said("lion", 2)], "anna")
    decisions.label(ben, [1], [Said("lion")], "ben")
    decisions.label(anna, [3], [Said("lion")], "anna")
    decisions.label(ben, [3], [Said("lion", 5)], "ben")
    decisions.accept(ben, [4], "ben")
    decisions.move_box(anna, 4, ("detection", 41), (0.5, 0.5, 0.2, 0.2), "anna")
    decisions.label(anna, [2], [Said("lion", 2)], "anna")
    decisions.label(ben, [2], [Said("lion")], "ben")
    decisions.move_box(ben, 2, ("detection", 21), (0.5, 0.5, 0.2, 0.2), "ben")
    drawn = shown(ben, 2)[1]
    merged = bring(ben, anna)
    assert merged.conflicts == []
    assert shown(ben, 2)[:2] == ([("lion", 2, "anna")], drawn)
    assert shown(ben, 1)[0] == [("lion", 2, "anna")]
    assert shown(ben, 3)[0] == [("lion", 5, "ben")]
    assert shown(ben, 4)[1] == shown(anna, 4)[1] != []
    kept = bring(anna, ben)
    assert kept.conflicts == []
    assert shown(anna, 3)[0] == [("lion", 5, "ben")]


@pytest.mark.parametrize(
    ("policy", "outcome", "species_then", "flagged"),
    [
        ("list", "open", "gnu", True),
        ("keep", "kept", "gnu", False),
        ("take", "taken", "lion", False),
        ("newer", "kept", "gnu", False),
    ],
)
def test_that_a_conflict_is_told_with_both_sides_and_settled_as_asked(
    both, policy, outcome, species_then, flagged
):
    anna, ben = both
    decisions.label(anna, [1], [Said("lion", 2)], "anna")
    decisions.label(ben, [1], [Said("gnu")], "ben")  # the later one
    merged = bring(ben, anna, policy)
    [conflict] = merged.conflicts
    assert conflict.path == "B/1.jpg"
    assert (conflict.here.said, conflict.here.authors) == ("gnu", ("ben",))
    assert (conflict.there.said, conflict.there.authors) == ("2 lion", ("anna",))
    assert conflict.here.when > conflict.there.when
    assert conflict.outcome == outcome
    labels, _, is_flagged, *_ = shown(ben, 1)
    assert [name for name, *_ in labels] == [species_then]
    assert is_flagged == flagged


def test_that_the_newer_of_two_is_theirs_when_it_is(both):
    anna, ben = both
    decisions.label(ben, [1], [Said("gnu")], "ben")
    decisions.label(anna, [1], [Said("lion")], "anna")
    assert bring(ben, anna, "newer").conflicts[0].outcome == "taken"
    assert shown(ben, 1) == shown(anna, 1)


@pytest.mark.parametrize(("policy", "rejected"), [("list", 0), ("keep", 0), ("newer", 0), ("take", 1)])
def test_that_a_detection_rejected_there_and_confirmed_here_is_a_conflict(both, policy, rejected):
    anna, ben = both
    decisions.reject(anna, [81, 71], "stone", "anna")
    decisions.confirm(ben, [81], "a bird", "ben")
    merged = bring(ben, anna, policy)
    [conflict] = merged.conflicts
    assert (conflict.path, conflict.here.said, conflict.there.said) == (
        "B/8.jpg",
        "a detection confirmed",
        "a detection rejected",
    )
    assert shown(ben, 8)[2:5] == (policy == "list", rejected, 1 - rejected)
    assert shown(ben, 7)[3] == 1


def test_that_boxes_both_drew_in_different_places_are_a_conflict(both):
    anna, ben = both
    decisions.move_box(anna, 1, ("detection", 11), (0.5, 0.5, 0.2, 0.2), "anna")
    decisions.move_box(ben, 1, ("detection", 11), (0.5, 0.1, 0.2, 0.2), "ben")
    decisions.move_box(anna, 2, ("detection", 21), (0.5, 0.5, 0.2, 0.2), "anna")
    decisions.move_box(ben, 2, ("detection", 21), (0.5004, 0.5, 0.2, 0.2), "ben")
    merged = bring(ben, anna)
    assert [conflict.path for conflict in merged.conflicts] == ["B/1.jpg"]
    assert merged.conflicts[0].here.said == "zebra; 2 boxes"
    assert merged.same == 1


def test_that_images_are_known_by_path_then_key_then_root(both):
    anna, ben = both
    with ben.write() as db:
        db.execute("UPDATE roots SET path = '/home/ben/pictures'")
        db.execute("INSERT INTO roots (id, path) VALUES (2, '/home/ben/more')")
        for number in (1, 2, 3):
            db.execute(
                "INSERT INTO images (id, key, root_id, path) VALUES (?, ?, 2, ?)",
                (100 + number, f"key {number}" if number != 1 else "other", f"B/{number}.jpg"),
            )
        db.execute("UPDATE images SET path = 'elsewhere.jpg' WHERE id = 4")
        db.execute("UPDATE images SET key = 'x' WHERE id IN (3, 103)")
    decisions.label(anna, [1, 2, 3, 4, 5], [Said("lion")], "anna")
    merged = bring(ben, anna)
    assert merged.unmatched == ["B/3.jpg", "B/4.jpg"]
    assert [row[0] for row in ben.db.execute("SELECT id FROM images WHERE reviewed IS NOT NULL")] == [1, 2, 5]


def test_that_a_file_of_another_survey_is_refused(both, tmp_path):
    anna, ben = both
    decisions.label(anna, [1], [Said("lion")], "anna")
    species.add_alias(anna, "lion", "simba")
    ben.db.execute("UPDATE images SET path = 'C/' || id")
    before = everything(ben)
    with pytest.raises(Problem, match=r"None of the 1 images is in this project, such as B/1\.jpg"):
        bring(ben, anna)
    assert everything(ben) == before


def test_that_renamed_and_other_names_find_their_species(both):
    anna, ben = both
    species.rename(anna, "gnu", "wildebeest", "anna")
    species.add_alias(anna, "lion", "simba", "anna")
    decisions.label(anna, [1], [Said("wildebeest")], "anna")
    decisions.label(ben, [1, 2], [Said("gnu")], "ben")
    merged = bring(ben, anna)
    assert (merged.species, merged.conflicts, merged.same) == ([], [], 1)
    assert species.resolve(ben, "wildebeest") == species.resolve(ben, "gnu")
    assert species.resolve(ben, "simba") == species.resolve(ben, "lion")


def test_that_a_species_merged_there_is_no_conflict_here(both):
    anna, ben = both
    decisions.label(anna, [1], [Said("gnu")], "anna")
    species.merge(anna, "gnu", "zebra", "anna")
    decisions.label(ben, [1], [Said("gnu")], "ben")
    merged = bring(ben, anna)
    assert merged.merged_there == [("gnu", "zebra")]
    assert (merged.conflicts, merged.same) == ([], 1)
    assert shown(ben, 1)[0] == [("gnu", None, "ben")]


def test_that_detections_of_another_detector_are_counted_not_guessed(both):
    anna, ben = both
    decisions.reject(anna, [81], "stone", "anna")
    ben.db.execute("UPDATE detectors SET sha256 = 'another'")
    assert (bring(ben, anna).missing, shown(ben, 8)[3]) == (1, 0)


def test_that_only_what_was_decided_since_or_by_somebody_is_exported(both, tmp_path):
    anna, _ = both
    decisions.label(anna, [1], [Said("lion")], "anna")
    moment = datetime.now(UTC)
    decisions.label(anna, [2], [Said("lion")], "carla")
    decisions.flag(anna, [5], True, "anna")

    def paths(**which):
        file = decisions_file.DecisionsFile(export(anna, tmp_path / "some.json", **which))
        return [one.path for page in file.images() for one in page]

    assert paths() == ["B/1.jpg", "B/2.jpg", "B/5.jpg"]
    assert paths(since=moment) == ["B/2.jpg", "B/5.jpg"]
    assert paths(author="anna") == ["B/1.jpg"]
    assert paths(author="carla", since=moment + timedelta(days=1)) == []
    assert paths(author="nobody") == []


def test_that_crops_follow_what_was_merged(both):
    anna, ben = both
    with ben.write() as db:
        for number in (1, 2):
            db.execute(
                "INSERT INTO crops (id, image_id, species_id, detection_id, location, split, file, left, top, right,"
                " bottom, sha256) VALUES (?1, ?1, 1, ?2, 'B', 'train', ?1, 0, 0, 9, 9, '')",
                (number, 10 * number + 1),
            )
    decisions.label(anna, [1], [Said("lion")], "anna")
    decisions.label(anna, [2], [Said("empty")], "anna")
    bring(ben, anna)
    assert [tuple(row) for row in ben.db.execute("SELECT id, species_id FROM crops")] == [(1, 2)]
    assert [row[0] for row in ben.db.execute("SELECT id FROM set_aside")] == [2]
    edits.undo(ben)
    assert [tuple(row) for row in ben.db.execute("SELECT id, species_id FROM crops")] == [(1, 1), (2, 1)]


def test_that_an_image_that_comes_twice_changes_nothing(both, tmp_path):
    anna, ben = both
    decisions.label(anna, [1, 2], [Said("lion")], "anna")
    path = export(anna, tmp_path / "twice.json")
    content = json.loads(path.read_bytes())
    content["images"] *= 2
    path.write_text(json.dumps(content))
    before = everything(ben)
    file = decisions_file.DecisionsFile(path)
    with pytest.raises(Problem, match="comes twice"):
        merging.merge(ben, file.species, file.images())
    assert everything(ben) == before


def test_that_a_failed_export_leaves_the_earlier_file(both, tmp_path):
    anna, _ = both
    decisions.label(anna, [1, 2], [Said("lion")], "anna")
    path = export(anna, tmp_path / "kept.json")
    before = path.read_bytes()

    def pages():
        yield from decided.walk(anna)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        decisions_file.write(path, decisions_file.About(), [], pages())
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir() if "kept" in entry.name] == ["kept.json"]


GOOD = {
    "about": {"format": "camtrap decisions", "version": 1, "survey": "a"},
    "species": [{"name": "lion", "aliases": ["simba"]}],
    "images": [
        {
            "root": "pictures",
            "path": "B/1.jpg",
            "key": "key 1",
            "reviewed": "2024-05-01T10:00:00Z",
            "labels": [{"species": "lion", "count": 2, "author": "anna", "made": "2024-05-01T10:00:00Z"}],
            "boxes": [{"box": [0.1, 0.2, 0.3, 0.4], "found": ["hash", "animal", [0.25, 0.1, 0.2, 0.3]]}],
            "rejected": [["hash", "animal", [0.5, 0.1, 0.2, 0.3]]],
        }
    ],
}


def test_that_the_documented_form_is_read_also_when_written_by_others(both, tmp_path):
    _, ben = both
    path = tmp_path / "by hand.json"
    path.write_text(json.dumps(GOOD, indent=3), encoding="utf-8")
    file = decisions_file.DecisionsFile(path)
    merged = merging.merge(ben, file.species, file.images())
    assert (merged.taken, merged.judged) == (1, 1)
    assert shown(ben, 1)[0] == [("lion", 2, "anna")]


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        (("about", "format"), "COCO", "about"),
        (("about", "version"), 2, "newer version"),
        (("about",), None, "no “about”"),
        (("images",), {}, "no “images”"),
        (("images", 0, "path"), 7, "images"),
        (("images", 0, "reviewed"), None, "nobody has reviewed it"),
        (("images", 0, "reviewed"), "yesterday", "images"),
        (("images", 0, "reviewed"), "2024-05-01T10:00:00", "is not one of UTC"),
        (("images", 0, "labels", 0, "species"), " ", "is no name"),
        (("images", 0, "labels", 0, "author"), "a\0b", "is no name"),
        (("images", 0, "labels", 0, "count"), -1, "a count of -1"),
        (("images", 0, "labels", 0, "count"), 2**70, "a count of"),
        (("images", 0, "labels", 0, "confidence"), 1.5, "a confidence of 1.5"),
        (("images", 0, "labels"), [{"species": "lion"}, {"species": "lion"}], "said twice"),
        (("images", 0, "boxes", 0, "box"), [0, 0, 0.1], "images"),
        (("images", 0, "boxes", 0, "box"), [0, 0, -0.1, 1], "outside the picture"),
        (("images", 0, "rejected", 0), ["hash", "animal", [0, 0, 1e300, 1]], "outside the picture"),
        (("images", 0, "colour"), "red", "colour"),
        (("species", 0, "name"), "", "is no name"),
    ],
)
def test_that_a_bad_file_is_refused_with_a_sentence_and_changes_nothing(
    both, tmp_path, where, value, sentence
):
    _, ben = both
    content = json.loads(json.dumps(GOOD))
    content["images"].insert(0, {"root": "", "path": "B/2.jpg", "key": "", "flagged": True})
    where = tuple(
        1 if step == 0 and where[0] == "images" and place == 1 else step for place, step in enumerate(where)
    )
    inner = content
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    before = everything(ben)
    with pytest.raises(Problem, match=sentence) as refused:
        file = decisions_file.DecisionsFile(path)
        merging.merge(ben, file.species, file.images())
    assert "bad.json" in str(refused.value)
    assert everything(ben) == before


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_that_a_damaged_file_either_counts_or_is_refused(both, tmp_path, data):
    _, ben = both
    text = json.dumps(GOOD).encode()
    at = data.draw(st.integers(0, len(text) - 1))
    length = data.draw(st.integers(0, 30))
    put = data.draw(
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from(
                [
                    b"NaN",
                    b"1e400",
                    b"null",
                    b"-1",
                    b'"\\ud800"',
                    b"[[[[",
                    b'"x"',
                    b"{}",
                    b"99999999999999999999",
                ]
            ),
        )
    )
    path = tmp_path / "damaged.json"
    path.write_bytes(text[:at] + put + text[at + length :])
    before = everything(ben)
    try:
        file = decisions_file.DecisionsFile(path)
        merged = merging.merge(ben, file.species, file.images())
    except Problem as problem:
        assert str(problem)
        assert everything(ben) == before
    else:
        if merged.edit_id is not None:
            edits.undo(ben)
        what = ("labels", "boxes", "images", "detections", "species", "aliases")
        assert everything(ben, what) == {table: before[table] for table in what}


_image = st.integers(1, 4)
_box = st.sampled_from([(0.1, 0.1, 0.3, 0.3), (0.5, 0.4, 0.2, 0.2)])
_decision = st.one_of(
    st.tuples(
        st.just("label"), _image, st.sampled_from([*SPECIES, "okapi", "empty"]), st.sampled_from([None, 1, 2])
    ),
    st.tuples(st.just("draw"), _image, _box, st.sampled_from([None, "lion"])),
    st.tuples(st.just("move"), _image, _box),
    st.tuples(st.just("delete"), _image),
    st.tuples(st.just("accept"), _image),
    st.tuples(st.just("flag"), _image),
    st.tuples(st.just("undo")),
)


def decide(project: Project, decision, author: str) -> None:
    what, *about = decision
    if what == "undo":
        edits.undo(project)
        return
    image_id = about[0]
    boxes = project.db.execute("SELECT id FROM boxes WHERE image_id = ?", (image_id,)).fetchall()
    region = ("box", boxes[0]["id"]) if boxes else ("detection", 10 * image_id + 1)
    if what == "label":
        decisions.label(project, [image_id], [Said(about[1], about[2])], author)
    elif what == "draw":
        decisions.draw_box(project, image_id, about[1], about[2], author)
    elif what == "accept":
        decisions.accept(project, [image_id], author)
    elif what == "flag":
        decisions.flag(project, [image_id], True, author)
    elif what == "move" and is_there(project, region):
        decisions.move_box(project, image_id, region, about[1], author)
    elif what == "delete" and is_there(project, region):
        decisions.delete_box(project, image_id, region, author)


def is_there(project: Project, region) -> bool:
    kind, number = region
    if kind == "box":
        return True
    row = project.db.execute("SELECT rejected FROM detections WHERE id = ?", (number,)).fetchone()
    return not row[0]


def said_of(project: Project):
    found = {}
    for image_id, one in decided.of_images(project, range(1, 5)).items():
        labels = {(label.species, label.count) for label in one.labels}
        boxes = sorted((*(round(side, 2) for side in drawn.box), drawn.species or "") for drawn in one.boxes)
        found[image_id] = (one.reviewed is not None, labels, boxes, one.flagged)
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    by_anna=st.lists(_decision, max_size=6),
    by_ben=st.lists(_decision, max_size=6),
    data=st.data(),
)
def test_that_two_who_exchange_their_newer_decisions_end_up_alike(both, tmp_path, by_anna, by_ben, data):
    start, _ = both
    start.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in ("one", "two"):
        shutil.rmtree(tmp_path / name, ignore_errors=True)
        shutil.copytree(start.folder, tmp_path / name)
    turns = data.draw(st.permutations([*((0, one) for one in by_anna), *((1, one) for one in by_ben)]))
    with Project.open(tmp_path / "one") as anna, Project.open(tmp_path / "two") as ben:
        for who, decision in turns:
            decide((anna, ben)[who], decision, ("anna", "ben")[who])
        for into, source in ((ben, anna), (anna, ben)):
            file = export(source, tmp_path / "exchange.json")
            there = decisions_file.DecisionsFile(file)
            if there.count:
                merging.merge(into, there.species, there.images(), policy="newer")
        assert said_of(anna) == said_of(ben)
