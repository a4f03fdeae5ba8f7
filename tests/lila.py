"""LILA on this computer: a table of data sets, zips of metadata, and the same pictures on three clouds."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image

from camtrap_gui import downloads
from camtrap_gui.sources import lila_index
from tests import serving
from tests.serving import Served

CATEGORIES = ("empty", "human", "zebra", "gazelleThomsons")
RECORDS = [
    {
        "id": f"{season}/{place}/{season}_{place}_PICT{number:04}",
        "file_name": f"{season}/{place}/{season}_{place}_PICT{number:04}.JPG",
        "location": place,
        "season": season,
        "seq_id": f"{season}#{place}#{number // 3}",
        "frame_num": number % 3 + 1,
        "datetime": f"2010-07-{number + 1:02} 10:00:00",
        "width": 64,
        "height": 48,
    }
    for season in ("S1", "S2")
    for place in ("B04", "C 05")
    for number in range(9)
]
SAID = [
    {
        "id": f"a{number}",
        "image_id": record["id"],
        "category_id": number % 4,
        "count": 1,
        "sequence_level_annotation": True,
    }
    for number, record in enumerate(RECORDS)
]
HUMAN = {said["image_id"] for said in SAID if said["category_id"] == 1}
SURVEY = {
    "info": {"version": "2.1", "description": "a small Serengeti"},
    "categories": [{"id": number, "name": name} for number, name in enumerate(CATEGORIES)],
    "images": RECORDS,
    "annotations": SAID,
}
RESULTS = {
    "info": {"detector": "md_v4.1.0.pb", "format_version": "1.3"},
    "detection_categories": {"1": "animal", "2": "person", "3": "vehicle"},
    "images": [
        {
            "file": record["file_name"],
            "detections": [{"category": "1", "conf": 0.9, "bbox": [0.1, 0.2, 0.3, 0.4]}],
        }
        for record in RECORDS
    ],
}


def jpeg(number: int) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").rotate(7 * number).resize((64, 48)).convert("RGB").save(out, "JPEG")
    return out.getvalue()


PICTURES = {
    record["file_name"]: jpeg(number) for number, record in enumerate(RECORDS) if record["id"] not in HUMAN
}


def zipped(name: str, value: object) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, json.dumps(value))
    return out.getvalue()


@contextmanager
def serving_lila(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server that is LILA, as far as it matters, for everything that is started meanwhile."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloads, "_FIRST_PAUSE_S", 0.01)
    with serving.serving() as served:
        columns = ["name", "short_name", "continent"]
        cells = ["Snapshot Serengeti", "snapshot-serengeti", "Africa"]
        for cloud in lila_index.CLOUDS:
            columns += [f"image_base_url_{cloud}", f"metadata_url_{cloud}"]
            cells += [served.url(f"{cloud}/unzipped"), served.url(f"{cloud}/meta/Serengeti.json.zip")]
            served.files[f"{cloud}/meta/Serengeti.json.zip"] = zipped("Serengeti.json", SURVEY)
            served.files |= {f"{cloud}/unzipped/{path}": data for path, data in PICTURES.items()}
        columns += ["mdv4_results_raw", "md_results_with_rde"]
        cells += [served.url("results/raw.json.zip"), served.url("results/serengeti_rde.json.zip")]
        served.files["results/serengeti_rde.json.zip"] = zipped("serengeti_rde.json", RESULTS)
        table = [",".join(columns), ",".join(cells), ",".join(["No pictures", "none", "", *[""] * 8])]
        served.files["index.csv"] = "\r\n".join(table).encode("utf-8-sig")
        monkeypatch.setenv("CAMTRAP_LILA_INDEX", served.url("index.csv"))
        yield served
