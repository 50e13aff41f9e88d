"""The shapes of the fixtures. Each states its differences from BASE, part by part."""

CROSS_DOWN, PLAIN_DOWN = "CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"
CROSS_UP, PLAIN_UP = "CrossAttnUpBlockSpatioTemporal", "UpBlockSpatioTemporal"

BASE = {
    "unet": dict(
        sample_size=8,
        in_channels=8,
        out_channels=4,
        num_frames=3,
        layers_per_block=1,
        transformer_layers_per_block=1,
        addition_time_embed_dim=32,
        projection_class_embeddings_input_dim=96,
        cross_attention_dim=24,
        block_out_channels=[32, 64],
        num_attention_heads=[1, 2],
        down_block_types=[CROSS_DOWN, PLAIN_DOWN],
        up_block_types=[PLAIN_UP, CROSS_UP],
    ),
    "vae": dict(
        latent_channels=4,
        layers_per_block=1,
        sample_size=64,
        scaling_factor=0.18215,
        block_out_channels=[32, 32, 64],
        down_block_types=["DownEncoderBlock2D"] * 3,
    ),
    "clip": dict(
        hidden_act="gelu",
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=24,
        image_size=224,
        patch_size=32,
        num_channels=3,
        layer_norm_eps=1e-5,
    ),
    "scheduler": dict(
        beta_end=0.012,
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        interpolation_type="linear",
        num_train_timesteps=1000,
        prediction_type="v_prediction",
        sigma_max=700.0,
        sigma_min=0.002,
        steps_offset=1,
        timestep_spacing="leading",
        timestep_type="continuous",
        use_karras_sigmas=True,
    ),
    "save": dict(dtype="F16"),
    "params": dict(
        height=32,
        width=48,
        num_frames=3,
        num_inference_steps=3,
        fps=7,
        motion_bucket_id=127,
        noise_aug_strength=0.02,
        min_guidance_scale=1.0,
        max_guidance_scale=3.0,
        decode_chunk_size=2,
    ),
}
SHAPES = {}


def shape(name, about, **parts):
    SHAPES[name] = {part: {**BASE[part], **parts.pop(part, {})} for part in BASE} | {"about": about}
    assert not parts, parts


def levels(channels, heads, down, up, **rest):
    """Down and up blocks as strings with one letter per level: x has cross-attention, - has none."""
    return dict(
        block_out_channels=channels,
        num_attention_heads=heads,
        down_block_types=[CROSS_DOWN if c == "x" else PLAIN_DOWN for c in down],
        up_block_types=[CROSS_UP if c == "x" else PLAIN_UP for c in up],
        **rest,
    )


def encoder(channels, **rest):
    return dict(block_out_channels=channels, down_block_types=["DownEncoderBlock2D"] * len(channels), **rest)


shape("two-levels", "two levels, one layer a block, three frames")
shape(
    "layers-list",
    "three levels, layers_per_block a list",
    unet=levels([32, 64, 64], [1, 2, 4], "xx-", "-xx", layers_per_block=[1, 2, 1]),
)
shape("heads-number", "num_attention_heads one number for all levels", unet=levels([32, 64, 64], 4, "xx-", "-xx"))
shape(
    "blocks-any-order",
    "plain and cross-attention blocks in another order, up mirrored",
    unet=levels([32, 64, 64], [1, 2, 4], "-xx", "xx-"),
)
shape(
    "latents-16",
    "16 latent channels, another scaling factor",
    unet=dict(in_channels=32, out_channels=16),
    vae=dict(latent_channels=16, scaling_factor=1.15258),
)
shape(
    "odd-latents",
    "latents of 9x13: up blocks are given each output size",
    unet=levels([32, 32, 64], [1, 2, 2], "xx-", "-xx"),
    vae=encoder([32, 32, 32, 64]),
    params=dict(height=72, width=104),
)
shape("f32", "F32 files without a variant", save=dict(dtype="F32"))
shape("shards", "fp16 in shards with an index, all three parts", save=dict(dtype="F16", shard="200KB"))

