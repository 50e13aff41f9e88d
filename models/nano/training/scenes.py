"""Training videos, rendered on the device in batches: 3-D scenes of textured planes with a smoothly moving camera.

usage: scenes.py SHEET.png [SEED] renders a contact sheet

A scene has a backdrop, mostly a ground up to the horizon, and three groups of objects at different depths. Each plane
is painted as the first frame shows it, on a canvas that is larger than the frame. A later frame samples that canvas
where the ray through each pixel meets the plane. So parallax and perspective are exact, and the motion is known.
Painting is slow and filming is fast, so scenes are kept in a pool, filmed many times, and replaced one by one. No data
is loaded.
"""

import math

import torch
import torch.nn.functional as F

from draw import Draw, column
from objects import person, silhouettes
from textures import blur, fractal_noise, light, sky, surface

MARGIN = 1.6  # size of the canvas, relative to the frame
SLOWEST, FASTEST, FRAMES, FPS = 0.02, 0.3, 49, 7.0  # motion in 49 frames at 7 fps, in widths, for ids 1 and 255


def speed_of(motion_bucket, fps):
    """The mean motion from frame to frame for an id and a frame rate, in widths of the picture."""
    return SLOWEST * (FASTEST / SLOWEST) ** ((motion_bucket - 1) / 254) / FRAMES * FPS / fps


def coordinates(h, w, ratio, reach, device):
    y = ((torch.arange(h, device=device) + 0.5) * 2 / h - 1) * ratio * reach
    x = ((torch.arange(w, device=device) + 0.5) * 2 / w - 1) * reach
    yy, xx = torch.meshgrid(y, x, indexing="ij")
    return xx[None, None], yy[None, None]


def camera_path(draw, frames):
    """The position and orientation of the camera, [b,6,t]: x, y, z, yaw, pitch, roll; zero at frame 0, about 1 at the
    last frame.

    The paths are push-in, pull-out, truck (sideways), pan (turn) and arc (sideways, turned to the center), each with a
    little of the others. The speed is constant or increases slightly, so that a longer video can continue.
    """
    s = torch.linspace(0, 1, frames, device=draw.device)[None]
    ease = draw.uniform(-0.25, 0.25, 1)
    along = s + ease * s * (s - 1)
    kind = draw.uniform(0, 1)
    inside, out, truck, pan = (
        kind < 0.38,
        (kind >= 0.38) & (kind < 0.56),
        (kind >= 0.56) & (kind < 0.72),
        (kind >= 0.72) & (kind < 0.84),
    )
    angle = torch.where(
        draw.chance(0.7).bool(), draw.integer(0, 2) * math.pi + 0.35 * draw.normal(), draw.uniform(0, 2 * math.pi)
    )
    cx, cy = angle.cos(), 0.7 * angle.sin()
    depth = inside.float() - out.float()
    side = torch.where(inside | out, 0.25 * draw.uniform(0, 1), torch.where(pan, 0.0, 1.0))
    turn = torch.where(pan, 1.0, torch.where(inside | out | truck, 0.15 * draw.normal(), -draw.uniform(0.5, 0.9)))
    z = depth + torch.where(inside | out, 0.0, 0.15 * draw.normal())
    path = torch.stack(
        [side * cx, side * cy, 1.2 * z, turn * cx, -turn * cy, 0.06 * draw.normal() * draw.chance(0.4)], 1
    )
    return path[..., None] * along[:, None]


def _rays(xx, yy, path, focal, horizon):
    """The directions [b,t,h,w] x 3 of the rays through the pixels."""
    yaw, pitch, roll = (path[:, i, :, None, None] for i in (3, 4, 5))
    x, y, z = xx, yy - horizon, focal
    x, y = x * roll.cos() - y * roll.sin(), x * roll.sin() + y * roll.cos()
    y, z = y * pitch.cos() - z * pitch.sin(), y * pitch.sin() + z * pitch.cos()
    return x * yaw.cos() + z * yaw.sin(), y, z * yaw.cos() - x * yaw.sin()


