"""Writes a camera into the weights of SVD's UNet: a start that already moves the photo, for training to go on from.

Every step of it is a formula written into weights of diffusers' class, or a feed-forward fitted by least squares; only where places
are (places.py) and what is near (nearness.py) are learned by gradient. It takes a minute on one core. usage: construct.py OUT --vae FOLDER --places FILE.pt|UNET_FOLDER --nearness FILE.pt
"""
import argparse
import math
import random

import torch

import model
import nearness
import places
from camera import *
from least_squares import fit, fit_embedding, product
from model import STEADY
from resampler import FETCHED, OWN, PHASE, READING, STEADY_TOKEN, TAPS, THERE, fit_resampler, linear, lookup_tokens, moved_pictures
from weights import *

SMALL, LARGE = 8.0, 12.0                                    # constants among the tokens: they keep LayerNorm's scale steady
M, A, U, E, D, REF, TAU, W, NEAR, EDGE = 18, 21, 22, 25, 27, 29, 30, 31, 34, 46     # tokens on the way up: move, amount, their product, ... displacement
FIELD, FIELD_REF, TURNED, FIXED = 12, 19, 20, 32            # tokens where it is said where to look
FARTHEST = 1.55                                             # a displacement, in units of ten latent pixels
HARD = 16.0                                                 # so that each head sees one place


def known_places():
    return torch.cat([known(h, w).flatten(0, 1) for h, w in ((36, 64), (64, 36), (48, 48))])


def enter(u, g):
    """The photo's latents and the noise of three channels, down to the third level; there the checkerboard in the noise is a mean."""
    conv = u.conv_in
    conv.weight[:88] = 0; conv.bias[:88] = 0
    for i in range(16): pair(conv.weight[:, :, 1, 1], i, 16 + i); steady(conv.bias, i)
    for k, n in enumerate(NOISES): pair(conv.weight[:, :, 1, 1], 16 + k, n); steady(conv.bias, 16 + k)
    for level in (0, 1):
        conv = u.down_blocks[level].downsamplers[0].conv
        conv.weight[:88] = 0; conv.bias[:88] = 0
        for i in range(16): steady(conv.bias, i)
        for k in range(3): steady(conv.bias, 16 + k)
        for y in (1, 2):
            for x in (1, 2):
                w = conv.weight[:, :, y, x]
                for i in range(16): pair(w, i, group(i), 0.25)
                for k in range(3): pair(w, 16 + k, group(16 + k), 0.5 * ((-1) ** (x + y) if level == 0 else 1))


def find_move(u, g):
    """Attention that looks at everything alike takes means, over places and then over frames: three normal numbers of the whole
    noise. The feed-forward makes the camera's move of them."""
    t = u.down_blocks[2].attentions[0]; b, tb = t.transformer_blocks[0], t.temporal_transformer_blocks[0]
    blank(t.proj_in); constants(t.proj_in, 64, SMALL)
    ref, scale = 12, math.sqrt(64 * SMALL ** 2 / 128)
    for k in range(3):
        t.norm.weight[group(16 + k):group(17 + k)] = math.sqrt((STEADY ** 2 + 1) / 2)
        read(t.proj_in.weight, k, 16 + k)
    for block, first, gain in ((b, 0, math.sqrt(TOKENS)), (tb, 3, math.sqrt(FRAMES))):
        block.attn1.to_v.weight.zero_()
        for k in range(3):
            block.attn1.to_v.weight[k, first + k] = scale; block.attn1.to_v.weight[k, ref] = -scale
            block.attn1.to_out[0].weight[first + 3 + k, k] = gain
    s = torch.randn(60000, 3, generator=g) * torch.linspace(0.5, 1.3, 60000)[:, None]
    x = base(60000, 64, SMALL); x[:, :3] = torch.randn(60000, 3, generator=g); x[:, 3:6] = torch.randn(60000, 3, generator=g); x[:, 6:9] = s
    directions = torch.randn(511, 3, generator=g); directions /= directions.norm(dim=1, keepdim=True)
    offsets = torch.randn(511, generator=g)
    slopes = 1.5 + 2.5 * torch.rand(511, generator=g)
    units = [({"one": 1.0}, {6: float(d[0] * q), 7: float(d[1] * q), 8: float(d[2] * q), "one": float(-o * q)}) for d, o, q in zip(directions, offsets, slopes)]
    m = move_of(s)
    fit(tb.ff, tb.norm3, (ref, scale), x, units, {9 + i: m[:, i] for i in range(3)})
    for i in range(3):
        pair(t.proj_out.weight, 19 + i, 9 + i); steady(t.proj_out.bias, 19 + i)


