"""What holds for all runtimes."""

import subprocess
import sys


def test_that_openvino_cannot_report_what_is_done():
    code = (
        "import sys, camtrap_gui.models, openvino\n"
        "from openvino.tools.ovc.telemetry_utils import init_ovc_telemetry\n"
        "print(type(init_ovc_telemetry()).__module__, sys.modules['openvino_telemetry'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "None"]
