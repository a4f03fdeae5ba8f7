"""Backbones learnt on ImageNet that Keras and TF-slim publish as files.

Addresses and hashes: the source of keras.applications, and the list of TF-slim; sizes: what Keras reports while it fetches
them. The files hold the networks without the classes of ImageNet.
"""

from camtrap_gui.models.catalogue import FileOffer

_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_INCEPTION = "http://download.tensorflow.org/models/inception_v4_2016_09_09.tar.gz"
_OF_KERAS = (
    "Published with Keras, which is under the Apache License 2.0, see https://github.com/keras-team/keras.\n"
)
_OF_CONVNEXT = (
    "Learnt by the authors of ConvNeXt, whose weights are under the MIT licence, see "
    "https://github.com/facebookresearch/ConvNeXt. Put into the form of Keras, which is under the Apache License 2.0, see "
    "https://github.com/keras-team/keras.\n"
)


def _of_keras(
    name: str,
    title: str,
    file: str,
    size: int,
    input_size: int,
    md5: str = "",
    sha256: str = "",
    licence: str = "Apache-2.0",
    terms: str = _OF_KERAS,
) -> FileOffer:
    address = f"{_KERAS}/{file}"
    return FileOffer(
        name=name,
        title=f"{title}, trained on ImageNet (keras.applications)",
        kind="backbone",
        role="backbone",
        size=size,
        licence=licence,
        source=address,
        input_size=input_size,
        addresses=(address,),
        terms=terms,
        md5=md5,
        sha256=sha256,
    )


OFFERS: tuple[FileOffer, ...] = (
    *(
        _of_keras(
            f"efficientnet-v2-{variant.lower()}",
            f"EfficientNetV2-{variant}",
            f"efficientnet_v2/efficientnetv2-{variant.lower()}_notop.h5",
            size,
            input_size,
            md5,
        )
        for variant, size, input_size, md5 in (
            ("B0", 24_274_472, 224, "893217f2bb855e2983157299931e43ff"),
            ("B1", 28_456_008, 240, "0e80663031ca32d657f9caa404b6ec37"),
            ("B2", 35_839_040, 260, "1dfe2e7a5d45b6632553a8961ea609eb"),
            ("B3", 52_606_240, 300, "f6abf7b5849ac99a89b50dd3fd532856"),
            ("S", 82_420_632, 384, "af0682fb74e8c54910f2d4393339c070"),
        )
    ),
    *(
        _of_keras(
            f"convnext-{variant.lower()}",
            f"ConvNeXt-{variant}",
            f"convnext/convnext_{variant.lower()}_notop.h5",
            size,
            224,
            sha256=sha256,
            licence="MIT AND Apache-2.0",
            terms=_OF_CONVNEXT,
        )
        for variant, size, sha256 in (
            ("Tiny", 111_650_432, "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"),
            ("Small", 198_551_472, "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab"),
        )
    ),
    _of_keras(
        "mobilenet-v2",
        "MobileNetV2",
        "mobilenet_v2/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        9_406_464,
        224,
    ),
    *(
        _of_keras(
            f"mobilenet-v3-{variant.lower()}",
            f"MobileNetV3-{variant}",
            f"mobilenet_v3/weights_mobilenet_v3_{variant.lower()}_224_1.0_float_no_top_v2.h5",
            size,
            224,
            md5,
        )
        for variant, size, md5 in (
            ("Small", 4_334_752, "d3e8ec802a04aa4fc771ee12a9a9b836"),
            ("Large", 12_683_000, "07fb09a5933dd0c8eaafa16978110389"),
        )
    ),
    *(
        _of_keras(
            f"resnet{depth}-v2",
            f"ResNet{depth}V2",
            f"resnet/resnet{depth}v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
            size,
            224,
            md5,
        )
        for depth, size, md5 in (
            (50, 94_668_760, "fac2f116257151a9d068a22e544a4917"),
            (101, 171_317_808, "c0ed64b8031c3730f411d2eb4eea35b5"),
        )
    ),
    _of_keras(
        "inception-v3",
        "Inception V3",
        "inception_v3/inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        87_910_968,
        299,
        "bcbd6486424b2319ff4ef7d526e38f63",
    ),
    _of_keras(
        "inception-resnet-v2",
        "Inception-ResNet-V2",
        "inception_resnet_v2/inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        219_055_592,
        299,
        "d19885ff4a710c122648d3b5c3b684e4",
    ),
    FileOffer(
        name="inception-v4",
        title="Inception V4, trained on ImageNet (TF-slim, the tutorial's network)",
        kind="backbone",
        role="backbone",
        size=0,
        licence="Apache-2.0",
        source=_INCEPTION,
        input_size=299,
        addresses=(_INCEPTION,),
        terms="Published with TF-slim, which is under the Apache License 2.0, see https://github.com/tensorflow/models.\n",
    ),
)
