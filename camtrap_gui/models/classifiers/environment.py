"""What a training ran with, for whoever wants to repeat it."""

import platform
from typing import Any

from camtrap_gui import __version__, parallel
from camtrap_gui.models import processor, store
from camtrap_gui.models.classifiers import devices


def environment() -> dict[str, Any]:
    """Versions of the program and its libraries, the system, and the devices TensorFlow found."""
    import keras
    import numpy
    import PIL
    import tensorflow as tf

    devices.gpus()  # have them give memory as it is needed: only possible before they are used
    return {
        "camtrap-gui": __version__,
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": numpy.__version__,
        "pillow": PIL.__version__,
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor.name(),
        "cores": parallel.cores(),
        "devices": [_words(device) for device in tf.config.list_physical_devices()],
    }


def _words(device: Any) -> str:
    import tensorflow as tf

    name = tf.config.experimental.get_device_details(device).get("device_name", "")
    return " ".join(filter(None, (device.device_type, device.name, name)))


def licences(backbone: str) -> dict[str, dict[str, str]]:
    """Licence and source of the parts of a classifier that others made, by part, with the licence's text."""
    entry = store.get(backbone)
    file = entry.path.parent / "LICENCE.txt"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return {backbone: {"licence": entry.licence, "source": entry.source, "text": text}}
