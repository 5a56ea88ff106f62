# SPDX-License-Identifier: Apache-2.0
"""The benchmarks in PyTorch: torch_worker.py eager|compile BENCHMARK."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from protocol import images, in_turn, iris, serve  # noqa: E402
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


makers = {
    "scalar": scalar,
    "iris": iris_step,
    "lenet": lambda: picture_step(lenet()),
    "tfnet": lambda: picture_step(tfnet()),
}
serve(makers[sys.argv[2]]())
