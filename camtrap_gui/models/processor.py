"""What the processor is good at, for those who choose how a network is run."""

from functools import cache


@cache
def has_bfloat16() -> bool:
    """Whether the processor calculates in bfloat16 (AVX512_BF16 or AMX), about three times as fast as in float32."""
    import openvino

    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


@cache
def name() -> str:
    """What the processor is called."""
    import openvino

    return str(openvino.Core().get_property("CPU", "FULL_DEVICE_NAME"))
