"""How a classifier is used from Python: a few lines for each form that needs some. They run as they stand."""

from camtrap_gui.formats.classifier_exports import BUNDLE, ONNX, TFLITE

EXAMPLES = {
    BUNDLE: """\
import camtrap_gui

model = camtrap_gui.load_model("bundle")
for species in model.predict(["crop1.jpg", "crop2.jpg"]):
    print(next(iter(species.items())))  # the likeliest species and its probability
""",
    ONNX: """\
import numpy, openvino
from PIL import Image

network = openvino.compile_model("classifier.onnx", "CPU")
crop = numpy.asarray(Image.open("crop1.jpg").convert("RGB"))
probabilities = network(crop[None])["probabilities"][0]
print(open("classlist.txt", encoding="utf-8").read().splitlines()[probabilities.argmax()])
""",
    TFLITE: """\
import numpy, tensorflow
from PIL import Image

network = tensorflow.lite.Interpreter("classifier.tflite")  # or ai_edge_litert.interpreter.Interpreter
network.allocate_tensors()
size = network.get_input_details()[0]["shape"][1]
crop = Image.open("crop1.jpg").convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
network.set_tensor(network.get_input_details()[0]["index"], numpy.asarray(crop)[None])
network.invoke()
probabilities = network.get_tensor(network.get_output_details()[0]["index"])[0]
print(open("classlist.txt", encoding="utf-8").read().splitlines()[probabilities.argmax()])
""",
}
