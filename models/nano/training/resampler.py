"""What is made of the five places that the photo is looked up at: the latents of the moved picture.

Latents moved by half a pixel are not what the autoencoder makes of a picture moved by half a pixel: a linear mean of neighbours
costs three decibels. So the five places' latents (the nearest, and the four about it) are weighed by matrices, each by six
functions of the phase (where from the nearest place the source is): 496 products, whose weights are least squares over
pictures that were moved and encoded. usage: resampler.py CHECKPOINT [--pictures 300] [--minutes M]: fits them, in place
"""
import argparse
import math
import random
import time

import torch
import torch.nn.functional as F

import model
import scenes
from camera import CODE, code
from least_squares import fit

OWN, FETCHED, THERE, REFERENCE = 2 * CODE, 40, 120, 124     # channels of the tokens: its own latents, five places' ones, the code there
PHASE = THERE                                               # later
STEADY_TOKEN = 128.0
READING = (REFERENCE, math.sqrt((1.5 * STEADY_TOKEN ** 2 + 120) / 128))
TAPS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))           # x, y
SIDE = 224                                                  # of the pictures


def lookup_tokens(fetched, f, at, g):
    """Tokens after the look-up: five places' latents [n,80], where from the nearest of them the source is [n,2], the nearest [n,2]."""
    n = len(f)
    x = torch.zeros(n, 128); x[:, 125:] = STEADY_TOKEN * torch.tensor([1.0, -0.5, -0.5])
    x[:, :CODE] = code(*(at + torch.randn(n, 2, generator=g)).unbind(1)); x[:, CODE:2 * CODE] = code(*(at + f).unbind(1))
    x[:, OWN:OWN + 16] = torch.randn(n, 16, generator=g); x[:, FETCHED:FETCHED + 80] = fetched
    x[:, THERE:THERE + 4] = code(*at.unbind(1))[:, [0, 1, CODE // 2, CODE // 2 + 1]]
    return x


def linear(z, f):
    """Interpolation between five places, along one axis after the other."""
    c, r, l, d, u = z.unflatten(1, (5, 16)).unbind(1)
    x, y = f[:, :1], f[:, 1:]
    return c + x.clamp_min(0) * (r - c) + (-x).clamp_min(0) * (l - c) + y.clamp_min(0) * (d - c) + (-y).clamp_min(0) * (u - c)


@torch.no_grad()
def fit_resampler(u, data, ridge=1e-9):
    """Latents of the moved picture from the five places': each by six functions of the phase. data: (fetched [n,80], phase [n,2],
    wanted [n,16]), ..."""
    tb = block_of(u)
    gates = [{"one": 4.0}, {PHASE: 1.0, "one": 4.0}, {PHASE + 1: 1.0, "one": 4.0}, {PHASE: 12.0}, {PHASE + 1: 12.0}, {PHASE: 4.0, PHASE + 1: 4.0}]
    units = [({FETCHED + c: 1.0}, gate) for c in range(80) for gate in gates] + [({OWN + c: 1.0}, {"one": 4.0}) for c in range(16)]
    g = torch.Generator().manual_seed(2)

    def batches():
        for fetched, f, wanted in data:
            n = len(f)
            x = lookup_tokens(fetched, f, (torch.rand(n, 2, generator=g) - 0.5) * 64, g); x[:, PHASE:PHASE + 2] = f
            yield x, wanted - x[:, FETCHED:FETCHED + 16] - x[:, OWN:OWN + 16]
    fit(tb.ff_in, tb.norm_in, READING, batches, units, {FETCHED + i: i for i in range(16)}, ridge)


def moved(block, z, shift, g):
    """What the UNet's last temporal block makes of latents [n,16,h,w] whose places are looked up `shift` [n,2] (x, y; at most half a
    latent pixel) further on."""
    n, _, h, w = z.shape
    near = F.pad(z, (1, 1, 1, 1), mode="replicate")
    fetched = torch.cat([near[:, :, 1 + y:1 + y + h, 1 + x:1 + x + w] for x, y in TAPS], 1).permute(0, 2, 3, 1).reshape(n * h * w, 80)
    phase = shift.repeat_interleave(h * w, 0)
    return made_of(block, fetched, phase, g).view(n, h, w, 16).permute(0, 3, 1, 2)


def moved_pictures(g, chance):
    """[3,3,224,224] in -1..1 and [3,3]: a picture as it is and moved twice; how far (x, y, in latent pixels) and how much closer."""
    while True:
        pool = scenes.Pool(g, "cpu", 1, 352, 352, 1, batch=1)
        for _ in range(4):
            for p in pool.film(1, 3, torch.full((1,), 0.2))[0]:
                side = chance.choice([352, 288, 240])
                if side != 352: p = F.interpolate(p[None], (side, side), mode="bicubic", antialias=True, align_corners=False)[0].clamp(-1, 1)
                corner = [round(chance.random() * (side - SIDE)) for _ in range(2)]
                moves = [(0.0, 0.0, 0.0)] + [(chance.uniform(-2.5, 2.5), chance.uniform(-1.5, 1.5), chance.uniform(-0.06, 0.14) if chance.random() < 0.7 else 0.0) for _ in range(2)]
                yield torch.cat([seen(p[None], corner, *m) for m in moves]), torch.tensor(moves)


def seen(picture, corner, dx, dy, closer):
    c = torch.arange(SIDE) + 0.5 - SIDE / 2
    y, x = torch.meshgrid(c * (1 - closer) + SIDE / 2 + 8 * dy + corner[1], c * (1 - closer) + SIDE / 2 + 8 * dx + corner[0], indexing="ij")
    grid = torch.stack([x, y], -1)[None] / picture.shape[-1] * 2 - 1
    return F.grid_sample(picture, grid, mode="bicubic", padding_mode="reflection", align_corners=False).clamp(-1, 1)


def examples(z, moves, everywhere=False):
    """(fetched, phase, wanted) of one picture's latents, for each of its moves; the borders are left out, unless `everywhere`."""
    n = z.shape[-1]
    c = torch.arange(n) + 0.5
    for latents, (dx, dy, closer) in zip(z, moves.tolist()):
        sy, sx = torch.meshgrid((c - n / 2) * (1 - closer) + n / 2 + dy, (c - n / 2) * (1 - closer) + n / 2 + dx, indexing="ij")
        ok = (torch.minimum(sx, sy) > 1.5) & (torch.maximum(sx, sy) < n - 1.5)
        ok[:2] = ok[-2:] = False; ok[:, :2] = ok[:, -2:] = False
        ok |= everywhere
        x, y = (sx - 0.5).round(), (sy - 0.5).round()
        first = z[0].permute(1, 2, 0)
        fetched = [first[(y + oy).long().clamp(0, n - 1), (x + ox).long().clamp(0, n - 1)][ok] for ox, oy in TAPS]
        yield torch.cat(fetched, 1), torch.stack([sx - 0.5 - x, sy - 0.5 - y], -1)[ok], latents.permute(1, 2, 0)[ok]


def block_of(u):
    """The UNet's block that does it."""
    return u.up_blocks[3].attentions[1].temporal_transformer_blocks[0]


def made_of(block, fetched, phase, g):
    """What it makes of five places' latents [n,80] at phases [n,2]."""
    x = lookup_tokens(fetched, phase, (torch.rand(len(phase), 2, generator=g) - 0.5) * 64, g); x[:, PHASE:PHASE + 2] = phase
    return (x + block.ff_in(block.norm_in(x)))[:, FETCHED:FETCHED + 16] + x[:, OWN:OWN + 16]


@torch.no_grad()
def error(u, data):
    """Mean squared errors of the resampler and of linear interpolation."""
    g, sums, n = torch.Generator().manual_seed(9), [0.0, 0.0], 0
    for fetched, phase, wanted in data:
        sums = [s + ((y - wanted) ** 2).sum().item() for s, y in zip(sums, (made_of(block_of(u), fetched, phase, g), linear(fetched, phase)))]; n += wanted.numel()
    return [s / n for s in sums]


def _bin(phase):
    """Which of nine: places near the middle of a latent, near its edges, or between, each way."""
    k = (phase.abs() * 6).long().clamp(max=2)
    return 3 * k[:, 0] + k[:, 1]


@torch.no_grad()
def spread_out(u, data, share):
    """The data with other targets: what is made now, its covariance brought nearer to that of what is wanted, by `share`, at each phase.

    Least squares leave out what they don't know: detail fades between latents. The linear map that moves as little as it can and
    makes one covariance the other is that of optimal transport between Gaussians (Olkin and Pukelsheim, 1982)."""
    g, sums = torch.Generator().manual_seed(4), [[0, 0, 0] for _ in range(9)]
    made = [made_of(block_of(u), fetched, phase, g) for fetched, phase, _ in data]
    for y, (_, phase, wanted) in zip(made, data):
        for k in range(9):
            one = _bin(phase) == k
            a, b = y[one].double(), wanted[one].double()
            sums[k] = [sums[k][0] + a.T @ a, sums[k][1] + b.T @ b, sums[k][2] + len(a)]
    maps = []
    for a, b, n in sums:
        a, b = a / n, b / n
        half = _root(a); back = torch.linalg.inv(half + 1e-4 * torch.eye(16))
        maps.append(share * (back @ _root(half @ b @ half) @ back) + (1 - share) * torch.eye(16))
        print("spread", [f"{v:.2f}" for v in maps[-1].diagonal().tolist()])
    maps = torch.stack(maps).float()
    return [(fetched, phase, torch.einsum("nij,nj->ni", maps[_bin(phase)], y)) for y, (fetched, phase, _) in zip(made, data)]


def _root(m):
    values, vectors = torch.linalg.eigh(m)
    return vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T


@torch.no_grad()
def main():
    p = argparse.ArgumentParser(); p.add_argument("checkpoint"); p.add_argument("--pictures", type=int, default=300); p.add_argument("--minutes", type=float, default=30); p.add_argument("--seed", type=int, default=1); p.add_argument("--spread", type=float, default=1.0, help="how much of the detail that least squares leave out is put back")
    a = p.parse_args()
    torch.set_num_threads(1)
    vae = model.load_autoencoder(f"{a.checkpoint}/vae").to(memory_format=torch.channels_last)
    u = model.make_unet(); u.load_state_dict(model.load_part(f"{a.checkpoint}/unet"))
    begin, data = time.time(), []
    for x, moves in moved_pictures(torch.Generator().manual_seed(a.seed), random.Random(a.seed)):
        data.append(list(examples(vae.encode(x.contiguous(memory_format=torch.channels_last)).latents, moves)))
        if len(data) == a.pictures or time.time() - begin > a.minutes * 60: break
    learn(u, data, a.spread)
    model.save_checkpoint(a.checkpoint, unet=u.state_dict())


@torch.no_grad()
def learn(u, data, spread, ridge=3e-6):
    """Fits the resampler to what `examples` gives of each picture, all but a tenth of them, on which it is measured."""
    held = max(1, len(data) // 10)
    shown = [e for d in data[:-held] for e in d]
    fit_resampler(u, shown, ridge)
    if spread > 0: fit_resampler(u, spread_out(u, shown, spread), ridge)
    made, between = error(u, [e for d in data[-held:] for e in d[1:]])
    print(f"{len(data)} pictures; mean squared error of latents on {held} others: {made:.3f}, of linear interpolation {between:.3f}")


if __name__ == "__main__":
    main()
