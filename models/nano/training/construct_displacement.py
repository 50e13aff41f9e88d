"""The up path of the UNet: each position of each frame gets the displacement to its source in the photo.

Each function writes the weights of one part; see construct.py. A number is stored in a group of four channels, see
weights.py.
"""

import math

import torch

import construct_motion
import nearness
from camera import CODE_SIZE, PLACE_SIZE, SIZES, camera_move, displacement, motion_amount, place_features
from least_squares import fit, fit_embedding, product
from model import STEADY
from weights import (
    clear_linear,
    empty_tokens,
    fill_constants,
    first_channel,
    interpolate_fields,
    pass_first_through,
    read_group,
    write_code_upsampler,
    write_pair,
    write_steady,
)

# Channels of the tokens after those of the place.
MOVE = 18  # camera move: pan x, pan y, push-in
AMOUNT = 21
SCALED_MOVE = 22  # amount * move (3)
SHIFT = 25  # displacement in the last frame (2)
DISPLACEMENT = 27  # displacement in this frame (2)
REFERENCE = 29  # always empty
TIME = 30  # number of the frame / 49
PARALLAX = 31  # (1, x, y) * (1 + nearness)
NEARNESS = 34
TURN = 35  # additional parallax (2)
SCALED_TURN = 37  # amount * turn (2)
BORDER = 46  # the code where it stands at the lower side of an axis, then at the upper side

# Groups after the resnet of this level: move (3), amount and additional parallax (2).
MOVE_GROUP, AMOUNT_GROUP, TURN_GROUP = 8, 11, 26
# Groups of the displacement (2) after the transformer.
DISPLACEMENT_GROUP = 12
# Groups of the seven fields at the finest level: displacement (2), distances to the borders (4), one.
FIELD_GROUP = 22

# Constants in the last channels of the tokens, which keep the scale of LayerNorm steady.
CONSTANT, FIRST_CONSTANT = 8.0, 64
LARGE_CONSTANT, FIRST_LARGE_CONSTANT = 12.0, 96

def known_places():
    """The features of all places for all sizes, [n, PLACE_SIZE]."""
    return torch.cat([place_features(h, w).flatten(0, 1) for h, w in SIZES])


def read_groups(attention, channel, group, count, variance):
    """Reads `count` groups into consecutive channels of the tokens. `variance` is that of the numbers."""
    for i in range(count):
        channels = slice(first_channel(group + i), first_channel(group + i + 1))
        attention.norm.weight[channels] = math.sqrt((STEADY**2 + variance) / 2)
        read_group(attention.proj_in.weight, channel + i, group + i)


def combine_inputs(unet, _generator):
    """Collects the features of each place, the camera move and the amount of motion in one layer."""
    resnet = unet.up_blocks[1].resnets[0].spatial_res_block
    resnet.conv_shortcut.weight[32:] = 0
    resnet.conv_shortcut.bias[32:] = 0
    for group, source, count in (
        (MOVE_GROUP, construct_motion.MOVE_GROUP, 3),
        (TURN_GROUP, construct_motion.TURN_GROUP, 2),
    ):
        for i in range(4 * count):
            resnet.conv_shortcut.weight[first_channel(group) + i, 128 + first_channel(source) + i] = 1
    # The amount is in the time embedding, so it passes through the resnet in a hidden group.
    positive, negative = 96, 97
    hidden = slice(96, 100)
    resnet.conv1.weight[hidden] = 0
    resnet.conv1.bias[hidden] = torch.tensor([0, 0, STEADY, -STEADY])
    resnet.time_emb_proj.weight.zero_()
    resnet.time_emb_proj.bias[hidden] = 0
    resnet.time_emb_proj.weight[positive, 0], resnet.time_emb_proj.weight[negative, 0] = 1, -1
    resnet.norm2.weight[hidden] = math.sqrt((STEADY**2 + 0.3) / 2)
    output = first_channel(AMOUNT_GROUP)
    for channel, sign in ((output, 1), (output + 1, -1)):
        resnet.conv2.weight[channel, positive, 1, 1] = sign
        resnet.conv2.weight[channel, negative, 1, 1] = -sign
    write_steady(resnet.conv_shortcut.bias, AMOUNT_GROUP)


