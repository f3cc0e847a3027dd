"""The noise-predicting U-Net of DDPM (Ho, Jain and Abbeel, NeurIPS 2020), built with diffusers.

Its input is a noisy image in signed intensity (-1 to 1), followed along the channels by the condition and a flag plane
that is 1 if there is a condition. A dropped condition is 0 everywhere, which without the flag would mean mid-grey.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from sem_models.config.networks.diffusion_unet import DiffusionUNetConfig
from sem_models.features.weights import declare_torchvision_ops

_GROUP_CHANNELS = 4
"""Smallest number of channels in a group of the norms; with one, the norm would remove the added time embedding."""


class DiffusionUNet(nn.Module):
    """Predicts noise (or velocity) from a noisy image, its time step and a condition."""

    def __init__(self, config: DiffusionUNetConfig) -> None:
        super().__init__()
        self.conditional = config.channels_in > 0
        self.unet = _unet(config)

    def forward(self, x_t: Tensor, t: Tensor, condition: Tensor | None = None, kept: Tensor | None = None) -> Tensor:
        """Predict the noise (or velocity) in an image.

        Args:
            x_t: Noisy image in signed intensity, (N, C, H, W); H and W are multiples of 2^(levels - 1).
            t: Integer time steps, (N,).
            condition: (N, K, H, W) in [0, 1]; None if the network has none, or for the unconditional prediction.
            kept: (N,) bool, the images whose condition is kept; None: all.

        Returns:
            (N, C, H, W) float.
        """
        if self.conditional:
            x_t = torch.cat([x_t, *self._signed_condition(x_t, condition, kept)], dim=1)
        predicted: Tensor = self.unet(x_t, t, return_dict=False)[0]
        return predicted

    def _signed_condition(self, x_t: Tensor, condition: Tensor | None, kept: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return the condition in signed intensity and its flag; both are 0 if the condition is dropped."""
        flag = x_t.new_ones(len(x_t), 1, *x_t.shape[2:])
        if condition is None:
            channels = self.unet.conv_in.in_channels - x_t.shape[1] - 1
            return x_t.new_zeros(len(x_t), channels, *x_t.shape[2:]), torch.zeros_like(flag)
        if kept is not None:
            flag = flag * kept.to(flag.dtype)[:, None, None, None]
        return (2 * condition - 1) * flag, flag


def _unet(config: DiffusionUNetConfig) -> Any:
    """Build the network. The library is imported here because it takes seconds and most processes never need it."""
    declare_torchvision_ops()
    from diffusers.models.unets.unet_2d import UNet2DModel

    attends = [level in config.attention for level in range(len(config.multipliers))]
    return UNet2DModel(
        in_channels=config.channels_out + (config.channels_in + 1 if config.channels_in else 0),
        out_channels=config.channels_out,
        block_out_channels=tuple(config.width * multiplier for multiplier in config.multipliers),
        layers_per_block=config.blocks,
        down_block_types=tuple("AttnDownBlock2D" if attend else "DownBlock2D" for attend in attends),
        up_block_types=tuple("AttnUpBlock2D" if attend else "UpBlock2D" for attend in reversed(attends)),
        dropout=config.dropout,
        # A single head, as in the paper.
        attention_head_dim=None,
        norm_num_groups=math.gcd(32, config.width // _GROUP_CHANNELS),
        add_attention=any(attends),
        # As in the paper's code: sine first, the last frequency 1 / 10,000.
        flip_sin_to_cos=False,
        freq_shift=1,
    )
