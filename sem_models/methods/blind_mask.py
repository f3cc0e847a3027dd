"""The blind spots of Noise2Void: which pixels are hidden, and what stands in their place."""

import torch
from torch import Tensor

from sem_models.config.method_settings import BlindSpot

Places = tuple[Tensor, Tensor, Tensor]
"""Image, row and column (M,) int64 of M pixels of a batch."""


def draw_places(count: int, height: int, width: int, box: tuple[int, int], generator: torch.Generator) -> Places:
    """One pixel at random in each box; boxes that reach over the edge may lose theirs.

    Every pixel is drawn with probability 1 / (rows x columns), and none in a patch is crowded by others.

    Args:
        count: Images in the batch.
        height: Of the images, that of the box at least so that there is a pixel in each.
        width: Likewise.
        box: Rows and columns in px.
        generator: On the host: a device would have to be waited for.
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
    """The pixels that are hidden and compared: to the right of each of `places`, as far as the image goes."""
    return _along_line(places, 0, settings.stretch_px - 1, width)


def hide(x: Tensor, places: Places, settings: BlindSpot, generator: torch.Generator) -> Tensor:
    """A copy of (N, C, H, W) with other values in the stretches and, if asked for, beside them along the scan line.

    The window of radius r around a pixel ends at the image edge. A hidden pixel never stands for itself; with a mask
    along the line its whole line is left out of the window, as its noise is what would leak from there.
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
    """(M, C) values of (N, C, H, W) at `places`."""
    image, row, column = (place.to(x.device) for place in places)
    return x[image, :, row, column]


def _along_line(places: Places, before: int, after: int, width: int) -> Places:
    """The places, up to `before` pixels to the left and `after` to the right of each, as far as the image goes."""
    beside = torch.arange(-before, after + 1)
    image, row = (part.repeat_interleave(beside.numel()) for part in places[:2])
    column = (places[2][:, None] + beside).flatten()
    inside = (column >= 0) & (column < width)
    return image[inside], row[inside], column[inside]


def _pick(usable: Tensor, generator: torch.Generator) -> Tensor:
    """(M, 1) index of one usable entry of each row of (M, K), each as likely as the others."""
    order = (torch.rand(len(usable), 1, generator=generator) * usable.sum(1, keepdim=True)).long()
    return (usable.cumsum(1) <= order).sum(1, keepdim=True)
