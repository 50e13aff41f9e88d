"""Writes golden fixtures: a small random checkpoint in diffusers' layout, and the results of diffusers for it.

usage: make_golden.py OUT NAME...      writes OUT/NAME/{checkpoint,golden.safetensors,params.json}; NAME is from
                                       shapes.py, or "all"
       make_golden.py --check DIR...   recomputes each DIR from its checkpoint and inputs, and prints the differences

Everything is computed in fp32 on the CPU from the stored weights (fp16 weights are rounded first, then cast to fp32).
The CLIP embedding is that of `clip_source_rgb_u8` (any size); the input of the VAE is `vae_source_rgb_u8` (the size of
the video). So the fixtures cover a resize for CLIP, and none for the VAE. `frames` is the raw output of the decoder
(about -1 to 1, not clamped), `frames_u8` are the visible frames, `noise_init` is the noise before the scheduler's
scaling, and `latents_after_step_i` are the latents after step i.
"""

import argparse
import hashlib
import inspect
import json
import shutil
import zlib
from pathlib import Path

import diffusers
import PIL.Image
import torch
import transformers
from diffusers import (
    AutoencoderKLTemporalDecoder,
    AutoencoderTiny,
    EulerDiscreteScheduler,
    StableVideoDiffusionPipeline,
    UNetSpatioTemporalConditionModel,
)
from diffusers.pipelines.stable_video_diffusion import pipeline_stable_video_diffusion
from safetensors.torch import load_file, save_file
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

import counter_weights
from shapes import SHAPES

INPUTS = (
    "clip_source_rgb_u8",
    "vae_source_rgb_u8",
    "noise_aug",
    "noise_init",
    "unet_sample",
    "unet_timestep",
    "unet_encoder_hidden_states",
    "unet_added_time_ids",
    "vae_decode_latents",
)
STEP_COUNTS = (1, 2, 4, 6, 8, 25, 30)
DTYPES = {"F16": torch.float16, "F32": torch.float32, "BF16": torch.bfloat16}


def randomise(module, g):
    """Random weights with activations of about unit size. No norm, bias or mix factor may hide a mistake."""
    for name, p in module.named_parameters():
        n = torch.randn(p.shape, generator=g)
        if name.endswith("mix_factor"):
            v = n
        elif name.endswith("bias"):
            v = 0.1 * n
        elif "norm" in name or "layrnorm" in name:
            v = 1 + 0.2 * n
        elif "embedding" in name and p.ndim < 3:
            v = 0.5 * n
        else:
            v = n / p[0].numel() ** 0.5
        p.data.copy_(v)


def build(shape, g):
    clip = CLIPVisionModelWithProjection(CLIPVisionConfig(**shape["clip"]))
    unet = UNetSpatioTemporalConditionModel(**shape["unet"])
    vae = dict(shape["vae"])
    vae = {"AutoencoderKLTemporalDecoder": AutoencoderKLTemporalDecoder, "AutoencoderTiny": AutoencoderTiny}[
        vae.pop("class", "AutoencoderKLTemporalDecoder")
    ](**vae)
    for part, m in (("image_encoder", clip), ("unet", unet), ("vae", vae)):
        counter_weights.fill(m, part) if shape["save"].get("counter_weights") else randomise(m, g)
        m.to(DTYPES[shape["save"]["dtype"]])
    return StableVideoDiffusionPipeline(
        vae=vae,
        image_encoder=clip,
        unet=unet,
        scheduler=EulerDiscreteScheduler(**shape["scheduler"]),
        feature_extractor=CLIPImageProcessor(),
    )


