"""What the autoencoder makes of photos: reconstruct.py VAE_FOLDER SHEET.png PHOTO... [--size 512x288]; photos above,
results below.
"""

import argparse

import numpy as np
import torch
from PIL import Image

import model
from train_autoencoder import psnr, read_photos

p = argparse.ArgumentParser()
p.add_argument("vae")
p.add_argument("sheet")
p.add_argument("photos", nargs="+")
p.add_argument("--size", default="512x288")
a = p.parse_args()
w, h = map(int, a.size.split("x"))
vae = model.AutoencoderTiny(**model.VAE)
vae.load_state_dict(model.load_part(a.vae))
vae.eval()
columns, figures = [], []
for path in a.photos:
    x = read_photos(path, h, w)[0]
    with torch.no_grad():
        z = vae.encode(x).latents
        y = vae.decode(z).sample.clamp(-1, 1)
    figures.append(psnr(x, y))
    print(f"{path}: {figures[-1]:.2f} dB; latents: mean {z.mean():.2f}, std {z.std():.2f}, largest {z.abs().max():.1f}")
    columns.append(torch.cat([x[0], y[0]], 1))
print(f"mean {np.mean(figures):.2f} dB")
Image.fromarray(((torch.cat(columns, 2).permute(1, 2, 0).numpy() + 1) * 127.5).round().astype("uint8")).save(a.sheet)
