"""The part of the UNet that tells near from far, and how it learns it: nearness.py OUT.pt MINUTES --places FILE.pt|UNET_FOLDER

It sees the photo as the latents' size shows it (each 8 x 8 square's mean colour, which is a linear map of its latents) and says of
every 4 x 4 latent pixels how much more than the mean they move when the camera does. The scenes know that: it is how near their
planes are. Its layers are the UNet's own: `write` puts them into channels that the rest of the construction leaves free.
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
from weights import group, steady

FIRST = 88                                                  # of its channels on the way down
OWN = 128 - FIRST
HIDDEN = 28                                                 # of the last block's hidden ones: 100 to 127
SAYS = 25                                                   # the group where the result stands
DARK = -0.1                                                 # the colour that counts as nothing: what stands past the border
FINE = 2                                                    # scenes are painted so many times finer than latents
LEAST, MOST = -0.45, 0.6                                    # how much less and more than the mean a place may move
SIZES = ((36, 64), (64, 36), (48, 48))


class Block(nn.Module):
    def __init__(self, hidden=128, aside=0, out=OWN):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(5 if aside else 10, OWN), nn.GroupNorm(hidden // 4, hidden)
        self.conv1, self.conv2 = nn.Conv2d(aside + OWN, hidden, 3, padding=1), nn.Conv2d(hidden, out, 3, padding=1)
        with torch.no_grad(): self.conv2.weight.mul_(0.5)

    def forward(self, x, aside=None):
        h = F.silu(self.norm1(x))
        h = self.conv1(h if aside is None else torch.cat([aside.expand(len(x), -1, -1, -1), h], 1))
        return self.conv2(F.silu(self.norm2(h)))


class Nearness(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, OWN, 3, padding=1)
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.downs = nn.ModuleList(nn.Conv2d(OWN, OWN, 3, 2, 1) for _ in range(2))
        self.last = Block(HIDDEN, model.WIDTH, 1)

    def forward(self, colours, here):
        """colours [b,3,h,w] in -1..1; here: what is known of the places, [1,128,h/4,w/4]. -> [b,h/4,w/4]"""
        x = self.first(colours - DARK)
        for block, down in zip(self.blocks, (*self.downs, None)):
            x = x + block(x)
            if down is not None: x = down(x)
        return self.last(x, here)[:, 0]


@torch.no_grad()
def places_of(u, h, w):
    """What the UNet's last block is given of the places, as its norm leaves it, [1,128,h/4,w/4]."""
    block, kept = u.up_blocks[1].resnets[0].spatial_res_block, []
    hook = block.conv1.register_forward_hook(lambda _m, given, _out: kept.append(given[0]))
    places.features(u, h, w); hook.remove()
    return kept[0][:, :model.WIDTH]


@torch.no_grad()
def write(net, u, colour_of):
    """Into the UNet's layers. colour_of [3,16]: the mean colour (less DARK) of latents."""
    u.conv_in.weight[FIRST:] = 0
    u.conv_in.weight[FIRST:, 16:32] = torch.einsum("ocyx,cz->ozyx", net.first.weight, colour_of); u.conv_in.bias[FIRST:] = net.first.bias
    for level, block in enumerate(net.blocks):
        r = u.down_blocks[level].resnets[0].spatial_res_block
        r.time_emb_proj.weight.zero_(); r.time_emb_proj.bias.zero_(); r.conv1.weight.zero_()
        for norm, mine in ((r.norm1, block.norm1), (r.norm2, block.norm2)): norm.weight[-len(mine.weight):] = mine.weight; norm.bias[-len(mine.bias):] = mine.bias
        r.conv1.weight[:, FIRST:] = block.conv1.weight; r.conv1.bias.copy_(block.conv1.bias)
        r.conv2.weight[FIRST:] = block.conv2.weight; r.conv2.bias[FIRST:] = block.conv2.bias
    for level, down in enumerate(net.downs):
        conv = u.down_blocks[level].downsamplers[0].conv
        conv.weight[FIRST:] = 0; conv.weight[FIRST:, FIRST:] = down.weight; conv.bias[FIRST:] = down.bias
    r, block = u.up_blocks[1].resnets[0].spatial_res_block, net.last
    for norm, mine in ((r.norm1, block.norm1), (r.norm2, block.norm2)): norm.weight[-len(mine.weight):] = mine.weight; norm.bias[-len(mine.bias):] = mine.bias
    rows = slice(128 - HIDDEN, 128)
    r.conv1.weight[rows] = 0; r.time_emb_proj.bias[rows] = 0
    r.conv1.weight[rows, :128] = block.conv1.weight[:, :128]; r.conv1.weight[rows, 128 + FIRST:] = block.conv1.weight[:, 128:]; r.conv1.bias[rows] = block.conv1.bias
    for row, sign in ((group(SAYS), 1), (group(SAYS) + 1, -1)):
        r.conv2.weight[row] = 0; r.conv2.weight[row, rows] = sign * block.conv2.weight[0]; r.conv2.bias[row] = sign * block.conv2.bias[0]
    steady(r.conv_shortcut.bias, SAYS)