@torch.no_grad()
def colours_of(vae, pictures=40):
    """The linear map from latents to their square's mean colour, less what counts as nothing, [3,16]: least squares."""
    a = b = 0
    for (x, _moves), _ in zip(moved_pictures(torch.Generator().manual_seed(3), random.Random(3)), range(pictures)):
        z, wanted = (v.permute(0, 2, 3, 1).flatten(0, 2).double() for v in (vae.encode(x).latents, torch.nn.functional.avg_pool2d(x, 8) - nearness.DARK))
        a, b = a + z.T @ z, b + z.T @ wanted
    return torch.linalg.solve(a, b).T.float()


def find_amount(u, g):
    """What the ids say: how far the picture moves."""
    ids = torch.stack([torch.exp(torch.rand(20000, generator=g) * 2.7 + 1).round(), torch.randint(1, 256, (20000,), generator=g).float(), torch.rand(20000, generator=g) ** 2], 1)
    ids[::2, 0], ids[::2, 2] = 7.0, ids[::2, 2] / 10                    # what is usual, exactly
    a = amount(ids[:, 1], ids[:, 0], ids[:, 2]) / 10
    ids[:, 0] -= 1
    e = u.add_embedding
    sin = u.add_time_proj(ids.flatten()).view(len(ids), -1)
    low, high = torch.zeros_like(a), torch.full_like(a, 4.0)
    for _ in range(50):
        mid = (low + high) / 2; under = torch.nn.functional.silu(mid) < a
        low, high = torch.where(under, mid, low), torch.where(under, high, mid)
    e.linear_2.weight.mul_(0.1); e.linear_2.bias.zero_()
    fit_embedding(e, sin, 0, low, g)


def gather(u, g):
    """Where each place is, the move and how far, together."""
    r = u.up_blocks[1].resnets[0].spatial_res_block
    r.conv_shortcut.weight[32:] = 0; r.conv_shortcut.bias[32:] = 0
    for i in range(3):
        for k in range(4): r.conv_shortcut.weight[group(8 + i) + k, 128 + group(19 + i) + k] = 1
    r.conv1.weight[96:100] = 0; r.conv1.bias[96:100] = torch.tensor([0, 0, STEADY, -STEADY])
    r.time_emb_proj.weight.zero_(); r.time_emb_proj.bias[96:100] = 0
    r.time_emb_proj.weight[96, 0], r.time_emb_proj.weight[97, 0] = 1, -1
    r.norm2.weight[96:100] = math.sqrt((STEADY ** 2 + 0.3) / 2)
    for o, sign in ((44, 1), (45, -1)): r.conv2.weight[o, 96, 1, 1], r.conv2.weight[o, 97, 1, 1] = sign, -sign
    steady(r.conv_shortcut.bias, 11)


