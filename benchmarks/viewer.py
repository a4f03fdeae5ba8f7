"""Whether the viewer keeps up with the hand: two hundred boxes on twelve megapixels, and a queue of any length.

    python -m benchmarks.viewer [--boxes 200] [--queue 100000]

Taken without a screen. A frame lasts from moving the mouse, the picture or the zoom until the view is painted; beside
the clock stands the processor time of the painting thread, which other programs do not lengthen. 16 ms is a frame at
60 per second. Opening a queue is told as a multiple of opening one of ten pictures.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.common import table

ROUNDS = 200


def main() -> None:
    """Take the figures and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--boxes", type=int, default=200)
    parser.add_argument("--queue", type=int, default=100_000)
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from camtrap_gui.ui import theme

    app = QApplication(sys.argv[:1])
    theme.prepare(app, "light")
    print(table(["frame", "clock p95, ms", "processor p95, ms"], frames(options.boxes)))
    print(f"A queue of {options.queue:,} opens in {opening(options.queue):.2f} times the time of one of ten.")


def frames(many: int) -> list[tuple[str, float, float]]:
    """How long a frame takes with so many boxes: what is done, clock and processor time in ms (95th percentile)."""
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QColor, QImage
    from PySide6.QtTest import QTest

    from camtrap_gui.ui.viewer.canvas import Canvas
    from camtrap_gui.ui.viewer.shown import ShownBox

    canvas, chance = Canvas(), random.Random(1)
    canvas.resize(1000, 700)
    canvas.show()
    QTest.qWaitForWindowExposed(canvas)
    canvas.set_editable(True)
    image = QImage(4000, 3000, QImage.Format.Format_RGB32)
    image.fill(QColor("grey"))
    canvas.show_image(image)
    boxes = [
        ShownBox(
            chance.random() * 0.9, chance.random() * 0.9, 0.03 + chance.random() * 0.07, 0.03 + chance.random() * 0.07,
            f"sheep 0.{chance.randrange(50, 99)}", 0.5 + chance.random() / 2, "#3355ff", region=("box", number),
        )
        for number in range(many)
    ]  # fmt: skip
    canvas.show_boxes(boxes)
    held = canvas.to_screen(boxes[0]).center().toPoint()
    canvas.select(0)

    def drag(number: int) -> None:
        QTest.mouseMove(canvas, held + QPoint(number % 90, number % 70))

    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=held)
    rows = [("drag a box", *_measured(canvas.repaint, drag))]
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=held)
    rows.append(("move the picture", *_measured(canvas.repaint, lambda _: canvas._pan(QPointF(1, 1)))))
    canvas.fit()
    rows.append(("zoom", *_measured(canvas.repaint, lambda _: canvas.zoom_to(canvas.scale() * 1.01))))
    return rows


def opening(many: int) -> float:
    """Time to open a queue of so many pictures over that of ten."""
    from PIL import Image
    from PySide6.QtTest import QTest

    from camtrap_gui.ui.viewer.shown import Pictures, ShownPicture
    from camtrap_gui.ui.viewer.viewer import Viewer

    class Queue(Pictures):
        def __init__(self, file: Path, length: int) -> None:
            self.file, self.length = file, length

        def __len__(self) -> int:
            return self.length

        def at(self, place: int) -> ShownPicture:
            return ShownPicture(self.file, str(place))

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.jpg"
        Image.new("RGB", (1024, 768)).save(file)
        viewer = Viewer()
        viewer.resize(1100, 700)
        viewer.show()
        QTest.qWaitForWindowExposed(viewer)
        viewer.show_pictures(Queue(file, 10))
        QTest.qWait(1000)
        seconds = {10: 0.0, many: 0.0}
        for _ in range(20):
            for length in seconds:
                begun = time.perf_counter()
                viewer.show_pictures(Queue(file, length), length // 2)
                viewer.repaint()
                seconds[length] += time.perf_counter() - begun
        viewer.close_threads()
    return seconds[many] / seconds[10]


def _measured(paint: Callable[[], None], change: Callable[[int], object]) -> tuple[float, float]:
    clock: list[float] = []
    processor: list[float] = []
    for number in range(ROUNDS):
        begun, used = time.perf_counter(), time.thread_time()
        change(number)
        paint()
        clock.append(time.perf_counter() - begun)
        processor.append(time.thread_time() - used)
    at = int(ROUNDS * 0.95)
    return 1000 * sorted(clock)[at], 1000 * sorted(processor)[at]


if __name__ == "__main__":
    main()
