"""Every op. Images and weights of convolutions are in our layout, [N, H, W, C] and [O, kh, kw, I],
permuted for PyTorch inside the graph: so their gradients come out in our layout."""

import torch
import torch.nn.functional as F

from recorder import Case, channels_first, channels_last


def elementwise(cases):
    def add(name, f, low=-2.0, high=2.0, x=None):
        case = cases[name] = Case(name)
        x = case.leaf("x", case.uniform((3, 5), low, high) if x is None else torch.tensor(x))
        case.finish(y=f(x))

    add("tanh: matrix", torch.tanh)
    add("tanh: saturated", torch.tanh, x=[-30.0, -8.0, -0.0009765625, 0.0, 8.0, 30.0])
    add("relu: matrix", torch.relu)
    add("relu: at zero", torch.relu, x=[-1.0, 0.0, 2.0, 0.0])
    add("sigmoid: matrix", torch.sigmoid)
    add("sigmoid: saturated", torch.sigmoid, x=[-100.0, -30.0, 0.0, 20.0, 100.0])
    add("exp: matrix", torch.exp)
    add("log: matrix", torch.log, 0.25, 4)
    add("sqrt: matrix", torch.sqrt, 0.25, 4)
    add("neg: matrix", torch.neg)
    add("pow: square", lambda x: x**2)
    add("pow: cube", lambda x: x**3)
    add("pow: inverse", lambda x: x**-1, 0.5, 2)
    add("pow: root", lambda x: x**0.5, 0.5, 2)
    add("pow: zeroth", lambda x: x**0, x=[-1.0, 0.0, 2.0])
    add("pow: at zero", lambda x: x**2, x=[0.0, -1.0])
    add("add_scalar: matrix", lambda x: x + 2.5)
    add("rsub_scalar: matrix", lambda x: 2.5 - x)
    add("mul_scalar: matrix", lambda x: x * 2.5)
    add("div_scalar: matrix", lambda x: x / 2.5)
    add("rdiv_scalar: matrix", lambda x: 2.5 / x, 0.5, 2)
    add("dropout: evaluation", lambda x: F.dropout(x, 0.4, training=False))


