"""What the camera does, and how places are told apart: what the construction, its fits and the training agree on.

Lengths are in latent pixels (eight of the picture's), measured from the middle of the picture.
"""
import math

import torch

PERIODS = (9.0, 20.0, 128.0)  # of the code of places, in latent pixels
SHARP = (9.0, 8.0, 30.0)                        # how much each counts where a place is looked up
PAIRS = 2 * len(PERIODS)                        # cosine and sine: x's periods, then y's
CODE = 2 * PAIRS                                # numbers of a code
KNOWN = CODE + 6                                # what is known of a place: code, x, y, four distances
NOISES = (0, 1, 2)                              # latent channels whose noise says where the camera goes
FRAMES = 50
TOKENS = 144                                    # of the third level at the default size
DIST = 8.0                                      # unit of a distance to the border


def omega():
    return torch.tensor([2 * math.pi / p for p in PERIODS])


def code(x, y):
    """Places (latent pixels from the middle) -> [..., 12]: cos, sin of each period, x's then y's."""
    a = torch.cat([x[..., None] * omega(), y[..., None] * omega()], -1)
    return torch.stack([a.cos(), a.sin()], -1).flatten(-2)


def grid_of(h, w, scale):
    """Centres of a level's places, in latent pixels from the middle: the level is `scale` times smaller than h x w."""
    y = (torch.arange(h // scale) + 0.5) * scale - h / 2
    x = (torch.arange(w // scale) + 0.5) * scale - w / 2
    return torch.meshgrid(y, x, indexing="ij")


def known(h, w, scale=4):
    """What the network should know of each place of a level, [h/scale, w/scale, 18]: code 12, x and y (of 32), distances to the
    right, left, lower and upper border (of 8, at most 2)."""
    y, x = grid_of(h, w, scale)
    d = torch.stack([w / 2 - x, x + w / 2, h / 2 - y, y + h / 2], -1) / DIST
    return torch.cat([code(x, y), torch.stack([x, y], -1) / 32, d.clamp(max=2.0)], -1)


def move_of(s):
    """[..., 3] normal numbers -> pan x, pan y, push-in: of about unit size together. It comes as much nearer as keeps the view inside
    the picture (of 64 x 36 latent pixels); seldom it goes back, and then straight and less."""
    s = s + torch.tensor([0.0, 0.0, 0.9], device=s.device)
    x, y, near = (s * torch.tensor([0.6, 0.35, 1.0], device=s.device) / (s.pow(2).sum(-1, keepdim=True) + 0.15).sqrt()).unbind(-1)
    back = (-near / 0.4).clamp(0, 1)
    x, y = x * (1 - back), y * (1 - back)
    inside = torch.maximum(x.abs(), 64 / 36 * y.abs())
    return torch.stack([x, y, torch.where(near > 0, torch.maximum(near, inside), inside + 0.35 * near * back)], -1)


def said(noise):
    """[b,t,c,h,w] standard normal noise -> the three standard normal numbers in it, [b,3], that say where the camera goes: how much
    of a checkerboard there is in each of three channels, over all frames. Pictures have next to nothing of that."""
    h, w = noise.shape[-2:]
    board = 1 - 2 * ((torch.arange(h, device=noise.device)[:, None] + torch.arange(w, device=noise.device)) % 2)
    return torch.stack([(noise[:, :, c] * board).sum((1, 2, 3)) / math.sqrt(noise[:, :, c][0].numel()) for c in NOISES], 1)


def amount(motion, fps, aug=0.0):
    """How far (latent pixels) the picture's edge moves over 49 frames: more with the motion id, with slower frames, and, as SVD has it,
    with a condition that is less to be trusted."""
    return ((1 + 8 * motion / 255) * (7 / fps).clamp(0.25, 1.4) * (1 + aug)).clamp(max=9.5)
