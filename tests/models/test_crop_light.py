from PIL import Image

from camtrap_gui.evaluation import Light
from camtrap_gui.models import crop_light
from camtrap_gui.pictures import read_upright


def paint(project, name, picture):
    path = project.folder / "crops" / name
    picture.resize((48, 40)).convert("RGB").save(path)
    return path


GREY = Image.linear_gradient("L")
COLOURED = Image.merge("RGB", [GREY, GREY.rotate(90), GREY.rotate(180)])


def test_that_only_crops_without_a_time_of_day_are_looked_at(cropped, quiet, monkeypatch):
    with cropped.write() as db:
        db.execute("UPDATE images SET taken = '2024-05-01' WHERE id = 17")
    ids = list(crop_light.without_time(cropped, "test"))
    assert ids == [17, 21]  # one with a date alone, one without anything
    paint(cropped, "zebra/17.jpg", GREY)
    paint(cropped, "gazelle/21.jpg", COLOURED)
    looked = []
    monkeypatch.setattr(
        crop_light,
        "read_upright",
        lambda path, **more: looked.append(path.name) or read_upright(path, **more),
    )
    light = crop_light.look(cropped, ids, quiet)
    assert (light(17), light(21), light(18)) == (Light.GREY, Light.COLOURED, Light.UNKNOWN)
    assert looked == ["17.jpg", "21.jpg"]
    again = crop_light.look(cropped, ids, quiet)
    assert (again(17), again(21)) == (Light.GREY, Light.COLOURED)
    assert len(looked) == 2, "what was seen is kept"


def test_that_a_crop_that_cannot_be_read_is_of_unknown_light_until_it_can(cropped, quiet):
    path = paint(cropped, "gazelle/21.jpg", COLOURED)
    whole = path.read_bytes()
    path.write_bytes(b"")
    assert crop_light.look(cropped, [21], quiet)(21) is Light.UNKNOWN
    path.write_bytes(whole)
    assert crop_light.look(cropped, [21], quiet)(21) is Light.COLOURED


def test_that_without_crops_to_look_at_nothing_is_made(cropped, quiet):
    assert crop_light.look(cropped, [], quiet)(17) is Light.UNKNOWN
    assert not (cropped.folder / "features").exists()