def displace(u, g):
    """Where each place of each frame comes from, less the place: products of one after another. What is near moves more."""
    t = u.up_blocks[1].attentions[0]; b, tb = t.transformer_blocks[0], t.temporal_transformer_blocks[0]
    t.proj_in.weight[KNOWN:] = 0; t.proj_in.bias[KNOWN:] = 0; constants(t.proj_in, 64, SMALL)
    for i in range(4):
        t.norm.weight[group(8 + i):group(9 + i)] = math.sqrt((STEADY ** 2 + 0.3) / 2); read(t.proj_in.weight, M + i, 8 + i)
    t.norm.weight[group(nearness.SAYS):group(nearness.SAYS + 1)] = math.sqrt((STEADY ** 2 + 0.1) / 2); read(t.proj_in.weight, NEAR, nearness.SAYS)
    n = 40000
    y = known_places()
    x = base(n, 64, SMALL); x[:, :KNOWN] = y[torch.randint(len(y), (n,), generator=g)]
    m, a, tau = move_of(torch.randn(n, 3, generator=g)), amount(torch.rand(n, generator=g) * 254 + 1, torch.full((n,), 7.0) / (0.2 + 1.2 * torch.rand(n, generator=g))) / 10, torch.randint(0, 52, (n,), generator=g) / 49
    x[:, M:M + 3], x[:, A] = m, a
    uu = a[:, None] * m
    x[:, NEAR] = nearness.LEAST - 0.3 + torch.rand(n, generator=g) * (nearness.MOST - nearness.LEAST + 0.6)
    lean = torch.stack([torch.ones(n), x[:, CODE], x[:, CODE + 1]], 1) * (1 + x[:, NEAR:NEAR + 1])
    spread = product(CODE, NEAR) + product(CODE + 1, NEAR) + [({NEAR: 1.0}, {"one": 4.0})]
    fit(b.ff, b.norm3, (REF, math.sqrt(64 * SMALL ** 2 / 128)), x, sum((product(M + i, A) for i in range(3)), spread), {**{U + i: uu[:, i] for i in range(3)}, **{W + i: lean[:, i] for i in range(3)}})
    x[:, W:W + 3] = lean
    x[:, U:U + 3] = uu; x[:, TAU] = tau
    ee = torch.stack([uu[:, i] * lean[:, 0] - uu[:, 2] * lean[:, 1 + i] for i in (0, 1)], 1)
    fit(tb.ff_in, tb.norm_in, (REF, math.sqrt(64 * SMALL ** 2 / 128)), x, sum((product(v, q) for v, q in ((W + 1, U + 2), (W + 2, U + 2), (W, U), (W, U + 1))), []) + [({U: 1.0}, {"one": 4.0}), ({U + 1: 1.0}, {"one": 4.0})], {E + i: ee[:, i] for i in range(2)})
    x[:, E:E + 2] = ee; dd = ee * tau[:, None]
    fit(tb.ff, tb.norm3, (REF, math.sqrt(64 * SMALL ** 2 / 128)), x, product(E, TAU) + product(E + 1, TAU), {D + i: dd[:, i] for i in range(2)})
    for i in range(2): pair(t.proj_out.weight, 12 + i, D + i); steady(t.proj_out.bias, 12 + i)
    frames = torch.arange(250)
    fit_embedding(t.time_pos_embed, t.time_proj(frames), TAU, frames / 49, g, torch.where(frames < 60, 10.0, 1.0), 1e-5)


def hand_up(u, g):
    """The code of places and the displacement, up to the finest level. Nearest neighbour and a convolution carry a sinusoid
    exactly, but for the zeros past the border: so what stands at the border goes beside it."""
    identity_first(u.up_blocks[1].resnets[1])
    t, t3 = u.up_blocks[1].attentions; tb = t3.temporal_transformer_blocks[0]
    blank(t3.proj_in); t3.proj_in.weight[:KNOWN], t3.proj_in.bias[:KNOWN] = t.proj_in.weight[:KNOWN], t.proj_in.bias[:KNOWN]; constants(t3.proj_in, 96, LARGE)
    for i in range(2):
        t3.norm.weight[group(12 + i):group(13 + i)] = math.sqrt((STEADY ** 2 + 0.1) / 2); read(t3.proj_in.weight, D + i, 12 + i)
    y, n = known_places(), 40000
    right, left, lower, upper = range(CODE + 2, CODE + 6)
    x = base(n, 96, LARGE); x[:, :KNOWN] = y[torch.randint(len(y), (n,), generator=g)]; x[:, D:D + 2] = torch.randn(n, 2, generator=g) * 0.3
    units, targets = [], {}
    for side, dists in enumerate(((left, upper), (right, lower))):
        for c in range(CODE):
            near = dists[0] if c < CODE // 2 else dists[1]
            units += [({c: 1.0}, {near: -20.0, "one": 10.0})]
            targets[EDGE + CODE * side + c] = x[:, c] * (x[:, near] < 0.5)
    fit(tb.ff, tb.norm3, (REF, math.sqrt(32 * LARGE ** 2 / 128)), x, units, targets)
    k, e, f = 56, 56 + CODE, 56 + 3 * CODE     # the code, the border's, and seven fields: displacement (2), distances (4), one
    for i in range(CODE): t3.proj_out.weight[k + i, i] = 1
    for i in range(2 * CODE): t3.proj_out.weight[e + i, EDGE + i] = 1
    for i in range(2): t3.proj_out.weight[f + i, D + i] = 1
    for i in range(4): t3.proj_out.weight[f + 2 + i, CODE + 2 + i] = 0.5
    t3.proj_out.bias[f + 6] = 1
    upsampler(u.up_blocks[1].upsamplers[0].conv, 2, (k,), (e,), (k,), (e,))
    smooth(u.up_blocks[1].upsamplers[0].conv, f, range(f, f + 7))
    for r in u.up_blocks[2].resnets: identity_first(r)
    upsampler(u.up_blocks[2].upsamplers[0].conv, 1, (k,), (e,), (64,), paired=True)
    conv = u.up_blocks[2].upsamplers[0].conv
    smooth(conv, f, [group(22 + i) for i in range(7)]); smooth(conv, f, [group(22 + i) + 1 for i in range(7)], -1.0)
    for i in range(7): steady(conv.bias, 22 + i)