def compute_displacements(unet, generator):
    """Computes the displacement of each place in each frame, by one product after another. Near parts move more."""
    attention = unet.up_blocks[1].attentions[0]
    spatial, temporal = attention.transformer_blocks[0], attention.temporal_transformer_blocks[0]
    attention.proj_in.weight[PLACE_SIZE:] = 0
    attention.proj_in.bias[PLACE_SIZE:] = 0
    fill_constants(attention.proj_in, FIRST_CONSTANT, CONSTANT)
    read_groups(attention, MOVE, MOVE_GROUP, 4, 0.3)
    read_groups(attention, NEARNESS, nearness.OUTPUT_GROUP, 1, 0.1)
    read_groups(attention, TURN, TURN_GROUP, 2, 0.1)
    reading = (REFERENCE, math.sqrt(64 * CONSTANT**2 / 128))
    x_channel, y_channel = CODE_SIZE, CODE_SIZE + 1

    count = 40000
    places = known_places()
    tokens = empty_tokens(count, FIRST_CONSTANT, CONSTANT)
    tokens[:, :PLACE_SIZE] = places[torch.randint(len(places), (count,), generator=generator)]
    move = camera_move(torch.randn(count, 3, generator=generator))
    motion_bucket_id = torch.rand(count, generator=generator) * 254 + 1
    fps = torch.full((count,), 7.0) / (0.2 + 1.2 * torch.rand(count, generator=generator))
    amount = motion_amount(motion_bucket_id, fps) / 10
    time = torch.randint(0, 52, (count,), generator=generator) / 49
    tokens[:, MOVE : MOVE + 3], tokens[:, AMOUNT] = move, amount
    turn = 2.4 * torch.rand(count, 2, generator=generator) - 1.2
    tokens[:, TURN : TURN + 2] = turn
    near_range = nearness.MAX_NEARNESS - nearness.MIN_NEARNESS + 0.6
    tokens[:, NEARNESS] = nearness.MIN_NEARNESS - 0.3 + torch.rand(count, generator=generator) * near_range

    # Spatial block: amount * move, amount * turn, and (1, x, y) * (1 + nearness).
    scaled_move = amount[:, None] * move
    scaled_turn = amount[:, None] * turn
    position = torch.stack([torch.ones(count), tokens[:, x_channel], tokens[:, y_channel]], 1)
    parallax = position * (1 + tokens[:, NEARNESS : NEARNESS + 1])
    units = product(x_channel, NEARNESS) + product(y_channel, NEARNESS) + [({NEARNESS: 1.0}, {"one": 4.0})]
    for axis in range(3):
        units = units + product(MOVE + axis, AMOUNT)
    for axis in range(2):
        units = units + product(TURN + axis, AMOUNT)
    targets = {SCALED_MOVE + axis: scaled_move[:, axis] for axis in range(3)}
    targets |= {SCALED_TURN + axis: scaled_turn[:, axis] for axis in range(2)}
    targets |= {PARALLAX + axis: parallax[:, axis] for axis in range(3)}
    fit(spatial.ff, spatial.norm3, reading, tokens, units, targets)
    tokens[:, PARALLAX : PARALLAX + 3] = parallax
    tokens[:, SCALED_MOVE : SCALED_MOVE + 3] = scaled_move
    tokens[:, SCALED_TURN : SCALED_TURN + 2] = scaled_turn
    tokens[:, TIME] = time

    # Temporal block, first feed-forward network: pan * parallax - push-in * position * parallax + turn * nearness.
    shift = displacement(
        scaled_move, scaled_turn, tokens[:, x_channel], tokens[:, y_channel], tokens[:, NEARNESS]
    )
    units = []
    for value, factor in (
        (PARALLAX + 1, SCALED_MOVE + 2),
        (PARALLAX + 2, SCALED_MOVE + 2),
        (PARALLAX, SCALED_MOVE),
        (PARALLAX, SCALED_MOVE + 1),
        (SCALED_TURN, NEARNESS),
        (SCALED_TURN + 1, NEARNESS),
    ):
        units += product(value, factor)
    units += [({SCALED_MOVE: 1.0}, {"one": 4.0}), ({SCALED_MOVE + 1: 1.0}, {"one": 4.0})]
    targets = {SHIFT + axis: shift[:, axis] for axis in range(2)}
    fit(temporal.ff_in, temporal.norm_in, reading, tokens, units, targets)
    tokens[:, SHIFT : SHIFT + 2] = shift

    # Second feed-forward network: shift * time.
    moved = shift * time[:, None]
    units = product(SHIFT, TIME) + product(SHIFT + 1, TIME)
    targets = {DISPLACEMENT + axis: moved[:, axis] for axis in range(2)}
    fit(temporal.ff, temporal.norm3, reading, tokens, units, targets)
    clear_linear(attention.proj_out)
    for axis in range(2):
        write_pair(attention.proj_out.weight, DISPLACEMENT_GROUP + axis, DISPLACEMENT + axis)
        write_steady(attention.proj_out.bias, DISPLACEMENT_GROUP + axis)

    frames = torch.arange(250)
    weights = torch.where(frames < 60, 10.0, 1.0)
    fit_embedding(attention.time_pos_embed, attention.time_proj(frames), TIME, frames / 49, generator, weights, 1e-5)


