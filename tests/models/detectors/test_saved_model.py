"""Detectors in TensorFlow SavedModels: folders and archives, of TensorFlow 1 and 2."""

import shutil
import zipfile

import pytest
from PIL import Image

from camtrap_gui.models import detectors, recognition, saved_model_files, store
from camtrap_gui.models.detectors import saved_model
from camtrap_gui.models.detectors.yolox import Yolox
from camtrap_gui.problem import Problem
from tests.exported import write_saved_model
from tests.models.detectors.same_boxes import assert_same, find, pictures


@pytest.fixture(scope="module")
def weights(installed_models):
    return store.read_weights(store.get("default"))


@pytest.fixture(scope="module", params=[1, 2])
def folder(request, weights, tmp_path_factory):
    """A real SavedModel as TensorFlow 1 and 2 write it."""
    path = tmp_path_factory.mktemp("saved") / f"our-model-{request.param}"
    return write_saved_model(path, weights, version=request.param)


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """At the size the network sees, so that nobody scales."""
    made = pictures(tmp_path_factory.mktemp("survey") / "pictures")
    return [picture.resize((640, 480)) for picture in made]


def described(path):
    return recognition.describe(path, conservative_threshold=0.05, categories={"1": "animal"})


def tiny(folder, layer=None, signature="serving_default", outputs=3):
    """A SavedModel with the outputs of a detector. ``layer`` is called with the picture and may do mischief."""
    import tensorflow as tf

    class Detector(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = tf.Variable(1.0)
            self.layer = layer() if layer else None

        @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
        def detect(self, picture):
            light = tf.reduce_mean(tf.cast(picture, tf.float32)) * self.factor / 255
            if self.layer is not None:
                light += self.layer(light)
            answers = {
                "detection_boxes": tf.constant([[[0.1, 0.2, 0.5, 0.8]]]),
                "detection_scores": light[None, None],
                "detection_classes": tf.constant([[1.0]]),
            }
            return dict(list(answers.items())[:outputs])

    detector = Detector()
    tf.saved_model.save(detector, str(folder), signatures={signature: detector.detect})
    return folder


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("tiny") / "small")


def zipped(folder, path, prefix="md_v4.1.0_saved_model/"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, f"{prefix}{file.relative_to(folder).as_posix()}")
    return path


def test_that_a_real_model_finds_the_boxes_of_the_reference(folder, weights, seen):
    reference = Yolox(store.get("default"), weights, bfloat16=False)
    detector = saved_model.load(described(folder), bfloat16=False)
    assert (detector.kind, detector.categories) == ("saved-model", ("animal",))
    assert_same(find(detector, seen), find(reference, seen))


def test_that_folder_graph_and_archive_are_the_same_detector(small, tmp_path):
    archive = zipped(small, tmp_path / "small.zip")
    ways = [described(path) for path in (small, small / "saved_model.pb", archive)]
    assert len({(entry.sha256, entry.size, entry.name) for entry in ways}) == 1
    for entry in ways:
        (boxes,) = find(saved_model.load(entry), [Image.new("RGB", (40, 30), "white")])
        assert [(box.category, box.x, box.y) for box in boxes] == [
            ("animal", pytest.approx(0.2), pytest.approx(0.1))
        ]


def test_that_a_model_that_was_added_is_one_file_with_the_hash_it_was_described_with(
    small, tmp_path, monkeypatch
):
    monkeypatch.setenv("CAMTRAP_MODELS", str(tmp_path / "models"))
    entry = store.add(zipped(small, tmp_path / "small.zip"))
    assert (entry.name, entry.kind, entry.path.name) == ("small", "saved-model", "saved_model.zip")
    assert store.verify()[0].ok and entry.sha256 == described(small).sha256
    assert detectors.load("small").kind == "saved-model"


def test_that_a_model_that_changed_after_it_was_described_is_refused(small, tmp_path):
    copy = shutil.copytree(small, tmp_path / "copy")
    entry = described(copy)
    weights = next(copy.glob("variables/*.data*"))
    weights.write_bytes(weights.read_bytes() + b"!")
    with pytest.raises(Problem, match="have changed"):
        saved_model.load(entry)


