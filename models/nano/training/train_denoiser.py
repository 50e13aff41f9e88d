"""Trains the denoiser (UNet and image tower together) on latents of made videos. usage: train_denoiser.py OUT --vae FOLDER --minutes N

SVD's own parametrisation: the network sees x / sqrt(s^2 + 1) and ln(s) / 4 and predicts v; beside every noisy frame stand the
latents of the first frame, noised a little (unscaled, no sampling: as the pipeline gives them), and with them its CLIP embedding and
the ids fps - 1, motion and noise. Noise levels are drawn as the sampler visits them: evenly along Karras' ramp. Ids are drawn
first and the picture's speed follows (scenes.speed_of), so every id that a user can give was seen and means a speed.
"""
import argparse
import math
import random

import torch

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
    """Latents [b,t,c,h,w] of filmed clips, their condition, first frame and ids."""
    b = draw.b
    motion = draw.uniform(1, 255).round()
    fps = torch.where(draw.chance(0.5).bool(), torch.full((b,), scenes.FPS, device=draw.device), draw.log(4, 30).round())
    x = pool.film(b, t, scenes.speed_of(motion, fps) * a.stretch)
    aug = torch.exp(0.7 * draw.normal() + math.log(0.02)) * draw.chance(0.9)
    first = x[:, 0] + aug.view(b, 1, 1, 1) * draw.normal(*x.shape[2:])
    flat = torch.cat([first, x.flatten(0, 1)]).contiguous(memory_format=torch.channels_last)
    with amp(): z = torch.cat([vae.encode(part).latents for part in flat.split(a.encode)]).float()
    return z[b:].unflatten(0, (b, t)), z[:b], x[:, 0], torch.stack([fps - 1, motion, aug], 1)


