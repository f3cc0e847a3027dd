"""The result of a discriminator test of one model on one dataset."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from sem_models.config.frozen import Frozen
from sem_models.datasets.manifest import Split
from sem_models.evaluation.discriminator.auc import Auc
from sem_models.evaluation.discriminator.pairs import Pair
from sem_models.evaluation.discriminator.set_texture import SetTexture

FEW_GROUPS = 8
"""A percentile bootstrap of fewer groups is clearly too narrow."""


class ClassifierSettings(Frozen):
    """Everything besides the images that the result of a discriminator test depends on."""

    patch_px: Annotated[int, Field(ge=16)] = 64
    batch: Annotated[int, Field(ge=4, multiple_of=2)] = 32
    """Half of it real, half generated."""
    steps: Annotated[int, Field(ge=1)] = 200
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    folds: Annotated[int, Field(ge=2)] = 5
    """Parts into which the groups are divided; each is classified by a network that never saw it."""
    seeds: Annotated[tuple[int, ...], Field(min_length=3)] = (0, 1, 2)
    border_px: Annotated[int, Field(ge=0)] = 8
    """Pixels cropped at each edge, where padding leaves traces that are no texture."""


@dataclass(frozen=True)
class KernelDistance:
    """Squared maximum mean discrepancy: 0 if both sets have the same distribution, negative by chance only."""

    features: str
    """Features and patch size of the value, such as `VGG16 relu4_3, 128 px`."""
    value: float
    lo: float | None
    hi: float | None
    """95 % jackknife interval over groups; None for fewer than three."""
    groups: int
    patches: int
    """Number of patches of both sets together."""

    @property
    def label(self) -> str:
        """Heading of a column in a table."""
        return f"Kernel distance ({self.features})"


@dataclass(frozen=True)
class DiscriminatorResult:
    """AUC of whole images (mean logit over patches) and of single patches."""

    images: Auc
    patches: Auc


class DiscriminatorReport(Frozen):
    """Everything needed to read the test of one model and compare it with others."""

    version: Literal[1, 2] = 2
    """1: real against real compared the halves of each image, which shading distinguished."""
    model: str
    dataset: str
    digest: str
    splits: tuple[Split, ...]
    """Splits whose images are classified."""
    training_images: int
    """Images of the training split that classifiers learned from as well; the generator has learned from them, too."""
    settings: ClassifierSettings
    images: int
    groups: int
    """Numbers of images and specimens that are classified."""
    auc: Auc
    """AUC of whole images."""
    auc_patches: Auc
    sanity: Auc
    """AUC of real against real: cells of real images, assigned to two sides at random; must contain 0.5."""
    sanity_patches: Auc
    kernel: KernelDistance | None
    texture: SetTexture | None = None
    """Texture of both sets; None in older reports."""
    notes: tuple[str, ...] = ()

    @property
    def setting(self) -> tuple[object, ...]:
        """What two reports must have in common to be comparable."""
        return self.version, self.digest, self.splits, self.training_images, self.settings


def caveats(pairs: Sequence[Pair], found: DiscriminatorResult, sanity: DiscriminatorResult) -> tuple[str, ...]:
    """Return sentences that a reader must know before believing the numbers."""
    groups = len({pair.group for pair in pairs if pair.tested})
    extra = sum(not pair.tested for pair in pairs)
    # Patches are more numerous and so reveal a bias of the classifiers that few images hide.
    untrue = [auc for auc in (sanity.images, sanity.patches) if auc.lo is not None and not auc.contains_half]
    said = [
        f"The interval comes from {groups} groups and is too narrow." if groups < FEW_GROUPS else "",
        f"Classifiers also learned from {extra} images of the training split, where the generator is at its best: that "
        "can only make the test easier to pass." if extra else "",
        f"Real against real gave {untrue[0].text} instead of 0.5: do not trust the test here."
        if untrue else "",
        "The AUC is below 0.5: look for generated images that copy real images of other groups."
        if found.images.hi is not None and found.images.hi < 0.5 else "",
    ]  # fmt: skip
    return tuple(text for text in said if text)