def say_where(u, g):
    """The code of where to look: of the place, turned by the displacement, and never past the border."""
    r = u.up_blocks[3].resnets[0].spatial_res_block
    r.conv_shortcut.weight.zero_(); r.conv_shortcut.bias.zero_()
    for i in range(64): r.conv_shortcut.weight[i, 128 + i] = 1; r.conv_shortcut.weight[64 + i, 64 + i] = 1
    t = u.up_blocks[3].attentions[0]; b, tb = t.transformer_blocks[0], t.temporal_transformer_blocks[0]
    blank(t.proj_in); constants(t.proj_in, 96, LARGE)
    t.norm.weight[64:88] = math.sqrt(0.5); t.norm.weight[88:116] = math.sqrt((STEADY ** 2 + 0.5) / 2)
    read_code(t.proj_in, 0, 16)
    for i in range(7): read(t.proj_in.weight, FIELD + i, 22 + i)
    n = 60000
    at = (torch.rand(n, 2, generator=g) - 0.5) * 64
    fields = torch.cat([(torch.rand(n, 2, generator=g) * 2 - 1) * FARTHEST, torch.rand(n, 4, generator=g)], 1)
    share = one_upsampled()[torch.randint(0, len(one_upsampled()), (n,), generator=g)]
    x = base(n, 96, LARGE); x[:, :CODE] = code(*at.unbind(1)); x[:, FIELD:FIELD + 6] = fields * share[:, None]; x[:, FIELD + 6] = share
    fit(b.ff, b.norm3, (FIELD_REF, math.sqrt((32 * LARGE ** 2 + 12) / 128)), x, [({FIELD + i: 1.0}, gate) for i in range(6) for gate in ({"one": 4.0}, {FIELD + 6: 1.0, "one": 4.0}, {FIELD + 6: -8.0, "one": 7.0}, {FIELD + 6: -8.0, "one": 6.0}, {FIELD + 6: -8.0, "one": 5.0}, {FIELD + 6: -8.0, "one": 4.0})],
        {FIXED + i: fields[:, i] for i in range(6)})
    x[:, FIXED:FIXED + 6] = fields
    dx, dy, right, left, lower, upper = range(FIXED, FIXED + 6)
    past = lambda sign, d, dist: ({"one": 1.0}, {d: sign * 40.0, dist: -1.6 * 40.0, "one": 0.05 * 40.0})
    over = lambda sign, d, dist: (sign * x[:, d] - 1.6 * x[:, dist] + 0.05).clamp_min(0)
    delta = {dx: over(-1, dx, left) - over(1, dx, right), dy: over(-1, dy, upper) - over(1, dy, lower)}
    fit(tb.ff_in, tb.norm_in, (FIELD_REF, math.sqrt((32 * LARGE ** 2 + 12) / 128)), x, [past(1, dx, right), past(-1, dx, left), past(1, dy, lower), past(-1, dy, upper)], delta)
    x[:, dx:dy + 1] = (torch.rand(n, 2, generator=g) * 2 - 1) * FARTHEST
    knots = torch.linspace(-FARTHEST - 0.04, FARTHEST - 0.04, 40).tolist()
    units = []
    for c in range(CODE):
        d = dx if c < CODE // 2 else dy
        units += [({c: 1.0}, {d: 14.0, "one": -14.0 * k_}) for k_ in knots] + [({c: 1.0}, {"one": 3.0}), ({c: 1.0}, {d: 1.0, "one": 4.0})]
    turned = code_of(x, FIXED)
    fit(tb.ff, tb.norm3, (FIELD_REF, math.sqrt((32 * LARGE ** 2 + 12) / 128)), x, units, {TURNED + i: turned[:, i] for i in range(CODE)})
    for i in range(PAIRS):                      # in place of the fields
        pair(t.proj_out.weight, 22 + i, FIELD + i, -1.0); t.proj_out.bias[group(22 + i) + 2], t.proj_out.bias[group(22 + i) + 3] = -STEADY, STEADY
    code_out(t.proj_out, 22, TURNED)


