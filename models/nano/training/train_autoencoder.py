"""Trains the autoencoder on single frames.

usage: train_autoencoder.py OUT --minutes N [options]; see README.md

The loss is L1 plus squared error, L1 of the gradients at three scales, and a small term that pulls each latent channel
to zero mean and unit variance. So scaling_factor is 1, and SVD's unscaled condition has the magnitude of the latents.
For the denoiser, the decoder sees latents with a little noise. A fifth of the pictures is decoded from latents that
were moved, turned and zoomed by bilinear resampling, and must be moved the same way (as in EQ-VAE, arXiv 2502.09509),
so that a moved picture has moved latents. The pictures are the scenes that the denoiser sees, too.
"""

import argparse
import glob
import math

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

import model
import run
import scenes
from draw import Draw
from optimizer import Muon


def detail_loss(x, y):
    loss = 0.0
    for _ in range(3):
        loss = (
            loss
            + ((x - y)[..., 1:] - (x - y)[..., :-1]).abs().mean()
            + ((x - y)[..., 1:, :] - (x - y)[..., :-1, :]).abs().mean()
        )
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return loss


def moves(draw):
    """Small random moves, [b,2,3], as affine_grid expects them."""
    a, z = draw.uniform(-0.25, 0.25), draw.log(0.75, 1.2)
    return torch.stack(
        [
            torch.stack([z * a.cos(), -z * a.sin(), draw.uniform(-0.15, 0.15)], 1),
            torch.stack([z * a.sin(), z * a.cos(), draw.uniform(-0.15, 0.15)], 1),
        ],
        1,
    )


def resample(x, theta):
    return F.grid_sample(
        x,
        F.affine_grid(theta, x.shape, align_corners=False),
        mode="bilinear",
        padding_mode="reflection",
        align_corners=False,
    )


def crops(frames, n, size, draw):
    """n random squares of `frames` [k,3,h,w]. Half of them have twice the size and are reduced, for dense detail."""
    k, _, h, w = frames.shape
    out = []
    pick = torch.randint(k, (n,), generator=draw.g, device=draw.device).tolist()
    place = torch.rand(n, 3, generator=draw.g, device=draw.device).tolist()
    for i, (py, px, half) in zip(pick, place):
        s = size * 2 if half < 0.5 and size * 2 <= min(h, w) else size
        y, x = int(py * (h - s)), int(px * (w - s))
        c = frames[i : i + 1, :, y : y + s, x : x + s]
        out.append(
            F.interpolate(c, (size, size), mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)
            if s != size
            else c
        )
    return torch.cat(out)


def read_photos(pattern, h=288, w=512):
    photos = [Image.open(f).convert("RGB") for f in sorted(glob.glob(pattern))] if pattern else []

    def cut(im):
        return im.resize((w, h), Image.LANCZOS, box=_middle(im.size, w / h))

    return [torch.from_numpy(np.asarray(cut(im)).copy()).permute(2, 0, 1)[None].float() / 127.5 - 1 for im in photos]


def _middle(size, aspect):
    iw, ih = size
    bw, bh = (iw, iw / aspect) if iw / ih < aspect else (ih * aspect, ih)
    return ((iw - bw) / 2, (ih - bh) / 2, (iw + bw) / 2, (ih + bh) / 2)


def psnr(x, y):
    return -10 * math.log10(((x - y.clamp(-1, 1)) ** 2).mean().item() / 4 + 1e-12)


