"""The shapes of the nano checkpoint, the initial weights, and how to write a checkpoint: diffusers' layout, fp16, small
shards.
"""

import json
import os

import torch
from diffusers import AutoencoderTiny, UNetSpatioTemporalConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

LATENTS = 16

VAE = dict(
    in_channels=3,
    out_channels=3,
    latent_channels=LATENTS,
    scaling_factor=1.0,
    act_fn="relu",
    upsampling_scaling_factor=2,
    encoder_block_out_channels=(64,) * 4,
    num_encoder_blocks=(0, 2, 3, 3),  # the encoder runs once per video
    decoder_block_out_channels=(48,) * 4,
    num_decoder_blocks=(3, 3, 3, 1),
)  # the decoder runs 50 times
WIDTH = 128  # channels of every level; each of GroupNorm's 32 groups has four
STEADY = 10.0  # a constant that keeps the scale of a group's norm steady, see weights.py
UNET = dict(
    sample_size=(36, 64),
    in_channels=2 * LATENTS,
    out_channels=LATENTS,
    num_frames=50,
    layers_per_block=1,
    transformer_layers_per_block=((1, 1),) * 4,
    addition_time_embed_dim=64,
    projection_class_embeddings_input_dim=192,
    cross_attention_dim=64,
    block_out_channels=(WIDTH,) * 4,
    num_attention_heads=(8, 4, 4, 4),
    down_block_types=("DownBlockSpatioTemporal",) * 2 + ("CrossAttnDownBlockSpatioTemporal",) * 2,
    up_block_types=("CrossAttnUpBlockSpatioTemporal",) * 2
    + ("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
)
CLIP = dict(
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=1,
    num_attention_heads=1,
    projection_dim=64,
    image_size=224,
    patch_size=32,
    hidden_act="gelu",
)
SCHEDULER = dict(
    _class_name="EulerDiscreteScheduler",
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    num_train_timesteps=1000,
    prediction_type="v_prediction",
    sigma_min=50.0,
    sigma_max=100.0,
    timestep_spacing="leading",
    timestep_type="continuous",
    use_karras_sigmas=True,
    interpolation_type="linear",
    steps_offset=1,
)
MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CARD = dict(
    name="nano",
    title="Nano",
    licence=dict(name="Apache License 2.0", spdx="Apache-2.0"),
    sizes=["512x288", "384x384", "416x320", "448x352", "480x320"],
    multiple=32,
    window=50,
    decodeChunk=10,
    sampler="euler",
    sharedNoise=True,
    onlyCameraMoves=True,
    camera=dict(
        channels=[0, 1, 2, 3, 4],  # NOISE_CHANNELS and PARALLAX_CHANNELS
        scale=339.411,  # 4 * sqrt(TOKENS_PER_FRAME * FRAMES): standard normal numbers for the default size
        moves={  # from camera_numbers.py
            "still": [-0.01, -0.011, -1.055, 0.0, 0.0],
            "push-in": [-0.019, 0.023, 1.365, 0.0, 0.0],
            "pull-out": [0.184, -0.094, -1.85, 0.0, 0.0],
            "pan-left": [-2.172, 0.032, 0.662, 17.0, 0.0],
            "pan-right": [1.772, -0.031, 0.351, -17.0, 0.0],
            "tilt-up": [-0.071, -2.484, 0.863, 0.0, 10.0],
            "tilt-down": [-0.003, 1.53, 0.21, 0.0, -10.0],
            "orbit-left": [0.209, 0.002, -0.684, -45.0, 0.0],
            "orbit-right": [-0.199, 0.001, -0.683, 45.0, 0.0],
        },
    ),
    defaults=dict(
        frames=50,
        conditioningFps=7,
        motionBucketId=127,
        noiseAugStrength=0.02,
        steps=1,
        minGuidance=1,
        maxGuidance=1,
    ),
    presets=dict(calm=dict(motionBucketId=60), lively=dict(motionBucketId=200)),
)

# Brightness and two color differences, each with about unit variance over photographs: the initial first three latents.
_OPPONENT = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, -1.0], [-0.5, 1.0, -0.5]]) / torch.tensor(
    [[0.23], [0.16], [0.10]]
)
_OFFSET = torch.tensor([-0.45 / 0.23, 0.0, 0.0])


