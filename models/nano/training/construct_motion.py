"""The down path of the UNet: the noise determines the direction of the camera motion, and the ids its amount.

Each function writes the weights of one part; see construct.py. A number is stored in a group of four channels, see
weights.py.
"""

import math
import random

import torch

import nearness
from camera import (
    FRAMES,
    NOISE_CHANNELS,
    PARALLAX_CHANNELS,
    PARALLAX_GAIN,
    TOKENS_PER_FRAME,
    camera_move,
    motion_amount,
)
from least_squares import fit, fit_embedding
from model import LATENTS, STEADY
from resampler import moved_pictures
from weights import (
    clear_linear,
    empty_tokens,
    fill_constants,
    first_channel,
    read_group,
    write_pair,
    write_steady,
)

# The channels of conv_in and of the downsamplers before those of nearness.py.
FREE_CHANNELS = nearness.FIRST_CHANNEL
# Group of the first noise number; the groups before it hold the latents of the photo.
NOISE_GROUP = LATENTS
# Groups of the noise numbers at the third level, first those of the camera move.
NUMBER_GROUPS = (NOISE_GROUP, NOISE_GROUP + 1, NOISE_GROUP + 2, 14, 15)
# Groups of the latents of the photo that still exist at the third level. The other groups are needed there.
PASSED_LATENTS = 12
# Groups of the first number of the camera move and of the additional parallax after the third level.
MOVE_GROUP, TURN_GROUP = 19, 12

# Constants in the last channels of the tokens, which keep the scale of LayerNorm steady.
CONSTANT = 8.0
FIRST_CONSTANT = 64


def write_input(unet, _generator):
    """Passes latents of the photo and five channels of noise down to the third level.

    In those channels, the downsamplers turn the checkerboard pattern of the noise into a mean.
    """
    conv = unet.conv_in
    conv.weight[:FREE_CHANNELS] = 0
    conv.bias[:FREE_CHANNELS] = 0
    center = conv.weight[:, :, 1, 1]
    for i in range(LATENTS):
        write_pair(center, i, LATENTS + i)
        write_steady(conv.bias, i)
    for k, channel in enumerate(NOISE_CHANNELS + PARALLAX_CHANNELS):
        write_pair(center, NOISE_GROUP + k, channel)
        write_steady(conv.bias, NOISE_GROUP + k)
    for level in (0, 1):
        conv = unet.down_blocks[level].downsamplers[0].conv
        conv.weight[:FREE_CHANNELS] = 0
        conv.bias[:FREE_CHANNELS] = 0
        latents = LATENTS if level == 0 else PASSED_LATENTS
        numbers = range(NOISE_GROUP, NOISE_GROUP + 5) if level == 0 else NUMBER_GROUPS
        for i in (*range(latents), *numbers):
            write_steady(conv.bias, i)
        for y in (1, 2):
            for x in (1, 2):
                tap = conv.weight[:, :, y, x]
                for i in range(latents):
                    write_pair(tap, i, first_channel(i), 0.25)
                sign = (-1) ** (x + y) if level == 0 else 1
                for k, group in enumerate(numbers):
                    write_pair(tap, group, first_channel(NOISE_GROUP + k), 0.5 * sign)


