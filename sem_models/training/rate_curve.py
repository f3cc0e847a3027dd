"""Where the loss of a range test falls most steeply, if it falls at all before the training blows up."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

_SIGMA_STEPS = 4.0
"""Width of the smoothing, which is centred: a running mean would lag behind and name rates that are too high."""
_CLEAR_SCATTERS = 2.5
"""Change of the smoothed loss that counts, in standard deviations of single steps; noise alone rarely reaches 2."""
_CLEAR_SHARE = 0.01
"""The same as a fraction of the first loss, for curves that scatter little."""
_NORMAL_PER_MEDIAN = 1.4826
"""Standard deviation of normal numbers over the median of their sizes, which single spikes leave as it is."""


def smooth(losses: Sequence[float]) -> NDArray[np.float64]:
    """Smooth the losses of evenly spaced steps by a Gaussian of four steps."""
    smoothed: NDArray[np.float64] = gaussian_filter1d(np.asarray(losses, np.float64), _SIGMA_STEPS, mode="reflect")
    return smoothed


def steepest(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """Return the rate at which the smoothed loss falls most for a given ratio of rates.

    What follows the first clear rise does not count: a loss that recovers from a step at too high a rate falls steeply,
    too. None where the loss does not fall clearly before, compared with its scatter from step to step.
    """
    if len(rates) < 2:
        return None
    smoothed, clear = smooth(losses), _clear_change(losses)
    risen = np.flatnonzero(smoothed - np.minimum.accumulate(smoothed) > clear)
    usable = smoothed[: risen[0] if risen.size else None]
    fallen = np.maximum.accumulate(usable) - usable
    lowest = int(fallen.argmax())
    if fallen[lowest] <= clear:
        return None
    highest = int(usable[:lowest].argmax())
    slope = np.gradient(smoothed, np.log(rates))[highest : lowest + 1]
    return float(rates[highest + int(slope.argmin())])


def _clear_change(losses: Sequence[float]) -> float:
    """Return the change of the smoothed loss from which on it is more than scatter."""
    scatter = _NORMAL_PER_MEDIAN * float(np.median(np.abs(np.diff(losses)))) / np.sqrt(2)
    return max(_CLEAR_SCATTERS * float(scatter), _CLEAR_SHARE * abs(losses[0]))
