"""The classifier of the discriminator test: a small network, the same for every method, trained from scratch."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sem_models.evaluation.discriminator.report import ClassifierSettings
from sem_models.inference.predictor import choose_device
from sem_models.progress import Progress

_WIDTHS = (16, 32, 64, 64)
_REPORT_EVERY = 10
MOST_PATCHES = 64
"""Most patches of one image that are classified, spread over it."""

Images = Sequence[tuple[Tensor, Tensor]]
"""Real and generated image of each pair, (H, W) in unit intensity, of the same size."""


class Classifier(nn.Module):
    """Four convolutions with batch norm and ReLU, the mean over the patch, one logit: positive means generated.

    Beside the image it sees the residual of a 3 x 3 mean, scaled up, because faint artefacts are lost in grey levels.
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
        """Classify (N, 1, p, p) in unit intensity; returns (N,) logits."""
        mean, std = self._grey
        parts = [(x[:, :, 1:-1, 1:-1] - mean) / std, _residual(x) / self._residual_std]
        logits: Tensor = self.head(self.features(torch.cat(parts, 1)).mean((2, 3)))[:, 0]
        return logits


def train_classifier(images: Images, settings: ClassifierSettings, seed: int, progress: Progress) -> Classifier:
    """Train a fresh classifier on `settings.steps` batches of patches, on the device that the predictor chooses.

    Each batch holds as many real as generated patches, from the same places of the same pairs and flipped alike, so
    that their content cannot distinguish them. Flips are the only augmentation.
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
        if (step + 1) % _REPORT_EVERY == 0 or step + 1 == settings.steps:
            progress(step + 1, settings.steps, "steps")
    return classifier.eval()


@torch.inference_mode()
def patch_logits(classifier: Classifier, image: Tensor, patch_px: int) -> Tensor:
    """Classify non-overlapping patches of an (H, W) image; returns (P,) logits on the CPU."""
    logits: Tensor = classifier(patch_grid(image, patch_px, MOST_PATCHES).to(choose_device()))
    return logits.cpu()


def _draw(images: Images, size: int, generator: torch.Generator) -> Tensor:
    """Cut the same random patch out of both images of a random pair; (2, size, size), real first."""
    real, generated = images[_below(len(images), generator)]
    top, left = (_below(length - size + 1, generator) for length in real.shape)
    pair = torch.stack([image[top : top + size, left : left + size] for image in (real, generated)])
    return pair.flip([axis for axis in (1, 2) if _below(2, generator)])


def _below(limit: int, generator: torch.Generator) -> int:
    return int(torch.randint(limit, (), generator=generator))


def _residual(x: Tensor) -> Tensor:
    return x[:, :, 1:-1, 1:-1] - F.avg_pool2d(x, 3, 1)


def _scales(images: Images) -> tuple[tuple[float, float], float]:
    """Return mean and standard deviation of grey level and of the residual of the real images, at least 1/255."""
    smallest = 1 / 255
    grey = torch.cat([real.flatten() for real, _ in images])
    residual = torch.cat([_residual(real[None, None]).flatten() for real, _ in images])
    return (float(grey.mean()), max(float(grey.std()), smallest)), max(float(residual.std()), smallest)


def patch_grid(image: Tensor, size: int, most: int) -> Tensor:
    """Cut the largest centred grid of non-overlapping patches out of an (H, W) image.

    Returns:
        (P, 1, size, size); if the grid has more than `most` patches, that many spread evenly over it. P is 0 for an
        image smaller than a patch.
    """
    height, width = (length // size * size for length in image.shape)
    top, left = (image.shape[0] - height) // 2, (image.shape[1] - width) // 2
    inner = image[top : top + height, left : left + width]
    tiles = inner.reshape(height // size, size, width // size, size).transpose(1, 2).reshape(-1, 1, size, size)
    if len(tiles) <= most:
        return tiles
    return tiles[torch.linspace(0, len(tiles) - 1, most).round().long()]