def arithmetic(cases):
    ops = {"add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}
    shapes = {
        "same shape": ((3, 5), (3, 5)),
        "row": ((4, 3, 5), (5,)),
        "scalar": ((), (3, 4)),
        "column": ((4, 5), (4, 1)),
        "outer": ((6, 1), (1, 7)),
        "alternating": ((2, 1, 4, 1, 3), (2, 3, 1, 2, 3)),
    }
    for op, f in ops.items():
        for sample, (a, b) in shapes.items():
            case = cases[f"{op}: {sample}"] = Case(f"{op}: {sample}")
            case.finish(y=f(case.input("a", a), case.input("b", b, 0.5, 1.5)))


def reductions(cases):
    def add(name, f, x=None, shape=None):
        case = cases[name] = Case(name)
        case.finish(y=f(case.leaf("x", case.distinct(shape) if x is None else torch.tensor(x))))

    for op, f in {"sum": torch.sum, "mean": torch.mean, "max": torch.amax}.items():
        add(f"{op}: all", lambda x: f(x, (0, 1)), shape=(3, 4))
        add(f"{op}: rows", lambda x: f(x, -1), shape=(3, 7))
        add(f"{op}: columns", lambda x: f(x, 0, keepdim=True), shape=(7, 3))
        add(f"{op}: images to channels", lambda x: f(x, (0, 1, 2)), shape=(2, 3, 4, 5))
        add(f"{op}: alternating", lambda x: f(x, (0, 2, -1)), shape=(2, 3, 4, 3, 2))
    # The gradient of max(x, dim) goes to one maximum, as ours does; that of amax(x) is divided
    # among all.
    add("max: ties", lambda x: x.max(1).values, x=[[2.0, 3.0, 3.0], [1.0, 1.0, 1.0]])


def shapes(cases):
    def add(name, shape, f):
        case = cases[name] = Case(name)
        case.finish(y=f(case.input("x", shape)))

    add("reshape: to a matrix", (2, 3, 4), lambda x: x.reshape(6, 4))
    add("reshape: with a free axis", (3, 4), lambda x: x.reshape(2, -1, 1))
    add("flatten: images", (2, 3, 4, 5), lambda x: x.flatten(1))
    add("permute: NHWC to NCHW", (2, 3, 4, 5), lambda x: x.permute(0, 3, 1, 2))
    add("permute: all axes", (2, 3, 4, 5), lambda x: x.permute(3, 2, -3, 0))
    add("slice: leading axis", (5, 3), lambda x: x[1:4])
    add("slice: last axis, with a step", (3, 7), lambda x: x[:, 1:7:3])
    add("slice: middle axis from the end", (2, 5, 3), lambda x: x[:, -3:-1])
    add("pad: images", (2, 3, 4, 2), lambda x: F.pad(x, (0, 0, 2, 0, 1, 2)))
    add("pad: all axes, with ones", (2, 3), lambda x: F.pad(x, (0, 3, 1, 1), value=1.0))
    for name, parts, axis in [
        ("concat: rows", [(2, 3), (1, 3), (4, 3)], 0),
        ("concat: middle", [(2, 3, 4), (2, 1, 4), (2, 2, 4)], -2),
    ]:
        case = cases[name] = Case(name)
        case.finish(y=torch.cat([case.input(f"x{i}", part) for i, part in enumerate(parts)], axis))


def products(cases):
    for name, x, out, bias in [
        ("linear: matrix", (3, 5), 4, True),
        ("linear: vector", (5,), 4, True),
        ("linear: three leading axes", (2, 3, 2, 5), 4, True),
        ("linear: no bias", (3, 5), 4, False),
    ]:
        case = cases[name] = Case(name)
        x, w = case.input("x", x), case.input("w", (out, x[-1]))
        case.finish(y=F.linear(x, w, case.input("b", (out,)) if bias else None))
    for name, a, b in [
        ("matmul: matrices", (3, 5), (5, 4)),
        ("matmul: batch", (3, 2, 3), (3, 3, 4)),
        ("matmul: two leading axes", (2, 3, 2, 3), (2, 3, 3, 4)),
    ]:
        case = cases[name] = Case(name)
        case.finish(y=torch.matmul(case.input("a", a), case.input("b", b)))


def convolutions(cases):
    def add(name, x, w, bias=True, **options):
        case = cases[name] = Case(name)
        inputs = [channels_first(case.input("x", x)), channels_first(case.input("w", w))]
        if bias:
            inputs.append(case.input("b", w[:1]))
        conv = F.conv2d if len(x) == 4 else F.conv1d
        case.finish(y=channels_last(conv(*inputs, **options)))

    add("conv2d: plain", (2, 5, 6, 3), (4, 3, 2, 3))
    add("conv2d: no bias", (2, 5, 6, 3), (4, 3, 2, 3), bias=False)
    add("conv2d: 1x1", (2, 3, 4, 5), (6, 1, 1, 5))
    add("conv2d: stride", (2, 7, 8, 2), (3, 3, 2, 2), stride=(2, 3))
    add("conv2d: padding", (2, 3, 4, 2), (3, 2, 2, 2), padding=(3, 2))
    add("conv2d: dilation", (2, 7, 8, 2), (3, 3, 2, 2), dilation=(2, 3))
    add("conv2d: groups", (2, 5, 4, 6), (9, 2, 3, 2), padding=1, groups=3)
    add("conv2d: depthwise", (2, 5, 4, 4), (4, 3, 3, 1), padding=1, groups=4)
    add("conv2d: everything", (3, 9, 8, 4), (6, 3, 2, 2), stride=(2, 1), padding=(1, 2),
        dilation=(2, 1), groups=2)
    add("conv2d: channels that fill vectors", (2, 4, 3, 16), (16, 3, 3, 16), padding=1)
    add("conv1d: plain", (2, 6, 3), (4, 2, 3))
    add("conv1d: no bias", (1, 6, 1), (2, 3, 1), bias=False)
    add("conv1d: stride, padding and dilation", (2, 11, 3), (4, 3, 3), stride=2, padding=1,
        dilation=2)
    add("conv1d: groups", (2, 6, 4), (6, 3, 2), padding=1, groups=2)


def pools(cases):
    def add(name, f, x):
        case = cases[name] = Case(name)
        case.finish(y=channels_last(f(channels_first(case.leaf("x", x(case))))))

    for op, f in {"max_pool2d": F.max_pool2d, "avg_pool2d": F.avg_pool2d}.items():
        for sample, shape, options in [
            ("2x2", (2, 4, 6, 3), dict(kernel_size=2)),
            ("left over", (2, 5, 7, 3), dict(kernel_size=2)),
            ("overlapping", (2, 5, 7, 3), dict(kernel_size=(3, 2), stride=(1, 2))),
            ("padding", (1, 6, 5, 6), dict(kernel_size=3, stride=2, padding=1)),
            ("padding of one axis", (1, 6, 5, 2), dict(kernel_size=(2, 3), padding=(0, 1))),
            ("whole vectors", (1, 4, 5, 16), dict(kernel_size=3, stride=1, padding=1)),
            ("gaps between windows", (1, 7, 8, 2), dict(kernel_size=2, stride=3)),
        ]:
            add(f"{op}: {sample}", lambda x: f(x, **options), lambda case: case.distinct(shape))
    add("max_pool2d: ties", lambda x: F.max_pool2d(x, 2), lambda _: torch.ones(1, 4, 4, 2))
    add("global_avg_pool2d: images", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1),
        lambda case: case.uniform((2, 3, 5, 6)))


