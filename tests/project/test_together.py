"""Several programs work on one project at the same time."""

import subprocess
import sys

from camtrap_gui.project import Project, edits, history, watching
from camtrap_gui.project.edits import Change
from tests.disks import ROOT

DECIDES = """
import sys
from pathlib import Path
from camtrap_gui.project import Project, edits
from camtrap_gui.project.edits import Change

with Project.open(Path(sys.argv[1])) as project:
    sys.stdin.readline()
    for number in range(40):
        edits.edit(project, f"{sys.argv[2]}:{number}", [
            Change("labels", {"image_id": number + 1, "species_id": int(sys.argv[2])}, {"author": "somebody"})
        ])
        if number % 4 == 3:
            edits.undo(project)
"""


def test_that_decisions_of_two_programs_are_all_kept_and_undo_is_shared(project):
    with project.write() as db:
        db.execute("INSERT INTO roots (id, path) VALUES (1, '/pictures')")
        db.executemany(
            "INSERT INTO images (key, root_id, path) VALUES (?1, 1, ?1)", [(n,) for n in range(40)]
        )
        db.executemany("INSERT INTO species (id, name, position) VALUES (?1, ?1, ?1)", [(1,), (2,)])
    command = [sys.executable, "-c", DECIDES, str(project.folder)]
    both = [
        subprocess.Popen([*command, name], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for name in "12"
    ]
    for one in both:
        assert one.stdin is not None
        one.stdin.write("go\n")
        one.stdin.flush()
    for one in both:
        _, errors = one.communicate(timeout=60)
        assert one.returncode == 0, errors

    def agrees() -> int:
        """What is there is what the decisions say that are not taken back."""
        made = [edit.note for edit in edits.history(project, limit=1000) if not edit.undone]
        labels = project.db.execute("SELECT species_id || ':' || (image_id - 1) FROM labels").fetchall()
        assert sorted(label for (label,) in labels) == sorted(made)
        return len(made)

    assert agrees() == 60
    while edits.undo(project):
        pass
    assert agrees() == 0
    assert project.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_that_what_others_did_is_news_once_and_what_one_did_oneself_is_none(project):
    watch = watching.Watch(project)
    change = [Change("species", {"id": 1}, {"name": "lion", "position": 0})]
    with Project.open(project.folder) as other:
        assert watch.news() == watching.News()
        edits.edit(other, "name a species", change)
        assert watch.news() == watching.News(written=True, decided=True)
        assert watch.news() == watching.News()
        edits.undo(project)
        watch.take_as_known()
        assert watch.news() == watching.News()
        history.close_cut_off(other, "detect")
        with other.write() as db:
            db.execute(
                "INSERT INTO jobs (step, options, started, finished, state)"
                " VALUES ('crop', '{}', '2030-01-01T00:00:00+00:00', '2030-01-02T00:00:00+00:00', 'done')"
            )
        assert watch.news() == watching.News(written=True, ended=frozenset({"crop"}))
        assert watch.news() == watching.News()


def test_that_a_decision_is_on_the_disk_when_it_is_made_and_a_batch_need_not_be(project):
    full, normal = 2, 1
    with edits.recording(project, "look"):
        assert project.db.execute("PRAGMA synchronous").fetchone()[0] == full
    with project.write():
        assert project.db.execute("PRAGMA synchronous").fetchone()[0] == normal