# UNet
shape("one-level", "a single level: nothing is sampled down or up", unet=levels([32], [2], "x", "x"))
shape(
    "five-levels",
    "down to one latent pixel, channels not a power of two",
    unet=levels([32, 64, 96, 64, 32], [1, 2, 3, 4, 2], "xxx--", "--xxx"),
    vae=encoder([32, 32]),
    params=dict(height=32, width=32),
)
shape(
    "blocks-not-mirrored",
    "up blocks that do not mirror the down ones",
    unet=levels([32, 64, 64], [1, 2, 4], "x-x", "-xx"),
)
shape("blocks-all-plain", "cross-attention in the middle block alone", unet=levels([32, 64], [1, 2], "--", "--"))
shape(
    "blocks-all-cross", "cross-attention on every level", unet=levels([32, 64], [2, 2], "xx", "xx", layers_per_block=2)
)
shape("transformer-layers-2", "two transformer blocks an attention", unet=dict(transformer_layers_per_block=2))
shape(
    "transformer-layers-list",
    "another number of transformer blocks on each level",
    unet=levels([32, 64, 64], [1, 2, 4], "xxx", "xxx", transformer_layers_per_block=[2, 1, 3]),
)
shape(
    "transformer-layers-nested",
    "layers of each transformer: layers + 1 per level; down blocks and the middle block use the first ones",
    unet=levels(
        [32, 64], [1, 2], "xx", "xx", layers_per_block=[1, 2], transformer_layers_per_block=[[1, 2], [2, 1, 3]]
    ),
)
shape(
    "transformer-layers-0",
    "attentions of no block: only their projections are left",
    unet=dict(transformer_layers_per_block=0),
)
shape(
    "cross-dim-list",
    "cross_attention_dim a list; a level without cross-attention may say anything",
    unet=levels([32, 64], [1, 2], "-x", "x-", cross_attention_dim=[7, 24]),
)
shape(
    "odd-time-embedding",
    "addition_time_embed_dim odd: a zero is appended to cosines and sines",
    unet=dict(addition_time_embed_dim=33, projection_class_embeddings_input_dim=99),
)
shape(
    "odd-latents-lower",
    "latents of 10x14: only the lower levels are odd",
    unet=levels([32, 32, 64, 64], [1, 1, 2, 2], "xxx-", "-xxx"),
    params=dict(height=40, width=56),
)

# autoencoder
shape("vae-one-level", "pixels and latents of one size", vae=encoder([32]), params=dict(height=16, width=24))
shape("vae-two-levels", "latents half the picture's size, other channels", vae=encoder([64, 96], layers_per_block=2))
shape(
    "vae-four-levels",
    "eight times smaller, channels that differ on each level",
    vae=encoder([32, 64, 96, 128], layers_per_block=2),
)
shape(
    "vae-layers-3",
    "three layers a block: the decoder's middle block has a third resnet that is never run",
    vae=dict(layers_per_block=3),
)
shape(
    "vae-attn-down",
    "attention in the encoder's down blocks (one head, its downsampling pads like the plain block's)",
    vae=dict(down_block_types=["DownEncoderBlock2D", "AttnDownEncoderBlock2D", "AttnDownEncoderBlock2D"]),
)
TINY = dict(
    num_encoder_blocks=[1, 1, 2],
    num_decoder_blocks=[2, 1, 1],
    encoder_block_out_channels=[32] * 3,
    decoder_block_out_channels=[32] * 3,
)
TINY_VAE = {"vae": {"class": "AutoencoderTiny", "latent_channels": 4, "scaling_factor": 1.0, **TINY}}
shape("vae-tiny", "AutoencoderTiny as the pipeline's autoencoder, computed by hand (see make_golden.encode)")
SHAPES["vae-tiny"] |= TINY_VAE
shape(
    "vae-tiny-16",
    "AutoencoderTiny with 16 channels, silu, a scaling factor and decoder widths of its own",
    unet=dict(in_channels=32, out_channels=16),
)
SHAPES["vae-tiny-16"] |= {
    "vae": TINY_VAE["vae"]
    | dict(
        latent_channels=16,
        scaling_factor=1.5305,
        act_fn="silu",
        decoder_block_out_channels=[24] * 3,
        latent_magnitude=1,
        latent_shift=0.1,
    )
}

