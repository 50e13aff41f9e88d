"""The part of the UNet that estimates how near the parts of the picture are, and its training.

usage: nearness.py OUT.pt MINUTES --places FILE.pt|UNET_FOLDER

Its input is the photo at the size of the latents: the mean color of each 8 x 8 square, which is a linear map of the
latents. Its output is, for each 4 x 4 latent pixels, how much more than the mean they move with the camera. The target
is known from the depth of the scenes' planes. The layers are those of the UNet: `write_into_unet` copies them into
channels that the rest of the construction leaves free.
"""

import argparse
import os
import time

import torch
import torch.nn.functional as F
from torch import nn

import model
import places
import scenes
from draw import Draw, column
from weights import first_channel, write_steady

FIRST_CHANNEL = 88  # first of its channels in the down path
CHANNELS = 128 - FIRST_CHANNEL
HIDDEN_CHANNELS = 28  # hidden channels of the last block: 100 to 127
OUTPUT_GROUP = 25  # the group of the result
ZERO_COLOR = -0.1  # the color that counts as zero, as beyond the border
OVERSAMPLING = 2  # the resolution of scenes, relative to that of latents
MIN_NEARNESS, MAX_NEARNESS = -0.45, 0.6  # range of the motion of a place, relative to the mean
SIZES = ((36, 64), (64, 36), (48, 48))


class Block(nn.Module):
    def __init__(self, hidden=128, aside=0, out=CHANNELS):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(5 if aside else 10, CHANNELS), nn.GroupNorm(hidden // 4, hidden)
        self.conv1, self.conv2 = nn.Conv2d(aside + CHANNELS, hidden, 3, padding=1), nn.Conv2d(hidden, out, 3, padding=1)
        with torch.no_grad():
            self.conv2.weight.mul_(0.5)

    def forward(self, x, aside=None):
        h = F.silu(self.norm1(x))
        h = self.conv1(h if aside is None else torch.cat([aside.expand(len(x), -1, -1, -1), h], 1))
        return self.conv2(F.silu(self.norm2(h)))


class Nearness(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.downs = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 3, 2, 1) for _ in range(2))
        self.last = Block(HIDDEN_CHANNELS, model.WIDTH, 1)

    def forward(self, colours, here):
        """colours [b,3,h,w] in -1..1; here: the features of the places, [1,128,h/4,w/4]. Returns [b,h/4,w/4]."""
        x = self.first(colours - ZERO_COLOR)
        for block, down in zip(self.blocks, (*self.downs, None)):
            x = x + block(x)
            if down is not None:
                x = down(x)
        return self.last(x, here)[:, 0]


@torch.no_grad()
def write_into_unet(net, u, colour_of):
    """Copies the network into the UNet's layers. colour_of [3,16] maps latents to the mean color (less ZERO_COLOR)."""
    u.conv_in.weight[FIRST_CHANNEL:] = 0
    u.conv_in.weight[FIRST_CHANNEL:, 16:32] = torch.einsum("ocyx,cz->ozyx", net.first.weight, colour_of)
    u.conv_in.bias[FIRST_CHANNEL:] = net.first.bias
    for level, block in enumerate(net.blocks):
        r = u.down_blocks[level].resnets[0].spatial_res_block
        r.time_emb_proj.weight.zero_()
        r.time_emb_proj.bias.zero_()
        r.conv1.weight.zero_()
        for norm, mine in ((r.norm1, block.norm1), (r.norm2, block.norm2)):
            norm.weight[-len(mine.weight) :] = mine.weight
            norm.bias[-len(mine.bias) :] = mine.bias
        r.conv1.weight[:, FIRST_CHANNEL:] = block.conv1.weight
        r.conv1.bias.copy_(block.conv1.bias)
        r.conv2.weight[FIRST_CHANNEL:] = block.conv2.weight
        r.conv2.bias[FIRST_CHANNEL:] = block.conv2.bias
    for level, down in enumerate(net.downs):
        conv = u.down_blocks[level].downsamplers[0].conv
        conv.weight[FIRST_CHANNEL:] = 0
        conv.weight[FIRST_CHANNEL:, FIRST_CHANNEL:] = down.weight
        conv.bias[FIRST_CHANNEL:] = down.bias
    r, block = u.up_blocks[1].resnets[0].spatial_res_block, net.last
    for norm, mine in ((r.norm1, block.norm1), (r.norm2, block.norm2)):
        norm.weight[-len(mine.weight) :] = mine.weight
        norm.bias[-len(mine.bias) :] = mine.bias
    rows = slice(128 - HIDDEN_CHANNELS, 128)
    r.conv1.weight[rows] = 0
    r.time_emb_proj.bias[rows] = 0
    r.conv1.weight[rows, :128] = block.conv1.weight[:, :128]
    r.conv1.weight[rows, 128 + FIRST_CHANNEL :] = block.conv1.weight[:, 128:]
    r.conv1.bias[rows] = block.conv1.bias
    for row, sign in ((first_channel(OUTPUT_GROUP), 1), (first_channel(OUTPUT_GROUP) + 1, -1)):
        r.conv2.weight[row] = 0
        r.conv2.weight[row, rows] = sign * block.conv2.weight[0]
        r.conv2.bias[row] = sign * block.conv2.bias[0]
    write_steady(r.conv_shortcut.bias, OUTPUT_GROUP)


