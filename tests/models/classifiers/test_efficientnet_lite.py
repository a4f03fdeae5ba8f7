"""The port of EfficientNet-Lite against a computation of its own: numpy, PyTorch's names, written from the paper."""

import math

import numpy as np
import pytest
from PIL import Image

from camtrap_gui.models import store
from camtrap_gui.models.classifiers import backbones
from camtrap_gui.models.classifiers.efficientnet_lite import LITE0, LITE1, LITE2, _rounded
from camtrap_gui.models.classifiers.preprocessing import to_input

BLOCKS = [  # kernel, stride, expansion, in, out
    (3, 1, 1, 32, 16),
    *((3, 2, 6, 16, 24), (3, 1, 6, 24, 24)),
    *((5, 2, 6, 24, 40), (5, 1, 6, 40, 40)),
    *((3, 2, 6, 40, 80), (3, 1, 6, 80, 80), (3, 1, 6, 80, 80)),
    *((5, 1, 6, 80, 112), (5, 1, 6, 112, 112), (5, 1, 6, 112, 112)),
    *((5, 2, 6, 112, 192), (5, 1, 6, 192, 192), (5, 1, 6, 192, 192), (5, 1, 6, 192, 192)),
    (3, 1, 6, 192, 320),
]


def padded(x, kernel, stride):
    """TensorFlow's "same": the odd pixel goes to the right and bottom."""
    edges = []
    for length in x.shape[1:]:
        missing = max(0, (-(-length // stride) - 1) * stride + kernel - length)
        edges.append((missing // 2, missing - missing // 2))
    return np.pad(x, ((0, 0), *edges))


def windows(x, kernel, stride):
    """[channels, rows, columns, kernel, kernel] of [channels, height, width]."""
    seen = np.lib.stride_tricks.sliding_window_view(padded(x, kernel, stride), (kernel, kernel), (1, 2))
    return seen[:, ::stride, ::stride]


def forward(tensors, picture):
    """Features of one RGB picture 0..255, [S, S, 3], in float64."""
    t = {name: value.astype(np.float64) for name, value in tensors.items()}

    def norm(x, name):
        scale = t[f"{name}.weight"] / np.sqrt(t[f"{name}.running_var"] + 1e-3)
        return (x - t[f"{name}.running_mean"][:, None, None]) * scale[:, None, None] + t[f"{name}.bias"][
            :, None, None
        ]

    def conv(x, name, stride=1):
        weight = t[f"{name}.weight"]
        return np.einsum("crsij,ocij->ors", windows(x, weight.shape[-1], stride), weight, optimize=True)

    def depthwise(x, name, stride):
        weight = t[f"{name}.weight"]
        return np.einsum("crsij,cij->crs", windows(x, weight.shape[-1], stride), weight[:, 0])

    def relu6(x):
        return x.clip(0, 6)

    x = (picture.transpose(2, 0, 1).astype(np.float64) - 127) / 128
    x = relu6(norm(conv(x, "_conv_stem", 2), "_bn0"))
    for number, (_, stride, expansion, inputs, outputs) in enumerate(BLOCKS):
        name, before = f"_blocks.{number}", x
        if expansion > 1:
            x = relu6(norm(conv(x, f"{name}._expand_conv"), f"{name}._bn0"))
        x = relu6(norm(depthwise(x, f"{name}._depthwise_conv", stride), f"{name}._bn1"))
        x = norm(conv(x, f"{name}._project_conv"), f"{name}._bn2")
        if stride == 1 and inputs == outputs:
            x = x + before
    return relu6(norm(conv(x, "_conv_head"), "_bn1")).mean(axis=(1, 2))


@pytest.fixture(scope="module")
def tensors(installed_models):
    return store.read_weights(store.get(LITE0.name))


@pytest.mark.parametrize("size", [64, 75])
def test_that_the_port_agrees_with_a_forward_pass_written_in_numpy(tensors, size):
    picture = np.random.default_rng(size).integers(0, 256, (size, size, 3), np.uint8)
    model = backbones.embedder(LITE0, size)
    backbones.assign(model, LITE0.arrays(tensors))
    ours = model(picture[None].astype(np.float32), training=False).numpy()[0]
    expected = forward(tensors, picture)
    assert expected.max() > 0.5
    np.testing.assert_allclose(ours, expected, atol=2e-4)


def test_that_it_has_the_parameters_of_the_paper():
    assert backbones.network(LITE0, 1000, 224).count_params() == 4_694_024


@pytest.mark.parametrize(("backbone", "count"), [(LITE1, 5_416_680), (LITE2, 6_092_072)])
def test_that_its_larger_relatives_have_the_parameters_of_their_pytorch_port(backbone, count):
    learnt = backbones.network(backbone, 1000, backbone.input_size).trainable_weights
    assert sum(math.prod(weight.shape) for weight in learnt) == count


@pytest.mark.parametrize("backbone", [LITE1, LITE2])
def test_that_installed_weights_of_the_larger_ones_fit_and_are_all_used(backbone):
    if backbone.name not in {entry.name for entry in store.entries()}:
        pytest.skip(f"{backbone.name} is not installed")
    tensors = store.read_weights(store.get(backbone.name))
    model = backbones.embedder(backbone)
    arrays = backbone.arrays(tensors)
    backbones.assign(model, arrays)
    assert {path: array.shape for path, array in arrays.items()} == backbones.shapes_of(model)
    unused = sum(array.size for array in tensors.values()) - sum(array.size for array in arrays.values())
    tops = [name for name in tensors if name.startswith("_fc.") or name.endswith("num_batches_tracked")]
    assert unused == sum(tensors[name].size for name in tops)


def test_that_every_backbone_that_can_be_installed_can_be_built():
    offered = {offer.name: offer.input_size for offer in store.OFFERS if offer.role == "backbone"}
    assert offered == {name: backbone.input_size for name, backbone in backbones.registry().items()}


def test_that_channels_are_rounded_to_multiples_of_eight_without_losing_a_tenth():
    assert [_rounded(c * 1.1) for c in (16, 24, 40, 80, 112, 192, 320)] == [16, 24, 48, 88, 120, 208, 352]


def test_that_weights_that_do_not_fit_are_refused(tensors):
    model = backbones.embedder(LITE0, 32)
    arrays = LITE0.arrays(tensors)
    arrays["stem_conv/kernel"] = arrays["stem_conv/kernel"][..., :8]
    with pytest.raises(ValueError, match="stem_conv/kernel"):
        backbones.assign(model, arrays)


@pytest.mark.real
def test_that_with_its_first_top_it_knows_primates(tensors, testdata):
    files = sorted((testdata / "images" / "monkeys10" / "training").glob("n*/*"))[::28]
    model = backbones.network(LITE0, 1000, 224)
    top = {"species/kernel": tensors["_fc.weight"].T, "species/bias": tensors["_fc.bias"]}
    backbones.assign(model, {**LITE0.arrays(tensors), **top})
    pictures = np.stack([to_input(Image.open(file), 224) for file in files])
    said = model(pictures.astype(np.float32), training=False).numpy().argmax(axis=1)
    primates = (said >= 365) & (said <= 384)  # orang-utan to indri
    assert len(files) >= 30
    assert primates.mean() > 0.9
