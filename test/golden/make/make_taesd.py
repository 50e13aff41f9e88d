"""Writes golden fixtures of diffusers' AutoencoderTiny (the TAESD class) with random weights.

usage: make_taesd.py OUT [NAME...]
  writes OUT/NAME/{vae/config.json, vae/diffusion_pytorch_model*.safetensors, golden.safetensors, params.json}

golden.safetensors: `taesd_image` (1, 3, h, w), -1 to 1; `taesd_latents`, the result of encode, unscaled;
`taesd_decode_latents` (2, c, h, w), a few values beyond the decoder's soft clamp at 3; `taesd_decode_out`, about -1 to
1, not clamped.
"""

import json
import shutil
import sys
import zlib
from pathlib import Path

import diffusers
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file

from make_golden import randomise

SMALL = dict(encoder_block_out_channels=[16] * 4, decoder_block_out_channels=[16] * 4)
TAESD = {
    "taesd-default": ("the class's own structure at 16 wide", SMALL, torch.float16),
    "taesd-16": (
        "16 latent channels, F32, and values that only scale_latents reads",
        SMALL
        | dict(latent_channels=16, latent_magnitude=1, latent_shift=0.1, scaling_factor=0.3611, shift_factor=0.1159),
        torch.float32,
    ),
    "taesd-widths": (
        "encoder and decoder of different widths and depths",
        dict(
            encoder_block_out_channels=[8] * 4,
            decoder_block_out_channels=[24] * 3,
            num_encoder_blocks=[0, 1, 2, 1],
            num_decoder_blocks=[2, 0, 1],
        ),
        torch.float16,
    ),
    "taesd-up-4": (
        "upsampling by four: three levels down, two up",
        dict(
            encoder_block_out_channels=[16] * 5,
            decoder_block_out_channels=[16] * 3,
            num_encoder_blocks=[1] * 5,
            num_decoder_blocks=[1] * 3,
            upsampling_scaling_factor=4,
        ),
        torch.float16,
    ),
    "taesd-odd": ("a picture of 21x35: each halving rounds up", SMALL, torch.float16),
    "taesd-rgba": ("four channels in and out", SMALL | dict(in_channels=4, out_channels=4), torch.float16),
    **{
        f"taesd-{act}": (f"act_fn {act}; the residual's own ReLU stays", SMALL | dict(act_fn=act), torch.float16)
        for act in ("silu", "gelu", "mish")
    },
    **{
        f"taesd-{fn}": (f"upsample_fn {fn}", SMALL | dict(upsample_fn=fn), torch.float16)
        for fn in ("bilinear", "bicubic")
    },
}


@torch.no_grad()
def make(folder, name):
    about, config, dtype = TAESD[name]
    g = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    shutil.rmtree(folder, ignore_errors=True)
    vae = AutoencoderTiny(**config)
    randomise(vae, g)
    vae.to(dtype).save_pretrained(folder / "vae", variant="fp16" if dtype == torch.float16 else None)
    vae = AutoencoderTiny.from_pretrained(
        folder / "vae", variant="fp16" if dtype == torch.float16 else None, torch_dtype=torch.float32
    )
    h, w = (21, 35) if name == "taesd-odd" else (48, 64)
    image = torch.rand(1, vae.config.in_channels, h, w, generator=g) * 2 - 1
    z = 2 * torch.randn(2, vae.config.latent_channels, 6, 8, generator=g)
    tensors = {
        "taesd_image": image,
        "taesd_latents": vae.encode(image).latents,
        "taesd_decode_latents": z,
        "taesd_decode_out": vae.decode(z).sample,
    }
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "golden.safetensors")
    (folder / "params.json").write_text(
        json.dumps(
            {"about": about, "made_with": f"diffusers {diffusers.__version__}, torch {torch.__version__}, fp32, CPU"},
            indent=2,
        )
        + "\n"
    )
    return {k: [list(v.shape), round(float(v.std()), 3)] for k, v in tensors.items()}


if __name__ == "__main__":
    out, *names = sys.argv[1:]
    torch.set_num_threads(1)
    for name in names or TAESD:
        print(name, make(Path(out) / name, name), flush=True)