def find_camera_move(unet, generator):
    """Computes the camera move and the additional parallax from the five numbers in the noise.

    Attention with equal weights computes means: over the positions, then over the frames. That gives five standard
    normal numbers of the whole noise. The feed-forward network maps three of them to the camera move; the other two
    are only scaled.
    """
    attention = unet.down_blocks[2].attentions[0]
    spatial, temporal = attention.transformer_blocks[0], attention.temporal_transformer_blocks[0]
    clear_linear(attention.proj_in)
    fill_constants(attention.proj_in, FIRST_CONSTANT, CONSTANT)
    # Channels of the tokens: 0..2 noise, 3..5 means over positions, 6..8 means over frames, 9..11 move, 12 reference,
    # 13..18 noise and means for the parallax.
    position_means, frame_means, move_channel, reference, turn_noise, turn_channel = 3, 6, 9, 12, 13, 17
    scale = math.sqrt(64 * CONSTANT**2 / 128)
    for k, group in enumerate(NUMBER_GROUPS):
        channels = slice(first_channel(group), first_channel(group + 1))
        attention.norm.weight[channels] = math.sqrt((STEADY**2 + 1) / 2)
        read_group(attention.proj_in.weight, k if k < 3 else turn_noise + k - 3, group)
    for block, step, gain in ((spatial, 0, math.sqrt(TOKENS_PER_FRAME)), (temporal, 1, math.sqrt(FRAMES))):
        block.attn1.to_v.weight.zero_()
        clear_linear(block.attn1.to_out[0])
        for first, count, factor in ((0, 3, 1.0), (turn_noise, 2, math.sqrt(PARALLAX_GAIN))):
            for k in range(count):
                row, source = k + (first > 0) * 3, first + step * count + k
                block.attn1.to_v.weight[row, source] = scale
                block.attn1.to_v.weight[row, reference] = -scale
                block.attn1.to_out[0].weight[source + count, row] = gain * factor

    count = 60000
    numbers = torch.randn(count, 3, generator=generator) * torch.linspace(0.5, 1.3, count)[:, None]
    tokens = empty_tokens(count, FIRST_CONSTANT, CONSTANT)
    tokens[:, :3] = torch.randn(count, 3, generator=generator)
    tokens[:, position_means : position_means + 3] = torch.randn(count, 3, generator=generator)
    tokens[:, frame_means : frame_means + 3] = numbers
    directions = torch.randn(511, 3, generator=generator)
    directions /= directions.norm(dim=1, keepdim=True)
    offsets = torch.randn(511, generator=generator)
    slopes = 1.5 + 2.5 * torch.rand(511, generator=generator)
    units = []
    for direction, offset, slope in zip(directions, offsets, slopes):
        gate = {frame_means + axis: float(direction[axis] * slope) for axis in range(3)}
        units.append(({"one": 1.0}, {**gate, "one": float(-offset * slope)}))
    move = camera_move(numbers)
    targets = {move_channel + axis: move[:, axis] for axis in range(3)}
    fit(temporal.ff, temporal.norm3, (reference, scale), tokens, units, targets)
    clear_linear(attention.proj_out)
    for axis in range(3):
        write_pair(attention.proj_out.weight, MOVE_GROUP + axis, move_channel + axis)
        write_steady(attention.proj_out.bias, MOVE_GROUP + axis)
    for axis in range(2):
        write_pair(attention.proj_out.weight, TURN_GROUP + axis, turn_channel + axis)
        write_steady(attention.proj_out.bias, TURN_GROUP + axis)


@torch.no_grad()
def fit_color_map(vae, pictures=40):
    """Fits the linear map from latents to the mean color of their 8 x 8 pixels (less ZERO_COLOR): [3, 16]."""
    gram = target = 0
    generator, chance = torch.Generator().manual_seed(3), random.Random(3)
    for (picture, _moves), _ in zip(moved_pictures(generator, chance), range(pictures)):
        latents, colors = (
            values.permute(0, 2, 3, 1).flatten(0, 2).double()
            for values in (
                vae.encode(picture).latents,
                torch.nn.functional.avg_pool2d(picture, 8) - nearness.ZERO_COLOR,
            )
        )
        gram, target = gram + latents.T @ latents, target + latents.T @ colors
    return torch.linalg.solve(gram, target).T.float()


def find_motion_amount(unet, generator):
    """Computes the amount of motion from the ids (fps - 1, motion_bucket_id, noise_aug_strength)."""
    ids = torch.stack(
        [
            torch.exp(torch.rand(20000, generator=generator) * 2.7 + 1).round(),
            torch.randint(1, 256, (20000,), generator=generator).float(),
            torch.rand(20000, generator=generator) ** 2,
        ],
        1,
    )
    # The usual values must be exact.
    ids[::2, 0], ids[::2, 2] = 7.0, ids[::2, 2] / 10
    amount = motion_amount(ids[:, 1], ids[:, 0], ids[:, 2]) / 10
    ids[:, 0] -= 1
    embedding = unet.add_embedding
    sinusoids = unet.add_time_proj(ids.flatten()).view(len(ids), -1)
    # Every resnet reads the SiLU of the embedding, so the target is its inverse, by bisection.
    low, high = torch.zeros_like(amount), torch.full_like(amount, 4.0)
    for _ in range(50):
        middle = (low + high) / 2
        under = torch.nn.functional.silu(middle) < amount
        low, high = torch.where(under, middle, low), torch.where(under, high, middle)
    embedding.linear_2.weight.mul_(0.1)
    embedding.linear_2.bias.zero_()
    fit_embedding(embedding, sinusoids, 0, low, generator)
