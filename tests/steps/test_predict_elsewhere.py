"""Predicting pictures at addresses: single ones and folders, dead and slow servers, and names that lead nowhere else."""

import csv
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from camtrap_gui import remote_files
from camtrap_gui.cli import run as camtrap
from camtrap_gui.files import sha256_of
from camtrap_gui.formats.chosen_pictures import ChosenPictures
from camtrap_gui.jobs import Cancelled, Progress
from camtrap_gui.models.prediction_files import copy_of
from camtrap_gui.problem import Problem
from camtrap_gui.steps import predict
from camtrap_gui.steps.predict import Options
from tests import serving
from tests.serving import Served

pytestmark = pytest.mark.usefixtures("copies")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    for number, name in enumerate(("a.jpg", "S1/b.jpg", "S1/c.png")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.radial_gradient("L").resize((90, 60)).rotate(60 * number).convert("RGB").save(folder / name)
    return folder


@pytest.fixture
def store(pictures: Path) -> Iterator[str]:
    """The same pictures in a cloud."""
    import fsspec

    files = fsspec.filesystem("memory")
    for path in pictures.rglob("*.*"):
        files.pipe(f"memory://predicted/{path.relative_to(pictures).as_posix()}", path.read_bytes())
    yield "memory://predicted"
    files.rm("/predicted", recursive=True)


def far(served: Served, *names: str) -> tuple[Path, ...]:
    return tuple(Path(served.url(name)) for name in names)


def written(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256_of(path) for path in folder.rglob("*") if path.is_file()
    }


def test_that_a_folder_in_a_cloud_is_predicted_as_if_it_were_here(
    small_bundle, pictures, store, tmp_path, quiet
):
    made = {}
    for place, images in (("here", pictures), ("far", Path(store))):
        out = tmp_path / place
        options = Options(
            small_bundle, (images,), output=out, csv=out / "said.csv", json=out / "said.json", explain=out
        )
        result = predict.run(None, options, quiet)
        assert (result.pictures, result.failures) == (3, 0)
        made[place] = {name: sha for name, sha in written(out).items() if name != "said.json"}
    assert made["far"] == made["here"] and "S1/b_detections.jpg" in made["far"]
    one = predict.run(None, Options(small_bundle, (Path(f"{store}/S1"), pictures / "a.jpg")), quiet)
    assert sorted(picture.name for picture in one.shown) == [
        "a.jpg",
        "memory-predicted/b.jpg",
        "memory-predicted/c.png",
    ]


def test_that_dead_addresses_are_rows_with_reasons_and_end_nothing(
    small_bundle, pictures, served, tmp_path, capsys
):
    with serving.serving() as closed:
        gone = closed.url("gone.jpg")
    served.files["good.jpg"] = served.files["odd.jpg"] = (pictures / "a.jpg").read_bytes()
    served.always.update({
        "secret.jpg": serving.status(403),
        "page.jpg": serving.page,
        "local.jpg": serving.lead_to(f"file://{pictures / 'a.jpg'}"),
    })  # fmt: skip
    names = ("good.jpg", "missing.jpg", "secret.jpg", "page.jpg", "local.jpg", "x/../odd.jpg")
    table = tmp_path / "said.csv"
    addresses = [*(served.url(name) for name in names), gone, "memory://nothing/here"]
    assert camtrap(["predict", str(small_bundle), *addresses, "--csv", str(table)]) == 0
    assert "with confidence" in capsys.readouterr().out
    with table.open(encoding="utf-8", newline="") as file:
        rows = {row["file"].rpartition("/")[2]: row for row in csv.DictReader(file)}
    assert rows["good.jpg"]["species_1"] and not rows["good.jpg"]["failure"]
    reasons = {name: row["failure"] for name, row in rows.items()}
    assert reasons["missing.jpg"].startswith("missing") and reasons["here"].startswith("missing")
    assert "403" in reasons["secret.jpg"] and "web page" in reasons["page.jpg"]
    assert reasons["local.jpg"] == "cannot be fetched: the server answers 302 (Found)"
    assert reasons["gone.jpg"].startswith("cannot be fetched: http://127.0.0.1")
    [climbing] = [name for name in reasons if name.startswith("odd")]
    assert reasons[climbing].startswith("missing")


def test_that_what_is_larger_or_slower_than_any_picture_is_not_fetched_to_the_end(
    small_bundle, served, store, quiet, monkeypatch
):
    monkeypatch.setattr(remote_files, "LARGEST", 300)
    monkeypatch.setattr(remote_files, "LONGEST_S", 0.2)
    served.files["large.jpg"] = bytes(301)
    served.always["slow.jpg"] = serving.trickle
    chosen = (*far(served, "large.jpg", "slow.jpg"), Path(f"{store}/a.jpg"))
    shown = predict.run(None, Options(small_bundle, chosen), quiet).shown
    assert ["more than" in picture.failure for picture in shown] == [True, True, True]


def test_that_a_slow_picture_can_be_cancelled_and_nothing_goes_on_fetching(small_bundle, served):
    left = threading.Event()

    def trickle(handler: serving.Handler, data: bytes) -> bool:
        try:
            return serving.trickle(handler, data)
        except OSError:  # nobody listens any more
            left.set()
            raise

    served.always["slow.jpg"] = trickle

    def cancel(progress: Progress) -> None:
        if progress.note.startswith("waiting"):
            raise Cancelled

    with pytest.raises(Cancelled):
        predict.run(None, Options(small_bundle, far(served, "slow.jpg")), cancel)
    assert left.wait(20)


def test_that_what_could_not_be_fetched_is_asked_for_again_and_the_rest_is_not(
    small_bundle, served, pictures, tmp_path, quiet
):
    served.files["good.jpg"] = served.files["late.jpg"] = (pictures / "a.jpg").read_bytes()
    served.tricks["late.jpg"] = [serving.status(403)] * 2  # fetched ahead, and when it is its turn
    options = Options(small_bundle, far(served, "good.jpg", "late.jpg"), answers=tmp_path / "answers")
    assert [predict.run(None, options, quiet).failures for _ in range(3)] == [1, 0, 0]
    assert len(served.ranges("good.jpg")) == 1


def test_that_an_address_may_be_signed_and_its_signature_is_written_nowhere(
    small_bundle, served, pictures, tmp_path, capsys
):
    served.files["my pictures/a.jpg?key=secret/x&size=2"] = (pictures / "a.jpg").read_bytes()
    address = served.url("my%20pictures/a.jpg?key=secret/x&size=2")
    out = tmp_path / "out"
    assert (
        camtrap(["predict", str(small_bundle), address, "--output", str(out), "--csv", str(out / "s.csv")])
        == 0
    )
    [copy] = out.glob("*.jpg")
    assert copy.stem.startswith("a-") and copy.stem.endswith("_detections")
    assert "secret" not in (out / "s.csv").read_text() + capsys.readouterr().out


def test_that_wrong_places_are_refused_before_anything_is_fetched(small_bundle, served, quiet):
    [picture] = far(served, "a.jpg")
    for options in (
        Options(small_bundle, (picture,), beside=True),
        Options(small_bundle, (picture,), csv=Path("s3://bucket/said.csv")),
        Options(small_bundle, (Path("https://me:secret@host/a.jpg"),)),
    ):
        with pytest.raises(Problem) as refused:
            predict.run(None, options, quiet)
        assert "secret" not in str(refused.value)
    assert served.asked == []


@given(
    st.lists(st.sampled_from(["..", ".", "a", "CON", "b.jpg", "~", "C:", "\\", "..\\..", " ", "x\0y", "%2e%2e", "?q"])
             | st.text(max_size=12), max_size=6),
    st.sampled_from(["https", "s3", "memory", "file"]),
)  # fmt: skip
def test_that_no_address_leads_a_copy_out_of_its_folder(parts, scheme):
    address = f"{scheme}://host/{'/'.join(parts)}/a.jpg"
    try:
        chosen = ChosenPictures([Path(address), Path(f"{scheme}://host/z.jpg")])
    except Problem:
        return
    folder = Path("/out/copies")
    for path in chosen:
        copy = copy_of(folder, chosen.name_of(path), "_detections")
        assert folder in copy.parents and ".." not in copy.parts and "\\" not in str(copy)
        assert copy.suffix.lower() in (".jpg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".jpeg", ".webp")


def test_that_names_that_become_alike_do_not_share_a_copy():
    chosen = ChosenPictures(
        [Path("https://host/a?.jpg"), Path("https://host/a%3F.jpg"), Path("https://host/a_.jpg")]
    )
    assert len({chosen.name_of(path) for path in chosen}) == 3
