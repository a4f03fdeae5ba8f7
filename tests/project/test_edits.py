"""Edits: any sequence of decisions can be taken back and made again, also after a restart."""

import getpass
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from camtrap_gui.project import Project, edits
from camtrap_gui.project.edits import Change

SPECIES = 4
IMAGES = 3


def prepared(project: Project) -> Project:
    with project.write() as db:
        db.execute("INSERT INTO roots (path) VALUES ('somewhere')")
        db.executemany(
            "INSERT INTO species (name, position) VALUES (?, ?)",
            [(f"s{number}", number) for number in range(SPECIES)],
        )
        db.executemany(
            "INSERT INTO images (key, root_id, path) VALUES (?, 1, ?)",
            [(f"i{number}", f"i{number}.jpg") for number in range(IMAGES)],
        )
        db.execute("INSERT INTO labels (image_id, species_id) VALUES (1, 1)")
    return project


def state(project: Project) -> list[tuple[object, ...]]:
    return [
        tuple(row)
        for table in ("labels", "images", "boxes")
        for row in project.db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")
    ]


def label(image: int, species: int, present: bool) -> Change:
    after = {"author": "Ana"} if present else None
    return Change("labels", {"image_id": image, "species_id": species}, after)


def test_that_an_edit_is_seen_at_once_and_remembers_its_author(project):
    prepared(project)
    edits.edit(project, "Label as s2", [label(1, 1, False), label(1, 3, True)], author="Ana")
    rows = project.db.execute("SELECT image_id, species_id, author FROM labels").fetchall()
    assert [tuple(row) for row in rows] == [(1, 3, "Ana")]
    (newest,) = edits.history(project)
    assert (newest.author, newest.note, newest.changes, newest.undone) == ("Ana", "Label as s2", 2, False)


def test_that_undo_works_after_a_restart(project):
    before = state(prepared(project))
    edits.edit(project, "Remove", [label(1, 1, False)])
    after = state(project)
    project.close()
    with Project.open(project.folder) as again:
        assert edits.undo(again) is not None
        assert state(again) == before
        assert edits.undo(again) is None
        assert edits.redo(again) is not None
        assert state(again) == after


def test_that_a_new_edit_drops_what_was_undone(project):
    prepared(project)
    edits.edit(project, "first", [label(1, 2, True)])
    edits.undo(project)
    edits.edit(project, "second", [label(1, 3, True)])
    assert edits.redo(project) is None
    assert [edit.note for edit in edits.history(project)] == ["second"]


def test_that_a_failing_edit_changes_nothing(project):
    before = state(prepared(project))
    try:
        edits.edit(project, "half", [label(1, 2, True), label(999, 1, True)])
    except Exception as error:
        assert "FOREIGN KEY" in str(error)
    else:
        raise AssertionError("a label of an unknown image was accepted")
    assert state(project) == before
    assert list(edits.history(project)) == []


def test_that_a_block_inside_another_becomes_part_of_its_edit(project):
    before = state(prepared(project))
    with edits.recording(project, "both", "Ana") as edit:
        edits.edit(project, "one", [label(1, 1, False)])
        edits.edit(project, "two", [label(2, 3, True)])
    assert [(each.id, each.note, each.changes) for each in edits.history(project)] == [(edit.id, "both", 2)]
    edits.undo(project)
    assert state(project) == before


def test_that_an_edit_that_fails_inside_leaves_nothing_behind(project):
    before = state(prepared(project))
    with pytest.raises(RuntimeError), edits.recording(project, "half") as edit:
        edit.db.execute("DELETE FROM labels")
        raise RuntimeError("no")
    assert state(project) == before
    edits.edit(project, "whole", [label(1, 1, False)])
    assert [each.note for each in edits.history(project)] == ["whole"]


