"""Finds the noise numbers of the named camera moves for a UNet, for `camera` in cinematica.json.

usage: camera_numbers.py UNET_FOLDER

The feed-forward network that maps the noise to the camera move is not exact, so the numbers are found with that
network, by Newton's method.
"""

import json
import sys

import torch

import model
from camera import PARALLAX_GAIN
from construct_motion import CONSTANT, FIRST_CONSTANT
from weights import empty_tokens

# For each move: pan x, pan y and push-in (see camera_move), and the additional parallax x and y (see displacement).
# A pan or tilt includes enough push-in to keep the view inside the picture, and parallax that cancels most of its own.
# An orbit moves what is a little nearer than the mean the least.
MOVES = {
    "still": (0.0, 0.0, 0.0, 0.0, 0.0),
    "push-in": (0.0, 0.0, 0.97, 0.0, 0.0),
    "pull-out": (0.0, 0.0, -0.33, 0.0, 0.0),
    "pan-left": (-0.48, 0.0, 0.57, 0.34, 0.0),
    "pan-right": (0.48, 0.0, 0.57, -0.34, 0.0),
    "tilt-up": (0.0, -0.28, 0.57, 0.0, 0.2),
    "tilt-down": (0.0, 0.28, 0.57, 0.0, -0.2),
    "orbit-left": (0.22, 0.0, 0.45, -0.9, 0.0),
    "orbit-right": (-0.22, 0.0, 0.45, 0.9, 0.0),
}
# Approximate numbers, where Newton's method starts.
START = {
    "still": (0.0, 0.0, -0.9),
    "push-in": (0.0, 0.0, 2.0),
    "pull-out": (0.0, 0.0, -2.0),
    "pan-left": (-2.0, 0.0, 0.5),
    "pan-right": (2.0, 0.0, 0.5),
    "tilt-up": (0.0, -2.0, 0.5),
    "tilt-down": (0.0, 2.0, 0.5),
    "orbit-left": (0.15, 0.0, -0.7),
    "orbit-right": (-0.15, 0.0, -0.7),
}
FRAME_MEANS, MOVE = 6, 9  # channels of the tokens in find_camera_move


def move_of(block, numbers):
    """The camera move that the UNet computes from three numbers."""
    tokens = empty_tokens(1, FIRST_CONSTANT, CONSTANT)
    tokens[:, FRAME_MEANS : FRAME_MEANS + 3] = numbers
    return block.ff(block.norm3(tokens))[0, MOVE : MOVE + 3]


def find_numbers(block, wanted, start):
    """Newton's method with a limited step; returns the numbers and what the UNet makes of them."""
    numbers, best = torch.tensor(start), None
    for _ in range(60):
        error = move_of(block, numbers) - torch.tensor(wanted)
        if best is None or error.norm() < best[0]:
            best = error.norm(), numbers
        jacobian = torch.autograd.functional.jacobian(lambda n: move_of(block, n), numbers)
        step = torch.linalg.lstsq(jacobian + 1e-3 * torch.eye(3), error[:, None]).solution[:, 0]
        numbers = numbers - step * min(1.0, 0.2 / float(step.norm().detach().clamp_min(1e-9)))
    return best[1], move_of(block, best[1])


def main():
    unet = model.make_unet()
    unet.load_state_dict(model.load_part(sys.argv[1]))
    block = unet.down_blocks[2].attentions[0].temporal_transformer_blocks[0]
    moves = {}
    for name, wanted in MOVES.items():
        numbers, made = find_numbers(block, wanted[:3], START[name])
        print(name, [f"{x:.3f}" for x in made.tolist()], "wanted", wanted[:3], file=sys.stderr)
        turn = [t / PARALLAX_GAIN for t in wanted[3:]]
        moves[name] = [round(float(x), 3) + 0.0 for x in (*numbers, *turn)]
    print(json.dumps(moves, indent=2))


if __name__ == "__main__":
    main()