def main():
    p = argparse.ArgumentParser()
    run.add_arguments(p)
    p.add_argument("--sizes", default="64,128", help="squares trained on; the last third at the largest")
    p.add_argument("--pixels", type=int, default=65536, help="a step")
    p.add_argument("--pool", type=int, default=16, help="scenes kept")
    p.add_argument("--frames", type=int, default=32, help="frames kept")
    p.add_argument("--film-every", type=int, default=3)
    p.add_argument("--film", type=int, default=4, help="frames filmed then")
    p.add_argument("--paint-every", type=int, default=30, help="steps after which scenes are replaced")
    p.add_argument("--paint", type=int, default=1, help="how many")
    p.add_argument("--picture", type=int, default=256, help="side of the scenes' frames")
    p.add_argument("--fine", type=int, default=1, help="scenes are painted so many times finer")
    p.add_argument("--lr", type=float, default=0.005)
    p.add_argument("--adam-lr", type=float, default=6e-4)
    p.add_argument("--start", default=None, help="vae folder of a checkpoint to begin with")
    p.add_argument("--photos", default=None, help="glob of photos to measure on, never trained on")
    p.add_argument(
        "--resampler",
        default=None,
        help="unet folder of a checkpoint (CPU only): every second step uses latents that it moved by whole pixels",
    )
    p.add_argument(
        "--bf16",
        action="store_true",
        help="on a CPU, too: twice as fast where it has the instructions (AVX512-BF16, AMX)",
    )
    a = p.parse_args()
    dev = run.set_up(a)
    r = run.Run(a, "autoencoder")

    def half():
        return torch.autocast(dev, torch.bfloat16, enabled=a.bf16 or dev == "cuda")

    vae = model.make_autoencoder()
    if a.start:
        vae.load_state_dict(model.load_part(a.start))
    vae = vae.to(dev, memory_format=torch.channels_last)
    last = f"decoder.layers.{len(vae.decoder.layers) - 1}.weight"
    optimizer = Muon(vae.named_parameters(), a.lr, a.adam_lr, plain=("encoder.layers.0.weight", last))
    average = run.Average(vae.parameters(), 600)
    if r.state:
        vae.load_state_dict(r.state["vae"])
        optimizer.load_state_dict(r.state["optimizer"])
        [v.copy_(s) for v, s in zip(average.values, r.state["average"])]
    r.state = None
    g = torch.Generator(dev).manual_seed(a.seed + r.step)
    photos = [x.to(dev) for x in read_photos(a.photos)]
    pool = scenes.Pool(g, dev, a.pool, a.picture, a.picture, a.fine, batch=min(4, a.pool) if dev == "cpu" else 8)

    def any_speed(n):
        return scenes.speed_of(Draw(n, g, dev).uniform(1, 255), scenes.FPS) * scenes.FRAMES

    def shoot(n):
        return pool.film(n // 2, 2, any_speed(n // 2)).flatten(0, 1)

    frames = torch.cat([shoot(a.film) for _ in range(-(-a.frames // a.film))])[: a.frames]
    sizes = [int(s) for s in a.sizes.split(",")]

    def forward(x, noise, theta):
        z = vae.encode(x).latents
        seen = resample(z, theta) if theta is not None else z
        return z, vae.decode(seen + noise).sample

    net = torch.compile(forward, dynamic=False) if a.compile else forward

    def forward_still(n, size, draw, theta):
        x = crops(frames, n, size, draw).contiguous(memory_format=torch.channels_last)
        noise = draw.uniform(0, 0.12).view(n, 1, 1, 1) * draw.normal(model.LATENTS, size // 8, size // 8)
        with half():
            z, y = net(x, noise, theta)
        return z, y, x if theta is None else resample(x, theta)

    mover = None
    if a.resampler:
        import resampler

        u = model.make_unet()
        u.load_state_dict(model.load_part(a.resampler))
        mover = resampler.resampler_block(u).requires_grad_(False)

    def forward_moved(n, size, draw):
        """Decodes latents that the UNet's resampler moved. The target is the moved crop of the scene."""
        wide = crops(frames, n, size + 16, draw)
        shift = draw.integer(-4, 5, 2).long().tolist()
        x = wide[..., 8 : 8 + size, 8 : 8 + size].contiguous(memory_format=torch.channels_last)
        target = torch.stack([c[:, 8 + dy : 8 + dy + size, 8 + dx : 8 + dx + size] for c, (dx, dy) in zip(wide, shift)])
        with half():
            z = vae.encode(x).latents
        seen = resampler.move_latents(mover, z.float(), torch.tensor(shift) / 8, g)
        with half():
            y = vae.decode(seen + 0.02 * torch.randn_like(seen)).sample
        return z, y[..., 16:-16, 16:-16], target[..., 16:-16, 16:-16]

    def state():
        return dict(vae=vae.state_dict(), optimizer=optimizer.state_dict(), average=average.values)

    def checkpoint():
        model.save_checkpoint(f"{a.out}/checkpoint", vae=average.state_of(vae))

    while r.going():
        size = sizes[-1] if r.done > 0.67 else sizes[r.step % len(sizes)]
        n = max(1, a.pixels // size**2)
        draw = Draw(n, g, dev)
        if r.step % a.film_every == a.film_every - 1:
            frames = torch.cat([frames[a.film :], shoot(a.film)])
        if r.step % a.paint_every == a.paint_every - 1:
            pool.refresh(a.paint)
        moving = mover is not None and r.step % 2
        z, y, target = (
            forward_moved(n, size, draw)
            if moving
            else forward_still(n, size, draw, moves(draw) if r.step % 5 == 4 and mover is None else None)
        )
        y, zf = y.float(), z.float()
        pull = (zf.mean((0, 2, 3)) ** 2 + zf.var((0, 2, 3)).clamp_min(1e-6).log() ** 2).mean()
        loss = (y - target).abs().mean() + 2 * ((y - target) ** 2).mean() + 0.5 * detail_loss(y, target) + 0.01 * pull
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(vae.parameters(), 1.0)
        optimizer.step(r.rate(50))
        average.update(r.step)
        r.step += 1
        if r.step % 50 == 0:
            row = dict(loss=loss.item(), psnr=psnr(target, y), latent_std=zf.std().item())
            if r.step % 100 == 0 and photos:
                kept = [q.detach().clone() for q in vae.parameters()]
                with torch.no_grad():
                    for q, v in zip(vae.parameters(), average.values):
                        q.copy_(v)
                    with half():
                        row["photos"] = sum(
                            psnr(q, vae.decode(vae.encode(q).latents).sample.float()) for q in photos
                        ) / len(photos)
                    for q, v in zip(vae.parameters(), kept):
                        q.copy_(v)
            else:
                row["photos"] = math.nan
            r.row(**row)
        if r.save(state):
            checkpoint()
    r.save(state, force=True)
    checkpoint()


if __name__ == "__main__":
    main()
