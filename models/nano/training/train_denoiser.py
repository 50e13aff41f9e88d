"""Trains the denoiser on latents of rendered videos, starting from the result of construct.py.

usage: train_denoiser.py OUT --start CHECKPOINT --minutes N

The parametrization is that of SVD: the network receives x / sqrt(s^2 + 1) and ln(s) / 4, and predicts v. Every noisy
frame is concatenated with the latents of the first frame, which has a little noise added (unscaled, not sampled, as in
the pipeline). Further inputs are its CLIP embedding and the ids (fps - 1, motion, noise).

The noise determines the direction of the camera motion (camera.noise_numbers, camera.camera_move), and the ids its
amount (camera.motion_amount). The noise is still standard normal, and the sampler is unchanged. But the motion is known
at the highest noise level already, so the target is not a mean over all motions. One step is enough, and parallax,
disocclusion and sharpness are learned from an almost certain target.
"""

import argparse
import math
import random

import torch

import camera
import model
import run
import scenes
from draw import Draw
from optimizer import Muon


def karras(u, low, high, rho=7.0):
    return (high ** (1 / rho) + u * (low ** (1 / rho) - high ** (1 / rho))) ** rho


def shapes_of(text):
    return [tuple(int(n) for n in s.split("x")) for s in text.split(",")]


