"""What another person decided comes into a copy of the survey, as one edit."""

from pathlib import Path

import pytest

from camtrap_gui.problem import Problem
from camtrap_gui.project import decisions, edits, species
from camtrap_gui.project.decisions import Said
from tests.exchanging import IMAGES, bring, everything, shown, two_copies


@pytest.fixture
def both(tmp_path: Path):
    with two_copies(tmp_path) as projects:
        yield projects


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
