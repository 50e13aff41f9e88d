"""The finest level of the UNet: attention looks up the latents of the photo at the displaced positions.

Each function writes the weights of one part; see construct.py. A number is stored in a group of four channels, see
weights.py.
"""

import math

import torch

from camera import CODE_PAIRS, CODE_SIZE, PERIOD_WEIGHTS, PERIODS, angular_frequencies, place_code
from least_squares import fit
from model import LATENTS, STEADY
from resampler import (
    FETCHED,
    NEAREST_CODE,
    NEIGHBORS,
    OWN_LATENTS,
    PHASE,
    STEADY_TOKEN,
    TOKEN_READING,
    fit_resampler,
    interpolate_linearly,
    lookup_tokens,
)
from weights import (
    clear_linear,
    empty_tokens,
    fill_constants,
    first_channel,
    pass_first_through,
    read_code,
    read_group,
    rotation,
    upsampled_ones,
    write_code,
    write_pair,
)

# Groups of this level: the latents of the photo (0..15), the code of the place (16..21), and the fields (22..28), whose
# first six the code of the source replaces.
CODE_GROUP, FIELD_GROUP = 16, 22

# Channels of the tokens in compute_source_code, after the code of the place.
FIELD = 12  # displacement (2), distances to the borders (4), one: reduced by the zero padding at the border
REFERENCE = 19  # always empty
SOURCE_CODE = 20
CORRECTED = 32  # displacement (2) and distances (4) without that reduction

# Constants in the last channels of the tokens, which keep the scale of LayerNorm steady.
CONSTANT, FIRST_CONSTANT = 12.0, 96

MAX_DISPLACEMENT = 1.55  # in units of ten latent pixels
ATTENTION_SHARPNESS = 16.0  # large enough for each head to select a single place
HEAD_SIZE = 16


