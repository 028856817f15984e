"""Recurrent ops, cells and layers. Sequences are time-major, as PyTorch's are by default."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recorder import Case

CELLS = {
    "rnn_tanh": lambda *sizes, **options: nn.RNN(*sizes, **options),
    "rnn_relu": lambda *sizes, **options: nn.RNN(*sizes, nonlinearity="relu", **options),
    "lstm": nn.LSTM,
    "gru": nn.GRU,
}


def run(case, module, x, state, lengths=None):
    """Output and last state of a layer, with the names under which they are stored."""
    steps = len(x)
    if lengths:
        case.store("lengths", torch.tensor(lengths).double())
        x = pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, last = module(x, state)
    if lengths:
        y, _ = pad_packed_sequence(y, total_length=steps)
    h, c = last if isinstance(last, tuple) else (last, None)
    return {"y": y, "h": h} | ({} if c is None else {"c": c})


def initial(case, shape, cells):
    h = case.input("h0", shape)
    return (h, case.input("c0", shape)) if cells else h


def one_layer(states, f):
    """A state [B, H] as PyTorch wants it, [1, B, H]."""
    return tuple(map(f, states)) if isinstance(states, tuple) else f(states)


def ops(cases):
    def add(name, steps, batch, inputs, hidden, bias=True, zeros=False, reverse=False, ids=None,
            lengths=None):
        op = name.split(":")[0]
        case = cases[name] = Case(name)
        module = CELLS[op](inputs, hidden, bias=bias)
        if ids is None:
            x = case.input("x", (steps, batch, inputs))
        else:
            x = torch.tensor(ids).reshape(steps, batch)
            case.store("ids", x.double())
            x = nn.functional.one_hot(x, inputs).double()
        for ours, theirs in [("w_ih", "weight_ih_l0"), ("w_hh", "weight_hh_l0"),
                             ("b_ih", "bias_ih_l0"), ("b_hh", "bias_hh_l0")]:
            if bias or ours[0] == "w":
                case.parameter(ours, getattr(module, theirs))
        state = None if zeros else one_layer(initial(case, (batch, hidden), op == "lstm"),
                                             lambda s: s[None])
        outputs = run(case, module, x.flip(0) if reverse else x, state, lengths)
        outputs = {k: v if k == "y" else v[0] for k, v in outputs.items()}
        if reverse:  # nn.RNN and its kin only go backwards together with forwards
            outputs["y"] = outputs["y"].flip(0)
        case.finish(**outputs)

    for op in CELLS:
        add(f"{op}: five steps", 5, 3, 4, 2)
        add(f"{op}: reversed", 5, 2, 3, 5, reverse=True)
        add(f"{op}: lengths", 5, 4, 3, 2, lengths=[3, 5, 2, 1])
        add(f"{op}: no biases, from zeros", 3, 2, 4, 3, bias=False, zeros=True)
        add(f"{op}: characters", 4, 2, 4, 3, ids=[2, 0, 1, 3, 3, 0, 3, 2])
        add(f"{op}: whole vectors", 3, 5, 2, 9)


def cells(cases):
    for name, module in [
        ("rnn_cell: tanh", nn.RNNCell(4, 3)),
        ("rnn_cell: relu", nn.RNNCell(4, 3, nonlinearity="relu")),
        ("lstm_cell: step", nn.LSTMCell(4, 3)),
        ("gru_cell: step", nn.GRUCell(4, 3)),
    ]:
        case = cases[name] = Case(name)
        x = case.input("x", (2, 4))
        for ours, theirs in [("w_ih", "weight_ih"), ("w_hh", "weight_hh"), ("b_ih", "bias_ih"),
                             ("b_hh", "bias_hh")]:
            case.parameter(ours, getattr(module, theirs))
        state = module(x, initial(case, (2, 3), "lstm" in name))
        case.finish(**(dict(zip("hc", state)) if "lstm" in name else {"h": state}))


def layers(cases):
    def add(name, module, steps=4, batch=3, lengths=None, zeros=False):
        case = cases[name] = Case(name)
        for key, parameter in module.named_parameters():
            case.parameter(key, parameter)
        x = case.input("x", (steps, batch, module.input_size))
        directions = 2 if module.bidirectional else 1
        shape = (module.num_layers * directions, batch, module.hidden_size)
        state = None if zeros else initial(case, shape, isinstance(module, nn.LSTM))
        case.finish(**run(case, module.eval(), x, state, lengths))

    add("RNN: relu, from zeros", nn.RNN(4, 3, nonlinearity="relu"), zeros=True)
    for make in [nn.RNN, nn.LSTM, nn.GRU]:
        name = make.__name__
        add(f"{name}: one layer", make(4, 3))
        add(f"{name}: two layers without biases", make(4, 3, num_layers=2, bias=False))
        add(f"{name}: two layers, both directions", make(4, 3, num_layers=2, bidirectional=True))
        add(f"{name}: two layers, both directions, lengths",
            make(2, 3, num_layers=2, bidirectional=True), lengths=[2, 4, 1])
        add(f"{name}: dropout in evaluation", make(3, 2, num_layers=2, dropout=0.5))
