"""Convolutions to one output channel, or from one input channel, in a form in which a processor trains them faster."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class ThinConv2d(nn.Conv2d):
    """A convolution that splits a k x k kernel into its k columns while it is trained on a CPU.

    The libraries compute convolutions in blocks of 8 or 16 channels, most of which are empty here: a 7 x 7 convolution
    to one channel takes a third of the time with seven outputs of 7 x 1, which are then shifted and added. Elsewhere,
    and for other numbers of channels, it is `nn.Conv2d`; results differ by rounding.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C', H', W')."""
        if not self.training or x.device.type != "cpu" or torch.is_autocast_enabled("cpu"):
            return super().forward(x)
        if self.out_channels == 1 and self.kernel_size[1] > 1:
            return self._added(self._padded(x))
        # Without a gradient of the input, the usual form is as fast.
        if self.in_channels == 1 and x.requires_grad and self.kernel_size[1] > 3:
            return self._stacked(self._padded(x))
        return super().forward(x)

    def _padded(self, x: Tensor) -> Tensor:
        down, right = (int(size) for size in self.padding)
        return F.pad(x, (right, right, down, down)) if down or right else x

    def _added(self, x: Tensor) -> Tensor:
        columns = F.conv2d(x, self.weight.permute(3, 1, 2, 0))
        width = x.shape[3] - self.kernel_size[1] + 1
        total = columns[:, :1, :, :width]
        for column in range(1, self.kernel_size[1]):
            total = total + columns[:, column : column + 1, :, column : column + width]
        return total if self.bias is None else total + self.bias[:, None, None]

    def _stacked(self, x: Tensor) -> Tensor:
        width = x.shape[3] - self.kernel_size[1] + 1
        shifted = torch.cat([x[..., column : column + width] for column in range(self.kernel_size[1])], 1)
        return F.conv2d(shifted, self.weight[:, 0].permute(0, 2, 1)[..., None], self.bias)