def test_that_edits_of_the_first_version_can_be_undone_and_redone(project):
    prepared(project)
    rows = [
        ("labels", {"image_id": 1, "species_id": 1}, "was", None),
        ("labels", {"image_id": 1, "species_id": 2}, None, "is"),
        ("images", {"id": 2}, {"reviewed": None}, {"reviewed": "2024"}),
        ("labels", {"image_id": 9, "species_id": 9}, None, None),
        ("images", {"id": 3}, {"reviewed": None}, {"reviewed": "2023"}),
        ("images", {"id": 3}, {"reviewed": "2023"}, {"reviewed": "2024"}),
    ]
    with project.write() as db:
        start = state(project)
        db.execute(
            "INSERT INTO edits (id, made, author, note) VALUES (1, '2024-01-01T00:00:00+00:00', 'Ana', 'old')"
        )
        for table, key, *sides in rows:
            if table == "labels":
                full = {**key, "count": None, "sequence_level": 0, "author": "import"}
            else:
                full = dict(
                    db.execute(
                        "SELECT id, key, root_id, path FROM images WHERE id = ?", (key["id"],)
                    ).fetchone()
                )
            texts = [
                None if side is None else json.dumps({**full, **(side if isinstance(side, dict) else {})})
                for side in sides
            ]
            db.execute(
                'INSERT INTO changes (edit_id, "table", key, before, after) VALUES (1, ?, ?, ?, ?)',
                (table, json.dumps(key), *texts),
            )
        db.execute("UPDATE labels SET species_id = 2")
        db.execute("UPDATE images SET reviewed = '2024' WHERE id > 1")
        end = state(project)
    edits.undo(project)
    assert state(project) == start
    edits.redo(project)
    assert state(project) == end


def test_that_a_row_that_changed_since_stays_as_it_is(project):
    prepared(project)
    edits.edit(project, "Label", [label(1, 2, True), label(2, 2, True)], author="Ana")
    with project.write() as db:
        db.execute("UPDATE labels SET count = 7 WHERE image_id = 2")
    edits.undo(project)
    rows = project.db.execute("SELECT image_id, species_id, count FROM labels").fetchall()
    assert [tuple(row) for row in rows] == [(1, 1, None), (2, 2, 7)]


def test_that_the_history_is_found_by_words_and_author(project):
    prepared(project)
    for note, author in (("Label as zebra", "Ana"), ("Label as lion", "Ben"), ("Zebra moved", "Ben")):
        edits.edit(project, note, [], author)
    assert [edit.note for edit in edits.history(project, words="zebra")] == ["Zebra moved", "Label as zebra"]
    assert [edit.note for edit in edits.history(project, words="as LABEL", author="Ben")] == ["Label as lion"]
    page = [edit.id for edit in edits.history(project, limit=2)]
    assert page == [3, 2]
    assert [edit.id for edit in edits.history(project, before_id=page[-1], limit=2)] == [1]
    assert edits.authors(project) == ["Ana", "Ben"]


def test_that_a_person_always_has_a_name_that_is_no_machines(monkeypatch):
    assert edits.person("Ana") == "Ana"
    assert edits.person("import") not in edits.MACHINES

    def nobody():
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert edits.person() == "somebody"


changes = st.lists(
    st.builds(label, st.integers(1, IMAGES), st.integers(1, SPECIES), st.booleans()), min_size=1, max_size=5
)


@given(st.lists(changes, max_size=8), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_that_any_edits_undone_give_the_start_and_redone_the_end(tmp_path_factory, sequence, data):
    folder = tmp_path_factory.mktemp("edits") / "project"
    project = prepared(Project.create(folder))
    states = [state(project)]
    for group in sequence:
        edits.edit(project, "edit", group)
        states.append(state(project))
    for expected in reversed(states[:-1]):
        if data.draw(st.booleans()):
            project.close()
            project = Project.open(folder)
        assert edits.undo(project) is not None
        assert state(project) == expected
    assert edits.undo(project) is None
    for expected in states[1:]:
        assert edits.redo(project) is not None
        assert state(project) == expected
    project.close()


def test_that_a_large_edit_is_taken_back_and_made_again_batch_by_batch(project, monkeypatch):
    monkeypatch.setattr("camtrap_gui.project.changes._BATCH", 2)
    before = state(prepared(project))
    with edits.recording(project, "Much at once") as edit:
        edit.db.execute("DELETE FROM labels")
        edit.db.execute("INSERT INTO labels (image_id, species_id) SELECT id, 2 FROM images")
        edit.db.execute("UPDATE images SET flagged = 1, reviewed = ?", (edit.made,))
        for image in range(1, IMAGES + 1):
            edit.db.execute(
                "INSERT INTO boxes (image_id, x, y, width, height) VALUES (?, 0.1, 0.1, 0.2, 0.2)", (image,)
            )
    after = state(project)
    written = project.db.execute("SELECT count(*), max(rows), sum(rows) FROM changes").fetchone()
    assert tuple(written) == (7, 2, 1 + 3 * IMAGES)
    assert edits.undo(project) is not None and state(project) == before
    assert edits.redo(project) is not None and state(project) == after
    assert edits.undo(project) is not None and state(project) == before
