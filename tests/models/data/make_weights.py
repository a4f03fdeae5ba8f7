"""Makes the weights files in this folder. Needs PyTorch, which the project does not; they were made with 2.13."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.manual_seed(0)
network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
numbers = torch.arange(24.0).reshape(4, 6)
weights = dict(
    network.state_dict(),
    part=numbers[1:3, ::2],
    turned=numbers.t(),
    half=numbers.half(),
    double=numbers.double(),
    int32=numbers.int(),
    int16=numbers.short(),
    int8=numbers.to(torch.int8),
    uint8=numbers.byte(),
    bool=numbers > 3,
    scalar=torch.tensor(3),
    empty=torch.zeros(0, 3),
    parameter=nn.Parameter(numbers.clone()),
)
training = {
    "model": weights,
    "epoch": 3,
    "optimizer": {"lr": 0.1, "betas": (0.9, 0.99), "state": {0: numbers}},
}
here = Path(__file__).parent
torch.save(weights, here / "zip.pth")
torch.save(weights, here / "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(training, here / "checkpoint.pth")
torch.save(network, here / "network.pth")
torch.save({"a": numbers.expand(100, 4, 6)}, here / "expanded.pth")
np.savez(here / "expected.npz", **{name: tensor.detach().numpy() for name, tensor in weights.items()})