def upsample_displacements(unet, generator):
    """Upsamples the code of the places and the displacement to the finest level.

    Nearest-neighbour upsampling and a convolution reproduce a sinusoid exactly, except for the zero padding at the
    border. Therefore, the code at the border is passed separately.
    """
    pass_first_through(unet.up_blocks[1].resnets[1])
    previous, attention = unet.up_blocks[1].attentions
    temporal = attention.temporal_transformer_blocks[0]
    clear_linear(attention.proj_in)
    attention.proj_in.weight[:PLACE_SIZE] = previous.proj_in.weight[:PLACE_SIZE]
    attention.proj_in.bias[:PLACE_SIZE] = previous.proj_in.bias[:PLACE_SIZE]
    fill_constants(attention.proj_in, FIRST_LARGE_CONSTANT, LARGE_CONSTANT)
    read_groups(attention, DISPLACEMENT, DISPLACEMENT_GROUP, 2, 0.1)

    count = 40000
    places = known_places()
    right, left, lower, upper = range(CODE_SIZE + 2, CODE_SIZE + 6)
    tokens = empty_tokens(count, FIRST_LARGE_CONSTANT, LARGE_CONSTANT)
    tokens[:, :PLACE_SIZE] = places[torch.randint(len(places), (count,), generator=generator)]
    tokens[:, DISPLACEMENT : DISPLACEMENT + 2] = torch.randn(count, 2, generator=generator) * 0.3
    units, targets = [], {}
    for side, distances in enumerate(((left, upper), (right, lower))):
        for c in range(CODE_SIZE):
            distance = distances[0] if c < CODE_SIZE // 2 else distances[1]
            units += [({c: 1.0}, {distance: -20.0, "one": 10.0})]
            targets[BORDER + CODE_SIZE * side + c] = tokens[:, c] * (tokens[:, distance] < 0.5)
    reading = (REFERENCE, math.sqrt(32 * LARGE_CONSTANT**2 / 128))
    fit(temporal.ff, temporal.norm3, reading, tokens, units, targets)

    # Output channels: the code, the code at the border, and the seven fields.
    code = 56
    border = code + CODE_SIZE
    fields = border + 2 * CODE_SIZE
    output = attention.proj_out
    for i in range(CODE_SIZE):
        output.weight[code + i, i] = 1
    for i in range(2 * CODE_SIZE):
        output.weight[border + i, BORDER + i] = 1
    for axis in range(2):
        output.weight[fields + axis, DISPLACEMENT + axis] = 1
    for side in range(4):
        output.weight[fields + 2 + side, CODE_SIZE + 2 + side] = 0.5
    output.bias[fields + 6] = 1

    upsampler = unet.up_blocks[1].upsamplers[0].conv
    write_code_upsampler(upsampler, 2, (code,), (border,), (code,), (border,))
    interpolate_fields(upsampler, fields, range(fields, fields + 7))
    for resnet in unet.up_blocks[2].resnets:
        pass_first_through(resnet)
    upsampler = unet.up_blocks[2].upsamplers[0].conv
    write_code_upsampler(upsampler, 1, (code,), (border,), (first_channel(16),), paired=True)
    interpolate_fields(upsampler, fields, [first_channel(FIELD_GROUP + i) for i in range(7)])
    interpolate_fields(upsampler, fields, [first_channel(FIELD_GROUP + i) + 1 for i in range(7)], -1.0)
    for i in range(7):
        write_steady(upsampler.bias, FIELD_GROUP + i)
