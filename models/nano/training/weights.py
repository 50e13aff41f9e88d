"""Small pieces that the construction writes: groups of channels, readings, codes that pass from level to level.

A number stands in a group of four channels as (x, -x, 10, -10): GroupNorm takes no mean off it, and its scale is steady. SiLU
passes it too: silu(x) - silu(-x) = x.
"""
import torch

from camera import CODE, PAIRS, PERIODS, omega
from model import STEADY


def group(g): return 4 * g


def pair(w, g, col, scale=1.0):
    """Rows of a linear map (or of one tap): x and -x into group g from column col."""
    w[group(g), col] += scale; w[group(g) + 1, col] -= scale


def steady(bias, g):
    bias[group(g) + 2], bias[group(g) + 3] = STEADY, -STEADY


def read(w, row, g, scale=0.5):
    """A row that reads a group's value."""
    w[row, group(g)] += scale; w[row, group(g) + 1] -= scale


def constants(proj_in, first, size):
    proj_in.bias[first:] = size * torch.tensor([1.0, -1.0]).repeat((128 - first) // 2)


def blank(proj_in):
    proj_in.weight.zero_(); proj_in.bias.zero_()


def base(n, first, size):
    """Tokens that hold nothing yet."""
    t = torch.zeros(n, 128); t[:, first:] = size * torch.tensor([1.0, -1.0]).repeat((128 - first) // 2)
    return t


def smooth(conv, first, out, sign=1.0):
    """Fields at twice the places, linearly between them."""
    for i, to in enumerate(out):
        conv.weight[to] = 0
        conv.weight[to, first + i] = sign * torch.outer(torch.tensor([0.25, 0.5, 0.25]), torch.tensor([0.25, 0.5, 0.25]))


def one_upsampled():
    """What becomes of one, with zeros past the border, after `smooth` twice."""
    values = []
    for h, w in ((9, 16), (12, 12), (16, 9)):
        x = torch.ones(1, 1, h, w)
        k = torch.outer(torch.tensor([0.25, 0.5, 0.25]), torch.tensor([0.25, 0.5, 0.25]))[None, None]
        for _ in range(2): x = torch.nn.functional.conv2d(torch.nn.functional.interpolate(x, scale_factor=2), k, padding=1)
        values.append(x.flatten())
    return torch.cat(values)


def read_code(proj_in, first, at):
    for n in range(PAIRS):
        for part in (0, 1):
            proj_in.weight[first + 2 * n + part, group(at + n) + 2 * part] = 0.5; proj_in.weight[first + 2 * n + part, group(at + n) + 2 * part + 1] = -0.5


def code_out(proj_out, at, first):
    """A code from tokens to groups, each number in both signs."""
    for n in range(PAIRS):
        for part in (0, 1):
            proj_out.weight[group(at + n) + 2 * part, first + 2 * n + part] += 1; proj_out.weight[group(at + n) + 2 * part + 1, first + 2 * n + part] -= 1


def rotor(alpha, beta): return torch.tensor([[alpha, -beta], [beta, alpha]])


def upsampler(conv, scale, codes, edges, out, out_edges=None, paired=False):
    """Codes at twice the places: nearest neighbour, then taps that turn the phases. Exact for a sinusoid.

    codes: first channel of each code; edges: of what stands at the border alone (lower side's code, then the upper side's), which
    makes up for the zeros past it. out, out_edges: the same in the result."""
    conv.weight.zero_(); conv.bias.zero_()
    e = lambda p: torch.exp(torch.tensor(1j * p, dtype=torch.complex128))

    def put(to, of, axis, tap, at):
        r = rotor(tap.real, tap.imag)
        y, x = (1, at) if axis == 0 else (at, 1)
        for o in (0, 1):
            for i in (0, 1):
                if paired:
                    conv.weight[to + 2 * o, of + i, y, x] += r[o, i]; conv.weight[to + 2 * o + 1, of + i, y, x] -= r[o, i]
                else: conv.weight[to + o, of + i, y, x] += r[o, i]

    for n, first in enumerate(codes):
        for axis in (0, 1):
            for k, w in enumerate((omega().double() * scale).tolist()):
                m = torch.stack([torch.stack([e(-2 * w), e(0), e(0)]), torch.stack([e(0), e(0), e(2 * w)])])
                low, mid, high = torch.linalg.pinv(m) @ torch.stack([e(-0.5 * w), e(0.5 * w)])
                c = 2 * (axis * len(PERIODS) + k)
                to = out[n] + (2 * c if paired else c)
                for j, tap in enumerate((low, mid, high)): put(to, first + c, axis, tap, j)
                put(to, edges[n] + c, axis, e(-0.5 * w) - mid - high, 2)             # at the border itself, and nowhere else
                put(to, edges[n] + CODE + c, axis, e(0.5 * w) - low - mid, 0)
                if out_edges:
                    put(out_edges[n] + c, edges[n] + c, axis, e(-0.5 * w), 2)
                    put(out_edges[n] + CODE + c, edges[n] + CODE + c, axis, e(0.5 * w), 0)


def identity_first(r, rows=128):
    r = r.spatial_res_block
    r.conv_shortcut.weight.zero_(); r.conv_shortcut.bias.zero_()
    for i in range(rows): r.conv_shortcut.weight[i, i] = 1
