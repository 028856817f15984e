"""Optimizers over three steps, schedules, clipping, and whole networks."""

import warnings

import torch
from torch import nn, optim

from recorder import Case, channels_first


def optimizers(cases):
    def add(name, make, missing=()):
        """Two parameters with random gradients, but for those in `missing`: (step, parameter)."""
        case = cases[name] = Case(name)
        parameters = []
        for i, shape in enumerate([(3, 4), (5,)]):
            parameters.append(case.constant(f"p{i}", case.uniform(shape)).requires_grad_())
        optimizer = make(parameters)
        for step in range(3):
            optimizer.zero_grad(set_to_none=True)  # PyTorch's default from 2.0 on, and ours
            for i, p in enumerate(parameters):
                if (step, i) not in missing:
                    p.grad = case.constant(f"step{step}.grad{i}", case.uniform(p.shape))
            optimizer.step()
            for i, p in enumerate(parameters):
                case.store(f"step{step}.p{i}", p)
        for i, entries in optimizer.state_dict()["state"].items():
            for key, value in entries.items():
                if value is not None:
                    case.store(f"state.{i}.{key}", torch.as_tensor(value).double())

    SGD, Adam, AdamW = optim.SGD, optim.Adam, optim.AdamW
    add("SGD: plain", lambda p: SGD(p, lr=0.125))
    add("SGD: momentum", lambda p: SGD(p, lr=0.125, momentum=0.9))
    add("SGD: momentum, a gradient missing", lambda p: SGD(p, lr=0.125, momentum=0.9),
        missing=[(0, 0), (1, 1)])
    add("SGD: weight decay", lambda p: SGD(p, lr=0.125, weight_decay=0.25))
    add("SGD: momentum and weight decay",
        lambda p: SGD(p, lr=0.125, momentum=0.9, weight_decay=0.25))
    add("SGD: Nesterov", lambda p: SGD(p, lr=0.125, momentum=0.9, nesterov=True,
                                       weight_decay=0.25))
    add("SGD: groups", lambda p: SGD([{"params": p[:1]}, {"params": p[1:], "lr": 0.5,
                                                          "momentum": 0.0}],
                                     lr=0.125, momentum=0.9))
    add("Adam: defaults", Adam)
    add("Adam: options", lambda p: Adam(p, lr=0.0625, betas=(0.8, 0.95), eps=0.001))
    add("Adam: weight decay", lambda p: Adam(p, lr=0.0625, weight_decay=0.25))
    add("Adam: a gradient missing", lambda p: Adam(p, lr=0.0625), missing=[(0, 0), (1, 1)])
    add("AdamW: defaults", AdamW)
    add("AdamW: options",
        lambda p: AdamW(p, lr=0.0625, betas=(0.8, 0.95), eps=0.001, weight_decay=0.25))
    add("AdamW: no decay", lambda p: AdamW(p, lr=0.0625, weight_decay=0.0))


def schedules(cases):
    def add(name, steps, make):
        """The factors of steps 0, 1, ...: the learning rates of an optimizer whose own is 1."""
        case = cases[name] = Case(name)
        optimizer = optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
        schedule = make(optimizer)
        factors = []
        for _ in range(steps):
            factors.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            schedule.step()
        case.store("factors", torch.tensor(factors))

    schedule = optim.lr_scheduler
    add("step_decay: period 3", 10, lambda o: schedule.StepLR(o, 3, 0.5))
    add("step_decay: default gamma", 5, lambda o: schedule.StepLR(o, 2))
    # Past its steps, PyTorch's cosine rises again where ours stays: up to and with the last.
    add("cosine: to zero", 8, lambda o: schedule.CosineAnnealingLR(o, 7))
    add("cosine: to a tenth", 10, lambda o: schedule.CosineAnnealingLR(o, 9, eta_min=0.1))
    add("linear_warmup: defaults", 8, lambda o: schedule.LinearLR(o, total_iters=5))
    add("linear_warmup: from a tenth", 6, lambda o: schedule.LinearLR(o, 0.1, total_iters=4))
    add("one_cycle: defaults", 21,
        lambda o: schedule.OneCycleLR(o, 1.0, total_steps=21, cycle_momentum=False))
    add("one_cycle: options", 14,
        lambda o: schedule.OneCycleLR(o, 1.0, total_steps=14, pct_start=0.5, div_factor=10,
                                      final_div_factor=100, cycle_momentum=False))
    add("sequence: warm-up and cosine", 10,
        lambda o: schedule.SequentialLR(o, [schedule.LinearLR(o, 0.25, total_iters=4),
                                            schedule.CosineAnnealingLR(o, 7)], [4]))