# CLIP
shape(
    "clip-quick-gelu",
    "quick_gelu, patches of 16, three heads",
    clip=dict(hidden_act="quick_gelu", patch_size=16, hidden_size=48, num_attention_heads=3),
)
shape(
    "clip-patch-20",
    "224 is no multiple of the patch: the rest is dropped",
    clip=dict(patch_size=20, layer_norm_eps=1e-3),
    params=dict(clip_source=(500, 333)),
)
for act in ("gelu_new", "gelu_pytorch_tanh", "silu", "relu"):
    shape(
        f"clip-{act.replace('_', '-')}",
        f"hidden_act {act}",
        clip=dict(hidden_act=act, num_hidden_layers=1),
        params=dict(clip_source=(40, 31)),
    )
shape("clip-source-large", "a source much larger than 224: wide blur", params=dict(clip_source=(1200, 901)))

# files
shape("bf16", "BF16 files", save=dict(dtype="BF16"))
shape("f16-no-variant", "F16 weights under the plain file name", save=dict(dtype="F16", variant=False))
shape("f32-shards", "F32 shards", save=dict(dtype="F32", shard="400KB"))
shape(
    "extra-tensors",
    "files that carry tensors nobody reads, one of them integers",
    save=dict(dtype="F16", extra_tensors=True),
)
shape(
    "hf-cache",
    "the hub's cache layout: every file a link to a blob",
    save=dict(dtype="F16", hf_cache=True, shard="300KB"),
)
shape(
    "config-defaults",
    "config files that leave out what the classes' defaults say",
    unet=dict(layers_per_block=2, addition_time_embed_dim=256, projection_class_embeddings_input_dim=768),
    clip=dict(hidden_act="quick_gelu"),
    scheduler=dict(
        beta_schedule="linear",
        beta_start=0.0001,
        beta_end=0.02,
        prediction_type="epsilon",
        sigma_max=None,
        sigma_min=None,
        steps_offset=0,
        timestep_spacing="linspace",
        timestep_type="discrete",
        use_karras_sigmas=False,
    ),
    save=dict(dtype="F16", omit_defaults=True),
)

# sampling
shape("steps-1", "one step", params=dict(num_inference_steps=1))
shape("steps-30", "thirty steps", params=dict(num_inference_steps=30))
shape("guidance-off", "guidance 1 for all frames: no unconditional pass", params=dict(max_guidance_scale=1.0))
shape(
    "guidance-below-1",
    "0.5 to 1: none either, and the 0.5 is not used",
    params=dict(min_guidance_scale=0.5, max_guidance_scale=1.0),
)
shape("guidance-falling", "less guidance for later frames", params=dict(min_guidance_scale=3.0, max_guidance_scale=1.5))
shape(
    "frames-1",
    "one frame, whose guidance is the minimum (which must be over 1 if the maximum is)",
    unet=dict(num_frames=1),
    params=dict(num_frames=1, min_guidance_scale=2.0, decode_chunk_size=8),
)
shape("frames-7", "more frames than the config's, decoded 3 + 3 + 1", params=dict(num_frames=7, decode_chunk_size=3))
shape(
    "chunk-all",
    "decoded in one chunk of exactly all frames, other conditions",
    params=dict(num_frames=4, decode_chunk_size=4, fps=25, motion_bucket_id=3, noise_aug_strength=0.5),
)
shape("chunk-1", "decoded frame by frame", params=dict(decode_chunk_size=1, noise_aug_strength=0.0))
shape(
    "sigmas-given",
    "a list of sigmas (the last one zero) instead of a number of steps: the AYS schedule for SVD",
    params=dict(
        sigmas=[700.0, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.0], num_inference_steps=10
    ),
)