def inverse_depth(planes, lens, h, w):
    """1 / depth of each plane on its canvas, [b,5,H,W]."""
    ratio = h / w
    H, W = (int(n * scenes.MARGIN) // 2 * 2 for n in (h, w))
    xx, yy = scenes.coordinates(H, W, ratio, scenes.MARGIN, planes.device)
    focal, horizon = (column(v, 4) for v in lens.unbind(1))
    nx, ny, nz, d = (planes[:, :, i, None, None] for i in range(4))
    return (nx * xx + ny * (yy - horizon) + nz * focal) / (d * focal)


@torch.no_grad()
def render_example(draw, painted, h, w):
    """Renders scenes from near their original position: colors [b,3,h,w] and targets [b,h/4,w/4]."""
    ph, pw = h * OVERSAMPLING, w * OVERSAMPLING
    at = (draw.normal(6) * torch.tensor([0.1, 0.05, 0.1, 0.12, 0.1, 0.04])).clamp(-0.2, 0.2)[..., None]
    focal, horizon = (column(x) for x in painted["lens"].unbind(1))
    mirrored = (draw.chance(0.5) * 2 - 1).view(-1, 1, 1, 1)
    canvases = (
        painted["canvases"][:, :, [*torch.randperm(3, generator=draw.g).tolist(), 3]]
        if draw.chance(0.2)[0]
        else painted["canvases"]
    )
    alpha = canvases[:, :, 3:].float() / 255
    near = inverse_depth(painted["planes"], painted["lens"], ph, pw).clamp(0, 3)[:, :, None]
    near = torch.cat([(near * alpha).expand(-1, -1, 3, -1, -1), alpha], 2) * 255

    def see(c):
        return scenes.shoot(c, painted["planes"], at, focal, horizon, mirrored, h, w, OVERSAMPLING)

    target = F.avg_pool2d(see(near)[:, 0, :1], 4)[:, 0]
    target = (0.5 * (target / target.mean((1, 2), keepdim=True).clamp_min(0.02) - 1)).clamp(MIN_NEARNESS, MAX_NEARNESS)
    return scenes.finish(draw, see(canvases))[:, 0], target


def main():
    p = argparse.ArgumentParser()
    p.add_argument("out")
    p.add_argument("minutes", type=float)
    p.add_argument("--places", required=True)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--pool", type=int, default=24)
    a = p.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    torch.manual_seed(0)
    u = places.load(a.places)
    with torch.no_grad():
        here = {size: places.block_input(u, *size) for size in SIZES}
    net, g = Nearness(), torch.Generator().manual_seed(1)
    begin, step, mean = time.time(), 0, None
    pools = {
        size: scenes.Pool(g, "cpu", a.pool, size[0] * OVERSAMPLING, size[1] * OVERSAMPLING, batch=4) for size in SIZES
    }
    print(f"painted in {time.time() - begin:.0f} s", flush=True)
    optimizer = torch.optim.AdamW(net.parameters(), betas=(0.9, 0.98), weight_decay=1e-3)
    while (done := (time.time() - begin) / 60 / a.minutes) < 1:
        size = SIZES[step % 3]
        pool = pools[size]
        if step % 9 < 3:
            pool.refresh(1)
        pick = torch.randperm(a.pool, generator=g)[: a.batch]
        draw = Draw(a.batch, g)
        colours, target = render_example(draw, {k: v[pick] for k, v in pool.scenes.items()}, *size)
        says = net(colours + 0.03 * torch.randn(colours.shape, generator=g), here[size])
        loss = ((says - target) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for q in optimizer.param_groups:
            q["lr"] = 2e-3 * min(1, (step + 1) / 50) * min(1.0, (1 - done) / 0.5 + 0.003)
        optimizer.step()
        step += 1
        mean = 0.02 * loss.item() + 0.98 * mean if mean else loss.item()
        if step % 50 == 0:
            print(step, f"{time.time() - begin:.0f} s, error {mean**0.5:.4f} of {target.std():.3f}", flush=True)
            torch.save(net.state_dict(), a.out)
    torch.save(net.state_dict(), a.out)


if __name__ == "__main__":
    main()