def save(pipe, folder, how):
    variant = "fp16" if how["dtype"] == "F16" and how.get("variant", True) else None
    pipe.save_pretrained(folder, variant=variant, max_shard_size=how.get("shard", "10GB"))
    if how.get("extra_tensors"):  # as in older files; nothing reads these
        path = next((folder / "image_encoder").glob("*.safetensors"))
        save_file(
            {
                **load_file(path),
                "vision_model.embeddings.position_ids": torch.arange(50)[None],
                "logit_scale": torch.tensor(4.6),
            },
            path,
            {"format": "pt"},
        )
    if how.get("hf_cache"):  # as in the hub's cache: names are links to blobs outside the folder
        snapshot = (
            folder.parent / "models--someone--something" / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
        )
        blobs = snapshot.parents[1] / "blobs"
        blobs.mkdir(parents=True), snapshot.parent.mkdir()
        for path in [p for p in folder.rglob("*") if p.is_file()]:
            blob = blobs / hashlib.sha256(path.read_bytes()).hexdigest()
            path.rename(blob)
            path.symlink_to("../" * len(path.relative_to(folder).parts) + "../blobs/" + blob.name)
        folder.rename(snapshot)
        folder.symlink_to(snapshot.relative_to(folder.parent))
    if how.get("omit_defaults"):
        for part, kind in (
            (pipe.unet, "unet"),
            (pipe.vae, "vae"),
            (pipe.scheduler, "scheduler"),
            (pipe.image_encoder, "image_encoder"),
        ):
            path = folder / kind / ("scheduler_config.json" if kind == "scheduler" else "config.json")
            init = (part.config.__class__ if kind == "image_encoder" else part.__class__).__init__
            defaults = {k: p.default for k, p in inspect.signature(init).parameters.items()}
            kept = {
                k: v
                for k, v in json.loads(path.read_text()).items()
                if k not in defaults or json.loads(json.dumps(defaults[k], default=str)) != v
            }
            path.write_text(json.dumps(kept, indent=2) + "\n")


def load(folder):
    fp16 = any(folder.glob("unet/*.fp16*"))
    pipe = StableVideoDiffusionPipeline.from_pretrained(
        folder, variant="fp16" if fp16 else None, torch_dtype=torch.float32
    )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def encode(vae, image):
    """AutoencoderTiny has no distribution: its latents are the condition (SVD does not scale its condition either)."""
    return vae.encode(image).latents if isinstance(vae, AutoencoderTiny) else vae.encode(image).latent_dist.mode()


def decode(vae, z):
    return vae.decode(z).sample if isinstance(vae, AutoencoderTiny) else vae.decode(z, num_frames=len(z)).sample


def picture(h, w, g):
    """A smooth random picture with some grain, so that resizing has an effect."""
    low = torch.nn.functional.interpolate(
        torch.rand(1, 3, 4, 6, generator=g), (h, w), mode="bicubic", align_corners=True
    )
    return (
        ((low[0] + 0.1 * torch.randn(3, h, w, generator=g)).clamp(0, 1) * 255)
        .round()
        .to(torch.uint8)
        .permute(1, 2, 0)
        .contiguous()
    )


