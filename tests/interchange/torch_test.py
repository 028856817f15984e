"""torch_test.py PROGRAM: weights of whole networks go from PyTorch to us and back, and either side
gives the other's outputs. `PROGRAM torch FOLDER` (interchange.cpp) is our side."""

import pathlib
import subprocess
import sys
import tempfile

import torch
from torch import nn

import safetensors_by_hand as safetensors

sys.path.append(str(pathlib.Path(__file__).parent.parent / "golden"))
from networks import LeNet, LeNet5, LeNetRelu

TOLERANCE = 1e-6
VOCABULARY, HIDDEN, LAYERS = 11, 128, 2


class CharRnn(nn.Module):
    def __init__(self, name):
        super().__init__()
        layers = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[name]
        self.name = name
        self.add_module(name, layers(VOCABULARY, HIDDEN, num_layers=LAYERS))
        self.head = nn.Linear(HIDDEN, VOCABULARY)

    def forward(self, ids):
        x = nn.functional.one_hot(ids.long(), VOCABULARY).to(self.head.weight.dtype)
        y, state = getattr(self, self.name)(x)
        h, c = state if self.name == "lstm" else (state, None)
        return self.head(y.flatten(0, 1)), h, c


MODELS = {"LeNet": LeNet, "LeNetRelu": LeNetRelu, "LeNet5": LeNet5,
          "rnn": lambda: CharRnn("rnn"), "lstm": lambda: CharRnn("lstm"),
          "gru": lambda: CharRnn("gru")}


def outputs(net, x):
    """Of an image [N, 28, 28, 1], channels last, or of ids [T, B]."""
    if not isinstance(net, CharRnn):
        return {"y": net(x.movedim(-1, 1))}
    y, h, c = net(x)
    return {"y": y, "h": h} if c is None else {"y": y, "h": h, "c": c}


def randomize_statistics(net):
    """As after a training: none is 0 or 1."""
    for name, buffer in net.named_buffers():
        if name.endswith("num_batches_tracked"):
            buffer.fill_(938)
        else:
            least = 0.25 if name.endswith("running_var") else -0.5
            buffer.uniform_(least, least + 1)


def deviation(found, expected):
    assert found.keys() == expected.keys(), (found.keys(), expected.keys())
    for name, x in expected.items():
        assert found[name].shape == x.shape, (name, found[name].shape, x.shape)
        assert x.abs().max() > 0.01 and x.isfinite().all(), f"{name} says nothing"
    # A NaN stays one: PyTorch's max passes it on, Python's need not.
    return float(torch.stack([(found[name].double() - x.double()).abs().max()
                              for name, x in expected.items()]).max())


def main(program):
    torch.manual_seed(6)
    torch.set_grad_enabled(False)
    failed = False
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        expected = {}
        for dtype, suffix in [(torch.float32, "f32"), (torch.float64, "f64")]:
            for model, make in MODELS.items():
                net = make().to(dtype).eval()
                randomize_statistics(net)
                x = (torch.randint(VOCABULARY, (9, 3)).to(dtype) if isinstance(net, CharRnn)
                     else torch.rand(5, 28, 28, 1, dtype=dtype))
                safetensors.save(folder / f"{model}.{suffix}.torch.weights.safetensors",
                                 net.state_dict())
                safetensors.save(folder / f"{model}.{suffix}.torch.inputs.safetensors", {"x": x})
                expected[model, suffix] = outputs(net, x)
        half = {"f16": torch.randn(100).half(), "bf16": torch.randn(10, 10).bfloat16(),
                "denormals": (torch.randn(100) * 1e-7).half()}
        safetensors.save(folder / "half.safetensors", half)

        subprocess.run([program, "torch", folder], check=True)

        print("largest deviation      PyTorch's weights, ours run   our weights, PyTorch runs")
        for (model, suffix), wanted in expected.items():
            file = f"{model}.{suffix}"
            ours = safetensors.load(folder / f"{file}.torch.outputs.safetensors")
            to_us = deviation(ours, wanted)
            net = MODELS[model]().to(torch.float32 if suffix == "f32" else torch.float64).eval()
            net.load_state_dict(safetensors.load(folder / f"{file}.xgrad.weights.safetensors"))
            x = safetensors.load(folder / f"{file}.xgrad.inputs.safetensors")["x"]
            ours = safetensors.load(folder / f"{file}.xgrad.outputs.safetensors")
            to_torch = deviation(outputs(net, x), ours)
            print(f"{model:10} {suffix}         {to_us:20.2e} {to_torch:27.2e}")
            # In float64 nothing but the order of sums may differ.
            bound = TOLERANCE if suffix == "f32" else 1e-13
            failed |= not (to_us <= bound and to_torch <= bound)
        again = safetensors.load(folder / "half.again.safetensors")
        for key, x in half.items():
            failed |= not torch.equal(again[key], x.float())
    print("FAILED" if failed else "equal")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
