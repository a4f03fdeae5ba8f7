import re
from collections import Counter

import pytest

from camtrap_gui.cli import run as camtrap
from camtrap_gui.models.classifiers import bundle
from camtrap_gui.problem import Problem
from camtrap_gui.project import crops, predictions, runs
from camtrap_gui.project.predictions import Prediction
from camtrap_gui.steps import sample
from camtrap_gui.steps.sample import Options


@pytest.fixture(scope="session")
def classifier(small_bundle):
    return bundle.load(small_bundle)


@pytest.fixture(autouse=True)
def read_once(classifier, monkeypatch):
    """Building the network takes seconds; reading bundles has tests of its own."""
    monkeypatch.setattr(bundle, "load", lambda folder: classifier)


def test_that_copies_and_texts_are_those_of_the_tutorial(with_run, tmp_path, capsys, classifier):
    out = tmp_path / "out"
    assert camtrap(["sample", str(with_run.folder), "--sample", "4", "--output", str(out)]) == 0
    said = capsys.readouterr().out.splitlines()
    texts = sorted(out.glob("*.txt"))
    assert len(texts) == len(list(out.glob("*.jpg"))) == 4
    for text in texts:
        species, name = text.stem.split("___")
        file = f"{species}/{name}.jpg"
        crop = with_run.folder / "crops" / file
        assert text.with_suffix(".jpg").read_bytes() == crop.read_bytes()
        first, second, *named = text.read_text(encoding="utf-8").splitlines()
        assert (first, second) == (f"Predicting {file}", "Most likely classes:")
        assert len(named) == 4 and all(
            re.fullmatch(r'\t"[a-z]+" with confidence \d+\.\d\d%', line) for line in named
        )
        assert said[said.index(first) + 1] == f"Wrote output to {text}"


def test_that_every_species_is_shown_equally_and_it_ends_when_pictures_run_out(with_run, tmp_path, quiet):
    looks = sample.run(with_run, Options(tmp_path / "four", sample=4), quiet).looks
    assert Counter(look.truth for look in looks) == {"zebra": 2, "gazelle": 2}
    looks = sample.run(with_run, Options(tmp_path / "all", sample=1000), quiet).looks
    assert Counter(look.truth for look in looks) == {"zebra": 4, "gazelle": 3}


def test_that_the_classifier_itself_is_asked(with_run, tmp_path, quiet, classifier):
    from PIL import Image

    for look in sample.run(with_run, Options(tmp_path, sample=3), quiet).looks:
        scores = classifier.predict([Image.open(with_run.folder / "crops" / look.file)])[0]
        assert dict(look.species) == pytest.approx(
            dict(zip(classifier.classes, scores, strict=True)), abs=1e-5
        )


def test_that_what_an_evaluation_stored_is_used(with_run, tmp_path, quiet, monkeypatch):
    run = runs.newest(with_run)
    predictions.begin(with_run, run.id, bundle.fingerprint(run.model))
    stored = [
        Prediction(crop.id, [("rhino", 0.75), ("zebra", 0.25)]) for crop in crops.of_split(with_run, "test")
    ]
    predictions.add(with_run, run.id, stored)
    monkeypatch.setattr(bundle, "load", lambda folder: pytest.fail("the classifier was loaded"))
    looks = sample.run(with_run, Options(tmp_path), quiet).looks
    assert len(looks) == 7 and all(look.species == (("rhino", 0.75), ("zebra", 0.25)) for look in looks)
    assert '\t"rhino" with confidence 75.00%' in looks[0].text_file.read_text()


def test_that_a_seed_always_chooses_the_same(with_run, tmp_path, quiet):
    def files(seed):
        looks = sample.run(with_run, Options(tmp_path, sample=3, seed=seed), quiet).looks
        return [look.file for look in looks]

    assert files(0) == files(0)
    assert len({tuple(files(seed)) for seed in range(5)}) > 1


def test_that_a_crop_whose_file_is_gone_is_said_and_the_others_are_shown(with_run, tmp_path, quiet):
    gone = next(crops.of_split(with_run, "test"))
    crops.path_of(with_run, gone).unlink()
    result = sample.run(with_run, Options(tmp_path / "out"), quiet)
    assert result.missing == (gone.file,) and len(result.looks) == 6
    assert f"Could not find: {gone.file}" in result.text()


def test_that_names_that_would_be_equal_are_told_apart():
    names = sample._names(["a___b/c.jpg", "a/b___c.jpg", "a/b___c.png", "A/b/c.jpg"])
    assert len({name.rsplit(".", 1)[0].casefold() for name in names.values()}) == 4
    assert names["a___b/c.jpg"] == "a___b___c.jpg"


def test_that_a_split_without_crops_and_other_crops_than_the_run_knows_are_problems(
    with_run, tmp_path, quiet
):
    with with_run.write() as db:
        db.execute("UPDATE crops SET split = 'train' WHERE split = 'val'")
    with pytest.raises(Problem, match="changed since run"):
        sample.run(with_run, Options(tmp_path / "out"), quiet)
    assert not (tmp_path / "out").exists()
