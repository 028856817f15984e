"""Optimizers over three steps, schedules and clipping."""

import warnings

import torch
from torch import nn, optim

from recorder import Case


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


def generate(cases):
    warnings.filterwarnings("ignore", module="torch.optim.lr_scheduler")  # of an API of its own
    optimizers(cases)
    schedules(cases)
    clipping(cases)
