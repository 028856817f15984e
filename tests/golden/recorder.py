"""What the cases are written with: named random tensors in float64, and a file for them."""

import json
import random
import struct

import torch

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


class Case:
    """The tensors of one case, by name. Random numbers depend on the case's name alone. They are
    multiples of 1/1024, so float32 holds them exactly and one file serves both precisions."""

    def __init__(self, name):
        self.random = random.Random(name)
        self.tensors = {}
        self.leaves = {}

    def store(self, name, tensor):
        assert name not in self.tensors, name
        self.tensors[name] = torch.as_tensor(tensor).detach().clone()

    def uniform(self, shape, low=-1.0, high=1.0):
        count = torch.Size(shape).numel()
        values = [round(1024 * self.random.uniform(low, high)) / 1024 for _ in range(count)]
        return torch.tensor(values).reshape(shape)

    def distinct(self, shape):
        """Shuffled numbers, 1/8 apart: no two are equal."""
        count = torch.Size(shape).numel()
        values = [(i - count // 2) / 8 for i in range(count)]
        self.random.shuffle(values)
        return torch.tensor(values).reshape(shape)

    def constant(self, name, tensor):
        self.store(name, tensor)
        return tensor.clone()

    def leaf(self, name, tensor):
        """An input that takes a gradient; finish() stores it as grad.NAME."""
        self.store(name, tensor)
        self.leaves[name] = tensor.clone().requires_grad_()
        return self.leaves[name]

    def input(self, name, shape, low=-1.0, high=1.0):
        return self.leaf(name, self.uniform(shape, low, high))

    def parameter(self, name, parameter, low=-0.75, high=0.75):
        """Gives a module's parameter random values and makes it a leaf."""
        with torch.no_grad():
            parameter.copy_(self.uniform(parameter.shape, low, high))
        self.store(name, parameter)
        self.leaves[name] = parameter

    def finish(self, **outputs):
        """Stores the outputs, and the gradients of all leaves for random cotangents."""
        cotangents = []
        for name, y in outputs.items():
            self.store(name, y)
            cotangents.append(self.uniform(y.shape))
            self.store("cotangent." + name, cotangents[-1])
        torch.autograd.backward(list(outputs.values()), cotangents)
        for name, x in self.leaves.items():
            self.store("grad." + name, x.grad)


def channels_first(x):
    return x.movedim(-1, 1)


def channels_last(x):
    return x.movedim(1, -1)


def write_safetensors(path, cases, metadata):
    """CASE/NAME is the key of a tensor: F32 where that is exact, else F64, and I64 as it is."""
    header, data = {"__metadata__": metadata}, b""
    tensors = {f"{case}/{name}": t for case in cases for name, t in cases[case].tensors.items()}
    for key in sorted(tensors):
        x = tensors[key]
        values = x.flatten().tolist()
        if x.dtype == torch.int64:
            dtype, code = "I64", "q"
        else:
            dtype, code = ("F32", "f") if torch.equal(x.float().double(), x) else ("F64", "d")
        part = struct.pack(f"<{len(values)}{code}", *values)
        offsets = [len(data), len(data) + len(part)]
        header[key] = {"dtype": dtype, "shape": list(x.shape), "data_offsets": offsets}
        data += part
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
