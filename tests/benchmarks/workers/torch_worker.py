# SPDX-License-Identifier: Apache-2.0
"""The benchmarks in PyTorch: torch_worker.py eager|compile BENCHMARK."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from protocol import images, in_turn, iris, pictures_and_noise, serve  # noqa: E402
from torch import nn  # noqa: E402

COMPILE = sys.argv[1] == "compile"


def scalar():
    def add(x, y):
        return (torch.tensor(x) + torch.tensor(y)).item()

    return lambda: add(1.0, 2.0)


def training_step(model, optimizer, batches, prepare):
    def loss_of(x, y):
        return F.cross_entropy(model(x), y)

    if COMPILE:
        loss_of = torch.compile(loss_of)

    def step():
        x, y = next(batches)
        optimizer.zero_grad(set_to_none=True)
        loss_of(prepare(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        optimizer.step()

    return step


def iris_step():
    model = nn.Sequential(
        nn.Linear(4, 4), nn.Sigmoid(), nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 3)
    )
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    return training_step(model, optimizer, in_turn([iris()]), lambda x: x)


def picture_step(model):
    model = model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    batches = in_turn(list(zip(*images())))
    return training_step(model, optimizer, batches, lambda x: x.permute(0, 3, 1, 2))


def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def tfnet():
    return nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(3136, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, 10),
    )  # fmt: skip


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.dense = nn.LSTM(28, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.dense(self.lstm(x)[0][:, -1])


def lstm_step():
    model = Recurrent()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    batches = in_turn(list(zip(*images(batch=128))))
    return training_step(model, optimizer, batches, lambda x: x.reshape(-1, 28, 28))


def gan_step():
    g = nn.Sequential(nn.Linear(100, 128), nn.ReLU(), nn.Linear(128, 784), nn.Sigmoid())
    d = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 1))
    of_g = torch.optim.Adam(g.parameters(), 1e-3, fused=True)
    of_d = torch.optim.Adam(d.parameters(), 1e-3, fused=True)
    batches = in_turn(list(zip(*pictures_and_noise())))

    def entropy(logits, label):
        return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))

    def d_loss(real, z):
        return entropy(d(real), 1.0) + entropy(d(g(z).detach()), 0.0)

    def g_loss(z):
        return entropy(d(g(z)), 1.0)

    if COMPILE:
        d_loss, g_loss = torch.compile(d_loss), torch.compile(g_loss)

    def step():
        real, z = map(torch.from_numpy, next(batches))
        of_d.zero_grad(set_to_none=True)
        d_loss(real, z).backward()
        of_d.step()
        of_g.zero_grad(set_to_none=True)
        g_loss(z).backward()
        of_g.step()

    return step


makers = {
    "scalar": scalar,
    "iris": iris_step,
    "lenet": lambda: picture_step(lenet()),
    "tfnet": lambda: picture_step(tfnet()),
    "lstm": lstm_step,
    "gan": gan_step,
}
serve(makers[sys.argv[2]]())
