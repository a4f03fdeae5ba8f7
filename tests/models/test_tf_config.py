"""Which computers train together, as the environment says it; and what is said when it is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from camtrap_gui.models import tf_config
from camtrap_gui.problem import Problem

SCRIPT = Path(__file__).parents[2] / "packaging" / "cluster" / "slurm-train.sh"
TWO = {"worker": ["first:2222", "second:2222"]}


def given(monkeypatch, config: object) -> tf_config.Place | None:
    text = config if isinstance(config, str) else json.dumps(config)
    monkeypatch.setenv("TF_CONFIG", text)
    return tf_config.place()


def test_that_the_example_is_understood(monkeypatch):
    place = given(monkeypatch, tf_config.EXAMPLE)
    assert place == tf_config.Place(("first:2222", "second:2222"), 0) and place.is_first
    second = given(monkeypatch, {"cluster": TWO, "task": {"type": "worker", "index": 1}})
    assert second is not None and not second.is_first
    assert second.name(1) == "computer 2 of 2 (second:2222)"


def test_that_one_computer_is_alone(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert tf_config.place() is None
    for nobody_else in (
        "",
        "{}",
        {"cluster": {}},
        {"cluster": {"worker": ["me:1"]}, "task": {"type": "worker", "index": 0}},
    ):
        assert given(monkeypatch, nobody_else) is None


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{cluster", "is not JSON"),
        ([], "is not a JSON object"),
        ({"cluster": ["a:1"]}, "“cluster” that is not"),
        ({"cluster": {**TWO, "ps": ["third:1"]}}, "as “ps”"),
        ({"cluster": {"worker": "a:1"}}, "no list of addresses"),
        ({"cluster": {"worker": ["a:1", "b"]}}, "“b”, which is not of the form HOST:PORT"),
        ({"cluster": {"worker": ["a:1", "b:70000"]}}, "b:70000"),
        ({"cluster": {"worker": ["a:1", "a:1"]}}, "a:1 twice"),
        ({"cluster": TWO}, "no “task”"),
        ({"cluster": TWO, "task": {"type": "evaluator", "index": 0}}, "“evaluator”"),
        (
            {"cluster": TWO, "task": {"type": "worker", "index": 2}},
            "index 2; there are 2 workers, so it is 0 to 1",
        ),
        ({"cluster": TWO, "task": {"type": "worker", "index": "1"}}, 'index "1"'),
        ({"cluster": TWO, "task": {"type": "worker", "index": True}}, "index true"),
    ],
)
def test_that_a_mistake_is_told_with_an_example(monkeypatch, config, said):
    with pytest.raises(Problem) as error:
        given(monkeypatch, config)
    assert said in str(error.value) and tf_config.EXAMPLE in str(error.value)


@pytest.mark.skipif(sys.platform == "win32", reason="a script for Slurm")
def test_that_the_slurm_script_gives_every_node_its_place(monkeypatch, tmp_path):
    programs = {
        "scontrol": 'printf "node07\\nnode12\\nnode13\\n"',
        "srun": 'while [ "$1" != sh ]; do shift; done\nfor n in 0 1 2; do SLURM_PROCID=$n "$@"; done',
        "camtrap": 'echo "$TF_CONFIG"; echo "$@" >&2',
    }
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "SLURM_JOB_ID": "4711",
        "SLURM_JOB_NODELIST": "node[07,12-13]",
    }
    done = subprocess.run(
        ["sh", str(SCRIPT), "/a project", "--preset", "standard"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    places = [given(monkeypatch, line) for line in done.stdout.splitlines()]
    addresses = ("node07:24711", "node12:24711", "node13:24711")
    assert places == [tf_config.Place(addresses, number) for number in range(3)]
    assert done.stderr.splitlines() == ["train /a project --preset standard"] * 3
