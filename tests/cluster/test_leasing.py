"""Leasing without a cluster: what comes back is kept once, what does not is given out again, leases end with their holder."""

import platform
from datetime import timedelta
from pathlib import Path

import pytest

from camtrap_gui.cluster import leasing
from camtrap_gui.cluster.detection import Detecting
from camtrap_gui.cluster.ray_crew import Outcome
from camtrap_gui.cluster.ray_worker import Found
from camtrap_gui.cluster.workers import Place, Worker
from camtrap_gui.models import looking
from camtrap_gui.models.catalogue import Entry
from camtrap_gui.problem import Problem
from camtrap_gui.project import Project, detections, leases
from camtrap_gui.project.detections import Seen
from tests.cluster import surveys
from tests.cluster.surveys import Brightness, found_in

PICTURES = 60
ENTRY = Entry("brightness", "", "test", "detector", "none", "b" * 64, "b" * 64, 0, "MIT", "")


class Crew:
    """Workers that look when they are asked what became of their work; ``fate`` says what does: Found, None, "died"."""

    def __init__(self, workers: int, fate=lambda worker, images: "found") -> None:
        self.workers = [Worker(n, None, Place(f"computer{n}", "", 0)) for n in range(1, workers + 1)]
        self.reasons: list[Problem] = []
        self.is_hopeless = False
        self.fate, self.queue, self.shown = fate, [], []

    def grow(self) -> None: ...

    def free(self) -> Worker | None:
        worker = min(self.workers, key=lambda worker: worker.in_hand)
        return worker if worker.in_hand < 2 else None

    def give(self, worker, piece, images) -> None:
        worker.in_hand += 1
        self.queue.append((worker, piece, images))

    def outcomes(self, timeout_s: float) -> list[Outcome]:
        for place, (worker, piece, images) in enumerate(self.queue):
            fate = self.fate(worker, images)
            if fate == "later":
                continue
            del self.queue[place]
            worker.in_hand -= 1
            if fate != "found":
                return [Outcome(piece, None, fate == "died")]
            self.shown += [image.path for image in images]
            worker.done, worker.seconds = worker.done + len(images), worker.seconds + 0.001
            return [Outcome(piece, Found(list(*looking.look(Brightness(), images, 1)), 0.001))]
        return []


@pytest.fixture(autouse=True)
def one_batch(monkeypatch):
    monkeypatch.setattr(Brightness, "batch", 1000)


@pytest.fixture
def survey(tmp_path):
    """A project, the number of its detector, and what one machine finds."""
    path = surveys.make(tmp_path / "survey", PICTURES)
    with Project.open(path) as project:
        number = detections.register(project, Brightness())
        (unseen,) = detections.unseen(project, number)
        for batch in looking.look(Brightness(), unseen, 1):
            detections.add(project, number, batch)
        wanted = found_in(project.db)
        with project.write() as db:
            db.execute("DELETE FROM detected")
            db.execute("DELETE FROM detections")
        yield project, number, wanted


def work(survey, crew: Crew) -> list[Seen]:
    project, number, _ = survey
    kept = [
        seen for batch in leasing.work(project, Detecting(project, number, ENTRY), crew) for seen in batch
    ]
    assert project.db.execute("SELECT count(*) FROM leases").fetchone()[0] == 0
    return kept


def test_that_every_image_is_looked_at_once_and_kept(survey):
    crew = Crew(3)
    kept = work(survey, crew)
    assert found_in(survey[0].db) == survey[2]
    assert (
        len(kept) == PICTURES and sorted(crew.shown) == sorted({*crew.shown}) and len(crew.shown) == PICTURES
    )
    assert all(worker.done for worker in crew.workers)


def test_that_only_what_a_dead_worker_had_in_hand_is_looked_at_again(survey):
    lost = []

    def die_once(worker, images):
        if worker.number == 2 and not lost and worker.done:
            lost.extend(images)
            return "died"
        return "found"

    crew = Crew(2, die_once)
    work(survey, crew)
    assert lost and found_in(survey[0].db) == survey[2] and len(crew.shown) == PICTURES


