"""Building blocks of the construction: groups of channels, reading and writing numbers, and codes that pass between
levels.

A number x is stored in a group of four channels as (x, -x, 10, -10). So GroupNorm subtracts no mean, and its scale is
steady. SiLU preserves the number, too: silu(x) - silu(-x) = x.
"""

import torch

from camera import CODE_PAIRS, CODE_SIZE, PERIODS, angular_frequencies
from model import STEADY


def first_channel(g):
    """The first channel of group g."""
    return 4 * g


def write_pair(w, g, col, scale=1.0):
    """Writes x and -x into group g of a linear map (or of one tap), where x is read from column `col`."""
    w[first_channel(g), col] += scale
    w[first_channel(g) + 1, col] -= scale


def write_steady(bias, g):
    """Writes the constants of group g into a bias."""
    bias[first_channel(g) + 2], bias[first_channel(g) + 3] = STEADY, -STEADY


def read_group(w, row, g, scale=0.5):
    """Makes row `row` read the number of group g."""
    w[row, first_channel(g)] += scale
    w[row, first_channel(g) + 1] -= scale


def fill_constants(proj_in, first, size):
    """Writes alternating constants into the channels of the tokens from `first` on."""
    proj_in.bias[first:] = size * torch.tensor([1.0, -1.0]).repeat((128 - first) // 2)


def clear_linear(proj_in):
    """Sets weight and bias of a linear layer to zero."""
    proj_in.weight.zero_()
    proj_in.bias.zero_()


def empty_tokens(n, first, size):
    """Tokens [n, 128] with only the constants of `fill_constants`."""
    t = torch.zeros(n, 128)
    t[:, first:] = size * torch.tensor([1.0, -1.0]).repeat((128 - first) // 2)
    return t


def interpolate_fields(conv, first, out, sign=1.0):
    """Makes an upsampler interpolate fields linearly, from channels `first`... to the channels `out`."""
    for i, to in enumerate(out):
        conv.weight[to] = 0
        conv.weight[to, first + i] = sign * torch.outer(
            torch.tensor([0.25, 0.5, 0.25]), torch.tensor([0.25, 0.5, 0.25])
        )


def upsampled_ones():
    """The values that a field of ones has after two upsamplers, because they pad with zeros at the border."""
    values = []
    for h, w in ((9, 16), (12, 12), (16, 9)):
        x = torch.ones(1, 1, h, w)
        k = torch.outer(torch.tensor([0.25, 0.5, 0.25]), torch.tensor([0.25, 0.5, 0.25]))[None, None]
        for _ in range(2):
            x = torch.nn.functional.conv2d(torch.nn.functional.interpolate(x, scale_factor=2), k, padding=1)
        values.append(x.flatten())
    return torch.cat(values)


def read_code(proj_in, first, at):
    """Makes the tokens read a code from the groups `at`... into the channels `first`..."""
    for n in range(CODE_PAIRS):
        for part in (0, 1):
            proj_in.weight[first + 2 * n + part, first_channel(at + n) + 2 * part] = 0.5
            proj_in.weight[first + 2 * n + part, first_channel(at + n) + 2 * part + 1] = -0.5


def write_code(proj_out, at, first):
    """Writes a code from the channels `first`... of the tokens into the groups `at`..., each number with both signs."""
    for n in range(CODE_PAIRS):
        for part in (0, 1):
            proj_out.weight[first_channel(at + n) + 2 * part, first + 2 * n + part] += 1
            proj_out.weight[first_channel(at + n) + 2 * part + 1, first + 2 * n + part] -= 1


def rotation(alpha, beta):
    """The 2 x 2 matrix of a complex number."""
    return torch.tensor([[alpha, -beta], [beta, alpha]])


def write_code_upsampler(conv, scale, codes, edges, out, out_edges=None, paired=False):
    """Makes an upsampler double the resolution of codes: nearest neighbor, then taps that turn the phases. Exact for a
    sinusoid.

    codes: the first channel of each code. edges: the codes at the border only (lower side, then upper side), which
    compensate the zero padding. out, out_edges: the channels of the results.
    """
    conv.weight.zero_()
    conv.bias.zero_()

    def e(p):
        return torch.exp(torch.tensor(1j * p, dtype=torch.complex128))

    def put(to, of, axis, tap, at):
        r = rotation(tap.real, tap.imag)
        y, x = (1, at) if axis == 0 else (at, 1)
        for o in (0, 1):
            for i in (0, 1):
                if paired:
                    conv.weight[to + 2 * o, of + i, y, x] += r[o, i]
                    conv.weight[to + 2 * o + 1, of + i, y, x] -= r[o, i]
                else:
                    conv.weight[to + o, of + i, y, x] += r[o, i]

    for n, first in enumerate(codes):
        for axis in (0, 1):
            for k, w in enumerate((angular_frequencies().double() * scale).tolist()):
                m = torch.stack([torch.stack([e(-2 * w), e(0), e(0)]), torch.stack([e(0), e(0), e(2 * w)])])
                low, mid, high = torch.linalg.pinv(m) @ torch.stack([e(-0.5 * w), e(0.5 * w)])
                c = 2 * (axis * len(PERIODS) + k)
                to = out[n] + (2 * c if paired else c)
                for j, tap in enumerate((low, mid, high)):
                    put(to, first + c, axis, tap, j)
                put(to, edges[n] + c, axis, e(-0.5 * w) - mid - high, 2)  # only at the border
                put(to, edges[n] + CODE_SIZE + c, axis, e(0.5 * w) - low - mid, 0)
                if out_edges:
                    put(out_edges[n] + c, edges[n] + c, axis, e(-0.5 * w), 2)
                    put(out_edges[n] + CODE_SIZE + c, edges[n] + CODE_SIZE + c, axis, e(0.5 * w), 0)


def pass_first_through(r, rows=128):
    """Makes a resnet pass its first `rows` channels unchanged."""
    r = r.spatial_res_block
    r.conv_shortcut.weight.zero_()
    r.conv_shortcut.bias.zero_()
    for i in range(rows):
        r.conv_shortcut.weight[i, i] = 1
