"""Random numbers for a batch, on its device, from one generator. The same seed gives the same scenes."""

import math

import torch


class Draw:
    """Draws tensors [b, *shape]; each of the `b` samples has its own values."""

    def __init__(self, batch, generator, device="cpu"):
        self.b, self.g, self.device = batch, generator, torch.device(device)

    def uniform(self, low=0.0, high=1.0, *shape):
        return torch.rand(self.b, *shape, generator=self.g, device=self.device) * (high - low) + low

    def log(self, low, high, *shape):
        return torch.exp(self.uniform(math.log(low), math.log(high), *shape))

    def normal(self, *shape):
        return torch.randn(self.b, *shape, generator=self.g, device=self.device)

    def chance(self, p, *shape):
        """1 with probability p, otherwise 0."""
        return (self.uniform(0, 1, *shape) < p).float()

    def integer(self, low, high, *shape):
        """Integers (as floats) with low <= n < high."""
        return self.uniform(low, high, *shape).floor()


def column(x, dims=4):
    """Reshapes [b] or [b,c] to [b,1,1,1] or [b,c,1,1], to broadcast with pictures."""
    return x.reshape(*x.shape, *([1] * (dims - x.ndim)))