def moves_more(planes, lens, h, w):
    """1 / depth of each plane on its canvas, [b,5,H,W]."""
    ratio = h / w
    H, W = (int(n * scenes.MARGIN) // 2 * 2 for n in (h, w))
    xx, yy = scenes.coordinates(H, W, ratio, scenes.MARGIN, planes.device)
    focal, horizon = (column(v, 4) for v in lens.unbind(1))
    nx, ny, nz, d = (planes[:, :, i, None, None] for i in range(4))
    return (nx * xx + ny * (yy - horizon) + nz * focal) / (d * focal)


@torch.no_grad()
def shoot(draw, painted, h, w):
    """Colours [b,3,h,w] and what should be said of them, [b,h/4,w/4], of scenes seen from about where they were painted for."""
    ph, pw = h * FINE, w * FINE
    at = (draw.normal(6) * torch.tensor([0.1, 0.05, 0.1, 0.12, 0.1, 0.04])).clamp(-0.2, 0.2)[..., None]
    focal, horizon = (column(x) for x in painted["lens"].unbind(1))
    mirrored = (draw.chance(0.5) * 2 - 1).view(-1, 1, 1, 1)
    canvases = painted["canvases"][:, :, [*torch.randperm(3, generator=draw.g).tolist(), 3]] if draw.chance(0.2)[0] else painted["canvases"]
    alpha = canvases[:, :, 3:].float() / 255
    near = moves_more(painted["planes"], painted["lens"], ph, pw).clamp(0, 3)[:, :, None]
    near = torch.cat([(near * alpha).expand(-1, -1, 3, -1, -1), alpha], 2) * 255
    see = lambda c: scenes.shoot(c, painted["planes"], at, focal, horizon, mirrored, h, w, FINE)
    target = F.avg_pool2d(see(near)[:, 0, :1], 4)[:, 0]
    target = (0.5 * (target / target.mean((1, 2), keepdim=True).clamp_min(0.02) - 1)).clamp(LEAST, MOST)
    return scenes.finish(draw, see(canvases))[:, 0], target


def main():
    p = argparse.ArgumentParser(); p.add_argument("out"); p.add_argument("minutes", type=float); p.add_argument("--places", required=True); p.add_argument("--batch", type=int, default=8); p.add_argument("--pool", type=int, default=24)
    a = p.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1"))); torch.manual_seed(0)
    u = places.load(a.places)
    here = {size: places_of(u, *size) for size in SIZES}
    net, g = Nearness(), torch.Generator().manual_seed(1)
    begin, step, mean = time.time(), 0, None
    pools = {size: scenes.Pool(g, "cpu", a.pool, size[0] * FINE, size[1] * FINE, batch=4) for size in SIZES}
    print(f"painted in {time.time() - begin:.0f} s", flush=True)
    optimizer = torch.optim.AdamW(net.parameters(), betas=(0.9, 0.98), weight_decay=1e-3)
    while (done := (time.time() - begin) / 60 / a.minutes) < 1:
        size = SIZES[step % 3]; pool = pools[size]
        if step % 9 < 3: pool.refresh(1)
        pick = torch.randperm(a.pool, generator=g)[:a.batch]
        draw = Draw(a.batch, g)
        colours, target = shoot(draw, {k: v[pick] for k, v in pool.scenes.items()}, *size)
        says = net(colours + 0.03 * torch.randn(colours.shape, generator=g), here[size])
        loss = ((says - target) ** 2).mean()
        optimizer.zero_grad(); loss.backward(); nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        for q in optimizer.param_groups: q["lr"] = 2e-3 * min(1, (step + 1) / 50) * min(1.0, (1 - done) / 0.5 + 0.003)
        optimizer.step(); step += 1
        mean = 0.02 * loss.item() + 0.98 * mean if mean else loss.item()
        if step % 50 == 0: print(step, f"{time.time() - begin:.0f} s, error {mean ** 0.5:.4f} of {target.std():.3f}", flush=True); torch.save(net.state_dict(), a.out)
    torch.save(net.state_dict(), a.out)


if __name__ == "__main__":
    main()
