"""The camera motion and the encoding of positions, shared by the construction, its fits and the training.

Lengths are in latent pixels (8 pixels of the picture), measured from the center of the picture.
"""

import math

import torch

PERIODS = (9.0, 20.0, 128.0)  # periods of the place code, in latent pixels
PERIOD_WEIGHTS = (9.0, 8.0, 30.0)  # the weight of each period when a place is looked up
CODE_PAIRS = 2 * len(PERIODS)  # pairs of cosine and sine: the periods of x, then those of y
CODE_SIZE = 2 * CODE_PAIRS  # numbers in a place code
PLACE_SIZE = CODE_SIZE + 6  # features of a place: code, x, y, four distances
NOISE_CHANNELS = (0, 1, 2)  # latent channels whose noise determines the camera move
PARALLAX_CHANNELS = (3, 4)  # latent channels whose noise determines additional parallax
PARALLAX_GAIN = 0.02  # small, so that the noise of a seed adds almost none, but a named camera move can
FRAMES = 50
TOKENS_PER_FRAME = 144  # of the third level at the default size
DISTANCE_UNIT = 8.0  # unit of the distances to the borders


def _shapes():
    """All shapes (h, w) of multiples of four latent pixels with about the area of 36 x 64, up to a ratio of 2.25."""
    sides = range(32, 73, 4)
    return tuple(
        (h, w) for h in sides for w in sides if abs(h * w / (36 * 64) - 1) <= 0.12 and max(h / w, w / h) <= 2.25
    )


SIZES = _shapes()  # of the latents of the sizes that a video can have with "auto"


def angular_frequencies():
    """The angular frequencies of PERIODS."""
    return torch.tensor([2 * math.pi / p for p in PERIODS])


def place_code(x, y):
    """The code of positions (x, y) in latent pixels: [..., 12], cosine and sine of each period, first for x, then for
    y.
    """
    a = torch.cat([x[..., None] * angular_frequencies(), y[..., None] * angular_frequencies()], -1)
    return torch.stack([a.cos(), a.sin()], -1).flatten(-2)


def grid_centers(h, w, scale):
    """The centers (y, x) of the places of a level, which is `scale` times smaller than h x w latent pixels."""
    y = (torch.arange(h // scale) + 0.5) * scale - h / 2
    x = (torch.arange(w // scale) + 0.5) * scale - w / 2
    return torch.meshgrid(y, x, indexing="ij")


def place_features(h, w, scale=4):
    """The features of each place of a level, [h/scale, w/scale, 18]: the code (12), x and y (divided by 32), and the
    distances to the right, left, lower and upper border (divided by 8, at most 2).
    """
    y, x = grid_centers(h, w, scale)
    d = torch.stack([w / 2 - x, x + w / 2, h / 2 - y, y + h / 2], -1) / DISTANCE_UNIT
    return torch.cat([place_code(x, y), torch.stack([x, y], -1) / 32, d.clamp(max=2.0)], -1)


def camera_move(s):
    """Maps three normal numbers [..., 3] to the camera move: pan x, pan y and push-in, together of about unit length.

    The push-in is large enough to keep the view inside the picture (of 64 x 36 latent pixels). A pull-out is rare,
    straight and slower.
    """
    s = s + torch.tensor([0.0, 0.0, 0.9], device=s.device)
    x, y, near = (
        s * torch.tensor([0.6, 0.35, 1.0], device=s.device) / (s.pow(2).sum(-1, keepdim=True) + 0.15).sqrt()
    ).unbind(-1)
    back = (-near / 0.4).clamp(0, 1)
    x, y = x * (1 - back), y * (1 - back)
    inside = torch.maximum(x.abs(), 64 / 36 * y.abs())
    return torch.stack([x, y, torch.where(near > 0, torch.maximum(near, inside), inside + 0.35 * near * back)], -1)


def displacement(move, turn, x, y, near):
    """The displacement [..., 2] to the source of the place (x, y), whose nearness is `near`, in the last frame.

    `move` is that of `camera_move`; `turn` [..., 2] adds parallax without moving places at the mean distance. If it is
    the opposite of the pan, all places move alike, as if the camera turned. Without a pan, near and far places move in
    opposite directions, as if the camera moved around the subject.
    """
    position = torch.stack([x, y], -1)
    near = near[..., None]
    return (move[..., :2] - move[..., 2:] * position) * (1 + near) + turn * near


def noise_numbers(noise, channels=NOISE_CHANNELS):
    """Extracts the standard normal numbers [b, n] that determine the camera move from standard normal noise
    [b,t,c,h,w]: three for `camera_move` or, of PARALLAX_CHANNELS, two for the additional parallax.

    They are the amplitudes of a checkerboard pattern in these channels, over all frames. Pictures have almost none of
    it.
    """
    h, w = noise.shape[-2:]
    board = 1 - 2 * ((torch.arange(h, device=noise.device)[:, None] + torch.arange(w, device=noise.device)) % 2)
    return torch.stack(
        [(noise[:, :, c] * board).sum((1, 2, 3)) / math.sqrt(noise[:, :, c][0].numel()) for c in channels], 1
    )


def motion_amount(motion, fps, aug=0.0):
    """The motion of the picture's edge over 49 frames, in latent pixels.

    It increases with motion_bucket_id, with a lower fps and, as in SVD, with noise_aug_strength.
    """
    return ((1 + 8 * motion / 255) * (7 / fps).clamp(0.25, 1.4) * (1 + aug)).clamp(max=9.5)
