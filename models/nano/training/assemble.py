"""A whole checkpoint from parts that were trained or copied apart: assemble.py OUT --vae FOLDER --unet FOLDER --clip FOLDER

Each folder holds the .safetensors files of that part, in fp16 or fp32; configs and the index of the shards are written anew.
"""
import argparse

import model

p = argparse.ArgumentParser(); p.add_argument("out"); p.add_argument("--vae", required=True); p.add_argument("--unet", required=True); p.add_argument("--clip", required=True)
a = p.parse_args()
model.save_checkpoint(a.out, *(model.load_part(f) for f in (a.vae, a.unet, a.clip)))
