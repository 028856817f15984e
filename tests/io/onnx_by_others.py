"""onnx_by_others.py FOLDER: runs each FOLDER/*.onnx on the inputs in the .safetensors beside it and compares
with the outputs there."""
import json
import pathlib
import struct
import sys

import cv2
import numpy
import onnx.helper
import onnx.numpy_helper
import torch
import torch.nn.functional as F

# Debian 12's OpenCV (4.6) reads no count_include_pad, has no ReduceSum of operator set 13, keeps an axis
# that a reduction drops, and is wrong on constants as first operands and on an open batch in three axes.
by_opencv = """batch_norm_pool batch_norm_vectors conv2d flatten_in_file_order flatten_in_memory_order
    global_avg_pool2d max_pool2d reshape slice_and_pad softmax two_paths""".split()


def load_safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    tensors, data = json.loads(data[8 : 8 + size]), data[8 + size :]
    tensors.pop("__metadata__", None)
    return {
        name: numpy.frombuffer(data[slice(*t["data_offsets"])], numpy.float32).reshape(t["shape"])
        for name, t in tensors.items()
    }


def conv(x, w, b=None, *, kernel_shape, strides, pads, dilations, group):
    half = len(pads) // 2
    assert pads[:half] == pads[half:] and list(w.shape[2:]) == kernel_shape
    function = F.conv2d if half == 2 else F.conv1d
    return function(x, w, b, strides, pads[:half], dilations, group)


def max_pool(x, *, kernel_shape, strides, pads):
    return F.max_pool2d(x, kernel_shape, strides, pads[:2])


def average_pool(x, *, kernel_shape, strides, pads, count_include_pad):
    return F.avg_pool2d(x, kernel_shape, strides, pads[:2], count_include_pad=bool(count_include_pad))


def pad(x, widths, value):
    before, after = widths.reshape(2, -1).flip(1).tolist()  # PyTorch begins with the last axis
    return F.pad(x, [width for both in zip(before, after) for width in both], value=value.item())


def slice_(x, begin, end, axes, steps):
    for b, e, axis, step in zip(begin.tolist(), end.tolist(), axes.tolist(), steps.tolist()):
        x = x[(slice(None),) * axis + (slice(b, e, step),)]
    return x


operators = {
    "Add": torch.add,
    "AveragePool": average_pool,
    "BatchNormalization": lambda x, g, b, m, v, epsilon: F.batch_norm(x, m, v, g, b, eps=epsilon),
    "Concat": lambda *xs, axis: torch.cat(xs, axis),
    "Conv": conv,
    "Div": torch.div,
    "Exp": torch.exp,
    "Flatten": lambda x, axis: x.reshape(int(numpy.prod(x.shape[:axis])), -1),
    "Gemm": lambda a, b, c=0, *, transB: a @ (b.T if transB else b) + c,
    "GlobalAveragePool": lambda x: x.mean((2, 3), keepdim=True),
    "Identity": lambda x: x,
    "Log": torch.log,
    "LogSoftmax": lambda x, axis: F.log_softmax(x, axis),
    "MatMul": torch.matmul,
    "MaxPool": max_pool,
    "Mul": torch.mul,
    "Neg": torch.neg,
    "Pad": pad,
    "Pow": torch.pow,
    "ReduceMax": lambda x, axes, keepdims: x.amax(axes, bool(keepdims)),
    "ReduceMean": lambda x, axes, keepdims: x.mean(axes, bool(keepdims)),
    "ReduceSum": lambda x, axes, keepdims: x.sum(axes.tolist(), bool(keepdims)),
    "Relu": torch.relu,
    "Reshape": lambda x, shape: x.reshape(shape.tolist()),
    "Sigmoid": torch.sigmoid,
    "Slice": slice_,
    "Softmax": lambda x, axis: F.softmax(x, axis),
    "Sqrt": torch.sqrt,
    "Sub": torch.sub,
    "Tanh": torch.tanh,
    "Transpose": lambda x, perm: x.permute(perm),
}


def run_by_torch(graph, x):
    values = {t.name: torch.tensor(onnx.numpy_helper.to_array(t)) for t in graph.initializer}
    values["input"] = torch.tensor(x)
    values = {name: v.double() if v.is_floating_point() else v for name, v in values.items()}
    for node in graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        values[node.output[0]] = operators[node.op_type](*(values[i] for i in node.input), **attributes)
    return values["output"].numpy()


def run_by_opencv(path, x):
    net = cv2.dnn.readNetFromONNX(str(path))
    net.setInput(x, "input")
    return net.forward("output")


def deviation(theirs, ours):
    return abs(theirs - ours).max() / abs(ours).max() if theirs.shape == ours.shape else numpy.inf


bound, failed, used = 1e-5, False, set()
files = sorted(pathlib.Path(sys.argv[1]).glob("*.onnx"))
print(f"{'':26}PyTorch  OpenCV   (largest deviation by the largest value)")
for path in files:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    values = load_safetensors(path.with_suffix(".safetensors"))
    torchs, opencvs = [], []
    for batch in "1", "5":
        x, y = values["input" + batch], values["output" + batch]
        torchs.append(deviation(run_by_torch(model.graph, x), y))
        if path.stem in by_opencv:
            opencvs.append(deviation(run_by_opencv(path, x), y))
    kinds = [node.op_type for node in model.graph.node]
    used.update(kinds)
    largest = max(torchs + opencvs)
    failed |= not largest <= bound
    opencv = f"{max(opencvs):.1e}" if opencvs else "      -"
    print(f"{path.stem:26}{max(torchs):.1e}  {opencv}  {' '.join(kinds)}{'' if largest <= bound else '  FAILED'}")
unused = set(operators) - used - {"Identity"}
if unused:
    print("no module uses:", *sorted(unused))
sys.exit(failed or bool(unused) or len(files) < len(by_opencv))
