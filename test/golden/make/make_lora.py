"""Computes references of LoRAs for a golden folder: `make_lora.py DIR` writes `DIR/loras/`.

Two LoRAs with random matrices on diffusers' UNet by PEFT, each in the notation of one writer:

- `peft/adapter_model.safetensors` and `peft/adapter_config.json`: as PEFT saves it (`lora_alpha` in the config)
- `kohya.safetensors`: as kohya's scripts save it, converted by diffusers (`alpha` as tensors)

`golden.safetensors`: `unet_out` of the inputs in `DIR/golden.safetensors` with both LoRAs; the metadata has their
strengths. Needs peft and accelerate beside requirements.txt.
"""

import json
import sys
import zlib
from pathlib import Path

import torch
from diffusers import UNetSpatioTemporalConditionModel
from diffusers.utils import convert_state_dict_to_kohya
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors.torch import load_file, save_file

ATTENTION = ["to_q", "to_k", "to_v", "to_out.0"]
LORAS = {
    "peft": dict(r=4, lora_alpha=2, target_modules=[*ATTENTION, "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out"]),
    "kohya": dict(r=2, lora_alpha=3, target_modules=["to_q", "to_out.0", "conv1", "conv2", "linear_1"]),
}
STRENGTHS = {"peft": 0.8, "kohya": -0.5}


def randomise(model):
    for name, parameter in model.named_parameters():
        if ".lora_" not in name:
            continue
        g = torch.Generator().manual_seed(zlib.crc32(name.encode()))
        fan_in = parameter[0].numel()
        parameter.data.copy_(torch.randn(parameter.shape, generator=g) / fan_in**0.5)


@torch.no_grad()
def main(folder):
    out = folder / "loras"
    (out / "peft").mkdir(parents=True, exist_ok=True)
    golden = load_file(folder / "golden.safetensors")
    config = json.loads((folder / "checkpoint/unet/config.json").read_text())
    unet = UNetSpatioTemporalConditionModel.from_config(config)
    [weights] = (folder / "checkpoint/unet").glob("*.safetensors")
    unet.load_state_dict({name: tensor.float() for name, tensor in load_file(weights).items()})
    model = get_peft_model(unet.eval(), LoraConfig(**LORAS["peft"]), adapter_name="peft")
    model.add_adapter("kohya", LoraConfig(**LORAS["kohya"]))
    randomise(model)
    model.save_pretrained(out, selected_adapters=["peft"])
    config = json.loads((out / "peft/adapter_config.json").read_text())
    kept = {name: config[name] for name in ("peft_type", "r", "lora_alpha", "use_rslora", "use_dora")}
    (out / "peft/adapter_config.json").write_text(json.dumps(kept, indent=2) + "\n")
    (out / "README.md").unlink(missing_ok=True)

    state = {
        name.replace("base_model.model.", "unet."): tensor.contiguous()
        for name, tensor in get_peft_model_state_dict(model, adapter_name="kohya").items()
    }
    alphas = {
        f"{name.rsplit('.lora_A', 1)[0]}.alpha": LORAS["kohya"]["lora_alpha"] for name in state if ".lora_A" in name
    }
    save_file(kohya(state, alphas), out / "kohya.safetensors")

    model.base_model.set_adapter(["peft", "kohya"])
    for module in model.modules():
        if isinstance(module, LoraLayer):
            for name, strength in STRENGTHS.items():
                if name in module.scaling:
                    module.set_scale(name, strength)
    result = unet(
        golden["unet_sample"],
        golden["unet_timestep"][0],
        golden["unet_encoder_hidden_states"],
        added_time_ids=golden["unet_added_time_ids"],
    ).sample
    strengths = {name: str(strength) for name, strength in STRENGTHS.items()}
    save_file({"unet_out": result.contiguous()}, out / "golden.safetensors", strengths)


def kohya(state, alphas):
    converted = convert_state_dict_to_kohya(state)
    converted = {name.replace("unet_lora_unet", "lora_unet"): tensor for name, tensor in converted.items()}
    tensors = {name: tensor.float().contiguous() for name, tensor in converted.items()}
    for name, alpha in alphas.items():
        layer = name.removeprefix("unet.").removesuffix(".alpha").replace(".", "_")
        tensors[f"lora_unet_{layer}.alpha"] = torch.tensor(float(alpha))
    return tensors


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
