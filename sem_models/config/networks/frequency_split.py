"""A network that may only change fine detail: settings and reach."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.config.networks import nafnet, unet
from sem_models.config.networks.capabilities import Capabilities

_REACH = 4.0
"""Half-width of the Gaussian in sigmas."""


class FrequencySplitConfig(Frozen):
    """Which frequencies count as fine detail, and the network that restores them."""

    kind: Literal["frequency-split"] = "frequency-split"
    sigma_px: float = Field(8.0, gt=0.5, le=64)
    """Standard deviation of the Gaussian low-pass. Half a lattice period already blurs atoms away, so one period or
    more leaves them to the network."""
    inner: Annotated[unet.UNetConfig | nafnet.NAFNetConfig, Field(discriminator="kind")]

    @property
    def reach_px(self) -> int:
        """Half-width of the low-pass."""
        return round(_REACH * self.sigma_px)


_INNER: dict[str, Callable[[Any], Capabilities]] = {"nafnet": nafnet.capabilities, "unet": unet.capabilities}


def capabilities(config: FrequencySplitConfig) -> Capabilities:
    """Return the capabilities of the inner network, with the reach of both low-passes added to its own."""
    inner = _INNER[config.inner.kind](config.inner)
    reach = 2 * config.reach_px
    return Capabilities(
        channels_in=inner.channels_in,
        channels_out=inner.channels_out,
        scale=1,
        receptive_field=inner.receptive_field + reach,
        size_multiple=inner.size_multiple,
        channels_last=inner.channels_last,
        effective_halo=None if inner.effective_halo is None else inner.effective_halo + reach,
    )
