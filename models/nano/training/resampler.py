"""The last part of the UNet: interpolates the latents of the moved picture from five places of the photo.

usage: resampler.py CHECKPOINT [--pictures 300] [--minutes M]; replaces the weights in the checkpoint

The latents of a picture that moved by half a pixel are not the interpolated latents of the picture: linear
interpolation costs 3 dB. Instead, the latents of the five places (the nearest and its four neighbors) are multiplied by
matrices, each of which depends on six functions of the phase (the source relative to the nearest place). The weights of
these 496 products are fitted by least squares to pictures that were moved and encoded.
"""

import argparse
import math
import random
import time

import torch
import torch.nn.functional as F

import model
import scenes
from camera import CODE_SIZE, place_code
from least_squares import fit

OWN_LATENTS, FETCHED, NEAREST_CODE, REFERENCE_CHANNEL = (
    2 * CODE_SIZE,
    40,
    120,
    124,
)  # channels of the tokens: own latents, those of five places, code of the nearest place
PHASE = NEAREST_CODE  # replaces the code
STEADY_TOKEN = 128.0
TOKEN_READING = (REFERENCE_CHANNEL, math.sqrt((1.5 * STEADY_TOKEN**2 + 120) / 128))
NEIGHBORS = ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))  # offsets (x, y): the nearest place and its neighbors
PICTURE_SIZE = 224  # of the pictures, in pixels


