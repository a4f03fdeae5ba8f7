"""Running a network on all cores with OpenVINO.

Why OpenVINO: it starts in half a second where TensorFlow takes three, reads ONNX files itself, and calculates in bfloat16
where the processor has it. float16 was four times slower than bfloat16.

Many pictures: two streams of one thread beat one stream of two threads. One picture that somebody waits for: two threads
bring the default detector's answer after 22 ms instead of 37 in bfloat16. It is the same answer to the last bit, in float32
too; more threads than two were not tried, so they are not used, and the answer does not depend on the number of cores.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from camtrap_gui.models import processor
from camtrap_gui.parallel import cores

if TYPE_CHECKING:
    import numpy


THREADS_FOR_ONE = 2


class Queue:
    """A network made ready for one picture at a time, and for many as soon as many come. It is in memory once."""

    def __init__(self, network: Any, bfloat16: bool | None = None) -> None:
        """``network`` is an ``openvino.Model`` for one picture; ``bfloat16`` None: where the processor has it."""
        bfloat16 = processor.has_bfloat16() if bfloat16 is None else bfloat16
        self._network, self._precision = network, "bf16" if bfloat16 else "f32"
        self._streams = 0
        self._requests: Any = None
        self._get_ready(1)

    def _get_ready(self, pictures: int) -> None:
        import openvino

        streams = 1 if pictures <= 1 else cores()
        if streams <= self._streams:
            return
        self._requests = None  # the old one goes before the new one comes: a large network takes gigabytes
        settings = {
            "INFERENCE_PRECISION_HINT": self._precision,
            "NUM_STREAMS": streams,
            "INFERENCE_NUM_THREADS": min(THREADS_FOR_ONE, cores()) if streams == 1 else cores(),
        }
        compiled = openvino.Core().compile_model(self._network, "CPU", settings)
        self._requests, self._streams = openvino.AsyncInferQueue(compiled, 2 * streams), streams

    def answers(self, pictures: Sequence["numpy.ndarray"]) -> "list[numpy.ndarray]":
        """The network's first output for each picture [3, size, size], without the dimension of the batch."""
        self._get_ready(len(pictures))
        found: dict[int, numpy.ndarray] = {}
        self._requests.set_callback(
            lambda request, number: found.__setitem__(number, request.get_output_tensor(0).data[0].copy())
        )
        for number, pixels in enumerate(pictures):
            self._requests.start_async({0: pixels[None]}, number)
        self._requests.wait_all()
        return [found[number] for number in range(len(found))]
