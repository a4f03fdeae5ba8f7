"""What a card says of a run, measured or not, and that nothing on it can do harm."""

import base64
import io
import json
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from camtrap_gui.model_card import PAGE, TEXT, facts, rendering
from camtrap_gui.models.classifiers import Classifier
from camtrap_gui.project import crops, evaluations, people, predictions, runs

HARM = "<script>alert(1)</script> | **bold** [x](javascript:y)"


class _Tags(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words += data + " "


@pytest.fixture
def run(cropped):
    classes = crops.classes(cropped)
    counts = crops.counts(cropped)
    data = {
        "classes": classes,
        "data_hash": crops.data_hash(cropped),
        "counts": {
            "train": dict(zip(classes, counts["train"], strict=True)),
            "validation": dict(zip(classes, counts["val"], strict=True)),
        },
    }
    return runs.start(cropped, "quick", "efficientnet-lite0", {"epochs": 5, "note": HARM}, data, {})


def made(project, run, folder, **signature):
    about = {"licences": {"a backbone": {"licence": "Apache-2.0", "source": HARM, "text": "<b>Terms</b>"}}}
    about["made_with"] = {
        "keras": "3.15",
        "cores": 2,
        "devices": ["CPU"],
        "gpu": None,
        "more": {"bf16": True},
    }
    classifier = Classifier(None, run.classes, "efficientnet-lite0", 64, 1.69, about, temperature=1.4)
    files = [facts.File("ONNX", "classifier.onnx", 13.6, "uint8", 64, 2e-5, 0)]
    card = facts.gather(project, run, classifier, "bilinear", "5" * 64, files, facts.Signature(**signature))
    rendering.write(folder, card)
    return (folder / PAGE).read_text(encoding="utf-8"), (folder / TEXT).read_text(encoding="utf-8")


def evaluate(project, run):
    """As the evaluate step leaves it, in the words of its first version: all is right but two gazelles."""
    test = list(crops.of_split(project, "test"))
    said = {"zebra": "zebra", "gazelle": "zebra"}
    names = crops.classes(project)
    predictions.add(
        project,
        run.id,
        [
            predictions.Prediction(crop.id, ((said[names[crop.species]], 0.9), ("rhino", 0.1)))
            for crop in test
        ],
    )
    cells = [[0] * 4 for _ in names]
    for crop in test:
        cells[crop.species][names.index(said[names[crop.species]])] += 1
    folder = evaluations.folder(run, "test")
    folder.mkdir(parents=True)
    table = "\n".join(",".join(map(str, (name, *row))) for name, row in zip(names, cells, strict=True))
    (folder / evaluations.CONFUSION).write_text(f"truth,{','.join(names)}\n{table}\n")
    of = [
        {
            "name": name,
            "crops": sum(row),
            "locations": 2,
            "predicted": 0,
            "precision": None,
            "recall": 0.5,
            "f1": 0.25,
        }
        for name, row in zip(names, cells, strict=True)
    ]
    figures = {
        "run": run.id, "split": "test", "unreadable": 0, "notes": [HARM, "Less sure than 34%: 3 of 7 crops."], "crops": 7, "accuracy": 0.5714,
        "interval": [0.4, 0.8], "k": 4, "top_k": 1.0, "macro_f1": 0.5, "balanced_accuracy": 0.5, "classes": of,
        "locations": [],
    }  # fmt: skip
    (folder / evaluations.METRICS).write_text(json.dumps(figures))


def test_that_a_classifier_nobody_measured_says_so_first(cropped, run, tmp_path):
    page, words = made(cropped, run, tmp_path)
    for said in (page, words):
        assert "Not measured" in said and "camtrap evaluate" in said
        assert "Never named" in said and "human" in said
        assert "keras 3.15" in said and "cores 2" in said and "bf16 True" in said
    assert "not said" in words


def test_that_figures_data_and_terms_are_on_both(cropped, run, tmp_path):
    evaluate(cropped, run)
    page, words = made(cropped, run, tmp_path, author="A. Ranger, ranger@example.org", licence="CC BY 4.0")
    for said in (_Tags(page).words, words):
        for fact in (
            "57.1 %",
            "40–80 %",
            "Less sure than 34 %",
            "CC BY 4.0",
            "A. Ranger",
            "Apache-2.0",
            "5" * 64,
            run.data_hash,
            "1.4",
        ):
            assert fact in said, fact
        assert "gazelle, called zebra" in said
    assert "| zebra | 6 | 3 | 4 |" in words
    assert re.search(r"\| Training \| 12 \| 2 \| 2024-\d\d-\d\d \| 2024-\d\d-\d\d \|", words)
    assert not re.search(r"\bC0[12]\b", _Tags(page).words), "names of cameras stay at home"


def test_that_the_page_holds_all_it_shows_and_runs_nothing(cropped, run, tmp_path):
    evaluate(cropped, run)
    page, _ = made(cropped, run, tmp_path, author=HARM)
    found = _Tags(page)
    assert {tag for tag, _ in found.tags}.isdisjoint({"script", "iframe", "link", "object", "form"})
    assert "<script>alert(1)</script>" in found.words, "shown as it was written"
    addresses = [
        value for _, attributes in found.tags for name, value in attributes.items() if name in ("src", "href")
    ]
    assert addresses and all(value.startswith("data:image/jpeg;base64,") for value in addresses)
    assert not any(name.startswith("on") for _, attributes in found.tags for name in attributes)
    assert "default-src 'none'" in page
    picture = Image.open(io.BytesIO(base64.b64decode(addresses[0].partition(",")[2])))
    assert max(picture.size) <= 150 and not picture.getexif()


def test_that_what_the_project_says_means_nothing_to_markdown(cropped, run, tmp_path):
    evaluate(cropped, run)
    _, words = made(cropped, run, tmp_path, author=HARM)
    assert "alert" in words and not re.search(r"(?<!\\)<script|(?<!\\)\]\(", words)
    tables = [line for line in words.splitlines() if line.startswith("|")]
    assert tables and all(line.endswith("|") for line in tables)


def test_that_pictures_with_people_are_never_shown(cropped, run, tmp_path):
    gazelles = [crop for crop in crops.of_split(cropped, "test") if crop.species == 2]
    ids = [crop.id for crop in gazelles]
    assert people.crops_without_people(cropped, ids) == set(ids) and len(ids) == 3
    with cropped.write() as db:
        db.execute("INSERT INTO labels (image_id, species_id) VALUES (?, 10)", (gazelles[0].image_id,))
        db.execute(
            "INSERT INTO detectors (id, sha256, name, kind, typical_threshold, conservative_threshold, used)"
            " VALUES (1, 'd', 'd', 'd', 0.5, 0.1, '')"
        )
        for number, confidence in ((1, 0.15), (2, 0.05)):
            db.execute(
                "INSERT INTO detections (image_id, detector_id, category, confidence, x, y, width, height)"
                " VALUES (?, 1, 'person', ?, 0, 0, 1, 1)",
                (gazelles[number].image_id, confidence),
            )
    assert people.crops_without_people(cropped, ids) == {ids[2]}
    evaluate(cropped, run)
    page, _ = made(cropped, run, tmp_path)
    assert page.count("<img") == 1
