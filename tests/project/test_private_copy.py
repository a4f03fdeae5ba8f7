from pathlib import Path

from camtrap_gui.project import Project, crops, training_data
from camtrap_gui.project.private_copy import private_copy
from tests import tiny


def test_that_a_private_copy_has_everything_and_gives_nothing_back(project: Project):
    tiny.add_crops(project, {("zebra", "train"): 4})
    before = crops.data_hash(project)
    with private_copy(project.folder) as own:
        assert own.folder == project.folder.resolve() and crops.data_hash(own) == before
        path, _ = training_data.file_of(own, 1)
        assert path.is_file()
        with own.write() as db:
            db.execute("DELETE FROM crops")
        copy = Path(own.db.execute("PRAGMA database_list").fetchone()["file"])
    assert crops.data_hash(project) == before and not copy.exists()
