"""Continues the training of the decoder with latents as the UNet makes them, in place.

usage: train_decoder.py CHECKPOINT --minutes M [--pictures 280]

Half of each step are moved pictures from resampled latents; half are pictures in other colors, strong and dark ones,
too, from their own latents. The encoder does not change, so the UNet still fits it.
"""

import argparse
import math
import random
import time

import torch

import model
import resampler
from run import Average
from train_autoencoder import detail_loss

CROP = 14  # latent pixels


@torch.no_grad()
def resampled(u, z, moves, g):
    """Resamples the first of `z` for each of the moves with the UNet, [k,16,n,n]."""
    n, block = z.shape[-1], resampler.resampler_block(u)
    made = [
        resampler.resample_latents(block, fetched, phase, g)
        for fetched, phase, _ in resampler.examples(z, moves, everywhere=True)
    ]
    return torch.stack(made).view(-1, n, n, 16).permute(0, 3, 1, 2)


def other_colours(x):
    b = len(x)
    x = x / 2 + 0.5
    grey = x.mean(1, keepdim=True)
    x = (grey + (x - grey) * (torch.rand(b, 1, 1, 1) * 2.2 + 0.3)).clamp(0, 1)
    x = (x * (0.5 + torch.rand(b, 3, 1, 1)) + (torch.rand(b, 3, 1, 1) - 0.5) * 0.3).clamp(1e-3, 1) ** torch.exp(
        (torch.rand(b, 1, 1, 1) - 0.4) * 1.2
    )
    return (x[:, torch.randperm(3)] if random.random() < 0.5 else x) * 2 - 1


def main():
    p = argparse.ArgumentParser()
    p.add_argument("checkpoint")
    p.add_argument("--minutes", type=float, default=10)
    p.add_argument("--pictures", type=int, default=280)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--bf16", action="store_true")
    p.add_argument(
        "--share", type=float, default=0.4, help="of the change that is kept: all of it makes what moves softer"
    )
    a = p.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    random.seed(a.seed)
    vae = model.load_autoencoder(f"{a.checkpoint}/vae").to(memory_format=torch.channels_last)
    u = model.make_unet()
    u.load_state_dict(model.load_part(f"{a.checkpoint}/unet"))
    g, data = torch.Generator().manual_seed(a.seed), []
    for x, moves in resampler.moved_pictures(g, random.Random(a.seed)):
        with torch.no_grad():
            z = vae.encode(x.contiguous(memory_format=torch.channels_last)).latents
        data.append((resampled(u, z, moves, g), (x * 127.5 + 127.5).round().byte()))
        if len(data) == a.pictures:
            break
    held, data = data[: len(data) // 10], data[len(data) // 10 :]

    @torch.no_grad()
    def measured():
        """The PSNR in dB of a picture that does not move, and of one that was moved."""
        e = [
            ((vae.decode(z[k : k + 1]).sample.clamp(-1, 1) - (x[k : k + 1] / 127.5 - 1))[..., 40:-40, 40:-40] ** 2)
            .mean()
            .item()
            for z, x in held
            for k in (0, 1)
        ]
        return [-10 * math.log10(sum(e[k::2]) / len(e[k::2]) / 4) for k in (0, 1)]

    print("before", [f"{v:.2f} dB" for v in measured()], flush=True)
    params = list(vae.decoder.requires_grad_(True).parameters())
    before = [q.detach().clone() for q in params]
    optimizer, average = torch.optim.Adam(params, betas=(0.9, 0.97)), Average(params, 50)
    begin, step = time.time(), 0
    while (done := (time.time() - begin) / 60 / a.minutes) < 1:
        crops = []
        for _ in range(4):
            (z, x), k, (i, j) = (
                random.choice(data),
                random.choice((0, 0, 1, 2)),
                (random.randint(4, 10) for _ in range(2)),
            )
            crops.append(
                (
                    z[k][:, i : i + CROP, j : j + CROP],
                    x[k][:, i * 8 : (i + CROP) * 8, j * 8 : (j + CROP) * 8] / 127.5 - 1,
                )
            )
        z, x = (torch.stack(v) for v in zip(*crops))
        x[:2] = other_colours(x[:2])
        with torch.no_grad():
            z[:2] = vae.encode(x[:2].contiguous(memory_format=torch.channels_last)).latents
        with torch.autocast("cpu", torch.bfloat16, enabled=a.bf16):
            y = vae.decode(z + 0.02 * torch.randn_like(z)).sample
        y = y.float()
        loss = (y - x).abs().mean() + 2 * ((y - x) ** 2).mean() + 0.5 * detail_loss(y, x)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        for q in optimizer.param_groups:
            q["lr"] = 3e-4 * min(1, (step + 1) / 20) * min(1, (1 - done) / 0.6 + 0.01)
        optimizer.step()
        average.update(step)
        step += 1
    with torch.no_grad():
        for q, b, v in zip(params, before, average.values):
            q.copy_(b.lerp(v, a.share))
    print(f"after {step} steps", [f"{v:.2f} dB" for v in measured()])
    model.save_checkpoint(a.checkpoint, vae=vae.state_dict())


if __name__ == "__main__":
    main()