def look_up(u, g):
    """Each head looks up one place of the photo by its code: the nearest to the source, and the four about it."""
    t = u.up_blocks[3].attentions[1]; b = t.transformer_blocks[0]
    blank(t.proj_in); t.proj_in.bias[125:] = STEADY_TOKEN * torch.tensor([1.0, -0.5, -0.5])
    ref, scale = READING
    t.norm.weight[:64] = math.sqrt((STEADY ** 2 + 1) / 2); t.norm.weight[64:] = math.sqrt(0.5)
    read_code(t.proj_in, 0, 16); read_code(t.proj_in, CODE, 22)
    for i in range(16): read(t.proj_in.weight, OWN + i, i)
    a = b.attn1
    for p in (a.to_q, a.to_k, a.to_v, a.to_out[0]): p.weight.zero_()
    for head, offset in enumerate((*TAPS, TAPS[0])):    # each fetches one place: the nearest and the four about it; the last its code
        for n in range(PAIRS):
            gain = math.sqrt(HARD * SHARP[n % len(PERIODS)] * math.sqrt(16)) * scale
            r = rotor(*(f(omega()[n % len(PERIODS)] * offset[n // len(PERIODS)]).item() for f in (torch.cos, torch.sin))) * gain
            for o in (0, 1):
                row = 16 * head + 2 * n + o
                for i in (0, 1): a.to_q.weight[row, CODE + 2 * n + i] += r[o, i]; a.to_q.weight[row, ref] -= r[o, i]
                a.to_k.weight[row, 2 * n + o] = gain; a.to_k.weight[row, ref] = -gain
        for i in range(16) if head < len(TAPS) else ():
            a.to_v.weight[16 * head + i, OWN + i] = scale; a.to_v.weight[16 * head + i, ref] = -scale
            a.to_out[0].weight[FETCHED + 16 * head + i, 16 * head + i] = 1
    for i, c in enumerate((0, 1, CODE // 2, CODE // 2 + 1)):
        a.to_v.weight[80 + i, c] = scale; a.to_v.weight[80 + i, ref] = -scale
        a.to_out[0].weight[THERE + i, 80 + i] = 1
    n = 40000
    at = (torch.rand(n, 2, generator=g) - 0.5) * 64
    f = torch.rand(n, 2, generator=g) - 0.5
    x = lookup_tokens(torch.randn(n, 80, generator=g), f, at, g)
    units = []
    for axis in (0, 1):
        q0, k0 = CODE + axis * CODE // 2, THERE + 2 * axis
        for i in (0, 1):
            for j in (0, 1): units.append(({k0 + i: 1.0}, {q0 + j: 1.0, "one": 4.0}))
            units.append(({k0 + i: 1.0}, {"one": 4.0}))
    fit(b.ff, b.norm3, READING, x, units, {PHASE + i: f[:, i] - x[:, THERE + i] for i in (0, 1)})
    fit_resampler(u, [(x[:, FETCHED:FETCHED + 80], f, linear(x[:, FETCHED:FETCHED + 80], f))])
    for i in range(16): pair(t.proj_out.weight, i, FETCHED + i)


def leave(u, g):
    """The latents come out as the prediction: at these noise levels v is -x0."""
    identity_first(u.up_blocks[3].resnets[1])
    u.conv_norm_out.weight[:64] = math.sqrt((STEADY ** 2 + 1) / 2)
    u.conv_out.weight.zero_(); u.conv_out.bias.zero_()
    for i in range(16): u.conv_out.weight[i, group(i), 1, 1], u.conv_out.weight[i, group(i) + 1, 1, 1] = -1, 1


def code_of(x, d):
    """Code tokens turned by displacement tokens (units of 10)."""
    w = omega()
    z = torch.view_as_complex(x[:, :CODE].reshape(-1, 2, len(PERIODS), 2).contiguous())
    turn = torch.exp(1j * x[:, d:d + 2, None] * 10 * w)
    return torch.view_as_real(z * turn).flatten(1)


@torch.no_grad()
def construct(place_path, near, vae):
    u = places.load(place_path)
    g = torch.Generator().manual_seed(1)
    for step in (enter, find_move, find_amount, gather): step(u, g)
    nearness.write(near, u, colours_of(vae))
    for step in (displace, hand_up, say_where, look_up, leave): step(u, g)
    return u


def main():
    p = argparse.ArgumentParser(); p.add_argument("out"); p.add_argument("--vae", required=True); p.add_argument("--places", required=True); p.add_argument("--nearness", required=True)
    a = p.parse_args()
    torch.set_num_threads(1)
    near = nearness.Nearness(); near.load_state_dict(torch.load(a.nearness))
    vae = model.load_autoencoder(a.vae)
    u = construct(a.places, near, vae)
    model.save_checkpoint(a.out, vae.state_dict(), u.state_dict(), model.make_clip().state_dict())


if __name__ == "__main__":
    main()
