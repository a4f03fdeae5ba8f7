"""MegaDetector v6: the one file that can be installed as it is, and what is to be done with the others.

Its authors publish PyTorch files for their own program, PyTorch-Wildlife; the megadetector package does not know them. One
of them is published as ONNX too. Names, sizes and licences: the model zoo of https://github.com/microsoft/MegaDetector and
``MegaDetectorV6`` of PyTorch-Wildlife; the ONNX file's MD5 and size: Zenodo, record 15398270, as several public projects
that fetch it check it. For the other files neither is given here, because they are not fetched. Found is what
PyTorch-Wildlife takes for found, a confidence of 0.2.
"""

from camtrap_gui.models.catalogue import MEGADETECTOR_CATEGORIES, ExportOffer, FileOffer, guess_thresholds

_RECORD = "https://zenodo.org/records/15398270/files"
_COPY = "https://zenodo.org/records/18165116/files"
_AGPL = (
    "Its authors list this MegaDetector v6, which was trained with the code of Ultralytics, under AGPL-3.0, see "
    "https://github.com/microsoft/MegaDetector.\n"
)

INSTALLED = (
    FileOffer(
        name="megadetector-v6-yolov9-c",
        title="MegaDetector v6 YOLOv9 compact (ONNX)",
        kind="onnx",
        role="detector",
        size=101_437_043,
        licence="AGPL-3.0-only",
        source=f"{_RECORD}/MDV6-yolov9-c.onnx",
        typical_threshold=guess_thresholds("MDV6")[0],
        conservative_threshold=guess_thresholds("MDV6")[1],
        input_size=640,
        categories=MEGADETECTOR_CATEGORIES,
        addresses=(f"{_RECORD}/MDV6-yolov9-c.onnx", f"{_COPY}/MDV6-yolov9-c.onnx"),
        terms=_AGPL,
        md5="3db7988385714066c1515dde6ab56e4c",
    ),
)

_ULTRALYTICS = (
    "{file} ({address}) is published as a PyTorch file only, which is not run here, because it could run any program. Export "
    "it where you trust it: pip install ultralytics; yolo export model={file} format=onnx imgsz={size}. Then add the ONNX "
    "file (Add a file…, or camtrap models add {stem}.onnx --name {name})."
)
_MIT = (
    "{file} ({address}) is published as a checkpoint that PyTorch-Wildlife runs. No ONNX file of it is published, and none was "
    "tried here. If you have one, add it (Add a file…, or camtrap models add FILE --name {name}): what it is gets recognised, or "
    "why it cannot be used is said."
)
_APACHE = (
    "{file} ({address}) is published as a checkpoint of RT-DETRv2, which is not run here, because it could run any program. "
    "Export it with RT-DETR’s own tools/export_onnx.py, and the configuration that PyTorch-Wildlife has for it, at {size} pixels. "
    "Then add the ONNX file (Add a file…, or camtrap models add FILE --name {name})."
)


def _to_export(version: str, what: str, ending: str, licence: str, way: str, size: int = 640) -> ExportOffer:
    stem = f"MDV6-{version}{'-1280' if size == 1280 else ''}"
    name, file = f"megadetector-v6-{version}", f"{stem}{ending}"
    address = f"{_RECORD}/{file}"
    typical, conservative = guess_thresholds(file)
    return ExportOffer(
        name=name,
        title=f"MegaDetector v6 {what}",
        kind="onnx",
        role="detector",
        size=0,
        licence=licence,
        source=address,
        typical_threshold=typical,
        conservative_threshold=conservative,
        input_size=size,
        categories=MEGADETECTOR_CATEGORIES,
        way=way.format(file=file, stem=stem, name=name, address=address, size=size),
    )


TO_EXPORT = (
    _to_export("yolov9-e", "YOLOv9 extra", ".pt", "AGPL-3.0-only", _ULTRALYTICS, 1280),
    _to_export("yolov10-c", "YOLOv10 compact", ".pt", "AGPL-3.0-only", _ULTRALYTICS),
    _to_export("yolov10-e", "YOLOv10 extra", ".pt", "AGPL-3.0-only", _ULTRALYTICS, 1280),
    _to_export("rtdetr-c", "RT-DETR compact", ".pt", "AGPL-3.0-only", _ULTRALYTICS),
    _to_export("mit-yolov9-c", "MIT YOLOv9 compact", ".ckpt", "MIT", _MIT),
    _to_export("mit-yolov9-e", "MIT YOLOv9 extra", ".ckpt", "MIT", _MIT),
    _to_export("apa-rtdetr-c", "Apache RT-DETRv2 compact", ".pth", "Apache-2.0", _APACHE),
    _to_export("apa-rtdetr-e", "Apache RT-DETRv2 extra", ".pth", "Apache-2.0", _APACHE),
)
