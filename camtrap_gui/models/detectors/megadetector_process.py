"""The process in which the ``megadetector`` package works, started by ``megadetector_package`` with a file's path.

It runs in the package's own Python, so it knows nothing of this program.

Pictures come in on stdin: a line of JSON with ``width``, ``height`` and ``threshold``, then the bytes of the RGB pixels.
Answers go out on stdout, a line of JSON each: ``{}`` once when ready, then ``{"detections": ...}`` in the package's own
words, or ``{"problem": ...}``. What libraries print goes to stderr. It ends when stdin does, so it never outlives its
parent.
"""

import json
import os
import sys
from typing import Any


def main() -> None:
    """Load, then answer until nobody asks any more."""
    orders = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(message: dict[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    try:
        from megadetector.detection.run_detector import load_detector

        detector = load_detector(sys.argv[1])
        _forget_gradients()
        say({})
        while line := orders.readline():
            order = json.loads(line)
            pixels = orders.read(order["width"] * order["height"] * 3)
            say(_look(detector, order, pixels))
    except Exception as error:  # of PyTorch or whatever lies below: all that can be done is to tell
        say({"problem": f"{type(error).__name__}: {error}"[:500]})
        raise


def _forget_gradients() -> None:
    """The package leaves PyTorch remembering every layer's answer, as if something were to be learnt from it."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_grad_enabled(False)


def _look(detector: Any, order: dict[str, Any], pixels: bytes) -> dict[str, Any]:
    from PIL import Image

    picture = Image.frombytes("RGB", (order["width"], order["height"]), pixels)
    result = detector.generate_detections_one_image(
        picture, "picture", detection_threshold=order["threshold"]
    )
    if result.get("failure"):
        return {"problem": str(result["failure"])}
    boxes = [
        {
            "category": str(box["category"]),
            "conf": float(box["conf"]),
            "bbox": [float(side) for side in box["bbox"]],
        }
        for box in result["detections"]
    ]
    return {"detections": boxes}


if __name__ == "__main__":
    main()
