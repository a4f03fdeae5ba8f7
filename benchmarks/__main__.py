"""Every benchmark, one after the other: ``python -m benchmarks``, ``--small`` for a try.

Each prints a table and its figures as one JSON line. Nothing else should run on the machine meanwhile.
"""

import subprocess
import sys

ALL = {
    "dataset_import": ["--images", "50000"],
    "million": ["--images", "50000", "--rounds", "1"],
    "flat_memory": ["--images", "200", "1000", "--leave-out", "train", "review"],
    "costs": ["--measure", "60"],
    "detection": ["--pictures", "24"],
    "detection_quality": ["--images", "40"],
    "cluster": ["--pictures", "120", "--files", "12", "--rounds", "1"],
    "pictures_elsewhere": ["--pictures", "40", "--rounds", "1"],
    "crops": ["--pictures", "24"],
    "training": ["--crops", "300"],
    "training_input": ["--crops", "128", "--batch", "16", "--rounds", "1"],
    "training_together": ["--batch", "8", "--steps", "3", "--rounds", "1"],
    "precision": ["--backbones", "efficientnet-lite0", "--batch", "8", "--rounds", "1", "--pictures", "40"],
    "transfer": ["--seeds", "1"],
    "recipes": ["--seeds", "1", "--size", "64", "--epochs", "1", "--only", "unfreeze", "--no-demo"],
    "window": ["--images", "20000", "--crops", "120", "--seconds", "10", "--frames", "60", "--pictures", "6"],
    "review_edits": ["--images", "5000", "--rounds", "1"],
    "review_kills": ["--kills", "20"],
    "review_queues": ["--images", "50000"],
    "review_window": ["--images", "5000", "--decisions", "100", "--looked-at", "5"],
    "viewer": ["--queue", "2000"],
    "retrain": ["--crops", "2000", "--corrections", "50"],
    "results_exchange": ["--images", "20000"],
    "sharing": ["--images", "5000"],
    "static_objects": ["--detections", "100000", "--rounds", "1"],
    "confidence": ["--pictures", "300", "--seeds", "1"],
    "unknown_species": ["--pictures", "300", "--least", "40"],
    "tutorial_recipe": ["--first-steps", "20", "--epochs", "1", "--seeds", "1", "--batch", "0"],
    "label_noise": ["--seeds", "1"],
    "teaching_order": ["--seeds", "1"],
    "evaluation": ["--crops", "100000"],
    "backbones": ["--installed", "--most", "20", "--rounds", "1"],
    "explaining": ["--crops", "5000", "--rounds", "2"],
    "demo_road": ["--images", "120"],
}
"""The benchmarks, and what each is asked for with ``--small``."""


def main() -> int:
    """Run them all; the exit status is that of the worst."""
    small = "--small" in sys.argv[1:]
    worst = 0
    for name, less in ALL.items():
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(less if small else [])]
        worst = max(worst, subprocess.run(command).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
