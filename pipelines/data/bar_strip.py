"""The bottom of an image as a picture, on which the data bar is cut."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pipelines.viewing.pyramid import Pyramid

_SHARE = 0.25
"""Share of the height that is shown at least; data bars are not larger."""
_BESIDE = 1.6
"""How much more than the rows of the data bar is shown at least."""
_WIDEST_PX = 1600


@dataclass(frozen=True)
class BarStrip:
    """A picture of the lowest rows of an image."""

    picture: str
    """Address that holds the picture itself."""
    rows: int


def bar_strip(image: Pyramid, databar_rows: int) -> BarStrip:
    """Show the lowest quarter of an image, or more where the data bar is higher, at full height in rows."""
    rows = min(image.height, max(round(_SHARE * image.height), round(_BESIDE * databar_rows), 16))
    codes = image.levels[0][image.height - rows :, :: max(1, image.width // _WIDEST_PX)]
    lo, hi = image.summary.window
    grey = (image.code.values(codes) - lo) / max(hi - lo, 1e-12)
    file = io.BytesIO()
    Image.fromarray(np.rint(255 * np.clip(grey, 0, 1)).astype(np.uint8)).save(file, "WEBP", quality=85)
    return BarStrip(f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}", rows)
