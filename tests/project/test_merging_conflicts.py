"""Two people decided about the same pictures: who agrees, what is a conflict, and how it is settled."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.formats import decisions as decisions_file
from camtrap_gui.project import Project, decided, decisions, edits, merging
from camtrap_gui.project.decisions import Said
from tests.exchanging import SPECIES, bring, export, shown, two_copies


@pytest.fixture
def both(tmp_path: Path):
    with two_copies(tmp_path) as projects:
        yield projects


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