def test_that_only_the_files_that_were_judged_are_opened(small, tmp_path):
    """TensorFlow prefers another form of the graph where there is one."""
    copy = shutil.copytree(small, tmp_path / "copy")
    (copy / "saved_model.cpb").write_bytes(b"another graph")
    (copy / "saved_model.pbtxt").write_text("another graph")
    with saved_model_files.opened(copy) as folder:
        files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"}
    assert saved_model.load(described(copy)).kind == "saved-model"


def reading_a_file():
    import tensorflow as tf

    return lambda light: light + tf.cast(tf.strings.length(tf.io.read_file("/etc/hostname")), tf.float32)


def looking_up():
    import tensorflow as tf

    keys = tf.lookup.KeyValueTensorInitializer([1, 2], [0.0, 0.0])
    table = tf.lookup.StaticHashTable(keys, 0.0)

    class Layer(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = table

        def __call__(self, light):
            return self.table.lookup(tf.cast(light, tf.int32))

    return Layer()


@pytest.mark.parametrize(
    ("layer", "says"), [(reading_a_file, "ReadFile.*reaches out"), (looking_up, "tables")]
)
def test_that_what_reaches_out_or_runs_when_it_is_loaded_is_refused(layer, says, tmp_path):
    with pytest.raises(Problem, match=says):
        described(tiny(tmp_path / "spy", layer))


def test_that_saving_operations_may_be_there_but_not_run(tmp_path, monkeypatch):
    """Every SavedModel has them, so that the file passes; but a picture must not set one off."""
    import tensorflow as tf

    target = tmp_path / "written"

    def save(light):
        with tf.control_dependencies(
            [
                tf.raw_ops.SaveV2(
                    prefix=str(target), tensor_names=["x"], shape_and_slices=[""], tensors=[light]
                )
            ]
        ):
            return tf.identity(light)

    entry = described(tiny(tmp_path / "spy", lambda: save))
    with pytest.raises(Problem, match=r"SaveV2.*reaches out"):
        saved_model.load(entry)
    assert not list(tmp_path.glob("written*"))


@pytest.mark.parametrize(
    ("more", "says"), [({"signature": "other"}, "serving_default"), ({"outputs": 2}, "not a detector")]
)
def test_that_other_models_are_refused(more, says, tmp_path):
    with pytest.raises(Problem, match=says):
        described(tiny(tmp_path / "other", **more))


def test_that_archives_do_not_write_outside(small, tmp_path):
    archive = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.write(small / "saved_model.pb", "model/saved_model.pb")
        out.writestr("model/variables/../../../escaped", b"x")
        out.writestr("/model/variables/escaped", b"x")
        out.writestr("model/assets/run.sh", b"x")
    with saved_model_files.opened(archive) as folder:
        assert [path.relative_to(folder).as_posix() for path in folder.rglob("*")] == ["saved_model.pb"]
    assert not list(tmp_path.parent.rglob("escaped"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello"])
def test_that_another_file_is_a_problem(content, tmp_path):
    (tmp_path / "saved_model.zip").write_bytes(content)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "saved_model.pb").write_bytes(content)
    with pytest.raises(Problem, match="cannot be read"):
        described(tmp_path / "saved_model.zip")
    with pytest.raises(Problem, match=r"no SavedModel|0 graphs"):
        described(tmp_path / "model")


def test_that_an_archive_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "pictures.zip", "w") as out:
        out.writestr("a.jpg", b"x")
    with pytest.raises(Problem, match="must hold one SavedModel"):
        described(tmp_path / "pictures.zip")


def test_that_any_damage_passes_or_is_a_problem(small, tmp_path):
    """A byte changed at many places of the graph, the file judged each time."""
    copy = shutil.copytree(small, tmp_path / "copy")
    whole = (copy / "saved_model.pb").read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 300)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        (copy / "saved_model.pb").write_bytes(damaged)
        try:
            saved_model_files.check(copy, "our model")
        except Problem as problem:
            assert "our model" in str(problem)
