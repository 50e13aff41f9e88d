"""The part of the UNet that computes the position of each place in the picture, and its training.

usage: places.py OUT.pt MINUTES [START.pt|UNET_FOLDER]

A convolution with zero padding can detect the border. From it, the two coarsest levels compute the features of the
position for each 4 x 4 latent pixels: codes of three periods, coordinates, and distances to the borders. The result
does not depend on the picture, so training takes minutes, with random sizes.

With a start, the values that nearness.py reads are kept: it was trained with them.
"""

import os
import random
import sys
import time

import torch

from camera import PLACE_SIZE, SIZES, place_features
from model import STEADY, WIDTH


def place_layers(u):
    return u.down_blocks[2], u.down_blocks[3], u.mid_block, u.up_blocks[0], u.up_blocks[1]


def features(u, h, w):
    """The input of the last linear map for latents of h x w: [h/4, w/4, 128], of which 32 channels are used."""
    d2, d3, mid, u3, u2 = place_layers(u)
    x = torch.zeros(1, WIDTH, h // 4, w // 4)
    x[:, 2] = STEADY
    temb = torch.zeros(1, u.config.block_out_channels[0] * 4)
    x2 = d2.downsamplers[0](x)
    s3 = d3.resnets[0].spatial_res_block(x2, temb)
    y = s3
    for r in mid.resnets:
        y = r.spatial_res_block(y, temb)
    for r, skip in zip(u3.resnets, (s3, x2)):
        y = r.spatial_res_block(torch.cat([y, skip], 1), temb)
    y = u3.upsamplers[0](y, (h // 4, w // 4))
    y = u2.resnets[0].spatial_res_block(torch.cat([y, torch.zeros_like(y)], 1), temb)
    return u2.attentions[0].norm(y)[0].permute(1, 2, 0)


def predict_places(u, h, w):
    return u.up_blocks[1].attentions[0].proj_in(features(u, h, w))[..., :PLACE_SIZE]


def block_input(u, h, w):
    """The features of the places that the last block receives, after its norm: [1,128,h/4,w/4]."""
    block, inputs = u.up_blocks[1].resnets[0].spatial_res_block, []
    hook = block.conv1.register_forward_hook(lambda _m, given, _out: inputs.append(given[0]))
    features(u, h, w)
    hook.remove()
    return inputs[0][:, :WIDTH]


def create_masks(u):
    """Selects the weights that this part uses, {parameter: mask}, and sets all other weights to zero."""
    masks = {}
    d2, d3, mid, u3, u2 = place_layers(u)
    with torch.no_grad():

        def keep(p, mask=None):
            mask = torch.ones_like(p) if mask is None else mask
            p.mul_(mask)
            masks[p] = mask

        m = torch.zeros_like(d2.downsamplers[0].conv.weight)
        m[:, 2] = 1
        d2.downsamplers[0].conv.weight.mul_(3)
        keep(d2.downsamplers[0].conv.weight, m)
        keep(d2.downsamplers[0].conv.bias)
        for r in (d3.resnets[0], *mid.resnets, *u3.resnets):
            r = r.spatial_res_block
            torch.nn.init.kaiming_normal_(r.conv2.weight, 0.5)
            r.conv2.weight.mul_(0.5)
            for p in (
                r.norm1.weight,
                r.norm1.bias,
                r.conv1.weight,
                r.conv1.bias,
                r.norm2.weight,
                r.norm2.bias,
                r.conv2.weight,
                r.conv2.bias,
                r.time_emb_proj.bias,
            ):
                keep(p)
            if r.conv_shortcut is not None:
                keep(r.conv_shortcut.weight)
                keep(r.conv_shortcut.bias)
        keep(u3.upsamplers[0].conv.weight)
        keep(u3.upsamplers[0].conv.bias)
        r = u2.resnets[0].spatial_res_block  # hidden channels 0..95, output channels 0..31
        torch.nn.init.kaiming_normal_(r.conv2.weight, 0.5)
        r.conv2.weight.mul_(0.5)
        m = torch.zeros_like(r.conv1.weight)
        m[:96, :128] = 1
        keep(r.conv1.weight, m)
        b = torch.zeros(128)
        b[:96] = 1
        keep(r.conv1.bias, b)
        keep(r.time_emb_proj.bias, b)
        r.norm1.bias.zero_()
        m = torch.zeros(256)
        m[:128] = 1
        masks[r.norm1.weight] = m
        masks[r.norm1.bias] = m
        masks[r.norm2.weight] = b
        masks[r.norm2.bias] = b
        m = torch.zeros_like(r.conv2.weight)
        m[:32, :96] = 1
        keep(r.conv2.weight, m)
        o = torch.zeros(128)
        o[:32] = 1
        keep(r.conv2.bias, o)
        m = torch.zeros_like(r.conv_shortcut.weight)
        m[:32, :128] = 1
        keep(r.conv_shortcut.weight, m)
        keep(r.conv_shortcut.bias, o)
        t = u2.attentions[0]
        m = torch.zeros_like(t.proj_in.weight)
        m[:PLACE_SIZE, :32] = 1
        keep(t.proj_in.weight, m)
        m = torch.zeros(128)
        m[:PLACE_SIZE] = 1
        keep(t.proj_in.bias, m)
    return masks


@torch.no_grad()
def fit_output(u, sizes=SIZES):
    """Fits the last linear map by least squares: mainly for SIZES, with a small weight for others."""
    t = u.up_blocks[1].attentions[0]
    a = b = 0
    for h, w in (*sizes, *((h, w) for h in range(24, 73, 8) for w in range(24, 73, 8))):
        x = features(u, h, w)[..., :32].flatten(0, 1).double()
        x = torch.cat([x, torch.ones(len(x), 1)], 1)
        share = 1.0 if (h, w) in sizes else 0.03
        a, b = a + share * x.T @ x, b + share * x.T @ place_features(h, w).flatten(0, 1).double()
    w = torch.linalg.solve(a + torch.eye(len(a)) * a.diagonal().mean() * 1e-7, b)
    t.proj_in.weight[:PLACE_SIZE] = 0
    t.proj_in.weight[:PLACE_SIZE, :32] = w[:-1].T.float()
    t.proj_in.bias[:PLACE_SIZE] = w[-1].float()
    for h, w in sizes:
        error = (predict_places(u, h, w) - place_features(h, w)).pow(2).mean().sqrt()
        print(f"places of {h}x{w}: error {error:.4f}")


def load(path):
    """Creates a UNet with only this part, from the result of this script or from a UNet's folder."""
    return load_with_masks(path)[0]


def load_with_masks(path):
    """As `load`; returns the UNet and the masks of its weights."""
    import model

    torch.manual_seed(0)
    u = model.make_unet()
    masks = create_masks(u)
    state = model.load_part(path) if os.path.isdir(path) else torch.load(path)
    u.load_state_dict({n: state[n] * m for n, m in zip(state_of(u, masks), masks.values())}, strict=False)
    fit_output(u)
    for r in (u.down_blocks[3].resnets[0], *u.mid_block.resnets, *u.up_blocks[0].resnets):
        r.spatial_res_block.time_emb_proj.weight.data.zero_()
    return u, masks


@torch.no_grad()
def write_into_unet(path, u):
    """Copies this part from `path` (see `load`) into a UNet, and keeps all other weights of the UNet."""
    part, masks = load_with_masks(path)
    ours = dict(part.named_parameters())
    for name, p in u.named_parameters():
        if ours[name] in masks:
            p.copy_(torch.where(masks[ours[name]] > 0, ours[name], p))


def state_of(u, masks):
    names = {p: n for n, p in u.named_parameters()}
    return {names[p]: p.detach().clone() for p in masks}


def main():
    import model

    torch.set_num_threads(1)
    torch.manual_seed(0)
    random.seed(0)
    out, minutes = sys.argv[1], float(sys.argv[2])
    kept = {}
    if len(sys.argv) > 3:
        u, masks = load_with_masks(sys.argv[3])
        with torch.no_grad():
            kept = {size: block_input(u, *size) for size in ((36, 64), (64, 36), (48, 48))}
    else:
        u = model.make_unet()
        masks = create_masks(u)
    for p in u.parameters():
        p.requires_grad_(p in masks)
    optimizer = torch.optim.Adam(list(masks), betas=(0.9, 0.98))
    begin, step = time.time(), 0
    while (done := (time.time() - begin) / 60 / minutes) < 1:
        shapes = random.sample(SIZES, 2)
        if step % 4 == 0:
            shapes.append((random.choice(range(24, 73, 4)), random.choice(range(24, 73, 4))))
        loss = sum(((predict_places(u, h, w) - place_features(h, w)) ** 2).mean() for h, w in shapes) / len(shapes)
        if kept:
            size = random.choice(list(kept))
            loss = loss + 0.02 * ((block_input(u, *size) - kept[size]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        for p, mask in masks.items():
            if p.grad is not None:
                p.grad.mul_(mask)
        for group in optimizer.param_groups:
            group["lr"] = (5e-4 if kept else 2e-3) * min(1, (step + 1) / 100) * min(1.0, (1 - done) / 0.5 + 0.003)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(step, f"{time.time() - begin:.0f} s, error {loss.item() ** 0.5:.4f}", flush=True)
            torch.save(state_of(u, masks), out)
    fit_output(u)
    torch.save(state_of(u, masks), out)


if __name__ == "__main__":
    main()
