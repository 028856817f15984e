"""Layers, with their parameters in PyTorch's names and layouts; their inputs are channels-last."""

import torch
from torch import nn

from recorder import Case, channels_first, channels_last


def add(cases, name, module, shape, x=None, training=True, first=channels_first,
        last=channels_last):
    case = cases[name] = Case(name)
    parameters = dict(module.named_parameters())
    for key, value in module.state_dict().items():
        if key in parameters:
            case.parameter(key, parameters[key])
            continue
        if key.endswith("running_mean"):
            value.copy_(case.uniform(value.shape))
        elif key.endswith("running_var"):
            value.copy_(case.uniform(value.shape, 0.5, 2))
        case.store(key, value)
    x = case.leaf("x", case.uniform(shape, -2, 2) if x is None else x(case))
    y = last(module.train(training)(first(x)))
    for key, value in module.named_buffers():
        case.store("after." + key, value)
    case.finish(y=y)


def same(x):
    return x


def generate(cases):
    def of_channels(name, module, shape, **options):
        add(cases, name, module, shape, **options)

    def of_vectors(name, module, shape, **options):
        add(cases, name, module, shape, first=same, last=same, **options)

    of_channels("Conv2d: everything", nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), 2),
                (2, 7, 6, 4))
    of_channels("Conv2d: no bias", nn.Conv2d(3, 4, 3, bias=False), (2, 5, 4, 3))
    of_channels("Conv1d: everything", nn.Conv1d(4, 6, 3, 2, 1, 2, 2), (2, 9, 4))
    of_channels("Conv1d: no bias", nn.Conv1d(3, 4, 2, bias=False), (2, 5, 3))
    for training, mode in [(True, "training"), (False, "evaluation")]:
        of_channels(f"BatchNorm2d: {mode}", nn.BatchNorm2d(3), (2, 4, 5, 3), training=training)
        of_channels(f"BatchNorm1d: {mode}", nn.BatchNorm1d(4), (5, 4), training=training)
    of_channels("BatchNorm1d: sequences, eps and momentum",
                nn.BatchNorm1d(3, eps=0.125, momentum=0.25), (3, 4, 3))
    of_channels("MaxPool2d: options", nn.MaxPool2d((3, 2), (2, 1), (1, 0)), None,
                x=lambda case: case.distinct((2, 6, 5, 3)))
    of_channels("AvgPool2d: options", nn.AvgPool2d((3, 2), (2, 1), (1, 0)), (2, 6, 5, 3))
    of_channels("GlobalAvgPool2d: images", nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
                (2, 4, 5, 3))
    of_channels("Flatten: channels first", nn.Flatten(), (2, 3, 4, 5), last=same)
    of_vectors("Flatten: channels last", nn.Flatten(), (2, 3, 4, 5))
    of_vectors("Linear: bias", nn.Linear(4, 3), (2, 3, 4))
    of_vectors("Linear: no bias", nn.Linear(4, 3, bias=False), (5, 4))
    of_vectors("Tanh: matrix", nn.Tanh(), (3, 4))
    of_vectors("ReLU: matrix", nn.ReLU(), (3, 4))
    of_vectors("Sigmoid: matrix", nn.Sigmoid(), (3, 4))
    of_vectors("Softmax: rows", nn.Softmax(-1), (3, 4))
    of_vectors("Softmax: columns", nn.Softmax(0), (3, 4))
    of_vectors("LogSoftmax: rows", nn.LogSoftmax(-1), (3, 4))
    of_vectors("Dropout: evaluation", nn.Dropout(0.5), (3, 4), training=False)
    of_channels("Sequential: a small network",
                nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Tanh(),
                              nn.MaxPool2d(2), nn.Flatten(), nn.Linear(24, 5)),
                (3, 4, 6, 2), last=same)

    case = cases["Embedding: sequences"] = Case("Embedding: sequences")
    module = nn.Embedding(5, 3)
    case.parameter("weight", module.weight)
    ids = torch.tensor([[4, 0], [0, 3], [4, 4]])
    case.store("ids", ids.double())
    case.finish(y=module(ids))