def make_inputs(pipe, p, g):
    u, scale = pipe.unet.config, pipe.vae_scale_factor
    h, w, f, c = p["height"], p["width"], p["num_frames"], u.in_channels // 2

    def rand(*s):
        return torch.randn(*s, generator=g)

    continuous = (
        pipe.scheduler.config.timestep_type == "continuous" and pipe.scheduler.config.prediction_type == "v_prediction"
    )
    return {
        "clip_source_rgb_u8": picture(*p.get("clip_source", (90, 170)), g),
        "vae_source_rgb_u8": picture(h, w, g),
        "noise_aug": rand(1, 3, h, w),
        "noise_init": rand(1, f, c, h // scale, w // scale),
        "unet_sample": rand(2, f, u.in_channels, h // scale, w // scale),
        "unet_timestep": torch.tensor([0.83 if continuous else 417.0]),
        "unet_encoder_hidden_states": rand(2, 1, pipe.image_encoder.config.projection_dim),
        "unet_added_time_ids": torch.tensor([[6.0, 127.0, 0.02]] * 2),
        "vae_decode_latents": rand(f, c, h // scale, w // scale),
    }


@torch.no_grad()
def compute(pipe, x, p):
    out = {
        "unet_out": pipe.unet(
            *(x[k] for k in ("unet_sample", "unet_timestep", "unet_encoder_hidden_states", "unet_added_time_ids"))
        ).sample
    }
    clip_image, image = (PIL.Image.fromarray(x[k].numpy()) for k in ("clip_source_rgb_u8", "vae_source_rgb_u8"))
    seen = []
    hook = pipe.image_encoder.register_forward_pre_hook(
        lambda _, args, kwargs: seen.append((args or tuple(kwargs.values()))[0]), with_kwargs=True
    )
    out["clip_image_embeds"] = pipe._encode_image(clip_image, "cpu", 1, False)[:, 0]
    hook.remove()
    out["clip_pixel_values"] = seen[0]
    out["vae_input"] = (
        pipe.video_processor.preprocess(image, height=p["height"], width=p["width"])
        + p["noise_aug_strength"] * x["noise_aug"]
    )
    out["vae_image_latents"] = encode(pipe.vae, out["vae_input"])
    out["vae_decode_out"] = decode(pipe.vae, x["vae_decode_latents"])
    steps = {n: dict(num_inference_steps=n) for n in sorted({*STEP_COUNTS, p["num_inference_steps"]})}
    for n, how in (steps | ({"custom": dict(sigmas=p["sigmas"])} if "sigmas" in p else {})).items():
        pipe.scheduler.set_timesteps(**how)
        out[f"sigmas_{n}"], out[f"timesteps_{n}"] = pipe.scheduler.sigmas.clone(), pipe.scheduler.timesteps.clone()

    original_encode, original_decode = pipe._encode_image, pipe.decode_latents
    pipe._encode_image = lambda _, *args: original_encode(clip_image, *args)
    if isinstance(pipe.vae, AutoencoderTiny):
        pipe._encode_vae_image = lambda i, num_videos_per_prompt, do_classifier_free_guidance, **_: torch.cat(
            ([torch.zeros_like(out["vae_image_latents"])] if do_classifier_free_guidance else [])
            + [encode(pipe.vae, i)]
        )
    pipe.decode_latents = lambda *args: seen.append(original_decode(*args)) or seen[-1]
    pipeline_stable_video_diffusion.randn_tensor = lambda *_, **__: x["noise_aug"]

    def after_step(_, i, __, tensors):
        out[f"latents_after_step_{i}"] = tensors["latents"].clone()
        return tensors

    call = {
        k: p[k]
        for k in (
            "height",
            "width",
            "num_frames",
            "num_inference_steps",
            "fps",
            "motion_bucket_id",
            "noise_aug_strength",
            "min_guidance_scale",
            "max_guidance_scale",
            "decode_chunk_size",
            "sigmas",
        )
        if k in p
    }
    pipe(image, latents=x["noise_init"], output_type="pt", callback_on_step_end=after_step, **call)
    out["frames"] = seen[-1][0].permute(1, 0, 2, 3)
    out["frames_u8"] = ((out["frames"] / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1) * 255).round().to(torch.uint8)
    return {k: v.contiguous() for k, v in out.items()}


def make(folder, name):
    shape, g = SHAPES[name], torch.Generator().manual_seed(zlib.crc32(name.encode()))
    shutil.rmtree(folder, ignore_errors=True)
    save(build(shape, g), folder / "checkpoint", shape["save"])
    pipe, p = load(folder / "checkpoint"), shape["params"]
    inputs = make_inputs(pipe, p, g)
    save_file({**inputs, **compute(pipe, inputs, p)}, folder / "golden.safetensors")
    versions = f"diffusers {diffusers.__version__}, transformers {transformers.__version__}, torch {torch.__version__}"
    made_with = f"{versions}, fp32, CPU"
    if shape["save"].get("counter_weights"):  # too large to keep; tests make them again
        for path in folder.rglob("*/*/*.safetensors"):
            path.unlink()
    (folder / "params.json").write_text(
        json.dumps({**p, "about": shape["about"], "made_with": made_with}, indent=2) + "\n"
    )


def check(folder):
    """The largest difference of each output from the stored one, relative to its standard deviation."""
    golden, p = load_file(folder / "golden.safetensors"), json.loads((folder / "params.json").read_text())
    out = compute(load(folder / "checkpoint"), {k: golden[k] for k in INPUTS}, p)
    missing, extra = set(golden) - set(INPUTS) - set(out), set(out) - set(golden)
    worst = {
        k: float((v.double() - golden[k].double()).abs().max() / golden[k].double().std().clamp(min=1e-12))
        for k, v in out.items()
        if k in golden and v.numel() > 1
    }
    print(
        json.dumps(
            {
                "folder": folder.name,
                "missing": sorted(missing),
                "extra": sorted(extra),
                "finite": all(bool(v.isfinite().all()) for v in out.values()),
                "worst": {k: float(f"{v:.2g}") for k, v in sorted(worst.items(), key=lambda kv: -kv[1])[:6]},
            }
        )
    )


if __name__ == "__main__":
    a = argparse.ArgumentParser()
    a.add_argument("--check", action="store_true")
    a.add_argument("--threads", type=int, default=1)
    a.add_argument("paths", nargs="+")
    a = a.parse_args()
    torch.set_num_threads(a.threads)
    if a.check:
        for d in a.paths:
            check(Path(d))
    else:
        out, *names = a.paths
        for name in SHAPES if names == ["all"] else names:
            make(Path(out) / name, name)
            print(name, flush=True)
