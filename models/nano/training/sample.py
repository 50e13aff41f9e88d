"""Renders a contact sheet with a row of frames for each photo.

usage: sample.py CHECKPOINT SHEET.png PHOTO... [--size 512x288 --steps 8 ...]

It contains SVD's sampler (Euler steps on Karras levels, v-prediction, without guidance), to try other noise levels.
"""

import argparse

import numpy as np
import torch
from PIL import Image

import model
from train_autoencoder import psnr, read_photos
from train_denoiser import karras


def load(folder, dev):
    unet, clip = model.make_unet(), model.make_clip()
    unet.load_state_dict(model.load_part(f"{folder}/unet"))
    clip.load_state_dict(model.load_part(f"{folder}/image_encoder"), strict=False)
    return [m.to(dev).eval() for m in (model.load_autoencoder(f"{folder}/vae"), unet, clip)]


@torch.no_grad()
def sample(vae, unet, clip, photo, frames, sigmas, motion=127.0, fps=7.0, aug=0.02, seed=0):
    """Samples frames [t,3,h,w] from a photo [1,3,h,w] in -1..1."""
    g = torch.Generator().manual_seed(seed)
    dev = photo.device

    def noise(*shape):
        return torch.randn(*shape, generator=g).to(dev)

    cond = vae.encode(photo + aug * noise(*photo.shape)).latents[:, None].expand(-1, frames, -1, -1, -1)
    embedding = clip(model.clip_input(photo)).image_embeds[:, None]
    ids = torch.tensor([[fps - 1, motion, aug]], device=dev)
    x = noise(*cond.shape) * (sigmas[0] ** 2 + 1) ** 0.5
    for s, following in zip(sigmas, sigmas[1:]):
        v = unet(
            torch.cat([x / (s * s + 1) ** 0.5, cond], 2),
            torch.tensor([0.25 * np.log(s)], device=dev, dtype=torch.float32),
            embedding,
            ids,
        ).sample.float()
        x0 = x / (s * s + 1) - v * s / (s * s + 1) ** 0.5
        x = x0 + (x - x0) * (following / s)
    return torch.cat([vae.decode(part).sample for part in x[0].split(8)]).clamp(-1, 1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("checkpoint")
    p.add_argument("sheet")
    p.add_argument("photos", nargs="+")
    p.add_argument("--size", default="512x288")
    p.add_argument("--frames", type=int, default=50)
    p.add_argument("--steps", type=int, default=1)
    p.add_argument("--sigma-min", type=float, default=model.SCHEDULER["sigma_min"])
    p.add_argument("--sigma-max", type=float, default=model.SCHEDULER["sigma_max"])
    p.add_argument("--motion", type=float, default=127)
    p.add_argument("--seeds", default="0", help="a row for each")
    p.add_argument("--columns", type=int, default=6)
    a = p.parse_args()
    dev = "cuda" if torch.cuda.is_available() else "cpu"
    w, h = map(int, a.size.split("x"))
    sigmas = [
        float(karras(torch.tensor(i / max(1, a.steps - 1)), a.sigma_min, a.sigma_max)) for i in range(a.steps)
    ] + [0.0]
    parts, rows = load(a.checkpoint, dev), []
    for path in a.photos:
        photo = read_photos(path, h, w)[0].to(dev)
        for seed in map(int, a.seeds.split(",")):
            f = sample(*parts, photo, a.frames, sigmas, a.motion, seed=seed)
            with torch.no_grad():
                known = psnr(photo, parts[0].decode(parts[0].encode(photo).latents).sample)
            energy = (f[..., 1:] - f[..., :-1]).abs().mean((1, 2, 3))
            print(
                f"{path} seed {seed}: autoencoder {known:.1f} dB, first frame {psnr(photo, f[:1]):.1f} dB, "
                f"last frame's gradients {energy[-1] / energy[0]:.2f} of the first's, "
                f"frame to frame {(f[1:] - f[:-1]).abs().mean() * 127.5:.2f}/255"
            )
            rows.append(torch.cat([photo[0], *f[torch.linspace(0, a.frames - 1, a.columns).round().long()]], 2))
    Image.fromarray(((torch.cat(rows, 1).permute(1, 2, 0).cpu().numpy() + 1) * 127.5).round().astype("uint8")).save(
        a.sheet
    )


if __name__ == "__main__":
    main()
