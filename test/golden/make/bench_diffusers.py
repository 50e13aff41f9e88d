"""Measures diffusers on one checkpoint, part by part, for a comparison on the same machine. Prints a JSON line for each
part.

usage: bench_diffusers.py CHECKPOINT [--size 512x288] [--frames 25] [--chunk 8] [--threads 2] [--runs 3]
                          [--dtype float32] [--device cpu] [--parts ...] [--compile] [--golden OUT]

Parts: `clip` and `encode` (one picture), `unet_1` and `unet_2` (one denoising step over all frames, without and with
guidance), `decode` (all frames, --chunk at a time). Each part runs once to warm up, then --runs times. `seconds` is the
median, `first` the first run, `peak` the peak of the bytes allocated by torch on a GPU. The inputs are random; the time
does not depend on them. --compile uses torch.compile for UNet and decoder. --golden measures nothing, but writes
OUT/golden.safetensors (see make_golden.py) with the results of each part in --dtype; the decoder gets one chunk.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import diffusers
import PIL.Image
import torch
from safetensors.torch import save_file

from make_golden import decode, encode, make_inputs

a = argparse.ArgumentParser()
a.add_argument("checkpoint", type=Path)
a.add_argument("--size", default="512x288")
a.add_argument("--frames", type=int, default=25)
a.add_argument("--chunk", type=int, default=8)
a.add_argument("--threads", type=int, default=2)
a.add_argument("--runs", type=int, default=3)
a.add_argument("--dtype", default="float32", choices=("float32", "float16", "bfloat16"))
a.add_argument("--device", default="cpu")
a.add_argument("--parts", nargs="+", default=["clip", "encode", "unet_1", "unet_2", "decode"])
a.add_argument("--compile", action="store_true")
a.add_argument("--golden", type=Path)
a = a.parse_args()
torch.set_num_threads(a.threads)
w, h = map(int, a.size.split("x"))
dtype = getattr(torch, a.dtype)

variant = "fp16" if any(a.checkpoint.glob("unet/*.fp16*")) else None
pipe = diffusers.StableVideoDiffusionPipeline.from_pretrained(a.checkpoint, variant=variant, torch_dtype=dtype).to(
    a.device
)
unet, vae, clip, scale = pipe.unet, pipe.vae, pipe.image_encoder, pipe.vae_scale_factor


def rand(*s):
    return torch.randn(*s, device=a.device, dtype=dtype)


latents = rand(a.frames, unet.config.in_channels // 2, h // scale, w // scale)


def unet_step(batch):
    x, context = (
        rand(batch, a.frames, unet.config.in_channels, h // scale, w // scale),
        rand(batch, 1, clip.config.projection_dim),
    )
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


def golden(folder):
    p = dict(
        height=h,
        width=w,
        num_frames=a.frames,
        num_inference_steps=1,
        fps=7,
        motion_bucket_id=127,
        noise_aug_strength=0.02,
        min_guidance_scale=1.0,
        max_guidance_scale=3.0,
        decode_chunk_size=a.chunk,
    )
    x = make_inputs(pipe, p, torch.Generator().manual_seed(1))
    x["vae_decode_latents"] = x["vae_decode_latents"][: a.chunk].contiguous()

    def there(name):
        return x[name].to(a.device, dtype)

    seen = []
    hook = clip.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append((args or tuple(kwargs.values()))[0]), with_kwargs=True
    )
    out = {
        "clip_image_embeds": pipe._encode_image(
            PIL.Image.fromarray(x["clip_source_rgb_u8"].numpy()), a.device, 1, False
        )[:, 0]
    }
    hook.remove()
    out["clip_pixel_values"] = seen[0]
    out["vae_input"] = (
        pipe.video_processor.preprocess(PIL.Image.fromarray(x["vae_source_rgb_u8"].numpy()), height=h, width=w)
        + p["noise_aug_strength"] * x["noise_aug"]
    )
    out["vae_image_latents"] = encode(
        vae.to(torch.float32), out["vae_input"].to(a.device)
    )  # as in the pipeline (force_upcast)
    out["vae_decode_out"] = decode(vae.to(dtype), there("vae_decode_latents"))
    out["unet_out"] = unet(
        there("unet_sample"),
        x["unet_timestep"].to(a.device),
        there("unet_encoder_hidden_states"),
        there("unet_added_time_ids"),
    ).sample
    folder.mkdir(parents=True, exist_ok=True)
    save_file({**x, **{k: v.float().cpu().contiguous() for k, v in out.items()}}, folder / "golden.safetensors")
    (folder / "params.json").write_text(json.dumps(p))


def timed(run):
    wait = torch.cuda.synchronize if a.device.startswith("cuda") else lambda: None
    wait()
    start = time.perf_counter()
    run()
    wait()
    return time.perf_counter() - start


with torch.no_grad():
    if a.golden:
        golden(a.golden)
        a.parts = []
    if a.compile:
        unet.compile()
        vae.decoder.compile()
    for name in a.parts:
        if a.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        warmup, *times = (timed(parts[name]) for _ in range(a.runs + 1))
        print(
            json.dumps(
                {
                    "part": name,
                    "seconds": round(statistics.median(times), 4),
                    "min": round(min(times), 4),
                    "max": round(max(times), 4),
                    "first": round(warmup, 4),
                    "peak": torch.cuda.max_memory_allocated() if a.device.startswith("cuda") else 0,
                    "size": a.size,
                    "frames": a.frames,
                    "chunk": a.chunk,
                    "threads": torch.get_num_threads(),
                    "dtype": a.dtype,
                    "device": a.device,
                    "torch": torch.__version__,
                    "diffusers": diffusers.__version__,
                }
            ),
            flush=True,
        )
