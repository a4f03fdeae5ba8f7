"""The only place that knows TensorFlow and other runtimes, and only inside functions."""

import os
import sys

from camtrap_gui import paths

# WORKAROUND openvino: left alone, it reports every use to its makers, in a forked copy of this process that may never
# end. Nothing leaves this computer. Without its telemetry module OpenVINO puts an empty one in the place.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

# Keras puts a folder of settings into the user's home, and obeys what it finds there. Results depend on no such thing.
os.environ.setdefault("KERAS_HOME", str(paths.cache() / "keras"))
