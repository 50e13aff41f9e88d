"""Textures of the scenes: 1/f noise, light, and leaves of all sizes with edges, stripes, windows and letters.

Pictures are [b,c,h,w] with colors in 0..1. Natural images have amplitude spectra near 1/f and edges at all scales.
"Dead leaves" whose sizes follow a power law have both properties (Ruderman 1997; Lee, Mumford & Huang 2001).
"""

import math

import torch
import torch.nn.functional as F

from draw import column


def fractal_noise(draw, channels, h, w, low, high):
    """Gaussian noise with unit variance and an amplitude of 1/f^a, where a is drawn from low..high for each sample."""
    fy = torch.fft.fftfreq(h, device=draw.device)[:, None]
    fx = torch.fft.rfftfreq(w, device=draw.device)[None]
    f = torch.sqrt(fy * fy + fx * fx).clamp_min(1.0 / max(h, w))
    x = torch.fft.irfft2(torch.fft.rfft2(draw.normal(channels, h, w)) * f ** -column(draw.uniform(low, high)), s=(h, w))
    return (x - x.mean((2, 3), keepdim=True)) / x.std((2, 3), keepdim=True).clamp_min(1e-5)


def palette(draw, n):
    """n colors per sample, [b,n,3]: mostly muted, around one hue, rarely vivid, some nearly black or white."""
    chroma = torch.tensor(
        [[1.0, 0.0, -1.0], [-0.5, 1.0, -0.5]], device=draw.device
    )  # blue to orange, and magenta to green
    hue = draw.uniform(0, 2 * math.pi, 1) + draw.normal(n) * draw.uniform(0.2, 1.6, 1)
    strength = 0.36 * draw.uniform(0, 1, n) ** 2 * draw.uniform(0.3, 1.3, 1)
    direction = torch.stack([hue.cos(), 0.7 * hue.sin()], -1) @ chroma
    light = draw.uniform(0.03, 0.97, n)
    return (light[..., None] + direction * (strength * (0.35 + light * (1 - light) * 2.6))[..., None]).clamp(0, 1)


def _mix(colours, at):
    """Interpolates colors [b,n,3] linearly at positions 0..1 [b,...]. Returns [b,...,3]."""
    place = at.clamp(0, 1) * (colours.shape[1] - 1)
    low = place.floor().clamp_max(colours.shape[1] - 2).long()
    b = torch.arange(len(colours), device=at.device).view(-1, *([1] * (at.ndim - 1)))
    share = (place - low)[..., None]
    return colours[b, low] * (1 - share) + colours[b, low + 1] * share


def _hash(a, b, c):
    """A number in 0..1 for integers, which is constant over the pixels of a letter's stroke."""
    x = torch.sin(a * 12.9898 + b * 78.233 + c * 37.719) * 43758.5453
    return x - x.floor()


def _pattern(kind, u, v, p, q, r):
    """The share 0..1 of the second color of a leaf at (u, v), each in -1..1."""
    stripes = (torch.sin(u * (3 + 40 * p * p)) * (2 + 6 * q) + 0.5).clamp(0, 1)
    n = 2 + (7 * p).floor()
    m = 2 + (7 * q).floor()
    fu, fv = torch.frac((u + 1) * n), torch.frac((v + 1) * m)
    windows = ((fu > 0.25 + 0.2 * r) & (fu < 0.85) & (fv > 0.3) & (fv < 0.85)).float()
    rows, columns = 3 + (7 * p).floor(), 14 + (26 * q).floor()
    y, x = (v + 1) * rows * 5, (u + 1) * columns * 2
    glyph = _hash(x.floor(), y.floor(), r * 91) > 0.42  # strokes of random letters, 3 of 4 wide, 4 of 5 high
    letters = (
        glyph
        & (x.floor() % 4 < 3)
        & (y.floor() % 5 < 3.5)
        & (u.abs() < 0.85)
        & (v.abs() < 0.8)
        & (_hash((x / 24).floor(), (y / 5).floor(), r * 17) > 0.2)
    ).float()
    return torch.where(
        kind < 0.55, torch.zeros_like(u), torch.where(kind < 0.72, stripes, torch.where(kind < 0.88, windows, letters))
    )


