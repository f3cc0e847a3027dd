"""Crops of all methods side by side, for visual comparison."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

_EDGE_PX, _GAP_PX, _LINE_PX = 256, 4, 14


def side_by_side(shown: dict[str, dict[str, NDArray[np.float32]]], path: Path) -> None:
    """Save a row for each image and a column for each method, with its name above."""
    columns, step = list(next(iter(shown.values()))), _EDGE_PX + _GAP_PX
    sheet = Image.new("L", (step * len(columns), _LINE_PX + step * len(shown)), 255)
    draw = ImageDraw.Draw(sheet)
    for across, name in enumerate(columns):
        draw.text((across * step, 0), name, fill=0)
        for down, images in enumerate(shown.values()):
            image = images[name][0]
            top, left = (max(0, (length - _EDGE_PX) // 2) for length in image.shape)
            crop = np.rint(np.clip(image[top : top + _EDGE_PX, left : left + _EDGE_PX], 0, 1) * 255).astype(np.uint8)
            sheet.paste(Image.fromarray(crop), (across * step, _LINE_PX + down * step))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)
