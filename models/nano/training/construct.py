"""Constructs the weights of nano's UNet: a camera that moves the photo.

usage: construct.py OUT --vae FOLDER --places FILE.pt|UNET_FOLDER --nearness FILE.pt
       construct.py OUT --start UNET_FOLDER --places FILE.pt|UNET_FOLDER

With --start, only the camera motion and the positions are written again into an existing UNet.

The weights of most layers are formulas, or feed-forward networks that are fitted by least squares. Only two parts are
learned by gradient descent: the positions of the picture (places.py) and the distance of its parts (nearness.py). The
construction takes a minute on one core. Training can continue from the result (train_denoiser.py).

The modules write the layers in the order in which the data passes them:

- construct_motion.py: the noise and the ids determine the camera motion
- construct_displacement.py: each position of each frame gets its displacement
- construct_lookup.py: attention looks up the latents of the photo at the displaced position
"""

import argparse

import torch

import model
import nearness
import places
from construct_displacement import combine_inputs, compute_displacements, upsample_displacements
from construct_lookup import compute_source_code, look_up_latents, write_output
from construct_motion import find_camera_move, find_motion_amount, fit_color_map, write_input
from weights import write_steady


@torch.no_grad()
def construct(place_path, nearness_net, vae):
    """Returns the UNet with all weights written."""
    unet = places.load(place_path)
    generator = torch.Generator().manual_seed(1)
    for write_part in (write_input, find_camera_move, find_motion_amount, combine_inputs):
        write_part(unet, generator)
    nearness.write_into_unet(nearness_net, unet, fit_color_map(vae))
    for write_part in (
        compute_displacements,
        upsample_displacements,
        compute_source_code,
        look_up_latents,
        write_output,
    ):
        write_part(unet, generator)
    return unet


@torch.no_grad()
def reconstruct(start, place_path):
    """Returns the UNet of the folder `start` with the positions, and all layers from the noise to the displacements,
    written again. The distances, the look-up and the resampler stay.
    """
    unet = model.make_unet()
    unet.load_state_dict(model.load_part(start))
    places.write_into_unet(place_path, unet)
    generator = torch.Generator().manual_seed(1)
    for write_part in (write_input, find_camera_move, combine_inputs):
        write_part(unet, generator)
    write_steady(unet.up_blocks[1].resnets[0].spatial_res_block.conv_shortcut.bias, nearness.OUTPUT_GROUP)
    for write_part in (compute_displacements, upsample_displacements):
        write_part(unet, generator)
    return unet


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", help="folder of the checkpoint to write")
    parser.add_argument("--places", required=True, help="result of places.py, or the folder of a UNet")
    parser.add_argument("--vae", help="folder of the autoencoder")
    parser.add_argument("--nearness", help="result of nearness.py")
    parser.add_argument("--start", help="folder of a UNet whose camera motion is written again")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.start:
        return model.save_checkpoint(args.out, unet=reconstruct(args.start, args.places).state_dict())
    nearness_net = nearness.Nearness()
    nearness_net.load_state_dict(torch.load(args.nearness))
    vae = model.load_autoencoder(args.vae)
    unet = construct(args.places, nearness_net, vae)
    model.save_checkpoint(args.out, vae.state_dict(), unet.state_dict(), model.make_clip().state_dict())


if __name__ == "__main__":
    main()
