"""The crops page: the data set as it is, and as it would be while options are changed, before anything is cut."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from camtrap_gui.project import Project, crops, detections
from camtrap_gui.project.detections import Seen
from camtrap_gui.steps import STEPS, dataset, run_step
from camtrap_gui.ui.panels import crop as crop_panel
from camtrap_gui.ui.panels.crop import BESIDE, CropPanel


def animal(confidence: float) -> SimpleNamespace:
    return SimpleNamespace(category="animal", confidence=confidence, x=0.3, y=0.3, width=0.4, height=0.4)


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    """Pictures of two species at six locations; half of the animals are found with a confidence of 0.4 only."""
    for place in range(6):
        for name in ("lion", "zebra"):
            picture = tmp_path / "pictures" / f"camp-{place}" / name / "1.jpg"
            picture.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (160, 120), (30 * place, 90, len(name) * 20)).save(picture)
    about = SimpleNamespace(
        name="finder", kind="test", sha256="f" * 64, typical_threshold=0.3, conservative_threshold=0.05
    )
    with Project.open_or_create(tmp_path / "project") as project:
        step = next(step for step in STEPS if step.name == "dataset")
        options = dataset.Options(folder=tmp_path / "pictures", folder_rule="{location}/{species}")
        run_step(step, project, options, lambda _: None)
        detector = detections.register(project, about)
        names = project.db.execute("SELECT id, path FROM images").fetchall()
        found = [Seen(row["id"], (animal(0.4 if "zebra" in row["path"] else 0.8),)) for row in names]
        detections.add(project, detector, found)
    return tmp_path / "project"


@pytest.fixture
def panel(session, show, survey) -> CropPanel:
    made = CropPanel(session(survey))
    show(made)
    return made


def rows(table) -> list[list[str]]:
    return [
        [table.item(line, column).text() for column in range(table.columnCount())]
        for line in range(table.rowCount())
    ]


def test_that_the_split_is_shown_before_anything_is_cut_and_then_as_it_is(panel, wait):
    wait(lambda: panel.before_after.text())
    assert panel.result.isVisible() and panel.before_after.text().startswith("As it would be")
    ahead = {row[0]: row[1:5] for row in rows(panel.classes)}
    assert set(ahead) == {"lion", "zebra"} and ahead["lion"][3] == "6"
    assert not crops.folder(panel.session.project).exists()
    QTest.mouseClick(panel.start_button, Qt.MouseButton.LeftButton)
    wait(lambda: panel.before_after.text().startswith("As it is"))
    assert {row[0]: row[1:5] for row in rows(panel.classes)} == ahead

    panel.form.set_value("threshold", 0.5)
    wait(lambda: panel.before_after.text().startswith("As it would be"))
    lion, zebra = rows(panel.classes)
    assert (lion[0], lion[4], lion[5]) == ("lion", "6", "6")
    assert zebra == ["zebra", "–", "–", "–", "–", "6"]
    assert ["no animal was found at this threshold", "6", "–"] in rows(panel.left_out)
    assert "6 crops of 1 species; now 12 of 2" in panel.before_after.text()
    assert sum(map(sum, crops.counts(panel.session.project).values())) == 12


def test_that_options_that_cannot_be_carried_out_are_refused_while_they_are_typed(panel, wait):
    panel.form.set_value("exclude", ("unicorn",))
    wait(lambda: "unicorn" in panel.message.text())
    assert panel.message.text().startswith("With these options: ")
    panel.form.set_value("exclude", ("zebra",))
    wait(lambda: not panel.message.text() and len(rows(panel.classes)) == 1)
    panel.form.set_value("threshold", "much")
    wait(lambda: "much" in panel.message.text())


def test_that_only_the_newest_options_are_answered(panel, wait):
    wait(lambda: panel.before_after.text())
    shown: list[int] = []
    panel._ahead.planned.connect(lambda planned: shown.append(len(planned.classes)))
    for exclude in ((), ("lion",), (), ("lion", "zebra"), ("zebra",), ()):
        panel.form.set_value("exclude", exclude)
        panel.look_ahead()
    wait(lambda: shown and len(rows(panel.classes)) == 2)
    assert set(shown) == {2}


def test_that_a_great_survey_is_planned_only_when_asked_and_says_so(panel, wait, monkeypatch):
    wait(lambda: panel.before_after.text())
    monkeypatch.setattr(crop_panel, "LOOK_AHEAD_UP_TO", 11)
    assert not panel.plan_button.isVisible()
    panel.form.set_value("exclude", ("zebra",))
    wait(panel.plan_button.isVisible)
    assert "takes a while" in panel.before_after.text() and not panel._ahead._background.is_asking()
    QTest.mouseClick(panel.plan_button, Qt.MouseButton.LeftButton)
    assert not panel.plan_button.isVisible()
    wait(lambda: panel.before_after.text().startswith("As it would be"))
    assert [row[0] for row in rows(panel.classes)] == ["lion"]


def test_that_the_tables_are_stacked_where_there_is_little_room(panel):
    panel.resize(BESIDE, 700)
    assert panel._parts.orientation() == Qt.Orientation.Horizontal
    panel.resize(1100, 700)
    assert panel._parts.orientation() == Qt.Orientation.Vertical
