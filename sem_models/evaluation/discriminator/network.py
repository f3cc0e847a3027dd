"""The judge of the discriminator test: a small classifier, the same for every method, trained from nothing."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.evaluation.discriminator.report import ClassifierSettings
from sem_models.inference.predictor import choose_device
from sem_models.progress import Progress

_WIDTHS = (16, 32, 64, 64)
_TOLD_EVERY = 10
MOST_PATCHES = 64
"""Patches of one image that are judged, spread over it."""

Images = Sequence[tuple[Tensor, Tensor]]
"""(H, W) real and generated in unit intensity, of one size in each pair."""


class Classifier(nn.Module):
    """Four convolutions, batch norm and ReLU, the mean over the patch, one logit: positive says generated.

    Beside the image it sees what a 3 x 3 mean leaves over, scaled up: faint artefacts drown in the grey levels.
    """

    def __init__(self, grey: tuple[float, float], residual_std: float) -> None:
        super().__init__()
        self._grey, self._residual_std = grey, residual_std
        layers: list[nn.Module] = []
        for index, (before, width) in enumerate(zip((2, *_WIDTHS), _WIDTHS, strict=False)):
            convolution = nn.Conv2d(before, width, 3, stride=1 if index == 0 else 2, bias=False)
            layers += [convolution, nn.BatchNorm2d(width), nn.ReLU()]
        self.features, self.head = nn.Sequential(*layers), nn.Linear(_WIDTHS[-1], 1)

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, p, p) in unit intensity to (N,) logits."""
        mean, std = self._grey
        parts = [(x[:, :, 1:-1, 1:-1] - mean) / std, _residual(x) / self._residual_std]
        logits: Tensor = self.head(self.features(torch.cat(parts, 1)).mean((2, 3)))[:, 0]
        return logits


def train_classifier(images: Images, settings: ClassifierSettings, seed: int, progress: Progress) -> Classifier:
    """A fresh judge after `steps` batches of patches, on the device that the predictor chooses.

    Each batch holds as many real as generated patches, from the same places of the same pairs and flipped alike, so
    that what is in them cannot tell the two apart. Flips are the only augmentation.
    """
    device = torch.device(choose_device())
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        classifier = Classifier(*_scales(images)).to(device).train()
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.Adam(classifier.parameters(), settings.learning_rate)
    half = settings.batch // 2
    answer = torch.cat([torch.zeros(half), torch.ones(half)]).to(device)
    for step in range(settings.steps):
        pairs = torch.stack([_draw(images, settings.patch_px, generator) for _ in range(half)], 1)
        loss = F.binary_cross_entropy_with_logits(classifier(pairs.flatten(0, 1)[:, None].to(device)), answer)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % _TOLD_EVERY == 0 or step + 1 == settings.steps:
            progress(step + 1, settings.steps, "steps")
    return classifier.eval()


@torch.inference_mode()
def patch_logits(classifier: Classifier, image: Tensor, patch_px: int) -> Tensor:
    """(P,) logits on the CPU of patches of an (H, W) image that do not overlap."""
    logits: Tensor = classifier(patch_grid(image, patch_px, MOST_PATCHES).to(choose_device()))
    return logits.cpu()


def _draw(images: Images, size: int, generator: torch.Generator) -> Tensor:
    """(2, size, size): one place of one pair, real first."""
    real, generated = images[_below(len(images), generator)]
    top, left = (_below(length - size + 1, generator) for length in real.shape)
    pair = torch.stack([image[top : top + size, left : left + size] for image in (real, generated)])
    return pair.flip([axis for axis in (1, 2) if _below(2, generator)])


def _below(limit: int, generator: torch.Generator) -> int:
    return int(torch.randint(limit, (), generator=generator))


def _residual(x: Tensor) -> Tensor:
    return x[:, :, 1:-1, 1:-1] - F.avg_pool2d(x, 3, 1)


def _scales(images: Images) -> tuple[tuple[float, float], float]:
    """Of the real training images: mean and deviation of grey level, deviation of the residual, at least 1/255."""
    smallest = 1 / 255
    grey = torch.cat([real.flatten() for real, _ in images])
    residual = torch.cat([_residual(real[None, None]).flatten() for real, _ in images])
    return (float(grey.mean()), max(float(grey.std()), smallest)), max(float(residual.std()), smallest)


def patch_grid(image: Tensor, size: int, most: int) -> Tensor:
    """Patches of an (H, W) image that do not overlap, in the middle of it; the last `H % size` rows are left out.

    Returns:
        (P, 1, size, size); where the grid has more than `most`, that many spread evenly over it. None of an image that
        is smaller than a patch.
    """
    height, width = (length // size * size for length in image.shape)
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    inner = image[top : top + height, left : left + width]
    tiles = inner.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, 1, size, size)
    if len(tiles) <= most:
        return tiles
    return tiles[torch.linspace(0, len(tiles) - 1, most).round().long()]