def _land(rays, path, plane, focal, horizon):
    """The position (x, y in the first frame) where rays meet a plane (normal and distance, [b,4]), and whether it is in
    front.
    """
    dx, dy, dz = rays
    cx, cy, cz = (path[:, i, :, None, None] for i in range(3))
    nx, ny, nz, d = (plane[:, i].view(-1, 1, 1, 1) for i in range(4))
    facing = nx * dx + ny * dy + nz * dz
    s = (d - nx * cx - ny * cy - nz * cz) / torch.where(facing.abs() < 1e-4, torch.full_like(facing, 1e-4), facing)
    z = (cz + s * dz).clamp_min(1e-3)
    return focal * (cx + s * dx) / z, focal * (cy + s * dy) / z + horizon, (s > 0) & (cz + s * dz > 0.02)


def paint(draw, h, w):
    """Paints scenes for pictures of h x w.

    Returns the canvases from far to near, [b,5,4,H,W] (colors times alpha, and alpha, as bytes), the planes [b,5,4],
    and the lens [b,2]: focal length and horizon.
    """
    ratio = h / w
    focal, horizon, height = (
        column(draw.log(0.9, 2.2)),
        column(draw.uniform(-0.25, 0.3) * ratio * 1.6),
        column(draw.uniform(0.25, 0.7)),
    )
    H, W = (int(n * MARGIN) // 2 * 2 for n in (h, w))
    xx, yy = coordinates(H, W, ratio, MARGIN, draw.device)
    zero = torch.zeros(draw.b, device=draw.device)

    def frontal(depth, slant):
        return torch.stack([slant.sin(), zero, slant.cos(), depth * slant.cos()], 1)

    indoors = column(draw.chance(0.3))
    haze_colour, haze = (
        column(draw.uniform(0.3, 0.95, 1) * draw.uniform(0.85, 1.0, 3)),
        column(draw.uniform(0, 0.35) ** 2 * draw.chance(0.6)),
    )

    def fog(picture, depth):
        return picture + (haze_colour - picture) * (1 - torch.exp(-haze * depth))

    out_of_focus = float(draw.uniform(0, 1)[0])
    layers = []

    far = draw.log(1.6, 4.0)
    backdrop = surface(draw, H, W) * indoors + sky(draw, H, W) * (1 - indoors)
    far_depth = torch.where(indoors.flatten() > 0, far, far * 20)
    if 0.15 < out_of_focus < 0.4:
        backdrop = blur(backdrop, 1 + 0.012 * W * out_of_focus)
    layers.append((frontal(far_depth, zero), torch.cat([backdrop, torch.ones_like(backdrop[:, :1])], 1)))

    ground = column(draw.chance(0.65))
    below = (yy - horizon).clamp_min(1e-3)
    depth = focal * height / below
    flat = surface(draw, H, W)
    scale = 2.5 / column(draw.uniform(2.0, 6.0))
    grid = torch.stack([(xx * depth / focal * scale)[:, 0], ((depth - 0.5) * scale)[:, 0]], -1)
    grid = 1 - (torch.remainder(grid + 1, 4) - 2).abs()  # mirrored repeatedly
    near, mid = (F.grid_sample(t, grid, mode="bilinear", align_corners=False) for t in (flat, F.avg_pool2d(flat, 6)))

    def blend(low, high):
        return ((depth - low) / (high - low)).clamp(0, 1)

    picture = near + (mid - near) * blend(1.2, 3.0)
    picture = fog(picture + (flat.mean((2, 3), keepdim=True) - picture) * blend(3.0, 9.0), depth) * light(draw, H, W)
    alpha = (
        ground
        * (below / (xx[0, 0, 0, 1] - xx[0, 0, 0, 0])).clamp(0, 1)
        * (depth < torch.minimum(column(far_depth), torch.full_like(depth, 60.0))).float()
    )
    layers.append((torch.stack([zero, zero + 1, zero, height.flatten()], 1), torch.cat([picture * alpha, alpha], 1)))

    depths = torch.stack([draw.uniform(1.25, 1.6), draw.uniform(0.95, 1.2), draw.uniform(0.7, 0.9)], 1)
    for i in range(3):
        z = depths[:, i]
        foot = torch.where(
            ground.flatten() > 0, (focal * height / column(z) + horizon).flatten(), draw.uniform(0.2, 1.5)
        )
        grain = fractal_noise(draw, 1, H, W, 0.9, 1.6)
        alpha = silhouettes(draw, xx, yy, foot, grain, count=(4, 3, 2)[i])
        picture = surface(draw, H, W, finest=(0.012, 0.014, 0.02)[i])
        if i == 1:
            picture, alpha = person(draw, xx, yy, picture, alpha)
        picture = (fog(picture, column(z)) * light(draw, H, W)).clamp(0, 1)
        alpha = alpha * column(draw.chance((0.9, 0.85, 0.5)[i]))
        canvas = torch.cat([picture * alpha, alpha], 1)
        if i == 2 and out_of_focus > 0.7:
            canvas = blur(canvas, 1 + 0.02 * W * (out_of_focus - 0.7))
        layers.append((frontal(z, 0.5 * draw.normal().clamp(-1.5, 1.5) * draw.chance(0.3)), canvas))
    planes, canvases = (torch.stack(x, 1) for x in zip(*layers))
    return {
        "canvases": (canvases.clamp(0, 1) * 255).round().to(torch.uint8),
        "planes": planes,
        "lens": torch.stack([focal.flatten(), horizon.flatten()], 1),
    }


def finish(draw, frames):
    """Applies exposure, contrast, gamma, saturation and vignette. [b,t,3,h,w] in 0..1 becomes -1..1."""

    def five(x):
        return x.view(-1, 1, 1, 1, 1)

    grey = frames.mean(2, keepdim=True)
    frames = grey + (frames - grey) * five(draw.uniform(0.5, 1.5) * (1 - draw.chance(0.05)))
    frames = (frames - 0.5) * five(draw.log(0.75, 1.7)) + 0.5 + five(draw.uniform(-0.12, 0.12))
    h, w = frames.shape[-2:]
    xx, yy = coordinates(h, w, h / w, 1.0, frames.device)
    frames = frames * (1 - five(draw.uniform(0, 0.3) * draw.chance(0.4)) * (xx**2 + yy**2)[None])
    return frames.clamp(1e-4, 1) ** five(draw.log(0.65, 1.5)) * 2 - 1


def shoot(canvases, planes, path, focal, horizon, mirrored, h, w, fine):
    """Renders frames [b,t,3,h,w] in 0..1 from the camera positions `path` ([b,6,t])."""
    b, t, ratio = path.shape[0], path.shape[2], h / w
    H, W = h * fine, w * fine
    xx, yy = coordinates(H, W, ratio, 1.0, path.device)
    rays, out = _rays(xx * mirrored, yy, path, focal, horizon), None
    for i in range(planes.shape[1]):
        x, y, ahead = _land(rays, path, planes[:, i], focal, horizon)
        grid = torch.stack([x / MARGIN, y / (MARGIN * ratio)], -1)
        grid = torch.where(ahead[..., None], grid, torch.full_like(grid, 9.0)).clamp(-9, 9)
        s = F.grid_sample(
            canvases[:, i].float() / 255,
            grid.reshape(b, t * H, W, 2),
            mode="bilinear",
            padding_mode="reflection",
            align_corners=False,
        ).view(b, 4, t, H, W)
        out = s[:, :3] if out is None else out * (1 - s[:, 3:] * ahead[:, None]) + s[:, :3] * ahead[:, None]
    if fine > 1:
        out = out.view(b, 3, t, h, fine, w, fine).mean((4, 6))
    return out.transpose(1, 2)


def path_of(move, frames, focal):
    """The camera path [b,6,t] with which the picture, at the depth of most objects, moves by `move` [b,3] in 49 frames.

    A move is right and down in half widths, and nearer relative to the distance.
    """
    x, y, near = move.unbind(1)
    zero = torch.zeros_like(x)
    along = torch.arange(frames, device=move.device) / FRAMES
    return torch.stack([x / focal, y / focal, near, zero, zero, zero], 1)[..., None] * along


def film(draw, scenes, frames, h, w, speed=None, shoot=shoot, chunk=25, move=None):
    """Films scenes: videos [b,t,3,h,w] in -1..1. The scenes may be painted for a multiple of h x w, which reduces
    aliasing.

    The camera moves by `speed` ([b], widths per frame) on average, at the depth of most objects, or by `move` (see
    `path_of`).
    """
    b, dev = draw.b, draw.device
    fine = max(1, round(scenes["canvases"].shape[-1] / MARGIN / w))
    focal, horizon = (column(x) for x in scenes["lens"].unbind(1))
    mirrored = (draw.chance(0.5) * 2 - 1).view(b, 1, 1, 1)
    path = (
        camera_path(draw, frames)
        if move is None
        else path_of(torch.cat([move[:, :1] * mirrored.flatten()[:, None], move[:, 1:]], 1), frames, focal.flatten())
    )
    x, y = coordinates(18, 32, h / w, 1.0, dev)
    middle = torch.tensor([[0.0, 0.0, 1.0, 1.0]], device=dev).expand(b, 4)
    size = torch.full((b, 1, 1), 0.05 if move is None else 1.0, device=dev)
    for _ in range(4 if move is None else 0):
        gx, gy, _ahead = _land(_rays(x, y, path * size, focal, horizon), path * size, middle, focal, horizon)
        moved = torch.sqrt((gx[:, 1:] - gx[:, :-1]) ** 2 + (gy[:, 1:] - gy[:, :-1]) ** 2 + 1e-12).mean((1, 2, 3)) / 2
        size = (size * (speed / moved).view(b, 1, 1)).clamp(1e-4, 0.62)  # never through the objects
    inks = torch.stack(
        [
            torch.randperm(3, generator=draw.g, device=dev) if i % 5 == 4 else torch.arange(3, device=dev)
            for i in range(b)
        ]
    )
    canvases = scenes["canvases"].gather(
        2, torch.cat([inks, torch.full_like(inks[:, :1], 3)], 1)[:, None, :, None, None].expand_as(scenes["canvases"])
    )
    parts = (path * size).split(chunk, 2)
    return finish(
        draw,
        torch.cat(
            [
                shoot(canvases, scenes["planes"], part.contiguous(), focal, horizon, mirrored, h, w, fine)
                for part in parts
            ],
            1,
        ),
    )


class Pool:
    """Painted scenes. `film` renders some of them; `refresh` replaces the oldest ones."""

    def __init__(self, generator, device, size, h, w, fine=1, batch=4, compiled=False):
        self.shoot = torch.compile(shoot, dynamic=False) if compiled else shoot
        self.g, self.device, self.h, self.w, self.fine, self.batch, self.oldest = (
            generator,
            device,
            h,
            w,
            fine,
            batch,
            0,
        )
        self.scenes = self._paint(batch)
        while len(self.scenes["planes"]) < size:
            self.scenes = {
                k: torch.cat([v, new]) for new, (k, v) in zip(self._paint(batch).values(), self.scenes.items())
            }

    def _paint(self, n):
        with torch.no_grad():
            return paint(Draw(n, self.g, self.device), self.h * self.fine, self.w * self.fine)

    def refresh(self, n=1):
        size = len(self.scenes["planes"])
        at = torch.arange(self.oldest, self.oldest + n, device=self.device) % size
        for k, v in self._paint(n).items():
            self.scenes[k][at] = v
        self.oldest = (self.oldest + n) % size

    @torch.no_grad()
    def film(self, b, frames, speed=None, move=None):
        pick = torch.randperm(len(self.scenes["planes"]), generator=self.g, device=self.device)
        pick = pick.repeat(-(-b // len(pick)))[:b]
        return film(
            Draw(b, self.g, self.device),
            {k: v[pick] for k, v in self.scenes.items()},
            frames,
            self.h,
            self.w,
            speed,
            self.shoot,
            move=move,
        )


if __name__ == "__main__":
    import sys
    import time

    import numpy as np
    from PIL import Image

    torch.set_num_threads(1)
    ids = torch.tensor([1.0, 60.0, 127.0, 127.0, 200.0, 255.0])
    g = torch.Generator().manual_seed(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    start = time.time()
    pool = Pool(g, "cpu", 6, 144, 256, fine=2, batch=1)
    painted = time.time()
    v = pool.film(6, 5, speed_of(ids, FPS) * FRAMES / 4)
    rows = [np.concatenate([((f.permute(1, 2, 0).numpy() + 1) * 127.5).astype("uint8") for f in s], 1) for s in v]
    Image.fromarray(np.concatenate(rows, 0)).save(sys.argv[1])
    print(
        f"motion ids of the rows: {ids.tolist()}; painting {painted - start:.1f} s, "
        f"filming {time.time() - painted:.1f} s"
    )
