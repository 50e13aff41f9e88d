"""Times diffusers on one checkpoint, part by part, for a comparison on the same machine. Prints a JSON line for each part.

usage: bench_diffusers.py CHECKPOINT [--size 512x288] [--frames 25] [--chunk 8] [--threads 2] [--runs 3] [--dtype float32] [--device cpu] [--parts ...]

Parts: `clip` (one picture), `encode` (one picture), `unet_1` and `unet_2` (one denoising step over all frames, without and with
the unconditional half), `decode` (all frames, --chunk at a time). Each is run once to warm up, then --runs times: `seconds` is
the median. Inputs are random; a part's time does not depend on their values.
"""
import argparse
import json
import statistics
import time
from pathlib import Path

import diffusers
import torch

from make_golden import decode, encode

a = argparse.ArgumentParser()
a.add_argument("checkpoint", type=Path); a.add_argument("--size", default="512x288"); a.add_argument("--frames", type=int, default=25)
a.add_argument("--chunk", type=int, default=8); a.add_argument("--threads", type=int, default=2); a.add_argument("--runs", type=int, default=3)
a.add_argument("--dtype", default="float32", choices=("float32", "float16", "bfloat16")); a.add_argument("--device", default="cpu")
a.add_argument("--parts", nargs="+", default=["clip", "encode", "unet_1", "unet_2", "decode"])
a = a.parse_args()
torch.set_num_threads(a.threads)
w, h = map(int, a.size.split("x"))
dtype = getattr(torch, a.dtype)

variant = "fp16" if any(a.checkpoint.glob("unet/*.fp16*")) else None
pipe = diffusers.StableVideoDiffusionPipeline.from_pretrained(a.checkpoint, variant=variant, torch_dtype=dtype).to(a.device)
unet, vae, clip, scale = pipe.unet, pipe.vae, pipe.image_encoder, pipe.vae_scale_factor
rand = lambda *s: torch.randn(*s, device=a.device, dtype=dtype)
latents = rand(a.frames, unet.config.in_channels // 2, h // scale, w // scale)


def unet_step(batch):
    x, context = rand(batch, a.frames, unet.config.in_channels, h // scale, w // scale), rand(batch, 1, clip.config.projection_dim)
    ids = torch.tensor([[6.0, 127.0, 0.02]] * batch, device=a.device, dtype=dtype)
    return lambda: unet(x, torch.tensor(0.83, device=a.device), context, ids)


picture, small = rand(1, 3, h, w), rand(1, 3, clip.config.image_size, clip.config.image_size)
parts = {
    "clip": lambda: clip(small),
    "encode": lambda: encode(vae, picture),
    "unet_1": unet_step(1),
    "unet_2": unet_step(2),
    "decode": lambda: [decode(vae, z) for z in latents.split(a.chunk)],
}


def timed(run):
    wait = torch.cuda.synchronize if a.device.startswith("cuda") else lambda: None
    wait(); start = time.perf_counter()
    run(); wait()
    return time.perf_counter() - start


with torch.no_grad():
    for name in a.parts:
        warmup, *times = (timed(parts[name]) for _ in range(a.runs + 1))
        print(json.dumps({"part": name, "seconds": round(statistics.median(times), 4), "min": round(min(times), 4), "max": round(max(times), 4), "first": round(warmup, 4),
                          "size": a.size, "frames": a.frames, "chunk": a.chunk, "threads": torch.get_num_threads(), "dtype": a.dtype, "device": a.device,
                          "torch": torch.__version__, "diffusers": diffusers.__version__}), flush=True)
