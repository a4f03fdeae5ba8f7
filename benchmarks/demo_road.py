"""How long the whole road takes on the demo survey, and how well it ends.

    python -m benchmarks.demo_road [--images 600] [--seed 0] [--keep DIR]

Runs ``camtrap demo`` in a fresh process and prints the seconds of each step, the share of the whole, pictures per second,
and the demo's own figures (detector against the true boxes, classifier on cameras never seen). Installed models are
used as they are; the stage "models" is their download where they are missing, and is not part of the total.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder to leave the demo in")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        road(options.keep or Path(scratch) / "demo", options.images, options.seed)


def road(folder, images, seed):
    command = [sys.executable, "-m", "camtrap_gui", "--json", "demo", str(folder)]
    before, started = os.times(), time.monotonic()
    done = subprocess.run(
        [*command, "--images", str(images), "--seed", str(seed)], stdout=subprocess.PIPE, text=True
    )
    wall, after = time.monotonic() - started, os.times()
    last = json.loads(done.stdout.splitlines()[-1])
    if done.returncode:
        sys.exit(f"the demo failed: {last}")
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    result = last["result"]
    seconds = result["seconds"]
    total = sum(value for name, value in seconds.items() if name != "models")
    print(f"{'step':10} {'seconds':>8} {'share':>7} {'pictures/s':>11}")
    for name, value in seconds.items():
        rate = f"{images / value:.1f}" if value and name in ("survey", "dataset", "detect", "crop") else ""
        share = "" if name == "models" else f"{value / total:.0%}"
        print(f"{name:10} {value:8.1f} {share:>7} {rate:>11}")
    print(
        f"{'total':10} {total:8.1f}         (without models; process {wall:.1f} s, processor time {busy:.1f} s)"
    )
    for name, value in result["figures"].items():
        print(f"{name:14} {value if not isinstance(value, float) else round(value, 3)}")
    figures = {"images": images, "total_s": total, "processor_s": busy, "seconds": seconds} | result[
        "figures"
    ]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
