"""onnx_check.py XGRAD RUN FILE.onnx FOLDER: checks the file by onnx.checker, and that OpenCV computes with
it the logits that XGRAD predict gives for the run. FOLDER is for images."""
import json
import struct
import subprocess
import sys
import zlib

import cv2
import numpy
import onnx.checker
import onnx.numpy_helper

xgrad, run, path, folder = sys.argv[1:]


def write_png(name, image):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", image.shape[1], image.shape[0], 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in image))
    with open(name, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b""))


model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)  # with shape inference
assert model.producer_name == "xgrad" and model.producer_version and model.doc_string
assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)]
(given,), (made,) = model.graph.input, model.graph.output
extents = lambda value: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
assert (given.name, extents(given)) == ("input", ["batch", 1, 28, 28]), given
assert (made.name, extents(made)) == ("logits", ["batch", 10]), made
kinds = [node.op_type for node in model.graph.node]
assert "Transpose" not in kinds, kinds

# The tensors are the weights of the run, under their names.
with open(f"{run}/model.safetensors", "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    weights = file.read()
tensors = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
wanted = {k for k in header if k != "__metadata__" and not k.endswith("num_batches_tracked")}
assert set(tensors) == wanted, (set(tensors), wanted)
for name, tensor in tensors.items():
    begin, end = header[name]["data_offsets"]
    assert list(tensor.shape) == header[name]["shape"], name
    assert tensor.tobytes() == weights[begin:end], name

random = numpy.random.default_rng(7)
images = random.integers(0, 256, (3, 28, 28), dtype=numpy.uint8)
images[1, :14] //= 8  # not all alike
images[2] = numpy.arange(784, dtype=numpy.uint16).reshape(28, 28) // 4
names = [f"{folder}/{i}.png" for i in range(3)]
for name, image in zip(names, images):
    write_png(name, image)
told = subprocess.run([xgrad, "predict", run, *names, "--json"], check=True, stdout=subprocess.PIPE,
                      stderr=subprocess.DEVNULL).stdout
ours = numpy.array([p["logits"] for p in json.loads(told.splitlines()[-1])["predictions"]], numpy.float32)

metadata = {p.key: p.value for p in model.metadata_props}
pixels = (images[:, None].astype(numpy.float32) / 255 - float(metadata["mean"])) / float(metadata["deviation"])
largest = 0
for count in 1, 3:
    net = cv2.dnn.readNetFromONNX(path)
    for at in range(0, 3, count):
        net.setInput(pixels[at : at + count], "input")
        theirs = net.forward("logits")
        expected = ours[at : at + count]
        assert theirs.shape == expected.shape, (theirs.shape, expected.shape)
        largest = max(largest, abs(theirs - expected).max() / abs(expected).max())
print(f"{path.split('/')[-1]}: {' '.join(kinds)}; largest deviation of OpenCV's logits {largest:.1e} of the largest")
sys.exit(0 if largest <= 1e-5 else f"{path}: OpenCV and xgrad differ by {largest}, more than 1e-5")