def compute_source_code(unet, generator):
    """Computes the code of the source position: the code of the place, turned by the displacement.

    The displacement is limited so that the source is not beyond the border.
    """
    resnet = unet.up_blocks[3].resnets[0].spatial_res_block
    resnet.conv_shortcut.weight.zero_()
    resnet.conv_shortcut.bias.zero_()
    for i in range(64):
        resnet.conv_shortcut.weight[i, 128 + i] = 1
        resnet.conv_shortcut.weight[64 + i, 64 + i] = 1
    attention = unet.up_blocks[3].attentions[0]
    spatial, temporal = attention.transformer_blocks[0], attention.temporal_transformer_blocks[0]
    clear_linear(attention.proj_in)
    fill_constants(attention.proj_in, FIRST_CONSTANT, CONSTANT)
    attention.norm.weight[first_channel(CODE_GROUP) : first_channel(FIELD_GROUP)] = math.sqrt(0.5)
    attention.norm.weight[first_channel(FIELD_GROUP) : first_channel(FIELD_GROUP + 7)] = math.sqrt(
        (STEADY**2 + 0.5) / 2
    )
    read_code(attention.proj_in, 0, CODE_GROUP)
    for i in range(7):
        read_group(attention.proj_in.weight, FIELD + i, FIELD_GROUP + i)
    reading = (REFERENCE, math.sqrt((32 * CONSTANT**2 + 12) / 128))

    # Spatial block: divides the fields by the factor to which the zero padding reduces a field of ones.
    count = 60000
    position = (torch.rand(count, 2, generator=generator) - 0.5) * 64
    fields = torch.cat(
        [
            (torch.rand(count, 2, generator=generator) * 2 - 1) * MAX_DISPLACEMENT,
            torch.rand(count, 4, generator=generator),
        ],
        1,
    )
    reductions = upsampled_ones()
    reduction = reductions[torch.randint(0, len(reductions), (count,), generator=generator)]
    tokens = empty_tokens(count, FIRST_CONSTANT, CONSTANT)
    tokens[:, :CODE_SIZE] = place_code(*position.unbind(1))
    tokens[:, FIELD : FIELD + 6] = fields * reduction[:, None]
    one = FIELD + 6
    tokens[:, one] = reduction
    gates = [{"one": 4.0}, {one: 1.0, "one": 4.0}]
    gates += [{one: -8.0, "one": offset} for offset in (7.0, 6.0, 5.0, 4.0)]
    units = [({FIELD + i: 1.0}, gate) for i in range(6) for gate in gates]
    fit(spatial.ff, spatial.norm3, reading, tokens, units, {CORRECTED + i: fields[:, i] for i in range(6)})
    tokens[:, CORRECTED : CORRECTED + 6] = fields

    # Temporal block, first feed-forward network: limits the displacement by the distances to the borders.
    dx, dy, right, left, lower, upper = range(CORRECTED, CORRECTED + 6)

    def excess_unit(sign, displacement, distance):
        return ({"one": 1.0}, {displacement: sign * 40.0, distance: -1.6 * 40.0, "one": 0.05 * 40.0})

    def excess(sign, displacement, distance):
        return (sign * tokens[:, displacement] - 1.6 * tokens[:, distance] + 0.05).clamp_min(0)

    units = [
        excess_unit(1, dx, right),
        excess_unit(-1, dx, left),
        excess_unit(1, dy, lower),
        excess_unit(-1, dy, upper),
    ]
    targets = {
        dx: excess(-1, dx, left) - excess(1, dx, right),
        dy: excess(-1, dy, upper) - excess(1, dy, lower),
    }
    fit(temporal.ff_in, temporal.norm_in, reading, tokens, units, targets)

    # Second feed-forward network: turns the code by the displacement.
    tokens[:, dx : dy + 1] = (torch.rand(count, 2, generator=generator) * 2 - 1) * MAX_DISPLACEMENT
    knots = torch.linspace(-MAX_DISPLACEMENT - 0.04, MAX_DISPLACEMENT - 0.04, 40).tolist()
    units = []
    for c in range(CODE_SIZE):
        displacement = dx if c < CODE_SIZE // 2 else dy
        units += [({c: 1.0}, {displacement: 14.0, "one": -14.0 * knot}) for knot in knots]
        units += [({c: 1.0}, {"one": 3.0}), ({c: 1.0}, {displacement: 1.0, "one": 4.0})]
    turned = turn_code(tokens, CORRECTED)
    fit(temporal.ff, temporal.norm3, reading, tokens, units, {SOURCE_CODE + i: turned[:, i] for i in range(CODE_SIZE)})
    output = attention.proj_out
    for i in range(CODE_PAIRS):
        # Removes the fields, because the code takes their place.
        write_pair(output.weight, FIELD_GROUP + i, FIELD + i, -1.0)
        output.bias[first_channel(FIELD_GROUP + i) + 2] = -STEADY
        output.bias[first_channel(FIELD_GROUP + i) + 3] = STEADY
    write_code(output, FIELD_GROUP, SOURCE_CODE)


def turn_code(tokens, displacement):
    """The code of the place in `tokens`, turned by the displacement in the given channels (in units of ten)."""
    code = tokens[:, :CODE_SIZE].reshape(-1, 2, len(PERIODS), 2).contiguous()
    angles = tokens[:, displacement : displacement + 2, None] * 10
    turn = torch.exp(1j * angles * angular_frequencies())
    return torch.view_as_real(torch.view_as_complex(code) * turn).flatten(1)


