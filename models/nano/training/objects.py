"""Objects in a scene: silhouettes, and people without identity. Coordinates: x is -1..1 over the frame's width, y
points down.
"""

import torch

from draw import column


def _ellipse(xx, yy, cx, cy, rx, ry, power=2.0):
    """A mask: 1 inside, 0 outside, with an edge of about a pixel. power 2 is an ellipse, 8 is almost a box."""
    u, v = ((xx - cx) / rx).abs(), ((yy - cy) / ry).abs()
    d = (u**power + v**power + 1e-8) ** (1 / power)
    pixel = (xx[..., 0, 1] - xx[..., 0, 0]).abs().max()
    return ((1 - d) * torch.minimum(rx, ry) / pixel + 0.5).clamp(0, 1)


def silhouettes(draw, xx, yy, foot, grain, count=3):
    """An alpha channel [b,1,h,w] of up to `count` objects, which stand on `foot` ([b], the ground's y) or float above
    it.
    """
    alpha = torch.zeros_like(grain)
    foot = column(foot)
    for i in range(count):
        rx, ry = column(draw.log(0.04, 0.55)), column(draw.log(0.08, 0.8))
        stands = column(draw.chance(0.75))
        cy = stands * (foot - ry * column(draw.uniform(0.55, 1.0))) + (1 - stands) * column(draw.uniform(-0.5, 0.5))
        boxy = column(draw.chance(0.4))
        frayed = grain * column(draw.uniform(0, 0.3) * draw.chance(0.5)) * (1 - boxy)
        cx = column(draw.uniform(-1.2, 1.2))
        round_ = _ellipse(xx + frayed * rx, yy + frayed.roll(37, -1) * ry, cx, cy, rx, ry)
        box = _ellipse(xx, yy, cx, cy, rx, ry, 9.0)
        here = column(draw.chance(1.0 if i == 0 else 0.5))
        alpha = torch.maximum(alpha, here * (boxy * box + (1 - boxy) * round_))
    return alpha * (yy < foot).float()


def person(draw, xx, yy, picture, alpha):
    """Paints head and shoulders of a person over some of the pictures. Returns picture and alpha."""

    def one(low, high):
        return column(draw.uniform(low, high))

    here = column(draw.chance(0.45))
    r = column(draw.log(0.05, 0.32))
    cx, cy = one(-0.8, 0.8), one(-0.25, 0.25)
    tone = draw.uniform(0, 1, 1) ** 0.7
    skin = (
        torch.tensor([0.28, 0.17, 0.12], device=draw.device) * (1 - tone)
        + torch.tensor([0.96, 0.78, 0.68], device=draw.device) * tone
    )
    skin = column(skin * draw.uniform(0.9, 1.06, 3))
    hair = column(torch.tensor([0.5, 0.35, 0.2], device=draw.device) * draw.uniform(0.05, 1.6, 1))
    cloth, second = column(draw.uniform(0, 1, 3) ** 1.5), column(draw.uniform(0, 1, 3))
    side = one(-0.5, 0.5)

    def put(mask, colour):
        nonlocal picture, alpha
        mask = mask * here
        picture, alpha = picture + (colour - picture) * mask, torch.maximum(alpha, mask)

    face_y, face_x = one(1.15, 1.4), one(-0.12, 0.12) * r
    put(
        _ellipse(xx, yy, cx, cy - 0.15 * r, 1.12 * r, one(1.2, 2.2) * r, 2.5),
        hair * (0.75 + 0.12 * torch.sin(xx * 160)),
    )
    fold = 1 + 0.25 * torch.sin(xx * 23 / (r + 0.1) + 3 * side + 4 * yy)
    put(_ellipse(xx, yy, cx, cy + 3.6 * r, one(1.8, 2.6) * r, 2.2 * r, 3.0), cloth * fold)
    put(_ellipse(xx, yy, cx, cy + 3.0 * r, one(0.05, 0.4) * r, 1.5 * r, 4.0), second)
    put(_ellipse(xx, yy, cx, cy + 1.2 * r, 0.42 * r, 0.7 * r, 4.0), skin * 0.82)
    put(
        _ellipse(xx, yy, cx, cy, 0.86 * r, face_y * 0.9 * r),
        skin * (1 + 0.35 * side * (xx - cx) / r - 0.12 * (yy - cy) / r),
    )
    put(
        _ellipse(xx, yy, cx, cy - 0.95 * r, 0.95 * r, one(0.3, 0.6) * r),
        hair * (1 + 0.2 * torch.sin(xx * 190 + yy * 40)),
    )
    for s in (-1, 1):
        ex, ey = cx + face_x + s * 0.36 * r, cy - 0.12 * r
        put(_ellipse(xx, yy, ex, ey - 0.24 * r, 0.22 * r, 0.05 * r, 2.5), hair * 0.8)
        put(_ellipse(xx, yy, ex, ey, 0.17 * r, 0.085 * r), torch.full_like(skin, 0.9))
        put(_ellipse(xx, yy, ex, ey, 0.08 * r, 0.085 * r), hair * 0.5 + 0.02)
    put(_ellipse(xx, yy, cx + face_x + side * 0.1 * r, cy + 0.2 * r, 0.12 * r, 0.24 * r), skin * 0.85)
    put(
        _ellipse(xx, yy, cx + face_x, cy + 0.58 * r, one(0.18, 0.36) * r, one(0.04, 0.14) * r),
        skin * torch.tensor([0.85, 0.45, 0.45], device=draw.device).view(1, 3, 1, 1),
    )
    return picture, alpha