def batch_norms(cases):
    def add(name, shape, gamma=True, beta=True, training=True, **options):
        case = cases[name] = Case(name)
        channels = shape[-1:]
        x = case.input("x", shape, -1, 2)
        gamma = case.input("gamma", channels, 0.5, 1.5) if gamma else None
        beta = case.input("beta", channels) if beta else None
        mean = case.constant("running_mean", case.uniform(channels))
        var = case.constant("running_var", case.uniform(channels, 0.5, 2))
        y = F.batch_norm(channels_first(x), mean, var, gamma, beta, training, **options)
        case.store("after.running_mean", mean)
        case.store("after.running_var", var)
        case.finish(y=channels_last(y))

    add("batch_norm: matrix", (7, 5))
    add("batch_norm: images", (2, 3, 4, 6))
    add("batch_norm: sequences, momentum and eps", (4, 3, 2), momentum=0.375, eps=0.125)
    add("batch_norm: without gamma and beta", (6, 4), gamma=False, beta=False)
    add("batch_norm: evaluation", (2, 3, 4, 6), training=False)
    add("batch_norm: evaluation of one row", (1, 3), training=False)


def losses(cases):
    def add(name, f, shape=None, x=None, targets=None):
        case = cases[name] = Case(name)
        x = case.leaf("x", case.uniform(shape, -3, 3) if x is None else torch.tensor(x))
        if targets is None:
            return case.finish(y=f(x))
        targets = torch.tensor(targets)
        case.store("targets", targets.double())
        y = f(x.reshape(-1, x.shape[-1]), targets)
        case.finish(y=y if y.dim() == 0 else y.reshape(x.shape[:-1]))

    far = [[100.0, 101.0, 99.0], [-100.0, -101.0, -100.5]]
    for op, f in {"softmax": torch.softmax, "log_softmax": torch.log_softmax}.items():
        add(f"{op}: rows", lambda x: f(x, -1), (3, 5))
        add(f"{op}: columns", lambda x: f(x, 0), (3, 5))
        add(f"{op}: middle axis", lambda x: f(x, 1), (2, 4, 3))
        add(f"{op}: far from zero", lambda x: f(x, -1), x=far)

    for op, f in {"cross_entropy": F.cross_entropy, "nll_loss": F.nll_loss}.items():
        def with_targets(sample, shape, targets, **options):
            add(f"{op}: {sample}", lambda x, t: f(x, t, **options), shape, targets=targets)

        with_targets("mean", (4, 5), [4, 0, 2, 0])
        with_targets("sum", (3, 10), [9, 1, 1], reduction="sum")
        with_targets("none", (3, 4), [3, -100, 1], reduction="none")
        with_targets("mean over what is not ignored", (4, 17), [-100, 16, -100, 3])
        with_targets("ignored class", (3, 4), [1, 0, 3], ignore_index=1)
        with_targets("sequences", (3, 2, 4), [0, 1, 2, 3, 2, 1], reduction="none")
        if op == "cross_entropy":
            with_targets("smoothing", (3, 5), [4, 0, 2], label_smoothing=0.125)
            with_targets("smoothing, none", (3, 5), [4, 0, 2], label_smoothing=0.125,
                         reduction="none")
            with_targets("smoothing, ignored rows", (3, 5), [4, -1, 2], ignore_index=-1,
                         label_smoothing=0.25)
            with_targets("nothing but smoothing", (3, 5), [4, 0, 2], label_smoothing=1.0,
                         reduction="sum")
    add("cross_entropy: far from zero", F.cross_entropy, x=far, targets=[0, 2])

    for reduction in ["mean", "sum", "none"]:
        case = cases[f"mse_loss: {reduction}"] = Case(f"mse_loss: {reduction}")
        prediction, target = case.input("prediction", (3, 4)), case.input("target", (3, 4))
        case.finish(y=F.mse_loss(prediction, target, reduction=reduction))


def embeddings(cases):
    for sample, weight, ids in [
        ("an id many times, one never", (4, 3), [2, 0, 2, 2, 3]),
        ("sequences", (5, 2), [[4, 3], [2, 1], [0, 4]]),
    ]:
        case = cases[f"embedding: {sample}"] = Case(f"embedding: {sample}")
        ids = torch.tensor(ids)
        case.store("ids", ids.double())
        case.finish(y=F.embedding(ids, case.input("weight", weight)))


def generate(cases):
    for family in [elementwise, arithmetic, reductions, shapes, products, convolutions, pools,
                   batch_norms, losses, embeddings]:
        family(cases)