@torch.no_grad()
def make_batch(draw, pool, vae, t, a, amp):
    """Returns noise [b,t,c,h,w], latents of clips filmed with its motion, their condition, first frame and ids."""
    b, hw = draw.b, (pool.h // 8, pool.w // 8)
    noise = draw.normal(t, model.LATENTS, *hw)
    motion = draw.uniform(1, 255).round()
    fps = torch.where(
        draw.chance(0.5).bool(), torch.full((b,), scenes.FPS, device=draw.device), draw.log(4, 30).round()
    )
    aug = torch.exp(0.7 * draw.normal() + math.log(0.02)) * draw.chance(0.9)
    far = camera.camera_move(camera.noise_numbers(noise)) * camera.motion_amount(motion, fps, aug)[:, None]
    x = pool.film(b, t, move=far * torch.tensor([2 / hw[1], 2 / hw[1], 1 / 32], device=draw.device))
    first = x[:, 0] + aug.view(b, 1, 1, 1) * draw.normal(*x.shape[2:])
    flat = torch.cat([first, x.flatten(0, 1)]).contiguous(memory_format=torch.channels_last)
    with amp():
        z = torch.cat([vae.encode(part).latents for part in flat.split(a.encode)]).float()
    return noise, z[b:].unflatten(0, (b, t)), z[:b], x[:, 0], torch.stack([fps - 1, motion, aug], 1)


def main():
    p = argparse.ArgumentParser()
    run.add_arguments(p)
    p.add_argument("--start", required=True, help="checkpoint to begin with, its autoencoder too")
    p.add_argument(
        "--shapes",
        default="288x512x50,288x512x50,288x512x50,512x288x50,384x384x50",
        help="HEIGHTxWIDTHxFRAMES, one drawn each step; a shape may stand there more than once",
    )
    p.add_argument("--tokens", type=int, default=230_400, help="latent positions a step: 2 clips of 288x512x50")
    p.add_argument("--encode", type=int, default=100, help="frames encoded at once")
    p.add_argument("--pool", type=int, default=96, help="scenes kept for each shape")
    p.add_argument("--paint-every", type=int, default=8, help="steps after which scenes are replaced")
    p.add_argument("--paint", type=int, default=4, help="how many")
    p.add_argument("--fine", type=int, default=2)
    p.add_argument("--lr", type=float, default=0.001)
    p.add_argument("--adam-lr", type=float, default=6e-5)
    p.add_argument("--sigma-min", type=float, default=50.0)
    p.add_argument("--sigma-max", type=float, default=100.0)
    p.add_argument("--drop", type=float, default=0.0, help="condition left out")
    a = p.parse_args()
    dev = run.set_up(a)
    r = run.Run(a, "denoiser")
    vae = model.load_autoencoder(f"{a.start}/vae").to(dev, memory_format=torch.channels_last)
    unet, clip = model.make_unet(), model.make_clip()
    unet.load_state_dict(model.load_part(f"{a.start}/unet"))
    clip.load_state_dict(model.load_part(f"{a.start}/image_encoder"), strict=False)
    both = torch.nn.ModuleDict(dict(unet=unet, clip=clip)).to(dev)
    params = list(both.parameters())
    optimizer = Muon(
        both.named_parameters(),
        a.lr,
        a.adam_lr,
        plain=("conv_in.weight", "conv_out.weight", "embedding.weight", "mix_factor"),
    )
    average = run.Average(params, 1200)
    if r.state:
        both.load_state_dict(r.state["both"])
        optimizer.load_state_dict(r.state["optimizer"])
        [v.copy_(s) for v, s in zip(average.values, r.state["average"])]
    r.state = None
    g, chooser = torch.Generator(dev).manual_seed(a.seed + r.step), random.Random(a.seed + r.step)

    def amp():
        return torch.autocast(dev, torch.bfloat16, enabled=dev == "cuda")

    def forward(noisy, cond, first, sigma, ids, keep):
        b, t = noisy.shape[:2]
        s = sigma.view(b, 1, 1, 1, 1)
        embedding = clip(model.clip_input(first)).image_embeds[:, None] * keep.view(b, 1, 1)
        given = (cond * keep.view(b, 1, 1, 1))[:, None].expand(-1, t, -1, -1, -1)
        return unet(torch.cat([noisy / (s**2 + 1).sqrt(), given], 2), 0.25 * sigma.log(), embedding, ids).sample

    net = torch.compile(forward, dynamic=False) if a.compile else forward
    pools, bands = {}, {}

    def pool_for(h, w, t):
        if (h, w) not in pools:
            pools[h, w] = scenes.Pool(g, dev, a.pool, h, w, a.fine, batch=1 if dev == "cpu" else 4, compiled=a.compile)
        return pools[h, w]

    def state():
        return dict(both=both.state_dict(), optimizer=optimizer.state_dict(), average=average.values)

    def checkpoint():
        model.save_checkpoint(
            f"{a.out}/checkpoint", vae=vae.state_dict(), unet=average.state_of(unet), clip=average.state_of(clip)
        )

    while r.going():
        h, w, t = chooser.choice(shapes_of(a.shapes))
        b = max(1, a.tokens // (h * w * t // 64))
        draw = Draw(b, g, dev)
        pool = pool_for(h, w, t)
        if r.step % a.paint_every == 0:
            pool.refresh(min(a.paint, a.pool))
        noise, z, cond, first, ids = make_batch(draw, pool, vae, t, a, amp)
        sigma = karras(draw.uniform(), a.sigma_min, a.sigma_max)
        keep = 1 - draw.chance(a.drop)
        noisy = z + sigma.view(b, 1, 1, 1, 1) * noise
        s = sigma.view(b, 1, 1, 1, 1)
        target = (noisy / (s**2 + 1) - z) * (s**2 + 1).sqrt() / s
        with amp():
            v = net(noisy, cond, first, sigma, ids, keep).float()
        each = ((v - target) ** 2).flatten(1).mean(1)
        loss = each.mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step(r.rate(100))
        average.update(r.step)
        r.step += 1
        # the mean squared error of x0, and that of a video without motion
        made = (each.detach() * sigma**2 / (sigma**2 + 1)).mean().item()
        bands["error"] = 0.95 * bands.get("error", made) + 0.05 * made
        stands = ((z - z[:, :1]) ** 2).mean().item()
        bands["still"] = 0.95 * bands.get("still", stands) + 0.05 * stands
        if r.step % 25 == 1:
            r.row(loss=loss.item(), **bands, height=h, batch=b)
        if r.save(state):
            checkpoint()
    r.save(state, force=True)
    checkpoint()


if __name__ == "__main__":
    main()
