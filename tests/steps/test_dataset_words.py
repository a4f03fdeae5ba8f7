from PIL import Image

from camtrap_gui.project import Project
from camtrap_gui.steps import dataset


def test_that_an_import_names_what_it_could_not_use(tmp_path):
    folder = tmp_path / "pictures"
    (folder / "DCIM").mkdir(parents=True)
    Image.new("L", (40, 30)).save(folder / "DCIM/good.jpg")
    for number in range(4):
        (folder / f"DCIM/empty {number}.jpg").touch()
    (folder / "DCIM/film.mp4").touch()
    with Project.create(tmp_path / "project", "Test") as project:
        told = dataset.run(project, dataset.Options(folder=folder), lambda progress: None).text()
    assert "empty 4: DCIM/empty 0.jpg, DCIM/empty 1.jpg, DCIM/empty 2.jpg, …\n" in told
    assert "video 1: DCIM/film.mp4" in told
    assert "No location is known" in told and "--folder-rule {location}" in told
