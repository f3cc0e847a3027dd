"""How much memory a training takes, of its device: that of the GPU, or else the main memory of the whole process."""

import torch

from sem_models import memory


def held_bytes(device: torch.device) -> int:
    """Return what is held now, on a GPU with what PyTorch keeps for its next use; takes some microseconds."""
    return torch.cuda.memory_reserved(device) if device.type == "cuda" else memory.held_bytes()


def peak_bytes(device: torch.device) -> int:
    """Return the most that was held at once; on a GPU since its statistics were reset."""
    return torch.cuda.max_memory_reserved(device) if device.type == "cuda" else memory.peak_bytes()
