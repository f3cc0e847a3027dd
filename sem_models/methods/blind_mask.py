"""The blind spots of Noise2Void: which pixels are hidden, and what replaces them."""

import torch
from torch import Tensor

from sem_models.config.method_settings import BlindSpot

Places = tuple[Tensor, Tensor, Tensor]
"""Image, row and column of M pixels of a batch, (M,) int64 each."""


def draw_places(count: int, height: int, width: int, box: tuple[int, int], generator: torch.Generator) -> Places:
    """Draw one random pixel from each box of a grid; a box that reaches over the edge may have none.

    Every pixel is drawn with probability 1 / (rows x columns), and the grid spreads the pixels evenly.

    Args:
        count: Images in the batch.
        height: Height of the images in px; at least that of the box, so that every image has a hidden pixel.
        width: Width of the images in px; at least that of the box.
        box: Rows and columns of a box in px.
        generator: On the CPU, because reading from a GPU would stall it.
    """
    tall, wide = box
    down, right = -(-height // tall), -(-width // wide)
    chosen = torch.randint(tall * wide, (count, down, right), generator=generator)
    rows = torch.arange(down)[:, None] * tall + chosen // wide
    columns = torch.arange(right) * wide + chosen % wide
    image, row, column = (chosen >= 0).nonzero(as_tuple=True)
    rows, columns = rows[image, row, column], columns[image, row, column]
    inside = (rows < height) & (columns < width)
    return image[inside], rows[inside], columns[inside]


def stretches(places: Places, settings: BlindSpot, width: int) -> Places:
    """Return the pixels that are hidden and compared: from each of `places` to the right, within the image."""
    return _along_line(places, 0, settings.stretch_px - 1, width)


def hide(x: Tensor, places: Places, settings: BlindSpot, generator: torch.Generator) -> Tensor:
    """Return a copy of (N, C, H, W) with the stretches replaced and, if the mask follows lines, the pixels beside them.

    A pixel is replaced by a random neighbour or by the median of the window of `settings.radius` around it, which ends
    at the image edge. The pixel itself is never used; if the mask follows scan lines, nothing of its line is used,
    because the noise there is correlated with its own.
    """
    reach = settings.line_px
    image, row, column = _along_line(places, reach, settings.stretch_px - 1 + reach, x.shape[3])
    axis = torch.arange(-settings.radius, settings.radius + 1)
    rows = (row[:, None, None] + axis[:, None]).expand(-1, -1, axis.numel()).flatten(1)
    columns = (column[:, None, None] + axis).expand(-1, axis.numel(), -1).flatten(1)
    usable = (rows >= 0) & (rows < x.shape[2]) & (columns >= 0) & (columns < x.shape[3])
    usable &= rows != row[:, None] if settings.follows_lines else (rows != row[:, None]) | (columns != column[:, None])
    images = image[:, None].expand_as(rows)
    if settings.replacement == "neighbour":
        pick = _pick(usable, generator)
        images, rows, columns, usable = (part.gather(1, pick) for part in (images, rows, columns, usable))
    rows, columns = rows.clamp(0, x.shape[2] - 1), columns.clamp(0, x.shape[3] - 1)
    values = x[images.to(x.device), :, rows.to(x.device), columns.to(x.device)]
    values = values.masked_fill(~usable.to(x.device)[..., None], float("nan")).nanmedian(dim=1).values
    hidden = x.clone()
    hidden[image.to(x.device), :, row.to(x.device), column.to(x.device)] = values
    return hidden


def at(x: Tensor, places: Places) -> Tensor:
    """Return the (M, C) values of (N, C, H, W) at `places`."""
    image, row, column = (place.to(x.device) for place in places)
    return x[image, :, row, column]


def _along_line(places: Places, before: int, after: int, width: int) -> Places:
    """Extend each place by up to `before` pixels to the left and `after` to the right, within the image."""
    beside = torch.arange(-before, after + 1)
    image, row = (part.repeat_interleave(beside.numel()) for part in places[:2])
    column = (places[2][:, None] + beside).flatten()
    inside = (column >= 0) & (column < width)
    return image[inside], row[inside], column[inside]


def _pick(usable: Tensor, generator: torch.Generator) -> Tensor:
    """Return the (M, 1) index of one usable entry of each row of (M, K), all equally likely."""
    order = (torch.rand(len(usable), 1, generator=generator) * usable.sum(1, keepdim=True)).long()
    return (usable.cumsum(1) <= order).sum(1, keepdim=True)
