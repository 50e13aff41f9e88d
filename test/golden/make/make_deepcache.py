"""Computes DeepCache's references for a golden folder: `make_deepcache.py DIR` writes `DIR/deepcache.safetensors`.

The UNet is that of the package DeepCache (PyPI, 0.1.1), which was written for an older diffusers: two of its imports
have moved since. The loop is that of its pipeline, with the noise and the conditioning of `golden.safetensors`.
`latents_BRANCH` `[steps, frames, c, h, w]` are the latents after each step, `BRANCH` being `cache_branch`.
"""

import json
import sys
from pathlib import Path

import diffusers.models.transformers.dual_transformer_2d as dual_transformer_2d
import diffusers.models.transformers.transformer_2d as transformer_2d
import diffusers.models.transformers.transformer_temporal as transformer_temporal
import torch
from diffusers import EulerDiscreteScheduler
from safetensors.torch import load_file, save_file

sys.modules["diffusers.models.dual_transformer_2d"] = dual_transformer_2d
sys.modules["diffusers.models.transformer_2d"] = transformer_2d
sys.modules["diffusers.models.transformer_temporal"] = transformer_temporal
from DeepCache.svd.unet_spatio_temporal_condition import UNetSpatioTemporalConditionModel  # noqa: E402

STEPS, INTERVAL, BRANCHES = 6, 3, (0, 2, 4)


@torch.no_grad()
def denoise(unet, scheduler, golden, p, branch):
    scheduler.set_timesteps(STEPS)
    latents = golden["noise_init"] * scheduler.init_noise_sigma
    photo = golden["vae_image_latents"][:, None].repeat(1, p["num_frames"], 1, 1, 1)
    photo = torch.cat([torch.zeros_like(photo), photo])
    embeds = golden["clip_image_embeds"][:, None]
    embeds = torch.cat([torch.zeros_like(embeds), embeds])
    ids = torch.tensor([[p["fps"] - 1, p["motion_bucket_id"], p["noise_aug_strength"]]] * 2)
    guidance = torch.linspace(p["min_guidance_scale"], p["max_guidance_scale"], p["num_frames"])
    guidance = guidance[None, :, None, None, None]
    cached, after = None, []
    for i, t in enumerate(scheduler.timesteps):
        x = torch.cat([scheduler.scale_model_input(torch.cat([latents] * 2), t), photo], dim=2)
        if i % INTERVAL == 0:
            cached = None
        out, cached = unet(
            x, t, embeds, added_time_ids=ids, cache_features=cached, cache_branch=branch, return_dict=False
        )
        unconditional, conditional = out.chunk(2)
        latents = scheduler.step(unconditional + guidance * (conditional - unconditional), t, latents).prev_sample
        after.append(latents[0])
    return torch.stack(after).contiguous()


def main(folder):
    golden, p = load_file(folder / "golden.safetensors"), json.loads((folder / "params.json").read_text())
    config = json.loads((folder / "checkpoint/unet/config.json").read_text())
    unet = UNetSpatioTemporalConditionModel.from_config(config)
    [weights] = (folder / "checkpoint/unet").glob("*.safetensors")
    unet.load_state_dict({name: tensor.float() for name, tensor in load_file(weights).items()})
    scheduler = EulerDiscreteScheduler.from_pretrained(folder / "checkpoint/scheduler")
    tensors = {f"latents_{branch}": denoise(unet.eval(), scheduler, golden, p, branch) for branch in BRANCHES}
    metadata = {"steps": str(STEPS), "cache_interval": str(INTERVAL)}
    save_file(tensors, folder / "deepcache.safetensors", metadata)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