def test_that_the_idle_take_over_what_takes_somebody_else_too_long(survey, monkeypatch):
    monkeypatch.setattr(leasing, "_WAIT_S", 0.01)
    crew = Crew(2, lambda worker, images: "later" if worker.number == 2 else "found")
    kept = work(survey, crew)
    assert found_in(survey[0].db) == survey[2] and len(kept) == PICTURES and crew.workers[1].done == 0


def test_that_an_answer_that_comes_twice_counts_once(survey):
    def slow(worker, images):
        return "later" if worker.number == 2 and len(crew.shown) < PICTURES - 4 else "found"

    crew = Crew(2, slow)
    kept = work(survey, crew)
    assert len(kept) == PICTURES == len({seen.image_id for seen in kept})


def test_that_a_picture_that_workers_die_of_is_found_out_and_left(survey):
    crew = Crew(2, lambda worker, images: "died" if any(i.path == "0033.jpg" for i in images) else "found")
    work(survey, crew)
    project, number, wanted = survey
    assert [(image, reason[:6]) for image, reason in detections.problems(project, number)] == [(34, "deadly")]
    assert [row for row in found_in(project.db) if row[1] != "0033.jpg"] == [
        row for row in wanted if row[1] != "0033.jpg"
    ]


def test_that_a_hopeless_crew_ends_with_its_reason_and_leaves_no_leases(survey):
    crew = Crew(1, lambda worker, images: "gave up")
    crew.reasons, crew.is_hopeless = [Problem("The folder is not there.")], True
    with pytest.raises(Problem, match="The folder is not there"):
        work(survey, crew)
    assert survey[0].db.execute("SELECT count(*) FROM leases").fetchone()[0] == 0


def test_that_work_that_was_stopped_is_continued_from_what_is_kept(survey):
    project, number, wanted = survey
    batches = leasing.work(project, Detecting(project, number, ENTRY), Crew(2))
    kept = 0
    while kept < 20:
        kept += len(next(batches))
    batches.close()
    assert project.db.execute("SELECT count(*) FROM leases").fetchone()[0] == 0
    crew = Crew(2)
    work(survey, crew)
    assert len(crew.shown) == PICTURES - kept and found_in(project.db) == wanted


def test_that_leases_of_one_process_are_not_given_out_by_another_until_it_is_gone(survey, monkeypatch):
    project, number, _ = survey
    first = leases.give_images(project, number, "machine 1 one", 0, 20)
    second = leases.give_images(project, number, "machine 2 two", 0, 20)
    assert {image.id for image in first.items} == set(range(1, 21))
    assert {image.id for image in second.items} == set(range(21, 41))
    monkeypatch.setattr(leases.at_work, "is_of_here", lambda holder: True)
    monkeypatch.setattr(leases.at_work, "is_at_work", lambda folder, holder: holder.endswith("one"))
    assert leases.take_over(project) == 1
    assert leases.give_images(project, number, "machine 3 three", 0, 100).items[0].id == 21
    monkeypatch.setattr(leases, "LASTS", timedelta(seconds=-1))
    leases.prolong(project, "machine 1 one")
    leases.take_over(project)
    assert leases.give_images(project, number, "machine 3 three", 0, 100).items[0].id == 1


def test_that_a_killed_holders_leases_are_void_at_once(survey):
    project, number, wanted = survey
    leases.give_images(project, number, f"{platform.node()} 1 {'0' * 32}", 0, 20)
    work(survey, Crew(1))
    assert found_in(project.db) == wanted


def test_that_leases_of_a_computer_that_went_down_are_waited_for_until_they_expire(survey, monkeypatch):
    project, number, wanted = survey
    monkeypatch.setattr(leasing, "_WAIT_S", 0.05)
    with monkeypatch.context() as shorter:
        shorter.setattr(leases, "LASTS", timedelta(seconds=1))
        leases.give_images(project, number, f"elsewhere 1 {'0' * 32}", 0, 20)
    crew = Crew(1)
    work(survey, crew)
    assert found_in(project.db) == wanted and crew.shown[-1] == "0019.jpg"


def test_that_images_are_where_the_project_says(survey, tmp_path):
    lease = leases.give_images(survey[0], survey[1], "here 1 x", 0, 1)
    assert Path(lease.items[0].root) / lease.items[0].path == tmp_path / "survey" / "pictures" / "0000.jpg"
