"""Weights from a counter, for checkpoints that are too large to keep. test/golden/wide/counter-weights.ts makes the
same bytes.

A block of BLOCK uniform numbers (Philox4x32-10: key (0, 0), counter (n, 0, 0, 0), word i mod 4 of block floor(i/4)) is
read cyclically. FNV-1a-32 of "part name" determines the start for each tensor. It uses only basic arithmetic, rounded
once to fp16.
"""

import functools

import numpy as np
import torch

BLOCK = 1_048_583  # a prime, so that the rows of a tensor do not repeat


@functools.cache
def block():
    """Uniform numbers with unit variance: (w + ½) / 2³² − ½, times √12."""
    mask = np.uint64(0xFFFFFFFF)
    c = [np.arange((BLOCK + 3) // 4, dtype=np.uint64)] + [np.zeros((BLOCK + 3) // 4, dtype=np.uint64)] * 3
    k0, k1 = np.uint64(0), np.uint64(0)
    for _ in range(10):
        p0, p1 = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(p1 >> np.uint64(32)) ^ c[1] ^ k0, p1 & mask, (p0 >> np.uint64(32)) ^ c[3] ^ k1, p0 & mask]
        k0, k1 = (k0 + np.uint64(0x9E3779B9)) & mask, (k1 + np.uint64(0xBB67AE85)) & mask
    return ((np.stack(c, 1).reshape(-1)[:BLOCK].astype(np.float64) + 0.5) / 2**32 - 0.5) * 12**0.5


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return h


def distribution(name, shape):
    """(mean, deviation), as in make_golden.randomise."""
    if name.endswith("mix_factor"):
        return 0, 1
    if name.endswith("bias"):
        return 0, 0.1
    if "norm" in name or "layrnorm" in name:
        return 1, 0.2
    if "embedding" in name and len(shape) < 3:
        return 0, 0.5
    return 0, 1 / np.prod(shape[1:], dtype=np.float64) ** 0.5


def fill(module, part):
    for name, p in module.named_parameters():
        mean, deviation = distribution(name, p.shape)
        at = np.arange(p.numel()) + fnv1a(f"{part} {name}") % BLOCK
        values = (mean + deviation * block())[at % BLOCK].astype(np.float16)
        p.data = torch.from_numpy(values.reshape(tuple(p.shape)))