# scheduler
DISCRETE = dict(timestep_type="discrete", use_karras_sigmas=False, sigma_min=None, sigma_max=None)
for name, about, how in (
    ("epsilon-leading", "epsilon, discrete timesteps, leading", dict(prediction_type="epsilon", **DISCRETE)),
    (
        "epsilon-continuous",
        "epsilon: timesteps stay discrete although the type says continuous",
        dict(prediction_type="epsilon", **DISCRETE | dict(timestep_type="continuous")),
    ),
    (
        "sample-trailing",
        "the network predicts the sample itself, trailing",
        dict(prediction_type="sample", **DISCRETE | dict(timestep_spacing="trailing")),
    ),
    ("v-linspace", "v-prediction, discrete, linspace", DISCRETE | dict(timestep_spacing="linspace")),
    (
        "v-karras-discrete",
        "Karras sigmas between the training schedule's own ends, their timesteps interpolated",
        DISCRETE | dict(use_karras_sigmas=True),
    ),
    (
        "v-trailing-continuous",
        "continuous, trailing: the first noise is scaled by sigma itself",
        dict(timestep_spacing="trailing"),
    ),
    ("exponential", "exponential sigmas", dict(use_karras_sigmas=False, use_exponential_sigmas=True)),
    ("beta", "beta sigmas", dict(use_karras_sigmas=False, use_beta_sigmas=True)),
    (
        "final-sigma-min",
        "ends at the training schedule's smallest sigma",
        DISCRETE | dict(final_sigmas_type="sigma_min"),
    ),
    (
        "log-linear",
        "log-linear interpolation, continuous: one step more than asked for",
        dict(use_karras_sigmas=False, interpolation_type="log_linear"),
    ),
    (
        "zero-snr",
        "betas rescaled to zero terminal signal",
        DISCRETE | dict(rescale_betas_zero_snr=True, timestep_spacing="trailing"),
    ),
    (
        "squaredcos",
        "cosine betas, 500 training steps",
        DISCRETE | dict(beta_schedule="squaredcos_cap_v2", num_train_timesteps=500),
    ),
    (
        "trained-betas",
        "betas given one by one",
        DISCRETE | dict(trained_betas=[0.001 * (i + 1) for i in range(100)], num_train_timesteps=100, steps_offset=0),
    ),
):
    shape(f"scheduler-{name}", about, scheduler=how)

# the fixtures of the project's tests: many cases in small files
shape(
    "mixed",
    "lists and odd sizes: other blocks, 16 latent channels, two transformer layers, shards, falling guidance",
    unet=levels(
        [32, 32],
        [1, 2],
        "-x",
        "x-",
        in_channels=32,
        out_channels=16,
        layers_per_block=[1, 2],
        transformer_layers_per_block=[1, 2],
        cross_attention_dim=[7, 24],
    ),
    vae=encoder([32, 32, 32, 32], latent_channels=16, scaling_factor=1.15258),
    clip=dict(hidden_act="quick_gelu", num_hidden_layers=1),
    scheduler=dict(
        prediction_type="epsilon", timestep_spacing="trailing", use_karras_sigmas=False, sigma_max=None, sigma_min=None
    ),
    save=dict(dtype="F16", shard="500KB"),
    params=dict(height=40, width=56, num_frames=4, min_guidance_scale=3.0, max_guidance_scale=1.5, decode_chunk_size=3),
)
shape(
    "tiny",
    "one level and AutoencoderTiny: quick to start on slow execution providers",
    unet=levels([32], [2], "x", "x", num_frames=2),
    clip=dict(num_hidden_layers=1),
    params=dict(height=32, width=32, num_frames=2, num_inference_steps=1),
)
SHAPES["tiny"] |= {"vae": TINY_VAE["vae"]}
shape(
    "wide",
    "the widths of SVD, which some operators require, otherwise small; weights from a counter, which are not kept",
    unet=levels([320, 640, 1280], [5, 10, 20], "xx-", "-xx", num_frames=2, cross_attention_dim=64),
    vae=dict(
        latent_channels=4,
        layers_per_block=2,
        sample_size=64,
        scaling_factor=0.18215,
        block_out_channels=[128, 256, 512, 512],
        down_block_types=["DownEncoderBlock2D"] * 4,
    ),
    clip=dict(projection_dim=64, num_hidden_layers=1),
    save=dict(dtype="F16", counter_weights=True),
    params=dict(height=64, width=128, num_frames=2, num_inference_steps=2, clip_source=(40, 70)),
)
