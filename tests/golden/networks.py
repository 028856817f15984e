"""Whole networks over three steps of training."""

import torch
from torch import nn, optim

from recorder import Case, channels_first


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


class LeNetRelu(nn.Module):
    """models/lenet/lenet.hpp's LeNetRelu."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 16, 5), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 32, 5), nn.BatchNorm2d(32)
        self.fc1, self.fc2 = nn.Linear(4 * 4 * 32, 128), nn.Linear(128, 10)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 2)
        x = nn.functional.max_pool2d(torch.relu(self.bn2(self.conv2(x))), 2)
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


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


def lenets(cases):
    """Training with momentum. Of large gradients every 211th element and the norm are stored."""
    for make in [LeNet, LeNetRelu, LeNet5]:
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


class CharRnn(nn.Module):
    """models/char_rnn/char_rnn.hpp's CharRnn; `cell` is what it calls the recurrent layers."""

    def __init__(self, cell, layers):
        super().__init__()
        self.cell = cell
        self.add_module(cell, layers)
        self.head = nn.Linear(layers.hidden_size, layers.input_size)

    def forward(self, ids, state):
        x = nn.functional.one_hot(ids, self.head.out_features).double()
        y, state = getattr(self, self.cell)(x, state)
        return self.head(y.flatten(0, 1)), state


def char_rnns(cases):
    """Truncated backpropagation through time: the state goes on from window to window, and no
    gradient does. Gradients are clipped. No Adam here: it divides by the gradients' size, and so
    makes the rounding of the faintest ones as large as any."""
    for cell, layers in [("rnn", nn.RNN(5, 4)), ("lstm", nn.LSTM(5, 4, num_layers=2)),
                         ("gru", nn.GRU(5, 4, num_layers=2))]:
        case = cases[f"CharRnn: {cell}"] = Case(f"CharRnn: {cell}")
        net = CharRnn(cell, layers)
        for key, p in net.named_parameters():
            case.parameter(key, p)
        case.leaves.clear()
        optimizer = optim.SGD(net.parameters(), lr=0.5, momentum=0.9, nesterov=True)
        steps, batch, state, losses, norms = 6, 3, None, [], []
        for window in range(3):
            text = torch.tensor([case.random.randrange(5) for _ in range((steps + 1) * batch)])
            case.store(f"text{window}", text.reshape(steps + 1, batch).double())
            logits, state = net(text[:-batch].reshape(steps, batch), state)
            loss = nn.functional.cross_entropy(logits, text[batch:])
            optimizer.zero_grad()
            loss.backward()
            norms.append(nn.utils.clip_grad_norm_(net.parameters(), 0.25))
            for key, p in net.named_parameters():
                if window == 0:
                    case.store("grad." + key, p.grad)
            optimizer.step()
            losses.append(loss.detach())
            state = tuple(s.detach() for s in state) if cell == "lstm" else state.detach()
        case.store("losses", torch.stack(losses))
        case.store("norms", torch.stack(norms))
        for key, s in zip("hc", state if cell == "lstm" else [state]):
            case.store(key, s)
        for key, p in net.named_parameters():
            case.store("after." + key, p)


def generate(cases):
    lenets(cases)
    char_rnns(cases)
