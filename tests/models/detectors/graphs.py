"""Tiny detection graphs with the tensors of the TensorFlow Object Detection API, made when a test needs one."""

from pathlib import Path

BOXES = [
    [0.1, 0.2, 0.5, 0.8],
    [0.0, 0.0, 0.3, 0.3],
    [-0.2, 0.5, 1.4, 0.9],
    [0.2, 0.2, 0.4, 0.4],
    [0.6, 0.6, 0.6, 0.9],
]
"""Top, left, bottom, right. The third leaves the picture, the last has no height."""
FACTORS = [1.0, 0.5, 0.9, 0.8, 0.7]
CLASSES = [1.0, 2.0, 3.0, 7.0, 1.0]


def brightness_graph(path: Path, batch: int | None = None, extra: str = "") -> Path:
    """A graph that is surer the brighter the picture: scores are FACTORS times the mean of all values, 0..1.

    ``batch`` 1 makes it refuse more than one picture at once. ``extra`` adds an operation that has no business there.
    """
    import tensorflow.compat.v1 as tf

    graph = tf.Graph()
    with graph.as_default():
        picture = tf.placeholder(tf.uint8, [batch, None, None, 3], name="image_tensor")
        light = tf.reduce_mean(tf.cast(picture, tf.float32), axis=[1, 2, 3]) / 255.0
        count = tf.shape(picture)[0]
        many = [count, 1]
        tf.tile(tf.constant([BOXES], tf.float32), [count, 1, 1], name="detection_boxes")
        tf.multiply(light[:, None], tf.constant([FACTORS], tf.float32), name="detection_scores")
        tf.tile(tf.constant([CLASSES], tf.float32), many, name="detection_classes")
        tf.fill([count], float(len(BOXES)), name="num_detections")
        if extra == "ReadFile":
            tf.io.read_file("/etc/hostname", name="spy")
        elif extra == "PyFunc":
            tf.py_func(lambda: 1.0, [], tf.float32, name="spy")
        elif extra == "ImmutableConst":
            tf.raw_ops.ImmutableConst(dtype=tf.uint8, shape=[4], memory_region_name="/etc/hostname")
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path