def add_leaves(draw, picture, cell, presence, colours, grain, soft=0.8):
    """Covers a picture with one leaf per cell of `cell` pixels (with the probability `presence`), on a randomly turned
    grid.

    A leaf reaches at most one cell from the center of its cell, so only four leaves are evaluated per pixel. `grain`
    [b,1,h,w] roughens some edges and faces. `soft` is the width of an edge in pixels.
    """
    b, _, h, w = picture.shape
    turn, shift = draw.uniform(0, 2 * math.pi), draw.uniform(0, 1, 2)
    y, x = torch.meshgrid(
        (torch.arange(h, device=draw.device) - h / 2) / cell,
        (torch.arange(w, device=draw.device) - w / 2) / cell,
        indexing="ij",
    )
    turn = turn * draw.chance(0.5)
    cos, sin = turn.cos().view(b, 1, 1), turn.sin().view(b, 1, 1)
    gx, gy = x * cos - y * sin + shift[:, 0].view(b, 1, 1), x * sin + y * cos + shift[:, 1].view(b, 1, 1)
    n = int(math.hypot(h, w) / cell) + 4
    values = torch.rand(b, n * n, 18, generator=draw.g, device=draw.device)
    upright = draw.chance(0.5).view(b, 1, 1)
    tint = _mix(colours, values[..., 0]) + 0.05 * (values[..., 1:4] - 0.5)
    values = torch.cat(
        [values, tint, _mix(colours, values[..., 4])], -1
    ).mT.contiguous()  # channels first, which is faster to gather
    bx, by = (gx - 0.5).floor(), (gy - 0.5).floor()
    rough = grain[:, 0]
    for dy in (0, 1):
        for dx in (0, 1):
            ix, iy = bx + dx, by + dy
            leaf = (iy.long() + n // 2) % n * n + (ix.long() + n // 2) % n
            p = values.gather(2, leaf.view(b, 1, h * w).expand(-1, values.shape[1], -1)).view(b, -1, h, w).unbind(1)
            px, py = gx - ix - 0.5 - 0.4 * (p[5] - 0.5), gy - iy - 0.5 - 0.4 * (p[6] - 0.5)
            angle = (p[7] - 0.5) * math.pi * (1 - upright * 0.97)
            stretch = torch.exp(1.3 * (p[8] - 0.5))
            size = (0.25 + 0.53 * p[9]) / torch.maximum(stretch, 1 / stretch)
            c, s = angle.cos(), angle.sin()
            u, v = (px * c + py * s) / (size * stretch), (py * c - px * s) * stretch / size
            round_ = torch.sqrt(u * u + v * v + 1e-6)
            box = torch.maximum(u.abs(), v.abs()) * 1.05
            d = torch.where(
                p[10] < 0.5, round_, torch.where(p[10] < 0.85, box, (u.abs() + v.abs()) * 0.9 + 0.1 * round_)
            )
            d = d + torch.where(p[11] < 0.3, 0.22 * rough, torch.zeros_like(d))
            edge = size * cell / (soft * (1 + 5 * (p[12] - 0.85).clamp_min(0) / 0.15))
            alpha = ((1 - d) * edge + 0.5).clamp(0, 1) * (p[13] < presence)
            share = _pattern(p[14], u, v, p[15], p[16], p[17])
            face = torch.stack(p[18:21], 1) * (1 - share[:, None]) + torch.stack(p[21:24], 1) * share[:, None]
            shade = (
                1 + (p[15] - 0.4) * 0.7 * u + (p[16] - 0.5) * 0.5 * v - 0.35 * (p[12] > 0.5) * round_.clamp_max(1) ** 2
            )
            face = face * shade[:, None] + (rough * 0.16 * p[17] ** 2)[:, None]
            picture = picture + (face - picture) * alpha[:, None]
    return picture.clamp(0, 1)


def surface(draw, h, w, finest=0.012, crowd=0.6):
    """An opaque texture: a smooth background of two colors, with leaves from half the width down to `finest`."""
    colours = palette(draw, 6)
    grain = fractal_noise(draw, 1, h, w, 0.7, 1.4)
    slow = fractal_noise(draw, 1, h, w, 1.5, 2.2)
    y = torch.linspace(-1, 1, h, device=draw.device).view(1, 1, h, 1)
    place = torch.sigmoid(slow * column(draw.uniform(0.1, 1.5)) + y * column(draw.uniform(-2, 2)))[:, 0]
    picture = _mix(colours[:, :3], place).permute(0, 3, 1, 2) + grain * column(draw.log(0.004, 0.12))
    size = 0.5
    while size > finest:
        presence = (crowd * draw.uniform(0, 1) ** 1.5).view(-1, 1, 1)
        picture = add_leaves(draw, picture, size * w, presence, colours, grain)
        size *= 0.42
    return picture.clamp(0, 1)


def sky(draw, h, w):
    """A gradient from the zenith to the horizon, with clouds, haze or neither."""
    top, low = palette(draw, 1)[:, 0], palette(draw, 1)[:, 0]
    top, low = (c.mean(1, keepdim=True) + 0.5 * (c - c.mean(1, keepdim=True)) for c in (top, low))
    blue = draw.chance(0.7)[:, None]
    day = draw.uniform(0.35, 1.0, 1)
    top = top * (1 - blue) + blue * day * torch.tensor([0.25, 0.48, 0.85], device=draw.device) * draw.uniform(
        0.7, 1.1, 3
    )
    low = low * (1 - blue) * 0.6 + (1 - 0.6 * (1 - blue)) * day * torch.tensor(
        [0.78, 0.86, 0.95], device=draw.device
    ) * draw.uniform(0.8, 1.05, 3)
    y = torch.linspace(0, 1, h, device=draw.device).view(1, 1, h, 1) ** column(draw.uniform(0.5, 1.6))
    picture = column(top) * (1 - y) + column(low) * y
    cloud = fractal_noise(draw, 1, h, w, 1.2, 1.9)
    cover = ((cloud - column(draw.uniform(-0.5, 2.0))) * column(draw.uniform(0.3, 1.5))).clamp(0, 1)
    white = column(draw.uniform(0.55, 1.0)) * (1 - 0.25 * fractal_noise(draw, 1, h, w, 1.4, 2.0).clamp(-1, 1).abs())
    return (picture + (white - picture) * cover * column(draw.chance(0.7))).clamp(0, 1)


def light(draw, h, w, strength=0.35):
    """A smooth field to multiply a surface by: light from one side, and soft shadows."""
    slow = fractal_noise(draw, 1, h, w, 1.8, 2.4)
    y = torch.linspace(-1, 1, h, device=draw.device).view(1, 1, h, 1)
    x = torch.linspace(-1, 1, w, device=draw.device).view(1, 1, 1, w)
    return torch.exp(
        strength
        * column(draw.uniform(0, 1))
        * (0.6 * slow + column(draw.normal()) * 0.8 * x + column(draw.normal()) * 0.8 * y).clamp(-2, 1.5)
    )


def blur(picture, sigma):
    """Gaussian blur. sigma is in pixels, and the same for all samples."""
    r = max(1, int(2.5 * sigma))
    k = torch.exp(-0.5 * (torch.arange(-r, r + 1, device=picture.device) / sigma) ** 2)
    k = (k / k.sum()).to(picture.dtype)
    c = picture.shape[1]
    x = F.pad(picture, (r, r, r, r), mode="replicate")
    x = F.conv2d(x, k.view(1, 1, 1, -1).expand(c, 1, 1, -1), groups=c)
    return F.conv2d(x, k.view(1, 1, -1, 1).expand(c, 1, -1, 1), groups=c)
