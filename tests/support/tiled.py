"""A network whose tiled and whole-image predictions can be compared."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.config.networks.capabilities import Capabilities


class Model:
    """A network with random weights that are large enough for every halo pixel to matter."""

    def __init__(self, network: nn.Module, facts: Capabilities) -> None:
        self.name, self.capabilities = "random", facts
        self.network = network.eval()
        generator = torch.Generator().manual_seed(1)
        for parameter in network.parameters():
            if parameter.ndim > 1:
                fan_in = parameter[0].numel()
                parameter.data = torch.randn(parameter.shape, generator=generator) / fan_in**0.5

    def __call__(self, x: Tensor) -> Tensor:
        return self.network(x)


def whole_image(model: Model, image: np.ndarray) -> np.ndarray:
    """Apply the network to the whole image, reflected at bottom and right to the multiple, then cropped."""
    facts, (height, width) = model.capabilities, image.shape[1:]
    missing = (0, -width % facts.size_multiple, 0, -height % facts.size_multiple)
    with torch.inference_mode():
        output = model(F.pad(torch.from_numpy(image)[None], missing, mode="reflect"))[0].numpy()
    return output[:, : height * facts.scale, : width * facts.scale]