def main():
    p = argparse.ArgumentParser(); run.add_arguments(p)
    p.add_argument("--vae", required=True, help="vae folder of a checkpoint"); p.add_argument("--start", default=None, help="checkpoint whose unet and image_encoder to begin with")
    p.add_argument("--small", default="144x256x50,144x256x50,144x256x50,256x144x50", help="HEIGHTxWIDTHxFRAMES, one drawn each step; a shape may stand there more than once")
    p.add_argument("--large", default="288x512x50,288x512x50,288x512x50,512x288x50", help="the same, from --large-from of the time on")
    p.add_argument("--large-from", type=float, default=0.72)
    p.add_argument("--tokens", type=int, default=230_400, help="latent positions a step: 8 clips of 144x256x50, 2 of 288x512x50")
    p.add_argument("--encode", type=int, default=100, help="frames encoded at once")
    p.add_argument("--pool", type=int, default=96, help="scenes kept for each shape"); p.add_argument("--paint-every", type=int, default=8, help="steps after which scenes are replaced"); p.add_argument("--paint", type=int, default=4, help="how many"); p.add_argument("--fine", type=int, default=2)
    p.add_argument("--lr", type=float, default=0.01); p.add_argument("--adam-lr", type=float, default=6e-4)
    p.add_argument("--sigma-min", type=float, default=0.05); p.add_argument("--sigma-max", type=float, default=200.0); p.add_argument("--drop", type=float, default=0.02, help="condition left out")
    p.add_argument("--stretch", type=float, default=1.0, help="everything moves so many times faster: trials with fewer frames")
    p.add_argument("--model", choices=("full", "small"), default="full")
    a = p.parse_args()
    dev = run.set_up(a); r = run.Run(a, "denoiser")
    config = {"full": model.UNET, "small": model.SMALL}[a.model]
    vae = model.AutoencoderTiny(**model.VAE); vae.load_state_dict(model.load_part(a.vae)); vae = vae.to(dev, memory_format=torch.channels_last).eval().requires_grad_(False)
    unet, clip = model.make_denoiser(config)
    if a.start: unet.load_state_dict(model.load_part(f"{a.start}/unet")); clip.load_state_dict(model.load_part(f"{a.start}/image_encoder"), strict=False)
    both = torch.nn.ModuleDict(dict(unet=unet, clip=clip)).to(dev)
    params = list(both.parameters())
    optimizer = Muon(both.named_parameters(), a.lr, a.adam_lr, plain=("conv_in.weight", "conv_out.weight", "embedding.weight", "mix_factor"))
    average = run.Average(params, 1200)
    if r.state: both.load_state_dict(r.state["both"]); optimizer.load_state_dict(r.state["optimizer"]); [v.copy_(s) for v, s in zip(average.values, r.state["average"])]
    r.state = None
    g, chooser = torch.Generator(dev).manual_seed(a.seed + r.step), random.Random(a.seed + r.step)
    amp = lambda: torch.autocast(dev, torch.bfloat16, enabled=dev == "cuda")

    def forward(noisy, cond, first, sigma, ids, keep):
        b, t = noisy.shape[:2]
        s = sigma.view(b, 1, 1, 1, 1)
        embedding = clip(model.clip_input(first)).image_embeds[:, None] * keep.view(b, 1, 1)
        given = (cond * keep.view(b, 1, 1, 1))[:, None].expand(-1, t, -1, -1, -1)
        return unet(torch.cat([noisy / (s ** 2 + 1).sqrt(), given], 2), 0.25 * sigma.log(), embedding, ids).sample

    net = torch.compile(forward, dynamic=False) if a.compile else forward
    pools, bands = {}, {}

    def pool_for(h, w, t):
        if (h, w) not in pools: pools[h, w] = scenes.Pool(g, dev, a.pool, h, w, a.fine, batch=1 if dev == "cpu" else 4, compiled=a.compile)
        return pools[h, w]

    def state(): return dict(both=both.state_dict(), optimizer=optimizer.state_dict(), average=average.values)

    def checkpoint(): model.save_checkpoint(f"{a.out}/checkpoint", vae=vae.state_dict(), unet=average.state_of(unet), clip=average.state_of(clip), config=config)

    while r.going():
        h, w, t = chooser.choice(shapes_of(a.large if r.done > a.large_from else a.small))
        b = max(1, a.tokens // (h * w * t // 64)); draw = Draw(b, g, dev); pool = pool_for(h, w, t)
        if r.step % a.paint_every == 0: pool.refresh(min(a.paint, a.pool))
        z, cond, first, ids = make_batch(draw, pool, vae, t, a, amp)
        sigma = karras(draw.uniform(), a.sigma_min, a.sigma_max)
        keep = 1 - draw.chance(a.drop)
        noisy = z + sigma.view(b, 1, 1, 1, 1) * torch.randn(z.shape, generator=g, device=dev)
        s = sigma.view(b, 1, 1, 1, 1)
        target = (noisy / (s ** 2 + 1) - z) * (s ** 2 + 1).sqrt() / s
        with amp(): v = net(noisy, cond, first, sigma, ids, keep).float()
        each = ((v - target) ** 2).flatten(1).mean(1)
        loss = each.mean()
        optimizer.zero_grad(); loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        optimizer.step(r.rate(100)); average.update(r.step); r.step += 1
        # x0's mean squared error in three bands of noise (far out the move is open, in the middle it is found, near the end detail
        # is), and that of a picture that stands still
        for e, q in zip((each.detach() * sigma ** 2 / (sigma ** 2 + 1)).tolist(), sigma.tolist()):
            k = "low" if q < 1 else "middle" if q < 15 else "high"
            bands[k] = e if k not in bands else 0.98 * bands[k] + 0.02 * e
        stands = ((z - z[:, :1]) ** 2).mean().item()
        bands["still"] = 0.95 * bands.get("still", stands) + 0.05 * stands
        if r.step % 25 == 0: r.row(loss=loss.item(), **{k: bands.get(k, math.nan) for k in ("low", "middle", "high", "still")}, height=h, batch=b)
        if r.save(state): checkpoint()
    r.save(state, force=True); checkpoint()


if __name__ == "__main__":
    main()