def lookup_tokens(fetched, f, at, g):
    """The tokens after the look-up: latents of five places [n,80], phase f [n,2], and the nearest place `at` [n,2]."""
    n = len(f)
    x = torch.zeros(n, 128)
    x[:, 125:] = STEADY_TOKEN * torch.tensor([1.0, -0.5, -0.5])
    x[:, :CODE_SIZE] = place_code(*(at + torch.randn(n, 2, generator=g)).unbind(1))
    x[:, CODE_SIZE : 2 * CODE_SIZE] = place_code(*(at + f).unbind(1))
    x[:, OWN_LATENTS : OWN_LATENTS + 16] = torch.randn(n, 16, generator=g)
    x[:, FETCHED : FETCHED + 80] = fetched
    x[:, NEAREST_CODE : NEAREST_CODE + 4] = place_code(*at.unbind(1))[:, [0, 1, CODE_SIZE // 2, CODE_SIZE // 2 + 1]]
    return x


def interpolate_linearly(z, f):
    """Linear interpolation between five places, along one axis after the other."""
    center, right, left, lower, upper = z.unflatten(1, (5, 16)).unbind(1)
    x, y = f[:, :1], f[:, 1:]
    return (
        center
        + x.clamp_min(0) * (right - center)
        + (-x).clamp_min(0) * (left - center)
        + y.clamp_min(0) * (lower - center)
        + (-y).clamp_min(0) * (upper - center)
    )


@torch.no_grad()
def fit_resampler(u, data, ridge=1e-9):
    """Fits the latents of the moved picture to those of five places, each with six functions of the phase.

    data: (fetched [n,80], phase [n,2], wanted [n,16]), ...
    """
    tb = resampler_block(u)
    gates = [
        {"one": 4.0},
        {PHASE: 1.0, "one": 4.0},
        {PHASE + 1: 1.0, "one": 4.0},
        {PHASE: 12.0},
        {PHASE + 1: 12.0},
        {PHASE: 4.0, PHASE + 1: 4.0},
    ]
    units = [({FETCHED + c: 1.0}, gate) for c in range(80) for gate in gates] + [
        ({OWN_LATENTS + c: 1.0}, {"one": 4.0}) for c in range(16)
    ]
    g = torch.Generator().manual_seed(2)

    def batches():
        for fetched, f, wanted in data:
            n = len(f)
            x = lookup_tokens(fetched, f, (torch.rand(n, 2, generator=g) - 0.5) * 64, g)
            x[:, PHASE : PHASE + 2] = f
            yield x, wanted - x[:, FETCHED : FETCHED + 16] - x[:, OWN_LATENTS : OWN_LATENTS + 16]

    fit(tb.ff_in, tb.norm_in, TOKEN_READING, batches, units, {FETCHED + i: i for i in range(16)}, ridge)


def move_latents(block, z, shift, g):
    """Moves latents [n,16,h,w] by `shift` [n,2] (x, y; at most half a latent pixel) with the last temporal block of the
    UNet.
    """
    n, _, h, w = z.shape
    near = F.pad(z, (1, 1, 1, 1), mode="replicate")
    fetched = (
        torch.cat([near[:, :, 1 + y : 1 + y + h, 1 + x : 1 + x + w] for x, y in NEIGHBORS], 1)
        .permute(0, 2, 3, 1)
        .reshape(n * h * w, 80)
    )
    phase = shift.repeat_interleave(h * w, 0)
    return resample_latents(block, fetched, phase, g).view(n, h, w, 16).permute(0, 3, 1, 2)


def moved_pictures(g, chance):
    """Yields pictures [3,3,224,224] in -1..1 and moves [3,3]: a picture, and the same picture moved twice.

    A move is x and y in latent pixels, and the relative zoom.
    """
    while True:
        pool = scenes.Pool(g, "cpu", 1, 352, 352, 1, batch=1)
        for _ in range(4):
            for p in pool.film(1, 3, torch.full((1,), 0.2))[0]:
                side = chance.choice([352, 288, 240])
                if side != 352:
                    p = F.interpolate(p[None], (side, side), mode="bicubic", antialias=True, align_corners=False)[
                        0
                    ].clamp(-1, 1)
                corner = [round(chance.random() * (side - PICTURE_SIZE)) for _ in range(2)]
                moves = [(0.0, 0.0, 0.0)] + [
                    (
                        chance.uniform(-2.5, 2.5),
                        chance.uniform(-1.5, 1.5),
                        chance.uniform(-0.06, 0.14) if chance.random() < 0.7 else 0.0,
                    )
                    for _ in range(2)
                ]
                yield torch.cat([move_picture(p[None], corner, *m) for m in moves]), torch.tensor(moves)


def move_picture(picture, corner, dx, dy, closer):
    c = torch.arange(PICTURE_SIZE) + 0.5 - PICTURE_SIZE / 2
    y, x = torch.meshgrid(
        c * (1 - closer) + PICTURE_SIZE / 2 + 8 * dy + corner[1],
        c * (1 - closer) + PICTURE_SIZE / 2 + 8 * dx + corner[0],
        indexing="ij",
    )
    grid = torch.stack([x, y], -1)[None] / picture.shape[-1] * 2 - 1
    return F.grid_sample(picture, grid, mode="bicubic", padding_mode="reflection", align_corners=False).clamp(-1, 1)


def examples(z, moves, everywhere=False):
    """Yields (fetched, phase, wanted) for each move of a picture, without the borders unless `everywhere` is set."""
    n = z.shape[-1]
    c = torch.arange(n) + 0.5
    for latents, (dx, dy, closer) in zip(z, moves.tolist()):
        sy, sx = torch.meshgrid(
            (c - n / 2) * (1 - closer) + n / 2 + dy, (c - n / 2) * (1 - closer) + n / 2 + dx, indexing="ij"
        )
        ok = (torch.minimum(sx, sy) > 1.5) & (torch.maximum(sx, sy) < n - 1.5)
        ok[:2] = ok[-2:] = False
        ok[:, :2] = ok[:, -2:] = False
        ok |= everywhere
        x, y = (sx - 0.5).round(), (sy - 0.5).round()
        first = z[0].permute(1, 2, 0)
        fetched = [first[(y + oy).long().clamp(0, n - 1), (x + ox).long().clamp(0, n - 1)][ok] for ox, oy in NEIGHBORS]
        yield torch.cat(fetched, 1), torch.stack([sx - 0.5 - x, sy - 0.5 - y], -1)[ok], latents.permute(1, 2, 0)[ok]


def resampler_block(u):
    """The block of the UNet that resamples."""
    return u.up_blocks[3].attentions[1].temporal_transformer_blocks[0]


def resample_latents(block, fetched, phase, g):
    """Resamples the latents of five places [n,80] at phases [n,2] with the block."""
    x = lookup_tokens(fetched, phase, (torch.rand(len(phase), 2, generator=g) - 0.5) * 64, g)
    x[:, PHASE : PHASE + 2] = phase
    return (x + block.ff_in(block.norm_in(x)))[:, FETCHED : FETCHED + 16] + x[:, OWN_LATENTS : OWN_LATENTS + 16]


@torch.no_grad()
def mean_squared_errors(u, data):
    """The mean squared errors of the resampler and of linear interpolation."""
    g, sums, n = torch.Generator().manual_seed(9), [0.0, 0.0], 0
    for fetched, phase, wanted in data:
        sums = [
            s + ((y - wanted) ** 2).sum().item()
            for s, y in zip(
                sums, (resample_latents(resampler_block(u), fetched, phase, g), interpolate_linearly(fetched, phase))
            )
        ]
        n += wanted.numel()
    return [s / n for s in sums]


def _phase_bin(phase):
    """One of nine bins: for each axis, the source is near the middle of a latent, near its edge, or between."""
    k = (phase.abs() * 6).long().clamp(max=2)
    return 3 * k[:, 0] + k[:, 1]


@torch.no_grad()
def restore_detail(u, data, share):
    """Returns the data with other targets: the current results, with a covariance that is moved towards the wanted one
    by `share`.

    Least squares average what they cannot predict, so detail fades between latents. The map is that of optimal
    transport between Gaussians (Olkin and Pukelsheim, 1982): of the linear maps between both covariances, it changes
    the values least. It is computed for each bin of the phase.
    """
    g, sums = torch.Generator().manual_seed(4), [[0, 0, 0] for _ in range(9)]
    made = [resample_latents(resampler_block(u), fetched, phase, g) for fetched, phase, _ in data]
    for y, (_, phase, wanted) in zip(made, data):
        for k in range(9):
            one = _phase_bin(phase) == k
            a, b = y[one].double(), wanted[one].double()
            sums[k] = [sums[k][0] + a.T @ a, sums[k][1] + b.T @ b, sums[k][2] + len(a)]
    maps = []
    for a, b, n in sums:
        a, b = a / n, b / n
        half = _matrix_sqrt(a)
        back = torch.linalg.inv(half + 1e-4 * torch.eye(16))
        maps.append(share * (back @ _matrix_sqrt(half @ b @ half) @ back) + (1 - share) * torch.eye(16))
        print("spread", [f"{v:.2f}" for v in maps[-1].diagonal().tolist()])
    maps = torch.stack(maps).float()
    return [
        (fetched, phase, torch.einsum("nij,nj->ni", maps[_phase_bin(phase)], y))
        for y, (fetched, phase, _) in zip(made, data)
    ]


def _matrix_sqrt(m):
    values, vectors = torch.linalg.eigh(m)
    return vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T


@torch.no_grad()
def main():
    p = argparse.ArgumentParser()
    p.add_argument("checkpoint")
    p.add_argument("--pictures", type=int, default=300)
    p.add_argument("--minutes", type=float, default=30)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument(
        "--spread", type=float, default=1.0, help="how much of the detail that least squares leave out is put back"
    )
    a = p.parse_args()
    torch.set_num_threads(1)
    vae = model.load_autoencoder(f"{a.checkpoint}/vae").to(memory_format=torch.channels_last)
    u = model.make_unet()
    u.load_state_dict(model.load_part(f"{a.checkpoint}/unet"))
    begin, data = time.time(), []
    for x, moves in moved_pictures(torch.Generator().manual_seed(a.seed), random.Random(a.seed)):
        data.append(list(examples(vae.encode(x.contiguous(memory_format=torch.channels_last)).latents, moves)))
        if len(data) == a.pictures or time.time() - begin > a.minutes * 60:
            break
    fit_to_pictures(u, data, a.spread)
    model.save_checkpoint(a.checkpoint, unet=u.state_dict())


@torch.no_grad()
def fit_to_pictures(u, data, spread, ridge=3e-6):
    """Fits the resampler to the results of `examples`. A tenth of the pictures is used to measure the error."""
    held = max(1, len(data) // 10)
    shown = [e for d in data[:-held] for e in d]
    fit_resampler(u, shown, ridge)
    if spread > 0:
        fit_resampler(u, restore_detail(u, shown, spread), ridge)
    made, between = mean_squared_errors(u, [e for d in data[-held:] for e in d[1:]])
    print(
        f"{len(data)} pictures; mean squared error of latents on {held} others: {made:.3f}, "
        f"of linear interpolation {between:.3f}"
    )


if __name__ == "__main__":
    main()