@torch.no_grad()
def make_autoencoder():
    """Creates the autoencoder with initial weights that encode thumbnails.

    Three channels pass the mean color of each 8 x 8 square exactly; the others are free. A random network learns
    brightness first and colors very late, but this one has the colors from the first step. Colors are positive between
    the first and the last layer, so they pass ReLU.
    """
    vae = AutoencoderTiny(**VAE)
    for m in vae.modules():
        if isinstance(m, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
            if m.bias is not None:
                m.bias.zero_()
    for block in (m for m in vae.modules() if type(m).__name__ == "AutoencoderTinyBlock"):
        block.conv[4].weight *= 0.2
        block.conv[4].weight[:3] = 0
    enc = [m for m in vae.encoder.layers if isinstance(m, torch.nn.Conv2d)]
    dec = [m for m in vae.decoder.layers if isinstance(m, torch.nn.Conv2d)]

    def through(conv, matrix, kernel):
        conv.weight[:3] = 0
        conv.weight[:3, :3] = matrix[:, :, None, None] * kernel
        if conv.bias is not None:
            conv.bias[:3] = 0

    eye, centre, square = torch.eye(3), torch.zeros(3, 3), torch.zeros(3, 3)
    centre[1, 1], square[1:, 1:] = 1, 0.25
    smooth = torch.outer(torch.tensor([0.25, 0.5, 0.25]), torch.tensor([0.25, 0.5, 0.25]))
    through(enc[0], eye, centre)
    for conv in enc[1:-1]:
        through(conv, eye, square)
    enc[-1].weight *= 0.7
    through(enc[-1], _OPPONENT, centre)
    enc[-1].bias[:3] = _OFFSET
    inverse = _OPPONENT.inverse()
    through(dec[0], inverse, centre)
    dec[0].bias[:3] = -inverse @ _OFFSET
    for conv in dec[1:-1]:
        through(conv, eye, smooth)
    dec[-1].weight *= 0.1
    through(dec[-1], eye, centre)
    return vae


@torch.no_grad()
def make_unet(config=UNET):
    """Creates the UNet that construct.py starts from: no residual branch writes anything, and frames do not mix."""
    u = UNetSpatioTemporalConditionModel(**config)
    for name, m in u.named_modules():
        if name.endswith(
            (".conv2", ".to_out.0", ".net.2", ".proj_out", "time_pos_embed.linear_2", "time_embedding.linear_2")
        ):
            torch.nn.init.zeros_(m.weight)
            torch.nn.init.zeros_(m.bias)
        if name.endswith((".to_q", ".to_k")):
            torch.nn.init.zeros_(m.weight)
        if name.endswith("time_mixer") and "attentions" in name:
            m.mix_factor.fill_(-8.0)  # the result of a transformer is that of its temporal block
        if isinstance(m, torch.nn.Conv3d) and m.kernel_size == (3, 1, 1):
            m.__class__ = _TemporalConvolution
    return u


def make_clip():
    torch.manual_seed(0)
    return CLIPVisionModelWithProjection(CLIPVisionConfig(**CLIP))


def load_autoencoder(folder):
    vae = AutoencoderTiny(**VAE)
    vae.load_state_dict(load_part(folder))
    return vae.eval().requires_grad_(False)


class _TemporalConvolution(torch.nn.Conv3d):
    """The same convolution as a 2-D convolution over (time, place), which is much faster on most devices."""

    def forward(self, x):
        b, c, t, h, w = x.shape
        return torch.nn.functional.conv2d(
            x.reshape(b, c, t, h * w), self.weight[..., 0], self.bias, padding=(1, 0)
        ).view(b, -1, t, h, w)


def clip_input(frames):
    """Converts frames [b,3,h,w] in -1..1 to the input of the image encoder, [b,3,224,224]."""
    x = (
        torch.nn.functional.interpolate(frames, (224, 224), mode="bicubic", antialias=True, align_corners=False) / 2
        + 0.5
    )
    m, s = (torch.tensor(v, device=x.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (x - m) / s


def _json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(json.dumps(value, indent=2) + "\n")


def _save(tensors, path):
    save_file(tensors, path, {"format": "pt"})
    os.chmod(path, 0o644)  # save_file creates files that only their owner can read


def _write(folder, config, state, name, shard_bytes=14_000_000):
    _json(f"{folder}/config.json", config)
    for old in os.listdir(folder):
        if ".safetensors" in old:
            os.remove(f"{folder}/{old}")
    state = {
        k: v.detach().to("cpu", torch.float16).contiguous() for k, v in state.items() if not k.endswith("position_ids")
    }
    shards, size = [{}], 0
    for k, v in sorted(state.items()):
        if size + v.numel() * 2 > shard_bytes and shards[-1]:
            shards.append({})
            size = 0
        shards[-1][k] = v
        size += v.numel() * 2
    if len(shards) == 1:
        return _save(shards[0], f"{folder}/{name}.fp16.safetensors")
    index = {}
    for i, shard in enumerate(shards):
        file = f"{name}.fp16-{i + 1:05d}-of-{len(shards):05d}.safetensors"
        _save(shard, f"{folder}/{file}")
        index.update({k: file for k in shard})
    _json(
        f"{folder}/{name}.safetensors.index.fp16.json",
        {"metadata": {"total_size": sum(v.numel() * 2 for v in state.values())}, "weight_map": index},
    )


def save_checkpoint(out, vae=None, unet=None, clip=None, config=UNET):
    if vae is not None:
        _write(f"{out}/vae", {"_class_name": "AutoencoderTiny", **VAE}, vae, "diffusion_pytorch_model")
    if unet is not None:
        _write(
            f"{out}/unet",
            {"_class_name": "UNetSpatioTemporalConditionModel", **config},
            unet,
            "diffusion_pytorch_model",
        )
    if clip is not None:
        _write(
            f"{out}/image_encoder",
            {
                "architectures": ["CLIPVisionModelWithProjection"],
                "model_type": "clip_vision_model",
                "layer_norm_eps": 1e-5,
                "num_channels": 3,
                **CLIP,
            },
            clip,
            "model",
        )
    _json(f"{out}/scheduler/scheduler_config.json", SCHEDULER)
    _json(
        f"{out}/feature_extractor/preprocessor_config.json",
        dict(
            image_processor_type="CLIPImageProcessor",
            do_normalize=True,
            image_mean=MEAN,
            image_std=STD,
            crop_size=dict(height=224, width=224),
            do_center_crop=True,
            do_resize=True,
            do_rescale=True,
            resample=3,
            size=dict(shortest_edge=224),
        ),
    )
    _json(
        f"{out}/model_index.json",
        {
            "_class_name": "StableVideoDiffusionPipeline",
            "feature_extractor": ["transformers", "CLIPImageProcessor"],
            "image_encoder": ["transformers", "CLIPVisionModelWithProjection"],
            "scheduler": ["diffusers", "EulerDiscreteScheduler"],
            "unet": ["diffusers", "UNetSpatioTemporalConditionModel"],
            "vae": ["diffusers", "AutoencoderTiny"],
        },
    )
    _json(f"{out}/cinematica.json", CARD)


def load_part(folder):
    """Loads the tensors of one part of a checkpoint (all its shards) as fp32."""
    return {
        k: v.float()
        for f in sorted(os.listdir(folder))
        if f.endswith(".safetensors")
        for k, v in load_file(f"{folder}/{f}").items()
    }