def look_up_latents(unet, generator):
    """Looks up the latents of the photo by their code: at the place nearest to the source, and at its four neighbours.

    The resampler interpolates between them.
    """
    attention = unet.up_blocks[3].attentions[1]
    block = attention.transformer_blocks[0]
    clear_linear(attention.proj_in)
    attention.proj_in.bias[125:] = STEADY_TOKEN * torch.tensor([1.0, -0.5, -0.5])
    reference, scale = TOKEN_READING
    attention.norm.weight[: first_channel(CODE_GROUP)] = math.sqrt((STEADY**2 + 1) / 2)
    attention.norm.weight[first_channel(CODE_GROUP) :] = math.sqrt(0.5)
    read_code(attention.proj_in, 0, CODE_GROUP)
    read_code(attention.proj_in, CODE_SIZE, FIELD_GROUP)
    for i in range(LATENTS):
        read_group(attention.proj_in.weight, OWN_LATENTS + i, i)
    attn = block.attn1
    for layer in (attn.to_q, attn.to_k, attn.to_v, attn.to_out[0]):
        layer.weight.zero_()
    # Five heads fetch the latents of one place each. The last head fetches the code of the nearest place.
    for head, offset in enumerate((*NEIGHBORS, NEIGHBORS[0])):
        write_head_query(attn, head, offset)
        if head < len(NEIGHBORS):
            for i in range(LATENTS):
                row = HEAD_SIZE * head + i
                attn.to_v.weight[row, OWN_LATENTS + i] = scale
                attn.to_v.weight[row, reference] = -scale
                attn.to_out[0].weight[FETCHED + row, row] = 1
    last_head = HEAD_SIZE * len(NEIGHBORS)
    for i, channel in enumerate((0, 1, CODE_SIZE // 2, CODE_SIZE // 2 + 1)):
        attn.to_v.weight[last_head + i, channel] = scale
        attn.to_v.weight[last_head + i, reference] = -scale
        attn.to_out[0].weight[NEAREST_CODE + i, last_head + i] = 1

    count = 40000
    position = (torch.rand(count, 2, generator=generator) - 0.5) * 64
    phase = torch.rand(count, 2, generator=generator) - 0.5
    tokens = lookup_tokens(torch.randn(count, 80, generator=generator), phase, position, generator)
    # The phase (source less nearest place) follows from the products of both codes.
    units = []
    for axis in (0, 1):
        source, nearest = CODE_SIZE + axis * CODE_SIZE // 2, NEAREST_CODE + 2 * axis
        for i in (0, 1):
            for j in (0, 1):
                units.append(({nearest + i: 1.0}, {source + j: 1.0, "one": 4.0}))
            units.append(({nearest + i: 1.0}, {"one": 4.0}))
    targets = {PHASE + axis: phase[:, axis] - tokens[:, NEAREST_CODE + axis] for axis in (0, 1)}
    fit(block.ff, block.norm3, TOKEN_READING, tokens, units, targets)
    fetched = tokens[:, FETCHED : FETCHED + 80]
    fit_resampler(unet, [(fetched, phase, interpolate_linearly(fetched, phase))])
    for i in range(LATENTS):
        write_pair(attention.proj_out.weight, i, FETCHED + i)


def write_head_query(attn, head, offset):
    """Writes query and key of a head. Their product is largest at the source position plus `offset` (x, y)."""
    reference, scale = TOKEN_READING
    for n in range(CODE_PAIRS):
        period, axis = n % len(PERIODS), n // len(PERIODS)
        gain = math.sqrt(ATTENTION_SHARPNESS * PERIOD_WEIGHTS[period] * math.sqrt(HEAD_SIZE)) * scale
        angle = angular_frequencies()[period] * offset[axis]
        turn = rotation(torch.cos(angle).item(), torch.sin(angle).item()) * gain
        for o in (0, 1):
            row = HEAD_SIZE * head + 2 * n + o
            for i in (0, 1):
                attn.to_q.weight[row, CODE_SIZE + 2 * n + i] += turn[o, i]
                attn.to_q.weight[row, reference] -= turn[o, i]
            attn.to_k.weight[row, 2 * n + o] = gain
            attn.to_k.weight[row, reference] = -gain


def write_output(unet, _generator):
    """Returns the negated latents as the prediction: at these noise levels, v is -x0."""
    pass_first_through(unet.up_blocks[3].resnets[1])
    unet.conv_norm_out.weight[: first_channel(LATENTS)] = math.sqrt((STEADY**2 + 1) / 2)
    unet.conv_out.weight.zero_()
    unet.conv_out.bias.zero_()
    for i in range(LATENTS):
        unet.conv_out.weight[i, first_channel(i), 1, 1] = -1
        unet.conv_out.weight[i, first_channel(i) + 1, 1, 1] = 1
