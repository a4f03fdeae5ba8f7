"""Running a network on all cores with OpenVINO.

Why OpenVINO: it starts in half a second where TensorFlow takes three, reads ONNX files itself, and calculates in bfloat16
where the processor has it. float16 was four times slower than bfloat16. Two streams of one thread beat one stream of two
threads, and with one thread for each picture the answer does not depend on the number of cores.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from camtrap_gui.models import processor
from camtrap_gui.parallel import cores

if TYPE_CHECKING:
    import numpy


class Queue:
    """Requests that keep every core busy, one thread for each."""

    def __init__(self, network: Any, bfloat16: bool | None = None) -> None:
        """``network`` is an ``openvino.Model`` for one picture; ``bfloat16`` None: where the processor has it."""
        import openvino

        bfloat16 = processor.has_bfloat16() if bfloat16 is None else bfloat16
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if bfloat16 else "f32",
            "NUM_STREAMS": cores(),
            "INFERENCE_NUM_THREADS": cores(),
        }
        compiled = openvino.Core().compile_model(network, "CPU", settings)
        self._requests = openvino.AsyncInferQueue(compiled, 2 * cores())

    def answers(self, pictures: Iterable["numpy.ndarray"]) -> "list[numpy.ndarray]":
        """The network's first output for each picture [3, size, size], without the dimension of the batch."""
        found: dict[int, numpy.ndarray] = {}
        self._requests.set_callback(
            lambda request, number: found.__setitem__(number, request.get_output_tensor(0).data[0].copy())
        )
        for number, pixels in enumerate(pictures):
            self._requests.start_async({0: pixels[None]}, number)
        self._requests.wait_all()
        return [found[number] for number in range(len(found))]
