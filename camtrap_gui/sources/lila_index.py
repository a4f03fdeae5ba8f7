"""Which data sets LILA (lila.science) has, and where: the same files on three clouds, without an account.

LILA keeps the list as a table that changes as data sets come. Where it cannot be had, Snapshot Serengeti, the data set
of the tutorial, is known here. ``CAMTRAP_LILA_INDEX`` is the address of another table of the same form, such as that of a
copy within an institute.
"""

import csv
import difflib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass

from camtrap_gui import downloads
from camtrap_gui.jobs import Report
from camtrap_gui.problem import Problem

INDEX = "https://lila.science/wp-content/uploads/2023/06/lila_camera_trap_datasets.csv"
CLOUDS = ("gcp", "aws", "azure")

_BASES = {
    "gcp": "https://storage.googleapis.com/public-datasets-lila",
    "aws": "http://us-west-2.opendata.source.coop.s3.amazonaws.com/agentmorris/lila-wildlife",
    "azure": "https://lilawildlife.blob.core.windows.net/lila-wildlife",
}
_RESULTS = (
    "md_results_with_rde",  # without what was found at the same place again and again
    "md1000-redwood_results_raw",
    "mdv5a_results_raw",
    "mdv5b_results_raw",
    "mdv4_results_raw",
)


@dataclass(frozen=True)
class DataSet:
    """A data set: where its pictures begin and where its metadata is, per cloud, and results of MegaDetector, best first."""

    name: str
    short_name: str
    images: Mapping[str, str]
    metadata: Mapping[str, str]
    results: tuple[str, ...] = ()


SERENGETI = DataSet(
    "Snapshot Serengeti",
    "snapshot-serengeti",
    {cloud: f"{base}/snapshotserengeti-unzipped" for cloud, base in _BASES.items()},
    {
        cloud: f"{base}/snapshotserengeti-v-2-0/SnapshotSerengeti_S1-11_v2_1.json.zip"
        for cloud, base in _BASES.items()
    },
)


def data_sets(report: Report) -> list[DataSet]:
    """All of them; those known here when LILA cannot be reached."""
    try:
        table = downloads.read(os.environ.get("CAMTRAP_LILA_INDEX") or INDEX, report)
    except Problem:
        return [SERENGETI]
    rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig", "replace")))
    found = [made for row in rows if (made := _data_set(row))]
    if not found:
        raise Problem(
            "The table of LILA's data sets has changed its form: no data set could be read from it."
        )
    return found


def named(name: str, report: Report) -> DataSet:
    """The data set of that name, long or short. Raises Problem that lists all names when there is none."""
    wanted = name.strip().casefold()
    known = data_sets(report)
    for one in known:
        if wanted in (one.name.casefold(), one.short_name.casefold()):
            return one
    names = [one.short_name for one in known]
    near = difflib.get_close_matches(wanted, names, 3)
    meant = f" Is it {' or '.join(near)}?" if near else ""
    raise Problem(
        f"LILA has no data set “{name}”, as far as can be told.{meant} There are: {', '.join(names)}."
    )


def _data_set(row: Mapping[str, str | None]) -> DataSet | None:
    """A row of the table; None for one without pictures or metadata."""

    def addresses(column: str) -> dict[str, str]:
        cells = {cloud: (row.get(f"{column}_{cloud}") or "").strip() for cloud in CLOUDS}
        return {cloud: cell.rstrip("/") for cloud, cell in cells.items() if cell.startswith("http")}

    name, short = ((row.get(column) or "").strip() for column in ("name", "short_name"))
    images, metadata = addresses("image_base_url"), addresses("metadata_url")
    results = (row.get(column) or "" for column in _RESULTS)
    if not (name and images and metadata):
        return None
    short = short or name.casefold().replace(" ", "-")
    return DataSet(
        name, short, images, metadata, tuple(one.strip() for one in results if one.startswith("http"))
    )
