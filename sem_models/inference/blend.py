"""How overlapping tiles become one image: a smooth window that is zero inside the halo."""

import numpy as np
from numpy.typing import NDArray

from sem_models.inference.planner import Span


def axis_weights(span: Span, length: int, halo: int, scale: int) -> NDArray[np.float32]:
    """Blend weights of a tile along one axis, (size x scale,) in [0, 1].

    Output within `halo` input pixels of a cut edge is wrong (the network lacked its surroundings) and gets weight 0;
    from there a raised cosine climbs over at most another halo. Edges of the image itself keep weight 1.
    """
    position = (np.arange(span.size * scale, dtype=np.float64) + 0.5) / scale
    ramp = max(halo, 1)
    weights = np.ones_like(position)
    if span.start > 0:
        weights *= _rise((position - halo) / ramp)
    if span.start + span.size < length:
        weights *= _rise((span.size - position - halo) / ramp)
    return weights.astype(np.float32)


def _rise(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 below 0, 1 above 1, a raised cosine between; two facing rises of one ramp add up to 1."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(x, 0, 1))