def clipping(cases):
    def add(name, clip):
        case = cases[name] = Case(name)
        parameters = []
        for i, shape in enumerate([(3, 4), (5,)]):
            p = torch.zeros(shape, requires_grad=True)
            p.grad = case.constant(f"grad{i}", case.uniform(shape))
            parameters.append(p)
        norm = clip(parameters)
        if norm is not None:
            case.store("norm", norm)
        for i, p in enumerate(parameters):
            case.store(f"after.grad{i}", p.grad)

    add("clip_grad_norm: clipped", lambda p: nn.utils.clip_grad_norm_(p, 0.5))
    add("clip_grad_norm: left alone", lambda p: nn.utils.clip_grad_norm_(p, 50.0))
    add("clip_grad_value: clipped", lambda p: nn.utils.clip_grad_value_(p, 0.25))


def pattern(shape, salt):
    """Well mixed multiples of 2^-15 in [-1, 1), in integer arithmetic that C++ repeats: what is too
    large to be stored. The finalizer of MurmurHash3 (Appleby)."""
    values, mask = [], 0xFFFFFFFF
    for i in range(torch.Size(shape).numel()):
        h = (i + salt * 0x9E3779B9) & mask
        h = ((h ^ (h >> 16)) * 0x85EBCA6B) & mask
        h = ((h ^ (h >> 13)) * 0xC2B2AE35) & mask
        h ^= h >> 16
        values.append(((h >> 16) - 32768) / 32768)
    return torch.tensor(values).reshape(shape)


class LeNet(nn.Module):
    """models/lenet/lenet.hpp's LeNet."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 16, 5, padding=2), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 32, 5, padding=2), nn.BatchNorm2d(32)
        self.fc1, self.fc2 = nn.Linear(7 * 7 * 32, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.tanh(self.bn1(self.conv1(x))), 2)
        x = nn.functional.max_pool2d(torch.tanh(self.bn2(self.conv2(x))), 2)
        return self.fc2(torch.tanh(self.fc1(x.flatten(1))))


class LeNet5(nn.Module):
    """models/lenet/lenet.hpp's LeNet5."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2 = nn.Linear(5 * 5 * 16, 120), nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = nn.functional.avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = nn.functional.avg_pool2d(torch.tanh(self.conv2(x)), 2)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x.flatten(1))))))


def networks(cases):
    """Three steps of training with momentum. Of large gradients every 211th element and the norm."""
    for make in [LeNet, LeNet5]:
        name = make.__name__ + ": three steps"
        case = cases[name] = Case(name)
        net = make()
        for salt, (key, value) in enumerate(sorted(net.state_dict().items())):
            if key.endswith("num_batches_tracked"):
                continue
            is_scale = key.endswith("running_var") or (key.startswith("bn") and "weight" in key)
            value.copy_(pattern(value.shape, salt) / 8 + (1 if is_scale else 0))
        x, targets = pattern((4, 28, 28, 1), 100), torch.tensor([3, 0, 9, 3])
        optimizer = optim.SGD(net.parameters(), lr=0.0625, momentum=0.9)
        losses = []
        for step in range(3):
            logits = net(channels_first(x))
            loss = nn.functional.cross_entropy(logits, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            if step == 0:
                case.store("logits", logits)
                for key, p in net.named_parameters():
                    large = p.numel() > 1024
                    case.store("grad." + key, p.grad.flatten()[::211] if large else p.grad)
                    case.store("norm." + key, p.grad.norm())
        case.store("losses", torch.stack(losses))
        for key, value in net.named_buffers():
            case.store("after." + key, value)
        case.store("after.logits", net.eval()(channels_first(x)))


def generate(cases):
    warnings.filterwarnings("ignore", module="torch.optim.lr_scheduler")  # of an API of its own
    optimizers(cases)
    schedules(cases)
    clipping(cases)
    networks(cases)
