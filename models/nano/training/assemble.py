"""Assembles a checkpoint from parts that were trained separately.

usage: assemble.py OUT --vae FOLDER --unet FOLDER --clip FOLDER

Each folder contains the .safetensors files of the part, in fp16 or fp32. The configs and the index of the shards are
written new.
"""

import argparse

import model

p = argparse.ArgumentParser()
p.add_argument("out")
p.add_argument("--vae", required=True)
p.add_argument("--unet", required=True)
p.add_argument("--clip", required=True)
a = p.parse_args()
model.save_checkpoint(a.out, *(model.load_part(f) for f in (a.vae, a.unet, a.clip)))
