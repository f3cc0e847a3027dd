"""Whether a device has hardware for bf16."""

import torch


def has_bf16_units(device: str) -> bool:
    """Return whether bf16 is the faster format on `cpu` or `cuda`; emulated, it is several times slower."""
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
